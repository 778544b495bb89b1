//! Cruise: watching one setting. Blocks of pages show whether the server changed (a cumulative sum of
//! clipped deviations); a baseline is measured before each probe.

use crate::crawl::tuning::autopilot::window::Sums;
use crate::crawl::tuning::finished_requests::FinishedRequests;
use crate::crawl::tuning::reading::TuningReading;

/// Sums of the present block and the mean of those before.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    pub(super) sums: Sums,
    pub(super) mean: f64,
    pub(super) count: f64,
    pub(super) above: f64,
    pub(super) below: f64,
}

/// What cruise remembers.
#[derive(Debug, Clone, Default)]
pub(super) struct Cruise {
    pub(super) probe_at: f64,
    /// The baseline, once requests of the setting before have drained.
    pub(super) baseline: Option<Sums>,
    /// Whether the baseline was started anew for the next probe.
    pub(super) renewed: bool,
    pub(super) blocks: Blocks,
    pub(super) disturbed_at: f64,
    /// Pages per second that these permits gave when they were measured last.
    pub(super) expected: Option<f64>,
}

impl Cruise {
    pub(super) fn new(probe_at: f64) -> Self {
        Self { probe_at, ..Self::default() }
    }

    pub(super) const fn probe_at(&self) -> f64 {
        self.probe_at
    }

    pub(super) fn add(&mut self, finished: &FinishedRequests) {
        if let Some(baseline) = &mut self.baseline {
            baseline.add(finished);
            self.blocks.sums.add(finished);
        }
    }

    pub(super) fn restart(&mut self, reading: &TuningReading) {
        self.baseline = Some(Sums::start(reading));
        self.blocks = Blocks { sums: Sums::start(reading), ..Blocks::default() };
    }
}
