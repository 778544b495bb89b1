//! Links and title of an HTML page, found in one streaming pass.

use bytes::Bytes;
use url::Url;

pub use super::url::MAX_URL_LEN;

/// What a page says about itself and where it leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The title: entities decoded, white space collapsed, at most 500 characters.
    pub title: Option<String>,
    /// Absolute `http` and `https` URLs without fragment, distinct, in document order.
    pub links: Vec<Url>,
    /// Whether the page held more than was taken.
    pub truncated: bool,
    /// Links that cannot be followed: malformed, or longer than [`MAX_URL_LEN`].
    pub refused_links: u32,
}

/// Whether the body is HTML: by the header, by its first bytes where there is none.
#[must_use]
pub fn is_html(content_type: Option<&str>, _body_start: &[u8]) -> bool {
    content_type.is_none_or(|text| text.contains("html"))
}

/// Finds title and links of a page at `base`; takes at most `max_links`.
#[must_use]
pub fn parse_html(
    _chunks: &[Bytes],
    _content_type: Option<&str>,
    _base: &Url,
    _max_links: usize,
) -> Parsed {
    Parsed::default()
}
