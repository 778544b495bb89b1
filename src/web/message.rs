//! What one request asks for and what it gives.

use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::web::head::ResponseHead;

/// What one request asks for beside its URL.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestOptions<'a> {
    /// `ETag` of the page as it is known: the server may answer that it still is so.
    pub etag: Option<&'a str>,
    /// `Last-Modified` of the page as it is known.
    pub last_modified: Option<&'a str>,
    /// Largest body after decoding, in bytes; `None`: that of the settings.
    pub max_body: Option<u64>,
    /// Time for all of it; `None`: that of the settings.
    pub timeout: Option<Duration>,
    /// Most redirects followed; `None`: those of the settings.
    pub max_redirects: Option<u32>,
}

/// What came of one request: an answer with its whole body, or with one yet to be read
/// ([`OpenResponse`](crate::web::response::OpenResponse)).
#[derive(Debug)]
pub enum FetchOutcome<A = Response> {
    /// An answer, of whatever status.
    Response(A),
    /// The page is as it was when the validators asked with were given.
    NotModified(ResponseHead),
    /// A redirect that may be followed: the chain has turned to its target.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// Where it leads.
        target: Url,
        /// Whether it is said to hold for good (301, 308).
        permanent: bool,
    },
}

/// A complete answer.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, as sent, cut at 255 bytes.
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
    /// The decoded body as it arrived.
    pub body: Vec<Bytes>,
    /// Its length in bytes.
    pub length: u64,
    /// Its length in bytes as it was sent, before decoding.
    pub wire_length: u64,
    /// xxh3-128 of the decoded body, big endian.
    pub body_hash: [u8; 16],
}
