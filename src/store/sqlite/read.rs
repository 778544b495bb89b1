//! Reading: what a crawl goes on from.
//!
//! Every query is answered by a range of ids or an index, so none sees the rows of another
//! crawl. The statements are public so that a test can ask SQLite how it will run them.

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};

use crate::model::ids::{CrawlId, PageId, host_id, page_id, seq_of};
use crate::store::text::clean;
use crate::store::{FrontierRow, OpenHost, SeenSink, StoredCrawl, UrlHash};

/// Frontier rows between two ids: `(above, up to, limit)`.
pub const FRONTIER_AFTER: &str = "SELECT id, url, url_hash, depth, attempts, not_before, found_on, \
     lastmod, host_id FROM frontier WHERE id > ? AND id <= ? ORDER BY id LIMIT ?";

/// Frontier rows of one host: `(above, up to, host, limit)`, block after block of the index. The
/// order is that of the loops, which is that of the ids: `ORDER BY` would collect all rows first.
pub const FRONTIER_OF_HOST: &str = "WITH RECURSIVE block(n) AS (\
       SELECT (SELECT min(id) FROM frontier WHERE id > ?1 AND id <= ?2) >> 16 \
       UNION ALL \
       SELECT (SELECT min(id) FROM frontier WHERE id >= (n + 1) << 16 AND id <= ?2) >> 16 \
       FROM block WHERE n IS NOT NULL) \
     SELECT id, url, url_hash, depth, attempts, not_before, found_on, lastmod, host_id \
     FROM block CROSS JOIN frontier INDEXED BY frontier_by_host \
     WHERE id >> 16 = n AND host_id = ?3 AND id > ?1 LIMIT ?4";

/// Hosts with their open URLs counted, and the first of these: `(first id, last id)`. The index
/// alone counts, block by block; then one row per host is read.
pub const OPEN_HOSTS: &str = "SELECT host.host_id, host.open, first.url FROM \
     (SELECT host_id, sum(open) AS open, min(id) AS id FROM \
       (SELECT host_id, count(*) AS open, min(id) AS id FROM frontier \
        WHERE id >> 16 BETWEEN ? >> 16 AND ? >> 16 GROUP BY id >> 16, host_id) \
      GROUP BY host_id) AS host CROSS JOIN frontier AS first ON first.id = host.id";

/// Skipped pages as frontier rows: `(crawl, reason, above, limit)`.
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, 0, found_on, \
     lastmod, host FROM scraped_pages WHERE crawl_id = ? AND state = 'skipped' AND error = ? \
     AND id > ? ORDER BY id LIMIT ?";

/// All known URLs in one snapshot: `(crawl, first id, last id)`. The index on hashes answers the
/// first half alone; the second reads the frontier, whose hashes come before its URLs.
pub const SEEN: &str = "SELECT url_hash, id FROM scraped_pages WHERE crawl_id = ? \
     UNION ALL SELECT url_hash, id FROM frontier WHERE id BETWEEN ? AND ?";

/// The highest id in use: `(first id, last id)` twice.
pub const LAST_ID: &str = "SELECT max( \
     coalesce((SELECT max(id) FROM scraped_pages WHERE id BETWEEN ? AND ?), 0), \
     coalesce((SELECT max(id) FROM frontier WHERE id BETWEEN ? AND ?), 0))";

/// Open URLs: `(first id, last id)`. It counts, so it grows with the frontier (about 5 ms per
/// 100,000 rows), but not with what was crawled.
pub const OPEN_COUNT: &str =
    "SELECT count(*) FROM frontier WHERE id >> 16 BETWEEN ? >> 16 AND ? >> 16";

/// Journal entries, oldest first: `(crawl)`.
pub const CHANGES: &str = "SELECT entry FROM changes WHERE crawl_id = ? ORDER BY seq";

/// Settings and counters: `(crawl)`.
pub const CRAWL: &str = "SELECT settings, totals FROM crawls WHERE id = ?";

/// How many known URLs are handed on at a time.
const SEEN_CHUNK: usize = 10_000;

/// First and last id of a crawl.
pub(super) const fn ids(crawl: CrawlId) -> (PageId, PageId) {
    (page_id(crawl, 0), page_id(crawl, u32::MAX))
}

