//! What a worker does with one URL: permit, rate, fetch, parse, hand in.
//!
//! The permit is given back as soon as the body is read; a retry waits in the frontier, holding
//! neither permit nor worker.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use url::Url;

use super::frontier::{Finished, Link};
use super::gate::Permit;
use super::shared::Shared;
use super::snapshot::{PAGE_LINKS, PageView, Trouble, WorkerState};
use super::window::{Entry, host_of};
use super::workers::Slot;
use crate::store::{PageRow, RowState};
use crate::web::fetch::{Answer, FailureKind, FetchError, Fetched, PhaseSink};
use crate::web::links::{Parsed, Take, is_html, parse_html};
use crate::web::url::UrlHash;

/// Works on one URL until it is handed in or put back; a panic makes it a failed page. After a
/// stop at once it is simply dropped: the store still knows it as open.
pub async fn run(shared: &Arc<Shared>, slot: &Arc<Slot>, mut entry: Entry) {
    entry.attempts += 1;
    slot.work_on(Some((Arc::clone(&entry.url), entry.attempts)));
    let work = AssertUnwindSafe(work(shared, slot, entry.clone())).catch_unwind();
    let result = tokio::select! {
        result = work => result,
        () = shared.abort.cancelled() => return,
    };
    if let Err(panic) = result {
        let text = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(url = %entry.url, panic = %text, "a worker panicked; the page counts as failed");
        let failed = failed(FailureKind::Other, format!("internal error: {text}"));
        hand_in(shared, slot, entry, Visit::unfetched(failed)).await;
    }
}

/// What is said of a page that was read, but not to its end.
const TOO_MUCH: &str = "too much on one page: links beyond the limits were left out";

/// Whether a request counts for the latency: it was answered, or so slow that it was given up.
/// Leaving those out would make a dying server look fast; fast refusals are no latency at all.
fn is_measured(outcome: &Result<Answer, FetchError>) -> bool {
    outcome.as_ref().err().is_none_or(|error| error.kind == FailureKind::Timeout)
}

/// What came of one attempt.
struct Visit {
    outcome: Result<Answer, FetchError>,
    final_url: Option<Url>,
    redirects: Vec<super::snapshot::Hop>,
    elapsed: Duration,
    parsed: Option<Parsed>,
}

impl Visit {
    fn unfetched(error: FetchError) -> Self {
        Self {
            outcome: Err(error),
            final_url: None,
            redirects: Vec::new(),
            elapsed: Duration::ZERO,
            parsed: None,
        }
    }
}

fn failed(kind: FailureKind, message: String) -> FetchError {
    FetchError::new(kind, message)
}

/// Tells the frontier that a URL is no longer in flight, however that came about.
struct InFlight<'a> {
    shared: &'a Shared,
    url: Arc<str>,
    started: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.shared.frontier.left(&self.url, self.started);
    }
}

async fn work(shared: &Arc<Shared>, slot: &Arc<Slot>, entry: Entry) {
    let mut in_flight = InFlight { shared, url: Arc::clone(&entry.url), started: false };
    let url = match Url::parse(&entry.url) {
        Ok(url) => url,
        Err(error) => {
            drop(in_flight);
            let failed = failed(FailureKind::Other, format!("not a url: {error}"));
            return hand_in(shared, slot, entry, Visit::unfetched(failed)).await;
        }
    };
    // Stopping: a request not yet started is left to the resumed crawl.
    let Some(permit) = admission(shared, slot).await else { return };
    if shared.pace_binds() {
        shared.frontier.started(&entry.url);
    }
    in_flight.started = true;
    slot.enter(WorkerState::FirstByte);
    let begin = Instant::now();
    let phases: Arc<dyn PhaseSink> = Arc::clone(slot) as Arc<dyn PhaseSink>;
    let admit = |target: &Url| shared.scope.refuses(target);
    let Fetched { final_url, hops, outcome } = shared.fetcher.fetch(&url, &phases, &admit).await;
    let elapsed = begin.elapsed();
    drop(permit);
    drop(in_flight);

    let latency = is_measured(&outcome).then_some(elapsed);
    if let Some(pause) = shared.retry.pause(entry.attempts, &outcome, fastrand::f64()) {
        let trouble = trouble(shared, &entry, &outcome, Some(pause));
        let now_ms = jiff::Timestamp::now().as_millisecond();
        return shared.frontier.postpone(entry, pause, latency, trouble, now_ms);
    }
    slot.enter(WorkerState::Parse);
    let redirected = !hops.is_empty();
    let mut visit = Visit {
        outcome,
        final_url: redirected.then_some(final_url.clone()),
        redirects: hops,
        elapsed,
        parsed: None,
    };
    parse(shared, &mut visit, &final_url).await;
    hand_in(shared, slot, entry, visit).await;
}

