//! Measuring one setting: sums over the good answers, from when the setting shows in them.

use crate::crawl::tuning::autopilot::level::AutopilotLevel;
use crate::crawl::tuning::finished_requests::FinishedRequests;
use crate::crawl::tuning::latency_buckets::LatencyBuckets;
use crate::crawl::tuning::reading::TuningReading;

/// The least coefficient of variation that a latency is credited with: pages differ.
const LEAST_CV: f64 = 0.2;
/// A window is ready after so many seconds, answers, and latencies.
const LEAST_TIME: f64 = 1.0;
const LEAST_ANSWERS: f64 = 12.0;
const LEAST_LATENCIES: f64 = 2.0;

/// Sums since a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub since: f64,
    pub answers: f64,
    pub latency_sum: f64,
    latency_squares: f64,
    in_flight_before: f64,
    latencies: LatencyBuckets,
}

impl Sums {
    pub(super) fn start(reading: &TuningReading) -> Self {
        Self { since: reading.at, in_flight_before: reading.in_flight_seconds, ..Self::default() }
    }

    pub(super) fn add(&mut self, finished: &FinishedRequests) {
        self.answers += f64::from(finished.answers);
        self.latency_sum += finished.latency_sum;
        self.latency_squares += finished.latency_squares;
        self.latencies.merge(&finished.latencies);
    }

    /// Mean requests in flight.
    pub(super) fn in_flight(&self, reading: &TuningReading) -> f64 {
        let time = (reading.at - self.since).max(1e-9);
        (reading.in_flight_seconds - self.in_flight_before) / time
    }

    /// What was measured until now, at so many permits.
    pub(super) fn level(&self, permits: f64, reading: &TuningReading) -> AutopilotLevel {
        let time = (reading.at - self.since).max(1e-9);
        let count = self.answers.max(1.0);
        let latency = self.latency_sum / count;
        let variance = latency.mul_add(-latency, self.latency_squares / count).max(0.0);
        let cv = if latency > 0.0 { variance.sqrt() / latency } else { 1.0 };
        AutopilotLevel {
            permits,
            rate: self.answers / time,
            latency,
            p95: self.latencies.p95().unwrap_or(latency),
            error: cv.max(LEAST_CV) / count.sqrt(),
            answers: self.answers,
            filled: self.in_flight(reading) >= 0.9f64.mul_add(permits, -0.5),
        }
    }
}

/// The window of one setting: first the requests of the setting before drain, then it measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// When the setting changed.
    pub opened: f64,
    sums: Option<Sums>,
}

impl Window {
    /// The setting changed.
    pub(super) const fn open(at: f64) -> Self {
        Self { opened: at, sums: None }
    }

    /// The setting did not change: it measures at once.
    pub(super) fn open_drained(reading: &TuningReading) -> Self {
        Self { opened: reading.at, sums: Some(Sums::start(reading)) }
    }

    pub(super) fn add(&mut self, finished: &FinishedRequests) {
        if let Some(sums) = &mut self.sums {
            sums.add(finished);
        }
    }

    /// Time passed; after `drain` seconds it begins to measure.
    pub(super) fn advance(&mut self, drain: f64, reading: &TuningReading) {
        if self.sums.is_none() && reading.at - self.opened >= drain {
            self.sums = Some(Sums::start(reading));
        }
    }

    /// Whether it measures.
    pub(super) const fn measures(&self) -> bool {
        self.sums.is_some()
    }

    /// What it measured and for how long; `None` while it drains.
    pub(super) fn level(
        &self,
        permits: f64,
        reading: &TuningReading,
    ) -> Option<(AutopilotLevel, f64)> {
        let sums = self.sums.as_ref()?;
        (reading.at > sums.since).then(|| (sums.level(permits, reading), reading.at - sums.since))
    }
}

/// Whether a level measured for `time` seconds can be used.
pub(super) fn ready(level: &AutopilotLevel, time: f64) -> bool {
    time >= LEAST_TIME && level.answers >= LEAST_ANSWERS && time >= LEAST_LATENCIES * level.latency
}
