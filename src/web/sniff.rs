//! Detects what kind of document a body is, by its media type or, without one, by its beginning.

use bytes::Bytes;

use crate::web::mime::MimeType;

/// Bytes at the start of a body by which its type is detected (MIME Sniffing standard, "resource
/// header").
const MAX_BEGINNING: usize = 1445;

/// Beginnings of HTML (MIME Sniffing standard, section 7.1), to be followed by white space or `>`.
const BEGINNINGS: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<meta",
];

/// A kind of document that can be parsed for links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// HTML.
    Html,
    /// XHTML: XML that was declared as `application/xhtml+xml`.
    Xhtml,
    /// Other XML, in which elements of HTML and SVG are known by their namespace.
    Xml,
}

/// The kind of document that a body of this `Content-Type` is, several joined by commas. Where it
/// names no type, the first bytes decide, unless `nosniff`. `None`: no document with links.
#[must_use]
pub fn document_kind(
    content_type: Option<&str>,
    nosniff: bool,
    chunks: &[Bytes],
) -> Option<DocumentKind> {
    kind_of(MimeType::extract(content_type).as_ref(), nosniff, || beginning(chunks))
}

/// Whether the body is HTML or XHTML, by its `Content-Type` or, where it names no type, by the first
/// bytes of the body.
#[must_use]
pub fn is_html(content_type: Option<&str>, body_start: &[u8]) -> bool {
    let start = || body_start[..body_start.len().min(MAX_BEGINNING)].to_vec();
    let kind = kind_of(MimeType::extract(content_type).as_ref(), false, start);
    matches!(kind, Some(DocumentKind::Html | DocumentKind::Xhtml))
}

fn kind_of(
    mime: Option<&MimeType>,
    nosniff: bool,
    beginning: impl FnOnce() -> Vec<u8>,
) -> Option<DocumentKind> {
    let essence = mime.map(|mime| &*mime.essence);
    match essence {
        None | Some("unknown/unknown" | "application/unknown") => {
            if nosniff {
                return None;
            }
            let beginning = beginning();
            if looks_like_html(&beginning) {
                Some(DocumentKind::Html)
            } else {
                beginning.trim_ascii_start().starts_with(b"<?xml").then_some(DocumentKind::Xml)
            }
        }
        Some("text/html") => Some(DocumentKind::Html),
        Some("application/xhtml+xml") => Some(DocumentKind::Xhtml),
        Some(_) => mime.is_some_and(MimeType::is_xml).then_some(DocumentKind::Xml),
    }
}

/// The start of the body, however it was cut into chunks.
fn beginning(chunks: &[Bytes]) -> Vec<u8> {
    let mut start = Vec::with_capacity(MAX_BEGINNING);
    for chunk in chunks {
        let room = MAX_BEGINNING - start.len();
        start.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if start.len() == MAX_BEGINNING {
            break;
        }
    }
    start
}

fn looks_like_html(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    start.starts_with(b"<!--")
        || BEGINNINGS.iter().any(|tag| {
            start.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag.as_bytes()))
                && start.get(tag.len()).is_some_and(|&b| b == b'>' || b.is_ascii_whitespace())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_type_or_beginning() {
        use DocumentKind::{Html, Xhtml, Xml};
        let html = "<!DOCTYPE html><title>x</title>";
        let table = [
            (Some("text/html"), "", Some(Html)),
            (Some("text/html, text/html"), "", Some(Html)),
            (Some("text/plain, text/html; charset=utf-8"), "", Some(Html)),
            (Some("text/html, text/plain"), html, None),
            (Some("application/xhtml+xml"), html, Some(Xhtml)),
            (Some("application/xml"), html, Some(Xml)),
            (Some("image/svg+xml"), "", Some(Xml)),
            (Some("text/plain"), html, None),
            (Some("application/octet-stream"), html, None),
            (Some("image/png"), html, None),
            (None, html, Some(Html)),
            (Some(""), html, Some(Html)),
            (Some("html"), html, Some(Html)),
            (Some("charset=utf-8"), html, Some(Html)),
            (Some("; charset=utf-8"), html, Some(Html)),
            (Some("*/*"), html, Some(Html)),
            (Some("unknown/unknown"), html, Some(Html)),
            (Some("application/unknown; x=y"), html, Some(Html)),
            (None, "<?xml version='1.0'?><html/>", Some(Xml)),
            (None, "plain text", None),
            (Some("html"), "\u{89}PNG", None),
            (None, "", None),
        ];
        for (content_type, body, expected) in table {
            for size in [1, 2, 5, 100] {
                let chunks: Vec<_> =
                    body.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
                let kind = document_kind(content_type, false, &chunks);
                assert_eq!(kind, expected, "{content_type:?} {body} in pieces of {size}");
            }
        }
    }

    #[test]
    fn the_beginning_is_bounded_and_not_sniffed_against_the_will_of_the_server() {
        let padded = |spaces: usize| [Bytes::from(format!("{}<html>", " ".repeat(spaces)))];
        assert_eq!(document_kind(None, false, &padded(1445 - 6)), Some(DocumentKind::Html));
        assert_eq!(document_kind(None, false, &padded(1445 - 5)), None);
        assert_eq!(document_kind(None, true, &padded(0)), None);
        assert_eq!(document_kind(Some("text/html"), true, &padded(0)), Some(DocumentKind::Html));
    }
}
