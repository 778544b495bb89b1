//! From the text of an entry to a URL that can be fetched, counted.

use url::Url;

use super::item::{Counts, Item, SitemapError};
use super::lastmod;
use crate::web::url::is_fetchable;

/// What an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Page,
    Sitemap,
}

/// Hands on what is good and counts.
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

    /// An entry that names nothing.
    pub(super) const fn refuse(&mut self) {
        self.counts.refused = self.counts.refused.saturating_add(1);
    }

    /// An entry; `relative` whether its URL may be.
    pub(super) fn take(
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
            self.refuse();
            return Ok(());
        };
        url.set_fragment(None);
        // Neither fails where there is a host, and others are refused.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if !is_fetchable(&url) {
            self.refuse();
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