/// Waits for a permit and for the rate; while the crawl is paused nothing starts, and nothing
/// any more (`None`) once it is stopping.
async fn admission(shared: &Shared, slot: &Slot) -> Option<Permit> {
    tokio::select! {
        permit = permit(shared, slot) => (!shared.queue.is_closed()).then_some(permit),
        () = shared.queue.closed() => None,
    }
}

async fn permit(shared: &Shared, slot: &Slot) -> Permit {
    let mut paused = shared.paused.subscribe();
    loop {
        if *paused.borrow_and_update() {
            slot.enter(WorkerState::Paused);
            // The sender lives as long as `shared`, so this ends with a change.
            let _ = paused.changed().await;
            continue;
        }
        tokio::select! {
            permit = start(shared, slot) => {
                if !*paused.borrow() {
                    return permit;
                }
            }
            _ = paused.changed() => {}
        }
    }
}

/// Waits for the turn in the line of the rate, then for a permit, so that nobody holds a permit
/// who may not start yet.
async fn start(shared: &Shared, slot: &Slot) -> Permit {
    loop {
        let turn = if shared.rate.limited() {
            slot.enter(WorkerState::Rate);
            shared.rate.turn().await
        } else {
            None
        };
        let permit = if let Some(permit) = shared.gate.try_acquire() {
            permit
        } else {
            slot.enter(WorkerState::Permit);
            shared.gate.acquire().await
        };
        match turn {
            Some(turn) => turn.take(),
            // A rate was set while this one waited for its permit.
            None if shared.rate.limited() => continue,
            None => {}
        }
        return permit;
    }
}

/// Finds links and title of a successful HTML page, on a parse thread when the body is large.
async fn parse(shared: &Shared, visit: &mut Visit, base: &Url) {
    let Ok(answer) = &mut visit.outcome else { return };
    let start = answer.body.first().map_or(&[][..], |chunk| &chunk[..]);
    if !(200..300).contains(&answer.status) || !is_html(answer.content_type.as_deref(), start) {
        return;
    }
    let max_links = if shared.settings.follow { shared.settings.max_links as usize } else { 0 };
    let take = Take { max_links, nofollow: shared.settings.nofollow };
    if answer.length < shared.settings.parse_offload {
        let parsed = parse_html(&answer.body, answer.content_type.as_deref(), base, &take);
        visit.parsed = Some(parsed);
        return;
    }
    let thread = shared.parse_gate.acquire().await;
    let body = std::mem::take(&mut answer.body);
    let (content_type, base) = (answer.content_type.clone(), base.clone());
    let parsing = tokio::task::spawn_blocking(move || {
        let _thread = thread;
        parse_html(&body, content_type.as_deref(), &base, &take)
    });
    match parsing.await {
        Ok(parsed) => visit.parsed = Some(parsed),
        Err(error) => {
            let mut failure = failed(FailureKind::Other, format!("internal error: {error}"));
            failure.status = Some(answer.status);
            failure.content_type.clone_from(&answer.content_type);
            failure.length = answer.length;
            visit.outcome = Err(failure);
        }
    }
}

fn trouble(
    shared: &Shared,
    entry: &Entry,
    outcome: &Result<Answer, FetchError>,
    pause: Option<Duration>,
) -> Arc<Trouble> {
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
    Arc::new(Trouble {
        at_s,
        url: Arc::clone(&entry.url),
        what,
        attempt: entry.attempts,
        attempts: shared.retry.attempts,
        next_at_s: pause.map(|pause| at_s + pause.as_secs_f64()),
        found_on: entry.found_on_url.clone(),
    })
}

/// Links worth following, in scope.
fn links_of(shared: &Shared, parsed: &mut Option<Parsed>) -> Vec<Link> {
    let Some(parsed) = parsed else { return Vec::new() };
    if !shared.settings.follow {
        return Vec::new();
    }
    std::mem::take(&mut parsed.links)
        .iter()
        .filter(|url| shared.scope.refuses(url).is_none())
        .map(|url| (Arc::from(url.as_str()), UrlHash::of(url)))
        .collect()
}

