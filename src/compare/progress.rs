//! The progress of a comparison: plain data for the dashboard, the log lines and the result.

use serde::Serialize;

use super::ipc::{StrategyEnd, StrategyProgress};
use super::lower_bound::{LowerBound, NO_DELAY_S, lower_bound};
use super::strategy::Strategy;

/// The state of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneState {
    /// Not started.
    #[default]
    Waiting,
    /// Running.
    Running,
    /// All URLs of its workload are done.
    Finished,
    /// Stopped or crashed before the end of its workload.
    Failed,
}

/// Maximum samples of a lane; beyond it every other one is dropped.
const MAX_SAMPLES: usize = 1_200;

/// How many requests were in flight at a point in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InFlightSample {
    /// Seconds since the lane's first request.
    pub at_s: f64,
    /// Requests in flight.
    pub in_flight: u64,
}

/// The progress of one strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Which.
    pub strategy: Strategy,
    /// Its state.
    pub state: LaneState,
    /// URLs of its workload.
    pub total: u64,
    /// Its latest figures; the final ones once it has ended.
    pub progress: StrategyProgress,
    /// Requests in flight over time.
    pub samples: Vec<InFlightSample>,
    /// The minimum time that it can take; `None` while that is not known.
    pub lower_bound: Option<LowerBound>,
    /// Its last event.
    pub end: Option<StrategyEnd>,
    /// Why it failed, in a few words.
    pub why: Option<String>,
}

impl Lane {
    /// A lane that has not started.
    #[must_use]
    pub fn new(strategy: Strategy, total: usize) -> Self {
        Self {
            strategy,
            state: LaneState::Waiting,
            total: total as u64,
            progress: StrategyProgress::default(),
            samples: Vec::new(),
            lower_bound: None,
            end: None,
            why: None,
        }
    }

    /// Records the latest figures.
    pub fn advance(&mut self, progress: StrategyProgress) {
        self.progress = progress;
        if self.samples.len() >= MAX_SAMPLES {
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
        }
        let StrategyProgress { elapsed_s: at_s, in_flight, .. } = progress;
        self.samples.push(InFlightSample { at_s, in_flight });
    }

    /// URLs that are done, failed ones included.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.progress.ok + self.progress.failed
    }
}

/// All strategies of a comparison, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComparisonProgress {
    /// What delays are multiplied by.
    pub scale: f64,
    /// Maximum requests in flight, for strategies with a limit.
    pub permits: u32,
    /// Whether the workload is a list of the user; its lower bounds are measured.
    pub is_user_list: bool,
    /// The strategies.
    pub lanes: Vec<Lane>,
    /// Whether all strategies have ended.
    pub finished: bool,
    /// Whether it received a request to stop.
    pub stopping: bool,
}

impl ComparisonProgress {
    /// Computes the lower bounds from the time of each URL, in seconds.
    pub fn set_lower_bounds(&mut self, each_s: &[f64]) {
        // Scaled like the delays, so that the ratios stay the same.
        let no_delay_s = NO_DELAY_S * self.scale;
        for lane in &mut self.lanes {
            lane.lower_bound = lower_bound(lane.strategy, each_s, self.permits, no_delay_s);
        }
    }

    /// The lane of `strategy`.
    #[must_use]
    pub fn lane(&self, strategy: Strategy) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.strategy == strategy)
    }
}
