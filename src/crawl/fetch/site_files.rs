//! Files about a site that are fetched besides its pages: robots.txt and sitemaps. They take the same way through host pace,
//! rate and permits as pages do, and leave no page row.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::in_flight::{InFlight, host_outcome};
use crate::crawl::fetch::resend::{may_resend, resend};
use crate::crawl::fetch::retry::RetryPolicy;
use crate::crawl::fetch::shortage::{self, shortage_of};
use crate::crawl::frontier::{FoundUrl, Frontier, sitemap_row};
use crate::crawl::hosts::{FetchPurpose, UrlTask};
use crate::crawl::pipeline::reserve::reserve;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::web::http::{
    FailureKind, FetchError, FetchOutcome, OpenResponse, PhaseSink, RedirectChain, RequestOptions,
    ResponseHead,
};
use crate::web::robots;
use crate::web::robots::{RobotsAgents, RobotsPolicy};
use crate::web::scope::Scope;
use crate::web::sitemap::{Item, Limits, SitemapReader};

/// Bytes read of a robots.txt: one more than are looked at, so that it is known to be cut.
const ROBOTS_READ: usize = robots::MAX_BYTES + 1;
/// How long a sitemap may take at least, however short the time of a page is: it is read as fast
/// as its URLs are taken in.
const SITEMAP_TIMEOUT: Duration = Duration::from_mins(5);
/// URLs of a sitemap taken in at a time.
const AT_ONCE: usize = 1_000;

/// Fetches a robots.txt or a sitemap: one request, and what follows from it.
pub async fn run(
    context: &Arc<CrawlContext>,
    slot: &Arc<WorkerSlot>,
    mut task: Box<UrlTask>,
    (mut chain, begun): (RedirectChain, &Arc<Scope>),
    phases: &Arc<dyn PhaseSink>,
    in_flight: &mut InFlight<'_>,
) {
    let CrawlContext { settings, frontier, fetch, .. } = &**context;
    let agents = &fetch.robots_agents;
    let begin = Instant::now();
    let robots = matches!(task.purpose, FetchPurpose::Robots { .. });
    let options = request_options(robots, settings.fetch.timeout);
    let reply = fetch.fetcher.open(&mut chain, &options, phases).await;
    if let Err(error) = &reply
        && may_resend(frontier, &mut task, error)
    {
        return resend(frontier, task, chain, error, in_flight);
    }
    if let Err(error) = &reply
        && let Some(shortage) = shortage_of(error)
    {
        return shortage::wait(context, task, chain, shortage, in_flight);
    }
    let result = match &reply {
        Ok(FetchOutcome::Response(opened)) => Ok((opened.head.status, opened.head.retry_after)),
        Ok(FetchOutcome::Redirect { status, .. }) => Ok((*status, None)),
        Ok(FetchOutcome::NotModified(head)) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error),
    };
    let ended = host_outcome(&result, begin.elapsed());
    match (task.purpose, reply) {
        (_, Ok(FetchOutcome::Redirect { .. })) => {
            in_flight.end(ended);
            if robots && chain.hops().len() > robots::MAX_REDIRECTS as usize {
                let response = robots::RobotsResponse::LostInRedirects;
                return report_robots(frontier, &task, RobotsPolicy::of(response, agents));
            }
            task.chain = Some(Box::new(chain));
            (task.continues_attempt, task.robots) = (true, None);
            frontier.requeue(task, None);
        }
        (FetchPurpose::Robots { .. }, Ok(FetchOutcome::Response(opened))) => {
            let policy = read_robots(chain.url(), opened, agents).await;
            in_flight.end(ended);
            report_robots(frontier, &task, policy);
        }
        (FetchPurpose::Sitemap { depth }, Ok(FetchOutcome::Response(opened)))
            if opened.head.status == 200 =>
        {
            let again = read_sitemap(context, slot, (&task, begun), depth, opened).await;
            in_flight.end(ended);
            if let Some(pause) = again {
                retry(frontier, task, pause);
            }
        }
        (FetchPurpose::Sitemap { .. }, Ok(FetchOutcome::Response(opened)))
            if let Some(pause) = pause(&fetch.retry, &task, Ok(&opened.head)) =>
        {
            in_flight.end(ended);
            retry(frontier, task, pause);
        }
        (_, Ok(FetchOutcome::Response(opened))) => {
            let status = opened.head.status;
            in_flight.end(ended);
            let error = FetchError::new(FailureKind::Other, format!("answered {status}"));
            failed(frontier, agents, &task, &error.with(&opened.head));
        }
        (_, Ok(FetchOutcome::NotModified(_))) => {
            in_flight.end(ended);
            failed(
                frontier,
                agents,
                &task,
                &FetchError::new(FailureKind::Other, "answered 304".into()),
            );
        }
        (FetchPurpose::Sitemap { .. }, Err(error))
            if let Some(pause) = pause(&fetch.retry, &task, Err(&error)) =>
        {
            in_flight.end(ended);
            retry(frontier, task, pause);
        }
        (FetchPurpose::Robots { .. }, Err(error))
            if matches!(error.kind, FailureKind::Refused(_)) && chain.hops().is_empty() =>
        {
            in_flight.end(ended);
            // Its robots.txt is unknown: nothing is requested from this host.
            tracing::warn!(url = %task.url, reason = %error.message, "a host is refused");
            frontier.skip_host_of(&task.url, &error.message);
        }
        (_, Err(error)) => {
            in_flight.end(ended);
            failed(frontier, agents, &task, &error);
        }
    }
}