/// All there is to know about a crawl before its URLs are read.
pub(super) async fn stored_crawl(
    pool: &SqlitePool,
    crawl: CrawlId,
) -> Result<StoredCrawl, sqlx::Error> {
    let mut snapshot = pool.begin().await?;
    let (settings, totals): (String, Option<String>) =
        sqlx::query_as(CRAWL).bind(crawl).fetch_one(&mut *snapshot).await?;
    let changes = sqlx::query_scalar(CHANGES).bind(crawl).fetch_all(&mut *snapshot).await?;
    let (first, last) = ids(crawl);
    let last_id: PageId = sqlx::query_scalar(LAST_ID)
        .bind(first)
        .bind(last)
        .bind(first)
        .bind(last)
        .fetch_one(&mut *snapshot)
        .await?;
    let open: i64 =
        sqlx::query_scalar(OPEN_COUNT).bind(first).bind(last).fetch_one(&mut *snapshot).await?;
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

/// See [`crate::store::Store::frontier_after`].
pub(super) async fn frontier_after(
    pool: &SqlitePool,
    crawl: CrawlId,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let (first, last) = ids(crawl);
    sqlx::query(FRONTIER_AFTER)
        .bind(after.max(first - 1))
        .bind(last)
        .bind(limit)
        .try_map(|row: SqliteRow| open_row(&row, row.try_get(8)?))
        .fetch_all(pool)
        .await
}

/// See [`crate::store::Store::frontier_of_host`].
pub(super) async fn frontier_of_host(
    pool: &SqlitePool,
    crawl: CrawlId,
    host_id: i64,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let (first, last) = ids(crawl);
    sqlx::query(FRONTIER_OF_HOST)
        .bind(after.max(first - 1))
        .bind(last)
        .bind(host_id)
        .bind(limit)
        .try_map(|row: SqliteRow| open_row(&row, host_id))
        .fetch_all(pool)
        .await
}

/// See [`crate::store::Store::open_hosts`].
pub(super) async fn open_hosts(
    pool: &SqlitePool,
    crawl: CrawlId,
) -> Result<Vec<OpenHost>, sqlx::Error> {
    let (first, last) = ids(crawl);
    sqlx::query(OPEN_HOSTS)
        .bind(first)
        .bind(last)
        .try_map(|row: SqliteRow| {
            Ok(OpenHost {
                host_id: row.try_get(0)?,
                open: row.try_get::<i64, _>(1)? as u64,
                url: row.try_get::<&str, _>(2)?.into(),
            })
        })
        .fetch_all(pool)
        .await
}

/// See [`crate::store::Store::skipped_because`].
pub(super) async fn skipped_because(
    pool: &SqlitePool,
    crawl: CrawlId,
    reason: &str,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    sqlx::query(SKIPPED_BECAUSE)
        .bind(crawl)
        .bind(clean(reason))
        .bind(after)
        .bind(limit)
        .try_map(|row: SqliteRow| open_row(&row, host_id(row.try_get(8)?)))
        .fetch_all(pool)
        .await
}

/// The first eight columns of a frontier row; which host it is is told in different ways.
pub(super) fn open_row(row: &SqliteRow, host_id: i64) -> Result<FrontierRow, sqlx::Error> {
    Ok(FrontierRow {
        id: row.try_get(0)?,
        url: row.try_get::<&str, _>(1)?.into(),
        url_hash: hash(row, 2)?,
        depth: row.try_get(3)?,
        attempts: row.try_get(4)?,
        not_before_ms: row.try_get(5)?,
        found_on: row.try_get(6)?,
        lastmod_ms: row.try_get(7)?,
        host_id,
    })
}

/// See [`crate::store::Store::seen`].
pub(super) async fn seen(
    pool: &SqlitePool,
    crawl: CrawlId,
    sink: SeenSink<'_>,
) -> Result<(), sqlx::Error> {
    let (first, last) = ids(crawl);
    let mut rows = sqlx::query(SEEN).bind(crawl).bind(first).bind(last).fetch(pool);
    let mut chunk = Vec::with_capacity(SEEN_CHUNK);
    while let Some(row) = rows.try_next().await? {
        chunk.push((hash(&row, 0)?, row.try_get_unchecked(1)?));
        if chunk.len() == SEEN_CHUNK {
            if !sink(&chunk) {
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

fn hash(row: &SqliteRow, column: usize) -> Result<UrlHash, sqlx::Error> {
    let bytes: &[u8] = row.try_get_unchecked(column)?;
    bytes.try_into().map(UrlHash).map_err(|error: std::array::TryFromSliceError| {
        sqlx::Error::ColumnDecode { index: "url_hash".to_owned(), source: error.into() }
    })
}
