//! What a worker does with one URL: permit, rate, one request, and what follows from its answer.
//!
//! The permit is given back as soon as the body is read. A retry and the next hop of a redirect
//! wait in the frontier, holding neither permit nor worker: the target's host has rules and a
//! pace of its own.

use std::collections::hash_map::Entry as Claim;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use url::{Position, Url};

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::page;
use crate::crawl::fetch::recrawl;
use crate::crawl::fetch::site_files;
use crate::crawl::hosts::{FetchPurpose, Outcome, OutcomeEffect, UrlTask};
use crate::crawl::pipeline::admission::{RequestStart, admission};
use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::pipeline::workers::Slot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::lock::Lock;
use crate::model::url_identity::UrlHash;
use crate::store::PreviousPage;
use crate::web::http::{FailureKind, FetchError, FetchOutcome, PhaseSink, RedirectChain, Response};

/// A failure that is the host's fault does not count as an attempt so many times.
const MOST_EXCUSED: u32 = 10;

/// Works on one URL until it is handed in or put back; a panic makes it a failed page. After a
/// stop at once it is simply dropped: the store still knows it as open.
pub async fn run(shared: &Arc<CrawlContext>, slot: &Arc<Slot>, mut entry: Box<UrlTask>) {
    if !std::mem::take(&mut entry.continues_attempt) {
        entry.attempts += 1;
    }
    slot.work_on(Some((entry.target().into(), entry.attempts)));
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
        let failure = FetchError::new(FailureKind::Other, format!("internal error: {text}"));
        give_up(shared, slot, entry, failure).await;
    }
}

/// Tells the frontier that a URL is no longer in flight, however that came about.
pub struct InFlight<'a> {
    shared: &'a CrawlContext,
    url: Arc<str>,
    mark: Option<Arc<RequestStart>>,
    over: bool,
}

impl InFlight<'_> {
    /// It is over, and this is what the host did; `None` when it was not the host's doing.
    pub fn end(&mut self, outcome: Option<Outcome>) -> OutcomeEffect {
        self.over = true;
        let began = self.mark.as_ref().and_then(|mark| mark.settle());
        self.shared.frontier.ended(&self.url, began, outcome)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.end(None);
        }
    }
}

/// What an answer, or the lack of one, says of its host.
pub fn outcome(
    result: &Result<(u16, Option<Duration>), &FetchError>,
    took: Duration,
) -> Option<Outcome> {
    match result {
        Ok((status, retry_after)) => {
            Some(Outcome::Answered { status: *status, retry_after: *retry_after, took })
        }
        Err(error) => match error.kind {
            // Neither was the host's doing.
            FailureKind::Refused(_) | FailureKind::Shortage => None,
            FailureKind::Timeout | FailureKind::Reset | FailureKind::Truncated => {
                Some(Outcome::Unanswered { took })
            }
            _ => Some(error.status.map_or(Outcome::Unanswered { took }, |status| {
                Outcome::Answered { status, retry_after: error.retry_after, took }
            })),
        },
    }
}

