//! Removing the rows of a crawl in pieces, so that others can write in between and no transaction
//! grows long.

use super::dialect::Dialect;
use super::sql_store::{SqlStore, execute, heartbeat};
use super::statement::Values;
use crate::model::ids::CrawlId;
use crate::store::tx_error::TxError;

/// Rows deleted by one statement, about.
pub const PIECE: u32 = 20_000;

/// Removes the rows of a crawl whose lease was acquired: each statement runs until it deletes less than
/// a piece. How many rows were deleted.
pub async fn remove_pieces<S: SqlStore>(store: &S, crawl: CrawlId) -> Result<u64, TxError> {
    let values = Values { limit: PIECE, ..Values::of(crawl) };
    let mut rows = store.remove_large(crawl).await?;
    for piece in S::Db::PIECES {
        loop {
            let done = execute(store, *piece, values).await?;
            rows += done;
            if done < u64::from(PIECE) {
                break;
            }
            heartbeat(store, crawl).await?;
        }
    }
    Ok(rows)
}
