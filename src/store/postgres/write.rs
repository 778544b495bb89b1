//! Writing: one transaction per batch, one statement per table. See `bulk`.
//!
//! A batch is first written as if all of it were new, which is cheaper. When some of it is not, nothing
//! of it stays, and it is written once more with rows that replace what is there. So a batch whose answer
//! was lost is written again, and is then there once: every row replaces itself, and sums are corrected
//! by what is replaced. The first statement locks the row of the crawl, so that a transaction which lost
//! its connection on the way is over, one way or the other, before its repetition looks at anything.

use std::hash::Hash;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgBindIterExt, PgConnection};
use sqlx::{Connection, PgPool, Postgres};
use tokio::time::timeout;

use super::bulk::{self, Known};
use super::{crawls, hosts, open};
use crate::model::ids::{CrawlId, PageId, crawl_of};
use crate::store::text::patched;
use crate::store::tx_error::TxError;
use crate::store::{Batch, FrontierRow, LeaseOwner, LinkRow, PageRow, StoreError, UrlHash};

/// A transaction that takes longer has lost its server; nothing else would tell, if the network
/// swallowed it.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// How long to wait for a connection before asking what is in the way.
const SOON: Duration = Duration::from_millis(500);

/// URLs that are to be tried again: `(ids, attempts, times)`.
pub const POSTPONE: &str = "UPDATE frontier SET attempts = new.attempts, \
     not_before = new.not_before \
     FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS new (id, attempts, not_before) \
     WHERE frontier.id = new.id";

/// URLs that are done: `(ids)`.
pub const DONE: &str = "DELETE FROM frontier WHERE id = ANY($1)";

/// Pages that are open again: `(ids)`.
pub const RESTORE: &str = "DELETE FROM scraped_pages WHERE id = ANY($1)";

/// Writes a batch, all or nothing; nothing, if the crawl is not held by `owner`.
pub(super) async fn commit(
    pool: &PgPool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut connection = acquire(pool, db).await?;
    let writing = async {
        let new = transact(&mut connection, db, owner, crawl, batch, Known::Nothing).await;
        match new {
            // Some of it is there: a page is saved again, or the whole batch, its answer having been lost.
            Err(TxError::Driver(error)) if is_there(&error) => {
                transact(&mut connection, db, owner, crawl, batch, Known::Some).await
            }
            written => written,
        }
    };
    let written = timeout(ANSWER_TIMEOUT, writing).await.unwrap_or_else(|_| {
        let why = format!("no answer within {} s", ANSWER_TIMEOUT.as_secs());
        Err(TxError::Refused(StoreError::Unreachable { db: db.to_owned(), why }))
    });
    if written.is_err() {
        // Wherever it got stuck: only a new connection is sure to be as it seems.
        drop(connection.detach());
    }
    written
}

/// Whether a row that was inserted is there already.
fn is_there(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_unique_violation)
}

/// A connection. While there is none to be had, the pool asks for it again and again in silence: what
/// is in the way is to be said sooner.
async fn acquire(pool: &PgPool, db: &str) -> Result<PoolConnection<Postgres>, TxError> {
    if let Ok(acquired) = timeout(SOON, pool.acquire()).await {
        return Ok(acquired?);
    }
    open::connect(db, &pool.connect_options()).await.map_err(TxError::Refused)?;
    Ok(pool.acquire().await?)
}