async fn work(shared: &Arc<CrawlContext>, slot: &Arc<Slot>, mut entry: Box<UrlTask>) {
    let target: Arc<str> =
        if entry.chain.is_some() { entry.target().into() } else { Arc::clone(&entry.url) };
    let mut in_flight = InFlight { shared, url: Arc::clone(&target), mark: None, over: false };
    let chain = match (entry.chain.take(), Url::parse(&entry.url)) {
        (Some(chain), _) => Ok(*chain),
        (None, Ok(url)) => Ok(RedirectChain::new(&url)),
        (None, Err(error)) => Err(error),
    };
    let mut chain = match chain {
        Ok(chain) => chain,
        Err(error) => {
            drop(in_flight);
            let failure = FetchError::new(FailureKind::Other, format!("not a url: {error}"));
            return give_up(shared, slot, entry, failure).await;
        }
    };
    if let Some(failure) = forbidden(&entry, &chain) {
        drop(in_flight);
        entry.attempts -= 1;
        return give_up_at(shared, slot, entry, chain, failure).await;
    }
    // Stopping: a request not yet started is left to the resumed crawl.
    let Ok(previous) = recrawl::previous(shared, &entry, &chain).await else { return };
    let mut _hop = None;
    let shares = entry.purpose == FetchPurpose::Page && !shared.settings.duplicate_seeds;
    if shares && !chain.hops().is_empty() {
        let hash = UrlHash::of(chain.url());
        // Another URL may have led there meanwhile.
        if let Some(landing) = page::landing(shared, &hash).await {
            drop(in_flight);
            let elapsed = Duration::from_millis(entry.spent_ms);
            let visit = FetchAttempt::landed(chain, landing, elapsed, previous);
            return page::finish(shared, slot, entry, visit).await;
        }
        match Hop::of(shared, hash, entry, chain) {
            Some((hop, back, its_chain)) => (_hop, entry, chain) = (Some(hop), back, its_chain),
            None => return,
        }
    }
    let Some(permit) = admission(shared, slot).await else { return };
    let mark = RequestStart::new(shared, slot, &target, entry.gap);
    if !mark.begin(&entry) {
        // Its host is to be left alone now: back to where it waits without permit and worker.
        in_flight.over = true;
        if chain.hops().is_empty() {
            entry.attempts -= 1;
        } else {
            entry.chain = Some(Box::new(chain));
            entry.continues_attempt = true;
        }
        return shared.frontier.put_back(entry);
    }
    in_flight.mark = Some(Arc::clone(&mark));
    slot.enter(WorkerState::FirstByte);
    let begin = Instant::now();
    let phases: Arc<dyn PhaseSink> = Arc::clone(&mark) as Arc<dyn PhaseSink>;
    if entry.purpose != FetchPurpose::Page {
        let work = site_files::run(shared, slot, entry, chain, &phases, &mut in_flight);
        tokio::select! {
            biased;
            () = work => {}
            () = until_over(&mark) => {}
        }
        drop(permit);
        return;
    }
    let ask = recrawl::ask(previous.as_ref());
    let reply = {
        let request = shared.fetcher.get(&mut chain, &ask, &phases);
        tokio::pin!(request);
        tokio::select! {
            biased;
            reply = &mut request => reply,
            () = mark.arrives() => request.await,
        }
    };
    let took = begin.elapsed();
    drop(permit);
    answered(shared, slot, entry, chain, reply, took, previous, in_flight).await;
}

/// Asking for a page by way of a redirect: others that lead there wait until this is dropped.
struct Hop<'a> {
    shared: &'a CrawlContext,
    hash: UrlHash,
}

impl<'a> Hop<'a> {
    /// `None` when another one asks for it already: then the URL waits for that.
    fn of(
        shared: &'a CrawlContext,
        hash: UrlHash,
        mut entry: Box<UrlTask>,
        chain: RedirectChain,
    ) -> Option<(Self, Box<UrlTask>, RedirectChain)> {
        match shared.hops.locked().entry(hash) {
            Claim::Vacant(place) => {
                place.insert(Vec::new());
                Some((Self { shared, hash }, entry, chain))
            }
            Claim::Occupied(mut waiting) => {
                entry.chain = Some(Box::new(chain));
                entry.continues_attempt = true;
                waiting.get_mut().push(entry);
                None
            }
        }
    }
}

impl Drop for Hop<'_> {
    fn drop(&mut self) {
        let waiting = self.shared.hops.locked().remove(&self.hash);
        for entry in waiting.into_iter().flatten() {
            self.shared.frontier.redirected(entry, None);
        }
    }
}

/// Tells the start, then waits for ever.
async fn until_over(mark: &RequestStart) {
    mark.arrives().await;
    std::future::pending::<()>().await;
}

/// Why the URL that is asked next may not be fetched.
fn forbidden(entry: &UrlTask, chain: &RedirectChain) -> Option<FetchError> {
    let path = &chain.url()[Position::BeforePath..Position::AfterQuery];
    if entry.robots.as_ref()?.allows(path) {
        return None;
    }
    let message = if chain.hops().is_empty() {
        "robots.txt".to_owned()
    } else {
        format!("redirect target forbidden by robots.txt: {}", chain.url())
    };
    Some(FetchError::new(FailureKind::Refused("robots.txt"), message))
}

