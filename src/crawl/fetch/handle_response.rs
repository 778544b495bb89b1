//! What follows from the response to a page's request: the next step of a redirect, a retry, or the
//! page's final state.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::failure_line::failure_line;
use crate::crawl::fetch::give_up::give_up;
use crate::crawl::fetch::in_flight::{InFlight, host_outcome};
use crate::crawl::fetch::page;
use crate::crawl::fetch::redirects::known_target;
use crate::crawl::fetch::resend::{may_resend, resend};
use crate::crawl::fetch::retry::RetryPolicy;
use crate::crawl::fetch::shortage::{self, shortage_of};
use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::{Outcome, OutcomeEffect, UrlTask, host_of};
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::tuning::request_meter::RequestEnd;
use crate::model::url_identity::UrlHash;
use crate::store::PreviousPage;
use crate::web::http::{FailureKind, FetchError, FetchOutcome, RedirectChain, Response};
use crate::web::scope::Scope;

/// Maximum number of failures, caused by the host, that do not count as attempts.
const MAX_UNCOUNTED: u32 = 10;

/// A request that has ended.
pub struct Requested {
    /// The redirects, the last one included if this was one.
    pub chain: RedirectChain,
    /// The response, or why there is none.
    pub outcome: Result<FetchOutcome, FetchError>,
    /// How long the request took.
    pub took: Duration,
    /// When it was sent, once there was a connection,
    pub sent: Instant,
    /// and how long the answer took from then on.
    pub answered_in: Duration,
    /// What the earlier crawl knew of the URL.
    pub previous: Option<PreviousPage>,
}

/// Decides what follows from the response to a page's request.
pub async fn handle_response(
    context: &Arc<CrawlContext>,
    slot: &Arc<WorkerSlot>,
    mut task: Box<UrlTask>,
    (requested, scope): (Requested, Arc<Scope>),
    mut in_flight: InFlight<'_>,
) {
    let CrawlContext { frontier, fetch, flow, .. } = &**context;
    let Requested { chain, outcome, took, sent, answered_in, previous } = requested;
    let retry = task.attempts > 1;
    if let Err(error) = &outcome
        && may_resend(frontier, &mut task, error)
    {
        flow.requests.finish(RequestEnd::Other, sent, took, retry, error.length);
        return resend(frontier, task, chain, error, &mut in_flight);
    }
    if let Err(error) = &outcome
        && let Some(shortage) = shortage_of(error)
    {
        flow.requests.finish(RequestEnd::Other, sent, took, retry, error.length);
        return shortage::wait(context, task, chain, shortage, &mut in_flight);
    }
    let summary = match &outcome {
        Ok(FetchOutcome::Response(response)) => Ok((response.status, response.retry_after)),
        Ok(FetchOutcome::Redirect { status, .. }) => Ok((*status, None)),
        Ok(FetchOutcome::NotModified(head)) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error),
    };
    let of_host = host_outcome(&summary, took);
    let effect = in_flight.end(of_host);
    let kind = outcome.as_ref().err().map(|error| error.kind);
    let end = request_end(of_host, kind, effect, &task, answered_in);
    flow.requests.finish(end, sent, took, retry, length(&outcome));
    note_breaker(frontier, &task, effect);
    let mut attempt = FetchAttempt {
        result: Ok(Response::default()),
        elapsed: Duration::from_millis(task.spent_ms) + took,
        took: Some(took),
        parsed: None,
        not_parsed: None,
        redirect_target: None,
        previous,
        unmodified: None,
        chain: Some(chain),
        begun_in: Some(scope),
    };
    match outcome {
        Ok(FetchOutcome::Redirect { target, .. }) => {
            return redirected(context, slot, task, attempt, target, took).await;
        }
        Ok(FetchOutcome::NotModified(head)) => attempt.unmodified = Some(head),
        Ok(FetchOutcome::Response(response)) => attempt.result = Ok(response),
        Err(error) => attempt.result = Err(error),
    }
    let uncounted = !effect.counts && task.uncounted_failures < MAX_UNCOUNTED;
    if attempt.unmodified.is_none()
        && let Some(pause) = fetch
            .retry
            .pause(task.attempts, &attempt.result, fastrand::f64())
            .or_else(|| uncounted_pause(&fetch.retry, &attempt, uncounted))
    {
        let at_s = context.signals.at_s();
        let failure = failure_line(at_s, fetch.retry.attempts, &task, &attempt.result, Some(pause));
        if uncounted {
            task.attempts -= 1;
            task.uncounted_failures += 1;
            task.resent += 1;
        }
        // The redirects are followed again from their beginning: they may lead elsewhere now.
        (task.spent_ms, task.robots) = (0, None);
        let latency = attempt.latency();
        let now_ms = jiff::Timestamp::now().as_millisecond();
        return frontier.postpone(task, pause, latency, Some(failure), now_ms);
    }
    page::finish(context, slot, task, attempt).await;
}