/// The limits of a request for a robots.txt, or a sitemap; `timeout` is that of a page.
fn request_options(robots: bool, timeout: Duration) -> RequestOptions<'static> {
    RequestOptions {
        max_body: Some(if robots { u64::MAX } else { Limits::default().bytes }),
        timeout: (!robots).then(|| SITEMAP_TIMEOUT.max(timeout)),
        max_redirects: robots.then_some(robots::MAX_REDIRECTS),
        ..RequestOptions::default()
    }
}

/// The pause before a sitemap is requested again, if it is to be: as for a page.
fn pause(
    policy: &RetryPolicy,
    task: &UrlTask,
    reply: Result<&ResponseHead, &FetchError>,
) -> Option<Duration> {
    let outcome = match reply {
        Ok(head) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error.kind),
    };
    policy.pause_of(task.attempts, outcome, fastrand::f64())
}

/// Redirects are followed again from their beginning.
fn retry(frontier: &Frontier, mut task: Box<UrlTask>, pause: Duration) {
    (task.continues_attempt, task.robots) = (false, None);
    frontier.postpone(task, pause, None, None, 0);
}

/// A request for a robots.txt or a sitemap failed for good.
pub fn failed(frontier: &Frontier, agents: &RobotsAgents, task: &UrlTask, error: &FetchError) {
    match task.purpose {
        FetchPurpose::Robots { .. } => {
            let reply = match error.kind {
                FailureKind::Redirect => robots::RobotsResponse::LostInRedirects,
                _ => robots::RobotsResponse::Unreachable(&error.message),
            };
            report_robots(frontier, task, RobotsPolicy::of(reply, agents));
        }
        FetchPurpose::Sitemap { depth } => {
            let refused = matches!(error.kind, FailureKind::Refused(_));
            let state = if refused { PageState::Skipped } else { PageState::Failed };
            let mut row = sitemap_row(task, depth, state, Some(error.message.clone()));
            row.status = error.status;
            tracing::info!(url = %task.url, error = %error.message, "a sitemap was not read");
            frontier.sitemap_ended(row);
        }
        FetchPurpose::Page => {}
    }
}

fn report_robots(frontier: &Frontier, task: &UrlTask, policy: RobotsPolicy) {
    let FetchPurpose::Robots { https } = task.purpose else { return };
    if policy.asks_again() {
        tracing::warn!(url = %task.url, %policy, "robots.txt");
    } else {
        tracing::info!(url = %task.url, %policy, "robots.txt");
    }
    frontier.robots_fetched(&task.url, https, policy);
}

/// Reads the robots.txt at `url` as far as it counts.
async fn read_robots(
    url: &url::Url,
    mut opened: OpenResponse,
    agents: &RobotsAgents,
) -> RobotsPolicy {
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
                        agents,
                    );
                }
            }
        }
    }
    let response = robots::RobotsResponse::Answered { status, body: &body };
    RobotsPolicy::at(Some(url), response, agents)
}

/// Reads a sitemap chunk by chunk and takes in what it lists. Returns the pause
/// before it is requested again, if it was cut short and has attempts left.
async fn read_sitemap(
    context: &CrawlContext,
    slot: &WorkerSlot,
    (task, begun): (&UrlTask, &Arc<Scope>),
    depth: u32,
    mut opened: OpenResponse,
) -> Option<Duration> {
    slot.enter(WorkerState::Body);
    let mut row = sitemap_row(task, depth, PageState::Ok, None);
    row.status = Some(opened.head.status);
    let Ok(base) = url::Url::parse(task.target()) else {
        context.frontier.sitemap_ended(row);
        return None;
    };
    let mut reader =
        SitemapReader::new(&base, &Limits::default()).sent_as(opened.head.content_type.as_deref());
    let mut items = Vec::new();
    let problem = loop {
        let pushed = match opened.chunk().await {
            Ok(Some(chunk)) => reader.push(&chunk, &mut |item| items.push(item)),
            Ok(None) => break reader.finish(&mut |item| items.push(item)).err(),
            Err(error) => {
                // What was read of it counts.
                if let Some(pause) = pause(&context.fetch.retry, task, Err(&error)) {
                    take_in(context, slot, (depth, begun), &mut items, &mut row).await;
                    return Some(pause);
                }
                row.error = Some(error.message);
                break None;
            }
        };
        if items.len() >= AT_ONCE {
            take_in(context, slot, (depth, begun), &mut items, &mut row).await;
        }
        if let Err(error) = pushed {
            break Some(error);
        }
        if context.flow.queue.is_closed() {
            break None;
        }
    };
    take_in(context, slot, (depth, begun), &mut items, &mut row).await;
    if let Some(problem) = problem {
        row.error = Some(problem.to_string());
    }
    if row.error.is_some() && row.urls == 0 {
        row.state = PageState::Failed;
    }
    tracing::info!(url = %task.url, urls = row.urls, error = row.error, "sitemap");
    context.frontier.sitemap_ended(row);
    None
}

async fn take_in(
    context: &CrawlContext,
    slot: &WorkerSlot,
    (depth, begun): (u32, &Arc<Scope>),
    items: &mut Vec<Item>,
    row: &mut crate::store::SitemapRow,
) {
    let CrawlContext { frontier, storage, signals, fetch, .. } = context;
    let scope = fetch.followed(Some(begun));
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
                frontier.add_sitemap(&url, depth + 1);
            }
        }
    }
    if pages.is_empty() {
        return;
    }
    let kib = reserve(storage, signals, slot, bytes).await;
    frontier.discover_in_sitemap(pages, kib);
}
