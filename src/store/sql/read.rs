//! Reading: what a crawl is resumed from.
//!
//! Every statement is answered by a range of ids or an index, so none sees the rows of another
//! crawl.

use futures_util::TryStreamExt;
use sqlx::{Connection, Pool};

use super::backend::{SqlRow, url_hash};
use super::dialect::Dialect;
use super::run::{fetch_all, fetch_one};
use super::statement::Values;
use crate::model::ids::host_id;
use crate::model::ids::{CrawlId, PageId, seq_of};
use crate::store::rows::{FrontierRow, OpenHost};
use crate::store::stored_crawl::StoredCrawl;
use crate::store::text::parse_utc;
use crate::store::timeline_row::TimelineRow;
use crate::store::traits::SeenSink;

/// How many known URLs are passed on at a time.
const SEEN_CHUNK: usize = 10_000;

/// What is known of a crawl before its URLs are read.
pub async fn stored_crawl<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
) -> Result<StoredCrawl, sqlx::Error> {
    let (common, own, values) = (D::COMMON, D::OWN, Values::of(crawl));
    let mut snapshot = pool.begin_with(D::SNAPSHOT).await?;
    let row = fetch_one::<D>(&mut snapshot, common.crawl, values).await?;
    let (settings, totals) = (row.text(0)?.to_owned(), row.optional_text(1)?.map(str::to_owned));
    let mut changes = Vec::new();
    let arguments = common.changes.arguments(&values)?;
    let mut entries = D::fetch(&mut snapshot, common.changes.text(), arguments);
    while let Some(row) = entries.try_next().await? {
        changes.push(row.text(0)?.to_owned());
    }
    drop(entries);
    let last_id = fetch_one::<D>(&mut snapshot, own.last_id, values).await?.int(0)?;
    let open = fetch_one::<D>(&mut snapshot, own.open_count, values).await?.int(0)?;
    snapshot.commit().await?;
    Ok(StoredCrawl {
        id: crawl,
        settings,
        totals,
        changes,
        // No URL yet: numbers begin with 1.
        next_seq: if last_id == 0 { 1 } else { seq_of(last_id).saturating_add(1) },
        open: open as u64,
    })
}

/// See [`crate::store::StoreReader::frontier_after`].
pub async fn frontier_after<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let values = Values { after, limit, ..Values::of(crawl) };
    let map = |row: &D::Row| frontier_row::<D>(row, row.int(9)?);
    fetch_all(pool.acquire().await?, D::COMMON.frontier_after, values, map).await
}

/// See [`crate::store::StoreReader::frontier_of_host`].
pub async fn frontier_of_host<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    host_id: i64,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let values = Values { after, host_id, limit, ..Values::of(crawl) };
    let map = |row: &D::Row| frontier_row::<D>(row, host_id);
    fetch_all(pool.acquire().await?, D::OWN.frontier_of_host, values, map).await
}

/// See [`crate::store::StoreReader::open_hosts`].
pub async fn open_hosts<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
) -> Result<Vec<OpenHost>, sqlx::Error> {
    let map = |row: &D::Row| {
        let (host_id, open, url) = (row.int(0)?, row.int(1)? as u64, row.text(2)?.into());
        Ok(OpenHost { host_id, open, url })
    };
    fetch_all(pool.acquire().await?, D::OWN.open_hosts, Values::of(crawl), map).await
}

/// See [`crate::store::StoreReader::skipped_because`].
pub async fn skipped_because<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    reason: &str,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let values = Values { after, reason, limit, ..Values::of(crawl) };
    fetch_all(pool.acquire().await?, D::OWN.skipped_because, values, page_as_frontier_row::<D>)
        .await
}

/// A page as the frontier row that it was; its last column is the name of its host.
pub fn page_as_frontier_row<D: Dialect>(row: &D::Row) -> Result<FrontierRow, sqlx::Error> {
    frontier_row::<D>(row, host_id(row.text(9)?))
}

/// The first nine columns of a frontier row, and its host.
fn frontier_row<D: Dialect>(row: &D::Row, host_id: i64) -> Result<FrontierRow, sqlx::Error> {
    let small = |column| Ok::<_, sqlx::Error>(D::small_int(row, column)?.unwrap_or_default());
    Ok(FrontierRow {
        id: row.int(0)?,
        url: row.text(1)?.into(),
        url_hash: url_hash(row.optional_bytes(2)?.unwrap_or_default())?,
        depth: small(3)? as u32,
        attempts: small(4)? as u32,
        resent: small(5)? as u32,
        not_before_ms: row.int(6)?,
        found_on: row.optional_int(7)?,
        lastmod_ms: row.optional_int(8)?,
        host_id,
    })
}

/// See [`crate::store::StoreReader::timeline`].
pub async fn timeline<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    limit: u32,
) -> Result<Vec<TimelineRow>, sqlx::Error> {
    let values = Values { limit, ..Values::of(crawl) };
    let connection = pool.acquire().await?;
    let mut rows = fetch_all(connection, D::OWN.same.timeline(), values, timeline_row::<D>).await?;
    rows.reverse();
    Ok(rows)
}

fn timeline_row<D: Dialect>(row: &D::Row) -> Result<TimelineRow, sqlx::Error> {
    let count = |column| Ok::<_, sqlx::Error>(row.int(column)? as u64);
    let level = |column| Ok::<_, sqlx::Error>(u32::try_from(row.int(column)?).unwrap_or(u32::MAX));
    Ok(TimelineRow {
        seq: count(0)?,
        run: level(1)?,
        at_ms: D::time(row, 2)?.as_deref().and_then(parse_utc).unwrap_or(0),
        span_ms: count(3)?,
        conditions: level(4)?,
        permits: level(5)?,
        workers: level(6)?,
        queue: level(7)?,
        rate: row.optional_real(8)?,
        pages: count(9)?,
        pages_sd: row.optional_real(10)?,
        bytes: count(11)?,
        requests: count(12)?,
        retries: count(13)?,
        errors: count(14)?,
        refused: count(15)?,
        p50_ms: row.optional_real(16)?,
        p95_ms: row.optional_real(17)?,
        mean_ms: row.optional_real(18)?,
        in_flight: row.real(19)?,
        queued: row.real(20)?,
        saver_backlog: count(21)?,
        loop_delay_ms: row.real(22)?,
        cpu_percent: row.real(23)?,
        memory: count(24)?,
    })
}

/// See [`crate::store::StoreReader::seen`].
pub async fn seen<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    sink: SeenSink<'_>,
) -> Result<(), sqlx::Error> {
    let statement = D::OWN.same.seen();
    let arguments = statement.arguments(&Values::of(crawl))?;
    let mut connection = pool.acquire().await?;
    let mut rows = D::fetch(&mut connection, statement.text(), arguments);
    let mut chunk = Vec::with_capacity(SEEN_CHUNK);
    while let Some(row) = rows.try_next().await? {
        chunk.push(row.hash_and_id()?);
        if chunk.len() == SEEN_CHUNK {
            if !sink(&chunk) {
                drop(rows);
                // Otherwise the next user of the connection would have to read the rest.
                let _ = connection.detach().close_hard().await;
                return Ok(());
            }
            chunk.clear();
        }
    }
    if !chunk.is_empty() {
        sink(&chunk);
    }
    Ok(())
}
