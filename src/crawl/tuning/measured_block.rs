//! What was measured in about a second, and under which setting.

use std::cmp::Ordering;

use crate::crawl::measure::meter::LatencyHistogram;
use crate::settings::dials::Dials;
use crate::store::TimelineRow;

/// Mean of the requests in flight up to which nothing was.
const MOST_IDLE: f64 = 0.05;

/// What was measured in a block of time, about a second, in which nothing was turned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeasuredBlock {
    /// How long it was, in seconds.
    pub seconds: f64,
    /// Pages that ended, those that were only skipped left out.
    pub pages: u64,
    /// Latencies of the requests that were answered or timed out, in µs.
    pub latencies: LatencyHistogram,
    /// Requests that ended.
    pub requests: u64,
    /// Of these, answers 5xx, time-outs and broken connections.
    pub errors: u64,
    /// Of these, answers 429.
    pub refused: u64,
    /// Of these, attempts after the first.
    pub retries: u64,
    /// Mean of the requests in flight.
    pub in_flight: f64,
    /// Share of the time in which a permit was free and there was no URL for it, 0 to 1.
    pub starved: f64,
    /// Delay of the event loop in ms.
    pub loop_delay_ms: f64,
    /// CPU of this process in per cent of one core.
    pub cpu_percent: f64,
}

impl MeasuredBlock {
    /// Whether nothing was in flight and nothing ended.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.requests == 0 && self.pages == 0 && self.in_flight < MOST_IDLE
    }
}

/// The dials that name a row of the measured table.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MeasuredSetting {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Workers.
    pub workers: u32,
    /// Rate limit in requests per second; `None` for no limit.
    pub rate: Option<f64>,
}

impl From<&Dials> for MeasuredSetting {
    fn from(dials: &Dials) -> Self {
        Self { permits: dials.permits, workers: dials.workers, rate: dials.rate }
    }
}

impl From<&TimelineRow> for MeasuredSetting {
    fn from(row: &TimelineRow) -> Self {
        Self { permits: row.permits, workers: row.workers, rate: row.rate }
    }
}

impl MeasuredSetting {
    /// By permits, workers and rate; no rate limit is the highest rate.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let rate = |setting: &Self| setting.rate.unwrap_or(f64::INFINITY);
        (self.permits, self.workers)
            .cmp(&(other.permits, other.workers))
            .then(rate(self).total_cmp(&rate(other)))
    }
}
