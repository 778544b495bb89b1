//! The autopilot at the dials: who has them, what it turns, and what viewers see of it.

use crate::crawl::control::control_task::Control;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::RunState;
use crate::crawl::protocol::tuning::AutopilotView;
use crate::crawl::tuning::autopilot::{
    Autopilot, AutopilotCommand, AutopilotLimits, AutopilotStep,
};
use crate::crawl::tuning::reading::TuningReading;
use crate::settings::Settings;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::{Dial, Setting, nudged, workers_for};

/// What the user reads when the dials are taken over.
const TAKEN_OVER: &str = "the dials are yours; A gives them back to the autopilot";

/// Whether a command turns a dial that the autopilot turns.
const fn turns_its_dials(command: &Command) -> bool {
    match command {
        Command::Nudge(dial, _) => is_its_dial(*dial),
        Command::Set(setting) => is_its_dial(setting.dial()),
        Command::NudgeBoth(_) | Command::Undo | Command::Redo => true,
        _ => false,
    }
}

const fn is_its_dial(dial: Dial) -> bool {
    matches!(dial, Dial::Permits | Dial::Workers | Dial::Rate)
}

impl Control {
    const fn limits(&self) -> AutopilotLimits {
        let max_permits = self.settings.max_permits;
        AutopilotLimits { max_permits, max_rate: self.autopilot.user_rate }
    }

    /// Starts the autopilot with the crawl, where the settings say so.
    pub(super) fn start_autopilot(&mut self) {
        if let Some(mode) = self.settings.autopilot.take() {
            self.give_dials(mode, Origin::Start);
            self.tune();
        }
    }

    /// Gives the dials to the autopilot, or takes them back.
    pub(super) fn set_autopilot(&mut self, mode: Option<AutopilotMode>, origin: Origin) {
        match mode {
            _ if self.ending || self.run == RunState::Stopping => {
                self.refuse("the crawl is stopping");
            }
            Some(mode) if self.settings.autopilot == Some(mode) => {
                self.refuse(format!("the autopilot has the dials already ({mode})"));
            }
            Some(mode) => self.give_dials(mode, origin),
            None if self.settings.autopilot.is_none() => {
                self.refuse("the autopilot is off already");
            }
            None => {
                self.take_dials(origin);
                self.refuse(TAKEN_OVER);
            }
        }
    }

    /// Gives the dials to the autopilot in the mode that it had last, or takes them back.
    pub(super) fn toggle_autopilot(&mut self, origin: Origin) {
        let mode = self.settings.autopilot.is_none().then_some(self.autopilot.mode);
        self.set_autopilot(mode, origin);
    }

    fn give_dials(&mut self, mode: AutopilotMode, origin: Origin) {
        let (limits, permits) = (self.limits(), self.dials.permits);
        let driver = &mut self.autopilot;
        driver.mode = mode;
        if let Some(autopilot) = &mut driver.autopilot {
            autopilot.resume(mode, permits, limits);
        } else {
            let learnt = self.settings.autopilot_learnt.as_ref();
            driver.autopilot = Some(Autopilot::new(mode, limits, learnt));
        }
        let old = self.settings.autopilot.replace(mode);
        self.cap_hosts(None);
        self.log(ChangeAction::Autopilot { old, new: Some(mode) }, origin, None);
    }

    pub(super) fn take_dials(&mut self, origin: Origin) {
        let Some(old) = self.settings.autopilot.take() else { return };
        if let Some(autopilot) = &mut self.autopilot.autopilot {
            autopilot.hand_over();
        }
        self.cap_hosts(None);
        self.log(ChangeAction::Autopilot { old: Some(old), new: None }, origin, None);
    }

