//! Checks, counts and emits the entries of a sitemap.

use url::Url;

use super::item::{Counts, Item, SitemapError};
use super::lastmod;
use crate::web::url::{is_fetchable, strip_user, trim_invisible, without_extra_slashes};

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Page,
    Sitemap,
}

/// What the URL of an entry is relative to.
#[derive(Debug, Clone, Copy)]
pub(super) enum EntryBase<'base> {
    /// Nothing: it must be absolute.
    Absolute,
    /// The sitemap.
    Document,
    /// The `xml:base` in force.
    Of(&'base Url),
}

/// Emits valid entries and counts all.
#[derive(Debug)]
pub(super) struct ItemOutput {
    /// The URL of the sitemap.
    pub(super) base: Url,
    most: u32,
    pub(super) counts: Counts,
}

impl ItemOutput {
    pub(super) fn new(base: &Url, most: u32) -> Self {
        Self { base: base.clone(), most, counts: Counts::default() }
    }

    /// Counts an entry without a usable URL.
    pub(super) const fn count_refused(&mut self) {
        self.counts.refused = self.counts.refused.saturating_add(1);
    }

    /// Emits an entry to `sink`.
    ///
    /// # Errors
    /// When the entry exceeds the limit of URLs.
    pub(super) fn emit(
        &mut self,
        names: EntryKind,
        url: &str,
        changed: &str,
        base: EntryBase<'_>,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        let base = match base {
            EntryBase::Absolute => None,
            EntryBase::Document => Some(&self.base),
            EntryBase::Of(base) => Some(base),
        };
        let text = trim_invisible(url);
        let text = if base.is_some() { without_extra_slashes(text) } else { text.into() };
        let parsed = Url::options().base_url(base).parse(&text);
        let Some(mut url) = parsed.ok().filter(|url| !url.cannot_be_a_base()) else {
            self.count_refused();
            return Ok(());
        };
        url.set_fragment(None);
        strip_user(&mut url);
        if !is_fetchable(&url) {
            self.count_refused();
            return Ok(());
        }
        if self.counts.pages + self.counts.sitemaps >= self.most {
            return Err(SitemapError::TooMany { limit: self.most });
        }
        let lastmod = lastmod::parse(changed);
        match names {
            EntryKind::Page => {
                self.counts.pages += 1;
                sink(Item::Page { url, lastmod });
            }
            EntryKind::Sitemap => {
                self.counts.sitemaps += 1;
                sink(Item::Sitemap { url, lastmod });
            }
        }
        Ok(())
    }
}
