//! Answers 5xx and time-outs: how many there were in the last two seconds.

use std::collections::VecDeque;

use crate::crawl::tuning::reading::TuningReading;

/// Time over which they are counted, in seconds.
const SPAN: f64 = 2.0;
/// FinishedRequests requests without which nothing is concluded.
const LEAST: u32 = 20;
/// Share beyond which permits are lowered.
const TOLERATED: f64 = 0.02;
/// From so many hosts on the worst one is left out: its own limit deals with it.
const MANY_HOSTS: u32 = 3;

#[derive(Debug, Clone)]
struct Tick {
    at: f64,
    answers: u32,
    hosts: Vec<u32>,
}

/// Overload answers of the last two seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct OverloadAnswers {
    ticks: VecDeque<Tick>,
    /// Only requests sent after this time count.
    counts_from: f64,
}

impl OverloadAnswers {
    /// A tick; returns the share of overload answers when it is too large.
    pub(super) fn tick(&mut self, reading: &TuningReading) -> Option<f64> {
        let failures = reading.finished.overloaded.iter();
        let counted = failures.filter(|f| f.sent_at > self.counts_from);
        let hosts = counted.map(|f| f.host).collect();
        let answers = reading.finished.answers;
        self.ticks.push_back(Tick { at: reading.at, answers, hosts });
        while self.ticks.front().is_some_and(|tick| tick.at < reading.at - SPAN) {
            self.ticks.pop_front();
        }
        let mut hosts: Vec<u32> = self.ticks.iter().flat_map(|t| t.hosts.iter().copied()).collect();
        if hosts.len() < 2 {
            return None;
        }
        let answers: u32 = self.ticks.iter().map(|tick| tick.answers).sum();
        if answers + (hosts.len() as u32) < LEAST {
            return None;
        }
        if reading.active_hosts >= MANY_HOSTS {
            leave_out_worst(&mut hosts);
        }
        let share = hosts.len() as f64 / (f64::from(answers) + hosts.len() as f64);
        if hosts.len() < 2 || share <= TOLERATED {
            return None;
        }
        self.ticks.clear();
        self.counts_from = reading.at;
        Some(share)
    }
}

/// Removes the host that occurs most often.
fn leave_out_worst(hosts: &mut Vec<u32>) {
    hosts.sort_unstable();
    let worst = hosts.chunk_by(|a, b| a == b).max_by_key(|chunk| chunk.len()).map(|chunk| chunk[0]);
    hosts.retain(|host| Some(*host) != worst);
}
