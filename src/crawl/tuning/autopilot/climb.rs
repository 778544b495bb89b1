//! The climb, and the choice of the best level after it.

use crate::crawl::tuning::autopilot::controller::{Autopilot, AutopilotPhase};
use crate::crawl::tuning::autopilot::level::{AutopilotLevel, combined, same};
use crate::crawl::tuning::autopilot::parameters::{CLIMB_AGAIN, FIRST_PERMITS, PROBE_EVERY};
use crate::crawl::tuning::autopilot::window::{Window, ready};
use crate::crawl::tuning::reading::TuningReading;

/// Pages per second that a doubling of the permits must bring, as a factor.
const LEAST_GAIN: f64 = 1.25;
/// Longest measurement of a level in doubt, in seconds, with at least so many answers; and with fewer.
const LONGEST: f64 = 10.0;
const ENOUGH_ANSWERS: f64 = 20.0;
const LONGEST_FEW: f64 = 30.0;
/// The latency rose when its logarithm did by so many errors; it is too long by so many.
const QUEUE_ERRORS: f64 = 2.0;
const LATE_ERRORS: f64 = 1.5;
/// Answers without which the first level is measured again before the climb ends at the second.
const SURE_ANSWERS: f64 = 100.0;
/// Latency without a queue from which pages take long, in seconds; factor of the climb there, and the
/// latency up to which nothing queues, as a multiple.
const SLOW: f64 = 0.4;
const SLOW_CLIMB: f64 = 3.0;
const NO_QUEUE: f64 = 1.15;
/// Levels measured after the climb.
const CANDIDATES: u32 = 3;
/// A candidate is measured until its error is this small, or for so long, in seconds.
const CANDIDATE_ERROR: f64 = 0.04;
const CANDIDATE_TIME: f64 = 4.0;
/// Time to the first probe after settling, in seconds.
const FIRST_PROBE: f64 = 4.0;
/// Gaps next to the best level that are worth a measurement, as factors.
const GAP_ABOVE: f64 = 1.35;
const GAP_BELOW: f64 = 1.45;
/// Levels closer than this (of the logarithm) to a measured one are not measured.
const NEAR: f64 = 0.12;

/// What a level of the climb showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LevelVerdict {
    /// It is measured longer.
    Unsure,
    /// Pages per second follow: the climb goes on.
    Follows,
    /// They do not.
    Ends,
}

impl Autopilot {
    /// A tick of the climb.
    pub(super) fn climb(&mut self, previous: Option<AutopilotLevel>, reading: &TuningReading) {
        let Some((level, time)) = self.measured(reading) else { return };
        let limited = self.client.holder(self.permits, reading).is_some();
        if !ready(&level, time) {
            if time > LONGEST_FEW {
                self.window = Window::open(self.now);
            }
            return;
        }
        if !level.filled && !limited {
            self.window = Window::open(self.now);
            return;
        }
        let level = self.join_known(level);
        let Some(previous) = previous else {
            self.keep_level(level);
            let reason = format!("{:.0} permits give {:.1} pages/s", level.permits, level.rate);
            self.climb_from(level, reason);
            return;
        };
        let verdict = match self.judge_level(&previous, &level, time, limited) {
            LevelVerdict::Unsure => return,
            verdict => verdict,
        };
        self.keep_level(level);
        self.learn_low_latency();
        let follows = verdict == LevelVerdict::Follows && !limited && !self.too_late(&level);
        let text = if follows { "climbs on" } else { "climb ends" };
        let reason = self.compare(&previous, &level, text);
        let early = self.levels.len() == 2 && previous.answers < SURE_ANSWERS;
        if follows && self.permits >= self.most().floor() {
            self.note(reason);
            self.cruise(PROBE_EVERY);
        } else if follows {
            self.climb_from(level, reason);
        } else if early && !limited && !self.restarted {
            self.restarted = true;
            self.phase = AutopilotPhase::Climbing { previous: None };
            self.move_to(previous.permits, format!("{reason}; measured again"));
        } else {
            self.settle(reason);
        }
    }

    /// Whether pages per second follow permits. The climb ends only when the latency rose, too: with few
    /// pages of different lengths a lucky level is followed by one that looks poor.
    fn judge_level(
        &mut self,
        previous: &AutopilotLevel,
        level: &AutopilotLevel,
        time: f64,
        limited: bool,
    ) -> LevelVerdict {
        let gain = level.gain(previous);
        let needed = LEAST_GAIN.ln() * (level.permits / previous.permits).log2();
        let longest = if level.answers >= ENOUGH_ANSWERS { LONGEST } else { LONGEST_FEW };
        let close = (gain - needed).abs() < combined(level.error, previous.error);
        if close && time < longest {
            return LevelVerdict::Unsure;
        }
        self.learn_low_latency();
        let error = combined(level.error, self.low.error);
        let queued = self.low.ratio(level.latency).ln() > QUEUE_ERRORS * error;
        if gain > needed || (!queued && time >= longest) {
            LevelVerdict::Follows
        } else if !queued && !limited {
            LevelVerdict::Unsure
        } else {
            LevelVerdict::Ends
        }
    }

