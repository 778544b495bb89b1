//! The store traits, once for all databases: every [`SqlStore`] has reader, writer and admin.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

use super::remove::remove_pieces;
use super::sql_store::{SqlStore, acquire, create, heartbeat, set_state, store_error, within};
use super::viewer::SqlViewer;
use super::{crawls, read, recrawl};
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;
use crate::store::crawl_info::CrawlInfo;
use crate::store::crawl_lease::LeaseOwner;
use crate::store::error::StoreError;
use crate::store::rows::{Batch, FrontierRow, OpenHost, PreviousLink, PreviousPage};
use crate::store::select::RowSink;
use crate::store::slow_log::log_slow;
use crate::store::stored_crawl::{CrawlState, StoredCrawl};
use crate::store::stored_pages::StoredPages;
use crate::store::timeline_row::TimelineRow;
use crate::store::traits::{SeenSink, StoreAdmin, StoreReader, StoreWriter};
use crate::store::tx_error::TxError;

/// Dropped, its owner is no longer at work: another may take its leases over.
struct Retired<'a>(&'a LeaseOwner);

impl Drop for Retired<'_> {
    fn drop(&mut self) {
        self.0.retire();
    }
}

/// Waits for a read, and logs when it was slow; `rows` counts what was read.
async fn reading<S: SqlStore, T>(
    store: &S,
    what: &str,
    rows: impl FnOnce(&T) -> usize + Send,
    work: impl Future<Output = Result<T, sqlx::Error>> + Send,
) -> Result<T, StoreError> {
    let since = Instant::now();
    let work = async { work.await.map_err(TxError::Driver) };
    match within(S::READ_TIMEOUT, &store.database().name, work).await {
        Ok(read) => {
            log_slow(what, rows(&read), since);
            Ok(read)
        }
        Err(error) => Err(store_error(store, error).await),
    }
}

/// What went wrong while writing, for the user.
async fn written<S: SqlStore, T>(store: &S, done: Result<T, TxError>) -> Result<T, StoreError> {
    match done {
        Ok(done) => Ok(done),
        Err(error) => Err(store_error(store, error).await),
    }
}

/// Waits for a write, before and after which the database must be where it was.
async fn writing_in_place<S: SqlStore>(
    store: &S,
    work: impl Future<Output = Result<(), TxError>> + Send,
) -> Result<(), StoreError> {
    store.check_place()?;
    let done = written(store, work.await).await;
    store.check_place()?;
    done
}

impl<S: SqlStore> StoreReader for S {
    fn describe(&self) -> String {
        self.name_with_scheme()
    }

