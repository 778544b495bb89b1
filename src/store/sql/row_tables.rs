//! Writing a batch row by row, a placeholder per value, with lists of ids as JSON.
//!
//! For databases whose driver binds no arrays.

use std::fmt::Write as _;

use futures_util::TryStreamExt;
use hashbrown::{HashMap, HashSet};
use sqlx::SqlSafeStr;

use super::backend::{Backend, BindResult, SqlArguments, arguments};
use super::batch::{BatchTables, Known, WriteResult};
use super::bind::{
    bind_change, bind_frontier, bind_host_totals, bind_known_host, bind_link, bind_page_head,
    bind_page_texts, bind_sitemap, bind_timeline,
};
use super::dialect::{ConnectionOf, Dialect};
use super::host_rows::{TotalsByHost, subtract_replaced};
use crate::model::ids::{CrawlId, PageId};
use crate::store::host_totals;
use crate::store::rows::{
    Batch, ChangeRow, Content, FrontierRow, HostRow, LinkRow, PageRow, PostponedRow, SitemapRow,
};
use crate::store::text::json;
use crate::store::timeline_row::TimelineRow;

/// What rows are inserted into. Hosts have two ways: their totals, and what else is known of them.
#[derive(Debug, Clone, Copy)]
pub enum BatchTable {
    /// Pages of which none is there.
    NewPages,
    /// Upserts of pages.
    Pages,
    /// Links; what is there stays.
    Links,
    /// URLs that are open.
    Frontier,
    /// Journal entries.
    Changes,
    /// Totals that are added to those of the hosts.
    Hosts,
    /// What else is known of hosts.
    KnownHosts,
    /// Sitemaps.
    Sitemaps,
    /// What was measured; what is there stays.
    Timeline,
}

/// The arguments type of a database.
pub type ArgumentsOf<D> = <D as sqlx::Database>::Arguments;

/// The tables of one crawl, in the transaction of a batch; see [`BatchTables`].
pub trait RowTables: Send {
    /// The database.
    type Db: Dialect;
    /// Updates URLs that are to be tried again: `([[id, attempts, resent, not before], …])`, each id
    /// once.
    const POSTPONE: &'static str;
    /// Deletes URLs that are done: `(ids)`.
    const DELETE_FRONTIER: &'static str;
    /// Deletes pages: `(ids, crawl)`.
    const DELETE_PAGES: &'static str;
    /// Pages with one of some hashes: `(hashes in hex, crawl)`. Host, state, content length.
    const REPLACED: &'static str;

    /// The crawl.
    fn crawl(&self) -> CrawlId;

    /// What may be there of the pages.
    fn known(&self) -> Known;

    /// The connection, in the transaction.
    fn connection(&mut self) -> &mut ConnectionOf<Self::Db>;

    /// Inserts rows. `bytes` is the maximum length of a row's texts and hashes.
    fn insert<T: Sync>(
        &mut self,
        table: BatchTable,
        rows: &[T],
        bytes: impl Fn(&T) -> usize + Send + Sync,
        bind: impl Fn(&mut ArgumentsOf<Self::Db>, &T) -> BindResult + Send + Sync,
    ) -> impl Future<Output = WriteResult> + Send;

    /// See [`BatchTables::crawl`].
    fn update_crawl(&mut self, batch: &Batch) -> impl Future<Output = WriteResult> + Send;

    /// Subtracts pages that are about to be deleted from the totals of their hosts: `ids` as JSON, each
    /// once.
    fn subtract_restored(&mut self, ids: &str) -> impl Future<Output = WriteResult> + Send;

    /// What was subtracted and is not written yet.
    fn take_subtracted(&mut self) -> TotalsByHost<'static> {
        TotalsByHost::new()
    }

    /// Binds what stands before a host's name.
    fn bind_host_key(_to: &mut ArgumentsOf<Self::Db>, _host: &str) -> BindResult {
        Ok(())
    }

    /// Binds what stands between the hashes and the texts of a page.
    fn bind_reason_key(_to: &mut ArgumentsOf<Self::Db>, _page: &PageRow) -> BindResult {
        Ok(())
    }
}

/// Runs a statement: `(json)`, or `(json, crawl)`.
async fn run<T: RowTables>(
    tables: &mut T,
    sql: &'static str,
    json: &str,
    crawl: Option<CrawlId>,
) -> WriteResult {
    let values = arguments(|to: &mut ArgumentsOf<T::Db>| {
        to.word(json)?;
        crawl.map_or(Ok(()), |crawl| to.int(crawl))
    })?;
    T::Db::execute(tables.connection(), sql.into_sql_str(), values).await?;
    Ok(())
}

fn json_ids(ids: impl Iterator<Item = PageId>) -> String {
    json(&ids.collect::<Vec<_>>(), |out, id| write!(out, "{id}"))
}

/// Maximum bytes of a text.
fn length(text: Option<&String>) -> usize {
    // A NUL becomes a character of three bytes.
    text.map_or(0, |text| 3 * text.len())
}

/// Maximum bytes of a page's texts and hashes.
fn page_bytes(page: &PageRow) -> usize {
    let content = page.content.as_deref();
    let of = |text: fn(&Content) -> Option<&String>| length(content.and_then(text));
    // Three hashes, the words for state and change, the time.
    150 + page.url.len()
        + 3 * page.host.len()
        + length(page.content_type.as_ref())
        + length(page.final_url.as_ref())
        + length(page.title.as_ref())
        + length(page.error.as_ref())
        + length(page.redirects.as_ref())
        + of(|content| content.etag.as_ref())
        + of(|content| content.last_modified.as_ref())
        + of(|content| content.canonical.as_ref())
        + of(|content| content.not_parsed.as_ref())
}

