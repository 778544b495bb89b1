//! Sums of what was measured at one setting under the same conditions: what a row of the measured table is
//! made of.

use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::tuning::{Estimate, MeasuredRow};
use crate::crawl::tuning::block_series::BlockSeries;
use crate::crawl::tuning::measured_block::{MeasuredBlock, MeasuredSetting};
use crate::crawl::tuning::statistics::MeanError;
use crate::store::TimelineRow;

/// Least time and pages of a row that is shown.
const SHOWN_FROM: (f64, u64) = (3.0, 20);
/// Coefficient of variation of the latency where nothing is known of it.
const UNKNOWN_CV: f64 = 1.0;
/// Least coefficient of variation that the noise of a count is reckoned with.
const LEAST_CV: f64 = 0.2;
/// Degrees of freedom below which blocks are few.
const FEW_BLOCKS: f64 = 5.0;

/// Sums of stored percentiles and means, each weighted by the requests that it was taken of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct StoredLatency {
    requests: f64,
    p50_ms: f64,
    p95_ms: f64,
    mean_ms: f64,
}

/// Sums of the blocks of one setting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowSums {
    /// The setting.
    pub setting: MeasuredSetting,
    /// The conditions under which it was measured.
    pub conditions: u32,
    series: BlockSeries,
    latencies: LatencyHistogram,
    stored: StoredLatency,
    /// Of stored blocks: squared deviations of their seconds from the mean of the block, and how many more seconds
    /// than blocks there are.
    within: (f64, f64),
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

    /// Adds what was stored of about ten seconds of an earlier run.
    pub fn add_stored(&mut self, row: &TimelineRow) {
        let seconds = row.seconds();
        self.series.add(seconds, row.pages);
        if let Some(sd) = row.pages_sd {
            let freedom = (seconds - 1.0).max(0.0);
            self.within = (self.within.0 + freedom * sd * sd, self.within.1 + freedom);
        }
        if let (Some(p50), Some(p95), Some(mean)) = (row.p50_ms, row.p95_ms, row.mean_ms) {
            let weight = row.requests.max(1) as f64;
            self.stored.requests += weight;
            self.stored.p50_ms += weight * p50;
            self.stored.p95_ms += weight * p95;
            self.stored.mean_ms += weight * mean;
        }
        self.pages += row.pages;
        self.requests += row.requests;
        self.errors += row.errors;
        self.refused += row.refused;
        self.retries += row.retries;
        self.in_flight += row.in_flight * seconds;
        self.loop_delay_ms += row.loop_delay_ms * seconds;
        self.cpu_percent += row.cpu_percent * seconds;
    }

    /// Adds a later stay at the same setting.
    pub fn append(&mut self, later: &Self) {
        self.series.append(&later.series);
        self.latencies.merge(&later.latencies);
        let (mine, other) = (&mut self.stored, &later.stored);
        mine.requests += other.requests;
        mine.p50_ms += other.p50_ms;
        mine.p95_ms += other.p95_ms;
        mine.mean_ms += other.mean_ms;
        self.within = (self.within.0 + later.within.0, self.within.1 + later.within.1);
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
        let rate = self.series.rate(cv).unwrap_or(unknown);
        let (squares, freedom) = self.within;
        if freedom < 1.0 || rate.dof >= FEW_BLOCKS {
            return rate;
        }
        // The seconds of a few stored blocks say more than the blocks do.
        let error = (squares / freedom / self.seconds()).sqrt();
        let least = rate.mean * LEAST_CV / (self.pages as f64).max(1.0).sqrt();
        MeanError { error: error.max(least), dof: freedom, ..rate }
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
        let of_stored =
            |sum: f64| if self.stored.requests > 0.0 { sum / self.stored.requests } else { 0.0 };
        let at = |share, stored| match self.latencies.quantile(share) {
            Some(micros) => micros as f64 / 1000.0,
            None => of_stored(stored),
        };
        let rate = self.rate().interval();
        MeasuredRow {
            permits: self.setting.permits,
            workers: self.setting.workers,
            rate: self.setting.rate,
            conditions: self.conditions,
            held_s: self.seconds(),
            pages: self.pages,
            pages_per_s: Estimate { value: rate.value, ci: rate.ci },
            p50_ms: at(0.5, self.stored.p50_ms),
            p95_ms: at(0.95, self.stored.p95_ms),
            mean_ms: self
                .latency()
                .map_or(of_stored(self.stored.mean_ms), |(mean, _)| 1000.0 * mean),
            error_share: share(self.errors),
            refused_share: share(self.refused),
            retries: self.retries,
            loop_delay_ms: self.loop_delay_ms / seconds,
            cpu_percent: self.cpu_percent / seconds,
            ..MeasuredRow::default()
        }
    }
}
