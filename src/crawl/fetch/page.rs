//! A page in its final state: parsed, put into a row, handed in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::outcome::PageOutcome;
use crate::crawl::fetch::recrawl;
use crate::crawl::frontier::{Finished, Link};
use crate::crawl::hosts::{UrlTask, host_of};
use crate::crawl::pipeline::context::{CrawlContext, SAVER_BUDGET_KIB, Stopping};
use crate::crawl::pipeline::workers::Slot;
use crate::crawl::protocol::snapshot::{PAGE_LINKS, PageView, RecentFailure, WorkerState};
use crate::lock::Lock;
use crate::model::url_identity::UrlHash;
use crate::settings::faults::{Fault, Faults};
use crate::store::{Content, PageRow, PreviousPage};
use crate::web::html::{is_html, parse_html};
use crate::web::http::{FailureKind, FetchError, Response};
use crate::web::parsed::LinkOptions;
use crate::web::robots::robots_tag;

/// Bodies shorter than this say nothing when they are the same.
const TELLING: u64 = 64;

/// Time after which a slowed thread looks whether it is still to be slow.
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// Landings remembered at most: then all are forgotten.
const LANDINGS: usize = 4_096;

/// The page that a redirect leads to, if it is done: it need not be fetched for each of them,
/// unless each fetch counts.
pub async fn landing(shared: &CrawlContext, target: &UrlHash) -> Option<Arc<PreviousPage>> {
    if shared.settings.duplicate_seeds {
        return None;
    }
    if let Some(known) = shared.landings.locked().get(target) {
        return Some(Arc::clone(known));
    }
    shared.frontier.known(target)?;
    let page = shared.store.previous_page(shared.crawl, *target).await.ok()??;
    (page.status.is_some() && page.final_url.is_none()).then(|| Arc::new(page))
}

/// A line for the troubles, and for the log.
pub fn trouble(
    shared: &CrawlContext,
    entry: &UrlTask,
    outcome: &Result<Response, FetchError>,
    pause: Option<Duration>,
) -> Arc<RecentFailure> {
    let what = match outcome {
        Ok(answer) => answer.status.to_string(),
        Err(error) => error.message.clone(),
    };
    let attempt = entry.attempts;
    if let Some(pause) = pause {
        tracing::debug!(url = %entry.url, %what, attempt, pause_ms = pause.as_millis(), "retry");
    } else {
        tracing::warn!(url = %entry.url, %what, attempt, "failed");
    }
    let at_s = shared.at_s();
    Arc::new(RecentFailure {
        at_s,
        url: Arc::clone(&entry.url),
        what,
        attempt: entry.attempts,
        attempts: shared.retry.attempts,
        next_at_s: pause.map(|pause| at_s + pause.as_secs_f64()),
        found_on: entry.found_on_url.clone(),
    })
}

/// Finds links and title of a successful HTML page, on a parse thread when the body is large.
async fn parse(shared: &CrawlContext, visit: &mut FetchAttempt, base: &Url) {
    let Ok(answer) = &mut visit.outcome else { return };
    let start = answer.body.first().map_or(&[][..], |chunk| &chunk[..]);
    if !(200..300).contains(&answer.status) || !is_html(answer.content_type.as_deref(), start) {
        return;
    }
    let max_links = if shared.settings.follow { shared.settings.max_links as usize } else { 0 };
    let names = Arc::clone(&shared.names);
    let take = LinkOptions { max_links, nofollow: shared.settings.respect_nofollow, names };
    let slowed = shared.faults.borrow().get(Fault::Parser).is_some();
    if answer.length < shared.settings.parse_offload && !slowed {
        let parsed = parse_html(&answer.body, answer.content_type.as_deref(), base, &take);
        visit.parsed = Some(parsed);
        return;
    }
    let thread = shared.parse_gate.acquire().await;
    let body = std::mem::take(&mut answer.body);
    let (content_type, base) = (answer.content_type.clone(), base.clone());
    let (faults, abort) = (shared.faults.subscribe(), shared.abort.clone());
    let parsing = tokio::task::spawn_blocking(move || {
        let _thread = thread;
        dawdle(&faults, &abort);
        parse_html(&body, content_type.as_deref(), &base, &take)
    });
    match parsing.await {
        Ok(parsed) => visit.parsed = Some(parsed),
        Err(error) => {
            let message = format!("internal error: {error}");
            visit.outcome = Err(FetchError {
                status: Some(answer.status),
                content_type: answer.content_type.clone(),
                length: answer.length,
                ..FetchError::new(FailureKind::Other, message)
            });
        }
    }
}

