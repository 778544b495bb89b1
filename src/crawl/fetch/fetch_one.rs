//! What a worker does with one URL: permit, rate, one request, and what follows from its response.
//!
//! The permit is given back as soon as the body is read. A retry and the next step of a redirect
//! wait in the frontier, holding neither permit nor worker: the target's host has rules and a
//! pace of its own.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use url::{ParseError, Position, Url};

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::give_up::give_up;
use crate::crawl::fetch::handle_response::{Requested, handle_response};
use crate::crawl::fetch::in_flight::InFlight;
use crate::crawl::fetch::redirects::{InFlightRedirect, known_target};
use crate::crawl::fetch::{page, recrawl, site_files};
use crate::crawl::hosts::{FetchPurpose, UrlTask};
use crate::crawl::pipeline::admission::admission;
use crate::crawl::pipeline::request_start::RequestStart;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::crawl::tuning::request_meter::RequestEnd;
use crate::model::url_identity::UrlHash;
use crate::panics;
use crate::settings::faults::PanicPoint;
use crate::store::PreviousPage;
use crate::web::http::{FailureKind, FetchError, PhaseSink, RedirectChain, RequestOptions};

/// Works on one URL until it is handed in or put back; a panic makes it a failed page. After a
/// stop at once it is simply dropped: the store still knows it as open.
pub async fn run(context: &Arc<CrawlContext>, slot: &Arc<WorkerSlot>, mut task: Box<UrlTask>) {
    if !std::mem::take(&mut task.continues_attempt) {
        task.attempts += 1;
    }
    slot.work_on(Some((task.target().into(), task.attempts)));
    let fetching = pin!(panics::caught(fetch_one(context, slot, task.clone())));
    let Some(result) = unless_aborted(context, fetching).await else { return };
    let Err(panic) = result else { return };
    tracing::error!(url = %task.url, "a worker panicked: {panic}; the page counts as failed");
    let text = format!("internal error: {panic}");
    let failure = FetchError::new(FailureKind::Other, text.clone());
    let giving_up = pin!(panics::caught(give_up(context, slot, task.clone(), None, failure)));
    let Some(result) = unless_aborted(context, giving_up).await else { return };
    if let Err(panic) = result {
        tracing::error!(url = %task.url, "a worker panicked again: {panic}");
        context.frontier.end_panicked(&task, text);
    }
}

/// Waits for `work`; `None` after a stop at once.
async fn unless_aborted<T>(context: &CrawlContext, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = context.signals.abort.cancelled() => None,
    }
}

/// The redirects of a URL so far: none in its first request.
fn chain_of(task: &mut UrlTask) -> Result<RedirectChain, ParseError> {
    match task.chain.take() {
        Some(chain) => Ok(*chain),
        None => Ok(RedirectChain::new(&Url::parse(&task.url)?)),
    }
}

