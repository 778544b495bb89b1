//! A page in its final state: read, put into a row, handed in.

use std::sync::Arc;

use url::Url;

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::failure_line::failure_line;
use crate::crawl::fetch::links::{in_scope, links_of, previous_links, weight};
use crate::crawl::fetch::outcome::PageOutcome;
use crate::crawl::fetch::page_row::{PageParts, page_row};
use crate::crawl::fetch::parse::parse;
use crate::crawl::fetch::recrawl;
use crate::crawl::frontier::{Finished, FoundLink, page_view};
use crate::crawl::hosts::UrlTask;
use crate::crawl::pipeline::reserve::reserve;
use crate::crawl::pipeline::signals::Stopping;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::{RecentFailure, WorkerState};
use crate::model::url_identity::UrlHash;
use crate::web::http::{FailureKind, FetchError};

/// Equal bodies hint at a trap only from this many bytes on.
const MIN_COMPARED_LENGTH: u64 = 64;

/// Puts a page into its final state: waits for room in the saver's buffer, then hands it in.
pub async fn finish(
    context: &Arc<CrawlContext>,
    slot: &Arc<WorkerSlot>,
    task: Box<UrlTask>,
    mut attempt: FetchAttempt,
) {
    let CrawlContext { settings, frontier, storage, flow, signals, fetch, .. } = &**context;
    slot.enter(WorkerState::Parse);
    let (last_url, redirects) = attempt.chain.take().map_or((None, Vec::new()), |chain| {
        let (url, hops) = chain.into_parts();
        (Some(url), hops)
    });
    let redirected = !redirects.is_empty();
    let base = last_url.clone().or_else(|| Url::parse(&task.url).ok());
    if let Some(base) = &base {
        let agents = &fetch.robots_agents;
        parse(settings, agents, &flow.parse_gate, signals, &mut attempt, base).await;
    }
    // When it is stopping the page stays open: a resumed crawl requests it again.
    let Ok(links) = find_links(context, slot, &mut attempt).await else { return };
    let links_cut = attempt.parsed.as_ref().is_some_and(|parsed| parsed.truncated);
    let has_parsed = attempt.parsed.is_some();
    let failure = failure_of(context, &task, &attempt);
    let latency = attempt.latency();
    let unmodified = attempt.unmodified.is_some();
    let mut outcome = PageOutcome::of(&mut attempt, links_cut, settings.follow);
    let body_hash = outcome.content.body_hash;
    let change = settings.recrawl_of.and_then(|_| {
        let previous = attempt.previous.as_ref();
        recrawl::compare(previous, outcome.state, unmodified, outcome.status, body_hash)
    });
    let is_page = has_parsed && !unmodified;
    let content_hash = body_hash.filter(|_| is_page && outcome.length >= MIN_COMPARED_LENGTH);
    let redirect_target = last_url.as_ref().filter(|_| redirected).map(UrlHash::of);
    if let Some(target) = redirect_target
        && attempt.redirect_target.is_none()
        && outcome.status.is_some()
    {
        fetch.redirects.remember(target, &outcome);
    }
    let final_url = last_url.filter(|_| redirected).map(String::from);
    let redirects_json = redirected.then(|| serde_json::to_string(&redirects).unwrap_or_default());
    let bytes = task.url.len()
        + outcome.text_len()
        + [&final_url, &redirects_json].into_iter().flatten().map(String::len).sum::<usize>()
        + links.iter().map(weight).sum::<usize>();
    outcome.content.canonical.take_if(|canonical| **canonical == *task.url);
    let found_on_url = task.found_on_url.clone();
    let parts = PageParts {
        elapsed_ms: attempt.elapsed.as_millis() as u64,
        final_url,
        redirects_json,
        links_found: links.len() as u32,
        created_at: jiff::Timestamp::now(),
        change,
    };
    let created_at = parts.created_at;
    let saved_requests = task.saved;
    let row = page_row(*task, outcome, parts);
    let hops = redirects.len() as u32;
    let view = page_view(&row, (signals.at_s(), created_at), redirects, found_on_url, &links);
    let kib = reserve(storage, signals, slot, bytes).await;
    frontier.finish(Finished {
        row,
        saved_requests,
        view: Arc::new(view),
        links,
        redirects: hops,
        latency,
        kib,
        failure,
        queue_empty: flow.queue.is_empty(),
        redirect_target,
        unmodified,
        content_hash: content_hash.map(|hash| first_half(&hash)),
        is_page,
    });
}

/// The links of a page: those that were found on it, or those that it had if it was not modified.
async fn find_links(
    context: &CrawlContext,
    slot: &WorkerSlot,
    attempt: &mut FetchAttempt,
) -> Result<Vec<FoundLink>, Stopping> {
    let CrawlContext { settings, storage, flow, signals, fetch, .. } = context;
    if let (Some(_), Some(previous)) = (&attempt.unmodified, &attempt.previous) {
        slot.enter(WorkerState::Database);
        let links = previous_links(settings, (storage, flow, signals), previous).await?;
        slot.enter(WorkerState::Parse);
        // Only now: a seed that was added while the database was read has widened the scope.
        let scope = fetch.followed(attempt.begun_in.as_ref());
        return Ok(in_scope(&scope, links.into_iter()));
    }
    let scope = fetch.followed(attempt.begun_in.as_ref());
    Ok(links_of(settings, &scope, &fetch.robots_agents, attempt))
}

/// The line about a page that failed; `None` for one that did not.
fn failure_of(
    context: &CrawlContext,
    task: &UrlTask,
    attempt: &FetchAttempt,
) -> Option<Arc<RecentFailure>> {
    match &attempt.result {
        _ if attempt.redirect_target.is_some() || attempt.unmodified.is_some() => None,
        Ok(response) if (200..300).contains(&response.status) => None,
        Err(FetchError { kind: FailureKind::Refused(_), .. }) => None,
        result => {
            let max_attempts = context.fetch.retry.attempts;
            Some(failure_line(context.signals.at_s(), max_attempts, task, result, None))
        }
    }
}

/// The first half of a hash, where collisions do little harm.
fn first_half(hash: &[u8; 16]) -> u64 {
    hash.first_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}
