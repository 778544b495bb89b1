//! Counts pages of one host that have the same content, or that declare the same canonical URL.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::trap_hit::MAX_PATTERN;
use crate::web::bounded_map::BoundedMap;
use crate::web::url::shorten;

/// Number of contents remembered, per generation.
const CONTENTS: usize = 7 << 12;

/// What the detector needs to know of a successfully fetched page.
#[derive(Debug, Clone, Copy)]
pub struct FetchedPage<'a> {
    /// Its URL.
    pub url: &'a str,
    /// Hash of its body; `None` for a body too short to compare.
    pub body: Option<u64>,
    /// The canonical URL that it declares (`rel=canonical`).
    pub canonical: Option<&'a str>,
    /// Its title.
    pub title: Option<&'a str>,
    /// Length of its body, in bytes.
    pub length: u64,
    /// Number of links on it.
    pub links: u32,
}

impl FetchedPage<'_> {
    /// The canonical URL of a page that is not canonical itself, and the key that all its copies share:
    /// a hash of that URL and of the title without digits. The title is part of it because some sites
    /// declare their home page on every page by mistake; their titles differ.
    pub(super) fn canonical_key(&self) -> Option<(u64, &str)> {
        let canonical = self.canonical.filter(|canonical| *canonical != self.url)?;
        let mut title = self.title.unwrap_or_default().to_owned();
        title.retain(|c| !c.is_ascii_digit());
        Some((xxh3_64_with_seed(title.as_bytes(), xxh3_64(canonical.as_bytes())), canonical))
    }

    /// A hash of the appearance of a page (length, title, number of links), which does not depend on
    /// ids in its links; `None` for a page without content.
    pub(super) fn appearance(&self) -> Option<u64> {
        let title = xxh3_64(self.title.unwrap_or_default().as_bytes());
        let seen = self.body.is_some() || self.links > 0;
        seen.then(|| xxh3_64_with_seed(&self.length.to_le_bytes(), title ^ u64::from(self.links)))
    }
}

/// The pages with one content.
#[derive(Debug, Default)]
struct CopiedContent {
    count: u32,
    first: Box<str>,
}

/// Counts the pages of each content.
#[derive(Debug)]
pub(super) struct CopyCounter(BoundedMap<CopiedContent>);

impl CopyCounter {
    pub(super) fn new() -> Self {
        Self(BoundedMap::new(CONTENTS))
    }

    /// Counts a page; returns the first URL with its content when there are more than `limit` pages.
    pub(super) fn add(&mut self, page: &FetchedPage<'_>, host: &str, limit: u32) -> Option<&str> {
        let seed = xxh3_64(host.as_bytes());
        let named = page.canonical_key().map(|(key, canonical)| (key ^ seed, canonical));
        let body = page.body.map(|body| (body ^ seed, page.url));
        // The content with more pages.
        let mut most = None;
        for (key, first) in named.into_iter().chain(body) {
            let content = self.0.entry(key);
            if content.count == 0 {
                content.first = shorten(first, MAX_PATTERN).into();
            }
            content.count = content.count.saturating_add(1);
            if content.count > limit && most.is_none_or(|(count, _)| content.count > count) {
                most = Some((content.count, key));
            }
        }
        most.map(|(_, key)| &*self.0.entry(key).first)
    }
}
