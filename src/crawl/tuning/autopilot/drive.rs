//! A tick: what is measured, and which dials follow at once.

use crate::crawl::tuning::autopilot::controller::{Autopilot, AutopilotPhase};
use crate::crawl::tuning::autopilot::overload_answers::OverloadFinding;
use crate::crawl::tuning::autopilot::parameters::{OVERLOAD_MEMORY, PROBE_EVERY};
use crate::crawl::tuning::autopilot::step::AutopilotCommand;
use crate::crawl::tuning::autopilot::window::Window;
use crate::crawl::tuning::reading::TuningReading;

/// Bounds of the time that requests of the setting before need to drain, in seconds.
const DRAIN: (f64, f64) = (0.2, 10.0);
/// Permits after overload answers, the ceiling below which they stay and for how long, in seconds.
const OVERLOAD_CUT: f64 = 0.7;
const OVERLOAD_CEILING: f64 = 0.9;
/// A cap per host exists from so many hosts on.
const CAP_FROM_HOSTS: u32 = 3;
/// A cap is kept while the new one would be at least this share of it.
const CAP_SLACK: f64 = 0.85;
/// Latencies after which the recent ones fade.
const RECENT: u32 = 400;

impl Autopilot {
    /// Measures, by hand or by the autopilot.
    pub(super) fn observe(&mut self, reading: &TuningReading) {
        let finished = reading.finished;
        self.recent.merge(&finished.latencies);
        if self.recent.total() > RECENT {
            self.recent.fade();
        }
        self.active_hosts = reading.active_hosts;
        self.client.observe(reading);
        self.holding.observe(reading);
        let drain = self.recent_p95().clamp(DRAIN.0, DRAIN.1);
        if self.window.measures() {
            self.window.add(finished);
        } else {
            self.window.advance(drain, reading);
        }
        if let AutopilotPhase::Cruising(cruise) = &mut self.phase {
            cruise.add(finished);
        }
    }

    /// Turns what must be turned.
    pub(super) fn act(&mut self, reading: &TuningReading) {
        if let Some(reason) = self.dial.tick(reading) {
            let calm =
                matches!(self.phase, AutopilotPhase::Cruising(_) | AutopilotPhase::Targeting(_));
            if !calm {
                self.cruise(PROBE_EVERY);
            }
            let command = Some(AutopilotCommand::Rate(self.dial.rate()));
            self.push(command, reason);
        }
        match self.overload.tick(reading) {
            Some(OverloadFinding::TooMany(share)) => return self.yield_to_overload(share),
            Some(OverloadFinding::Unrelated(share)) => self.forgive_overload(share),
            None => {}
        }
        if self.ceiling.is_some_and(|(_, until)| reading.at > until) {
            self.ceiling = None;
            self.ceiling_ended = reading.at;
        }
        self.cap_hosts();
        self.held_by = self.holder(reading);
        match self.phase.clone() {
            AutopilotPhase::Climbing { previous } => self.climb(previous, reading),
            AutopilotPhase::Settling { measured } => self.settle_next(measured, reading),
            AutopilotPhase::Cruising(cruise) => self.cruise_on(cruise, reading),
            AutopilotPhase::Probing(probe) => self.probe(probe, reading),
            AutopilotPhase::Confirming { before, down } => self.confirm(&before, down, reading),
            AutopilotPhase::Verifying { above } => self.verify(&above, reading),
            AutopilotPhase::Targeting(target) => self.aim(target, reading),
            AutopilotPhase::HandedOver => {}
        }
    }

    /// Too many overload answers: permits go down, and stay below where that happened for a while.
    fn yield_to_overload(&mut self, share: f64) {
        let ceiling = (OVERLOAD_CEILING * self.permits).max(1.0);
        self.ceiling_memory = if self.now - self.ceiling_ended < OVERLOAD_MEMORY.0 {
            (2.0 * self.ceiling_memory).min(OVERLOAD_MEMORY.1)
        } else {
            OVERLOAD_MEMORY.0
        };
        self.ceiling = Some((ceiling, self.now + self.ceiling_memory));
        let permits = (OVERLOAD_CUT * self.permits).floor();
        let reason = format!("{:.0} % overload answers: permits lowered", 100.0 * share);
        self.move_to(permits, reason);
        if matches!(self.phase, AutopilotPhase::Targeting(_)) {
            self.window = Window::open(self.now);
        } else {
            self.cruise(PROBE_EVERY);
        }
    }

    /// Fewer permits left the share of overload answers as it was: it climbs again, and bears that share.
    fn forgive_overload(&mut self, share: f64) {
        self.ceiling = None;
        let share = 100.0 * share;
        let reason = format!("{share:.0} % fail with fewer permits as well: that is no overload");
        if matches!(self.phase, AutopilotPhase::Targeting(_)) {
            return self.note(reason);
        }
        self.levels.clear();
        self.restarted = false;
        self.phase = AutopilotPhase::Climbing { previous: None };
        self.move_to(self.permits, reason);
    }

    /// The cap per host follows permits and hosts: up at once, down where it is far too high, so that
    /// not every probe turns it.
    fn cap_hosts(&mut self) {
        let many = self.active_hosts >= CAP_FROM_HOSTS;
        let share = 2.0 * self.permits / f64::from(self.active_hosts.max(1));
        let cap = many.then(|| (share.ceil() as u32).max(2));
        let keep = |old: u32, new: u32| new <= old && f64::from(new) >= CAP_SLACK * f64::from(old);
        if self.host_cap.zip(cap).is_some_and(|(old, new)| keep(old, new)) {
            return;
        }
        if cap != self.host_cap {
            self.host_cap = cap;
            let reason = match cap {
                Some(cap) => format!("{cap} in flight to a host: twice its share"),
                None => "few hosts: no cap per host".to_owned(),
            };
            self.push(Some(AutopilotCommand::HostCap(cap)), reason);
        }
    }
}
