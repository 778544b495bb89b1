//! A probe under way: when each of its levels is known, and what follows.

use crate::crawl::tuning::autopilot::controller::{Autopilot, AutopilotPhase};
use crate::crawl::tuning::autopilot::level::{AutopilotLevel, Elasticity, combined, same};
use crate::crawl::tuning::autopilot::parameters::{
    CLIMB_AGAIN, LARGEST_DROP, PROBE_AFTER_MOVE, PROBE_EVERY,
};
use crate::crawl::tuning::autopilot::prior;
use crate::crawl::tuning::autopilot::probe::Probe;
use crate::crawl::tuning::autopilot::window::ready;
use crate::crawl::tuning::reading::TuningReading;

/// Longest wait for a level that does not get ready, in seconds.
const LONGEST: f64 = 20.0;
/// An elasticity is known well enough with this error.
const WELL_KNOWN: f64 = 0.12;
/// A measurement in doubt takes so many seconds, latencies, and pages.
const DOUBT_TIME: f64 = 5.0;
const DOUBT_LATENCIES: f64 = 3.0;
const DOUBT_PAGES: f64 = 60.0;
const DOUBT_LONGEST: f64 = 10.0;
/// The first and the second A differ: by more than this (of the logarithm) the probe is void.
const VOID: f64 = 0.12;
const VOID_ERRORS: f64 = 4.0;
/// Elasticity and latency at which a kept probe begins a climb.
const CLIMB_ELASTICITY: f64 = 0.5;
const CLIMB_LATENCY: f64 = 1.5;
/// Elasticity from which a level surely has no queue.
const NO_QUEUE: f64 = 0.85;
/// Elasticity below which permits are lowered when the latency is beyond its bound.
const LOWER_LATE: f64 = 0.75;
/// Errors that are taken from an elasticity before permits are raised, and added before they are lowered.
const RAISE_ERRORS: f64 = 1.0;
const LOWER_ERRORS: f64 = 0.15;
/// Steps of a probe, as factors: the least, and the largest of a probe down.
const STEP: f64 = 1.2;
const STEP_UP: f64 = 1.16;
const LARGEST_STEP: f64 = 1.5;
/// A probe down takes the step at which its elasticity would have this error, measured for so many seconds.
const STEP_ERROR: f64 = 0.15;
const STEP_TIME: f64 = 5.0;

impl Autopilot {
    /// The step of a probe. The noisier the server, the larger a step down: that shows more, and
    /// burdens nobody.
    pub(super) fn probe_step(&self, up: bool, base: &AutopilotLevel) -> f64 {
        if up {
            return STEP_UP;
        }
        let answers = (STEP_TIME * base.rate).max(1.0);
        let error = base.error * (base.answers / answers).sqrt() * self.noise.dispersion.sqrt();
        (combined(error, error) / STEP_ERROR).exp().clamp(STEP, LARGEST_STEP)
    }

    /// A tick of a probe.
    pub(super) fn probe(&mut self, probe: Probe, reading: &TuningReading) {
        let Some((level, time)) = self.measured(reading) else { return };
        match probe.there {
            None => self.probe_there(probe, &level, time),
            Some(there) => self.probe_back(&probe, &there, level, time, reading),
        }
    }

    fn probe_there(&mut self, mut probe: Probe, level: &AutopilotLevel, time: f64) {
        let base = probe.base;
        if !ready(level, time) {
            if time > LONGEST {
                self.move_to(base.permits, "too few pages to tell".to_owned());
                self.cruise(PROBE_EVERY);
            }
            return;
        }
        if !level.filled && probe.up {
            self.move_to(base.permits, "more permits are not used".to_owned());
            self.cruise_same(PROBE_EVERY);
            return;
        }
        let elasticity = level.elasticity(&base, self.noise.dispersion);
        let pages = (DOUBT_PAGES / level.rate.max(0.1)).min(DOUBT_LONGEST);
        let long = time >= DOUBT_TIME.max(DOUBT_LATENCIES * level.latency).max(pages);
        let doubtful = (elasticity.value - 0.5).abs() < 2.0 * elasticity.error;
        if elasticity.error > WELL_KNOWN && doubtful && !long {
            return;
        }
        let clear = if probe.up {
            elasticity.value - 2.0 * elasticity.error - 0.2 > self.goals.raise_at
        } else {
            elasticity.value + 2.0 * elasticity.error + 0.1 < self.goals.lower_at
        };
        if clear && !self.noise.contradicts(probe.up, elasticity) {
            self.decide(probe.up, &base, level, elasticity);
        } else {
            probe.there = Some(*level);
            self.phase = AutopilotPhase::Probing(probe);
            let reason = format!("{:.0} → {:.0}: back, to compare", level.permits, base.permits);
            self.move_to(base.permits, reason);
        }
    }

