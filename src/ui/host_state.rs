//! The state of a host in one word, as the dashboard shows it.
//!
//! It knows no drawing and no keys.

use crate::crawl::protocol::snapshot::{BreakerState, HostView, WaitReason};

/// How a host is, in a word. In the order of the attention that it needs, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostState {
    /// Its remaining URLs are given up: it is down for good, or refuses the crawler.
    GivenUp,
    /// Its remaining URLs are skipped.
    Skipped,
    /// Nothing to fetch from it.
    Idle,
    /// It is crawled, at its pace.
    Ok,
    /// Its robots.txt is requested, or it demanded a pause.
    Waits,
    /// The user holds it.
    Held,
    /// One request tests whether it is up again.
    Probing,
    /// It is down.
    Open,
}

impl HostState {
    /// The state of a host. A host at its pace (limit, gap) is `Ok`: it is requested as often
    /// as it may be, and a word that changes with every request could not be read.
    #[must_use]
    pub fn of(host: &HostView) -> Self {
        if host.skipped {
            return Self::Skipped;
        }
        if host.ended.is_some() {
            return Self::GivenUp;
        }
        if host.held {
            return Self::Held;
        }
        match host.breaker {
            BreakerState::Open => return Self::Open,
            BreakerState::HalfOpen => return Self::Probing,
            BreakerState::Closed => {}
        }
        let waits = host.wait.is_some_and(|wait| !is_pace(wait.why));
        if waits {
            Self::Waits
        } else if host.queued == 0 && host.in_flight == 0 && host.retrying == 0 {
            Self::Idle
        } else {
            Self::Ok
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::GivenUp => "given up",
            Self::Idle => "idle",
            Self::Ok => "ok",
            Self::Waits => "waits",
            Self::Held => "held",
            Self::Probing => "probing",
            Self::Open => "open",
        }
    }
}

/// Whether a host that waits for this resumes by itself as usual.
#[must_use]
pub const fn is_pace(why: WaitReason) -> bool {
    matches!(
        why,
        WaitReason::RobotsDelay
            | WaitReason::Delay
            | WaitReason::Limit
            | WaitReason::AutopilotLimit
            | WaitReason::LoweredLimit
    )
}