/// Takes the thread as long as the fault of the parser says, which may change meanwhile.
fn dawdle(faults: &watch::Receiver<Faults>, abort: &CancellationToken) {
    let begin = std::time::Instant::now();
    loop {
        let wanted = faults.borrow().time(Fault::Parser).unwrap_or_default();
        let left = wanted.saturating_sub(begin.elapsed());
        if left.is_zero() || abort.is_cancelled() {
            return;
        }
        std::thread::sleep(left.min(LONGEST_NAP));
    }
}

/// Links worth following, in scope.
fn links_of(shared: &CrawlContext, visit: &mut FetchAttempt) -> Vec<Link> {
    if !shared.settings.follow {
        return Vec::new();
    }
    let tag = visit.outcome.as_ref().ok().and_then(|answer| answer.robots_tag.as_deref());
    let tagged = tag.is_some_and(|tag| robots_tag(tag, &shared.names).0);
    let Some(parsed) = &mut visit.parsed else { return Vec::new() };
    if shared.settings.respect_nofollow.pages && (parsed.nofollow || tagged) {
        return Vec::new();
    }
    let anchors = std::mem::take(&mut parsed.anchors);
    in_scope(shared, std::mem::take(&mut parsed.links).into_iter().zip(anchors))
}

fn in_scope(
    shared: &CrawlContext,
    links: impl Iterator<Item = (Url, Option<Arc<str>>)>,
) -> Vec<Link> {
    let scope = shared.scope();
    links
        .filter(|(url, _)| scope.refuses(url).is_none())
        .map(|(url, anchor)| Link { url: url.as_str().into(), hash: UrlHash::of(&url), anchor })
        .collect()
}

/// Bytes that a link takes until it is saved: as a row, and perhaps as a new URL.
fn weight(link: &Link) -> usize {
    2 * link.url.len() + link.anchor.as_ref().map_or(0, |text| text.len()) + 64
}

/// The links that an unmodified page had.
async fn links_as_they_were(
    shared: &CrawlContext,
    previous: &PreviousPage,
) -> Result<Vec<Link>, Stopping> {
    if !shared.settings.follow {
        return Ok(Vec::new());
    }
    let most = shared.settings.max_links;
    let read = || shared.store.links_of(previous.id, most);
    let links = shared.read("the links of an unmodified page", read).await?;
    let links = links.into_iter().filter_map(|l| Some((Url::parse(&l.url).ok()?, l.anchor)));
    Ok(in_scope(shared, links))
}

