//! The table `hosts`: totals over the pages of each host, and what else is known of it.
//!
//! The totals follow `scraped_pages` in the same transaction, so no query has to count; a row that is
//! written again is subtracted first, so nothing counts twice.

use std::borrow::Cow;
use std::fmt::Write as _;

use hashbrown::HashSet;
use sqlx::Row;
use sqlx::mysql::MySqlConnection;

use super::bulk::{self, HOSTS, KNOWN_HOSTS, hash_of};
use super::writer::WriterConnection;
use crate::store::host_totals::{self, HostTotals};
use crate::store::ids::CrawlId;
use crate::store::rows::{HostRow, PageRow};
use crate::store::sql::{
    SqlArguments, TotalsByHost, bind_host_totals, bind_known_host, subtract_replaced,
};
use crate::store::text::json;
use crate::store::tx_error::TxError;

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

/// Subtracts page rows that are about to be deleted from the totals; `ids` is a JSON array without
/// doubles.
pub(super) async fn subtract(
    db: &mut MySqlConnection,
    crawl: CrawlId,
    ids: &str,
    totals: &mut TotalsByHost<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(RESTORED).bind(ids).bind(crawl).fetch_all(db).await?;
    for row in &rows {
        let host: String = row.try_get(0)?;
        totals.entry(host.into()).or_default().subtract(row.try_get(1)?, row.try_get(2)?);
    }
    Ok(())
}

/// Brings `hosts` up to date, before the page rows are written: a row that is about to be replaced is
/// subtracted from the totals first. `before` is what was subtracted already.
pub(super) async fn add(
    db: &mut WriterConnection,
    name: &str,
    crawl: CrawlId,
    pages: &[PageRow],
    before: TotalsByHost<'_>,
) -> Result<(), TxError> {
    let mut totals = host_totals::of_pages(pages);
    if !pages.is_empty() {
        let hashes: HashSet<u128> =
            pages.iter().map(|page| u128::from_be_bytes(page.url_hash.0)).collect();
        let hashes = json(&Vec::from_iter(hashes), |out, hash| write!(out, "\"{hash:032x}\""));
        let query = sqlx::query(REPLACED).bind(hashes).bind(crawl);
        subtract_replaced(&mut totals, &query.fetch_all(&mut db.connection).await?)?;
    }
    let rows: Vec<_> = before.into_iter().chain(totals).collect();
    let bytes = |(host, _): &(Cow<'_, str>, HostTotals)| 80 + host.len();
    bulk::write(db, name, &HOSTS, &rows, bytes, |to, (host, totals)| {
        to.int(crawl)?;
        to.bytes(Some(&hash_of(host)))?;
        to.word(host)?;
        bind_host_totals(to, totals)
    })
    .await
}

/// Writes what is known of hosts, with totals of 0 where there are none yet. A robots.txt that was known
/// is not replaced by an unknown one.
pub(super) async fn note(
    db: &mut WriterConnection,
    name: &str,
    crawl: CrawlId,
    hosts: &[HostRow],
) -> Result<(), TxError> {
    let bytes =
        |row: &HostRow| 20 + 3 * row.host.len() + row.robots.as_ref().map_or(0, |r| 3 * r.len());
    bulk::write(db, name, &KNOWN_HOSTS, hosts, bytes, |to, row| {
        to.int(crawl)?;
        to.bytes(Some(&hash_of(&row.host)))?;
        to.shared_text(&row.host)?;
        bind_known_host(to, row)
    })
    .await
}
