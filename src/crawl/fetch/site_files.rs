//! Errands beside the pages: robots.txt and sitemaps. They take the same way through host pace,
//! rate and permits as pages do, and leave no page row.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::fetch::fetch_one::{InFlight, outcome};
use crate::crawl::fetch::page::reserve;
use crate::crawl::frontier::{FoundUrl, sitemap_row};
use crate::crawl::hosts::{FetchPurpose, UrlTask};
use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::pipeline::workers::Slot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::web::http::{
    FailureKind, FetchError, FetchOutcome, OpenResponse, PhaseSink, RedirectChain, RequestOptions,
    ResponseHead,
};
use crate::web::robots;
use crate::web::robots::{RobotsAgents, RobotsPolicy};
use crate::web::sitemap::{Item, Limits, SitemapReader};

/// Bytes read of a robots.txt: one more than are looked at, so that it is known to be cut.
const ROBOTS_READ: usize = robots::MAX_BYTES + 1;
/// How long a sitemap may take at least, however short the time of a page is: it is read as fast
/// as its URLs are taken in.
const SITEMAP_TIMEOUT: Duration = Duration::from_mins(5);
/// URLs of a sitemap taken in at a time.
const AT_ONCE: usize = 1_000;

/// Runs an purpose: one request, and what follows from it.
pub async fn run(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    mut entry: Box<UrlTask>,
    mut chain: RedirectChain,
    phases: &Arc<dyn PhaseSink>,
    in_flight: &mut InFlight<'_>,
) {
    let begin = Instant::now();
    let robots = matches!(entry.purpose, FetchPurpose::Robots { .. });
    let max_body = if robots { u64::MAX } else { Limits::default().bytes };
    let timeout = (!robots).then(|| SITEMAP_TIMEOUT.max(shared.settings.fetch.timeout));
    let max_redirects = robots.then_some(robots::MAX_REDIRECTS);
    let ask = RequestOptions {
        max_body: Some(max_body),
        timeout,
        max_redirects,
        ..RequestOptions::default()
    };
    let reply = shared.fetcher.open(&mut chain, &ask, phases).await;
    let result = match &reply {
        Ok(FetchOutcome::Response(opened)) => Ok((opened.head.status, opened.head.retry_after)),
        Ok(FetchOutcome::Redirect { status, .. }) => Ok((*status, None)),
        Ok(FetchOutcome::NotModified(head)) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error),
    };
    let ended = outcome(&result, begin.elapsed());
    match (entry.purpose, reply) {
        (_, Ok(FetchOutcome::Redirect { .. })) => {
            in_flight.end(ended);
            if robots && chain.hops().len() > robots::MAX_REDIRECTS as usize {
                return tell(
                    shared,
                    &entry,
                    RobotsPolicy::of(robots::RobotsResponse::LostInRedirects, &shared.names),
                );
            }
            entry.chain = Some(Box::new(chain));
            (entry.continues_attempt, entry.robots) = (true, None);
            shared.frontier.redirected(entry, None);
        }
        (FetchPurpose::Robots { .. }, Ok(FetchOutcome::Response(opened))) => {
            let fate = read_robots(opened, &shared.names).await;
            in_flight.end(ended);
            tell(shared, &entry, fate);
        }
        (FetchPurpose::Sitemap { depth }, Ok(FetchOutcome::Response(opened)))
            if opened.head.status == 200 =>
        {
            read_sitemap(shared, slot, &entry, depth, opened).await;
            in_flight.end(ended);
        }
        (FetchPurpose::Sitemap { .. }, Ok(FetchOutcome::Response(opened)))
            if let Some(pause) = pause(shared, &entry, Ok(&opened.head)) =>
        {
            in_flight.end(ended);
            again(shared, entry, pause);
        }
        (_, Ok(FetchOutcome::Response(opened))) => {
            let status = opened.head.status;
            in_flight.end(ended);
            let error = FetchError::new(FailureKind::Other, format!("answered {status}"));
            failed(shared, &entry, &error.with(&opened.head));
        }
        (_, Ok(FetchOutcome::NotModified(_))) => {
            in_flight.end(ended);
            failed(shared, &entry, &FetchError::new(FailureKind::Other, "answered 304".into()));
        }
        (FetchPurpose::Sitemap { .. }, Err(error))
            if let Some(pause) = pause(shared, &entry, Err(&error)) =>
        {
            in_flight.end(ended);
            again(shared, entry, pause);
        }
        (FetchPurpose::Robots { .. }, Err(error))
            if matches!(error.kind, FailureKind::Refused(_)) && chain.hops().is_empty() =>
        {
            in_flight.end(ended);
            // Not a word about its robots.txt: this host is not asked for anything.
            tracing::warn!(url = %entry.url, reason = %error.message, "a host is refused");
            shared.frontier.skip_host_of(&entry.url, &error.message);
        }
        (_, Err(error)) => {
            in_flight.end(ended);
            failed(shared, &entry, &error);
        }
    }
}

/// The pause before a sitemap is asked for again, if it is to be: as for a page.
fn pause(
    shared: &CrawlContext,
    entry: &UrlTask,
    reply: Result<&ResponseHead, &FetchError>,
) -> Option<Duration> {
    let outcome = match reply {
        Ok(head) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error.kind),
    };
    shared.retry.pause_of(entry.attempts, outcome, fastrand::f64())
}

