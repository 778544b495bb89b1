//! A measured hill-climb, after the description of crawlee-python's pull request 2230: doubling, then
//! a spread of probes around the centre that narrows.

use super::{Controller, Finish, Outcome, Settings, View};

/// The most permits that it sets.
const MOST: f64 = 200.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Doubling,
    Centre,
    Above,
    Below,
    Holding,
}

/// The controller.
pub(super) struct HillClimb {
    permits: f64,
    centre: f64,
    spread: f64,
    phase: Phase,
    holds: u32,
    /// Throughput at the centre, and above it.
    at_centre: f64,
    above: f64,
    since: f64,
    answers: f64,
    latency_sum: f64,
    in_flight_before: f64,
    in_flight: f64,
}

impl Default for HillClimb {
    fn default() -> Self {
        Self {
            permits: 10.0,
            centre: 10.0,
            spread: 0.5,
            phase: Phase::Doubling,
            holds: 0,
            at_centre: 0.0,
            above: 0.0,
            since: 0.0,
            answers: 0.0,
            latency_sum: 0.0,
            in_flight_before: 0.0,
            in_flight: 0.0,
        }
    }
}

impl HillClimb {
    fn measure_at(&mut self, permits: f64, t: f64) {
        self.permits = permits.round().clamp(1.0, MOST);
        (self.since, self.answers, self.latency_sum) = (t, 0.0, 0.0);
        self.in_flight_before = self.in_flight;
    }

    /// Where to measure next, after `x` pages per second here.
    fn next(&mut self, x: f64) -> f64 {
        match self.phase {
            Phase::Doubling
                if self.at_centre == 0.0 || (x >= 1.25 * self.at_centre && self.permits < MOST) =>
            {
                (self.at_centre, self.centre) = (x, self.permits);
                return 2.0 * self.permits;
            }
            Phase::Doubling => {
                if x > self.at_centre {
                    self.centre = self.permits;
                }
                self.phase = Phase::Centre;
            }
            Phase::Centre => {
                (self.at_centre, self.phase) = (x, Phase::Above);
                return (self.centre * (1.0 + self.spread)).max(self.centre + 1.0);
            }
            Phase::Above | Phase::Below if x >= 1.1 * self.at_centre => {
                (self.centre, self.phase) = (self.permits, Phase::Centre);
            }
            Phase::Above => {
                (self.above, self.phase) = (x, Phase::Below);
                return (self.centre / (1.0 + self.spread)).min(self.centre - 1.0);
            }
            Phase::Below if self.above >= 1.1 * x && self.at_centre < 1.1 * x => {
                self.phase = Phase::Centre;
            }
            Phase::Below if self.spread > 0.13 => {
                self.spread /= 2.0;
                self.phase = Phase::Centre;
            }
            Phase::Below => {
                (self.phase, self.holds, self.spread) = (Phase::Holding, 0, 0.125);
            }
            Phase::Holding => {
                self.holds += 1;
                if self.holds >= 6 {
                    (self.phase, self.spread) = (Phase::Centre, 0.25);
                }
            }
        }
        self.centre
    }
}

impl Controller for HillClimb {
    fn finished(&mut self, finish: &Finish) {
        if finish.sent_at >= self.since && finish.outcome == Outcome::Ok {
            self.answers += 1.0;
            self.latency_sum += finish.at - finish.sent_at;
        }
    }

    fn tick(&mut self, view: &View) -> Vec<String> {
        self.in_flight = view.in_flight_seconds;
        let busy = view.loop_delay > 0.05 || view.cpu > 0.98;
        if busy && self.phase == Phase::Doubling && self.permits > self.centre {
            self.phase = Phase::Centre;
            self.measure_at(self.centre, view.at);
            return Vec::new();
        }
        if self.answers < (0.8 * self.permits.max(10.0)).max(8.0) {
            return Vec::new();
        }
        let used = (self.in_flight - self.in_flight_before) / (view.at - self.since);
        if used < 0.8 * self.permits && !busy {
            self.measure_at(self.permits, view.at);
        } else {
            let next = self.next(used * self.answers / self.latency_sum);
            self.measure_at(next, view.at);
        }
        Vec::new()
    }

    fn settings(&self) -> Settings {
        Settings::of(self.permits as u32)
    }
}
