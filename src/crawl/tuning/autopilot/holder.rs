//! What limits the crawl other than permits: the most urgent of them.

use crate::crawl::tuning::autopilot::controller::Autopilot;
use crate::crawl::tuning::autopilot::step::AutopilotHold;
use crate::crawl::tuning::reading::TuningReading;

/// Share of the ticks from which it counts.
const MOSTLY: f64 = 0.5;

impl Autopilot {
    /// What limits other than the server, if anything does.
    pub(super) fn holder(&self, reading: &TuningReading) -> Option<AutopilotHold> {
        let holding = &self.holding;
        let by_rate = holding.rate_limited > MOSTLY;
        // Workers that wait for the rate are busy as well.
        let is_own = |hold: &AutopilotHold| !(by_rate && matches!(hold, AutopilotHold::Workers));
        if let Some(ours) = self.client.holder(self.permits, reading).filter(is_own) {
            Some(ours)
        } else if holding.starved > MOSTLY {
            Some(AutopilotHold::Frontier(holding.answers))
        } else if by_rate {
            Some(AutopilotHold::Rate(self.dial.rate().unwrap_or(holding.answers)))
        } else if self.permits >= self.max_permits {
            Some(AutopilotHold::Ceiling(self.max_permits as u32))
        } else {
            None
        }
    }
}
