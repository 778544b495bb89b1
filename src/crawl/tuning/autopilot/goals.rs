//! The thresholds that follow from a mode.

use crate::settings::autopilot_mode::AutopilotMode;

/// The thresholds of a mode. An elasticity is the relative gain of pages per second over the relative
/// gain of permits: 1 far below the knee, 0 far beyond it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Goals {
    /// What a permit costs, as an elasticity, when measured levels are compared.
    pub permit_cost: f64,
    /// Largest mean latency in cruise, as a multiple of the latency without a queue.
    pub latency_bound: f64,
    /// Largest mean latency up to which the climb continues, likewise.
    pub climb_bound: f64,
    /// A higher level is kept from this elasticity on.
    pub raise_at: f64,
    /// A lower level is kept below this elasticity.
    pub lower_at: f64,
    /// The 95th percentile of the latency to keep below, in seconds.
    pub target: Option<f64>,
}

impl From<AutopilotMode> for Goals {
    fn from(mode: AutopilotMode) -> Self {
        let balanced = Self {
            permit_cost: 0.13,
            latency_bound: 4.0,
            climb_bound: 2.0,
            raise_at: 0.15,
            lower_at: 0.125,
            target: None,
        };
        match mode {
            AutopilotMode::Balanced => balanced,
            AutopilotMode::Gentle => Self {
                permit_cost: 0.3,
                latency_bound: 1.5,
                raise_at: 0.40,
                lower_at: 0.35,
                ..balanced
            },
            AutopilotMode::Latency(p95) => Self { target: Some(p95.as_secs_f64()), ..balanced },
        }
    }
}
