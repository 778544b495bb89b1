//! The table `hosts`: sums over the pages of each host, and what else is known of it.
//!
//! The sums follow `scraped_pages` in the same transaction, so nobody has to count; what is written
//! again is taken out first, so nothing counts twice.

use std::borrow::Cow;
use std::fmt::Write as _;

use hashbrown::{HashMap, HashSet};
use sqlx::mysql::MySqlConnection;
use sqlx::{Arguments, Row};

use super::bulk::{self, HOSTS, KNOWN_HOSTS, hash_of};
use super::writer::Live;
use crate::model::ids::CrawlId;
use crate::store::host_totals::{self, HostTotals};
use crate::store::text::{clean, json, shared, utc};
use crate::store::tx_error::TxError;
use crate::store::{HostRow, PageRow};

/// Rows that are about to be replaced: `(hashes as a JSON array of hex, crawl)`. Joined in this order,
/// each is looked up.
pub const REPLACED: &str = "SELECT page.host, page.state, page.content_length FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (hex VARCHAR(32) PATH '$')) AS new \
     STRAIGHT_JOIN scraped_pages AS page FORCE INDEX (scraped_pages_by_hash) \
     ON page.crawl_id = ? AND page.url_hash = unhex(new.hex)";

/// Rows that are about to be deleted: `(ids as a JSON array, crawl)`.
pub const RESTORED: &str = "SELECT page.host, page.state, page.content_length FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS restored \
     STRAIGHT_JOIN scraped_pages AS page FORCE INDEX (PRIMARY) \
     ON page.id = restored.id AND page.crawl_id = ?";

/// Sums by host.
type Sums<'a> = HashMap<Cow<'a, str>, HostTotals>;

/// Takes page rows that are about to be deleted out of the sums; `ids` is a JSON array without
/// doubles.
pub(super) async fn take_out(
    db: &mut MySqlConnection,
    crawl: CrawlId,
    ids: &str,
    sums: &mut Sums<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(RESTORED).bind(ids).bind(crawl).fetch_all(db).await?;
    for row in &rows {
        let host: String = row.try_get(0)?;
        sums.entry(host.into()).or_default().take_out(row.try_get(1)?, row.try_get(2)?);
    }
    Ok(())
}

/// Brings `hosts` up to date, before the page rows are written: a row that is about to be replaced is
/// taken out of the sums first. `before` is what was taken out already.
pub(super) async fn add(
    db: &mut Live,
    name: &str,
    crawl: CrawlId,
    pages: &[PageRow],
    before: Sums<'_>,
) -> Result<(), TxError> {
    let mut sums = host_totals::of_pages(pages);
    if !pages.is_empty() {
        let hashes: HashSet<u128> =
            pages.iter().map(|page| u128::from_be_bytes(page.url_hash.0)).collect();
        let hashes = json(&Vec::from_iter(hashes), |out, hash| write!(out, "\"{hash:032x}\""));
        let replaced =
            sqlx::query(REPLACED).bind(hashes).bind(crawl).fetch_all(&mut db.connection).await?;
        for row in &replaced {
            // The same URL has the same host, so its sum is there.
            if let Some(sum) = sums.get_mut(row.try_get::<&str, _>(0)?) {
                sum.take_out(row.try_get(1)?, row.try_get(2)?);
            }
        }
    }
    let sums: Vec<_> = before.into_iter().chain(sums).collect();
    bulk::write(
        db,
        name,
        &HOSTS,
        &sums,
        |(host, _)| 80 + host.len(),
        |to, (host, sum)| {
            to.add(crawl)?;
            to.add(hash_of(host).as_slice())?;
            to.add(host.as_ref())?;
            to.add(sum.pages)?;
            to.add(sum.ok)?;
            to.add(sum.failed)?;
            to.add(sum.skipped)?;
            to.add(sum.bytes)?;
            to.add(sum.first_ms.map(utc))?;
            to.add(sum.last_ms.map(utc))
        },
    )
    .await
}

/// Notes what is known of hosts, with sums of 0 where there are none yet. A robots.txt that was known is
/// not forgotten for one that is not.
pub(super) async fn note(
    db: &mut Live,
    name: &str,
    crawl: CrawlId,
    hosts: &[HostRow],
) -> Result<(), TxError> {
    let bytes =
        |row: &HostRow| 20 + 3 * row.host.len() + row.robots.as_ref().map_or(0, |r| 3 * r.len());
    bulk::write(db, name, &KNOWN_HOSTS, hosts, bytes, |to, row| {
        to.add(crawl)?;
        to.add(hash_of(&row.host).as_slice())?;
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
