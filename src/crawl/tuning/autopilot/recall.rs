//! What the autopilot learnt goes out, and comes back in the next run.

use crate::crawl::tuning::autopilot::controller::Autopilot;
use crate::crawl::tuning::autopilot::low_latency::LowLatency;
use crate::crawl::tuning::autopilot::parameters::{CLIMB_AGAIN, FIRST_PERMITS};
use crate::crawl::tuning::autopilot::rate_dial::RateDial;
use crate::settings::autopilot_learnt::AutopilotLearnt;

/// Share of the learnt permits that a resumed crawl begins with.
const BEGIN_WITH: f64 = 0.5;

impl Autopilot {
    /// What it learnt until now.
    #[must_use]
    pub fn learnt(&self) -> AutopilotLearnt {
        AutopilotLearnt {
            permits: self.permits(),
            low_latency: self.low.value,
            low_latency_error: self.low.error,
            dispersion: self.noise.dispersion,
            block_noise: self.noise.block,
            rate: self.dial.rate().unwrap_or(0.0),
            user_rate: self.dial.bound().unwrap_or(0.0),
        }
    }

    /// Begins with what an earlier run learnt. Numbers that make no sense are left out.
    pub(super) fn recall(&mut self, learnt: &AutopilotLearnt, max_rate: Option<f64>) {
        let sound = |x: f64| x.is_finite() && x > 0.0;
        if sound(learnt.low_latency) && sound(learnt.low_latency_error) {
            self.low = LowLatency { value: learnt.low_latency, error: learnt.low_latency_error };
            self.climb_factor = CLIMB_AGAIN;
            self.permits = (BEGIN_WITH * f64::from(learnt.permits)).round().max(FIRST_PERMITS);
        }
        if sound(learnt.dispersion) {
            self.noise.dispersion = learnt.dispersion.clamp(1.0, 40.0);
        }
        if sound(learnt.block_noise) {
            self.noise.block = learnt.block_noise.min(1.0);
        }
        if sound(learnt.rate) {
            self.dial = RateDial::new(Some(learnt.rate), max_rate);
        }
    }
}
