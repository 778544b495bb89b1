//! Sums of what was measured at one setting under the same conditions: what a row of the measured table is
//! made of.

use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::tuning::{Estimate, MeasuredRow};
use crate::crawl::tuning::block_series::BlockSeries;
use crate::crawl::tuning::measured_block::{MeasuredBlock, MeasuredSetting};
use crate::crawl::tuning::statistics::MeanError;

/// Least time and pages of a row that is shown.
const SHOWN_FROM: (f64, u64) = (3.0, 20);
/// Coefficient of variation of the latency where nothing was answered.
const UNKNOWN_CV: f64 = 1.0;

/// Sums of the blocks of one setting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowSums {
    /// The setting.
    pub setting: MeasuredSetting,
    /// The conditions under which it was measured.
    pub conditions: u32,
    series: BlockSeries,
    latencies: LatencyHistogram,
    pages: u64,
    requests: u64,
    errors: u64,
    refused: u64,
    retries: u64,
    /// Sums of mean times seconds.
    in_flight: f64,
    loop_delay_ms: f64,
    cpu_percent: f64,
}

impl RowSums {
    /// Nothing yet.
    #[must_use]
    pub fn new(setting: MeasuredSetting, conditions: u32) -> Self {
        Self { setting, conditions, ..Self::default() }
    }

    /// Adds a block.
    pub fn add(&mut self, block: &MeasuredBlock) {
        self.series.add(block.seconds, block.pages);
        self.latencies.merge(&block.latencies);
        self.pages += block.pages;
        self.requests += block.requests;
        self.errors += block.errors;
        self.refused += block.refused;
        self.retries += block.retries;
        self.in_flight += block.in_flight * block.seconds;
        self.loop_delay_ms += block.loop_delay_ms * block.seconds;
        self.cpu_percent += block.cpu_percent * block.seconds;
    }

    /// Adds a later stay at the same setting.
    pub fn append(&mut self, later: &Self) {
        self.series.append(&later.series);
        self.latencies.merge(&later.latencies);
        self.pages += later.pages;
        self.requests += later.requests;
        self.errors += later.errors;
        self.refused += later.refused;
        self.retries += later.retries;
        self.in_flight += later.in_flight;
        self.loop_delay_ms += later.loop_delay_ms;
        self.cpu_percent += later.cpu_percent;
    }

    /// Seconds measured.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.series.seconds()
    }

    /// Whether anything was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seconds() <= 0.0
    }

    /// Whether it was held long enough to be shown.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.seconds() >= SHOWN_FROM.0 && self.pages >= SHOWN_FROM.1
    }

    /// Mean latency in seconds and its coefficient of variation.
    fn latency(&self) -> Option<(f64, f64)> {
        let (mean, deviation) = self.latencies.moments()?;
        (mean > 0.0).then_some((mean / 1e6, deviation / mean))
    }

    /// Pages per second.
    #[must_use]
    pub fn rate(&self) -> MeanError {
        let cv = self.latency().map_or(UNKNOWN_CV, |(_, cv)| cv);
        let unknown = MeanError { mean: 0.0, error: f64::INFINITY, dof: 0.0 };
        self.series.rate(cv).unwrap_or(unknown)
    }

    /// Mean latency in seconds with its standard error.
    #[must_use]
    pub fn mean_latency(&self) -> Option<MeanError> {
        let n = self.latencies.count() as f64;
        let (mean, cv) = self.latency()?;
        (n >= 2.0).then_some(MeanError { mean, error: mean * cv / n.sqrt(), dof: n - 1.0 })
    }

    /// Requests that were answered for each page.
    #[must_use]
    pub fn requests_per_page(&self) -> f64 {
        self.latencies.count() as f64 / (self.pages as f64).max(1.0)
    }

    /// Mean of the requests in flight.
    #[must_use]
    pub fn mean_in_flight(&self) -> f64 {
        if self.is_empty() { 0.0 } else { self.in_flight / self.seconds() }
    }

    /// Whether the intervals of pages per second of both overlap; those of too few blocks do.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let (a, b) = (self.rate().interval(), other.rate().interval());
        (a.value - b.value).abs() <= a.ci + b.ci
    }

    /// The row, without what follows from other rows.
    #[must_use]
    pub fn row(&self) -> MeasuredRow {
        let seconds = self.seconds().max(f64::MIN_POSITIVE);
        let share =
            |count: u64| if self.requests == 0 { 0.0 } else { count as f64 / self.requests as f64 };
        let at = |share| self.latencies.quantile(share).unwrap_or(0) as f64 / 1000.0;
        let rate = self.rate().interval();
        MeasuredRow {
            permits: self.setting.permits,
            workers: self.setting.workers,
            rate: self.setting.rate,
            conditions: self.conditions,
            held_s: self.seconds(),
            pages: self.pages,
            pages_per_s: Estimate { value: rate.value, ci: rate.ci },
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            mean_ms: self.latency().map_or(0.0, |(mean, _)| 1000.0 * mean),
            error_share: share(self.errors),
            refused_share: share(self.refused),
            retries: self.retries,
            loop_delay_ms: self.loop_delay_ms / seconds,
            cpu_percent: self.cpu_percent / seconds,
            ..MeasuredRow::default()
        }
    }
}
