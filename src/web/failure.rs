//! Why a fetch failed: a kind, which decides on a retry, and a message of one line for the user.

use std::fmt;
use std::time::Duration;

use crate::web::head::ResponseHead;

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The name could not be resolved.
    Dns,
    /// No TCP connection: refused or unreachable, or not given by the proxy.
    Connect,
    /// The TLS handshake failed, or the certificate is not valid.
    Tls,
    /// A time limit was exceeded: connecting, waiting for the response, or between two reads.
    Timeout,
    /// The connection was closed or reset before the response was complete.
    Reset,
    /// The body ended before its announced length.
    Truncated,
    /// The body is larger than allowed.
    TooLarge,
    /// A redirect loop, too many redirects, or a target that is not an `http` or `https` URL.
    Redirect,
    /// The URL was refused for the given reason: the page is skipped.
    Refused(&'static str),
    /// The response head is malformed or too large.
    Header,
    /// The body cannot be decoded.
    Decode,
    /// The server never processed the request: it ended or refused it before. The same request may be
    /// sent again at once.
    Unprocessed,
    /// This machine lacks something that a connection needs; the server is not at fault.
    Shortage(Shortage),
    /// Anything else.
    Other,
}

/// Something that this machine has not enough of for another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shortage {
    /// Open files, of the process or the system.
    Files,
    /// Memory.
    Memory,
    /// Local ports.
    Ports,
    /// Threads.
    Threads,
}

impl Shortage {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::Files, Self::Memory, Self::Ports, Self::Threads];

    /// One lowercase line for the user.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Files => "too many open files here",
            Self::Memory => "out of memory here",
            Self::Ports => "no local port left here",
            Self::Threads => "no thread can be started here",
        }
    }
}

impl FailureKind {
    /// Whether another attempt may succeed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Dns
                | Self::Connect
                | Self::Timeout
                | Self::Reset
                | Self::Truncated
                | Self::Unprocessed
                | Self::Shortage(_)
                | Self::Other
        )
    }
}

/// A fetch without a usable response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// The kind of the failure.
    pub kind: FailureKind,
    /// One lowercase line for the user.
    pub message: String,
    /// The HTTP status, if the head had arrived.
    pub status: Option<u16>,
    /// The `Content-Type`, if the head had arrived.
    pub content_type: Option<String>,
    /// Bytes of the body read before it failed, after decoding.
    pub length: u64,
    /// `Retry-After` as time from now, if the head had arrived; it holds even when the body failed.
    pub retry_after: Option<Duration>,
    /// Whether the same request may be sent again at once: the server never processed it, or the next one
    /// is sent in another way.
    pub resend: bool,
}

impl FetchError {
    /// A failure before a response head.
    #[must_use]
    pub const fn new(kind: FailureKind, message: String) -> Self {
        Self {
            kind,
            message,
            status: None,
            content_type: None,
            length: 0,
            retry_after: None,
            resend: false,
        }
    }

    /// The failure of a request that may be sent again at once.
    #[must_use]
    pub fn resendable(self) -> Self {
        Self { resend: true, ..self }
    }

    /// The failure with the fields of the response head.
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