    fn probe_back(
        &mut self,
        probe: &Probe,
        there: &AutopilotLevel,
        level: AutopilotLevel,
        time: f64,
        reading: &TuningReading,
    ) {
        let long = time >= DOUBT_TIME.max(DOUBT_LATENCIES * level.latency);
        if !ready(&level, time) || (level.error > 1.3 * there.error && !long) {
            return;
        }
        if !level.filled {
            self.cruise_same(PROBE_EVERY);
            return;
        }
        let base = probe.base;
        let drift = level.gain(&base);
        let error = combined(level.error, base.error);
        self.noise.learn_dispersion(drift, error);
        if drift.abs() > (VOID_ERRORS * error * self.noise.dispersion.sqrt()).max(VOID) {
            self.note("the server changed meanwhile: the probe is void".to_owned());
            self.suspect(base, drift < 0.0, reading);
            return;
        }
        let both = base.between(&level);
        let elasticity = there.elasticity(&both, self.noise.dispersion);
        self.decide(probe.up, &both, there, elasticity);
    }

    /// Keeps the probed level or goes back.
    fn decide(&mut self, up: bool, base: &AutopilotLevel, there: &AutopilotLevel, new: Elasticity) {
        let prior = prior::elasticity(self.low.ratio(base.latency));
        let pooled = self.noise.pool(up, prior, new);
        let ratio = self.low.ratio(there.latency);
        let bound = self.goals.latency_bound;
        let kept = if up {
            RAISE_ERRORS.mul_add(-pooled.error, pooled.value) > self.goals.raise_at && ratio < bound
        } else {
            let highest = LOWER_ERRORS.mul_add(pooled.error, pooled.value);
            highest < self.goals.lower_at || (ratio > bound && highest < LOWER_LATE)
        };
        let verdict = if kept { "kept" } else { "not kept" };
        let reason = self.compare(base, there, verdict);
        let surely = new.value - new.error > NO_QUEUE;
        if kept && up && new.value > CLIMB_ELASTICITY && ratio < CLIMB_LATENCY {
            if surely {
                self.low.rise(base.latency, 0.3);
            }
            self.climb_again(*base, *there, reason);
        } else if kept {
            let knee = self.knee(there.rate);
            if !up && self.low.known() && knee < 0.9 * there.permits {
                self.phase = AutopilotPhase::Verifying { above: *there };
                self.move_to(knee.max(LARGEST_DROP * there.permits), reason);
                return;
            }
            self.move_if_needed(there.permits, reason);
            self.cruise(PROBE_AFTER_MOVE);
            self.expect(there.rate);
        } else {
            if !up && surely {
                self.low.rise(there.latency.min(base.latency), 0.5);
            }
            self.move_if_needed(base.permits, reason);
            self.cruise_same(PROBE_EVERY);
            self.expect(base.rate);
        }
    }

    fn move_if_needed(&mut self, permits: f64, reason: String) {
        if same(permits, self.permits) {
            self.note(reason);
        } else {
            self.move_to(permits, reason);
        }
    }

    fn climb_again(&mut self, base: AutopilotLevel, level: AutopilotLevel, reason: String) {
        self.levels = vec![base, level];
        self.climb_factor = CLIMB_AGAIN;
        self.phase = AutopilotPhase::Climbing { previous: Some(level) };
        self.move_to((CLIMB_AGAIN * level.permits).max(level.permits + 2.0), reason);
    }
}
