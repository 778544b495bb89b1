//! The pages of a crawl as they are stored, for viewers: read on demand, in bounded pieces.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::error::StoreError;
use super::page_filter::{FilteredPage, PageFilter};
use super::rows::PreviousLink;
use crate::model::ids::PageId;
use crate::model::page_state::PageState;

/// Pages that hold links are indexed in blocks of so many ids; see the migration `links_by_target`.
pub const LINK_BLOCK: i64 = 1 << 10;

/// Most blocks that one call of [`StoredPages::links_to`] may look through.
pub const MAX_LINK_BLOCKS: i64 = 512;

/// A page as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPage {
    /// See [`PageId`].
    pub id: PageId,
    /// URL as found.
    pub url: Arc<str>,
    /// How it ended.
    pub state: PageState,
    /// Final status.
    pub status: Option<u16>,
    /// Body bytes after decoding.
    pub content_length: u64,
    /// Media type as sent.
    pub content_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Links from a seed.
    pub depth: u32,
    /// Last attempt, in ms.
    pub elapsed_ms: u64,
    /// Requests made for it that count as attempts.
    pub attempts: u32,
    /// Where redirects led, if elsewhere.
    pub final_url: Option<String>,
    /// Redirects on the way, as a JSON array of `{"url", "status"}`.
    pub redirects: Option<String>,
    /// What went wrong, or why it was skipped.
    pub error: Option<String>,
    /// Why it was not parsed, if it was not.
    pub not_parsed: Option<String>,
    /// The page on which its URL was first found; `None` for a seed.
    pub found_on: Option<PageId>,
    /// Links found on it.
    pub links_found: u32,
    /// When it ended: ms since 1970, UTC.
    pub created_at_ms: i64,
}

impl StoredPage {
    /// What a filter looks at.
    #[must_use]
    pub fn filtered(&self) -> FilteredPage<'_> {
        FilteredPage {
            state: self.state,
            status: self.status,
            url: &self.url,
            texts: [self.title.as_deref(), self.error.as_deref(), self.content_type.as_deref()],
        }
    }
}

/// A link to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundLink {
    /// The page that holds it.
    pub from: PageId,
    /// Its URL.
    pub url: Arc<str>,
    /// The link's text; `None` when it has none.
    pub anchor: Option<Arc<str>>,
}

/// Ids between two others, which are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// Only ids above this one.
    pub above: PageId,
    /// Only ids below this one.
    pub below: PageId,
}

/// Reads the pages of one crawl on a connection of its own, which is made when it is needed and outlives the
/// store. Every call looks at the ids that it is given and no others, so its cost is the caller's to bound.
///
/// # Errors
/// All of them fail when the database cannot be read, or does not respond in time; the next call connects
/// again.
pub trait StoredPages: Send + Sync + 'static {
    /// The highest id of a stored page; `None` while there is none.
    fn newest(&self) -> BoxFuture<'_, Result<Option<PageId>, StoreError>>;

    /// At most `limit` pages with an id in `ids` that pass the filter, newest found first. `true` when there may be
    /// others in `ids`, below the last one that was read, whose id comes with it.
    fn pages<'a>(
        &'a self,
        ids: Between,
        filter: &'a PageFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<PagesRead, StoreError>>;

    /// At most `limit` links to a page from pages with an id in `ids`, in order of id. No more than
    /// [`MAX_LINK_BLOCKS`] blocks of [`LINK_BLOCK`] ids are looked through.
    fn links_to(
        &self,
        page: PageId,
        ids: Between,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<InboundLink>, StoreError>>;

    /// Where a page leads, at most `limit` links to stored pages.
    fn links_from(
        &self,
        page: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PreviousLink>, StoreError>>;

    /// Closes the connection; the next call makes a new one.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// What [`StoredPages::pages`] found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PagesRead {
    /// The pages that pass.
    pub pages: Vec<StoredPage>,
    /// The last id that was looked at, where the limit ended the search.
    pub ended_at: Option<PageId>,
}
