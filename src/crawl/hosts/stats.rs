//! The numbers of one host, in bounded memory: counts, and a coarse histogram of its last
//! latencies.

use std::time::Duration;

use tokio::time::Instant;

use crate::histogram::Histogram;

/// Maximum latency recorded, in ms.
const MAX_MS: u64 = 47_000;
/// When a class of latencies is full, all are halved: old latencies fade.
const FULL: u32 = 200;
/// Weight of the newest request in the running mean.
const NEWEST: f32 = 0.1;

/// What a rate is measured over.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// Requests per second over the last seconds, from two counters: those of the window that runs, and of the one
/// before, weighed by how much of it the last seconds still hold.
#[derive(Debug, Clone, Copy, Default)]
struct RequestRate {
    /// Begin of the window that runs; none before the first request.
    begun: Option<Instant>,
    running: u32,
    before: Option<u32>,
}

impl RequestRate {
    /// Begins a new window where the one that runs is over.
    fn turn(&mut self, now: Instant) {
        let Some(begun) = self.begun else { return };
        let past = now.saturating_duration_since(begun);
        if past < RATE_WINDOW {
            return;
        }
        let windows = (past.as_millis() / RATE_WINDOW.as_millis()) as u32;
        self.before = Some(if windows == 1 { self.running } else { 0 });
        self.running = 0;
        self.begun = Some(begun + RATE_WINDOW * windows);
    }

    fn note(&mut self, now: Instant) {
        self.turn(now);
        self.begun.get_or_insert(now);
        self.running = self.running.saturating_add(1);
    }

    fn per_s(mut self, now: Instant) -> f32 {
        self.turn(now);
        let Some(begun) = self.begun else { return 0.0 };
        let past = now.saturating_duration_since(begun).as_secs_f32();
        let window = RATE_WINDOW.as_secs_f32();
        let running = self.running as f32;
        match self.before {
            // The first window is as long as it has lasted.
            None => running / past.max(1.0),
            Some(before) => (before as f32).mul_add(1.0 - past / window, running) / window,
        }
    }
}

/// The numbers of one host.
#[derive(Debug, Clone, Default)]
pub struct HostStats {
    requests: u64,
    failures: u64,
    last_status: Option<u16>,
    /// In ms, to about a fifth.
    latencies: Histogram<2>,
    mean_ms: Option<f32>,
    rate: RequestRate,
}

impl HostStats {
    /// A request has ended. Failures are no latency: quick ones would make a dying host look fast.
    pub fn note(&mut self, status: Option<u16>, failed: bool, took: Duration, now: Instant) {
        self.rate.note(now);
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

    /// Requests that ended per second, over the last five to ten.
    #[must_use]
    pub fn per_s(&self, now: Instant) -> f32 {
        self.rate.per_s(now)
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
        let (ms, now) = (Duration::from_millis, Instant::now());
        for took in [40, 40, 40, 40, 40, 40, 40, 40, 40, 900] {
            stats.note(Some(200), false, ms(took), now);
        }
        assert!((32.0..50.0).contains(&stats.percentile(0.5)), "{}", stats.percentile(0.5));
        assert!((700.0..1100.0).contains(&stats.percentile(0.95)), "{}", stats.percentile(0.95));
        for _ in 0..2000 {
            stats.note(Some(200), false, ms(5), now);
        }
        assert!(stats.percentile(0.99) < 7.0);
        stats.note(None, true, ms(1), now);
        assert_eq!((stats.requests(), stats.failures()), (2011, 1));
        assert_eq!(stats.last_status(), Some(200));
        stats.note(Some(200), false, Duration::from_hours(1), now);
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let begin = Instant::now();
        let at = |tenths: u32| begin + Duration::from_millis(100) * tenths;
        let mut stats = HostStats::default();
        assert!(stats.per_s(begin) < f32::EPSILON, "no request, no rate");
        for tenth in 0..200 {
            stats.note(Some(200), false, Duration::from_millis(1), at(tenth));
            if tenth >= 20 {
                let rate = stats.per_s(at(tenth));
                assert!((9.0..11.0).contains(&rate), "{rate} after {tenth} tenths");
            }
        }
        let [soon, later, long_after] = [220, 260, 400].map(|tenth| stats.per_s(at(tenth)));
        assert!(soon > later && later >= long_after && long_after < f32::EPSILON);
    }
}
