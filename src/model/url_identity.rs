//! The identity of a URL: its canonical form, the hash of it, and the key of its host.
//!
//! A URL is requested as it was found and identified by its canonical form: the WHATWG
//! serialisation without fragment, percent escapes in upper case.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;
use url::{Position, Url};
use xxhash_rust::xxh3::xxh3_128;

/// Identity of a URL: xxh3-128 of its canonical form, big endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UrlHash(pub [u8; 16]);

impl UrlHash {
    /// The identity of `url`.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(xxh3_128(canonical(url).as_bytes()).to_be_bytes())
    }

    /// The identity of a URL that is serialised without fragment, and whose host has no trailing dot.
    #[must_use]
    pub fn of_text(url: &str) -> Self {
        let upper = upper_escapes(url);
        Self(xxh3_128(upper.as_deref().unwrap_or(url).as_bytes()).to_be_bytes())
    }

    /// The identity of the `n`-th repetition of `url` in a list that is fetched with its duplicates; the
    /// 0th is the URL itself.
    #[must_use]
    pub fn nth(url: &Url, n: u32) -> Self {
        if n == 0 {
            return Self::of(url);
        }
        // A canonical URL contains no space, so no other URL has this text.
        Self(xxh3_128(format!("{} {n}", canonical(url)).as_bytes()).to_be_bytes())
    }
}

impl fmt::Display for UrlHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The canonical form: WHATWG serialisation, no fragment, percent escapes in upper case, the host
/// without the trailing dot.
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

/// `text` with its percent escapes in upper case; `None` when they are already.
fn upper_escapes(text: &str) -> Option<String> {
    let first = memchr(b'%', text.as_bytes())?;
    if !text.as_bytes()[first..].windows(3).any(is_lower_escape) {
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
/// `http://a/` and `https://a/` are one host; so is the trailing dot of `http://a./`.
#[must_use]
pub fn host_key(url: &Url) -> Cow<'_, str> {
    match dotted_host(url) {
        Some(host) => [host, &url[Position::AfterHost..Position::AfterPort]].concat().into(),
        None => url[Position::BeforeHost..Position::AfterPort].into(),
    }
}

/// The host of `url` without the trailing dot; `None` when it has none.
fn dotted_host(url: &Url) -> Option<&str> {
    without_dot(url.host_str()?)
}

/// A name without the trailing dot; `None` when it has none.
pub(crate) fn without_dot(name: &str) -> Option<&str> {
    name.strip_suffix('.').filter(|name| !name.is_empty())
}
