//! The latency target: permits that keep the 95th percentile below it, and no more than bring pages.

use crate::crawl::tuning::autopilot::level::AutopilotLevel;
use crate::crawl::tuning::autopilot::parameters::FIRST_PERMITS;

/// What the search for the target remembers.
#[derive(Debug, Clone)]
pub(super) struct LatencyTarget {
    /// In seconds.
    pub(super) p95: f64,
    pub(super) cut_before: bool,
    /// Percentile and permits at the last cut.
    pub(super) last_cut: Option<(f64, f64)>,
    /// Permits before the first cut in vain.
    pub(super) before_cuts: f64,
    pub(super) vain_cuts: u32,
    pub(super) at_one: u32,
    /// The level before the last raise, until that is judged.
    pub(super) before_raise: Option<AutopilotLevel>,
    /// No raise before this time: the last one brought nothing.
    pub(super) raise_from: f64,
}

impl LatencyTarget {
    pub(super) const fn new(p95: f64) -> Self {
        Self {
            p95,
            cut_before: false,
            last_cut: None,
            before_cuts: FIRST_PERMITS,
            vain_cuts: 0,
            at_one: 0,
            before_raise: None,
            raise_from: 0.0,
        }
    }
}