async fn fetch_one(context: &Arc<CrawlContext>, slot: &Arc<WorkerSlot>, mut task: Box<UrlTask>) {
    let CrawlContext { frontier, storage, flow, signals, fetch, .. } = &**context;
    let target: Arc<str> =
        if task.chain.is_some() { task.target().into() } else { Arc::clone(&task.url) };
    let mut in_flight = InFlight::new(frontier, Arc::clone(&target));
    signals.panic_points.pass(PanicPoint::Worker);
    let mut chain = match chain_of(&mut task) {
        Ok(chain) => chain,
        Err(error) => {
            drop(in_flight);
            let failure = FetchError::new(FailureKind::Other, format!("not a url: {error}"));
            return give_up(context, slot, task, None, failure).await;
        }
    };
    if let Some(failure) = forbidden(&task, &chain) {
        drop(in_flight);
        task.attempts -= 1;
        return give_up(context, slot, task, Some(chain), failure).await;
    }
    // Stopping: a request not yet started is left to the resumed crawl.
    let previous = recrawl::previous(context, slot, &task, &chain).await;
    let Ok(previous) = previous else { return };
    let mut _in_flight_redirect = None;
    let shares_target = task.purpose == FetchPurpose::Page && !context.settings.duplicate_seeds;
    if shares_target && !chain.hops().is_empty() {
        let hash = UrlHash::of(chain.url());
        // Another URL may have led there meanwhile.
        let Ok(known) =
            known_target(&fetch.redirects, frontier, (storage, flow, signals), slot, &hash).await
        else {
            return;
        };
        if let Some(known) = known {
            drop(in_flight);
            let elapsed = Duration::from_millis(task.spent_ms);
            let attempt = FetchAttempt::redirected_to_known(chain, known, elapsed, previous);
            return page::finish(context, slot, task, attempt).await;
        }
        match InFlightRedirect::begin(&fetch.redirects, frontier, hash, task, chain) {
            Some((redirect, back, its_chain)) => {
                (_in_flight_redirect, task, chain) = (Some(redirect), back, its_chain);
            }
            None => return,
        }
    }
    let Some(permit) = admission(flow, signals, slot).await else { return };
    // Before it may begin: a seed that is undone from then on skips what follows.
    let scope = fetch.scope();
    let start = RequestStart::new(frontier, slot, &target, task.gap);
    if !start.begin(&task) {
        // Its host is to be left alone now: back to where it waits without permit and worker.
        in_flight.put_back();
        if chain.hops().is_empty() {
            task.attempts -= 1;
        } else {
            task.chain = Some(Box::new(chain));
            task.continues_attempt = true;
        }
        return frontier.put_back(task);
    }
    in_flight.begin(Arc::clone(&start));
    slot.enter(WorkerState::FirstByte);
    let phases: Arc<dyn PhaseSink> = Arc::clone(&start) as Arc<dyn PhaseSink>;
    if task.purpose != FetchPurpose::Page {
        let request =
            site_files::run(context, slot, task, (chain, &scope), &phases, &mut in_flight);
        let begin = Instant::now();
        tokio::select! {
            biased;
            () = request => {}
            () = report_arrival(&start) => {}
        }
        flow.requests.finish(RequestEnd::Other, begin, begin.elapsed(), false, 0);
        drop(permit);
        return;
    }
    let close = task.closes_connection;
    let requested = request(context, (chain, close), previous, &start, &phases).await;
    drop(permit);
    handle_response(context, slot, task, (requested, scope), in_flight).await;
}

/// Requests a page, and closes the connection after the response if told to.
async fn request(
    context: &CrawlContext,
    (mut chain, close): (RedirectChain, bool),
    previous: Option<PreviousPage>,
    start: &RequestStart,
    phases: &Arc<dyn PhaseSink>,
) -> Requested {
    let begin = Instant::now();
    // Its own permit is one of them.
    let in_flight = context.flow.gate.view().in_use;
    let options = RequestOptions { close, ..recrawl::request_options(previous.as_ref()) };
    let outcome = {
        let request = context.fetch.fetcher.get(&mut chain, &options, phases);
        tokio::pin!(request);
        tokio::select! {
            biased;
            outcome = &mut request => outcome,
            () = start.until_arrival() => request.await,
        }
    };
    let took = begin.elapsed();
    // Opening the connection says nothing of how busy the site is with others.
    let sent = start.sent().unwrap_or(begin);
    let answered_in = took.saturating_sub(sent.duration_since(begin));
    if outcome.is_ok() {
        context.flow.start_levels.note(in_flight, answered_in);
    }
    Requested { chain, outcome, took, sent, answered_in, previous }
}

/// Reports the start, then never ends.
async fn report_arrival(start: &RequestStart) {
    start.until_arrival().await;
    std::future::pending::<()>().await;
}

/// Why the URL that is requested next may not be fetched.
fn forbidden(task: &UrlTask, chain: &RedirectChain) -> Option<FetchError> {
    let path = &chain.url()[Position::BeforePath..Position::AfterQuery];
    if task.robots.as_ref()?.allows(path) {
        return None;
    }
    let message = if chain.hops().is_empty() {
        "robots.txt".to_owned()
    } else {
        format!("redirect target forbidden by robots.txt: {}", chain.url())
    };
    Some(FetchError::new(FailureKind::Refused("robots.txt"), message))
}
