//! Removing a crawl: piece by piece, so that others can write in between and the log stays short.

use sqlx::{AssertSqlSafe, SqlitePool};

use super::crawls;
use super::read::ids;
use crate::model::ids::CrawlId;
use crate::store::tx_error::TxError;
use crate::store::{CrawlState, LeaseOwner};

/// Rows deleted in one transaction.
const PIECE: u32 = 20_000;

/// The statements that delete the next piece of a table: `(crawl, first id, last id, rows)`. Links and
/// pages first: what would be missed most when it is half gone is gone last.
const PIECES: [&str; 7] = [
    // Whole pages with all their links, the key being what the pieces are cut by.
    "DELETE FROM links WHERE crawl_id = ?1 AND from_id <= coalesce(\
       (SELECT from_id FROM links WHERE crawl_id = ?1 ORDER BY from_id LIMIT 1 OFFSET ?4), ?3)",
    "DELETE FROM scraped_pages WHERE id BETWEEN ?2 AND coalesce(\
       (SELECT id FROM scraped_pages WHERE id BETWEEN ?2 AND ?3 ORDER BY id LIMIT 1 OFFSET ?4), ?3)",
    "DELETE FROM frontier WHERE id BETWEEN ?2 AND coalesce(\
       (SELECT id FROM frontier WHERE id BETWEEN ?2 AND ?3 ORDER BY id LIMIT 1 OFFSET ?4), ?3)",
    "DELETE FROM sitemaps WHERE crawl_id = ?1 AND url_hash IN \
       (SELECT url_hash FROM sitemaps WHERE crawl_id = ?1 LIMIT ?4)",
    "DELETE FROM hosts WHERE crawl_id = ?1 AND host IN \
       (SELECT host FROM hosts WHERE crawl_id = ?1 LIMIT ?4)",
    "DELETE FROM changes WHERE crawl_id = ?1 AND seq IN \
       (SELECT seq FROM changes WHERE crawl_id = ?1 LIMIT ?4)",
    "DELETE FROM crawls WHERE id = ?1 AND ?4 > 0",
];

/// See [`crate::store::Store::remove`].
pub(super) async fn remove(
    pool: &SqlitePool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
) -> Result<u64, TxError> {
    crawls::take(pool, db, owner, Some(crawl), CrawlState::Removing).await?;
    let (first, last) = ids(crawl);
    let mut rows = 0;
    for piece in PIECES {
        loop {
            let done = sqlx::query(AssertSqlSafe(piece))
                .bind(crawl)
                .bind(first)
                .bind(last)
                .bind(PIECE)
                .execute(pool)
                .await?
                .rows_affected();
            rows += done;
            if done < u64::from(PIECE) {
                break;
            }
            crawls::heartbeat(pool, db, owner, crawl).await?;
        }
    }
    Ok(rows)
}
