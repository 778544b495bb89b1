//! The autopilot with what the control task keeps beside it, and what viewers see of both.

use std::sync::Arc;

use crate::crawl::protocol::tuning::AutopilotView;
use crate::crawl::tuning::autopilot::{Autopilot, AutopilotState, PROBE_EVERY};
use crate::settings::Settings;
use crate::settings::autopilot_mode::AutopilotMode;

/// The autopilot, once it was switched on, and what belongs to it.
#[derive(Debug, Default)]
pub(super) struct AutopilotDriver {
    pub(super) autopilot: Option<Autopilot>,
    /// What it aimed at last.
    pub(super) mode: AutopilotMode,
    /// The rate that the user set: never exceeded.
    pub(super) user_rate: Option<f64>,
    /// Maximum requests in flight per host.
    pub(super) host_cap: Option<u32>,
    /// What it did at the last tick, and since when.
    pub(super) state: Option<(AutopilotState, f64)>,
    /// Its newest step.
    pub(super) reason: Arc<str>,
}

impl AutopilotDriver {
    pub(super) fn of(settings: &Settings) -> Self {
        let learnt = settings.autopilot_learnt.unwrap_or_default();
        // The rate in force may be the autopilot's own.
        let is_own = settings.rate.is_some_and(|rate| (rate - learnt.rate).abs() < 1e-9);
        let set_before = Some(learnt.user_rate).filter(|rate| *rate > 0.0);
        Self {
            mode: settings.autopilot.unwrap_or_default(),
            user_rate: if is_own { set_before } else { settings.rate },
            ..Self::default()
        }
    }

    /// What viewers see of it at `at_s`.
    pub(super) fn view(&self, driving: bool, paused: bool) -> Option<AutopilotView> {
        let autopilot = self.autopilot.as_ref()?;
        let status = autopilot.status();
        let state = if paused && driving { "paused".to_owned() } else { status.state.to_string() };
        Some(AutopilotView {
            mode: self.mode,
            driving,
            state: state.into(),
            state_since_s: self.state.map_or(0.0, |(_, since_s)| since_s),
            held_by: status.held_by.map(|held_by| held_by.to_string().into()),
            next_probe_s: status.next_probe.map(|seconds| seconds.max(0.0)),
            probe_every_s: PROBE_EVERY,
            probe: autopilot.probed(),
            reason: Arc::clone(&self.reason),
            knee: autopilot.measured_knee().filter(|_| driving),
            rate: status.rate,
            out_of_reach: status.out_of_reach,
        })
    }
}
