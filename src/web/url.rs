//! URLs: what a user may type, the canonical form, identity.
//!
//! A URL is requested as it was found and identified by its canonical form: the WHATWG
//! serialisation without fragment, percent escapes in upper case. It knows no scope and
//! no network.

use std::borrow::Cow;
use std::fmt;

use url::{Position, Url};
use xxhash_rust::xxh3::xxh3_128;

pub use super::scope::ScopeKind;
use crate::config::mask::mask;

/// Longest URL that is followed, in bytes. Servers and caches give up around this length.
pub const MAX_URL_LEN: usize = 8 << 10;

/// Longest URL that is known at all, in bytes: between the two lengths a URL is recorded as skipped.
pub const MAX_URL_TEXT: usize = 1 << 20;

/// Identity of a URL: xxh3-128 of its canonical form, big endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UrlHash(pub [u8; 16]);

impl UrlHash {
    /// The identity of `url`.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(xxh3_128(canonical(url).as_bytes()).to_be_bytes())
    }

    /// The identity of the `n`-th repetition of `url` in a list that is fetched as it stands; the
    /// 0th is the URL itself.
    #[must_use]
    pub fn nth(url: &Url, n: u32) -> Self {
        if n == 0 {
            return Self::of(url);
        }
        // A canonical URL holds no space, so no other URL reads like this.
        Self(xxh3_128(format!("{} {n}", canonical(url)).as_bytes()).to_be_bytes())
    }
}

impl fmt::Display for UrlHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The canonical form: WHATWG serialisation, no fragment, percent escapes in upper case, the host
/// without the root's dot.
///
/// Borrowed unless an escape or the dot has to be changed.
#[must_use]
pub fn canonical(url: &Url) -> Cow<'_, str> {
    let text = &url[..Position::AfterQuery];
    if let Some(host) = dotted_host(url) {
        let before = &url[..Position::BeforeHost];
        let text = [before, host, &url[Position::AfterHost..Position::AfterQuery]].concat();
        return Cow::Owned(upper_escapes(&text).unwrap_or(text));
    }
    upper_escapes(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `text` with its percent escapes in upper case, unless they are.
fn upper_escapes(text: &str) -> Option<String> {
    if !text.as_bytes().windows(3).any(is_lower_escape) {
        return None;
    }
    let mut upper = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        upper.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.as_bytes().get(..3) {
            Some(escape) if is_escape(escape) => {
                upper.extend(escape.iter().map(|&byte| char::from(byte.to_ascii_uppercase())));
                rest = &rest[3..];
            }
            _ => {
                upper.push('%');
                rest = &rest[1..];
            }
        }
    }
    upper.push_str(rest);
    Some(upper)
}

fn is_escape(bytes: &[u8]) -> bool {
    bytes[0] == b'%' && bytes[1].is_ascii_hexdigit() && bytes[2].is_ascii_hexdigit()
}

fn is_lower_escape(bytes: &[u8]) -> bool {
    is_escape(bytes) && (bytes[1].is_ascii_lowercase() || bytes[2].is_ascii_lowercase())
}

/// Host and port as one key, `127.0.0.1:8700`; a scheme's default port is left out, so that
/// `http://a/` and `https://a/` are one host, and so is the root's dot: `http://a./` is the same.
#[must_use]
pub fn host_key(url: &Url) -> Cow<'_, str> {
    match dotted_host(url) {
        Some(host) => [host, &url[Position::AfterHost..Position::AfterPort]].concat().into(),
        None => url[Position::BeforeHost..Position::AfterPort].into(),
    }
}

/// The host of `url` without the root's dot, where it has one.
fn dotted_host(url: &Url) -> Option<&str> {
    without_dot(url.host_str()?)
}

/// A name without the root's dot, where it has one.
pub(crate) fn without_dot(name: &str) -> Option<&str> {
    name.strip_suffix('.').filter(|name| !name.is_empty())
}

/// Takes user and password out of `url`.
pub fn strip_user(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        // Neither can fail: what has a user has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}

/// Whether `url` can be fetched: `http` or `https`, and not longer than [`MAX_URL_LEN`].
#[must_use]
pub fn is_fetchable(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.as_str().len() <= MAX_URL_LEN
}

/// Why a seed was not taken. Nothing in it is user or password of what was typed.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// Nothing but white space.
    #[error("the URL is empty")]
    Empty,
    /// The text is no URL.
    #[error("{text:?} is not a URL: {source}")]
    Syntax {
        /// What was typed, masked.
        text: String,
        /// What the parser said.
        source: url::ParseError,
    },
    /// Neither `http` nor `https`.
    #[error("{text:?} cannot be crawled: the scheme is {scheme:?}, only http and https are")]
    Scheme {
        /// What was typed, masked.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// Longer than [`MAX_URL_TEXT`].
    #[error("the URL is {length} bytes long, more than {MAX_URL_TEXT}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

/// Reads a URL as a user types it: without a scheme it is `http`; the fragment is dropped.
///
/// # Errors
/// When the text is empty, no URL, too long, or of a scheme other than `http` and `https`; user
/// and password in it are not repeated.
pub fn parse_seed(text: &str) -> Result<Url, UrlError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    if text.len() > MAX_URL_TEXT {
        return Err(UrlError::TooLong { length: text.len() });
    }
    let parsed = match typed_scheme(text) {
        Some(scheme) if is_web(scheme) => Url::parse(text),
        Some(scheme) => {
            // What looks like a scheme may be a user: `name:password@host`.
            let may_be_user = text.contains('@') && !text.contains("://");
            let scheme = if may_be_user { "***".into() } else { scheme.to_ascii_lowercase() };
            return Err(UrlError::Scheme { text: mask(text), scheme });
        }
        None => Url::parse(&format!("http://{}", text.trim_start_matches('/'))),
    };
    let mut url = parsed.map_err(|source| UrlError::Syntax { text: mask(text), source })?;
    url.set_fragment(None);
    if url.as_str().len() > MAX_URL_TEXT {
        return Err(UrlError::TooLong { length: url.as_str().len() });
    }
    Ok(url)
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The scheme in `text`, if there is one: `localhost:8080` is a host and a port.
fn typed_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let is_port = !is_web(scheme) && rest.starts_with(|c: char| c.is_ascii_digit());
    (named && !is_port).then_some(scheme)
}

/// `text`, cut to so many bytes, control characters replaced.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() <= most {
        return plain(text);
    }
    let mut short: String = plain(&text[..text.floor_char_boundary(most - '…'.len_utf8())]);
    short.push('…');
    short
}
