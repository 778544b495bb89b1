//! Parses the URLs of seeds, prepares the text of others for the URL parser, and limits the length of
//! URLs. It knows no scope and no network.

use std::borrow::Cow;
use std::fmt::Write;

use url::{ParseError, Url};

use crate::settings::mask::mask;

/// Maximum length of a URL that is fetched, in bytes. Servers and caches have limits of this order.
pub const MAX_URL_LEN: usize = 8 << 10;

/// Maximum length of a URL that is recorded, in bytes: a URL longer than [`MAX_URL_LEN`] is recorded
/// as skipped.
pub const MAX_URL_TEXT: usize = 1 << 20;

/// Removes user and password from `url`, so that they are neither sent nor shown.
pub(crate) fn strip_user(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        // Neither can fail: a URL with a user or a password has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}

/// Whether `url` can be fetched: `http` or `https`, and not longer than [`MAX_URL_LEN`].
#[must_use]
pub fn is_fetchable(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.as_str().len() <= MAX_URL_LEN
}

/// Bytes of a header or a file as text for the URL parser. Bytes that are not UTF-8 are escaped as they
/// are (`%E9`), which keeps the URL that the server meant; the parser does the same with UTF-8.
pub(crate) fn url_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text.into()
}

/// A reference to be resolved against an `http` or `https` URL, with two slashes in place of more at its
/// start: the URL standard ignores the others (`///host/path`), the parser takes the host for empty.
pub(crate) fn without_extra_slashes(reference: &str) -> Cow<'_, str> {
    // The parser removes these.
    let is_removed = |c: char| matches!(c, '\t' | '\n' | '\r');
    let start = reference.trim_start_matches(|c: char| c <= ' ');
    let rest = start.trim_start_matches(|c: char| matches!(c, '/' | '\\') || is_removed(c));
    let slashes = &start[..start.len() - rest.len()];
    if slashes.chars().filter(|&c| !is_removed(c)).count() > 2 {
        format!("//{rest}").into()
    } else {
        reference.into()
    }
}

/// Resolves a reference as the URL standard does; see [`without_extra_slashes`].
///
/// # Errors
/// When the result is no URL.
pub(crate) fn resolve(base: &Url, reference: &str) -> Result<Url, ParseError> {
    base.join(&without_extra_slashes(reference))
}

/// `text` without white space and invisible characters around it, such as byte order marks and zero-width
/// spaces that were copied along with a URL.
pub(crate) fn trim_invisible(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
}

const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Why a seed was refused. The messages contain neither user nor password of the typed text.
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
        /// The error of the parser.
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
    let text = trim_invisible(text);
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    if text.len() > MAX_URL_TEXT {
        return Err(UrlError::TooLong { length: text.len() });
    }
    let parsed = match typed_scheme(text) {
        Some(scheme) if is_web(scheme) => Url::parse(text),
        Some(scheme) => {
            // The apparent scheme may be a user: `name:password@host`.
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

/// `text` cut to `most` bytes, `…` included, with control characters replaced by spaces.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() <= most {
        return plain(text);
    }
    let mut short: String = plain(&text[..text.floor_char_boundary(most - '…'.len_utf8())]);
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn bytes_stay_what_they_are() {
        let table: [(&[u8], &str); 10] = [
            (b"/plain?a=b#c", "/plain?a=b#c"),
            ("/\u{fc}\u{434}?\u{20ac}".as_bytes(), "/%C3%BC%D0%B4?%E2%82%AC"),
            (b"/pr\xe9?q=\xe9", "/pr%E9?q=%E9"),
            (b"/\xd6\xd0\xce\xc4", "/%D6%D0%CE%C4"),
            // Shift_JIS, koi8-r, and UTF-8 cut in a character.
            (b"/\x93\xfa\x96{", "/%93%FA%96%7B"),
            (b"/\xcb\xcf\xd4?\xc6", "/%CB%CF%D4?%C6"),
            (b"/\xc3\xbc\xe2\x82", "/%C3%BC%E2%82"),
            // An overlong slash, a surrogate, a byte that is never in UTF-8.
            (b"/\xc0\xaf", "/%C0%AF"),
            (b"/\xed\xa0\x80", "/%ED%A0%80"),
            (b"/%e9\xff%", "/%e9%FF%"),
        ];
        let base = Url::parse("http://a.test/x").unwrap();
        for (bytes, expected) in table {
            let url = resolve(&base, &url_text(bytes)).unwrap();
            assert_eq!(&url.as_str()["http://a.test".len()..], expected, "{bytes:?}");
        }
    }

    #[test]
    fn slashes_as_browsers_read_them() {
        let base = Url::parse("https://a.test/x/y").unwrap();
        let table = [
            ("///b.test/p", "https://b.test/p"),
            ("////b.test:8080/p?q", "https://b.test:8080/p?q"),
            (" /\t/\n//b.test/p", "https://b.test/p"),
            ("/\\/b.test", "https://b.test/"),
            ("\\\\\\b.test\\p", "https://b.test/p"),
            ("//b.test///p", "https://b.test///p"),
            ("/p//q", "https://a.test/p//q"),
            ("\\p\\q", "https://a.test/p/q"),
            ("p///q", "https://a.test/x/p///q"),
            ("http:///b.test/p", "http://b.test/p"),
            ("https:///b.test/p", "https://b.test/p"),
            ("?///", "https://a.test/x/y?///"),
        ];
        for (reference, expected) in table {
            assert_eq!(resolve(&base, reference).unwrap().as_str(), expected, "{reference:?}");
        }
        for reference in ["///", "/////", "///?x"] {
            assert!(resolve(&base, reference).is_err(), "{reference:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_cut_off() {
        for text in [
            "\u{feff}http://a.test/",
            "\u{200b}http://a.test/\u{200b}",
            " \u{a0}\u{200e}http://a.test/\u{202c}\u{2060}\r\n",
            "\u{ad}http://a.test/\0",
        ] {
            assert_eq!(trim_invisible(text), "http://a.test/", "{text:?}");
            assert_eq!(parse_seed(text).unwrap().as_str(), "http://a.test/", "{text:?}");
        }
        assert_eq!(trim_invisible("a\u{200b}b"), "a\u{200b}b");
    }
}
