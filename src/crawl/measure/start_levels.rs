//! Latency by how many requests were in flight: what requests took while few were, and what they take now.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::crawl::protocol::snapshot::StartLevel;
use crate::lock::Lock;

/// Classes of levels: 1, 2 to 3, 4 to 7 … 1,024 and more.
const CLASSES: usize = 11;

/// Counts and latencies of the requests answered in a run, by how many were in flight when they began.
#[derive(Debug, Default)]
pub struct StartLevels {
    classes: Mutex<[StartLevel; CLASSES]>,
}

impl StartLevels {
    /// A request that was answered, so long after it was sent: `in_flight` were on their way when it began,
    /// itself included.
    pub fn note(&self, in_flight: u32, answered_in: Duration) {
        let class = (in_flight.max(1).ilog2() as usize).min(CLASSES - 1);
        let log_ms = (answered_in.as_secs_f64() * 1000.0).max(0.001).ln();
        let level = &mut self.classes.locked()[class];
        level.in_flight = 1 << class;
        level.requests += 1;
        level.log_ms += log_ms;
        level.log_ms_squared += log_ms * log_ms;
    }

    /// The classes that requests began in, fewest in flight first.
    #[must_use]
    pub fn view(&self) -> Arc<[StartLevel]> {
        self.classes.locked().iter().filter(|level| level.requests > 0).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_kept_by_powers_of_two_in_flight() {
        let levels = StartLevels::default();
        for (in_flight, ms) in [(1, 10), (2, 20), (3, 80), (5_000, 1)] {
            levels.note(in_flight, Duration::from_millis(ms));
        }
        let view = levels.view();
        assert_eq!(
            view.iter().map(|l| (l.in_flight, l.requests)).collect::<Vec<_>>(),
            [(1, 1), (2, 2), (1024, 1)]
        );
        let mean = (view[1].log_ms / 2.0).exp();
        assert!((mean - 40.0).abs() < 1e-6, "{mean}");
    }
}
