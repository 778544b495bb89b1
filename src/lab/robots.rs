//! The `robots.txt` of a [`TestOrigin`](super::test_origin::TestOrigin), good and bad.
//!
//! It must not know how a client reads it.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::listener::ConnectionHandle;
use super::rng::{Rng, Topic};

/// Bytes of a huge or binary one.
const HUGE: usize = 10 << 20;
/// Bytes that a crawler must read at least (RFC 9309, section 2.5).
const MIN_READ: usize = 500 << 10;
/// In a text it stands for the origin's own address, `http://127.0.0.1:PORT`.
pub const ORIGIN_PLACEHOLDER: &str = "{origin}";

/// The response to `/robots.txt`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OriginRobots {
    /// 404: everything is allowed.
    #[default]
    Missing,
    /// This text; `{origin}` in it stands for the origin's address.
    Text(String),
    /// This status, without rules.
    Status(u16),
    /// 10 MiB: `/private/` is forbidden at the beginning, and everything far beyond the 500 KiB
    /// that a crawler reads.
    Huge,
    /// 10 MiB of arbitrary bytes: no rule, so everything is allowed.
    Binary,
    /// This many redirects to a text that forbids `/private/`; five must be followed (RFC 9309,
    /// section 2.3.1.2).
    Redirects(u32),
    /// Redirects to itself.
    Loop,
    /// Never responds.
    Silent,
    /// Closes the connection without a response.
    Closed,
    /// Streams comments for ever, forbidding `/private/` at the beginning.
    Endless,
    /// Declares 500 bytes and closes the connection in the middle of the first rule.
    CutShort,
    /// Sends the first line, then a byte every 50 ms.
    Drips,
    /// Forbids `/private/`, compressed by `Content-Encoding: gzip`.
    Gzip,
    /// The same, and a GiB of comments after it.
    Bomb,
}

impl OriginRobots {
    /// A text with this `Crawl-delay`, in seconds, for all crawlers.
    #[must_use]
    pub fn crawl_delay(seconds: f64) -> Self {
        Self::Text(format!("User-agent: *\nCrawl-delay: {seconds}\n"))
    }

    /// A text that forbids `path` to all crawlers.
    #[must_use]
    pub fn forbidding(path: &str) -> Self {
        Self::Text(format!("User-agent: *\nDisallow: {path}\n"))
    }

    /// The response of an origin at `address`; `hop` counts the redirects so far.
    pub(super) async fn respond(
        self: Arc<Self>,
        address: Arc<str>,
        hop: u32,
        ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    ) -> Response {
        match &*self {
            Self::Missing => StatusCode::NOT_FOUND.into_response(),
            Self::Text(text) => plain(text.replace(ORIGIN_PLACEHOLDER, &address)),
            Self::Status(status) => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::NOT_FOUND).into_response()
            }
            Self::Huge => plain(huge()),
            Self::Binary => {
                let mut rng = Rng::new(0, 0, Topic::Prose);
                let bytes: Bytes =
                    (0..HUGE / 8).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
                ([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
            }
            Self::Redirects(hops) if hop < *hops => {
                let next = format!("/robots.txt?hop={}", hop + 1);
                (StatusCode::FOUND, [(LOCATION, next)]).into_response()
            }
            Self::Redirects(_) => plain("User-agent: *\nDisallow: /private/\n".into()),
            Self::Loop => (StatusCode::FOUND, [(LOCATION, "/robots.txt")]).into_response(),
            Self::Silent => std::future::pending().await,
            Self::Closed => {
                connection.close();
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            Self::Endless => super::hostile::endless(
                "text/plain",
                "User-agent: *\nDisallow: /private/\n",
                "# and so on\n",
            ),
            Self::CutShort => take_over(&connection, cut_short).await,
            Self::Drips => take_over(&connection, drips).await,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                // Writing to memory cannot fail.
                let _ = encoder.write_all(b"User-agent: *\nDisallow: /private/\n");
                let compressed = encoder.finish().unwrap_or_default();
                ([(CONTENT_TYPE, "text/plain"), (CONTENT_ENCODING, "gzip")], compressed)
                    .into_response()
            }
            Self::Bomb => super::hostile::gzip_bomb(
                "text/plain",
                "User-agent: *\nDisallow: /private/\n",
                "# and so on\n",
            ),
        }
    }
}

/// The head of a response of 500 bytes, and the first line of its body.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\n\
                    User-agent: *\n";

/// Gives the raw connection to `script`.
async fn take_over<F>(connection: &ConnectionHandle, script: fn(TcpStream) -> F) -> Response
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    connection.take_over(script);
    std::future::pending().await
}

async fn cut_short(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(format!("{HEAD}Disall").as_bytes()).await?;
    stream.shutdown().await
}

async fn drips(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(HEAD.as_bytes()).await?;
    loop {
        stream.write_all(b" ").await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn plain(text: String) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn huge() -> String {
    let mut text = String::with_capacity(HUGE + 128);
    text.push_str("User-agent: *\nDisallow: /private/\n");
    while text.len() < HUGE {
        text.push_str("# a comment that says nothing, again and again and again\n");
    }
    // A crawler that keeps to the limit does not read the last rule.
    debug_assert!(text.len() > 2 * MIN_READ, "longer than what must be read");
    text.push_str("User-agent: *\nDisallow: /\n");
    text
}
