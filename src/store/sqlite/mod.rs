//! SQLite: one writer connection, two readers, write-ahead log.
//!
//! With `synchronous=NORMAL` a commit survives the death of the process at any moment; the last
//! commits before a power loss may be undone, each as a whole.
//!
//! `open` refuses what is not ours, `file_identity` notices a file that went away, `crawls` takes crawls and lets them go, `write` and `hosts` save
//! batches, `read` finds what to go on with, `recrawl` what an earlier crawl found, `select` whatever
//! else is asked, `remove` takes away.

mod bulk;
mod crawls;
mod error;
mod file_identity;
mod hosts;
mod open;
pub mod read;
pub mod recrawl;
mod remove;
mod select;
mod write;

use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;

use self::file_identity::FileIdentity;
use super::slow_log::log_slow;
use super::tx_error::TxError;
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;
use crate::store::{
    Batch, CrawlInfo, CrawlState, FrontierRow, LeaseOwner, OpenHost, OpenMode, PreviousLink,
    PreviousPage, RowSink, SeenSink, Store, StoreError, StoredCrawl,
};

/// A SQLite file with crawls.
#[derive(Debug)]
pub struct SqliteStore {
    /// The file as the user named it: for messages.
    shown: String,
    /// The file.
    path: PathBuf,
    /// Which file that is.
    identity: FileIdentity,
    /// Where it grows.
    directory: PathBuf,
    /// As whom it takes crawls.
    owner: LeaseOwner,
    /// At most one connection, so transactions queue here and not in SQLite's busy handler.
    writer: SqlitePool,
    /// Streams and counts that must not make the writer wait.
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens a file; `shown` is its name in messages. See [`super::open`].
    ///
    /// # Errors
    /// See [`StoreError`]. The file is then byte for byte as it was.
    pub async fn open(shown: &str, path: &Path, mode: OpenMode) -> Result<Self, StoreError> {
        let path = absolute(path);
        let (writer, readers) = open::open(shown, &path, mode).await?;
        // Behind a link, the log grows beside the file itself.
        let file = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let directory = file.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        let (shown, owner, identity) =
            (shown.to_owned(), LeaseOwner::new(), FileIdentity::of(&path));
        Ok(Self { shown, path, identity, directory, owner, writer, readers })
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlite(&self.shown, error)
    }

    fn failed(&self, failed: TxError) -> StoreError {
        match failed {
            TxError::Driver(error) => self.error(error),
            TxError::Refused(error) => error,
        }
    }

    /// Writes, before and after which the file must be where it was: what goes into another is not
    /// saved.
    async fn write<T>(
        &self,
        writing: impl Future<Output = Result<T, TxError>>,
    ) -> Result<T, StoreError> {
        self.identity.check(&self.shown, &self.path)?;
        let written = writing.await.map_err(|failed| self.failed(failed));
        self.identity.check(&self.shown, &self.path)?;
        written
    }

    /// Waits for what is read, and logs what was slow; `rows` counts what was read.
    async fn read<T>(
        &self,
        what: &str,
        rows: impl FnOnce(&T) -> usize,
        reading: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let since = Instant::now();
        let read = reading.await.map_err(|error| self.error(error))?;
        log_slow(what, rows(&read), since);
        Ok(read)
    }
}

