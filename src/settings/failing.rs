//! When a host counts as down, and what counts as a trap.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a host counts as down, and how it is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BreakerSettings {
    /// Requests looked back at, per host.
    pub window: u32,
    /// Fewest of them before anything is concluded.
    #[serde(alias = "least")]
    pub min_requests: u32,
    /// Share of failures that opens the breaker, in 0..=1; above 1 it never opens.
    pub ratio: f64,
    /// First cooldown; doubled per incident, jittered by a tenth.
    #[serde(alias = "rest")]
    pub cooldown: Duration,
    /// Maximum cooldown.
    #[serde(alias = "longest_rest")]
    pub max_cooldown: Duration,
    /// Quiet after which incidents are reset.
    #[serde(alias = "forgive")]
    pub reset_after: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: 20,
            min_requests: 8,
            ratio: 0.5,
            cooldown: Duration::from_secs(5),
            max_cooldown: Duration::from_mins(5),
            reset_after: Duration::from_mins(5),
        }
    }
}

/// What counts as a trap. 0 turns a rule off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrapSettings {
    /// Most times that one path segment, or group of segments, stands in a path.
    pub repeats: u32,
    /// Most segments of a path.
    pub segments: u32,
    /// Longest URL, in bytes.
    pub length: u32,
    /// Most queries of one path.
    pub queries: u32,
    /// Most dates of one pattern of URLs.
    pub dates: u32,
    /// Most years that a date in a URL may lie ahead.
    pub years_ahead: u32,
    /// Most session ids under which one page is fetched.
    pub sessions: u32,
    /// Most pages of one host, or of one pattern of URLs, that hold the same content.
    pub same_content: u32,
    /// Most times in a row that a URL leads to a longer one, where hardly one does not.
    pub growth: u32,
}

impl Default for TrapSettings {
    fn default() -> Self {
        Self {
            repeats: 3,
            segments: 32,
            length: 4096,
            queries: 2000,
            dates: 3000,
            years_ahead: 2,
            sessions: 1,
            same_content: 25,
            growth: 8,
        }
    }
}
