//! Parses the URLs of seeds, and limits the length of URLs. It knows no scope and no network.

use url::Url;

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
