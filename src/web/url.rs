//! URLs: what a user may type, the canonical form, identity.
//!
//! A URL is requested as it was found and identified by its canonical form: the WHATWG
//! serialisation without fragment, percent escapes in upper case. It knows no scope and
//! no network.

use url::Url;

use crate::settings::mask::mask;
pub use crate::settings::scope_kind::ScopeKind;

/// Longest URL that is followed, in bytes. Servers and caches give up around this length.
pub const MAX_URL_LEN: usize = 8 << 10;

/// Longest URL that is known at all, in bytes: between the two lengths a URL is recorded as skipped.
pub const MAX_URL_TEXT: usize = 1 << 20;

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
