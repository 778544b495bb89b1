//! The rate dial: answers 429 lower the rate of the whole crawl, and a search finds the limit.

use std::collections::VecDeque;

use crate::crawl::tuning::reading::TuningReading;

/// Answers to requests sent less than this after a change are not judged by it, in seconds.
const IN_TRANSIT: f64 = 0.3;
/// Answers 429 further apart than this are unrelated, in seconds.
const RELATED: f64 = 3.0;
/// Time over which good answers are counted for the first rate, in seconds.
const SPAN: f64 = 2.0;
/// Factors: first rate, step of the search, rate after a refusal that ended it, and any other refusal.
const FIRST: f64 = 0.9;
const SEARCH: f64 = 1.10;
const BACK: f64 = 0.98;
const LOWER: f64 = 0.95;
/// After so many steps of the search without a refusal the first rate was plainly too low: longer steps follow, until
/// the first refusal.
const LEAP: (u32, f64) = (3, 1.25);
/// One careful raise after so long without refusals, as a factor and in seconds; the wait doubles with each raise
/// that was refused.
const RAISE: f64 = 1.05;
const WAIT: (f64, f64) = (60.0, 960.0);
/// A raise without refusals for so long is kept, in seconds.
const KEPT_AFTER: f64 = 20.0;
/// From so many hosts on a 429 is its host's business, and not that of the rate of the whole crawl.
const SEVERAL_HOSTS: u32 = 3;
/// The lowest rate, per second.
const LOWEST: f64 = 0.2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RatePhase {
    Searching,
    Holding,
    Raising,
}

/// The rate dial.
#[derive(Debug, Clone)]
pub(super) struct RateDial {
    rate: Option<f64>,
    /// The rate that the user set: never exceeded.
    bound: f64,
    /// The highest rate that was not refused.
    good: f64,
    phase: RatePhase,
    /// Steps of the search without a refusal; `None` once it has met one.
    steps: Option<u32>,
    changed_at: f64,
    wait: f64,
    refusals: u32,
    refused_at: f64,
    /// Whether the dial limited since it was last judged.
    limited: bool,
    /// Good answers of the last ticks: time and number.
    answers: VecDeque<(f64, u32)>,
}

impl RateDial {
    /// `rate` is where an earlier run ended, `bound` what the user set.
    pub(super) fn new(rate: Option<f64>, bound: Option<f64>) -> Self {
        let bound = bound.unwrap_or(f64::INFINITY);
        let rate = rate.map(|r| r.min(bound));
        Self {
            rate,
            bound,
            good: rate.unwrap_or(0.0),
            phase: RatePhase::Holding,
            steps: Some(0),
            changed_at: 0.0,
            wait: WAIT.0,
            refusals: 0,
            refused_at: f64::NEG_INFINITY,
            limited: false,
            answers: VecDeque::new(),
        }
    }

    pub(super) const fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The rate that the user set.
    pub(super) fn bound(&self) -> Option<f64> {
        Some(self.bound).filter(|bound| bound.is_finite())
    }

    /// The user set another rate, or none.
    pub(super) fn set_bound(&mut self, bound: Option<f64>) {
        self.bound = bound.unwrap_or(f64::INFINITY);
        self.rate = self.rate.map(|rate| rate.min(self.bound));
    }

    /// A tick; returns why the rate changed, if it did.
    pub(super) fn tick(&mut self, reading: &TuningReading) -> Option<String> {
        let t = reading.at;
        self.answers.push_back((t, reading.finished.answers));
        while self.answers.front().is_some_and(|(at, _)| *at <= t - SPAN) {
            self.answers.pop_front();
        }
        let alone = reading.active_hosts < SEVERAL_HOSTS;
        for failure in reading.finished.refused.iter().filter(|_| alone) {
            if self.rate.is_none() || failure.sent_at > self.changed_at + IN_TRANSIT {
                self.refusals += 1;
                self.refused_at = t;
            }
        }
        if t - self.refused_at > RELATED {
            self.refusals = 0;
        }
        let reason = match self.rate {
            None if self.refusals >= 2 => {
                let counted: u32 = self.answers.iter().map(|(_, n)| n).sum();
                let since = self.answers.front().map_or(t, |(at, _)| *at);
                let span = (t - since).clamp(0.5, SPAN);
                let rate = (FIRST * f64::from(counted) / span).max(0.5);
                let rate = self.set(rate, RatePhase::Searching, t);
                self.good = rate;
                Some(format!("429 answers: rate {rate:.1}/s, search for the limit"))
            }
            None => None,
            Some(rate) => self.turn(rate, t),
        };
        self.limited |= reading.pressure.rate_limited;
        reason
    }

