//! What can be seen of one host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One host, now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostView {
    /// Host with port, as in URLs.
    pub host: Arc<str>,
    /// URLs waiting for it, on disk as well.
    pub queued: u64,
    /// Requests to it in flight.
    pub in_flight: u32,
    /// URLs of it waiting for another attempt.
    pub retrying: u32,
    /// Maximum requests in flight, by the user's wish or by what it answers; `None` for no limit but the
    /// permits.
    pub limit: Option<u32>,
    /// Maximum requests in flight by what it answers, where that is less than the user allows: lowered
    /// since it answered 503 to more, or for a while after a cooldown. It rises with good answers.
    pub lowered_limit: Option<u32>,
    /// Fewest requests in flight to which it answered 503, while its limit is lowered for that.
    pub refused_at: Option<u32>,
    /// The status, 429 or 503, for which its limit was lowered last.
    #[serde(default)]
    pub lowered_by: Option<u16>,
    /// Gap between the starts of two requests, in ms.
    pub gap_ms: u64,
    /// Whether the gap is that of its robots.txt (otherwise it is the user's).
    pub gap_by_robots: bool,
    /// Requests made to it in this run, while it was known.
    pub requests: u64,
    /// Of these, failed: 5xx, 429 or no answer.
    pub failures: u64,
    /// Requests that ended per second, over the last five to ten seconds.
    #[serde(default)]
    pub requests_per_s: f32,
    /// Share of failures among the last requests, 0..=1.
    pub error_ratio: f32,
    /// Median latency of its last requests, in ms; 0 when nothing was measured.
    pub p50_ms: f32,
    /// 95th percentile, likewise.
    pub p95_ms: f32,
    /// Status of the last answer.
    pub last_status: Option<u16>,
    /// Its breaker.
    pub breaker: BreakerState,
    /// How often it was found to be down, not yet reset.
    pub incidents: u32,
    /// Why nothing more of it is started now; `None` when something may be.
    pub wait: Option<HostWait>,
    /// Whether the user holds it.
    pub held: bool,
    /// Whether the user skips its remaining URLs.
    pub skipped: bool,
    /// Why its remaining URLs end without being fetched though the user does not skip them: it is
    /// given up, refused, or its robots.txt could not be fetched.
    pub ended: Option<Arc<str>>,
    /// Its robots.txt in a few words: `12 rules, delay 2 s`, `none (404)`, `ignored`.
    pub robots: Arc<str>,
}

/// State of a host's circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Requests go out.
    #[default]
    Closed,
    /// It is down: nothing goes out for a while.
    Open,
    /// One request at a time finds out whether it is up again.
    HalfOpen,
}

impl BreakerState {
    /// The word shown for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Why nothing more of a host is started now, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HostWait {
    /// Why: the strictest of all that hold.
    pub why: WaitReason,
    /// For how long, in seconds, where that is known.
    pub for_s: Option<f64>,
}

/// Why a host waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The user holds it.
    Held,
    /// Its robots.txt is being requested.
    Robots,
    /// Its robots.txt could not be fetched: nothing is allowed until it is tried again.
    RobotsUnreachable,
    /// Its breaker is open.
    Breaker,
    /// Its breaker is half-open, and the probe is on its way.
    Probe,
    /// It sent `Retry-After`.
    RetryAfter,
    /// It answered 429, or 503 to everything, without saying for how long.
    Backoff,
    /// The gap that its robots.txt demands.
    RobotsDelay,
    /// The gap that the user set.
    Delay,
    /// As many requests in flight as the user allows.
    Limit,
    /// As many requests in flight as the autopilot allows.
    AutopilotLimit,
    /// As many requests in flight as its lowered limit allows; see [`HostView::lowered_limit`].
    LoweredLimit,
}

impl WaitReason {
    /// The words shown for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held by you",
            Self::Robots => "asking robots.txt",
            Self::RobotsUnreachable => "robots.txt unreachable",
            Self::Breaker => "breaker open",
            Self::Probe => "probing",
            Self::RetryAfter => "Retry-After",
            Self::Backoff => "backing off",
            Self::RobotsDelay => "robots.txt delay",
            Self::Delay => "your delay",
            Self::Limit => "your limit",
            Self::AutopilotLimit => "autopilot's limit",
            Self::LoweredLimit => "lowered limit",
        }
    }
}