    fn crawls(&self) -> BoxFuture<'_, Result<Vec<CrawlInfo>, StoreError>> {
        let list = crawls::list(self.database());
        Box::pin(reading(self, "listing the crawls", Vec::len, list))
    }

    fn select<'a>(
        &'a self,
        sql: &'a str,
        sink: RowSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.run_select(sql, sink))
    }

    fn frontier_after(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        let rows = read::frontier_after(&self.database().readers, crawl, after, limit);
        Box::pin(reading(self, "reading the frontier", Vec::len, rows))
    }

    fn frontier_of_host(
        &self,
        crawl: CrawlId,
        host_id: i64,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        let rows = read::frontier_of_host(&self.database().readers, crawl, host_id, after, limit);
        Box::pin(reading(self, "reading the frontier of a host", Vec::len, rows))
    }

    fn open_hosts(&self, crawl: CrawlId) -> BoxFuture<'_, Result<Vec<OpenHost>, StoreError>> {
        let hosts = read::open_hosts(&self.database().readers, crawl);
        Box::pin(reading(self, "counting open URLs by host", Vec::len, hosts))
    }

    fn skipped_because<'a>(
        &'a self,
        crawl: CrawlId,
        reason: &'a str,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<FrontierRow>, StoreError>> {
        let rows = read::skipped_because(&self.database().readers, crawl, reason, after, limit);
        Box::pin(reading(self, "reading skipped pages", Vec::len, rows))
    }

    fn complete_crawl(
        &self,
        crawl: Option<CrawlId>,
    ) -> BoxFuture<'_, Result<(CrawlId, String), StoreError>> {
        Box::pin(async move {
            let found = recrawl::find_crawl(&self.database().readers, crawl);
            let found = reading(self, "finding a complete crawl", |_| 1, found).await?;
            let db = self.database().name.clone();
            match (found, crawl) {
                (Some((id, state, settings)), _) if state == CrawlState::Complete.name() => {
                    Ok((id, settings))
                }
                (Some((crawl, ..)), _) => Err(StoreError::CrawlIncomplete { db, crawl }),
                (None, Some(crawl)) => Err(StoreError::NoSuchCrawl { db, crawl }),
                (None, None) => Err(StoreError::NoCompleteCrawl { db }),
            }
        })
    }

    fn previous_page(
        &self,
        crawl: CrawlId,
        url: UrlHash,
    ) -> BoxFuture<'_, Result<Option<PreviousPage>, StoreError>> {
        let page = recrawl::previous_page(&self.database().readers, crawl, url);
        Box::pin(reading(self, "reading an earlier page", |_| 1, page))
    }

    fn links_of(
        &self,
        page: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PreviousLink>, StoreError>> {
        let links = recrawl::links_of(&self.database().readers, page, limit);
        Box::pin(reading(self, "reading the links of an earlier page", Vec::len, links))
    }

    fn ok_pages(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        let pages = recrawl::ok_pages(&self.database().readers, crawl, after, limit);
        Box::pin(reading(self, "reading an earlier crawl", Vec::len, pages))
    }

    fn count_ok(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>> {
        let ok = recrawl::count_ok(&self.database().readers, crawl);
        Box::pin(reading(self, "adding up hosts", |_| 1, ok))
    }

    fn timeline(
        &self,
        crawl: CrawlId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<TimelineRow>, StoreError>> {
        let rows = read::timeline(&self.database().readers, crawl, limit);
        Box::pin(reading(self, "reading what was measured", Vec::len, rows))
    }

    fn seen<'a>(
        &'a self,
        crawl: CrawlId,
        sink: SeenSink<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            // As long as it takes: the rows arrive all the time.
            match read::seen(&self.database().readers, crawl, sink).await {
                Ok(()) => Ok(()),
                Err(error) => Err(store_error(self, error.into()).await),
            }
        })
    }

    fn stored_pages(&self, crawl: CrawlId) -> Arc<dyn StoredPages> {
        Arc::new(SqlViewer::<S>::new(self.database(), crawl))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Also when nobody waits for the end of this.
            let _retired = Retired(&self.database().owner);
            self.database().readers.close().await;
            self.close_writer().await;
        })
    }
}

impl<S: SqlStore> StoreWriter for S {
    fn create_crawl<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<CrawlId, StoreError>> {
        Box::pin(async move { written(self, create(self, settings).await).await })
    }

    fn open_crawl(&self, crawl: Option<CrawlId>) -> BoxFuture<'_, Result<StoredCrawl, StoreError>> {
        Box::pin(async move {
            let acquired = acquire(self, crawl, CrawlState::Running).await;
            let id = written(self, acquired).await?;
            let stored = read::stored_crawl(&self.database().readers, id);
            reading(self, "opening a crawl", |stored| stored.open as usize, stored).await
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
            writing_in_place(self, self.write_batch(crawl, batch)).await?;
            log_slow("saving a batch", batch.pages.len() + batch.links.len(), since);
            Ok(())
        })
    }

    fn set_state(
        &self,
        crawl: CrawlId,
        state: CrawlState,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(writing_in_place(self, set_state(self, crawl, state)))
    }

    fn heartbeat(&self, crawl: CrawlId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(writing_in_place(self, heartbeat(self, crawl)))
    }

    fn free_space(&self) -> Option<u64> {
        self.free_bytes()
    }
}

impl<S: SqlStore> StoreAdmin for S {
    fn remove(&self, crawl: CrawlId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let acquired = acquire(self, Some(crawl), CrawlState::Removing).await;
            written(self, acquired).await?;
            written(self, remove_pieces(self, crawl).await).await
        })
    }
}
