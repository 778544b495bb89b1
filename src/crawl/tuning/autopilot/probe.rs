//! A probe: a little more or fewer permits, and back (A-B-A).

use crate::crawl::tuning::autopilot::level::MeasuredLevel;

/// A probe under way.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) up: bool,
    /// The baseline before it.
    pub(super) base: MeasuredLevel,
    /// What the probed level gave; then the way back is measured.
    pub(super) there: Option<MeasuredLevel>,
}

impl Probe {
    pub(super) const fn new(up: bool, base: MeasuredLevel) -> Self {
        Self { up, base, there: None }
    }

    pub(super) const fn up(&self) -> bool {
        self.up
    }
}
