//! Cruise: watching for changes of the server, and the start of a probe.

use crate::crawl::tuning::autopilot::controller::{Autopilot, AutopilotPhase};
use crate::crawl::tuning::autopilot::cruise::Cruise;
use crate::crawl::tuning::autopilot::level::{AutopilotLevel, combined, same};
use crate::crawl::tuning::autopilot::parameters::{LARGEST_DROP, PROBE_EVERY};
use crate::crawl::tuning::autopilot::probe::Probe;
use crate::crawl::tuning::autopilot::window::Sums;
use crate::crawl::tuning::reading::TuningReading;

/// A baseline needs so many answers and seconds, and is measured anew so long before the probe.
const BASELINE_ANSWERS: f64 = 24.0;
const BASELINE_TIME: f64 = 2.0;
const BASELINE_BEFORE: f64 = 6.0;
/// Time without starvation before a baseline counts, in seconds.
const UNDISTURBED: f64 = 1.5;
/// A block has so many answers and seconds; or is so old.
const BLOCK_ANSWERS: f64 = 20.0;
const BLOCK_TIME: f64 = 1.0;
const BLOCK_LONGEST: f64 = 10.0;
/// Blocks that only set the mean, and those that the mean remembers.
const FIRST_BLOCKS: f64 = 4.0;
const MEAN_BLOCKS: f64 = 30.0;
/// The cumulative sum: tolerated deviation, clipping, alarm (in standard deviations).
const SLACK: f64 = 0.7;
const CLIP: f64 = 3.0;
const ALARM: f64 = 7.0;
/// Least standard deviation of a block.
const LEAST_DEVIATION: f64 = 0.03;
/// Coefficient of variation of the time between two answers in a block, where nothing is known.
const BLOCK_CV: f64 = 0.35;
/// A baseline that differs from the first one at these permits by more (of the logarithm) is a change.
const DRIFT: f64 = 0.10;
const DRIFT_ERRORS: f64 = 4.0;
/// Latencies, as multiples of that without a queue: below this only up; above this share of the bound only down.
const ONLY_UP: f64 = 1.10;
const ONLY_DOWN: f64 = 0.9;
/// Permits while our event loop is too late, and how long a setting is kept before, in seconds.
const RELIEF: f64 = 0.85;
const RELIEF_EVERY: f64 = 5.0;

/// What a block showed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Alarm {
    None,
    /// Pages per second rose.
    Up,
    /// They fell, from this many.
    Down(f64),
}

impl Autopilot {
    /// A tick in cruise.
    pub(super) fn cruise_on(&mut self, mut cruise: Box<Cruise>, reading: &TuningReading) {
        if self.window.measures() && cruise.baseline.is_none() {
            cruise.restart(reading);
            if let Some(rate) = cruise.expected.take() {
                cruise.blocks.mean = rate.max(1e-6).ln();
                cruise.blocks.count = FIRST_BLOCKS;
            }
        } else if cruise.baseline.is_some() && !self.watch(&mut cruise, reading) {
            return;
        }
        self.phase = AutopilotPhase::Cruising(cruise);
    }

    /// Watches for changes and starts probes; returns whether it stays in this cruise.
    fn watch(&mut self, cruise: &mut Cruise, reading: &TuningReading) -> bool {
        let t = reading.at;
        if reading.pressure.starved || reading.pressure.rate_limited {
            cruise.disturbed_at = t;
        }
        match self.judge_block(cruise, reading) {
            Alarm::None => {}
            Alarm::Up => {
                self.noise.forget_elasticities();
                cruise.restart(reading);
                cruise.probe_at = t + 2.0;
            }
            Alarm::Down(rate) => {
                let before = AutopilotLevel {
                    permits: self.permits,
                    rate,
                    error: 0.05,
                    ..AutopilotLevel::default()
                };
                self.suspect(before, true, reading);
                return false;
            }
        }
        if self.client.holder(self.permits, reading).is_some() {
            return !self.relieve();
        }
        if t < cruise.probe_at {
            if t >= cruise.probe_at - BASELINE_BEFORE && !cruise.renewed {
                cruise.renewed = true;
                cruise.baseline = Some(Sums::start(reading));
            }
            return true;
        }
        let Some(baseline) = &cruise.baseline else { return true };
        let level = baseline.level(self.permits, reading);
        let long = level.answers >= BASELINE_ANSWERS && t - baseline.since >= BASELINE_TIME;
        if !long || t - cruise.disturbed_at < UNDISTURBED {
            return true;
        }
        if !level.filled {
            cruise.restart(reading);
            return true;
        }
        !self.start_probe(cruise, level, reading)
    }

