//! MySQL 8 and MariaDB: one connection that writes, three that read.
//!
//! Both servers are served by the same statements. Where they differ: the collation that compares texts
//! byte for byte has two names, which the migrations are given (`open`); the new value in an upsert is
//! `VALUES(column)`, which MySQL calls deprecated (`bulk`). `JSON_TABLE`, invisible columns, window
//! functions and `JSON_MERGE_PATCH` are in MariaDB since 10.6 and in MySQL since 8.0.23, which is what
//! `open` asks for.
//!
//! A commit that was answered survives the death of process and server; that of the machine as well, if
//! `innodb_flush_log_at_trx_commit` is 1, which is its default.
//!
//! `open` refuses what is not ours, `writer` holds the connection that writes, `crawls` takes crawls and
//! lets them go, `write` and `hosts` save batches, `read` finds what to go on with, `recrawl` what an
//! earlier crawl found, `select` whatever else is asked, `remove` takes away.

#![allow(clippy::doc_markdown, reason = "MySQL is a name, not code")]

pub mod bulk;
mod crawls;
mod error;
pub mod hosts;
mod open;
pub mod read;
pub mod recrawl;
mod remove;
mod select;
mod value;
pub mod write;
mod writer;

use std::time::Instant;

use futures_util::future::BoxFuture;
use sqlx::MySqlPool;
use sqlx::mysql::MySqlConnectOptions;
use url::Url;

use self::error::from_mysql;
use self::writer::Writer;
use super::slow_log::log_slow;
use super::tx_error::TxError;
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;
use crate::store::{
    Batch, CrawlInfo, CrawlState, FrontierRow, LeaseOwner, OpenHost, OpenMode, PreviousLink,
    PreviousPage, RowSink, SeenSink, Store, StoreError, StoredCrawl,
};

/// A MySQL or MariaDB database with crawls.
#[derive(Debug)]
pub struct MySqlStore {
    /// Its URL without secrets: for messages.
    shown: String,
    /// How it is reached.
    options: MySqlConnectOptions,
    /// As whom it takes crawls.
    owner: LeaseOwner,
    /// One connection, so transactions queue here and not for locks.
    writer: Writer,
    /// Streams and counts that must not make the writer wait.
    readers: MySqlPool,
}

impl MySqlStore {
    /// Opens a database; `shown` is its name in messages. See [`super::open`].
    ///
    /// # Errors
    /// See [`StoreError`]. The database is then as it was.
    pub async fn open(shown: &str, url: &Url, mode: OpenMode) -> Result<Self, StoreError> {
        let (writer, readers, options) = open::open(shown, url, mode).await?;
        Ok(Self { shown: shown.to_owned(), options, owner: LeaseOwner::new(), writer, readers })
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        from_mysql(&self.shown, error)
    }

    fn failed(&self, failed: TxError) -> StoreError {
        match failed {
            TxError::Driver(error) => self.error(error),
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
        let in_time = writer::in_time(&self.shown, async { Ok(reading.await?) });
        match in_time.await {
            Ok(read) => {
                log_slow(what, rows(&read), since);
                Ok(read)
            }
            Err(TxError::Driver(sqlx::Error::PoolTimedOut)) => Err(self.why_no_connection().await),
            Err(failed) => Err(self.failed(failed)),
        }
    }

    /// That no connection was to be had in time says nothing of the reason: the server is asked once
    /// more, and answers with it.
    async fn why_no_connection(&self) -> StoreError {
        if let Err(error) = open::connect(&self.options).await {
            return self.error(error);
        }
        let why = "all connections are in use".to_owned();
        StoreError::Busy { db: self.shown.clone(), why }
    }
}

impl Store for MySqlStore {
    fn describe(&self) -> String {
        self.shown.clone()
    }

    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>> {
        Box::pin(async move {
            crawls::create(&self.writer, &self.shown, &self.owner, settings)
                .await
                .map_err(|failed| self.failed(failed))
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
            write::commit(&self.writer, &self.shown, &self.owner, crawl, batch)
                .await
                .map_err(|failed| self.failed(failed))?;
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
        // The server may be anywhere, and does not tell.
        None
    }

    fn set_state(
        &self,
        crawl: CrawlId,
        state: CrawlState,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            crawls::set_state(&self.writer, &self.shown, &self.owner, crawl, state)
                .await
                .map_err(|failed| self.failed(failed))
        })
    }

    fn heartbeat(&self, crawl: CrawlId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            crawls::heartbeat(&self.writer, &self.shown, &self.owner, crawl)
                .await
                .map_err(|failed| self.failed(failed))
        })
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
        Box::pin(select::select(&self.options, &self.shown, sql, sink))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            self.writer.close().await;
            self.owner.retire();
        })
    }
}
