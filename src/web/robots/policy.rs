//! From the answer to the request for a robots.txt to what may be fetched (RFC 9309, 2.3.1).
//!
//! It knows no HTTP client: who asks tells it what came.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::web::robots::{RobotsAgents, RobotsTxt};

/// Redirects followed for a robots.txt at most (RFC 9309, 2.3.1.2).
pub const MAX_REDIRECTS: u32 = 5;

/// Longest cause kept, in characters.
const MAX_CAUSE: usize = 120;

/// What came of the request for a robots.txt.
#[derive(Debug, Clone, Copy)]
pub enum RobotsResponse<'reply> {
    /// An answer, redirects followed.
    Answered {
        /// Its status.
        status: u16,
        /// Its decoded body; as much of it as was read.
        body: &'reply [u8],
    },
    /// More than [`MAX_REDIRECTS`] redirects, a loop, or a redirect to what is no web address.
    LostInRedirects,
    /// No answer, and why.
    Unreachable(&'reply str),
}

/// What may be fetched from a host, by its robots.txt or the lack of one.
#[derive(Debug, Clone, PartialEq)]
pub enum RobotsPolicy {
    /// What the rules say.
    Rules(RobotsTxt),
    /// Everything: there is no robots.txt. Holds what came instead, such as `404`.
    Open(String),
    /// Nothing until it is asked again: the host did not say. Holds what came instead.
    Shut(String),
}

impl RobotsPolicy {
    /// What `reply` means for us, by our `names`: rules where there are some (2xx), everything allowed
    /// where there are none (4xx, redirects without end), nothing allowed where it cannot be known
    /// (5xx, no answer). A host that answers 429 is asked again first; see [`Self::at_last`].
    #[must_use]
    pub fn of(reply: RobotsResponse<'_>, names: &RobotsAgents) -> Self {
        match reply {
            RobotsResponse::Answered { status: 200..300, body } => {
                Self::Rules(RobotsTxt::parse(body, names))
            }
            RobotsResponse::Answered { status: 429, .. } => Self::Shut("429".into()),
            RobotsResponse::Answered { status: status @ 300..500, .. } => {
                Self::Open(status.to_string())
            }
            RobotsResponse::Answered { status, .. } => Self::Shut(status.to_string()),
            RobotsResponse::LostInRedirects => Self::Open("endless redirects".into()),
            RobotsResponse::Unreachable(cause) => {
                let plain = cause.chars().map(|c| if c.is_control() { ' ' } else { c });
                Self::Shut(plain.take(MAX_CAUSE).collect())
            }
        }
    }

    /// What it means when the host does not say otherwise however often it is asked: 429 is a 4xx,
    /// there are no rules.
    #[must_use]
    pub fn at_last(&self) -> Option<Self> {
        matches!(self, Self::Shut(why) if why == "429").then(|| Self::Open("429".into()))
    }

    /// Whether path and query of a URL may be fetched.
    #[must_use]
    pub fn allows(&self, path_and_query: &str) -> bool {
        match self {
            Self::Rules(robots) => robots.allows(path_and_query),
            Self::Open(_) => true,
            Self::Shut(_) => false,
        }
    }

    /// The rules, if there are some.
    #[must_use]
    pub const fn rules(&self) -> Option<&RobotsTxt> {
        match self {
            Self::Rules(robots) => Some(robots),
            Self::Open(_) | Self::Shut(_) => None,
        }
    }

    /// The gap between requests that is asked for.
    #[must_use]
    pub const fn delay(&self) -> Option<Duration> {
        match self {
            Self::Rules(robots) => robots.delay(),
            Self::Open(_) | Self::Shut(_) => None,
        }
    }

    /// Whether the robots.txt is to be asked for again before anything else is fetched.
    #[must_use]
    pub const fn asks_again(&self) -> bool {
        matches!(self, Self::Shut(_))
    }

    /// Whether the host answered at all: [`Self::Shut`] holds its status then, else a cause.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        match self {
            Self::Shut(why) => why.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Rules(_) | Self::Open(_) => true,
        }
    }

    /// Memory held, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Rules(robots) => robots.bytes(),
            Self::Open(text) | Self::Shut(text) => size_of::<Self>() + text.len(),
        }
    }
}

/// For a line on the screen: `12 rules, delay 2 s`, `none (404)`, `unreachable: 503`.
impl fmt::Display for RobotsPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules(robots) => robots.fmt(f),
            Self::Open(why) => write!(f, "none ({why})"),
            Self::Shut(why) => write!(f, "unreachable: {why}"),
        }
    }
}

/// As its text.
impl Serialize for RobotsPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
