//! A request that this machine lacks the means for: files, memory, ports or threads. It is nobody's
//! failure.
//!
//! Its URL waits and is requested again, however often; that is no attempt, and says nothing about the
//! host. The control task takes permits back meanwhile.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::in_flight::InFlight;
use crate::crawl::hosts::UrlTask;
use crate::web::http::{FailureKind, FetchError, RedirectChain, Shortage};

/// Requests that failed for a shortage.
#[derive(Debug, Default)]
pub struct Shortages {
    counts: [AtomicU64; Shortage::ALL.len()],
    /// Fewest requests in flight besides one that failed so, since the last reading, plus 1; 0: none did.
    fewest: AtomicU64,
}

/// The shortages up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShortageReading {
    /// How often each was met since the start, in the order of [`Shortage::ALL`].
    pub counts: [u64; Shortage::ALL.len()],
    /// Fewest requests in flight besides one that failed so, since the reading before.
    pub in_flight: Option<u32>,
}

impl Shortages {
    fn note(&self, shortage: Shortage, in_flight: u32) {
        let fewer = |fewest| {
            (fewest == 0 || u64::from(in_flight) + 1 < fewest).then_some(u64::from(in_flight) + 1)
        };
        let _ = self.fewest.fetch_update(Relaxed, Relaxed, fewer);
        self.counts[shortage as usize].fetch_add(1, Relaxed);
    }

    /// Reads them; the fewest in flight count anew from here on.
    pub fn read(&self) -> ShortageReading {
        let counts = std::array::from_fn(|at| self.counts[at].load(Relaxed));
        let fewest = self.fewest.swap(0, Relaxed);
        ShortageReading { counts, in_flight: fewest.checked_sub(1).map(|n| n as u32) }
    }
}

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