async fn transact(
    connection: &mut PgConnection,
    name: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    batch: &Batch,
    known: Known,
) -> Result<(), TxError> {
    let mut transaction = connection.begin().await?;
    let db = &mut *transaction;

    let held: Option<Option<String>> = sqlx::query_scalar(
        "UPDATE crawls SET totals = coalesce($1, totals), updated_at = now(), beat_at = now() \
         WHERE id = $2 AND holder_token = $3 RETURNING CASE WHEN $4 THEN settings END",
    )
    .bind(batch.totals.as_deref())
    .bind(crawl)
    .bind(owner.token)
    .bind(batch.settings.is_some())
    .fetch_optional(&mut *db)
    .await?;
    let Some(settings) = held else {
        return Err(TxError::Refused(crawls::why_lost(db, name, crawl).await?));
    };
    // What is no JSON object stays as it is.
    let patch = batch.settings.as_deref();
    if let Some(settings) = settings.zip(patch).and_then(|(old, patch)| patched(&old, patch)) {
        sqlx::query("UPDATE crawls SET settings = $1 WHERE id = $2")
            .bind(settings)
            .bind(crawl)
            .execute(&mut *db)
            .await?;
    }

    let finished: HashSet<PageId> = batch.pages.iter().map(|page| page.id).collect();
    restore(db, crawl, &batch.restored).await?;
    frontier(db, crawl, batch, &finished, known).await?;
    if !batch.pages.is_empty() {
        hosts::add(db, crawl, &batch.pages).await?;
        bulk::pages(db, crawl, &last_pages(&batch.pages), known).await?;
    }
    if !batch.links.is_empty() {
        // In order of the key, neighbours land on the same leaf.
        let mut links: Vec<&LinkRow> = batch.links.iter().collect();
        // Stable: the first of two between the same pages counts.
        links.sort_by_key(|link| (link.from, link.to));
        links.dedup_by_key(|link| (link.from, link.to));
        bulk::links(db, crawl, &links, known).await?;
    }
    if !batch.hosts.is_empty() {
        hosts::note(db, crawl, &batch.hosts).await?;
    }
    if !batch.sitemaps.is_empty() {
        bulk::sitemaps(db, crawl, &last_of(&batch.sitemaps, |row| row.url_hash)).await?;
    }
    if !batch.changes.is_empty() {
        bulk::changes(db, crawl, &last_of(&batch.changes, |row| row.seq)).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The last row of each key, in order of the keys' first rows.
fn last_of<'a, T, K: Hash + Eq>(
    rows: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&T) -> K,
) -> Vec<&'a T> {
    let mut places = HashMap::new();
    let mut last: Vec<&T> = Vec::new();
    for row in rows {
        let place = *places.entry(key(row)).or_insert(last.len());
        match last.get_mut(place) {
            Some(before) => *before = row,
            None => last.push(row),
        }
    }
    last
}

/// The last row of each URL, with the id of its first: what is there keeps its number.
fn last_pages(pages: &[PageRow]) -> Vec<(PageId, &PageRow)> {
    let mut ids: HashMap<UrlHash, PageId> = HashMap::with_capacity(pages.len());
    for page in pages {
        ids.entry(page.url_hash).or_insert(page.id);
    }
    let last = last_of(pages, |page| page.url_hash);
    last.into_iter().map(|page| (ids[&page.url_hash], page)).collect()
}

/// Deletes the page rows of what is open again, after taking them out of the sums of their hosts.
async fn restore(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[FrontierRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids = rows.iter().map(|row| row.id).filter(|id| crawl_of(*id) == crawl);
    let ids: Vec<PageId> = ids.collect();
    hosts::take_out(db, crawl, &ids).await?;
    sqlx::query(RESTORE).bind(ids).execute(db).await.map(drop)
}

/// Adds what was found or is open again, notes what was postponed, and deletes what is done.
async fn frontier(
    db: &mut PgConnection,
    crawl: CrawlId,
    batch: &Batch,
    finished: &HashSet<PageId>,
    known: Known,
) -> Result<(), sqlx::Error> {
    let open = batch.restored.iter().chain(&batch.discovered);
    let open = last_of(open.filter(|row| !finished.contains(&row.id)), |row| row.id);
    if !open.is_empty() {
        bulk::frontier(db, crawl, &open, known).await?;
    }
    if !batch.postponed.is_empty() {
        let rows = last_of(&batch.postponed, |row| row.0);
        sqlx::query(POSTPONE)
            .bind(rows.iter().map(|row| row.0).bind_iter())
            .bind(rows.iter().map(|row| bulk::int(row.1)).bind_iter())
            .bind(rows.iter().map(|row| row.2).bind_iter())
            .execute(&mut *db)
            .await?;
    }
    if !finished.is_empty() {
        sqlx::query(DONE)
            .bind(batch.pages.iter().map(|page| page.id).bind_iter())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
