//! Answers 5xx and time-outs: how many there were in the last two seconds, and whether they have to do with
//! the number in flight.
//!
//! Many sites have pages that always fail. Their share is learnt while it is small; where it is large from
//! the beginning, permits are lowered once, and that it did not help tells the same.

use std::collections::VecDeque;

use crate::crawl::tuning::reading::TuningReading;

/// Time over which they are counted, in seconds.
const SPAN: f64 = 2.0;
/// Finished requests without which nothing is concluded, and overload answers.
const LEAST: u32 = 20;
const LEAST_FAILURES: f64 = 3.0;
/// Share beyond which permits are lowered, besides this multiple of the share that pages have anyway.
const TOLERATED: f64 = 0.02;
const BACKGROUND: f64 = 1.5;
/// Standard deviations that the count must be beyond it.
const SURE: f64 = 1.5;
/// Finished requests over which the share that pages have anyway is learnt, and those that count as good
/// from the beginning.
const LEARNT_OVER: f64 = 2000.0;
const GOOD_BEFORE: f64 = 50.0;
/// After permits were lowered the share is measured over so many finished requests and seconds; lowering
/// was in vain where so much of it is left.
const AFTER: (f64, f64) = (60.0, 3.0);
const IN_VAIN: f64 = 0.6;
/// From so many hosts on the worst one is left out: its own limit deals with it.
const MANY_HOSTS: u32 = 3;

#[derive(Debug, Clone)]
struct Tick {
    at: f64,
    answers: u32,
    hosts: Vec<u32>,
}

/// Overload answers and good ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct AnswerCounts {
    failures: f64,
    answers: f64,
}

impl AnswerCounts {
    fn total(self) -> f64 {
        self.failures + self.answers
    }

    fn share(self) -> f64 {
        self.failures / self.total().max(1.0)
    }

    fn add(&mut self, tick: &Tick) {
        self.failures += tick.hosts.len() as f64;
        self.answers += f64::from(tick.answers);
    }
}

/// The check of whether fewer permits helped.
#[derive(Debug, Clone, Copy)]
struct Check {
    /// The share before.
    share: f64,
    since: f64,
    counts: AnswerCounts,
}

/// What overload answers say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum OverloadFinding {
    /// Too many: this share of all.
    TooMany(f64),
    /// Lowering did not help: they have nothing to do with the number in flight.
    Unrelated(f64),
}

/// Overload answers of the last two seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct OverloadAnswers {
    ticks: VecDeque<Tick>,
    /// Only requests sent after this time count.
    counts_from: f64,
    /// What pages have anyway.
    background: AnswerCounts,
    check: Option<Check>,
}

impl OverloadAnswers {
    /// A tick; returns what follows.
    pub(super) fn tick(&mut self, reading: &TuningReading) -> Option<OverloadFinding> {
        let failures = reading.finished.overloaded.iter();
        let counted = failures.filter(|f| f.sent_at > self.counts_from);
        let tick = Tick {
            at: reading.at,
            answers: reading.finished.answers,
            hosts: counted.map(|f| f.host).collect(),
        };
        if let Some(unrelated) = self.check(&tick) {
            return Some(OverloadFinding::Unrelated(unrelated));
        }
        self.ticks.push_back(tick);
        while self.ticks.front().is_some_and(|tick| tick.at < reading.at - SPAN) {
            if let Some(tick) = self.ticks.pop_front() {
                self.learn(&tick);
            }
        }
        let share = self.too_many(reading.active_hosts >= MANY_HOSTS)?;
        self.ticks.clear();
        self.counts_from = reading.at;
        self.check = Some(Check { share, since: reading.at, counts: AnswerCounts::default() });
        Some(OverloadFinding::TooMany(share))
    }

    /// The share of overload answers, where it is too large.
    fn too_many(&self, many_hosts: bool) -> Option<f64> {
        let mut hosts: Vec<u32> = self.ticks.iter().flat_map(|t| t.hosts.iter().copied()).collect();
        if (hosts.len() as f64) < LEAST_FAILURES {
            return None;
        }
        let answers: u32 = self.ticks.iter().map(|tick| tick.answers).sum();
        if answers + (hosts.len() as u32) < LEAST {
            return None;
        }
        if many_hosts {
            leave_out_worst(&mut hosts);
        }
        let failures = hosts.len() as f64;
        let total = f64::from(answers) + failures;
        let tolerated = TOLERATED + BACKGROUND * self.background_share();
        let surely = SURE.mul_add(-failures.sqrt(), failures) > tolerated * total;
        (failures >= LEAST_FAILURES && surely).then_some(failures / total)
    }

    /// The share of failures that pages have anyway.
    fn background_share(&self) -> f64 {
        self.background.failures / (self.background.total() + GOOD_BEFORE)
    }

    fn learn(&mut self, tick: &Tick) {
        self.background.add(tick);
        if self.background.total() > LEARNT_OVER {
            self.background.failures /= 2.0;
            self.background.answers /= 2.0;
        }
    }

    /// Measures whether fewer permits helped; returns the share where they did not.
    fn check(&mut self, tick: &Tick) -> Option<f64> {
        let check = self.check.as_mut()?;
        check.counts.add(tick);
        let (answers, seconds) = AFTER;
        if check.counts.total() < answers || tick.at - check.since < seconds {
            return None;
        }
        let Check { share, counts, .. } = *check;
        self.check = None;
        if counts.failures < LEAST_FAILURES - 1.0 || counts.share() < IN_VAIN * share {
            return None;
        }
        // It counts as if it had been learnt for long.
        let answers = LEARNT_OVER / 2.0;
        let failures = counts.share().max(share) * answers;
        self.background = AnswerCounts { failures, answers: answers - failures };
        self.ticks.clear();
        Some(counts.share())
    }
}

/// Removes the host that occurs most often.
fn leave_out_worst(hosts: &mut Vec<u32>) {
    hosts.sort_unstable();
    let worst = hosts.chunk_by(|a, b| a == b).max_by_key(|chunk| chunk.len()).map(|chunk| chunk[0]);
    hosts.retain(|host| Some(*host) != worst);
}