/// Puts a page into its final state: waits for room in the saver's buffer, then hands it in.
async fn hand_in(shared: &Shared, slot: &Slot, entry: Entry, mut visit: Visit) {
    let links = links_of(shared, &mut visit.parsed);
    let cut = shared.settings.follow && visit.parsed.as_ref().is_some_and(|p| p.truncated);
    let (state, status, error) = match &visit.outcome {
        Ok(answer) if (200..300).contains(&answer.status) => {
            (RowState::Ok, Some(answer.status), cut.then(|| TOO_MUCH.to_owned()))
        }
        Ok(answer) => (RowState::Failed, Some(answer.status), None),
        Err(FetchError { kind: FailureKind::Refused(_), message, .. }) => {
            (RowState::Skipped, None, Some(message.clone()))
        }
        Err(error) => (RowState::Failed, error.status, Some(error.message.clone())),
    };
    let trouble =
        (state == RowState::Failed).then(|| trouble(shared, &entry, &visit.outcome, None));
    let latency = is_measured(&visit.outcome).then_some(visit.elapsed);
    let (content_type, length) = match visit.outcome {
        Ok(answer) => (answer.content_type, answer.length),
        Err(error) => (error.content_type, error.length),
    };
    let redirects = visit.redirects;
    let title = visit.parsed.and_then(|parsed| parsed.title);
    let final_url = visit.final_url.map(String::from);
    let created_at = jiff::Timestamp::now();
    let view = Arc::new(PageView {
        id: entry.id,
        at_s: shared.at_s(),
        created_at,
        url: Arc::clone(&entry.url),
        state,
        status,
        content_length: length,
        content_type: content_type.clone(),
        title: title.clone(),
        depth: entry.depth,
        elapsed_ms: visit.elapsed.as_millis() as u64,
        attempts: entry.earlier + entry.attempts,
        final_url: final_url.clone(),
        redirects: redirects.clone(),
        error: error.clone(),
        found_on: entry.found_on_url,
        links_found: links.len() as u32,
        links: links.iter().take(PAGE_LINKS).map(|link| Arc::clone(&link.0)).collect(),
    });
    let text = entry.url.len()
        + [&title, &final_url, &error].into_iter().flatten().map(String::len).sum::<usize>()
        + links.iter().map(|link| 2 * link.0.len() + 64).sum::<usize>();
    let row = PageRow {
        id: entry.id,
        host: host_of(&entry.url).into(),
        url: entry.url,
        url_hash: entry.hash,
        state,
        status,
        content_length: length,
        content_type,
        title,
        depth: entry.depth,
        elapsed_ms: view.elapsed_ms,
        attempts: view.attempts,
        final_url,
        redirects: (!redirects.is_empty())
            .then(|| serde_json::to_string(&redirects).unwrap_or_default()),
        error,
        found_on: entry.found_on,
        links_found: links.len() as u32,
        created_at_ms: created_at.as_millisecond(),
        content: None,
        lastmod_ms: None,
        change: None,
    };
    let kib = reserve(shared, slot, text).await;
    shared.frontier.finish(Finished {
        row,
        view,
        links,
        redirects: redirects.len() as u32,
        latency,
        kib,
        trouble,
        queue_empty: shared.queue.is_empty(),
    });
}

/// Takes the bytes of a result from the saver's budget, waiting while it is used up, and for
/// the seen-set of a resumed crawl to be complete.
async fn reserve(shared: &Shared, slot: &Slot, bytes: usize) -> u32 {
    let kib = (1 + bytes as u32 / 1024).min(super::shared::SAVER_BUDGET_KIB);
    if let Ok(permit) = shared.budget.try_acquire_many(kib) {
        permit.forget();
    } else {
        slot.enter(WorkerState::Blocked);
        if let Ok(permit) = shared.budget.acquire_many(kib).await {
            permit.forget();
        }
    }
    let mut ready = shared.seen_ready.subscribe();
    if !*ready.borrow() {
        slot.enter(WorkerState::Blocked);
        let _ = ready.wait_for(|ready| *ready).await;
    }
    kib
}
