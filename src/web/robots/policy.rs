//! Interprets the response to the request for a robots.txt (RFC 9309, 2.3.1).
//!
//! This module knows no HTTP client: the caller passes the response.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use url::Url;

use crate::web::robots::{RobotsAgents, RobotsTxt};

/// Maximum number of redirects followed for a robots.txt (RFC 9309, 2.3.1.2).
pub const MAX_REDIRECTS: u32 = 5;

/// Maximum length of a stored cause, in characters.
const MAX_CAUSE: usize = 120;

/// The outcome of the request for a robots.txt.
#[derive(Debug, Clone, Copy)]
pub enum RobotsResponse<'reply> {
    /// A response, after redirects.
    Answered {
        /// Its status.
        status: u16,
        /// The part of its decoded body that was read.
        body: &'reply [u8],
    },
    /// More than [`MAX_REDIRECTS`] redirects, a loop, or a redirect to a URL that cannot be fetched.
    LostInRedirects,
    /// No response, with the cause.
    Unreachable(&'reply str),
}

/// What may be fetched from a host, according to its robots.txt or the lack of one.
#[derive(Debug, Clone, PartialEq)]
pub enum RobotsPolicy {
    /// What the rules of a robots.txt allow.
    Rules(RobotsTxt),
    /// Everything, because there is no robots.txt. Holds the status or the cause, such as `404`.
    Open(String),
    /// Nothing until the next request for the robots.txt, because its content is unknown. Holds the
    /// status or the cause.
    Shut(String),
}

impl RobotsPolicy {
    /// The policy that follows from `reply` for the agent `names`: the rules (2xx), everything allowed
    /// (4xx, too many redirects), or nothing allowed while the rules are unknown (5xx, no response).
    /// After status 429 the request is repeated first; see [`Self::at_last`].
    #[must_use]
    pub fn of(reply: RobotsResponse<'_>, names: &RobotsAgents) -> Self {
        Self::at(None, reply, names)
    }

    /// Like [`Self::of`], for the robots.txt at `url`, against which relative URLs of sitemaps are
    /// resolved.
    #[must_use]
    pub fn at(url: Option<&Url>, reply: RobotsResponse<'_>, names: &RobotsAgents) -> Self {
        match reply {
            RobotsResponse::Answered { status: 200..300, body } => {
                Self::Rules(RobotsTxt::parse_at(url, body, names))
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

    /// The policy after the last attempt, where it differs: 429 then counts as any 4xx, so everything
    /// is allowed.
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

    /// The `Crawl-delay`: the gap between two requests.
    #[must_use]
    pub const fn delay(&self) -> Option<Duration> {
        match self {
            Self::Rules(robots) => robots.delay(),
            Self::Open(_) | Self::Shut(_) => None,
        }
    }

    /// Whether the robots.txt must be requested again before anything else is fetched.
    #[must_use]
    pub const fn asks_again(&self) -> bool {
        matches!(self, Self::Shut(_))
    }

    /// Whether the host responded: [`Self::Shut`] then holds a status, else a cause.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        match self {
            Self::Shut(why) => why.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Rules(_) | Self::Open(_) => true,
        }
    }

    /// Approximate memory use, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Rules(robots) => robots.bytes(),
            Self::Open(text) | Self::Shut(text) => size_of::<Self>() + text.len(),
        }
    }
}

/// A short line for the user: `12 rules, delay 2 s`, `none (404)`, `unreachable: 503`.
impl fmt::Display for RobotsPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules(robots) => robots.fmt(f),
            Self::Open(why) => write!(f, "none ({why})"),
            Self::Shut(why) => write!(f, "unreachable: {why}"),
        }
    }
}

/// Serialized as its text.
impl Serialize for RobotsPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
