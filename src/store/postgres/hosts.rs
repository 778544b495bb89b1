//! The table `hosts`: sums over the pages of each host, and what else is known of it.
//!
//! The sums follow `scraped_pages` in the same transaction, so nobody has to count.

use hashbrown::{HashMap, HashSet};
use sqlx::Row;
use sqlx::postgres::{PgBindIterExt, PgConnection};

use super::bulk;
use crate::model::ids::{CrawlId, PageId};
use crate::store::host_totals;
use crate::store::{HostRow, PageRow, UrlHash};

/// The rows of pages that are there: `(crawl, distinct hashes)`, each looked up by itself. Asked for any
/// of a list, a server that has not counted the rows yet reads all of the crawl.
pub const REPLACED: &str = "SELECT page.host, page.state, page.content_length \
     FROM unnest($2::bytea[]) AS new (hash) CROSS JOIN LATERAL (SELECT host, state, content_length \
       FROM scraped_pages WHERE crawl_id = $1 AND url_hash = new.hash LIMIT 1) AS page";

/// Takes pages out of the sums of their hosts: `(ids, crawl)`. All the ids are of the crawl.
pub const TAKE_OUT: &str = "UPDATE hosts SET pages = hosts.pages - gone.pages, \
     ok = hosts.ok - gone.ok, failed = hosts.failed - gone.failed, \
     skipped = hosts.skipped - gone.skipped, bytes = hosts.bytes - gone.bytes \
     FROM (SELECT host, count(*) AS pages, count(*) FILTER (WHERE state = 'ok') AS ok, \
           count(*) FILTER (WHERE state = 'failed') AS failed, \
           count(*) FILTER (WHERE state = 'skipped') AS skipped, \
           sum(content_length) AS bytes FROM scraped_pages \
           WHERE id = ANY($1) GROUP BY host) AS gone \
     WHERE hosts.crawl_id = $2 AND hosts.host = gone.host";

/// Brings `hosts` up to date, before the page rows are written: a row that is about to be
/// replaced is taken out of the sums first, so that nothing counts twice.
pub(super) async fn add(
    db: &mut PgConnection,
    crawl: CrawlId,
    pages: &[PageRow],
) -> Result<(), sqlx::Error> {
    let mut sums = host_totals::of_pages(pages);
    let hashes: HashSet<UrlHash> = pages.iter().map(|page| page.url_hash).collect();
    let replaced = sqlx::query(REPLACED)
        .bind(crawl)
        .bind(hashes.iter().map(|hash| hash.0).bind_iter())
        .fetch_all(&mut *db)
        .await?;
    for row in &replaced {
        // The same URL has the same host, so its sum is there.
        if let Some(sum) = sums.get_mut(row.try_get::<&str, _>(0)?) {
            sum.take_out(row.try_get(1)?, row.try_get(2)?);
        }
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    // In order of name: of two transactions that write the same ones, none waits for the other in a
    // circle.
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    bulk::hosts(db, crawl, &rows).await
}

/// Takes page rows that are about to be deleted out of the sums. The times of the first and last
/// page stay: they tell when the host was asked.
pub(super) async fn take_out(
    db: &mut PgConnection,
    crawl: CrawlId,
    ids: &[PageId],
) -> Result<(), sqlx::Error> {
    sqlx::query(TAKE_OUT).bind(ids).bind(crawl).execute(db).await.map(drop)
}

/// Notes what is known of hosts. The last of a batch counts; a robots.txt that was known is not
/// forgotten for one that is not.
pub(super) async fn note(
    db: &mut PgConnection,
    crawl: CrawlId,
    hosts: &[HostRow],
) -> Result<(), sqlx::Error> {
    let mut last: HashMap<&str, HostRow> = HashMap::with_capacity(hosts.len());
    for row in hosts {
        let robots = last.get(&*row.host).and_then(|before| before.robots.clone());
        let mut row_now = row.clone();
        row_now.robots = row_now.robots.or(robots);
        last.insert(&row.host, row_now);
    }
    let mut rows: Vec<_> = last.into_values().collect();
    rows.sort_unstable_by(|a, b| a.host.cmp(&b.host));
    bulk::known_hosts(db, crawl, &rows).await
}
