//! PostgreSQL, 15 or newer: one writer connection, three readers.
//!
//! A commit that was answered outlives the death of this process, of the connection and of the
//! server, and a power loss as far as the server's own settings go.
//!
//! `open` refuses what is not ours, `crawls` takes crawls and lets them go, `write`, `bulk` and
//! `hosts` save batches, `read` finds what to go on with, `recrawl` what an earlier crawl found,
//! `select` whatever else is asked, `remove` takes away, `error` says what went wrong.

mod bulk;
mod crawls;
mod error;
pub mod hosts;
pub mod open;
pub mod read;
pub mod recrawl;
mod remove;
mod select;
pub mod write;

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;
use url::Url;

use super::slow_log::log_slow;
use super::tx_error::TxError;
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;
use crate::store::{
    Batch, CrawlInfo, CrawlState, FrontierRow, LeaseOwner, OpenHost, OpenMode, PreviousLink,
    PreviousPage, RowSink, SeenSink, Store, StoreError, StoredCrawl,
};

/// A question that takes longer has lost its server.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// A database with crawls on a PostgreSQL server.
#[derive(Debug)]
pub struct PostgresStore {
    /// Its URL without secrets: for messages.
    shown: String,
    /// How to reach it.
    options: PgConnectOptions,
    /// As whom it takes crawls.
    owner: LeaseOwner,
    /// At most one connection: there is one writer.
    writer: PgPool,
    /// Streams and counts that must not make the writer wait.
    readers: PgPool,
}

impl PostgresStore {
    /// Opens a database; `shown` is its name in messages. See [`super::open`].
    ///
    /// # Errors
    /// See [`StoreError`]. The database is then as it was.
    pub async fn open(shown: &str, url: &Url, mode: OpenMode) -> Result<Self, StoreError> {
        let options = open::options(shown, url)?;
        let (writer, readers) = open::open(shown, &options, mode).await?;
        Ok(Self { shown: shown.to_owned(), options, owner: LeaseOwner::new(), writer, readers })
    }

    /// What the driver said, in words. That no connection was to be had in time says nothing of the
    /// reason: the server is asked once more, and answers with it.
    async fn error(&self, error: sqlx::Error) -> StoreError {
        if !matches!(error, sqlx::Error::PoolTimedOut) {
            return error::understood(&self.shown, error);
        }
        match open::connect(&self.shown, &self.options).await {
            Err(why) => why,
            Ok(_) => StoreError::Busy {
                db: self.shown.clone(),
                why: "no connection was free in time".to_owned(),
            },
        }
    }

    async fn failed(&self, failed: TxError) -> StoreError {
        match failed {
            TxError::Driver(error) => self.error(error).await,
            TxError::Refused(error) => error,
        }
    }

    /// Waits for what is read, and logs what was slow; `rows` counts what was read.
    async fn read<T>(
        &self,
        what: &str,
        rows: impl FnOnce(&T) -> usize,
        reading: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let since = Instant::now();
        match timeout(ANSWER_TIMEOUT, reading).await {
            Ok(Ok(read)) => {
                log_slow(what, rows(&read), since);
                Ok(read)
            }
            Ok(Err(error)) => Err(self.error(error).await),
            Err(_) => Err(StoreError::Unreachable {
                db: self.shown.clone(),
                why: format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()),
            }),
        }
    }

    /// Waits for what is written besides batches.
    async fn write<T>(
        &self,
        writing: impl Future<Output = Result<T, TxError>>,
    ) -> Result<T, StoreError> {
        match writing.await {
            Ok(written) => Ok(written),
            Err(failed) => Err(self.failed(failed).await),
        }
    }
}

impl Store for PostgresStore {
    fn describe(&self) -> String {
        self.shown.clone()
    }

    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>> {
        Box::pin(async move {
            match crawls::create(&self.writer, &self.owner, settings).await {
                Ok(crawl) => Ok(crawl),
                Err(error) => Err(self.error(error).await),
            }
        })
    }

    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>> {
        Box::pin(async move {
            let (db, running) = (&self.shown, CrawlState::Running);
            let taking = crawls::take(&self.writer, db, &self.owner, crawl, running);
            let id = self.write(taking).await?;
            let stored = read::stored_crawl(&self.readers, id);
            self.read("opening a crawl", |stored| stored.open as usize, stored).await
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
            let writing = write::commit(&self.writer, &self.shown, &self.owner, crawl, batch);
            self.write(writing).await?;
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
            let found = recrawl::find_crawl(&self.readers, crawl);
            let found = self.read("finding a complete crawl", |_| 1, found).await?;
            let db = || self.shown.clone();
            match (found, crawl) {
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
        Box::pin(async move {
            match read::seen(&self.readers, crawl, sink).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.error(error).await),
            }
        })
    }

    /// Servers do not tell.
    fn free_space(&self) -> Option<u64> {
        None
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
        Box::pin(self.write(remove::remove(&self.writer, &self.shown, &self.owner, crawl)))
    }

    fn select<'a>(
        &'a self,
        sql: &'a str,
        sink: RowSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let connection = open::connect(&self.shown, &self.options).await?;
            select::select(connection, sql, sink)
                .await
                .map_err(|error| error::of_a_query(&self.shown, error))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            self.writer.close().await;
            self.owner.retire();
        })
    }
}
