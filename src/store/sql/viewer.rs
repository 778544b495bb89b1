//! Reading the pages of a crawl for viewers, on a connection of its own.
//!
//! It must not use the connections of the store, for which the crawl waits and which close with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::Connection;
use tokio::sync::Mutex;

use super::backend::SqlRow;
use super::dialect::{ConnectionOf, Dialect};
use super::open_database::{OpenDatabase, ReadTarget};
use super::recrawl::{link, page_state};
use super::run::rows_of;
use super::sql_store::{SqlStore, within};
use super::statement::{FilterValues, Statement, Values};
use crate::model::ids::{CrawlId, PageId, crawl_of, id_range};
use crate::store::error::StoreError;
use crate::store::page_filter::PageFilter;
use crate::store::rows::PreviousLink;
use crate::store::slow_log::log_slow;
use crate::store::stored_pages::{
    Between, InboundLink, LINK_BLOCK, MAX_LINK_BLOCKS, PagesRead, StoredPage, StoredPages,
};
use crate::store::text::parse_utc;

/// How long a call may take, connecting included: a viewer waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// See [`StoredPages`].
pub struct SqlViewer<S: SqlStore> {
    database: ReadTarget<S::Db>,
    crawl: CrawlId,
    /// The connection, between two calls that succeeded. One that a call was given up on is closed: what it still
    /// has to say would be taken for the answer to the next.
    connection: Mutex<Option<ConnectionOf<S::Db>>>,
}

impl<S: SqlStore> SqlViewer<S> {
    /// Connects at the first call.
    pub fn new(database: &OpenDatabase<S::Db>, crawl: CrawlId) -> Self {
        Self { database: database.read_target(), crawl, connection: Mutex::new(None) }
    }

    /// All rows of a statement, each as `map` reads it.
    async fn rows<T: Send>(
        &self,
        what: &str,
        statement: Statement,
        values: Values<'_>,
        map: impl Fn(&<S::Db as sqlx::Database>::Row) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let since = Instant::now();
        let mut kept = self.connection.lock().await;
        let reading = async {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => S::connect_to_read(&self.database).await?,
            };
            let rows = rows_of::<S::Db, T>(&mut connection, statement, values, map).await;
            let rows = rows.map_err(|error| S::error_of(&self.database.name, error))?;
            Ok::<_, StoreError>((rows, connection))
        };
        let (rows, connection) = within(Some(PATIENCE), &self.database.name, reading).await?;
        *kept = Some(connection);
        log_slow(what, rows.len(), since);
        Ok(rows)
    }
}

impl<S: SqlStore> StoredPages for SqlViewer<S> {
    fn newest(&self) -> BoxFuture<'_, Result<Option<PageId>, StoreError>> {
        Box::pin(async {
            let (newest, values) = (S::Db::COMMON.newest_page, Values::of(self.crawl));
            let rows =
                self.rows("finding the newest page", newest, values, |row| row.optional_int(0));
            Ok(rows.await?.into_iter().flatten().next())
        })
    }

    fn pages<'a>(
        &'a self,
        ids: Between,
        filter: &'a PageFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<PagesRead, StoreError>> {
        Box::pin(async move {
            let all = S::Db::OWN.stored_pages;
            let pattern = filter.pattern();
            let statement = match filter.status() {
                _ if filter.is_empty() => all.all,
                Some(_) => all.by_status,
                None => all.by_text,
            };
            let values = Values {
                after: ids.above,
                below: ids.below,
                filter: FilterValues {
                    status: filter.status().unwrap_or_default(),
                    statuses: filter.statuses(),
                    word: filter.text(),
                    pattern: &pattern,
                },
                limit,
                ..Values::of(self.crawl)
            };
            let mut pages =
                self.rows("reading pages", statement, values, stored_page::<S::Db>).await?;
            let full = pages.len() >= limit as usize;
            let ended_at = pages.last().filter(|_| full).map(|page| page.id);
            pages.retain(|page| filter.passes(page.filtered()));
            Ok(PagesRead { pages, ended_at })
        })
    }

    fn links_to(
        &self,
        page: PageId,
        ids: Between,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<InboundLink>, StoreError>> {
        Box::pin(async move {
            let (first, _) = id_range(self.crawl);
            let above = ids.above.max(first - 1);
            let below = ids.below.min(above.saturating_add(MAX_LINK_BLOCKS * LINK_BLOCK));
            if below <= above + 1 {
                return Ok(Vec::new());
            }
            let values = Values { page, after: above, below, limit, ..Values::of(self.crawl) };
            let map = |row: &<S::Db as sqlx::Database>::Row| {
                let (from, url, anchor) = (row.int(0)?, row.text(1)?.into(), row.optional_text(2)?);
                Ok(InboundLink { from, url, anchor: anchor.map(Arc::from) })
            };
            self.rows("reading links to a page", S::Db::OWN.links_to, values, map).await
        })
    }

    fn links_from(
        &self,
        page: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PreviousLink>, StoreError>> {
        Box::pin(async move {
            let values = Values { page, limit, ..Values::of(crawl_of(page)) };
            self.rows("reading the links of a page", S::Db::OWN.links_of, values, link::<S::Db>)
                .await
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(connection) = self.connection.lock().await.take() {
                // Nothing was written: an error on closing says nothing.
                let _ = tokio::time::timeout(PATIENCE, connection.close()).await;
            }
        })
    }
}

fn stored_page<D: Dialect>(row: &D::Row) -> Result<StoredPage, sqlx::Error> {
    let small = |column| Ok::<_, sqlx::Error>(D::small_int(row, column)?.unwrap_or_default());
    let text = |column| Ok::<_, sqlx::Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(StoredPage {
        id: row.int(0)?,
        url: row.text(1)?.into(),
        state: page_state(row.text(2)?)?,
        status: D::small_int(row, 3)?.map(|status| status as u16),
        content_length: row.int(4)? as u64,
        content_type: text(5)?,
        title: text(6)?,
        depth: small(7)? as u32,
        elapsed_ms: row.int(8)? as u64,
        attempts: small(9)? as u32,
        final_url: text(10)?,
        redirects: text(11)?,
        error: text(12)?,
        not_parsed: text(13)?,
        found_on: row.optional_int(14)?,
        links_found: small(15)? as u32,
        created_at_ms: D::time(row, 16)?.as_deref().and_then(parse_utc).unwrap_or(0),
    })
}
