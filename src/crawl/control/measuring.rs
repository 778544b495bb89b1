//! What is measured of settings, and what of the running second is known so far. `measure` feeds it.

use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::tuning::effect::EffectTracker;
use crate::crawl::tuning::littles_law::LittlesLawCheck;
use crate::crawl::tuning::measured_block::{MeasuredBlock, MeasuredSetting};
use crate::crawl::tuning::measured_table::{MeasuredTable, rows_of_timeline};
use crate::crawl::tuning::pin::PinnedSetting;
use crate::crawl::tuning::reading::TuningReading;
use crate::settings::dials::Dials;
use crate::store::TimelineRow;

/// Shortest and longest time that is left out after a change, in seconds: until requests sent before it are
/// answered.
const LEFT_OUT_S: (f64, f64) = (0.2, 10.0);

/// What is measured of settings, and what of the running second is known so far.
#[derive(Debug)]
pub(super) struct Measuring {
    pub(super) table: MeasuredTable,
    /// Number of the conditions with which this run began.
    pub(super) first_conditions: u32,
    pub(super) effects: EffectTracker,
    pub(super) pin: PinnedSetting,
    /// Who pressed the key of the comparison that turns dials.
    pub(super) pin_by: Origin,
    /// The dials are turned by the comparison itself.
    pub(super) pin_turns: bool,
    pub(super) law: LittlesLawCheck,
    pub(super) law_broken: bool,
    /// What ended since the last block began.
    pub(super) sums: SecondSums,
    /// Blocks that begin before this are left out.
    pub(super) settled_s: f64,
    pub(super) block_began_s: f64,
    pub(super) pages: u64,
    /// Whether a page ended in this run.
    pub(super) has_pages: bool,
}

/// Sums over the ticks of a second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SecondSums {
    ticks: f64,
    starved: f64,
    loop_delay_s: f64,
    requests: u64,
    errors: u64,
    refused: u64,
    retries: u64,
    /// Time and integral of the requests in flight at the first and the last tick.
    first: Option<(f64, f64)>,
    last: (f64, f64),
}

impl SecondSums {
    pub(super) fn add(&mut self, reading: &TuningReading<'_>) {
        let finished = reading.finished;
        self.ticks += 1.0;
        self.starved += f64::from(u8::from(reading.pressure.starved));
        self.loop_delay_s += reading.pressure.loop_delay;
        self.requests += u64::from(finished.requests);
        self.errors += u64::from(finished.errors);
        self.refused += u64::from(finished.refusals);
        self.retries += u64::from(finished.retries);
        self.last = (reading.at, reading.in_flight_seconds);
        self.first.get_or_insert(self.last);
    }

    /// Begins the next second where this one ends.
    pub(super) fn next(&mut self) -> Self {
        let first = (self.ticks > 0.0).then_some(self.last);
        std::mem::replace(self, Self { first, last: self.last, ..Self::default() })
    }

    pub(super) fn block(
        &self,
        seconds: f64,
        pages: u64,
        latencies: &LatencyHistogram,
    ) -> MeasuredBlock {
        let ticks = self.ticks.max(1.0);
        let (since, before) = self.first.unwrap_or(self.last);
        let time = self.last.0 - since;
        MeasuredBlock {
            seconds,
            pages,
            latencies: latencies.clone(),
            requests: self.requests,
            errors: self.errors,
            refused: self.refused,
            retries: self.retries,
            in_flight: if time > 0.0 { (self.last.1 - before) / time } else { 0.0 },
            starved: self.starved / ticks,
            loop_delay_ms: 1000.0 * self.loop_delay_s / ticks,
            cpu_percent: 0.0,
        }
    }
}

impl Measuring {
    /// Nothing is measured yet but what earlier runs stored; `pages` ended in those.
    pub(super) fn new(dials: &Dials, pages: u64, timeline: &[TimelineRow]) -> Self {
        let table = MeasuredTable::new(MeasuredSetting::from(dials), rows_of_timeline(timeline));
        Self {
            first_conditions: table.conditions(),
            table,
            effects: EffectTracker::new(*dials),
            pin: PinnedSetting::default(),
            pin_by: Origin::Key,
            pin_turns: false,
            law: LittlesLawCheck::default(),
            law_broken: false,
            sums: SecondSums::default(),
            settled_s: 0.0,
            block_began_s: 0.0,
            pages,
            has_pages: false,
        }
    }

    /// Number of the present conditions in this run, from 0.
    pub(super) const fn conditions(&self) -> u32 {
        self.table.conditions() - self.first_conditions
    }

    /// Whether all requests that are answered at `at_s` were sent under the setting in force.
    pub(super) const fn is_settled(&self, at_s: f64) -> bool {
        at_s >= self.settled_s
    }

    /// Whether all that ends in the running second was sent under the setting in force.
    pub(super) const fn second_is_settled(&self) -> bool {
        self.is_settled(self.block_began_s)
    }

    /// Leaves out what follows until requests of now are answered.
    pub(super) fn leave_out(&mut self, at_s: f64, last: &Snapshot) {
        let (least, most) = LEFT_OUT_S;
        let answered_s = (last.latency.last_10s.p95 / 1000.0).clamp(least, most);
        self.settled_s = self.settled_s.max(at_s + answered_s);
    }
}
