//! Why a fetch failed: kinds that decide on a retry, and one clear line for people.

use std::fmt;
use std::time::Duration;

use crate::web::head::ResponseHead;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The name could not be resolved.
    Dns,
    /// No connection: refused, unreachable.
    Connect,
    /// TLS handshake or certificate.
    Tls,
    /// Too slow: connecting, answering, or silent in between.
    Timeout,
    /// The connection was closed or reset before the answer was complete.
    Reset,
    /// The body ended before its announced end.
    Truncated,
    /// The body is larger than allowed.
    TooLarge,
    /// A loop, too many redirects, or a target that is no web page.
    Redirect,
    /// The URL was refused for the given reason: the page is skipped.
    Refused(&'static str),
    /// The answer's head is malformed or too large.
    Header,
    /// The body cannot be decompressed.
    Decode,
    /// This machine has no file descriptor left for a connection: it says nothing of the server.
    Shortage,
    /// Anything else.
    Other,
}

impl FailureKind {
    /// A short name for counters and columns.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::TooLarge => "too large",
            Self::Redirect => "redirect",
            Self::Refused(_) => "refused",
            Self::Header => "header",
            Self::Decode => "decode",
            Self::Shortage => "shortage",
            Self::Other => "other",
        }
    }

    /// Whether another attempt may end better.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Dns
                | Self::Connect
                | Self::Timeout
                | Self::Reset
                | Self::Truncated
                | Self::Shortage
                | Self::Other
        )
    }
}

/// A fetch without a usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// What went wrong.
    pub kind: FailureKind,
    /// One clear lowercase line.
    pub message: String,
    /// The status, when headers had arrived.
    pub status: Option<u16>,
    /// The `Content-Type`, when headers had arrived.
    pub content_type: Option<String>,
    /// Bytes of the body read before it failed, after decoding.
    pub length: u64,
    /// `Retry-After` as time from now, when headers had arrived: a host that asks for patience
    /// does so whatever became of the body.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    /// A failure before an answer.
    #[must_use]
    pub const fn new(kind: FailureKind, message: String) -> Self {
        Self { kind, message, status: None, content_type: None, length: 0, retry_after: None }
    }

    /// The failure, after the head of an answer.
    #[must_use]
    pub fn with(self, head: &ResponseHead) -> Self {
        Self {
            status: Some(head.status),
            content_type: head.content_type.clone(),
            retry_after: head.retry_after,
            ..self
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}
