//! The table `hosts`: sums over the pages of each host, and what else is known of it.
//!
//! The sums follow `scraped_pages` in the same transaction, so nobody has to count.

use std::fmt::Write as _;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Arguments, Row};

use super::bulk::{self, HOSTS, KNOWN_HOSTS};
use crate::model::ids::CrawlId;
use crate::store::host_totals;
use crate::store::text::{clean, json, shared, utc};
use crate::store::{HostRow, PageRow};

/// Brings `hosts` up to date, before the page rows are written: a row that is about to be
/// replaced is taken out of the sums first, so that nothing counts twice.
pub(super) async fn add(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    pages: &[PageRow],
) -> Result<(), sqlx::Error> {
    let mut sums = host_totals::of_pages(pages);
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
    for row in &replaced {
        let (host, state): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        // The same URL has the same host, so its sum is there.
        if let Some(sum) = sums.get_mut(host) {
            sum.take_out(state, row.try_get(2)?);
        }
    }

    let sums: Vec<_> = sums.into_iter().collect();
    bulk::write(db, &HOSTS, &sums, |to, (host, sum)| {
        to.add(crawl)?;
        to.add(host.as_ref())?;
        to.add(sum.pages)?;
        to.add(sum.ok)?;
        to.add(sum.failed)?;
        to.add(sum.skipped)?;
        to.add(sum.bytes)?;
        to.add(sum.first_ms.map(utc))?;
        to.add(sum.last_ms.map(utc))
    })
    .await
}

/// Takes page rows that are about to be deleted out of the sums; `ids` is a JSON array. The times
/// of the first and last page stay: they tell when the host was asked.
pub(super) async fn take_out(
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

/// Notes what is known of hosts, with sums of 0 where there are none yet. A robots.txt that was
/// known is not forgotten for one that is not.
pub(super) async fn note(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    hosts: &[HostRow],
) -> Result<(), sqlx::Error> {
    bulk::write(db, &KNOWN_HOSTS, hosts, |to, row| {
        to.add(crawl)?;
        to.add(shared(&row.host))?;
        // Pages, ok, failed, skipped, bytes.
        for _ in 0..5 {
            to.add(0)?;
        }
        to.add(row.incidents)?;
        to.add(row.robots.as_deref().map(clean))
    })
    .await
}
