//! The request meter: what is in flight, and what ended, since the last reading.
//!
//! Its one lock is held for a few additions. The integral of the requests in flight is exact: it follows from
//! the number in flight, the sum of their starts and the sum of the times of those that ended.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::tuning::finished_requests::{FailedRequest, FinishedRequests};
use crate::lock::Lock;

#[derive(Debug)]
struct MeterState {
    in_flight: u32,
    /// Requests that had their permit so far.
    begun: u64,
    /// Sum of the starts of what is in flight, in ns since the meter's start.
    starts_ns: u128,
    /// Sum of the times of what ended, in ns.
    ended_ns: u128,
    finished: FinishedRequests,
}

/// How a request ended, as tuning counts it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RequestEnd {
    /// A good answer of a page, so long after the request was sent.
    Answer(Duration),
    /// An answer 429 of the host that this number stands for.
    Refused(u32),
    /// An answer 5xx, a time-out or a broken connection of such a host; `cools_down`: its requests stop anyway.
    Overloaded {
        /// Any number that stands for the host.
        host: u32,
        /// Whether its breaker is open or a cooldown was demanded.
        cools_down: bool,
    },
    /// Anything else: it is counted, and says nothing about the server.
    Other,
}

/// Counts the requests of a crawl.
#[derive(Debug)]
pub struct RequestMeter {
    start: Instant,
    state: Mutex<MeterState>,
}

/// A request in flight: it is counted from its permit on until this is dropped.
#[derive(Debug)]
pub struct MeteredRequest<'a> {
    meter: &'a RequestMeter,
    start_ns: u64,
}

impl Drop for MeteredRequest<'_> {
    fn drop(&mut self) {
        let now_ns = self.meter.now_ns();
        let mut state = self.meter.state.locked();
        state.in_flight -= 1;
        state.starts_ns -= u128::from(self.start_ns);
        state.ended_ns += u128::from(now_ns - self.start_ns);
    }
}

impl RequestMeter {
    /// A meter of a run that began at `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        let finished = FinishedRequests::with_room();
        Self {
            start,
            state: Mutex::new(MeterState {
                in_flight: 0,
                begun: 0,
                starts_ns: 0,
                ended_ns: 0,
                finished,
            }),
        }
    }

    fn now_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Requests that had their permit so far.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.state.locked().begun
    }

    /// A request has its permit.
    pub fn begin(&self) -> MeteredRequest<'_> {
        let start_ns = self.now_ns();
        let mut state = self.state.locked();
        state.in_flight += 1;
        state.begun += 1;
        state.starts_ns += u128::from(start_ns);
        MeteredRequest { meter: self, start_ns }
    }

    /// A request ended that took `took` since it had its permit, and began at `sent`. `retry`: its URL was
    /// requested before; `bytes`: those of its body, decoded.
    pub fn finish(&self, end: RequestEnd, sent: Instant, took: Duration, retry: bool, bytes: u64) {
        let failed = |host| FailedRequest {
            sent_at: sent.saturating_duration_since(self.start).as_secs_f64(),
            host,
        };
        let mut state = self.state.locked();
        let finished = &mut state.finished;
        finished.requests += 1;
        finished.permit_seconds += took.as_secs_f64();
        finished.retries += u32::from(retry);
        finished.bytes += bytes;
        match end {
            RequestEnd::Answer(latency) => finished.answer(latency.as_secs_f64()),
            RequestEnd::Refused(host) => finished.refuse(failed(host)),
            RequestEnd::Overloaded { host, cools_down: false } => finished.overload(failed(host)),
            RequestEnd::Overloaded { cools_down: true, .. } => finished.errors += 1,
            RequestEnd::Other => {}
        }
    }

    /// Hands over what ended since the last call, in place of what `into` holds; returns the number in flight
    /// and the integral of it since the start of the run, in seconds.
    pub fn take(&self, into: &mut FinishedRequests) -> (u32, f64) {
        into.clear();
        let now_ns = u128::from(self.now_ns());
        let mut state = self.state.locked();
        std::mem::swap(&mut state.finished, into);
        let running = u128::from(state.in_flight) * now_ns;
        // A start may be later than `now_ns`, which was read before the lock was had.
        let integral = (state.ended_ns + running).saturating_sub(state.starts_ns);
        into.age_seconds = running.saturating_sub(state.starts_ns) as f64 / 1e9;
        (state.in_flight, integral as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_integral_of_what_is_in_flight_is_exact() {
        let second = Duration::from_secs(1);
        let meter = RequestMeter::new(Instant::now());
        let mut finished = FinishedRequests::with_room();
        let first = meter.begin();
        tokio::time::advance(second).await;
        let other = meter.begin();
        tokio::time::advance(second).await;
        drop(first);
        assert_eq!(meter.take(&mut finished), (1, 3.0));
        assert!((finished.age_seconds - 1.0).abs() < 1e-9);
        tokio::time::advance(second).await;
        assert_eq!(meter.take(&mut finished), (1, 4.0));
        drop(other);
        tokio::time::advance(second).await;
        assert_eq!(meter.take(&mut finished), (0, 4.0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_ended_is_handed_over_once() {
        let meter = RequestMeter::new(Instant::now());
        let sent = Instant::now();
        let took = Duration::from_millis(100);
        let mut finished = FinishedRequests::with_room();
        meter.finish(RequestEnd::Answer(took), sent, took, false, 10);
        meter.finish(RequestEnd::Refused(7), sent, took, true, 5);
        for _ in 0..100 {
            let end = RequestEnd::Overloaded { host: 7, cools_down: false };
            meter.finish(end, sent, took, false, 0);
        }
        meter.finish(RequestEnd::Overloaded { host: 7, cools_down: true }, sent, took, false, 0);
        meter.finish(RequestEnd::Other, sent, took, false, 0);
        meter.take(&mut finished);
        assert_eq!((finished.requests, finished.answers, finished.bytes), (104, 1, 15));
        assert_eq!((finished.refusals, finished.errors, finished.retries), (1, 101, 1));
        assert_eq!((finished.refused.len(), finished.overloaded.len()), (1, 64));
        assert!((finished.permit_seconds - 10.4).abs() < 1e-9);
        meter.take(&mut finished);
        assert_eq!(finished, FinishedRequests::default());
    }
}
