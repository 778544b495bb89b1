//! The autopilot as a controller of a simulated crawl: it adds up what finishes between two ticks.

use crawldeck::crawl::tuning::autopilot::{Autopilot, AutopilotCommand, AutopilotLimits};
use crawldeck::crawl::tuning::finished_requests::{FailedRequest, FinishedRequests};
use crawldeck::crawl::tuning::reading::{Pressure, TuningReading};
use crawldeck::settings::autopilot_learnt::AutopilotLearnt;
use crawldeck::settings::autopilot_mode::AutopilotMode;

use super::super::MAX_PERMITS;
use super::{Controller, Finish, Outcome, Settings, View};

/// The autopilot, and what finished since the last tick.
pub(super) struct Pilot {
    autopilot: Autopilot,
    finished: FinishedRequests,
    settings: Settings,
}

impl Pilot {
    pub(super) fn new(mode: AutopilotMode, learnt: Option<&AutopilotLearnt>) -> Self {
        let limits = AutopilotLimits { max_permits: MAX_PERMITS, max_rate: None };
        let autopilot = Autopilot::new(mode, limits, learnt);
        let settings = Settings::of(autopilot.permits());
        Self { autopilot, finished: FinishedRequests::with_room(), settings }
    }
}

impl Controller for Pilot {
    fn finished(&mut self, finish: &Finish) {
        let failure = FailedRequest { sent_at: finish.sent_at, host: finish.host as u32 };
        match finish.outcome {
            Outcome::Ok => self.finished.answer(finish.at - finish.sent_at),
            Outcome::Refused => self.finished.refuse(failure),
            Outcome::Overload if finish.broken => {}
            Outcome::Overload => self.finished.overload(failure),
        }
    }

    fn tick(&mut self, view: &View) -> Vec<String> {
        let steps = self.autopilot.tick(&TuningReading {
            at: view.at,
            in_flight: view.in_flight,
            in_flight_seconds: view.in_flight_seconds,
            finished: &self.finished,
            active_hosts: view.active_hosts,
            pressure: Pressure {
                starved: view.starved,
                rate_limited: view.rate_limited,
                workers_full: view.workers_full,
                loop_delay: view.loop_delay,
                cpu: view.cpu,
                ..Pressure::default()
            },
        });
        self.finished.clear();
        let mut said = Vec::new();
        for step in steps {
            match step.command {
                Some(AutopilotCommand::Permits(permits)) => self.settings.permits = permits,
                Some(AutopilotCommand::Rate(rate)) => self.settings.rate = rate,
                Some(AutopilotCommand::HostCap(cap)) => self.settings.host_cap = cap,
                None => {}
            }
            said.push(format!("{} | {}", step.reason, self.autopilot.status()));
        }
        said
    }

    fn settings(&self) -> Settings {
        self.settings
    }

    fn replaces_cooldown(&self) -> bool {
        true
    }
}
