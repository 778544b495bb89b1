//! SQLite: one writer connection, two readers, write-ahead log.
//!
//! With `synchronous=NORMAL` a commit survives the death of the process at any moment; the last
//! commits before a power loss may be undone, each as a whole.
//!
//! `open` refuses what is not ours, `write` saves batches, `read` finds what to go on with.

mod bulk;
mod open;
pub mod read;
mod write;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;

use super::{
    Batch, CrawlId, CrawlState, FrontierRow, OpenMode, PageId, SeenSink, Store, StoreError,
    StoredCrawl,
};

/// A transaction or query that takes longer is logged.
const SLOW: Duration = Duration::from_secs(1);

/// A SQLite file with crawls.
#[derive(Debug)]
pub struct SqliteStore {
    /// The file as the user named it: for messages.
    shown: String,
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
        Ok(Self { shown: shown.to_owned(), writer, readers })
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlite(&self.shown, error)
    }
}

/// Absolute, because SQLite takes a relative name that begins with `file:` for a URI.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Logs what was slow.
fn log_slow(what: &str, rows: usize, since: Instant) {
    let took = since.elapsed();
    if took > SLOW {
        tracing::warn!(rows, ms = took.as_millis() as u64, "slow database: {what}");
    }
}

/// `YYYY-MM-DD HH:MM:SS.mmm`, UTC.
fn utc(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
}

/// Now, likewise.
fn utc_now() -> String {
    utc(jiff::Timestamp::now().as_millisecond())
}

impl Store for SqliteStore {
    fn describe(&self) -> String {
        format!("sqlite://{}", self.shown)
    }

    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>> {
        Box::pin(async move {
            write::create_crawl(&self.writer, settings).await.map_err(|e| self.error(e))
        })
    }

    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>> {
        Box::pin(async move {
            let since = Instant::now();
            let (id, state) = read::find_crawl(&self.readers, crawl)
                .await
                .map_err(|e| self.error(e))?
                .ok_or_else(|| match crawl {
                    None => StoreError::NoUnfinishedCrawl { db: self.shown.clone() },
                    Some(crawl) => StoreError::NoSuchCrawl { db: self.shown.clone(), crawl },
                })?;
            if state == CrawlState::Complete.name() {
                return Err(StoreError::CrawlComplete { db: self.shown.clone(), crawl: id });
            }
            self.set_state(id, CrawlState::Running).await?;
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
            let known =
                write::commit(&self.writer, crawl, batch).await.map_err(|e| self.error(e))?;
            log_slow("saving a batch", batch.pages.len() + batch.links.len(), since);
            if known {
                Ok(())
            } else {
                Err(StoreError::NoSuchCrawl { db: self.shown.clone(), crawl })
            }
        })
    }

    fn frontier_after(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        Box::pin(async move {
            let since = Instant::now();
            let rows = read::frontier_after(&self.readers, crawl, after, limit)
                .await
                .map_err(|e| self.error(e))?;
            log_slow("reading the frontier", rows.len(), since);
            Ok(rows)
        })
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

    fn set_state(
        &self,
        crawl: CrawlId,
        state: CrawlState,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let known =
                write::set_state(&self.writer, crawl, state).await.map_err(|e| self.error(e))?;
            if known {
                Ok(())
            } else {
                Err(StoreError::NoSuchCrawl { db: self.shown.clone(), crawl })
            }
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
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_sort_and_are_utc() {
        assert_eq!(super::utc(0), "1970-01-01 00:00:00.000");
        assert_eq!(super::utc(1_700_000_000_007), "2023-11-14 22:13:20.007");
    }
}