/// Redirects are followed again from their beginning.
fn again(shared: &CrawlContext, mut entry: Box<UrlTask>, pause: Duration) {
    (entry.continues_attempt, entry.robots) = (false, None);
    shared.frontier.postpone(entry, pause, None, None, 0);
}

/// A request for a robots.txt or a sitemap failed for good.
pub fn failed(shared: &CrawlContext, entry: &UrlTask, error: &FetchError) {
    match entry.purpose {
        FetchPurpose::Robots { .. } => {
            let reply = match error.kind {
                FailureKind::Redirect => robots::RobotsResponse::LostInRedirects,
                _ => robots::RobotsResponse::Unreachable(&error.message),
            };
            tell(shared, entry, RobotsPolicy::of(reply, &shared.names));
        }
        FetchPurpose::Sitemap { depth } => {
            let refused = matches!(error.kind, FailureKind::Refused(_));
            let state = if refused { PageState::Skipped } else { PageState::Failed };
            let mut row = sitemap_row(entry, depth, state, Some(error.message.clone()));
            row.status = error.status;
            tracing::info!(url = %entry.url, error = %error.message, "a sitemap was not read");
            end_sitemap(shared, row);
        }
        FetchPurpose::Page => {}
    }
}

fn tell(shared: &CrawlContext, entry: &UrlTask, fate: RobotsPolicy) {
    let FetchPurpose::Robots { https } = entry.purpose else { return };
    if fate.asks_again() {
        tracing::warn!(url = %entry.url, %fate, "robots.txt");
    } else {
        tracing::info!(url = %entry.url, %fate, "robots.txt");
    }
    shared.frontier.robots_fetched(&entry.url, https, fate);
}

/// Reads a robots.txt as far as it counts.
async fn read_robots(mut opened: OpenResponse, names: &RobotsAgents) -> RobotsPolicy {
    let status = opened.head.status;
    let mut body = Vec::new();
    if (200..300).contains(&status) {
        while body.len() < ROBOTS_READ {
            match opened.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // What has not come may forbid, and half an `Allow` would allow too much.
                Err(error) => {
                    return RobotsPolicy::of(
                        robots::RobotsResponse::Unreachable(&error.message),
                        names,
                    );
                }
            }
        }
    }
    RobotsPolicy::of(robots::RobotsResponse::Answered { status, body: &body }, names)
}

/// Reads a sitemap chunk by chunk and takes in what it lists.
async fn read_sitemap(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    entry: &UrlTask,
    depth: u32,
    mut opened: OpenResponse,
) {
    slot.enter(WorkerState::Body);
    let mut row = sitemap_row(entry, depth, PageState::Ok, None);
    row.status = Some(opened.head.status);
    let Ok(base) = url::Url::parse(entry.target()) else { return end_sitemap(shared, row) };
    let mut reader = SitemapReader::new(&base, &Limits::default());
    let mut items = Vec::new();
    let problem = loop {
        let pushed = match opened.chunk().await {
            Ok(Some(chunk)) => reader.push(&chunk, &mut |item| items.push(item)),
            Ok(None) => break reader.finish(&mut |item| items.push(item)).err(),
            Err(error) => {
                // Its rest counts as far as it came.
                row.error = Some(error.message);
                break None;
            }
        };
        if items.len() >= AT_ONCE {
            take_in(shared, slot, depth, &mut items, &mut row).await;
        }
        if let Err(error) = pushed {
            break Some(error);
        }
        if shared.queue.is_closed() {
            break None;
        }
    };
    take_in(shared, slot, depth, &mut items, &mut row).await;
    if let Some(problem) = problem {
        row.error = Some(problem.to_string());
    }
    if row.error.is_some() && row.urls == 0 {
        row.state = PageState::Failed;
    }
    tracing::info!(url = %entry.url, urls = row.urls, error = row.error, "sitemap");
    end_sitemap(shared, row);
}

async fn take_in(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    depth: u32,
    items: &mut Vec<Item>,
    row: &mut crate::store::SitemapRow,
) {
    let scope = shared.scope();
    let mut pages = Vec::new();
    let mut bytes = 0;
    for item in items.drain(..) {
        row.urls += 1;
        match item {
            Item::Page { url, lastmod } => {
                if scope.refuses(&url).is_some() {
                    continue;
                }
                bytes += 2 * url.as_str().len() + 64;
                pages.push(FoundUrl {
                    hash: UrlHash::of(&url),
                    url: url.as_str().into(),
                    depth: 1,
                    on: None,
                    lastmod_ms: lastmod,
                });
            }
            Item::Sitemap { url, .. } => {
                row.sitemaps += 1;
                shared.frontier.add_sitemap(&url, depth + 1);
            }
        }
    }
    if pages.is_empty() {
        return;
    }
    let kib = reserve(shared, slot, bytes).await;
    shared.frontier.discover_in_sitemap(pages, kib);
}

fn end_sitemap(shared: &CrawlContext, row: crate::store::SitemapRow) {
    shared.frontier.sitemap_ended(row);
}
