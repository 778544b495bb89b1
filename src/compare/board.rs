//! The picture of a race: plain data, for whoever shows it.

use serde::Serialize;

use super::Strategy;
use super::bound::{AT_ONCE_S, Bound, bound};
use super::order::{End, Progress};

/// Where a strategy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneState {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// At work.
    Running,
    /// Through with its list.
    Finished,
    /// Stopped, or dead, before the end of its list.
    Failed,
}

/// Readings kept of a lane, at most: then every other one is forgotten.
const READINGS: usize = 1_200;

/// How many requests were in flight at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Seconds since the lane's first request.
    pub at_s: f64,
    /// Requests in flight.
    pub in_flight: u64,
}

/// One strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Which.
    pub strategy: Strategy,
    /// Where it is.
    pub state: LaneState,
    /// URLs of its list.
    pub total: u64,
    /// How far it is; the last figures once it is over.
    pub progress: Progress,
    /// How it came to that: requests in flight, in order of time.
    pub readings: Vec<Reading>,
    /// The least time it can take, as far as that is known.
    pub bound: Option<Bound>,
    /// What it said at its end.
    pub end: Option<End>,
    /// Why it failed, in a few words.
    pub why: Option<String>,
}

impl Lane {
    /// A lane whose turn has not come.
    #[must_use]
    pub fn new(strategy: Strategy, total: usize) -> Self {
        Self {
            strategy,
            state: LaneState::Waiting,
            total: total as u64,
            progress: Progress::default(),
            readings: Vec::new(),
            bound: None,
            end: None,
            why: None,
        }
    }

    /// Takes in how far it is.
    pub fn advance(&mut self, progress: Progress) {
        self.progress = progress;
        if self.readings.len() >= READINGS {
            let mut keep = false;
            self.readings.retain(|_| {
                keep = !keep;
                keep
            });
        }
        let Progress { elapsed_s: at_s, in_flight, .. } = progress;
        self.readings.push(Reading { at_s, in_flight });
    }

    /// URLs that are done, whatever came of them.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.progress.ok + self.progress.failed
    }
}

/// All strategies of a comparison, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Board {
    /// What delays are multiplied by.
    pub scale: f64,
    /// Requests in flight at most, for those that have a limit.
    pub permits: u32,
    /// Whether the list is the user's own: its bounds are then measured.
    pub own_list: bool,
    /// The strategies.
    pub lanes: Vec<Lane>,
    /// Whether nothing will change any more.
    pub over: bool,
    /// Whether it was told to stop.
    pub stopping: bool,
}

impl Board {
    /// Works out the bounds from what each URL takes, in seconds.
    pub fn bounds(&mut self, each_s: &[f64]) {
        // An answer at once is short as well when delays are: the same shape in less time.
        let at_once_s = AT_ONCE_S * self.scale;
        for lane in &mut self.lanes {
            lane.bound = bound(lane.strategy, each_s, self.permits, at_once_s);
        }
    }

    /// The lane of `strategy`.
    #[must_use]
    pub fn lane(&self, strategy: Strategy) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.strategy == strategy)
    }
}
