//! A request that this machine lacks the means for: files, memory, ports or threads. It is nobody's
//! failure.
//!
//! Its URL waits and is requested again, however often; that is no attempt, and says nothing about the
//! host. The control task takes permits back meanwhile.

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::in_flight::InFlight;
use crate::crawl::hosts::UrlTask;
use crate::web::http::{FailureKind, FetchError, RedirectChain, Shortage};

/// The shortage that a request failed for, if it did.
pub const fn shortage_of(error: &FetchError) -> Option<Shortage> {
    match error.kind {
        FailureKind::Shortage(shortage) => Some(shortage),
        _ => None,
    }
}

/// Lets the URL of a request that failed for a shortage wait; `chain` are the redirects that led to it.
pub fn wait(
    context: &CrawlContext,
    mut task: Box<UrlTask>,
    chain: RedirectChain,
    shortage: Shortage,
    in_flight: &mut InFlight<'_>,
) {
    let CrawlContext { frontier, fetch, flow, .. } = context;
    tracing::debug!(url = %task.target(), shortage = shortage.message(), "the request waits");
    in_flight.end(None);
    fetch.shortages.note(shortage, flow.gate.view().in_use);
    if chain.hops().is_empty() {
        task.attempts -= 1;
    } else {
        task.chain = Some(Box::new(chain));
        task.continues_attempt = true;
    }
    let jitter = 0.75 + fastrand::f64() / 2.0;
    frontier.wait(task, fetch.retry.backoff.mul_f64(jitter));
}
