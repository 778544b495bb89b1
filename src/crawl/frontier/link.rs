//! URLs as they come into the frontier: a link of a page, and a URL found anywhere.

use std::sync::Arc;

use crate::model::ids::PageId;
use crate::model::url_identity::UrlHash;

/// A link found on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLink {
    /// URL text.
    pub url: Arc<str>,
    /// Its identity.
    pub hash: UrlHash,
    /// Text of the link, where it has one.
    pub anchor: Option<Arc<str>>,
}

impl FoundLink {
    /// One without text.
    #[must_use]
    pub const fn bare(url: Arc<str>, hash: UrlHash) -> Self {
        Self { url, hash, anchor: None }
    }
}

/// A URL found on a page, in a sitemap, among the seeds or in an earlier crawl.
#[derive(Debug, Clone)]
pub struct FoundUrl {
    /// As found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub hash: UrlHash,
    /// Links from a seed.
    pub depth: u32,
    /// The page on which it was found, and its URL.
    pub on: Option<(PageId, Arc<str>)>,
    /// What a sitemap says of its last change: ms since 1970, UTC.
    pub lastmod_ms: Option<i64>,
}
