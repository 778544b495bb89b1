//! Removing a crawl: piece by piece, so that others can write in between and no transaction is long.

use sqlx::{AssertSqlSafe, PgPool};

use super::crawls;
use super::read::ids;
use crate::model::ids::CrawlId;
use crate::store::tx_error::TxError;
use crate::store::{CrawlState, LeaseOwner};

/// Rows deleted in one transaction, about.
const PIECE: i64 = 20_000;

/// Tables that are cut into pieces, with the column that they are cut by. Links and pages first:
/// what would be missed most when it is half gone is gone last.
const LARGE: [(&str, &str); 3] =
    [("links", "from_id"), ("scraped_pages", "id"), ("frontier", "id")];

/// The rest, and at last the crawl itself: `(crawl)`.
const SMALL: [&str; 4] = [
    "DELETE FROM sitemaps WHERE crawl_id = $1",
    "DELETE FROM hosts WHERE crawl_id = $1",
    "DELETE FROM changes WHERE crawl_id = $1",
    "DELETE FROM crawls WHERE id = $1",
];

/// See [`crate::store::Store::remove`].
pub(super) async fn remove(
    pool: &PgPool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
) -> Result<u64, TxError> {
    crawls::take(pool, db, owner, Some(crawl), CrawlState::Removing).await?;
    let (first, last) = ids(crawl);
    let mut rows = 0;
    for (table, key) in LARGE {
        let end = format!(
            "SELECT {key} FROM {table} WHERE {key} BETWEEN $1 AND $2 ORDER BY {key} \
             OFFSET $3 LIMIT 1"
        );
        let delete = format!("DELETE FROM {table} WHERE {key} BETWEEN $1 AND $2");
        let mut from = first;
        while from <= last {
            // What is deleted leaves marks behind for a while: each piece begins after them.
            let to: Option<i64> = sqlx::query_scalar(AssertSqlSafe(end.as_str()))
                .bind(from)
                .bind(last)
                .bind(PIECE)
                .fetch_optional(pool)
                .await?;
            let to = to.unwrap_or(last);
            rows += sqlx::query(AssertSqlSafe(delete.as_str()))
                .bind(from)
                .bind(to)
                .execute(pool)
                .await?
                .rows_affected();
            from = to + 1;
            crawls::heartbeat(pool, db, owner, crawl).await?;
        }
    }
    for delete in SMALL {
        rows += sqlx::query(delete).bind(crawl).execute(pool).await?.rows_affected();
    }
    Ok(rows)
}
