//! Links and title of a page: HTML, XHTML, or other XML with elements of these.
//!
//! This module knows no crawl: other modules decide which links are followed.

use bytes::Bytes;
use url::Url;

use super::charset::{self, DetectedEncoding};
#[cfg(feature = "internals")]
pub use super::sniff::is_html;
pub use super::sniff::{DocumentKind, document_kind};
use crate::web::extract::PageExtractor;
use crate::web::markup;
use crate::web::parsed::{LinkOptions, Parsed};
use crate::web::xhtml;

/// Finds title, links and directives of the page at `base`, within the limits of `options`.
///
/// `chunks` are the whole body, `content_type` its `Content-Type`, several joined by commas; a body
/// that is no document by it is read as HTML. References to a place on the page itself are no links.
/// When a malicious page exceeds a limit, what was found before is returned, marked as truncated.
#[must_use]
pub fn parse_html(
    chunks: &[Bytes],
    content_type: Option<&str>,
    base: &Url,
    options: &LinkOptions,
) -> Parsed {
    match document_kind(content_type, false, chunks) {
        Some(kind @ (DocumentKind::Xhtml | DocumentKind::Xml)) => {
            let encoding = charset::of_xml(chunks, content_type, Some(base));
            let encoding = DetectedEncoding { encoding, certain: true };
            xhtml::read(chunks, kind, PageExtractor::new(base, encoding, options))
        }
        Some(DocumentKind::Html) | None => {
            let detected = charset::detect(chunks, true, content_type, Some(base));
            read_html(chunks, detected, base, options)
        }
    }
}

/// Reads the page in the encoding that was detected, or again in the one that a later `meta` declares.
fn read_html(
    chunks: &[Bytes],
    detected: DetectedEncoding,
    base: &Url,
    options: &LinkOptions,
) -> Parsed {
    let mut page = PageExtractor::new(base, detected, options);
    let cut = markup::read(chunks, detected.encoding, &mut page).is_err();
    match page.other_encoding() {
        Some(encoding) => {
            let declared = DetectedEncoding { encoding, certain: true };
            read_html(chunks, declared, base, options)
        }
        None => page.finish(cut),
    }
}
