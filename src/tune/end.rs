//! Why a sweep ended, and why it climbed no further.

use std::fmt;

/// Why a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepEnd {
    /// It has measured all that it wanted.
    Done,
    /// The budget is used up.
    Budget,
    /// Every URL of the site is done.
    Urls,
    /// The user stopped it.
    Stopped,
    /// The user turned a dial.
    TakenOver,
}

/// What kept a sweep from going to more permits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ClimbEnd {
    /// Pages per second no longer followed the permits.
    Plateau,
    /// The latency grew too much.
    Latency,
    /// The server failed requests at so many permits.
    Overload {
        /// Permits.
        permits: u32,
        /// Share of failed requests, 0 to 1.
        share: f64,
    },
    /// The server answered 429 at so many permits.
    Refused {
        /// Permits.
        permits: u32,
    },
    /// The most permits that are allowed.
    MostPermits(u32),
    /// Permits stayed free, since the host may be asked no more.
    HostPace(String),
    /// Permits stayed free, since URLs came too slowly.
    Frontier(f64),
    /// This machine could not keep up, as the verdict has it.
    OwnLimit(String),
}

impl fmt::Display for ClimbEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plateau => f.write_str("pages/s no longer follow the permits"),
            Self::Latency => f.write_str("the latency grows faster than the pages"),
            Self::Overload { permits, share } => {
                write!(f, "{:.1} % of the requests failed at {permits} permits", 100.0 * share)
            }
            Self::Refused { permits } => write!(f, "the server answers 429 at {permits} permits"),
            Self::MostPermits(most) => {
                write!(
                    f,
                    "pages/s still follow at {most} permits, the most allowed (--max-permits)"
                )
            }
            Self::HostPace(why) => write!(f, "permits stay free: {why}"),
            Self::Frontier(rate) => {
                write!(f, "permits stay free: the frontier gives {rate:.0} URLs a second")
            }
            Self::OwnLimit(why) => {
                write!(
                    f,
                    "pages/s no longer follow the permits, and this machine may be why: {why}"
                )
            }
        }
    }
}