/// What the end of a page's request says to tuning.
fn request_end(
    of_host: Option<Outcome>,
    failure: Option<FailureKind>,
    effect: OutcomeEffect,
    task: &UrlTask,
    answered_in: Duration,
) -> RequestEnd {
    let host = || host_number(&host_of(task.target()));
    match of_host {
        None => RequestEnd::Other,
        Some(Outcome::Answered { status: 429, .. }) => RequestEnd::Refused(host()),
        Some(Outcome::Answered { status, .. }) if status < 500 => RequestEnd::Answer(answered_in),
        Some(Outcome::Unanswered { .. }) if !failure.is_some_and(shows_overload) => {
            RequestEnd::Other
        }
        Some(Outcome::Answered { .. } | Outcome::Unanswered { .. }) => {
            let cools_down = !effect.counts || effect.refused || effect.opened.is_some();
            RequestEnd::Overloaded { host: host(), cools_down }
        }
    }
}

/// Whether a server that has too much to do fails like this.
const fn shows_overload(failure: FailureKind) -> bool {
    use FailureKind as F;
    matches!(failure, F::Timeout | F::Connect | F::Reset | F::Truncated | F::Unprocessed)
}

/// A number that stands for a host.
fn host_number(host: &str) -> u32 {
    xxhash_rust::xxh3::xxh3_64(host.as_bytes()) as u32
}

/// Bytes of the body, decoded.
fn length(outcome: &Result<FetchOutcome, FetchError>) -> u64 {
    match outcome {
        Ok(FetchOutcome::Response(response)) => response.length,
        Ok(FetchOutcome::Redirect { .. } | FetchOutcome::NotModified(_)) => 0,
        Err(error) => error.length,
    }
}

/// The pause of a URL that has no attempts left, but failed because of its host.
fn uncounted_pause(
    retry: &RetryPolicy,
    attempt: &FetchAttempt,
    uncounted: bool,
) -> Option<Duration> {
    let failed = match &attempt.result {
        Ok(response) => response.status >= 500 || response.status == 429,
        Err(error) => error.kind.is_retryable(),
    };
    (failed && uncounted).then_some(retry.backoff)
}

fn note_breaker(frontier: &Frontier, task: &UrlTask, effect: OutcomeEffect) {
    let host = &*host_of(task.target());
    if let Some(cooldown) = effect.opened {
        tracing::warn!(host, cooldown_ms = cooldown.as_millis(), "host is down: its breaker opens");
        frontier.record_incident(host);
    }
    if effect.closed {
        tracing::info!(host, "host is up again: its breaker closes");
    }
}

/// A redirect: its target is checked as any URL is, and requested when its host may be.
async fn redirected(
    context: &Arc<CrawlContext>,
    slot: &Arc<WorkerSlot>,
    mut task: Box<UrlTask>,
    mut attempt: FetchAttempt,
    target: Url,
    took: Duration,
) {
    let CrawlContext { frontier, storage, flow, signals, fetch, .. } = &**context;
    let Some(chain) = attempt.chain.take() else { return };
    if let Some(reason) = fetch.followed(attempt.begun_in.as_ref()).refuses(&target) {
        let message = format!("redirect target {reason}: {target}");
        let failure = FetchError::new(FailureKind::Refused(reason), message);
        return give_up(context, slot, task, Some(chain), failure).await;
    }
    let hash = UrlHash::of(&target);
    let database = (&**storage, &**flow, &**signals);
    if let Some(reason) = frontier.redirect_trap(&task, target.as_str(), &hash) {
        let failure = FetchError::new(
            FailureKind::Refused("trap"),
            format!("{reason}: redirect target {target}"),
        );
        return give_up(context, slot, task, Some(chain), failure).await;
    }
    if !context.settings.duplicate_seeds
        // Stopping: it is not known here, and the resumed crawl looks again.
        && let Ok(Some(known)) = known_target(&fetch.redirects, frontier, database, slot, &hash).await
    {
        attempt.chain = Some(chain);
        attempt.redirect_target = Some(known);
        return page::finish(context, slot, task, attempt).await;
    }
    task.spent_ms = attempt.elapsed.as_millis() as u64;
    task.chain = Some(Box::new(chain));
    (task.continues_attempt, task.robots) = (true, None);
    frontier.requeue(task, Some(took));
}
