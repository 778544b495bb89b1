//! Removing a crawl: piece by piece, so that others can write in between and no transaction is long.

use sqlx::{AssertSqlSafe, PgPool};

use crate::model::ids::CrawlId;
use crate::model::ids::id_range;
use crate::store::sql::{PIECE, SqlStore, heartbeat};
use crate::store::tx_error::TxError;

/// Tables that are cut into pieces, with the column that they are cut by. Links and pages first:
/// what would be missed most when it is half gone is gone last.
const LARGE: [(&str, &str); 3] =
    [("links", "from_id"), ("scraped_pages", "id"), ("frontier", "id")];

/// Removes the rows of the large tables; how many there were.
pub(super) async fn remove_large<S: SqlStore>(
    store: &S,
    pool: &PgPool,
    crawl: CrawlId,
) -> Result<u64, TxError> {
    let (first, last) = id_range(crawl);
    let mut rows = 0;
    for (table, key) in LARGE {
        let end = format!(
            "SELECT {key} FROM {table} WHERE {key} BETWEEN $1 AND $2 ORDER BY {key} \
             OFFSET $3 LIMIT 1"
        );
        let delete = format!("DELETE FROM {table} WHERE {key} BETWEEN $1 AND $2");
        let mut from = first;
        while from <= last {
            // Deleted rows stay in the index for a while: each piece begins after them.
            let to: Option<i64> = sqlx::query_scalar(AssertSqlSafe(end.as_str()))
                .bind(from)
                .bind(last)
                .bind(i64::from(PIECE))
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
            heartbeat(store, crawl).await?;
        }
    }
    Ok(rows)
}
