//! Changes of the server: a drop is confirmed before it is believed, and a computed knee is verified
//! before it is kept.

use crate::crawl::tuning::autopilot::controller::{Autopilot, AutopilotPhase};
use crate::crawl::tuning::autopilot::level::AutopilotLevel;
use crate::crawl::tuning::autopilot::parameters::{LARGEST_DROP, PROBE_AFTER_MOVE, PROBE_EVERY};
use crate::crawl::tuning::autopilot::window::{Window, ready};
use crate::crawl::tuning::reading::TuningReading;

/// A change is confirmed over so many seconds, latencies, and answers; with fewer answers for longer.
const CONFIRM_TIME: f64 = 2.0;
const CONFIRM_LATENCIES: f64 = 2.0;
const CONFIRM_ANSWERS: f64 = 24.0;
const CONFIRM_FEW: (f64, f64) = (6.0, 12.0);
/// A change is at least so large (of the logarithm), and so many errors.
const CHANGE: f64 = 0.10;
const CHANGE_ERRORS: f64 = 3.0;
/// A knee is verified until its error is this small, or for so long, in seconds.
const VERIFY_ERROR: f64 = 0.05;
const VERIFY_TIME: f64 = 4.0;
/// The level above was better from this elasticity on.
const BETTER_ABOVE: f64 = 0.3;
/// Elasticity from which a level surely has no queue.
const NO_QUEUE: f64 = 0.85;
/// Most that the low latency rises at once, as a factor.
const MOST_RISE: f64 = 1.3;

impl Autopilot {
    /// A decision that turns nothing.
    pub(super) fn note(&mut self, reason: String) {
        self.push(None, reason);
    }

    /// Pages per second seem to have changed: it looks again.
    pub(super) fn suspect(&mut self, before: AutopilotLevel, down: bool, reading: &TuningReading) {
        self.phase = AutopilotPhase::Confirming { before, down };
        self.window = Window::open_drained(reading);
    }

    /// A tick of the second look.
    pub(super) fn confirm(&mut self, before: &AutopilotLevel, down: bool, reading: &TuningReading) {
        let Some((level, time)) = self.measured(reading) else { return };
        let few = level.answers < CONFIRM_ANSWERS && time < CONFIRM_FEW.1;
        let short = time < CONFIRM_TIME || time < CONFIRM_LATENCIES * level.latency;
        if short || few || level.answers < CONFIRM_FEW.0 {
            return;
        }
        let change = level.gain(before);
        let error = level.error * self.noise.dispersion.sqrt();
        let real = change.abs() > (CHANGE_ERRORS * error).max(CHANGE);
        self.reference = None;
        if !(real && (change < 0.0) == down && level.filled) {
            self.cruise_same(0.5 * PROBE_EVERY);
            return;
        }
        self.noise.forget_elasticities();
        let knee = self.knee(level.rate).max(LARGEST_DROP * self.permits);
        let reason = format!(
            "{:.1} → {:.1} pages/s at {:.0} permits",
            before.rate, level.rate, self.permits
        );
        if down && self.low.known() && knee < 0.88 * self.permits {
            self.phase = AutopilotPhase::Verifying { above: level };
            self.move_to(knee, format!("{reason}: the knee should be at {knee:.0}"));
        } else {
            self.note(reason);
            self.cruise_same(PROBE_AFTER_MOVE);
        }
    }

    /// A tick at a computed knee.
    pub(super) fn verify(&mut self, above: &AutopilotLevel, reading: &TuningReading) {
        let Some((level, time)) = self.measured(reading) else { return };
        if !ready(&level, time) || (level.error > VERIFY_ERROR && time < VERIFY_TIME) {
            return;
        }
        self.levels = vec![level];
        let elasticity = level.elasticity(above, self.noise.dispersion);
        let worse = 0.5f64.mul_add(elasticity.error, elasticity.value) > BETTER_ABOVE;
        let verdict = if worse { "not kept" } else { "kept" };
        let reason = self.compare(above, &level, verdict);
        if !worse {
            self.note(reason);
            self.cruise(PROBE_AFTER_MOVE);
            return;
        }
        if elasticity.value - elasticity.error > NO_QUEUE && self.low.known() {
            let latency = level.latency.min(above.latency);
            self.low.value = (MOST_RISE * self.low.value).min(latency).max(self.low.value);
        }
        self.move_to(above.permits, reason);
        self.cruise(5.0);
    }
}
