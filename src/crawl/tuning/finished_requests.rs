//! What requests ended with, between two readings.

use crate::crawl::tuning::latency_buckets::LatencyBuckets;

/// Failures of each kind that are listed one by one; further ones between the same two readings are only counted.
pub const MAX_FAILURES: usize = 64;

/// Requests that ended since the last reading, each hop of a redirect by itself. Those of a robots.txt or a
/// sitemap, those that a server never processed and those that failed for a shortage of this machine are
/// counted in [`Self::requests`] and [`Self::permit_seconds`] alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FinishedRequests {
    /// All requests that gave their permit back.
    pub requests: u32,
    /// Sum of the times that they held it, in seconds.
    pub permit_seconds: f64,
    /// Sum of the times that the requests in flight have held theirs so far, in seconds.
    pub age_seconds: f64,
    /// Good answers: neither 429 nor 5xx.
    pub answers: u32,
    /// Sum of their latencies, in seconds.
    pub latency_sum: f64,
    /// Sum of the squares of their latencies, in seconds².
    pub latency_squares: f64,
    /// Their latencies.
    pub latencies: LatencyBuckets,
    /// Answers 429.
    pub refusals: u32,
    /// Answers 5xx, time-outs and broken connections.
    pub errors: u32,
    /// Requests of pages that were requested before in this run.
    pub retries: u32,
    /// Bytes of the bodies of pages, decoded.
    pub bytes: u64,
    /// Answers 429 one by one, at most [`MAX_FAILURES`].
    pub refused: Vec<FailedRequest>,
    /// Answers 5xx and time-outs of hosts that do not cool down one by one, at most [`MAX_FAILURES`].
    pub overloaded: Vec<FailedRequest>,
}

/// A request that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailedRequest {
    /// When it was sent, on the clock of [`TuningReading::at`](crate::crawl::tuning::reading::TuningReading::at).
    pub sent_at: f64,
    /// Any number that stands for its host.
    pub host: u32,
}

impl FinishedRequests {
    /// Empty, with room for all failures that it lists.
    #[must_use]
    pub fn with_room() -> Self {
        Self {
            refused: Vec::with_capacity(MAX_FAILURES),
            overloaded: Vec::with_capacity(MAX_FAILURES),
            ..Self::default()
        }
    }

    /// A good answer after `latency` seconds.
    pub const fn answer(&mut self, latency: f64) {
        self.answers += 1;
        self.latency_sum += latency;
        self.latency_squares += latency * latency;
        self.latencies.record(latency);
    }

    /// An answer 429.
    pub fn refuse(&mut self, failure: FailedRequest) {
        self.refusals += 1;
        if self.refused.len() < MAX_FAILURES {
            self.refused.push(failure);
        }
    }

    /// An answer 5xx, a time-out or a broken connection.
    pub fn overload(&mut self, failure: FailedRequest) {
        self.errors += 1;
        if self.overloaded.len() < MAX_FAILURES {
            self.overloaded.push(failure);
        }
    }

    /// Empties it; what was allocated stays.
    pub fn clear(&mut self) {
        let mut refused = std::mem::take(&mut self.refused);
        let mut overloaded = std::mem::take(&mut self.overloaded);
        refused.clear();
        overloaded.clear();
        *self = Self { refused, overloaded, ..Self::default() };
    }
}
