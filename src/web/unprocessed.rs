//! Recognises a request that the server never processed: it may be sent again at once, and says
//! nothing about the host (RFC 9113 6.8 and 8.7, RFC 9112 9.3.1 and 9.5).
//!
//! The typed cause decides, together with whether the connection was reused. The client does not report whether the first bytes of a head had arrived before an HTTP/1 connection
//! was closed, so that case counts as no byte.

use std::io::{self, ErrorKind};

use h2::Reason;
use hyper_util::client::legacy::Error as ClientError;

use crate::web::classify::causes;
use crate::web::connections::{ConnectionKey, Connections};

/// Why a request was never processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unprocessed {
    /// HTTP/2: the server ended the connection before this request (GOAWAY).
    GoAway,
    /// HTTP/2: the server refused the stream (`REFUSED_STREAM`).
    RefusedStream,
    /// HTTP/2: the server wants HTTP/1.1 for this request (`HTTP_1_1_REQUIRED`).
    Http11Required,
    /// A reused connection was closed or reset before any byte of the response.
    Closed,
    /// The server ended an idle connection with 408 as the request was sent.
    IdleTimeout,
}

impl Unprocessed {
    /// The cause of an error that came before the head of a response, if it is one of these. `own` is
    /// the connection that was opened for the request, though another one may have been used.
    ///
    /// Over HTTP/1 any other connection is a reused one. Over HTTP/2 several requests may wait for a
    /// new connection, so it is reused when it has delivered a response.
    pub(super) fn of(
        error: &reqwest::Error,
        connections: &Connections,
        own: Option<ConnectionKey>,
    ) -> Option<Self> {
        let used = causes(error)
            .find_map(|cause| cause.downcast_ref::<ClientError>()?.connect_info())
            .and_then(|connection| connections.key_of(connection));
        if error.is_connect() || error.is_timeout() {
            return None;
        }
        if let Some(error) = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()) {
            return match error.reason() {
                // The server asks for fewer requests: that is a failure, with its pauses.
                Some(Reason::ENHANCE_YOUR_CALM) => None,
                Some(Reason::HTTP_1_1_REQUIRED) if error.is_remote() => Some(Self::Http11Required),
                // Only streams above the last one of the GOAWAY end with it, whatever its code.
                Some(_) if error.is_go_away() && error.is_remote() => Some(Self::GoAway),
                Some(Reason::REFUSED_STREAM) if error.is_remote() => Some(Self::RefusedStream),
                None if error.get_io().is_some_and(is_closed)
                    && used.is_some_and(|used| connections.has_answered(used)) =>
                {
                    Some(Self::Closed)
                }
                _ => None,
            };
        }
        let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
        let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
        let closed = io.is_some_and(is_closed)
            || hyper.is_some_and(|error| {
                error.is_incomplete_message() || error.is_canceled() || error.is_closed()
            });
        // A request that waits for a new connection with HTTP/2 may find it used up by others.
        let reused = used.is_some_and(|used| Some(used) != own || connections.has_answered(used));
        (closed && reused).then_some(Self::Closed)
    }

    /// The same for the user, in one line.
    pub(super) fn message(self, host: &str) -> String {
        match self {
            Self::GoAway => {
                format!("{host} ended the connection before it processed the request (GOAWAY)")
            }
            Self::RefusedStream => {
                format!("{host} refused the request before it processed it (REFUSED_STREAM)")
            }
            Self::Http11Required => {
                format!("{host} requires HTTP/1.1 for the request (HTTP_1_1_REQUIRED)")
            }
            Self::Closed => {
                format!("{host} closed a reused connection before any byte of the response")
            }
            Self::IdleTimeout => {
                format!("{host} ended an idle connection (408) as the request was sent")
            }
        }
    }
}

/// Whether the operating system reports a connection that was closed or reset.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
    )
}
