//! The fields of a response head that the crawl uses.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{
    AsHeaderName, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use url::Url;

use crate::web::link_header::HeaderLinks;
use crate::web::mime::MimeType;

/// Maximum length of a stored `Content-Type`, in bytes.
const MAX_CONTENT_TYPE: usize = 255;
/// Maximum length of `ETag` and `Last-Modified`, in bytes; a longer one is dropped, because a cut
/// validator would be wrong in a conditional request.
const MAX_VALIDATOR: usize = 512;
/// Maximum length of a stored `X-Robots-Tag`, in bytes.
const MAX_ROBOTS_TAG: usize = 1024;
/// Maximum number of `Content-Type` headers that are read.
const MAX_CONTENT_TYPES: usize = 20;

/// The head of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    /// All `Content-Type`, as sent, joined by `, `, cut at 255 bytes.
    pub content_type: Option<String>,
    /// `Retry-After`, as time from now.
    pub retry_after: Option<Duration>,
    /// `ETag`, as sent; `None` when longer than 512 bytes or not ASCII.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent; `None` when longer than 512 bytes or not ASCII.
    pub last_modified: Option<String>,
    /// All `X-Robots-Tag`, joined by `, `, cut at 1 KiB.
    pub robots_tag: Option<String>,
    /// What `Link: <…>; rel="canonical"` points to (RFC 6596), if it can be fetched.
    pub canonical: Option<Url>,
    /// What the head says of the document in the body.
    pub document: DocumentHead,
}

/// What the head of a response says of the document in its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentHead {
    /// The media type by all `Content-Type`, with its `charset` if it has one; `None` when none of
    /// them is valid.
    pub media_type: Option<String>,
    /// Whether `X-Content-Type-Options` forbids to detect the type by the body.
    pub nosniff: bool,
    /// The pages that `Link` and `Refresh` lead to: distinct, without fragment, user and password.
    pub links: Vec<Url>,
}

impl ResponseHead {
    /// Reads the head of a response to a request for `url`.
    pub(super) fn of(url: &Url, status: StatusCode, headers: &HeaderMap) -> Self {
        let HeaderLinks { canonical, links } = HeaderLinks::of(url, headers);
        let content_type = |value: &http::HeaderValue| text(value.as_bytes(), usize::MAX);
        let types: Vec<_> = headers
            .get_all(CONTENT_TYPE)
            .iter()
            .take(MAX_CONTENT_TYPES)
            .map(content_type)
            .collect();
        let mime = MimeType::extract(types.iter().map(String::as_str));
        Self {
            status: status.as_u16(),
            content_type: joined(headers, &CONTENT_TYPE, MAX_CONTENT_TYPE),
            retry_after: retry_after(headers),
            etag: validator(headers, ETAG),
            last_modified: validator(headers, LAST_MODIFIED),
            robots_tag: joined(headers, &HeaderName::from_static("x-robots-tag"), MAX_ROBOTS_TAG)
                .filter(|tag| !tag.is_empty()),
            canonical,
            document: DocumentHead {
                media_type: mime.map(|mime| mime.to_string()),
                nosniff: is_nosniff(headers),
                links,
            },
        }
    }
}

fn text(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(most)]).into_owned()
}

fn validator(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
}

/// All values of the header `name`, joined by `, ` and cut at `most` bytes.
fn joined(headers: &HeaderMap, name: &HeaderName, most: usize) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let mut joined = values.next()?.as_bytes().to_vec();
    for value in values {
        if joined.len() >= most {
            break;
        }
        if !joined.is_empty() {
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(value.as_bytes());
    }
    Some(text(&joined, most))
}

/// Whether the first value of `X-Content-Type-Options` is `nosniff` (Fetch standard).
fn is_nosniff(headers: &HeaderMap) -> bool {
    let value = headers.get(X_CONTENT_TYPE_OPTIONS).and_then(|value| value.to_str().ok());
    let first = value.and_then(|value| value.split(',').next());
    first.is_some_and(|first| first.trim().eq_ignore_ascii_case("nosniff"))
}

/// `Retry-After` as time from now; the header holds seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn head(lines: &[(&'static str, &str)]) -> ResponseHead {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        ResponseHead::of(&Url::parse("http://a.test/x/y").unwrap(), StatusCode::OK, &headers)
    }

    #[test]
    fn links_to_the_canonical_page() {
        let table = [
            ("<http://b.test/>; rel=\"canonical\"", Some("http://b.test/")),
            ("<z#f>; rel=canonical", Some("http://a.test/x/z")),
            (
                "</p>;rel=preload, </c> ; title=\"a\"; REL=\"next Canonical\"",
                Some("http://a.test/c"),
            ),
            ("</p>;rel=preload,</c>;rel=canonical", Some("http://a.test/c")),
            ("<http://u:pw@b.test/>; rel=canonical", Some("http://b.test/")),
            ("<mailto:a@b.test>; rel=canonical", None),
            ("<http://[>; rel=canonical", None),
            ("</a>; rel=\"canonicals\"", None),
            ("</a", None),
            ("canonical", None),
        ];
        for (value, expected) in table {
            let found = head(&[("link", value)]).canonical;
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{value}");
        }
    }

    /// Header lines, what is stored of them, and the media type.
    type Row<'t> = (&'t [(&'static str, &'t str)], Option<&'t str>, Option<&'t str>);

    #[test]
    fn the_document_is_described_by_all_lines() {
        let table: [Row<'_>; 6] = [
            (&[], None, None),
            (&[("content-type", "text/html")], Some("text/html"), Some("text/html")),
            (
                &[("content-type", "text/plain"), ("content-type", "text/html; charset=utf-8")],
                Some("text/plain, text/html; charset=utf-8"),
                Some("text/html;charset=\"utf-8\""),
            ),
            (&[("content-type", "html")], Some("html"), None),
            (&[("content-type", "")], Some(""), None),
            (&[("content-type", "text/html, */*")], Some("text/html, */*"), Some("text/html")),
        ];
        for (lines, as_sent, media_type) in table {
            let head = head(lines);
            assert_eq!(head.content_type.as_deref(), as_sent, "{lines:?}");
            assert_eq!(head.document.media_type.as_deref(), media_type, "{lines:?}");
        }
        // What is stored is cut, what is extracted is not.
        let long = format!("{}text/html", "text/plain, ".repeat(100));
        let head = head(&[("content-type", &long)]);
        assert_eq!(head.content_type.unwrap().len(), MAX_CONTENT_TYPE);
        assert_eq!(head.document.media_type.as_deref(), Some("text/html"));
    }

    #[test]
    fn nosniff_is_the_first_value() {
        for (value, expected) in
            [("nosniff", true), (" NoSniff , x", true), ("x, nosniff", false), ("nosniffs", false)]
        {
            let head = head(&[("x-content-type-options", value)]);
            assert_eq!(head.document.nosniff, expected, "{value}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let long = format!("\"{}\"", "x".repeat(MAX_VALIDATOR));
        let kept = head(&[("etag", &long), ("x-robots-tag", &"noindex,".repeat(1000))]);
        assert_eq!(kept.etag, None);
        assert_eq!(kept.robots_tag.unwrap().len(), MAX_ROBOTS_TAG);
        let kept = head(&[("etag", "W/\"a\""), ("x-robots-tag", "a"), ("x-robots-tag", "b: c")]);
        assert_eq!(kept.etag.as_deref(), Some("W/\"a\""));
        assert_eq!(kept.robots_tag.as_deref(), Some("a, b: c"));
    }
}
