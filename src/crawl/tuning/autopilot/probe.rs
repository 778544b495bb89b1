//! A probe: a little more or fewer permits, and back (A-B-A).

use crate::crawl::tuning::autopilot::level::AutopilotLevel;

/// A probe under way.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) up: bool,
    /// The baseline before it.
    pub(super) base: AutopilotLevel,
    /// What the probed level gave; then the way back is measured.
    pub(super) there: Option<AutopilotLevel>,
}

impl Probe {
    pub(super) const fn new(up: bool, base: AutopilotLevel) -> Self {
        Self { up, base, there: None }
    }

    pub(super) const fn up(&self) -> bool {
        self.up
    }
}
