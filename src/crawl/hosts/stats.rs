//! The numbers of one host, in bounded memory: counts, and a coarse histogram of its last
//! latencies.

use std::time::Duration;

use crate::histogram::Histogram;

/// Maximum latency recorded, in ms.
const MAX_MS: u64 = 47_000;
/// When a class of latencies is full, all are halved: old latencies fade.
const FULL: u32 = 200;
/// Weight of the newest request in the running mean.
const NEWEST: f32 = 0.1;

/// The numbers of one host.
#[derive(Debug, Clone, Default)]
pub struct HostStats {
    requests: u64,
    failures: u64,
    last_status: Option<u16>,
    /// In ms, to about a fifth.
    latencies: Histogram<2>,
    mean_ms: Option<f32>,
}

impl HostStats {
    /// A request has ended. Failures are no latency: quick ones would make a dying host look fast.
    pub fn note(&mut self, status: Option<u16>, failed: bool, took: Duration) {
        self.requests += 1;
        self.failures += u64::from(failed);
        if status.is_some() {
            self.last_status = status;
        }
        let ms = took.as_secs_f32() * 1000.0;
        self.mean_ms = Some(self.mean_ms.map_or(ms, |mean| mean + NEWEST * (ms - mean)));
        if failed {
            return;
        }
        let ms = (took.as_millis() as u64).clamp(1, MAX_MS);
        if self.latencies.record(ms) >= FULL {
            self.latencies.halve();
        }
    }

    /// Requests that ended.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Of these, failed.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// Status of the last answer.
    #[must_use]
    pub const fn last_status(&self) -> Option<u16> {
        self.last_status
    }

    /// Running mean of the time a request takes, failures included, in ms.
    #[must_use]
    pub const fn mean_ms(&self) -> Option<f32> {
        self.mean_ms
    }

    /// A percentile of its last latencies in ms, to about a fifth; 0 when nothing was measured.
    #[must_use]
    pub fn percentile(&self, share: f32) -> f32 {
        self.latencies.quantile(f64::from(share)).unwrap_or(0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_near_and_old_latencies_fade() {
        let mut stats = HostStats::default();
        assert!(stats.percentile(0.5) < f32::EPSILON);
        let ms = Duration::from_millis;
        for took in [40, 40, 40, 40, 40, 40, 40, 40, 40, 900] {
            stats.note(Some(200), false, ms(took));
        }
        assert!((32.0..50.0).contains(&stats.percentile(0.5)), "{}", stats.percentile(0.5));
        assert!((700.0..1100.0).contains(&stats.percentile(0.95)), "{}", stats.percentile(0.95));
        for _ in 0..2000 {
            stats.note(Some(200), false, ms(5));
        }
        assert!(stats.percentile(0.99) < 7.0);
        stats.note(None, true, ms(1));
        assert_eq!((stats.requests(), stats.failures()), (2011, 1));
        assert_eq!(stats.last_status(), Some(200));
        stats.note(Some(200), false, Duration::from_hours(1));
    }
}