    /// Our event loop is far too late: fewer permits.
    fn relieve(&mut self) -> bool {
        let act = self.client.overloaded()
            && self.now - self.window.opened > RELIEF_EVERY
            && self.permits > 2.0;
        if act {
            self.move_to(RELIEF * self.permits, "our event loop is too late".to_owned());
            self.cruise(PROBE_EVERY);
        }
        act
    }

    /// Ends a block when it is full, and judges it.
    fn judge_block(&mut self, cruise: &mut Cruise, reading: &TuningReading) -> Alarm {
        let t = reading.at;
        let block = &cruise.blocks;
        let age = t - block.sums.since;
        let answers = block.sums.answers;
        if age < BLOCK_TIME || (answers < BLOCK_ANSWERS && age < BLOCK_LONGEST) {
            return Alarm::None;
        }
        let filled = block.sums.in_flight(reading) >= 0.9f64.mul_add(self.permits, -0.5);
        if !filled || t - cruise.disturbed_at < age + 0.2 {
            cruise.restart(reading);
            return Alarm::None;
        }
        let renewal = (BLOCK_CV / answers.max(1.0).sqrt()).max(LEAST_DEVIATION);
        let baseline = cruise.baseline.as_ref().map(|b| b.level(self.permits, reading));
        let block = &mut cruise.blocks;
        let x = (answers.max(0.5) / age).ln();
        let difference = x - block.mean;
        block.sums = Sums::start(reading);
        block.count += 1.0;
        if block.count <= FIRST_BLOCKS {
            block.mean += difference / block.count;
            return Alarm::None;
        }
        let measured = baseline.map_or(0.0, |b| b.error * (b.answers / answers.max(1.0)).sqrt());
        let deviation = renewal.max(measured).max(self.noise.block);
        self.noise.learn_block(difference.clamp(-CLIP * deviation, CLIP * deviation));
        let z = (difference / deviation).clamp(-CLIP, CLIP);
        block.above = (block.above + z - SLACK).max(0.0);
        block.below = (block.below - z - SLACK).max(0.0);
        block.mean += difference / block.count.min(MEAN_BLOCKS);
        if block.below > ALARM {
            Alarm::Down(block.mean.exp())
        } else if block.above > ALARM {
            Alarm::Up
        } else {
            Alarm::None
        }
    }

    /// Compares the baseline with the first one at these permits, and probes; returns whether cruise ends.
    fn start_probe(
        &mut self,
        cruise: &mut Cruise,
        level: AutopilotLevel,
        reading: &TuningReading,
    ) -> bool {
        let mut rose = false;
        match self.reference.filter(|r| same(r.permits, self.permits)) {
            None => self.reference = Some(level),
            Some(reference) => {
                let drift = level.gain(&reference);
                let error = combined(level.error, reference.error) * self.noise.dispersion.sqrt();
                if drift.abs() > (DRIFT_ERRORS * error).max(DRIFT) {
                    self.reference = Some(level);
                    self.noise.forget_elasticities();
                    rose = drift > 0.0;
                    let knee = self.knee(level.rate).max(LARGEST_DROP * self.permits);
                    if !rose && self.low.known() && knee < 0.88 * self.permits {
                        self.suspect(reference, true, reading);
                        return true;
                    }
                }
            }
        }
        let ratio = self.low.ratio(level.latency);
        let up = if rose || ratio < ONLY_UP {
            true
        } else if ratio > ONLY_DOWN * self.goals.latency_bound {
            false
        } else {
            self.alternate_up = !self.alternate_up;
            self.alternate_up
        };
        let step = self.probe_step(up, &level);
        let permits = if up {
            (step * self.permits).max(self.permits + 2.0)
        } else {
            (self.permits / step).min(self.permits - 2.0)
        };
        let permits = permits.round().min(self.most().floor());
        if permits < 1.0 || same(permits, self.permits) || (up && permits < self.permits) {
            cruise.probe_at = reading.at + PROBE_EVERY;
            cruise.renewed = false;
            return false;
        }
        let reason = format!(
            "{:.0} → {permits:.0}: {}",
            self.permits,
            if up { "probe up" } else { "probe down" }
        );
        self.phase = AutopilotPhase::Probing(Probe::new(up, level));
        self.move_to(permits, reason);
        true
    }
}
