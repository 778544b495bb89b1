//! The fields of a response head that the crawl uses.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{AsHeaderName, CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED, LINK, RETRY_AFTER};
use url::Url;

use super::url::{is_fetchable, resolve, strip_user, url_text};

/// Maximum length of a stored `Content-Type`, in bytes.
const MAX_CONTENT_TYPE: usize = 255;
/// Maximum length of `ETag` and `Last-Modified`, in bytes; a longer one is dropped, because a cut
/// validator would be wrong in a conditional request.
const MAX_VALIDATOR: usize = 512;
/// Maximum length of a stored `X-Robots-Tag`, in bytes.
const MAX_ROBOTS_TAG: usize = 1024;
/// Maximum number of `Link` headers that are read.
const MAX_LINKS: usize = 20;

/// The head of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, as sent, cut at 255 bytes.
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
}

impl ResponseHead {
    /// Reads the head of a response to a request for `url`.
    pub(super) fn of(url: &Url, status: StatusCode, headers: &HeaderMap) -> Self {
        Self {
            status: status.as_u16(),
            content_type: headers.get(CONTENT_TYPE).map(|v| text(v.as_bytes(), MAX_CONTENT_TYPE)),
            retry_after: retry_after(headers),
            etag: validator(headers, ETAG),
            last_modified: validator(headers, LAST_MODIFIED),
            robots_tag: robots_tag(headers),
            canonical: canonical(url, headers),
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

fn robots_tag(headers: &HeaderMap) -> Option<String> {
    let mut joined = Vec::new();
    for value in headers.get_all("x-robots-tag") {
        if !joined.is_empty() {
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(value.as_bytes());
        if joined.len() >= MAX_ROBOTS_TAG {
            break;
        }
    }
    (!joined.is_empty()).then(|| text(&joined, MAX_ROBOTS_TAG))
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

/// The first `Link` whose relation is `canonical`.
fn canonical(url: &Url, headers: &HeaderMap) -> Option<Url> {
    for value in headers.get_all(LINK).iter().take(MAX_LINKS) {
        let value = url_text(value.as_bytes());
        let mut rest = &*value;
        while let Some((target, behind)) = rest.split_once('<').and_then(|(_, r)| r.split_once('>'))
        {
            // The parameters end at the next link. A quoted `,<` is not recognised.
            let end = behind.find(",<").or_else(|| behind.find(", <")).unwrap_or(behind.len());
            let (parameters, next) = behind.split_at(end);
            rest = next;
            if parameters.split(';').any(is_canonical) {
                let mut target = resolve(url, target.trim()).ok().filter(is_fetchable)?;
                target.set_fragment(None);
                strip_user(&mut target);
                return Some(target);
            }
        }
    }
    None
}

fn is_canonical(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel")
        && relations.any(|relation| relation.eq_ignore_ascii_case("canonical"))
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
