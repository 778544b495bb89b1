//! Checks, counts and emits the entries of a sitemap.

use url::Url;

use super::item::{Counts, Item, SitemapError};
use super::lastmod;
use crate::web::url::{is_fetchable, strip_user};

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Page,
    Sitemap,
}

/// Emits valid entries and counts all.
#[derive(Debug)]
pub(super) struct ItemOutput {
    base: Url,
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

    /// Emits an entry to `sink`; `relative` says whether its URL may be relative.
    ///
    /// # Errors
    /// When the entry exceeds the limit of URLs.
    pub(super) fn emit(
        &mut self,
        names: EntryKind,
        url: &str,
        changed: &str,
        relative: bool,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        let base = relative.then_some(&self.base);
        let parsed = Url::options().base_url(base).parse(url.trim());
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
