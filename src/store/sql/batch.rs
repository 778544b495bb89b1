//! Writing a batch: what of it goes into which table, in which order.

use futures_util::future::BoxFuture;
use hashbrown::HashSet;

use crate::model::ids::PageId;
use crate::store::rows::{
    Batch, ChangeRow, FrontierRow, HostRow, LinkRow, PageRow, PostponedRow, SitemapRow,
};
use crate::store::timeline_row::TimelineRow;
use crate::store::tx_error::TxError;

/// What a write of one table gives.
pub type WriteResult = Result<(), TxError>;

/// What may be in the way of rows that are inserted.
///
/// A batch is first written as if all of it were new, which is cheaper. When some of it is not, nothing of
/// it stays, and it is written once more. So a batch whose confirmation was lost can be written again, and
/// each of its rows exists once: every row replaces itself, and totals are corrected by what is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing: a row that is there already is an error of the whole batch.
    Nothing,
    /// Rows that are there already: they are replaced, or stay.
    Some,
}

/// The tables of one crawl, in the transaction of a batch. No method is called for no rows, but for
/// [`BatchTables::host_totals`].
pub trait BatchTables: Send {
    /// The crawl's own row. It fails when the store does not have the lease.
    fn crawl(&mut self, batch: &Batch) -> impl Future<Output = WriteResult> + Send;

    /// Deletes the page rows of URLs that are open again, and subtracts them from the totals of their
    /// hosts. The times of the first and last page of a host stay: requests were made then.
    fn restored(&mut self, rows: &[FrontierRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds URLs that are open.
    fn open(&mut self, rows: &[&FrontierRow]) -> impl Future<Output = WriteResult> + Send;

    /// Updates URLs that are to be tried again; of several rows for one URL the last counts.
    fn postponed(&mut self, rows: &[PostponedRow]) -> impl Future<Output = WriteResult> + Send;

    /// Deletes URLs that are done.
    fn finished(&mut self, pages: &[PageRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds pages to the totals of their hosts, before the pages are written: a row that is about to
    /// be replaced is subtracted first, so that nothing counts twice. There may be no pages, after
    /// [`BatchTables::restored`].
    fn host_totals(&mut self, pages: &[PageRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds or replaces pages.
    fn pages(&mut self, pages: &[PageRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds links in order of their key; what is there stays.
    fn links(&mut self, links: Vec<&LinkRow>) -> impl Future<Output = WriteResult> + Send;

    /// Adds or replaces what else is known of hosts, with totals of 0 where there are none yet. A
    /// robots.txt that was known is not replaced by an unknown one.
    fn known_hosts(&mut self, hosts: &[HostRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds or replaces sitemaps.
    fn sitemaps(&mut self, rows: &[SitemapRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds or replaces journal entries.
    fn changes(&mut self, rows: &[ChangeRow]) -> impl Future<Output = WriteResult> + Send;

    /// Adds what was measured; what is there stays.
    fn timeline(&mut self, rows: &[TimelineRow]) -> impl Future<Output = WriteResult> + Send;
}

/// Writes all of a batch. The row of the crawl is first: it is locked from there on.
///
/// Boxed, once per batch: the compiler could not see through all that is in it that it may move
/// between threads.
pub fn write_tables<'a, T: BatchTables + 'a>(
    mut tables: T,
    batch: &'a Batch,
) -> BoxFuture<'a, WriteResult> {
    Box::pin(async move {
        tables.crawl(batch).await?;
        if !batch.restored.is_empty() {
            tables.restored(&batch.restored).await?;
        }
        let finished: HashSet<PageId> = batch.pages.iter().map(|page| page.id).collect();
        let open = batch.restored.iter().chain(&batch.discovered);
        let open: Vec<_> = open.filter(|row| !finished.contains(&row.id)).collect();
        if !open.is_empty() {
            tables.open(&open).await?;
        }
        if !batch.postponed.is_empty() {
            tables.postponed(&batch.postponed).await?;
        }
        if !(batch.pages.is_empty() && batch.restored.is_empty()) {
            tables.host_totals(&batch.pages).await?;
        }
        if !batch.pages.is_empty() {
            tables.finished(&batch.pages).await?;
            tables.pages(&batch.pages).await?;
        }
        if !batch.links.is_empty() {
            tables.links(links_by_key(&batch.links)).await?;
        }
        if !batch.hosts.is_empty() {
            tables.known_hosts(&batch.hosts).await?;
        }
        if !batch.sitemaps.is_empty() {
            tables.sitemaps(&batch.sitemaps).await?;
        }
        if !batch.changes.is_empty() {
            tables.changes(&batch.changes).await?;
        }
        if !batch.timeline.is_empty() {
            tables.timeline(&batch.timeline).await?;
        }
        Ok(())
    })
}

/// Links in order of the key, so that neighbours land on the same leaf. Stable: of two between the
/// same pages the first counts.
fn links_by_key(links: &[LinkRow]) -> Vec<&LinkRow> {
    let mut links: Vec<&LinkRow> = links.iter().collect();
    links.sort_by_key(|link| (link.from, link.to));
    links
}