    /// Takes the dials back where a command turns one of them by hand; returns what to tell the user.
    pub(super) fn yield_dials(
        &mut self,
        command: &Command,
        origin: Origin,
    ) -> Option<&'static str> {
        let running = !(self.ending || self.run == RunState::Stopping);
        let takes = self.settings.autopilot.is_some() && running && turns_its_dials(command);
        takes.then(|| {
            self.take_dials(origin);
            TAKEN_OVER
        })
    }

    /// Puts the autopilot's cap on requests in flight to a host; it is not the user's limit.
    fn cap_hosts(&mut self, cap: Option<u32>) {
        self.autopilot.host_cap = cap;
        let drives = self.settings.autopilot.is_some();
        self.context.frontier.set_automatic(cap.filter(|_| drives), drives);
    }

    /// The autopilot reads what was measured, and turns what follows from it.
    pub(super) fn fly(&mut self, reading: &TuningReading<'_>) {
        let driving = self.settings.autopilot.is_some();
        let (limits, permits) = (self.limits(), self.dials.permits);
        let driver = &mut self.autopilot;
        let Some(autopilot) = &mut driver.autopilot else { return };
        if self.run != RunState::Running && driving {
            return;
        }
        if driving && driver.state.is_some() && autopilot.permits() != permits {
            // Something else put the dials, such as a scene.
            autopilot.resume(driver.mode, permits, limits);
        }
        let steps = autopilot.tick(reading);
        let state = autopilot.status().state;
        let learnt = autopilot.learnt();
        if driver.state.is_none_or(|(before, _)| before != state) {
            driver.state = Some((state, reading.at));
        }
        self.settings.autopilot_learnt = Some(learnt);
        for step in steps {
            self.take_step(step);
        }
    }

    fn take_step(&mut self, step: AutopilotStep) {
        let AutopilotStep { command, reason, compared } = step;
        match command {
            Some(AutopilotCommand::Permits(permits)) => {
                let new = (permits, workers_for(permits));
                if new != (self.dials.permits, self.dials.workers) {
                    self.journal.explain(&reason);
                    self.turn_both(new, Origin::Autopilot, None);
                }
            }
            Some(AutopilotCommand::Rate(rate)) => {
                let new = Setting::Rate(rate);
                if new != self.dials.get(Dial::Rate) {
                    self.journal.explain(&reason);
                    self.turn(new, Origin::Autopilot, None);
                }
            }
            Some(AutopilotCommand::HostCap(cap)) => return self.cap_hosts(cap),
            None => {}
        }
        if let Some(compared) = compared {
            self.note_compared(&compared);
        }
        tracing::info!("autopilot: {reason}");
        self.autopilot.reason = reason.into();
    }

    /// A rate that the autopilot did not set itself is its bound from now on.
    pub(super) const fn note_rate(&mut self, setting: Setting, origin: Origin) {
        if let Setting::Rate(rate) = setting
            && !matches!(origin, Origin::Autopilot)
        {
            self.autopilot.user_rate = rate;
        }
    }

    /// Turns permits by so many, and workers with them.
    pub(super) fn nudge_both(&mut self, by: i32, origin: Origin) {
        let old = (self.dials.permits, self.dials.workers);
        let Setting::Permits(permits) = nudged(&self.dials, Dial::Permits, by) else {
            return;
        };
        // Workers that were never turned were not set apart.
        let untouched = old.1 == Settings::default().workers;
        let follow = untouched || old.1 == workers_for(old.0);
        let turned = i64::from(permits) - i64::from(old.0);
        let workers = match nudged(&self.dials, Dial::Workers, turned as i32) {
            Setting::Workers(workers) if !follow => workers,
            // At the end of their range permits stand still, and workers with them.
            _ if turned == 0 => old.1,
            _ => workers_for(permits),
        };
        self.turn_both((permits, workers), origin, None);
    }

    /// Turns permits and workers together.
    pub(super) fn turn_both(&mut self, new: (u32, u32), origin: Origin, undoes: Option<u64>) {
        if self.run == RunState::Stopping {
            return self.refuse("the crawl is stopping: dials have no effect any more");
        }
        let old = (self.dials.permits, self.dials.workers);
        if old == new && undoes.is_none() {
            return self.refuse(format!("permits {}, workers {} already", old.0, old.1));
        }
        self.put(Setting::Permits(new.0));
        self.put(Setting::Workers(new.1));
        self.log(ChangeAction::SetBoth { old, new }, origin, undoes);
    }

    /// What viewers see of the autopilot.
    pub(super) fn autopilot_view(&self) -> Option<AutopilotView> {
        let paused = self.run == RunState::Paused;
        self.autopilot.view(self.settings.autopilot.is_some(), paused)
    }
}