/// Decides what follows from the answer to a page's request.
#[expect(clippy::too_many_arguments, reason = "all that one request leaves behind")]
async fn answered(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    mut entry: Box<UrlTask>,
    chain: RedirectChain,
    reply: Result<FetchOutcome, FetchError>,
    took: Duration,
    previous: Option<PreviousPage>,
    mut in_flight: InFlight<'_>,
) {
    let summary = match &reply {
        Ok(FetchOutcome::Response(answer)) => Ok((answer.status, answer.retry_after)),
        Ok(FetchOutcome::Redirect { status, .. }) => Ok((*status, None)),
        Ok(FetchOutcome::NotModified(head)) => Ok((head.status, head.retry_after)),
        Err(error) => Err(error),
    };
    let after = in_flight.end(outcome(&summary, took));
    note(shared, &entry, after);
    let mut visit = FetchAttempt {
        outcome: Ok(Response::default()),
        elapsed: Duration::from_millis(entry.spent_ms) + took,
        took: Some(took),
        parsed: None,
        landing: None,
        previous,
        unmodified: None,
        chain: Some(chain),
    };
    match reply {
        Ok(FetchOutcome::Redirect { target, .. }) => {
            return redirected(shared, slot, entry, visit, target, took).await;
        }
        Ok(FetchOutcome::NotModified(head)) => visit.unmodified = Some(head),
        Ok(FetchOutcome::Response(answer)) => visit.outcome = Ok(answer),
        Err(error) => visit.outcome = Err(error),
    }
    let shortage =
        visit.outcome.as_ref().err().is_some_and(|error| error.kind == FailureKind::Shortage);
    if shortage {
        shared.shortages.fetch_add(1, Relaxed);
    }
    if visit.unmodified.is_none()
        && let Some(pause) = shared
            .retry
            .pause(entry.attempts, &visit.outcome, fastrand::f64())
            .or_else(|| excused(shared, &entry, &visit, after, shortage))
    {
        let trouble = page::trouble(shared, &entry, &visit.outcome, Some(pause));
        if (shortage || !after.counts) && entry.uncounted_failures < MOST_EXCUSED {
            entry.attempts -= 1;
            entry.uncounted_failures += 1;
        }
        // The redirects are followed again from their beginning: they may lead elsewhere now.
        (entry.spent_ms, entry.robots) = (0, None);
        let latency = visit.latency();
        let now_ms = jiff::Timestamp::now().as_millisecond();
        return shared.frontier.postpone(entry, pause, latency, Some(trouble), now_ms);
    }
    page::finish(shared, slot, entry, visit).await;
}

/// The pause of a URL that has no attempts left, but failed for its host's sake.
fn excused(
    shared: &CrawlContext,
    entry: &UrlTask,
    visit: &FetchAttempt,
    after: OutcomeEffect,
    shortage: bool,
) -> Option<Duration> {
    let failed = match &visit.outcome {
        Ok(answer) => answer.status >= 500 || answer.status == 429,
        Err(error) => error.kind.is_retryable(),
    };
    let excused = failed && (shortage || !after.counts) && entry.uncounted_failures < MOST_EXCUSED;
    excused.then_some(shared.retry.backoff)
}

fn note(shared: &CrawlContext, entry: &UrlTask, after: OutcomeEffect) {
    let host = &*crate::crawl::hosts::host_of(entry.target());
    if let Some(rest) = after.opened {
        tracing::warn!(host, rest_ms = rest.as_millis(), "host is down: its breaker opens");
        shared.frontier.record_incident(host);
    }
    if after.closed {
        tracing::info!(host, "host is up again: its breaker closes");
    }
}

/// A redirect: where it leads is looked at as any URL is, and asked when its host may be.
async fn redirected(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    mut entry: Box<UrlTask>,
    mut visit: FetchAttempt,
    target: Url,
    took: Duration,
) {
    let Some(chain) = visit.chain.take() else { return };
    if let Some(reason) = shared.scope().refuses(&target) {
        let message = format!("redirect target {reason}: {target}");
        let failure = FetchError::new(FailureKind::Refused(reason), message);
        return give_up_at(shared, slot, entry, chain, failure).await;
    }
    let hash = UrlHash::of(&target);
    let trap = shared.frontier.redirect_trap(&entry, target.as_str(), &hash);
    if let Some(reason) = trap {
        let failure = FetchError::new(
            FailureKind::Refused("trap"),
            format!("{reason}: redirect target {target}"),
        );
        return give_up_at(shared, slot, entry, chain, failure).await;
    }
    if let Some(landing) = page::landing(shared, &hash).await {
        visit.chain = Some(chain);
        visit.landing = Some(landing);
        return page::finish(shared, slot, entry, visit).await;
    }
    entry.spent_ms = visit.elapsed.as_millis() as u64;
    entry.chain = Some(Box::new(chain));
    (entry.continues_attempt, entry.robots) = (true, None);
    shared.frontier.redirected(entry, Some(took));
}

/// Ends a URL without an answer.
async fn give_up(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    entry: Box<UrlTask>,
    failure: FetchError,
) {
    match entry.purpose {
        FetchPurpose::Page => {
            page::finish(shared, slot, entry, FetchAttempt::unfetched(failure, None)).await
        }
        _ => site_files::failed(shared, &entry, &failure),
    }
}

/// Likewise, on the way through redirects.
async fn give_up_at(
    shared: &Arc<CrawlContext>,
    slot: &Arc<Slot>,
    entry: Box<UrlTask>,
    chain: RedirectChain,
    failure: FetchError,
) {
    match entry.purpose {
        FetchPurpose::Page => {
            page::finish(shared, slot, entry, FetchAttempt::unfetched(failure, Some(chain))).await;
        }
        _ => site_files::failed(shared, &entry, &failure),
    }
}
