//! The `robots.txt` of an [`Origin`](super::origin::Origin), good and bad.
//!
//! It must not know how one is read.

use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};

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
        }
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
