//! The table `hosts`: totals over the pages of each host, and what else is known of it.
//!
//! The totals follow `scraped_pages` in the same transaction, so no query has to count.

use std::fmt::Write as _;

use sqlx::sqlite::SqliteConnection;

use super::bulk::{self, HOSTS, KNOWN_HOSTS};
use crate::store::host_totals;
use crate::store::ids::CrawlId;
use crate::store::rows::{HostRow, PageRow};
use crate::store::sql::{SqlArguments, bind_host_totals, bind_known_host, subtract_replaced};
use crate::store::text::json;

/// Brings `hosts` up to date, before the page rows are written: a row that is about to be
/// replaced is subtracted from the totals first, so that nothing counts twice.
pub(super) async fn add(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    pages: &[PageRow],
) -> Result<(), sqlx::Error> {
    let mut totals = host_totals::of_pages(pages);
    let hashes =
        json(pages, |out, page| write!(out, "\"{:032x}\"", u128::from_be_bytes(page.url_hash.0)));
    let replaced = sqlx::query(
        "SELECT host, state, content_length FROM scraped_pages \
         WHERE crawl_id = ? AND url_hash IN (SELECT unhex(value) FROM json_each(?))",
    )
    .bind(crawl)
    .bind(hashes)
    .fetch_all(&mut *db)
    .await?;
    subtract_replaced(&mut totals, &replaced)?;

    let totals: Vec<_> = totals.into_iter().collect();
    bulk::write(db, &HOSTS, &totals, |to, (host, totals)| {
        to.int(crawl)?;
        to.word(host)?;
        bind_host_totals(to, totals)
    })
    .await
}

/// Subtracts page rows that are about to be deleted from the totals; `ids` is a JSON array. The times
/// of the first and last page stay: requests were made then.
pub(super) async fn subtract(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    ids: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE hosts SET pages = hosts.pages - gone.pages, ok = hosts.ok - gone.ok, \
         failed = hosts.failed - gone.failed, skipped = hosts.skipped - gone.skipped, \
         bytes = hosts.bytes - gone.bytes \
         FROM (SELECT host, count(*) AS pages, sum(state = 'ok') AS ok, \
               sum(state = 'failed') AS failed, sum(state = 'skipped') AS skipped, \
               sum(content_length) AS bytes FROM scraped_pages \
               WHERE id IN (SELECT value FROM json_each(?1)) AND crawl_id = ?2 \
               GROUP BY host) AS gone \
         WHERE hosts.crawl_id = ?2 AND hosts.host = gone.host",
    )
    .bind(ids)
    .bind(crawl)
    .execute(db)
    .await
    .map(drop)
}

/// Writes what is known of hosts, with totals of 0 where there are none yet. A robots.txt that was
/// known is not replaced by an unknown one.
pub(super) async fn note(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    hosts: &[HostRow],
) -> Result<(), sqlx::Error> {
    bulk::write(db, &KNOWN_HOSTS, hosts, |to, row| {
        to.int(crawl)?;
        to.shared_text(&row.host)?;
        bind_known_host(to, row)
    })
    .await
}