    /// Whether the latency is surely beyond the bound of the climb.
    fn too_late(&self, level: &AutopilotLevel) -> bool {
        let error = combined(level.error, self.low.error);
        self.low.ratio(level.latency).ln() - LATE_ERRORS * error > self.goals.climb_bound.ln()
    }

    /// What is known of the level's permits from before, joined with it.
    fn join_known(&self, level: AutopilotLevel) -> AutopilotLevel {
        let known = self.levels.iter().find(|l| same(l.permits, level.permits));
        known.map_or(level, |known| known.joined(&level))
    }

    /// Keeps a level of the climb.
    pub(super) fn keep_level(&mut self, level: AutopilotLevel) {
        self.levels.retain(|l| !same(l.permits, level.permits));
        self.levels.push(level);
    }

    /// Climbs on from a level. Where pages take long, so does each level: the first climb takes larger
    /// steps there while nothing queues.
    fn climb_from(&mut self, level: AutopilotLevel, reason: String) {
        self.phase = AutopilotPhase::Climbing { previous: Some(level) };
        let first = self.climb_factor > CLIMB_AGAIN && level.permits > FIRST_PERMITS;
        let idle = self.low.ratio(level.latency) < NO_QUEUE;
        let slow = self.low.value > SLOW && first && idle;
        let factor = if slow { SLOW_CLIMB } else { self.climb_factor };
        let next = (self.permits * factor).max(self.permits + 2.0);
        self.move_to(next, reason);
    }

    /// Only the first climb begins low enough to learn the latency without a queue.
    fn learn_low_latency(&mut self) {
        if self.climb_factor > CLIMB_AGAIN || !self.low.known() {
            self.low.learn(&self.levels);
        }
    }

    fn best_level(&self) -> Option<AutopilotLevel> {
        let by_worth =
            |a: &&AutopilotLevel, b: &&AutopilotLevel| self.utility(a).total_cmp(&self.utility(b));
        self.levels.iter().max_by(by_worth).copied()
    }

    /// Measured permits next below and above `permits`.
    fn neighbours(&self, permits: f64) -> (Option<f64>, Option<f64>) {
        let all = || self.levels.iter().map(|l| l.permits);
        (
            all().filter(|p| *p < permits).max_by(f64::total_cmp),
            all().filter(|p| *p > permits).min_by(f64::total_cmp),
        )
    }

    /// The climb ended: the computed knee is a candidate where it lies next to the best level.
    fn settle(&mut self, reason: String) {
        self.learn_low_latency();
        let Some(best) = self.best_level() else { return };
        let most = self.levels.iter().map(|l| l.rate).fold(0.0, f64::max);
        let knee = self.knee(most);
        let (below, above) = self.neighbours(best.permits);
        let (below, above) = (below.unwrap_or(1.0), above.unwrap_or(best.permits));
        let between = knee > 1.05 * below && knee < 0.97 * above;
        if between && (knee / best.permits - 1.0).abs() > 0.06 {
            self.phase = AutopilotPhase::Settling { measured: 0 };
            self.move_to(knee, format!("{reason}; the knee should be at {knee:.0}"));
        } else {
            self.move_to(best.permits, reason);
            self.cruise(FIRST_PROBE);
        }
    }

    /// A tick at a candidate.
    pub(super) fn settle_next(&mut self, measured: u32, reading: &TuningReading) {
        let Some((level, time)) = self.measured(reading) else { return };
        let unsure = level.error > CANDIDATE_ERROR && time < CANDIDATE_TIME;
        if !ready(&level, time) || unsure {
            return;
        }
        self.levels.push(level);
        let Some(best) = self.best_level() else { return };
        let reason = format!(
            "{:.0} permits give {:.1} pages/s; best so far {:.0}",
            level.permits, level.rate, best.permits
        );
        let measured = measured + 1;
        let candidate = self.candidate(&best, &level).filter(|_| measured < CANDIDATES);
        if let Some(candidate) = candidate {
            self.phase = AutopilotPhase::Settling { measured };
            self.move_to(candidate, reason);
        } else {
            self.move_to(best.permits, reason);
            self.cruise(FIRST_PROBE);
        }
    }

    /// The middle of a wide gap next to the best level.
    fn candidate(&self, best: &AutopilotLevel, last: &AutopilotLevel) -> Option<f64> {
        let known = |p: f64| self.levels.iter().any(|l| (l.permits / p).ln().abs() < NEAR);
        let (below, above) = self.neighbours(best.permits);
        let middle =
            |gap: Option<f64>| gap.map(|g| (g * best.permits).sqrt()).filter(|m| !known(*m));
        let above =
            above.filter(|a| a / best.permits > GAP_ABOVE && !same(best.permits, last.permits));
        let queued = best.latency > 1.15 * self.low.value;
        let below = below.filter(|b| best.permits / b > GAP_BELOW && queued);
        middle(above).or_else(|| middle(below))
    }
}
