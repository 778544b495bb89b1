//! What the autopilot learnt in earlier runs of a crawl.

use serde::{Deserialize, Serialize};

/// What the autopilot learnt, as plain numbers. Every number is finite; 0 stands for "not known".
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutopilotLearnt {
    /// Permits.
    pub permits: u32,
    /// Mean latency without a queue, in seconds.
    pub low_latency: f64,
    /// Standard error of its logarithm.
    pub low_latency_error: f64,
    /// Variance of pages per second, as a multiple of that of a renewal process; at least 1.
    pub dispersion: f64,
    /// Standard deviation of the logarithm of pages per second from one second to the next.
    pub block_noise: f64,
    /// Request starts per second that answers 429 led to.
    pub rate: f64,
    /// Request starts per second that the user set, which are never exceeded.
    pub user_rate: f64,
}