/// Puts a page into its final state: waits for room in the saver's buffer, then hands it in.
pub async fn finish(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    entry: Box<UrlTask>,
    mut visit: FetchAttempt,
) {
    slot.enter(WorkerState::Parse);
    let (asked_last, redirects) = visit.chain.take().map_or((None, Vec::new()), |chain| {
        let (url, hops) = chain.into_parts();
        (Some(url), hops)
    });
    let redirected = !redirects.is_empty();
    let base = asked_last.clone().or_else(|| Url::parse(&entry.url).ok());
    if let Some(base) = &base {
        parse(shared, &mut visit, base).await;
    }
    let links = match (&visit.unmodified, &visit.previous) {
        (Some(_), Some(previous)) => match links_as_they_were(shared, previous).await {
            Ok(links) => links,
            // It stays open: a resumed crawl asks for it again.
            Err(Stopping) => return,
        },
        _ => links_of(shared, &mut visit),
    };
    let cut = visit.parsed.as_ref().is_some_and(|parsed| parsed.truncated);
    let is_page = visit.parsed.is_some();
    let trouble = match &visit.outcome {
        _ if visit.landing.is_some() || visit.unmodified.is_some() => None,
        Ok(answer) if (200..300).contains(&answer.status) => None,
        Err(FetchError { kind: FailureKind::Refused(_), .. }) => None,
        outcome => Some(trouble(shared, &entry, outcome, None)),
    };
    let latency = visit.latency();
    let unmodified = visit.unmodified.is_some();
    let ending = PageOutcome::of(&mut visit, cut, shared.settings.follow);
    let body_hash = ending.content.body_hash;
    let change = shared.settings.recrawl_of.and_then(|_| {
        recrawl::compare(
            visit.previous.as_ref(),
            ending.state,
            unmodified,
            ending.status,
            body_hash,
        )
    });
    let is_page = is_page && !unmodified;
    let same_as = body_hash.filter(|_| is_page && ending.length >= TELLING);
    let led_to = asked_last.as_ref().filter(|_| redirected).map(UrlHash::of);
    if let Some(target) = led_to
        && visit.landing.is_none()
        && ending.status.is_some()
    {
        remember_landing(shared, target, &ending);
    }
    let final_url = asked_last.filter(|_| redirected).map(String::from);
    let created_at = jiff::Timestamp::now();
    let redirects_text = redirected.then(|| serde_json::to_string(&redirects).unwrap_or_default());
    let text = entry.url.len()
        + ending.text_len()
        + [&final_url, &redirects_text].into_iter().flatten().map(String::len).sum::<usize>()
        + links.iter().map(weight).sum::<usize>();
    let canonical = ending.content.canonical.filter(|canonical| **canonical != *entry.url);
    let content = Content { canonical, ..ending.content };
    let row = PageRow {
        id: entry.id,
        host: host_of(&entry.url).into(),
        url: entry.url,
        url_hash: entry.hash,
        state: ending.state,
        status: ending.status,
        content_length: ending.length,
        content_type: ending.content_type,
        title: ending.title,
        depth: entry.depth,
        elapsed_ms: visit.elapsed.as_millis() as u64,
        attempts: entry.earlier_attempts + entry.attempts,
        final_url,
        redirects: redirects_text,
        error: ending.error,
        found_on: entry.found_on,
        links_found: links.len() as u32,
        created_at_ms: created_at.as_millisecond(),
        content: (content != Content::default()).then(|| Box::new(content)),
        lastmod_ms: entry.lastmod_ms,
        change,
    };
    let hops = redirects.len() as u32;
    let view = Arc::new(PageView {
        at_s: shared.at_s(),
        created_at,
        redirects,
        found_on: entry.found_on_url,
        links: links.iter().take(PAGE_LINKS).map(|link| Arc::clone(&link.url)).collect(),
        ..view_of(&row)
    });
    let kib = reserve(shared, slot, text).await;
    shared.frontier.finish(Finished {
        row,
        view,
        links,
        redirects: hops,
        latency,
        kib,
        failure: trouble,
        queue_empty: shared.queue.is_empty(),
        redirect_target: led_to,
        unmodified,
        content_hash: same_as.map(|hash| xxh(&hash)),
        is_page,
    });
}

/// What viewers see of a row.
fn view_of(row: &PageRow) -> PageView {
    PageView {
        id: row.id,
        at_s: 0.0,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        url: Arc::clone(&row.url),
        state: row.state,
        status: row.status,
        content_length: row.content_length,
        content_type: row.content_type.clone(),
        title: row.title.clone(),
        depth: row.depth,
        elapsed_ms: row.elapsed_ms,
        attempts: row.attempts,
        final_url: row.final_url.clone(),
        redirects: Vec::new(),
        error: row.error.clone(),
        found_on: None,
        links_found: row.links_found,
        links: Vec::new(),
    }
}

/// The first half of a hash, where collisions do little harm.
fn xxh(hash: &[u8; 16]) -> u64 {
    hash.first_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}

fn remember_landing(shared: &CrawlContext, target: UrlHash, ending: &PageOutcome) {
    let page = PreviousPage {
        id: 0,
        state: ending.state,
        status: ending.status,
        content_length: ending.length,
        content_type: ending.content_type.clone(),
        title: ending.title.clone(),
        final_url: None,
        content: ending.content.clone(),
    };
    let mut landings = shared.landings.locked();
    if landings.len() >= LANDINGS {
        landings.clear();
    }
    landings.insert(target, Arc::new(page));
}

/// Takes the bytes of a result from the saver's budget, waiting while it is used up, and for
/// the seen-set of a resumed crawl to be complete.
pub async fn reserve(shared: &CrawlContext, slot: &Slot, bytes: usize) -> u32 {
    let wanted = (1 + bytes as u32 / 1024).min(SAVER_BUDGET_KIB);
    let kib = if let Some(taken) = shared.budget.try_take(wanted) {
        taken
    } else {
        slot.enter(WorkerState::Blocked);
        shared.budget.take(wanted).await
    };
    let mut ready = shared.seen_ready.subscribe();
    if !*ready.borrow() {
        slot.enter(WorkerState::Blocked);
        let _ = ready.wait_for(|ready| *ready).await;
    }
    kib
}
