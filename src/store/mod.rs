//! Where results live: one trait, the databases behind it.
//!
//! An open store is a holder (see [`crawl_lease`]): it writes to the crawls that it holds, to no other.
//! The saver is the only writer during a crawl. A [`Batch`] is one transaction: page rows, link
//! rows, newly found URLs, done marks, journal entries and the crawl's counters, all or nothing.
//! After `kill -9` at any moment the frontier table holds exactly the URLs that are not done.
//!
//! It must not know the crawl's tasks, HTTP or a terminal.

#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use crate::model::ids::{CrawlId, PageId};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::model::url_identity::UrlHash;

pub mod crawl_info;
pub mod crawl_lease;
pub mod error;
mod host_totals;
mod migrations;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod name;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod rows;
pub mod select;
mod slow_log;
pub mod sqlite;
mod text;
mod tx_error;

pub use crawl_info::{CrawlInfo, HeldBy};
pub use crawl_lease::LeaseOwner;
pub use error::StoreError;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use rows::{
    Batch, ChangeRow, Content, FrontierRow, HostRow, LinkRow, OpenHost, PageChange, PageRow,
    PreviousLink, PreviousPage, SitemapRow,
};
pub use select::{Columns, RowSink, Value};
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

/// Opens a database by name: `postgres://…`, `mysql://…`, `sqlite://FILE`, `sqlite:FILE` or just
/// `FILE`.
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
        #[cfg(feature = "postgres")]
        DbName::Postgres { shown, url } => {
            Ok(Arc::new(PostgresStore::open(&shown, &url, mode).await?))
        }
        #[cfg(not(feature = "postgres"))]
        DbName::Postgres { shown, .. } => {
            Err(StoreError::NotBuilt { db: shown, database: "PostgreSQL", feature: "postgres" })
        }
        #[cfg(feature = "mysql")]
        DbName::MySql { shown, url } => Ok(Arc::new(MySqlStore::open(&shown, &url, mode).await?)),
        #[cfg(not(feature = "mysql"))]
        DbName::MySql { shown, .. } => {
            Err(StoreError::NotBuilt { db: shown, database: "MySQL", feature: "mysql" })
        }
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
    /// Being removed, or half removed: it cannot be opened any more.
    Removing,
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
            Self::Removing => "removing",
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

    /// Adds a crawl in state `running`, with its settings as JSON, held by this store.
    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>>;

    /// The newest crawl that is not complete (`None`: the newest unfinished; else that one), put
    /// back into state `running`, held by this store. Its cost does not grow with what was already
    /// crawled.
    ///
    /// # Errors
    /// [`StoreError::Held`] when somebody else alive holds it. A dead holder is taken over, and so is
    /// this store itself.
    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>>;

    /// Writes a batch in one transaction, which is a sign of life as well. Page rows are upserts on
    /// `(crawl_id, url_hash)`; links that are there stay as they are.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] or [`StoreError::NotHeld`] when this store does not hold the crawl;
    /// nothing is written then. [`StoreError::is_transient`] tells whether to try again.
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

    /// At most `limit` frontier rows of one host with an id above `after`, in order of id. Answered
    /// by an index on host and id, whatever else waits.
    fn frontier_of_host(
        &self,
        crawl: CrawlId,
        host_id: i64,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>>;

    /// Every host with rows in the frontier. It grows with the frontier, not with what was
    /// crawled.
    fn open_hosts(&self, crawl: CrawlId) -> BoxFuture<'_, Result<Vec<OpenHost>, StoreError>>;

    /// At most `limit` skipped pages whose `error` is `reason`, with an id above `after`, in order
    /// of id, as the frontier rows that they were.
    fn skipped_because<'a>(
        &'a self,
        crawl: CrawlId,
        reason: &'a str,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<FrontierRow>, StoreError>>;

    /// The newest complete crawl (or the one named, if it is complete) with its settings as JSON,
    /// to be looked at again.
    ///
    /// # Errors
    /// When there is none: a partial crawl is never treated as a whole one.
    fn complete_crawl(
        &self,
        crawl: Option<CrawlId>,
    ) -> BoxFuture<'_, Result<(CrawlId, String), StoreError>>;

    /// A URL as `crawl` left it; `None` when it did not know it.
    fn previous_page(
        &self,
        crawl: CrawlId,
        url: UrlHash,
    ) -> BoxFuture<'_, Result<Option<PreviousPage>, StoreError>>;

    /// Where a page of an earlier crawl linked to, at most `limit`, in order of id.
    fn links_of(
        &self,
        page: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PreviousLink>, StoreError>>;

    /// At most `limit` pages of a crawl that ended `ok`, with an id above `after`, in order of id,
    /// as the frontier rows that they were.
    fn ok_pages(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>>;

    /// How many pages of a crawl ended `ok`.
    fn count_ok(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Every URL of the crawl, done or not, streamed in chunks.
    fn seen<'a>(
        &'a self,
        crawl: CrawlId,
        sink: SeenSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Bytes free where the database grows; `None` when that is not known.
    fn free_space(&self) -> Option<u64>;

    /// Records how a crawl ended, and lets it go: nobody holds it then. In state `running` it
    /// stays held.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] when somebody else holds it. That nobody does is no error.
    fn set_state(&self, crawl: CrawlId, state: CrawlState)
    -> BoxFuture<'_, Result<(), StoreError>>;

    /// Gives a sign of life as the holder of a crawl.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] or [`StoreError::NotHeld`] when this store does not hold it.
    fn heartbeat(&self, crawl: CrawlId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// All crawls, oldest first.
    fn crawls(&self) -> BoxFuture<'_, Result<Vec<CrawlInfo>, StoreError>>;

    /// Removes a crawl with all its rows, piece by piece, the row in `crawls` last; returns how many
    /// rows. Begun and broken off, it can only be gone on with.
    ///
    /// # Errors
    /// [`StoreError::Held`] when somebody else alive holds it.
    fn remove(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Runs one `SELECT` that can change nothing, and hands on its rows as they come; `sink` may end
    /// it.
    fn select<'a>(
        &'a self,
        sql: &'a str,
        sink: RowSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Writes out what is buffered and closes the connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}
