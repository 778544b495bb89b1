//! Removing the rows of a crawl in pieces, so that others can write in between and no transaction
//! grows long.

use super::sql_store::{SqlStore, execute, heartbeat};
use super::statement::{Statement, Values};
use crate::store::ids::CrawlId;
use crate::store::tx_error::TxError;

/// Rows deleted by one statement, about.
pub const PIECE: u32 = 20_000;

/// Runs each statement until it deletes less than a piece, which is what it takes for its limit; how
/// many rows were deleted.
pub async fn remove_pieces<S: SqlStore>(
    store: &S,
    crawl: CrawlId,
    pieces: &[Statement],
) -> Result<u64, TxError> {
    let values = Values { limit: PIECE, ..Values::of(crawl) };
    let mut rows = 0;
    for piece in pieces {
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