/// Absolute, because SQLite takes a relative name that begins with `file:` for a URI.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl Store for SqliteStore {
    fn describe(&self) -> String {
        format!("sqlite://{}", self.shown)
    }

    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>> {
        Box::pin(async move {
            crawls::create(&self.writer, &self.owner, settings).await.map_err(|e| self.error(e))
        })
    }

    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>> {
        Box::pin(async move {
            let since = Instant::now();
            let (db, running) = (&self.shown, CrawlState::Running);
            let id = crawls::take(&self.writer, db, &self.owner, crawl, running)
                .await
                .map_err(|failed| self.failed(failed))?;
            let stored = read::stored_crawl(&self.readers, id).await.map_err(|e| self.error(e))?;
            log_slow("opening a crawl", stored.open as usize, since);
            Ok(stored)
        })
    }

    fn commit<'a>(
        &'a self,
        crawl: CrawlId,
        batch: &'a Batch,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if batch.is_empty() {
                return Ok(());
            }
            let since = Instant::now();
            self.write(write::commit(&self.writer, &self.shown, &self.owner, crawl, batch)).await?;
            log_slow("saving a batch", batch.pages.len() + batch.links.len(), since);
            Ok(())
        })
    }

    fn frontier_after(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        let rows = read::frontier_after(&self.readers, crawl, after, limit);
        Box::pin(self.read("reading the frontier", Vec::len, rows))
    }

    fn frontier_of_host(
        &self,
        crawl: CrawlId,
        host_id: i64,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        let rows = read::frontier_of_host(&self.readers, crawl, host_id, after, limit);
        Box::pin(self.read("reading a host's frontier", Vec::len, rows))
    }

    fn open_hosts(&self, crawl: CrawlId) -> BoxFuture<'_, Result<Vec<OpenHost>, StoreError>> {
        let hosts = read::open_hosts(&self.readers, crawl);
        Box::pin(self.read("counting what waits for hosts", Vec::len, hosts))
    }

    fn skipped_because<'a>(
        &'a self,
        crawl: CrawlId,
        reason: &'a str,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<FrontierRow>, StoreError>> {
        let rows = read::skipped_because(&self.readers, crawl, reason, after, limit);
        Box::pin(self.read("reading what was skipped", Vec::len, rows))
    }

    fn complete_crawl(
        &self,
        crawl: Option<CrawlId>,
    ) -> BoxFuture<'_, Result<(CrawlId, String), StoreError>> {
        Box::pin(async move {
            let found = recrawl::find_crawl(&self.readers, crawl).await;
            let db = || self.shown.clone();
            match (found.map_err(|e| self.error(e))?, crawl) {
                (Some((id, state, settings)), _) if state == CrawlState::Complete.name() => {
                    Ok((id, settings))
                }
                (Some((crawl, ..)), _) => Err(StoreError::CrawlIncomplete { db: db(), crawl }),
                (None, Some(crawl)) => Err(StoreError::NoSuchCrawl { db: db(), crawl }),
                (None, None) => Err(StoreError::NoCompleteCrawl { db: db() }),
            }
        })
    }

    fn previous_page(
        &self,
        crawl: CrawlId,
        url: UrlHash,
    ) -> BoxFuture<'_, Result<Option<PreviousPage>, StoreError>> {
        let page = recrawl::previous_page(&self.readers, crawl, url);
        Box::pin(self.read("reading an earlier page", |_| 1, page))
    }

    fn links_of(
        &self,
        page: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PreviousLink>, StoreError>> {
        let links = recrawl::links_of(&self.readers, page, limit);
        Box::pin(self.read("reading the links of an earlier page", Vec::len, links))
    }

    fn ok_pages(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        let pages = recrawl::ok_pages(&self.readers, crawl, after, limit);
        Box::pin(self.read("reading an earlier crawl", Vec::len, pages))
    }

    fn count_ok(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>> {
        let ok = recrawl::count_ok(&self.readers, crawl);
        Box::pin(self.read("adding up hosts", |_| 1, ok))
    }

    fn seen<'a>(
        &'a self,
        crawl: CrawlId,
        sink: SeenSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(
            async move { read::seen(&self.readers, crawl, sink).await.map_err(|e| self.error(e)) },
        )
    }

    fn free_space(&self) -> Option<u64> {
        let disk = nix::sys::statvfs::statvfs(&self.directory).ok()?;
        #[allow(clippy::useless_conversion, reason = "32 bits on some systems")]
        let blocks = u64::from(disk.blocks_available());
        Some(blocks.saturating_mul(disk.fragment_size()))
    }

    fn set_state(
        &self,
        crawl: CrawlId,
        state: CrawlState,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        let set = crawls::set_state(&self.writer, &self.shown, &self.owner, crawl, state);
        Box::pin(self.write(set))
    }

    fn heartbeat(&self, crawl: CrawlId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(crawls::heartbeat(&self.writer, &self.shown, &self.owner, crawl)))
    }

    fn crawls(&self) -> BoxFuture<'_, Result<Vec<CrawlInfo>, StoreError>> {
        let all = crawls::all(&self.readers, &self.owner);
        Box::pin(self.read("listing the crawls", Vec::len, all))
    }

    fn remove(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            remove::remove(&self.writer, &self.shown, &self.owner, crawl)
                .await
                .map_err(|failed| self.failed(failed))
        })
    }

    fn select<'a>(
        &'a self,
        sql: &'a str,
        sink: RowSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let options = open::options(&self.path).busy_timeout(open::BUSY_TIMEOUT);
            select::select(options, sql, sink)
                .await
                .map_err(|error| StoreError::from_sqlite_query(&self.shown, error))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            // Best effort: another reader may hold the log; the next open then takes it over.
            if let Err(error) = write::checkpoint(&self.writer).await {
                tracing::debug!(%error, "the write-ahead log stays");
            }
            self.writer.close().await;
            self.owner.retire();
        })
    }
}