impl<T: RowTables> BatchTables for T {
    async fn crawl(&mut self, batch: &Batch) -> WriteResult {
        self.update_crawl(batch).await
    }

    async fn restored(&mut self, rows: &[FrontierRow]) -> WriteResult {
        let ids: HashSet<PageId> = rows.iter().map(|row| row.id).collect();
        let (ids, crawl) = (json_ids(ids.into_iter()), RowTables::crawl(self));
        self.subtract_restored(&ids).await?;
        run(self, T::DELETE_PAGES, &ids, Some(crawl)).await
    }

    async fn open(&mut self, rows: &[&FrontierRow]) -> WriteResult {
        // 16 of the hash.
        let (bytes, crawl) = (|row: &&FrontierRow| row.url.len() + 16, RowTables::crawl(self));
        self.insert(BatchTable::Frontier, rows, bytes, |to, row| bind_frontier(to, crawl, row))
            .await
    }

    async fn postponed(&mut self, rows: &[PostponedRow]) -> WriteResult {
        let last: HashMap<PageId, PostponedRow> = rows.iter().map(|row| (row.id, *row)).collect();
        let last: Vec<PostponedRow> = last.into_values().collect();
        let rows = json(&last, |out, row| {
            let PostponedRow { id, attempts, resent, not_before_ms } = row;
            write!(out, "[{id},{attempts},{resent},{not_before_ms}]")
        });
        run(self, T::POSTPONE, &rows, None).await
    }

    async fn finished(&mut self, pages: &[PageRow]) -> WriteResult {
        let ids = json_ids(pages.iter().map(|page| page.id));
        run(self, T::DELETE_FRONTIER, &ids, None).await
    }

    async fn host_totals(&mut self, pages: &[PageRow]) -> WriteResult {
        let (mut totals, crawl) = (host_totals::of_pages(pages), RowTables::crawl(self));
        if self.known() == Known::Some && !pages.is_empty() {
            let hashes: HashSet<u128> =
                pages.iter().map(|page| u128::from_be_bytes(page.url_hash.0)).collect();
            let hashes = json(&Vec::from_iter(hashes), |out, hash| write!(out, "\"{hash:032x}\""));
            let values = arguments(|to: &mut ArgumentsOf<T::Db>| {
                to.word(&hashes)?;
                to.int(crawl)
            })?;
            let mut rows = T::Db::fetch(self.connection(), T::REPLACED.into_sql_str(), values);
            while let Some(row) = rows.try_next().await? {
                subtract_replaced(&mut totals, &row)?;
            }
        }
        let rows: Vec<_> = self.take_subtracted().into_iter().chain(totals).collect();
        let bytes = |(host, _): &(std::borrow::Cow<'_, str>, _)| 80 + host.len();
        self.insert(BatchTable::Hosts, &rows, bytes, |to, (host, totals)| {
            to.int(crawl)?;
            T::bind_host_key(to, host)?;
            to.word(host)?;
            bind_host_totals(to, totals)
        })
        .await
    }

    async fn pages(&mut self, pages: &[PageRow]) -> WriteResult {
        let crawl = RowTables::crawl(self);
        let table = match self.known() {
            Known::Nothing => BatchTable::NewPages,
            Known::Some => BatchTable::Pages,
        };
        self.insert(table, pages, page_bytes, |to, page| {
            bind_page_head(to, crawl, page)?;
            T::bind_reason_key(to, page)?;
            bind_page_texts(to, page)
        })
        .await
    }

    async fn links(&mut self, links: Vec<&LinkRow>) -> WriteResult {
        let crawl = RowTables::crawl(self);
        let bytes = |link: &&LinkRow| link.anchor.as_ref().map_or(0, |text| 3 * text.len());
        self.insert(BatchTable::Links, &links, bytes, |to, link| bind_link(to, crawl, link)).await
    }

    async fn known_hosts(&mut self, hosts: &[HostRow]) -> WriteResult {
        let crawl = RowTables::crawl(self);
        let bytes = |row: &HostRow| 20 + 3 * row.host.len() + length(row.robots.as_ref());
        self.insert(BatchTable::KnownHosts, hosts, bytes, |to, row| {
            to.int(crawl)?;
            T::bind_host_key(to, &row.host)?;
            to.shared_text(&row.host)?;
            bind_known_host(to, row)
        })
        .await
    }

    async fn sitemaps(&mut self, rows: &[SitemapRow]) -> WriteResult {
        let crawl = RowTables::crawl(self);
        let bytes = |row: &SitemapRow| row.url.len() + 40 + length(row.error.as_ref());
        self.insert(BatchTable::Sitemaps, rows, bytes, |to, row| bind_sitemap(to, crawl, row)).await
    }

    async fn changes(&mut self, rows: &[ChangeRow]) -> WriteResult {
        let crawl = RowTables::crawl(self);
        let bytes = |change: &ChangeRow| 60 + 3 * change.what.len() + change.entry.len();
        self.insert(BatchTable::Changes, rows, bytes, |to, row| bind_change(to, crawl, row)).await
    }

    async fn timeline(&mut self, rows: &[TimelineRow]) -> WriteResult {
        let crawl = RowTables::crawl(self);
        self.insert(BatchTable::Timeline, rows, |_| 32, |to, row| bind_timeline(to, crawl, row))
            .await
    }
}