    fn turn(&mut self, rate: f64, t: f64) -> Option<String> {
        let age = t - self.changed_at;
        if self.refusals >= 1 && age > 0.5 {
            if self.phase == RatePhase::Raising {
                self.wait = (2.0 * self.wait).min(WAIT.1);
            }
            let leapt = self.phase == RatePhase::Searching && self.leaps();
            let new =
                if self.phase == RatePhase::Holding { LOWER * rate } else { BACK * self.good };
            // A long step went too far: the search goes on in short ones.
            let phase = if leapt { RatePhase::Searching } else { RatePhase::Holding };
            let new = self.set(new.max(LOWEST), phase, t);
            (self.good, self.steps) = (new, None);
            return Some(format!("429 again: rate {rate:.1} → {new:.1}/s"));
        }
        match self.phase {
            RatePhase::Searching
                if age > RELATED.max(10.0 / rate) && t - self.refused_at > SPAN =>
            {
                if self.limited && rate < self.bound {
                    self.good = rate;
                    self.steps = self.steps.map(|steps| steps + 1);
                    let step = if self.leaps() { LEAP.1 } else { SEARCH };
                    let new = self.set(step * rate, RatePhase::Searching, t);
                    return Some(format!("no 429: rate {rate:.1} → {new:.1}/s"));
                }
                if age >= KEPT_AFTER {
                    self.phase = RatePhase::Holding;
                }
            }
            RatePhase::Raising if age > KEPT_AFTER => {
                self.good = rate;
                self.phase = RatePhase::Holding;
            }
            RatePhase::Holding if age > self.wait && self.limited && rate < self.bound => {
                let new = self.set(RAISE * self.good, RatePhase::Raising, t);
                return Some(format!("no 429 for {age:.0} s: rate {rate:.1} → {new:.1}/s"));
            }
            RatePhase::Searching | RatePhase::Holding | RatePhase::Raising => {}
        }
        None
    }

    /// Whether the last step of the search was a long one.
    fn leaps(&self) -> bool {
        self.steps.is_some_and(|steps| steps > LEAP.0)
    }

    /// Sets the rate, within its bound; returns it.
    fn set(&mut self, rate: f64, phase: RatePhase, t: f64) -> f64 {
        let rate = rounded(rate).min(self.bound);
        self.rate = Some(rate);
        self.phase = phase;
        self.changed_at = t;
        self.refusals = 0;
        self.limited = false;
        rate
    }
}

/// A rate as people read it.
fn rounded(rate: f64) -> f64 {
    let steps = if rate < 10.0 { 100.0 } else { 10.0 };
    (rate * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::tuning::finished_requests::{FailedRequest, FinishedRequests};
    use crate::crawl::tuning::reading::Pressure;

    /// Runs against a server that answers `limit` requests a second, until `until`; returns its share of answers 429.
    fn run(dial: &mut RateDial, limit: f64, (from, until): (f64, f64)) -> f64 {
        let (mut t, mut tokens, mut debt) = (from, 0.0, 0.0);
        let (mut answered, mut refused) = (0, 0);
        while t < until {
            t += 0.1;
            tokens = (tokens + 0.1 * limit).min(limit / 5.0);
            debt += 0.1 * dial.rate().unwrap_or(limit);
            let mut finished = FinishedRequests::default();
            while debt >= 1.0 {
                debt -= 1.0;
                if tokens >= 1.0 {
                    tokens -= 1.0;
                    finished.answer(0.05);
                    answered += 1;
                } else {
                    finished.refuse(FailedRequest { sent_at: t, host: 0 });
                    refused += 1;
                }
            }
            let pressure = Pressure { rate_limited: dial.rate().is_some(), ..Pressure::default() };
            dial.tick(&TuningReading {
                at: t,
                in_flight: 1,
                in_flight_seconds: t,
                finished: &finished,
                active_hosts: 1,
                pressure,
            });
        }
        f64::from(refused) / f64::from(answered + refused)
    }

    #[test]
    fn a_first_rate_that_was_far_too_low_is_left_soon() {
        let mut dial = RateDial::new(None, None);
        // Two answers 429 before a tenth of what the server gives was answered.
        let mut early = FinishedRequests::default();
        (0..3).for_each(|_| early.answer(0.05));
        (0..2).for_each(|_| early.refuse(FailedRequest { sent_at: 0.1, host: 0 }));
        let reading = TuningReading {
            at: 0.1,
            in_flight: 1,
            in_flight_seconds: 0.1,
            finished: &early,
            active_hosts: 1,
            pressure: Pressure::default(),
        };
        assert!(dial.tick(&reading).is_some());
        assert!(dial.rate().is_some_and(|rate| rate < 6.0), "{dial:?}");
        let share = run(&mut dial, 40.0, (0.1, 60.0));
        assert!(dial.rate().is_some_and(|rate| (34.0..=42.0).contains(&rate)), "{dial:?}");
        assert!(share < 0.005, "{share}");
    }

    #[test]
    fn a_good_first_rate_is_searched_in_short_steps() {
        let mut dial = RateDial::new(Some(36.0), None);
        dial.set(36.0, RatePhase::Searching, 0.0);
        let mut highest = 0.0_f64;
        for second in 0..40 {
            let from = f64::from(second);
            run(&mut dial, 40.0, (from, from + 1.0));
            highest = highest.max(dial.rate().unwrap_or_default());
        }
        assert!(highest < 46.0, "{highest}");
        assert!(dial.rate().is_some_and(|rate| (36.0..=40.0).contains(&rate)), "{dial:?}");
    }
}
