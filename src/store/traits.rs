//! The interface of every database: what reads, what writes, what removes.
//!
//! A caller takes the narrowest trait that it needs: a report a [`StoreReader`], a crawl a
//! [`StoreWriter`], `rm` a [`StoreAdmin`]. [`Store`] is all of it, what opening a database gives.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::crawl_info::CrawlInfo;
use super::error::StoreError;
use super::rows::{Batch, FrontierRow, OpenHost, PreviousLink, PreviousPage};
use super::select::RowSink;
use super::stored_crawl::{CrawlState, StoredCrawl};
use super::stored_pages::StoredPages;
use super::timeline_row::TimelineRow;
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;

/// Receives known URLs in chunks of `(hash, id)`; returns false to stop.
pub type SeenSink<'a> = &'a mut (dyn FnMut(&[(UrlHash, PageId)]) -> bool + Send);

/// What reads the crawls of a database, and closes it.
pub trait StoreReader: Send + Sync + 'static {
    /// What it is, without secrets: `sqlite://crawldeck.db`.
    fn describe(&self) -> String;

    /// All crawls, oldest first.
    fn crawls(&self) -> BoxFuture<'_, Result<Vec<CrawlInfo>, StoreError>>;

    /// Runs one `SELECT` that can change nothing, and passes its rows to `sink` as they arrive;
    /// `sink` may end it.
    fn select<'a>(
        &'a self,
        sql: &'a str,
        sink: RowSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// At most `limit` frontier rows with an id above `after`, in order of id.
    fn frontier_after(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>>;

    /// At most `limit` frontier rows of one host with an id above `after`, in order of id. Answered
    /// by an index on host and id, whatever else is in the frontier.
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
    /// to be crawled again.
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

    /// What was measured of a crawl last, at most `limit` rows, oldest first.
    fn timeline(
        &self,
        crawl: CrawlId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TimelineRow>, StoreError>>;

    /// Every URL of the crawl, done or not, streamed in chunks.
    fn seen<'a>(
        &'a self,
        crawl: CrawlId,
        sink: SeenSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// What reads the pages of a crawl for viewers, on a connection of its own that outlives this store.
    fn stored_pages(&self, crawl: CrawlId) -> Arc<dyn StoredPages>;

    /// Writes what is buffered and closes the connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// What a crawl writes, besides what it reads. It writes only to crawls whose lease it has.
pub trait StoreWriter: StoreReader {
    /// Adds a crawl in state `running`, with its settings as JSON, leased by this store.
    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>>;

    /// The newest crawl that is not complete (`None`: the newest unfinished; else that one), put
    /// back into state `running`, leased by this store. Its cost does not grow with what was already
    /// crawled.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another live store has the lease. The lease of a dead one is taken
    /// over, and this store's own is renewed.
    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>>;

    /// Writes a batch in one transaction, which is a heartbeat as well. Page rows are upserts on
    /// `(crawl_id, url_hash)`; links that are there stay as they are.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] or [`StoreError::NotHeld`] when this store does not have the lease;
    /// nothing is written then. [`StoreError::is_transient`] says whether a retry can succeed.
    fn commit<'a>(
        &'a self,
        crawl: CrawlId,
        batch: &'a Batch,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Records how a crawl ended, and releases its lease. In state `running` the lease is kept.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] when another store has the lease. That none has it is no error.
    fn set_state(&self, crawl: CrawlId, state: CrawlState)
    -> BoxFuture<'_, Result<(), StoreError>>;

    /// Renews the lease of a crawl.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] or [`StoreError::NotHeld`] when this store does not have it.
    fn heartbeat(&self, crawl: CrawlId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Bytes free where the database grows; `None` when that is not known.
    fn free_space(&self) -> Option<u64>;
}

/// What removes crawls.
pub trait StoreAdmin: StoreReader {
    /// Removes a crawl with all its rows, piece by piece, the row in `crawls` last; returns how many
    /// rows. A removal that was interrupted can only be continued.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another live store has its lease.
    fn remove(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// A database of crawls: everything that can be done with one.
pub trait Store: StoreWriter + StoreAdmin {}

impl<T: StoreWriter + StoreAdmin> Store for T {}
