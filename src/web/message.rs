//! The options of one request and its outcome.

use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::web::head::{DocumentHead, ResponseHead};

/// The options of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestOptions<'a> {
    /// `ETag` of the known version of the page, for a conditional request.
    pub etag: Option<&'a str>,
    /// `Last-Modified` of the known version of the page, for a conditional request.
    pub last_modified: Option<&'a str>,
    /// Maximum length of the decoded body, in bytes; `None`: that of the settings.
    pub max_body: Option<u64>,
    /// Time limit for the whole request; `None`: that of the settings.
    pub timeout: Option<Duration>,
    /// Maximum number of redirects; `None`: that of the settings.
    pub max_redirects: Option<u32>,
    /// Whether the connection is closed after the response. Over HTTP/2 it stays open.
    pub close: bool,
}

/// The outcome of one request. The response has its whole body, or a body that is still to be read
/// ([`OpenResponse`](crate::web::response::OpenResponse)).
#[derive(Debug)]
pub enum FetchOutcome<A = Response> {
    /// A response of any status.
    Response(A),
    /// Status 304: the page has not changed since the validators of the request were issued.
    NotModified(ResponseHead),
    /// A redirect that may be followed; the chain has moved to its target.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The target, without fragment, user and password.
        target: Url,
        /// Whether the redirect is permanent (301, 308).
        permanent: bool,
    },
}

/// A complete response.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// All `Content-Type`, as sent, joined by `, `, cut at 255 bytes.
    pub content_type: Option<String>,
    /// `Retry-After`, as time from now.
    pub retry_after: Option<Duration>,
    /// `ETag`, as sent; `None` when longer than 512 bytes or not ASCII.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent; `None` when longer than 512 bytes or not ASCII.
    pub last_modified: Option<String>,
    /// All `X-Robots-Tag`, joined by `, `, cut at 1 KiB.
    pub robots_tag: Option<String>,
    /// What `Link: <…>; rel="canonical"` points to.
    pub canonical: Option<Url>,
    /// What the head says of the document in the body.
    pub document: DocumentHead,
    /// The decoded body in chunks.
    pub body: Vec<Bytes>,
    /// The length of the decoded body, in bytes.
    pub length: u64,
    /// The length of the body as sent, before decoding, in bytes.
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "tests compare it with what the server sent")
    )]
    pub wire_length: u64,
    /// xxh3-128 of the decoded body, big endian.
    pub body_hash: [u8; 16],
}
