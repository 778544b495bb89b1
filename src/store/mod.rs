//! Where results live: one trait, SQLite behind it.
//!
//! The saver is the only writer during a crawl. A [`Batch`] is one transaction: page rows, link
//! rows, newly found URLs, done marks, journal entries and the crawl's counters, all or nothing.
//! After `kill -9` at any moment the frontier table holds exactly the URLs that are not done.
//!
//! It must not know the crawl's tasks, HTTP or a terminal.

#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::web::url::UrlHash;

pub mod error;
pub mod name;
pub mod sqlite;

pub use error::StoreError;
pub use sqlite::SqliteStore;

use name::DbName;

/// Whether a database that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// A missing or empty file becomes a new database.
    CreateIfMissing,
    /// Only an existing one will do.
    MustExist,
}

/// Opens a database by name: `sqlite://FILE`, `sqlite:FILE` or just `FILE`.
///
/// A database that is refused is left byte for byte as it was.
///
/// # Errors
/// See [`StoreError`]: a name of no database, a file that is missing, locked, read-only,
/// damaged, of another program or of a newer crawldeck.
pub async fn open(url: &str, mode: OpenMode) -> Result<Arc<dyn Store>, StoreError> {
    match DbName::parse(url)? {
        DbName::Sqlite { shown, path } => {
            Ok(Arc::new(SqliteStore::open(&shown, &path, mode).await?))
        }
    }
}

/// A page's number in the database: the crawl's number times 2³² plus the URL's number in its
/// crawl, in order of discovery. So ids of one crawl are dense, increasing, and unique among
/// all crawls of a database.
pub type PageId = i64;

/// A crawl's number in its database, from 1.
pub type CrawlId = i64;

/// Puts an id together.
#[must_use]
pub const fn page_id(crawl: CrawlId, seq: u32) -> PageId {
    (crawl << 32) | seq as i64
}

/// The number in its crawl of the URL with this id.
#[must_use]
pub const fn seq_of(id: PageId) -> u32 {
    (id & 0xffff_ffff) as u32
}

/// How a page ended, as stored in `scraped_pages.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// Answered 2xx.
    Ok,
    /// Answered otherwise, or not at all after the last attempt.
    Failed,
    /// Known but not fetched, for the reason in `error`.
    Skipped,
}

impl RowState {
    /// The word stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A row of `scraped_pages`.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRow {
    /// See [`PageId`].
    pub id: PageId,
    /// URL as found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub url_hash: UrlHash,
    /// Host with port, as in the URL: `127.0.0.1:8700`.
    pub host: Arc<str>,
    /// How it ended.
    pub state: RowState,
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
    /// Requests made for it.
    pub attempts: u32,
    /// Where redirects led, if elsewhere.
    pub final_url: Option<String>,
    /// Redirects on the way, as a JSON array of `{"url", "status"}`; `None` when there were none.
    pub redirects: Option<String>,
    /// What went wrong, or why it was skipped.
    pub error: Option<String>,
    /// The page on which its URL was first found; `None` for a seed.
    pub found_on: Option<PageId>,
    /// Links found on it (in scope, distinct).
    pub links_found: u32,
    /// When it ended: ms since 1970, UTC.
    pub created_at_ms: i64,
}

/// A row of `frontier`: a URL known and not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontierRow {
    /// See [`PageId`].
    pub id: PageId,
    /// URL as found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub url_hash: UrlHash,
    /// Links from a seed.
    pub depth: u32,
    /// Requests made for it so far.
    pub attempts: u32,
    /// Not to be fetched before: ms since 1970, UTC; 0 = at once.
    pub not_before_ms: i64,
    /// The page on which it was first found; `None` for a seed.
    pub found_on: Option<PageId>,
}

/// A row of `changes`: a journal entry.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRow {
    /// Its number in the crawl, from 1.
    pub seq: u64,
    /// ms since 1970, UTC.
    pub at_ms: i64,
    /// By whom.
    pub by: &'static str,
    /// What, in words: `permits 8 → 16`.
    pub what: String,
    /// The whole entry, as JSON.
    pub entry: String,
}

/// One transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// Finished pages. Their frontier rows are deleted in the same transaction.
    pub pages: Vec<PageRow>,
    /// `(from, to)`, distinct per page.
    pub links: Vec<(PageId, PageId)>,
    /// URLs found, in order of id.
    pub discovered: Vec<FrontierRow>,
    /// `(id, attempts, not_before_ms)` of URLs to be tried again.
    pub postponed: Vec<(PageId, u32, i64)>,
    /// Journal entries, inserted or (same `seq`) replaced.
    pub changes: Vec<ChangeRow>,
    /// The crawl's counters after this batch, as JSON: stored so that resuming need not count.
    pub totals: Option<String>,
    /// When settings changed: a JSON object whose members take the place of the stored ones
    /// (RFC 7396: null takes a member away).
    pub settings: Option<String>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
            && self.links.is_empty()
            && self.discovered.is_empty()
            && self.postponed.is_empty()
            && self.changes.is_empty()
            && self.totals.is_none()
            && self.settings.is_none()
    }
}

/// State of a crawl, as stored in `crawls.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrawlState {
    /// Running, or its process died.
    Running,
    /// Stopped before the end; resumable.
    Stopped,
    /// Complete.
    Complete,
    /// Could not run.
    Failed,
}

impl CrawlState {
    /// The word stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// What a crawl goes on from.
#[derive(Debug, Clone)]
pub struct StoredCrawl {
    /// Its number.
    pub id: CrawlId,
    /// Settings in force when it was last saved, as JSON.
    pub settings: String,
    /// Counters when it was last saved, as JSON; `None` before the first batch.
    pub totals: Option<String>,
    /// Journal entries as JSON, oldest first.
    pub changes: Vec<String>,
    /// The next URL number to give out: one above the highest in use.
    pub next_seq: u32,
    /// Rows in `frontier`.
    pub open: u64,
}

/// Receives known URLs in chunks of `(hash, id)`; returns false to stop.
pub type SeenSink<'a> = &'a mut (dyn FnMut(&[(UrlHash, PageId)]) -> bool + Send);

/// A database of crawls.
pub trait Store: Send + Sync + 'static {
    /// What it is, without secrets: `sqlite://crawldeck.db`.
    fn describe(&self) -> String;

    /// Adds a crawl in state `running`, with its settings as JSON.
    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>>;

    /// The newest crawl that is not complete (`None`: the newest unfinished; else that one), put
    /// back into state `running`. Its cost does not grow with what was already crawled.
    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>>;

    /// Writes a batch in one transaction. Page rows are upserts on `(crawl_id, url_hash)`.
    fn commit<'a>(
        &'a self,
        crawl: CrawlId,
        batch: &'a Batch,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// At most `limit` frontier rows with an id above `after`, in order of id.
    fn frontier_after(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>>;

    /// Every URL of the crawl, done or not, streamed in chunks.
    fn seen<'a>(
        &'a self,
        crawl: CrawlId,
        sink: SeenSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Records how a crawl ended.
    fn set_state(&self, crawl: CrawlId, state: CrawlState)
    -> BoxFuture<'_, Result<(), StoreError>>;

    /// Writes out what is buffered and closes the connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}
