//! One simulated host: what is served, what waits, and a token bucket.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// A request that shares its host: it is done when the host's work per request reaches `due`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sharing {
    due: f64,
    request: usize,
}

impl Eq for Sharing {}

impl PartialOrd for Sharing {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sharing {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.total_cmp(&self.due).then(other.request.cmp(&self.request))
    }
}

/// The state of a host.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// Requests in service, of a queue.
    pub busy: usize,
    /// Requests that wait.
    pub waiting: VecDeque<usize>,
    /// Changes with every arrival and departure of a shared host: older departures are void.
    pub version: u64,
    done_work: f64,
    worked_until: f64,
    sharing: BinaryHeap<Sharing>,
    tokens: f64,
    filled_at: f64,
}

impl Host {
    pub(super) fn new(burst: f64) -> Self {
        Self { tokens: burst, ..Self::default() }
    }

    /// How many requests share the host.
    pub(super) fn shared_by(&self) -> f64 {
        self.sharing.len() as f64
    }

    /// Time passes: every request advances at `speed`.
    pub(super) fn advance(&mut self, t: f64, speed: f64) {
        if !self.sharing.is_empty() {
            self.done_work += (t - self.worked_until) * speed;
        }
        self.worked_until = t;
    }

    pub(super) fn share(&mut self, request: usize, work: f64) {
        self.sharing.push(Sharing { due: self.done_work + work, request });
    }

    /// The next departure: in how many seconds at `speed`.
    pub(super) fn next_departure(&mut self, speed: f64) -> Option<f64> {
        self.version += 1;
        self.sharing.peek().map(|s| ((s.due - self.done_work) / speed).max(0.0))
    }

    pub(super) fn depart(&mut self) -> Option<usize> {
        self.sharing.pop().map(|s| s.request)
    }

    /// Takes a token of a bucket, if there is one.
    pub(super) fn take_token(&mut self, t: f64, rate: f64, burst: f64) -> bool {
        self.tokens = rate.mul_add(t - self.filled_at, self.tokens).min(burst);
        self.filled_at = t;
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}
