//! Whether requests wait in line at the server: what they take now against what they took while few were
//! in flight. It is known within the first seconds of a crawl, long before two levels can be compared.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::crawl::measure::verdict::reading::most_in_flight;
use crate::crawl::protocol::snapshot::{Snapshot, StartLevel};

/// Seconds whose requests are those of now.
const SECONDS: usize = 10;
/// Least spread of latencies that is reckoned with, as a standard deviation of their logarithms.
const SPREAD: f64 = 0.15;
/// Latency that has grown by this factor tells of a line,
const QUEUES: f64 = 1.5;
/// and as long as it stays above this, of the same line.
const STILL_QUEUES: f64 = 1.25;
/// While others take the processor away it must have grown by more: requests wait for that as well.
const QUEUES_WHEN_CROWDED: f64 = 2.5;
/// The first requests are a measure when their latency spreads less than so many times that of now.
const STEADY: f64 = 2.0;
/// The first requests, which were alone, may have taken so many times less and still say nothing.
const ALONE: f64 = 2.0;

/// Count, mean and spread of the logarithms of latencies.
#[derive(Debug, Clone, Copy)]
struct LogLatency {
    requests: f64,
    mean: f64,
    spread: f64,
}

impl LogLatency {
    fn of(requests: u64, sum: f64, squares: f64) -> Option<Self> {
        if requests == 0 {
            return None;
        }
        let n = requests as f64;
        let mean = sum / n;
        Some(Self { requests: n, mean, spread: (squares / n - mean * mean).max(0.0).sqrt() })
    }
}

/// What is known about a line at the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Line {
    /// Requests wait in line: they take so many ms, and took so many while few were in flight.
    Waits {
        /// Now, in ms.
        now_ms: f64,
        /// While few were in flight.
        few_ms: f64,
    },
    /// They take no longer than while few were in flight.
    None,
    /// Too few requests were made while few were in flight.
    Unknown,
}

/// Latencies by what was in flight when requests began, from a point in the run on.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// The counts up to that point.
    before: Arc<[StartLevel]>,
    /// Those at the end of the last seconds, oldest first.
    seconds: VecDeque<Arc<[StartLevel]>>,
}

/// The sum over the classes that `wanted` picks, less what was counted `before`.
fn sum(
    all: &[StartLevel],
    before: &[StartLevel],
    wanted: impl Fn(u32) -> bool,
) -> Option<LogLatency> {
    let of = |levels: &[StartLevel]| {
        levels.iter().filter(|level| wanted(level.in_flight)).fold((0, 0.0, 0.0), |sum, level| {
            (sum.0 + level.requests, sum.1 + level.log_ms, sum.2 + level.log_ms_squared)
        })
    };
    let (now, then) = (of(all), of(before));
    LogLatency::of(now.0.saturating_sub(then.0), now.1 - then.1, now.2 - then.2)
}

impl Starts {
    /// Counts what begins from now on.
    pub(super) fn since(s: &Snapshot) -> Self {
        Self { before: Arc::clone(&s.start_levels), seconds: VecDeque::new() }
    }

    /// Takes in a second.
    pub(super) fn note(&mut self, s: &Snapshot) {
        self.seconds.push_back(Arc::clone(&s.start_levels));
        if self.seconds.len() > SECONDS {
            self.seconds.pop_front();
        }
    }

    /// Whether requests wait in line at the server; `was_waiting` when that is what was found before,
    /// `is_crowded` when others take the processor away.
    pub(super) fn line(&self, s: &Snapshot, was_waiting: bool, is_crowded: bool) -> Line {
        let (before, most) = (&self.before, most_in_flight(s));
        let Some((all, then)) = self.seconds.back().zip(self.seconds.front()) else {
            return Line::Unknown;
        };
        let half = most / 2;
        // A class reaches to below twice its least.
        let few = sum(all, before, |least| 2 * least - 1 <= half);
        let Some((now, few)) = sum(all, then, |least| 2 * least > half && least <= most).zip(few)
        else {
            return Line::Unknown;
        };
        let spread = now.spread.max(few.spread).max(SPREAD);
        let error = spread * (1.0 / few.requests + 1.0 / now.requests).sqrt();
        let grown = now.mean - few.mean;
        let (mark, errors) = match (was_waiting, is_crowded) {
            (true, _) => (STILL_QUEUES, 0.0),
            (false, true) => (QUEUES_WHEN_CROWDED, 1.5),
            (false, false) => (QUEUES, 1.5),
        };
        if grown - errors * error > mark.ln() {
            return Line::Waits { now_ms: now.mean.exp(), few_ms: few.mean.exp() };
        }
        let alone = sum(all, before, |least| least == 1);
        let was_quicker =
            alone.is_some_and(|alone| now.mean - alone.mean > ALONE.ln().max(2.0 * now.spread));
        // First requests that took much longer than those of now are no measure.
        let is_alike = grown.abs() < QUEUES.ln();
        // Nor are those of a server that was still warming up.
        let is_steady = few.spread < STEADY * now.spread.max(SPREAD);
        if is_alike && is_steady && !was_quicker { Line::None } else { Line::Unknown }
    }
}
