//! Removing a crawl: piece by piece, so that others can write in between and no transaction grows long.

use super::crawls;
use super::read::ids;
use super::writer::{Writer, in_time};
use crate::model::ids::CrawlId;
use crate::store::tx_error::TxError;
use crate::store::{CrawlState, LeaseOwner};

/// Rows deleted in one transaction.
const PIECE: u32 = 20_000;

/// The statements that delete the next piece of a table: `(first, last, rows)`, ids of pages where
/// `true`, else the crawl twice. In order of the key, so that a replica deletes the same. Links and pages
/// first: what would be missed most when it is half gone is gone last.
const PIECES: [(&str, bool); 7] = [
    (
        "DELETE FROM links WHERE crawl_id BETWEEN ? AND ? ORDER BY crawl_id, from_id, to_id LIMIT ?",
        false,
    ),
    ("DELETE FROM scraped_pages WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", true),
    ("DELETE FROM frontier WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", true),
    (
        "DELETE FROM sitemaps WHERE crawl_id BETWEEN ? AND ? ORDER BY crawl_id, url_hash LIMIT ?",
        false,
    ),
    (
        "DELETE FROM hosts WHERE crawl_id BETWEEN ? AND ? ORDER BY crawl_id, host_hash LIMIT ?",
        false,
    ),
    ("DELETE FROM changes WHERE crawl_id BETWEEN ? AND ? ORDER BY crawl_id, seq LIMIT ?", false),
    ("DELETE FROM crawls WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", false),
];

/// See [`crate::store::Store::remove`].
pub(super) async fn remove(
    writer: &Writer,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
) -> Result<u64, TxError> {
    crawls::take(writer, db, owner, Some(crawl), CrawlState::Removing).await?;
    let (first, last) = ids(crawl);
    let mut rows = 0;
    for (piece, by_id) in PIECES {
        let (first, last) = if by_id { (first, last) } else { (crawl, crawl) };
        loop {
            let mut lease = writer.lease().await?;
            let deleting = async {
                let done = sqlx::query(piece)
                    .bind(first)
                    .bind(last)
                    .bind(PIECE)
                    .execute(&mut lease.live.connection)
                    .await?;
                Ok(done.rows_affected())
            };
            let done = in_time(db, deleting).await?;
            lease.keep();
            rows += done;
            if done < u64::from(PIECE) {
                break;
            }
            crawls::heartbeat(writer, db, owner, crawl).await?;
        }
    }
    Ok(rows)
}
