//! Errands beside the pages: robots.txt and sitemaps. They take the same way through host pace,
//! rate and permits as pages do, and leave no page row.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::entry::{Entry, Errand};
use super::job::{InFlight, outcome};
use super::ledger::{Found, sitemap_row};
use super::page::reserve;
use super::shared::Shared;
use super::snapshot::WorkerState;
use super::workers::Slot;
use crate::store::RowState;
use crate::web::fetch::{Ask, Chain, FailureKind, FetchError, Opened, PhaseSink, Reply};
use crate::web::robots::{self, Fate, Names};
use crate::web::sitemap::{Item, Limits, SitemapReader};
use crate::web::url::UrlHash;

/// Bytes read of a robots.txt: one more than are looked at, so that it is known to be cut.
const ROBOTS_READ: usize = robots::MAX_BYTES + 1;
/// How long a sitemap may take at least, however short the time of a page is: it is read as fast
/// as its URLs are taken in.
const SITEMAP_TIMEOUT: Duration = Duration::from_mins(5);
/// URLs of a sitemap taken in at a time.
const AT_ONCE: usize = 1_000;

/// Runs an errand: one request, and what follows from it.
pub async fn run(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    mut entry: Box<Entry>,
    mut chain: Chain,
    phases: &Arc<dyn PhaseSink>,
    in_flight: &mut InFlight<'_>,
) {
    let begin = Instant::now();
    let robots = matches!(entry.errand, Errand::Robots { .. });
    let max_body = if robots { u64::MAX } else { Limits::default().bytes };
    let timeout = (!robots).then(|| SITEMAP_TIMEOUT.max(shared.settings.fetch.timeout));
    let ask = Ask { max_body: Some(max_body), timeout, ..Ask::default() };
    let reply = shared.fetcher.open(&mut chain, &ask, phases).await;
    let result = match &reply {
        Ok(Reply::Answer(opened)) => Ok((opened.head.status, opened.head.retry_after)),
        Ok(Reply::Redirect { status, .. }) => Ok((*status, None)),
        Ok(Reply::NotModified(head)) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error),
    };
    let ended = outcome(&result, begin.elapsed());
    match (entry.errand, reply) {
        (_, Ok(Reply::Redirect { .. })) => {
            in_flight.end(ended);
            if robots && chain.hops().len() > robots::MAX_REDIRECTS as usize {
                return tell(
                    shared,
                    &entry,
                    Fate::of(robots::Reply::LostInRedirects, &shared.names),
                );
            }
            entry.chain = Some(Box::new(chain));
            (entry.goes_on, entry.robots) = (true, None);
            shared.frontier.redirected(entry, None);
        }
        (Errand::Robots { .. }, Ok(Reply::Answer(opened))) => {
            let fate = read_robots(opened, &shared.names).await;
            in_flight.end(ended);
            tell(shared, &entry, fate);
        }
        (Errand::Sitemap { depth }, Ok(Reply::Answer(opened))) if opened.head.status == 200 => {
            read_sitemap(shared, slot, &entry, depth, opened).await;
            in_flight.end(ended);
        }
        (_, Ok(Reply::Answer(opened))) => {
            let status = opened.head.status;
            in_flight.end(ended);
            let error = FetchError::new(FailureKind::Other, format!("answered {status}"));
            failed(shared, &entry, &error.with(&opened.head));
        }
        (_, Ok(Reply::NotModified(_))) => {
            in_flight.end(ended);
            failed(shared, &entry, &FetchError::new(FailureKind::Other, "answered 304".into()));
        }
        (Errand::Sitemap { .. }, Err(error))
            if error.kind.is_retryable() && entry.attempts < shared.retry.attempts =>
        {
            in_flight.end(ended);
            let pause = shared.retry.backoff * (1 << (entry.attempts - 1).min(10));
            shared.frontier.postpone(entry, pause, None, None, 0);
        }
        (Errand::Robots { .. }, Err(error))
            if matches!(error.kind, FailureKind::Refused(_)) && chain.hops().is_empty() =>
        {
            in_flight.end(ended);
            // Not a word about its robots.txt: this host is not asked for anything.
            tracing::warn!(url = %entry.url, reason = %error.message, "a host is refused");
            shared.frontier.refuse(&entry.url, &error.message);
        }
        (_, Err(error)) => {
            in_flight.end(ended);
            failed(shared, &entry, &error);
        }
    }
}

/// An errand could not be done.
pub fn failed(shared: &Shared, entry: &Entry, error: &FetchError) {
    match entry.errand {
        Errand::Robots { .. } => {
            let reply = match error.kind {
                FailureKind::Redirect => robots::Reply::LostInRedirects,
                _ => robots::Reply::Unreachable(&error.message),
            };
            tell(shared, entry, Fate::of(reply, &shared.names));
        }
        Errand::Sitemap { depth } => {
            let refused = matches!(error.kind, FailureKind::Refused(_));
            let state = if refused { RowState::Skipped } else { RowState::Failed };
            let mut row = sitemap_row(entry, depth, state, Some(error.message.clone()));
            row.status = error.status;
            tracing::info!(url = %entry.url, error = %error.message, "a sitemap was not read");
            end_sitemap(shared, row);
        }
        Errand::Page => {}
    }
}

fn tell(shared: &Shared, entry: &Entry, fate: Fate) {
    let Errand::Robots { https } = entry.errand else { return };
    if fate.asks_again() {
        tracing::warn!(url = %entry.url, %fate, "robots.txt");
    } else {
        tracing::info!(url = %entry.url, %fate, "robots.txt");
    }
    shared.frontier.robots(&entry.url, https, fate);
}

/// Reads a robots.txt as far as it counts.
async fn read_robots(mut opened: Opened, names: &Names) -> Fate {
    let status = opened.head.status;
    let mut body = Vec::new();
    if (200..300).contains(&status) {
        while body.len() < ROBOTS_READ {
            match opened.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // What has not come may forbid, and half an `Allow` would allow too much.
                Err(error) => {
                    return Fate::of(robots::Reply::Unreachable(&error.message), names);
                }
            }
        }
    }
    Fate::of(robots::Reply::Answered { status, body: &body }, names)
}

/// Reads a sitemap chunk by chunk and takes in what it lists.
async fn read_sitemap(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    entry: &Entry,
    depth: u32,
    mut opened: Opened,
) {
    slot.enter(WorkerState::Body);
    let mut row = sitemap_row(entry, depth, RowState::Ok, None);
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
        row.state = RowState::Failed;
    }
    tracing::info!(url = %entry.url, urls = row.urls, error = row.error, "sitemap");
    end_sitemap(shared, row);
}

async fn take_in(
    shared: &Arc<Shared>,
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
                pages.push(Found {
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
    shared.frontier.found(pages, kib);
}

fn end_sitemap(shared: &Shared, row: crate::store::SitemapRow) {
    shared.frontier.with(|ledger| ledger.sitemap_ended(row));
    shared.frontier.changed.notify_one();
    shared.frontier.outbox_changed.notify_one();
    if shared.frontier.is_drained() {
        shared.frontier.drained.notify_one();
    }
}
