//! The same content under many URLs: how many pages of one host hold the same, or say so.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::trap_hit::MAX_PATTERN;
use crate::web::traps::memory::BoundedMap;
use crate::web::url::shorten;

/// Contents remembered, per generation.
const CONTENTS: usize = 7 << 12;

/// What is told of a page that was fetched well.
#[derive(Debug, Clone, Copy)]
pub struct FetchedPage<'a> {
    /// Its URL.
    pub url: &'a str,
    /// Hash of its body, unless it is so short that it says nothing.
    pub body: Option<u64>,
    /// The page that it names as the one to be read in its place (`rel=canonical`).
    pub canonical: Option<&'a str>,
    /// Its title.
    pub title: Option<&'a str>,
    /// Bytes of its body.
    pub length: u64,
    /// Links on it.
    pub links: u32,
}

impl FetchedPage<'_> {
    /// The page that it is a copy of by its own word, and what all its copies share: that and
    /// their title but for numbers. Whole sites name their home by mistake; their titles differ.
    pub(super) fn named(&self) -> Option<(u64, &str)> {
        let canonical = self.canonical.filter(|canonical| *canonical != self.url)?;
        let mut title = self.title.unwrap_or_default().to_owned();
        title.retain(|c| !c.is_ascii_digit());
        Some((xxh3_64_with_seed(title.as_bytes(), xxh3_64(canonical.as_bytes())), canonical))
    }

    /// What a page looks like, whatever ids its links hold; `None` when there is nothing to see.
    pub(super) fn look(&self) -> Option<u64> {
        let title = xxh3_64(self.title.unwrap_or_default().as_bytes());
        let seen = self.body.is_some() || self.links > 0;
        seen.then(|| xxh3_64_with_seed(&self.length.to_le_bytes(), title ^ u64::from(self.links)))
    }
}

/// Pages that hold one content.
#[derive(Debug, Default)]
struct CopiedContent {
    count: u32,
    first: Box<str>,
}

/// Which content was met how often.
#[derive(Debug)]
pub(super) struct CopyCounter(BoundedMap<CopiedContent>);

impl CopyCounter {
    pub(super) fn new() -> Self {
        Self(BoundedMap::new(CONTENTS))
    }

    /// Counts a page; tells the first URL with its content when there are more than `limit`.
    pub(super) fn add(&mut self, page: &FetchedPage<'_>, host: &str, limit: u32) -> Option<&str> {
        let seed = xxh3_64(host.as_bytes());
        let named = page.named().map(|(key, canonical)| (key ^ seed, canonical));
        let body = page.body.map(|body| (body ^ seed, page.url));
        // The one that was met more often.
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
