//! The messages between this process and that of a strategy: one JSON object per line.

use serde::{Deserialize, Serialize};
use url::Url;

/// The line after the job, which lets the first request begin.
pub const GO: &str = "go\n";

/// The job of the strategy, on standard input, which stays open for as long as it may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyJob {
    /// The URLs, in the order of the workload.
    pub urls: Vec<Url>,
    /// Maximum requests in flight, if the strategy has a limit.
    pub permits: u32,
    /// Pause before a second attempt in ms, if the strategy has one.
    pub backoff_ms: u64,
}

/// The figures of the strategy, on standard output, ten times a second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct StrategyProgress {
    /// URLs with a response 2xx.
    pub ok: u64,
    /// URLs with another response, or none.
    pub failed: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// Time since the first request began, in seconds; it stops when all URLs are done.
    pub elapsed_s: f64,
    /// Resident memory now, in bytes.
    pub rss_bytes: u64,
    /// Peak of resident memory so far, in bytes.
    pub rss_peak_bytes: u64,
    /// Longest the event loop was blocked so far, in ms.
    pub stall_ms: f64,
    /// Rows in the database: during the run as the strategy counts them, at its end counted after
    /// the database was closed; 0 without a database.
    pub saved: u64,
}

/// The result of the strategy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StrategyEnd {
    /// The last figures: `elapsed_s` is the wall time.
    pub progress: StrategyProgress,
    /// The time of each URL, in seconds, if they were fetched one after the other.
    pub each_s: Option<Vec<f64>>,
    /// The first failure: URL and reason.
    pub first_failure: Option<String>,
    /// Why the strategy failed as a whole.
    pub error: Option<String>,
}

/// A line of standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrategyEvent {
    /// The set-up is done: the strategy waits for [`GO`].
    Ready,
    /// The latest figures.
    Progress(StrategyProgress),
    /// The last line.
    End(StrategyEnd),
}
