//! What goes into a strategy's process and what comes out of it: one JSON object a line.

use serde::{Deserialize, Serialize};
use url::Url;

/// Comes after the order, when the first request may begin: a line of its own.
pub const GO: &str = "go\n";

/// What the strategy is to do, on standard input. That stays open for as long as it may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The list, in its order.
    pub urls: Vec<Url>,
    /// Requests in flight at most, where the strategy has a limit.
    pub permits: u32,
    /// Pause before a second attempt in ms, where the strategy has one.
    pub backoff_ms: u64,
}

/// How far it is, on standard output, ten times a second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Answered 2xx.
    pub ok: u64,
    /// Answered otherwise, or not at all.
    pub failed: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// Time since the first request began, in seconds; stands still once all is done.
    pub elapsed_s: f64,
    /// Resident memory now, in bytes.
    pub rss_bytes: u64,
    /// Its peak so far.
    pub rss_peak_bytes: u64,
    /// Longest the event loop was blocked so far, in ms.
    pub stall_ms: f64,
    /// Rows in the database: so far as the strategy knows, and at its end counted after it was
    /// closed; 0 without one.
    pub saved: u64,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct End {
    /// The last figures: `elapsed_s` is the wall time.
    pub progress: Progress,
    /// What each URL took, in seconds, where they were fetched one after the other.
    pub each_s: Option<Vec<f64>>,
    /// What the first failure was.
    pub first_failure: Option<String>,
    /// Why the strategy could not do its work.
    pub error: Option<String>,
}

/// A line of standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// All is set up: it waits for [`GO`].
    Ready,
    /// How far it is.
    Progress(Progress),
    /// The last line.
    End(End),
}
