//! The `robots.txt` of an [`Origin`](super::origin::Origin), good and bad.
//!
//! It must not know how one is read.

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

use super::dice::{Dice, Topic};
use super::door::Cut;

/// Bytes of a huge or binary one.
const HUGE: usize = 10 << 20;
/// Bytes that a crawler must read at least (RFC 9309, section 2.5).
const LEAST: usize = 500 << 10;
/// Stands in a text for the origin's own address, `http://127.0.0.1:PORT`.
pub const ORIGIN: &str = "{origin}";

/// What `/robots.txt` answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Robots {
    /// 404: everything is allowed.
    #[default]
    Missing,
    /// This text; `{origin}` in it stands for the origin's address.
    Text(String),
    /// This status, without rules.
    Status(u16),
    /// 10 MiB: `/private/` is forbidden at the beginning and everything far behind the 500 KiB
    /// that are read.
    Huge,
    /// 10 MiB of arbitrary bytes: no rule, so everything is allowed.
    Binary,
    /// This many redirects to a text that forbids `/private/`; five must be followed (RFC 9309,
    /// section 2.3.1.2).
    Redirects(u32),
    /// Redirects to itself.
    Loop,
    /// Never answers.
    Silent,
    /// Closes the connection instead of answering.
    Closed,
    /// Streams comments for ever, forbidding `/private/` at the beginning.
    Endless,
    /// Announces 500 bytes and closes the connection in the middle of the first rule.
    CutShort,
    /// Sends the first line and then a byte now and then.
    Drips,
    /// Forbids `/private/`, compressed by `Content-Encoding: gzip`.
    Gzip,
    /// The same, and a GiB of comments after it.
    Bomb,
}

impl Robots {
    /// A text that asks all crawlers for `seconds` between two requests.
    #[must_use]
    pub fn crawl_delay(seconds: f64) -> Self {
        Self::Text(format!("User-agent: *\nCrawl-delay: {seconds}\n"))
    }

    /// A text that forbids `path` to all crawlers.
    #[must_use]
    pub fn forbidding(path: &str) -> Self {
        Self::Text(format!("User-agent: *\nDisallow: {path}\n"))
    }

    /// The answer of an origin at `address`; `hop` counts the redirects so far.
    pub(super) async fn answer(
        self: Arc<Self>,
        address: Arc<str>,
        hop: u32,
        ConnectInfo(cut): ConnectInfo<Cut>,
    ) -> Response {
        match &*self {
            Self::Missing => StatusCode::NOT_FOUND.into_response(),
            Self::Text(text) => plain(text.replace(ORIGIN, &address)),
            Self::Status(status) => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::NOT_FOUND).into_response()
            }
            Self::Huge => plain(huge()),
            Self::Binary => {
                let mut dice = Dice::new(0, 0, Topic::Prose);
                let bytes: Bytes = (0..HUGE / 8).flat_map(|_| dice.roll().to_le_bytes()).collect();
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
                cut.now();
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            Self::Endless => super::hostile::endless(
                "text/plain",
                "User-agent: *\nDisallow: /private/\n",
                "# and so on\n",
            ),
            Self::CutShort => alone(&cut, cut_short).await,
            Self::Drips => alone(&cut, drips).await,
            Self::Gzip => {
                let mut press = GzEncoder::new(Vec::new(), Compression::best());
                // Writing to memory cannot fail.
                let _ = press.write_all(b"User-agent: *\nDisallow: /private/\n");
                let coded = press.finish().unwrap_or_default();
                ([(CONTENT_TYPE, "text/plain"), (CONTENT_ENCODING, "gzip")], coded).into_response()
            }
            Self::Bomb => super::hostile::gzip_bomb(
                "text/plain",
                "User-agent: *\nDisallow: /private/\n",
                "# and so on\n",
            ),
        }
    }
}

/// The head of an answer of 500 bytes, and the first line of its body.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\n\
                    User-agent: *\n";

/// Lets `script` have the bare connection.
async fn alone<F>(cut: &Cut, script: fn(TcpStream) -> F) -> Response
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    cut.take_over(script);
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
    // What a crawler reads that keeps to the limit ends long before.
    debug_assert!(text.len() > 2 * LEAST, "longer than what must be read");
    text.push_str("User-agent: *\nDisallow: /\n");
    text
}
