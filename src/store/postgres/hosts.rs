//! The table `hosts`: totals over the pages of each host, and what else is known of it.
//!
//! The totals follow `scraped_pages` in the same transaction, so no query has to count.

use hashbrown::{HashMap, HashSet};
use sqlx::postgres::PgBindIterExt;

use super::bulk;
use super::write::PostgresBatch;
use crate::model::ids::PageId;
use crate::model::url_identity::UrlHash;
use crate::store::host_totals::of_pages;
use crate::store::rows::{HostRow, PageRow};
use crate::store::sql::subtract_replaced;

/// The rows of pages that are there: `(crawl, distinct hashes)`, each looked up by itself. For a
/// condition on the whole list, a server that has not counted the rows yet reads all of the crawl.
pub const REPLACED: &str = "SELECT page.host, page.state, page.content_length \
     FROM unnest($2::bytea[]) AS new (hash) CROSS JOIN LATERAL (SELECT host, state, content_length \
       FROM scraped_pages WHERE crawl_id = $1 AND url_hash = new.hash LIMIT 1) AS page";

/// Subtracts pages from the totals of their hosts: `(ids, crawl)`. All the ids are of the crawl.
pub const SUBTRACT: &str = "UPDATE hosts SET pages = hosts.pages - gone.pages, \
     ok = hosts.ok - gone.ok, failed = hosts.failed - gone.failed, \
     skipped = hosts.skipped - gone.skipped, bytes = hosts.bytes - gone.bytes \
     FROM (SELECT host, count(*) AS pages, count(*) FILTER (WHERE state = 'ok') AS ok, \
           count(*) FILTER (WHERE state = 'failed') AS failed, \
           count(*) FILTER (WHERE state = 'skipped') AS skipped, \
           sum(content_length) AS bytes FROM scraped_pages \
           WHERE id = ANY($1) GROUP BY host) AS gone \
     WHERE hosts.crawl_id = $2 AND hosts.host = gone.host";

impl PostgresBatch<'_> {
    /// Adds pages to the totals, without those that they replace.
    pub(super) async fn add_totals(&mut self, pages: &[PageRow]) -> Result<(), sqlx::Error> {
        if pages.is_empty() {
            return Ok(());
        }
        let mut totals = of_pages(pages);
        let hashes: HashSet<UrlHash> = pages.iter().map(|page| page.url_hash).collect();
        let replaced = sqlx::query(REPLACED)
            .bind(self.crawl)
            .bind(hashes.iter().map(|hash| hash.0).bind_iter())
            .fetch_all(&mut *self.db)
            .await?;
        for row in &replaced {
            subtract_replaced(&mut totals, row)?;
        }
        let mut rows: Vec<_> = totals.into_iter().collect();
        // In order of name: of two transactions that write the same ones, none waits for the other in a
        // circle.
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        bulk::hosts(self.db, self.crawl, &rows).await
    }

    /// Subtracts page rows that are about to be deleted from the totals.
    pub(super) async fn subtract_restored(&mut self, ids: &[PageId]) -> Result<(), sqlx::Error> {
        let update = sqlx::query(SUBTRACT).bind(ids).bind(self.crawl);
        update.execute(&mut *self.db).await.map(drop)
    }

    /// Writes what else is known of hosts; the last of a batch counts.
    pub(super) async fn put_known_hosts(&mut self, hosts: &[HostRow]) -> Result<(), sqlx::Error> {
        let mut last: HashMap<&str, HostRow> = HashMap::with_capacity(hosts.len());
        for row in hosts {
            let robots = last.get(&*row.host).and_then(|before| before.robots.clone());
            let mut row_now = row.clone();
            row_now.robots = row_now.robots.or(robots);
            last.insert(&row.host, row_now);
        }
        let mut rows: Vec<_> = last.into_values().collect();
        rows.sort_unstable_by(|a, b| a.host.cmp(&b.host));
        bulk::known_hosts(self.db, self.crawl, &rows).await
    }
}
