//! The latency without a queue, learnt from the lowest levels.

use crate::crawl::tuning::autopilot::level::{AutopilotLevel, combined};

/// Answers that a level needs to count.
const LEAST_ANSWERS: f64 = 8.0;
/// Levels whose latencies differ by less than this (of the logarithm) have no queue.
const SAME: f64 = 0.08;
/// The most that one level may raise it, as a factor.
const MOST_RISE: f64 = 1.3;

/// The latency without a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct LowLatency {
    /// In seconds; 0 when not known.
    pub value: f64,
    /// Standard error of its logarithm.
    pub error: f64,
}

impl LowLatency {
    pub(super) fn known(&self) -> bool {
        self.value > 0.0
    }

    /// A latency as a multiple of it; 1 when not known.
    pub(super) fn ratio(&self, latency: f64) -> f64 {
        if self.known() { latency / self.value } else { 1.0 }
    }

    /// Learns it from the levels of a climb: the lowest one and those above that take no longer.
    pub(super) fn learn(&mut self, levels: &[AutopilotLevel]) {
        let usable = |l: &&AutopilotLevel| l.filled && l.answers >= LEAST_ANSWERS;
        let mut levels: Vec<&AutopilotLevel> = levels.iter().filter(usable).collect();
        levels.sort_by(|a, b| a.permits.total_cmp(&b.permits));
        let Some(first) = levels.first() else { return };
        let (mut sum, mut answers) = (first.latency * first.answers, first.answers);
        let mut error = first.error;
        for level in &levels[1..] {
            let difference = (level.latency * answers / sum).ln();
            if difference.abs() < SAME.max(1.5 * combined(level.error, error)) {
                sum += level.latency * level.answers;
                answers += level.answers;
                error = 1.0 / combined(1.0 / error, 1.0 / level.error);
            } else if difference < 0.0 {
                (sum, answers) = (level.latency * level.answers, level.answers);
                error = level.error;
            } else {
                break;
            }
        }
        *self = Self { value: sum / answers, error };
    }

    /// A level that has no queue took `latency`: it moves by `weight` towards that, and never far.
    pub(super) fn rise(&mut self, latency: f64, weight: f64) {
        if self.known() {
            let moved = (latency - self.value).mul_add(weight, self.value);
            self.value = moved.min(self.value * MOST_RISE);
        }
    }
}
