//! Towards the latency target: raises, cuts, and when to give it up.

use crate::crawl::tuning::autopilot::controller::{Autopilot, AutopilotPhase};
use crate::crawl::tuning::autopilot::level::AutopilotLevel;
use crate::crawl::tuning::autopilot::parameters::{CLIMB, FIRST_PERMITS};
use crate::crawl::tuning::autopilot::target::LatencyTarget;
use crate::crawl::tuning::autopilot::window::Window;
use crate::crawl::tuning::reading::TuningReading;

/// A window has so many seconds and answers; or is so old with so many.
const TIME: f64 = 1.0;
const ANSWERS: f64 = 40.0;
const FEW: (f64, f64) = (5.0, 10.0);
/// Permits are raised while the percentile is below this share of the target, and are meant for this share.
const ROOM: f64 = 0.85;
const AIM: f64 = 0.93;
/// Largest raise before the first cut and after, and largest cut.
const FIRST_RAISE: f64 = 2.0;
const RAISE: f64 = 1.10;
const CUT: f64 = 0.6;
/// A raise is judged when its elasticity has this error, or after so many seconds.
const SURE: f64 = 0.1;
const JUDGED_WITHIN: f64 = 5.0;
/// A raise beyond this factor is followed by a smaller one at once.
const SMALL_RAISE: f64 = 1.3;
/// Latency from which something queues, as a multiple of that without a queue.
const QUEUED: f64 = 1.3;
/// Time between two raises when the first brought nothing, in seconds.
const RAISE_EVERY: f64 = 20.0;
/// A cut below this share of the permits that lowers the percentile by less than a tenth was in vain.
const IN_VAIN: (f64, f64) = (0.8, 0.9);
/// Cuts in vain, or windows at one permit, after which the target is out of reach.
const VAIN_CUTS: u32 = 2;
const WINDOWS_AT_ONE: u32 = 3;

impl Autopilot {
    /// A tick towards the target.
    pub(super) fn aim(&mut self, mut target: LatencyTarget, reading: &TuningReading) {
        let Some((level, time)) = self.measured(reading) else { return };
        let few = level.answers < ANSWERS && time < FEW.1;
        if time < TIME || few || level.answers < FEW.0 {
            return;
        }
        let load = level.p95 / target.p95;
        if load > 1.0 {
            target.before_raise = None;
            self.cut(&mut target, level.p95, load);
        } else if let Some(before) = target.before_raise {
            let gain = level.elasticity(&before, 1.0);
            let queued = self.low.ratio(level.latency) > QUEUED;
            if queued && gain.error > SURE && time < JUDGED_WITHIN {
                return;
            }
            target.before_raise = None;
            if queued && gain.value < self.goals.raise_at {
                target.cut_before = true;
                target.raise_from = self.now
                    + if level.permits > SMALL_RAISE * before.permits { 0.0 } else { RAISE_EVERY };
                let reason = self.compare(&before, &level, "not kept");
                self.move_to(before.permits, reason);
            } else {
                self.raise(&mut target, level, load);
            }
        } else {
            self.raise(&mut target, level, load);
        }
        if matches!(self.phase, AutopilotPhase::Targeting(_)) {
            self.phase = AutopilotPhase::Targeting(target);
        }
    }

    /// More permits where there is room, or another window.
    fn raise(&mut self, target: &mut LatencyTarget, level: AutopilotLevel, load: f64) {
        let may = level.filled && self.held_by.is_none() && self.now >= target.raise_from;
        if load >= ROOM || !may {
            self.window = Window::open(self.now);
            return;
        }
        let most = if target.cut_before { RAISE } else { FIRST_RAISE };
        let factor = most.min((AIM / load).max(1.0));
        let permits = (self.permits * factor).max(self.permits + 1.0);
        target.before_raise = Some(level);
        if !target.cut_before {
            self.keep_level(level);
            self.low.learn(&self.levels);
        }
        let reason = format!("p95 {:.0} ms: room for more", 1000.0 * level.p95);
        self.move_to(permits, reason);
    }

    fn cut(&mut self, target: &mut LatencyTarget, p95: f64, load: f64) {
        target.cut_before = true;
        let vain = |(before, permits): (f64, f64)| {
            p95 > IN_VAIN.1 * before && self.permits < IN_VAIN.0 * permits
        };
        if target.last_cut.is_some_and(vain) {
            target.vain_cuts += 1;
        } else {
            target.vain_cuts = 0;
            target.before_cuts = self.permits;
        }
        target.last_cut = Some((p95, self.permits));
        if self.permits <= 1.0 {
            target.at_one += 1;
        }
        if target.vain_cuts >= VAIN_CUTS || target.at_one >= WINDOWS_AT_ONE {
            self.give_up_target(target.before_cuts);
            return;
        }
        let permits = (self.permits * CUT.max(1.0 / load)).floor();
        let reason = format!("p95 {:.0} ms is beyond the target", 1000.0 * p95);
        self.move_to(permits, reason);
    }

    /// Fewer permits do not help: it climbs as it does without a target.
    fn give_up_target(&mut self, permits: f64) {
        self.out_of_reach = true;
        self.levels.clear();
        self.climb_factor = CLIMB;
        self.phase = AutopilotPhase::Climbing { previous: None };
        let reason = "fewer permits do not lower the latency: the target is out of reach";
        self.move_to(permits.max(FIRST_PERMITS), reason.to_owned());
    }
}
