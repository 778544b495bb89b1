//! The table `crawls`: taking a crawl, holding it, letting it go, and what there is of each.
//!
//! Whoever takes a crawl reads and writes its row under the write lock, so of two only one gets it.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row, SqlitePool};

use crate::model::ids::CrawlId;
use crate::store::crawl_info::{self, CrawlInfo, HeldBy};
use crate::store::crawl_lease::{CrawlLease, lost};
use crate::store::text::utc_now;
use crate::store::tx_error::TxError;
use crate::store::{CrawlState, LeaseOwner, StoreError};

/// Takes the write lock at once: a transaction that first reads and then writes could fail half-way.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// The holder of a crawl: `(crawl)`. Its silence is measured by SQLite's clock.
const HOLDER: &str = "SELECT holder_host, holder_pid, holder_token, held_since, \
     CAST((julianday('now') - julianday(beat_at)) * 86400000 AS INTEGER), state \
     FROM crawls WHERE id = ?";

/// All crawls.
const ALL: &str = "SELECT holder_host, holder_pid, holder_token, held_since, \
     CAST((julianday('now') - julianday(beat_at)) * 86400000 AS INTEGER), state, \
     id, created_at, updated_at, totals, settings, \
     (SELECT count(*) FROM frontier \
      WHERE frontier.id >> 16 BETWEEN crawls.id << 16 AND (crawls.id << 16) + 65535) \
     FROM crawls ORDER BY id";

fn held(row: &SqliteRow) -> Result<Option<CrawlLease>, sqlx::Error> {
    Ok(CrawlLease::of(
        row.try_get(0)?,
        row.try_get(1)?,
        row.try_get(2)?,
        row.try_get(3)?,
        row.try_get(4)?,
    ))
}

/// Adds a crawl in state `running`.
pub(super) async fn create(
    pool: &SqlitePool,
    owner: &LeaseOwner,
    settings: &str,
) -> Result<CrawlId, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO crawls (state, settings, created_at, updated_at, held_since, beat_at, \
         holder_host, holder_pid, holder_token) VALUES (?1, ?2, ?3, ?3, ?3, ?3, ?4, ?5, ?6)",
    )
    .bind(CrawlState::Running.name())
    .bind(settings)
    .bind(utc_now())
    .bind(&owner.host)
    .bind(owner.pid)
    .bind(owner.token)
    .execute(pool)
    .await?;
    Ok(done.last_insert_rowid())
}

/// Takes a crawl, unless somebody else alive holds it, and puts it into a state. `None`: the newest
/// unfinished one.
pub(super) async fn take(
    pool: &SqlitePool,
    db: &str,
    owner: &LeaseOwner,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    let mut connection = pool.acquire().await?;
    let taken = transact(&mut connection, db, owner, crawl, state).await;
    if matches!(taken, Err(TxError::Driver(_))) {
        // As after a batch: only a new connection is sure to be as it seems.
        let _ = connection.close().await;
    }
    taken
}

async fn transact(
    connection: &mut SqliteConnection,
    db: &str,
    owner: &LeaseOwner,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let crawl = match crawl {
        Some(crawl) => crawl,
        None => sqlx::query_scalar(
            "SELECT id FROM crawls WHERE state IN ('running', 'stopped') ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| TxError::Refused(StoreError::NoUnfinishedCrawl { db: db.to_owned() }))?,
    };
    let row = sqlx::query(HOLDER).bind(crawl).fetch_optional(&mut *transaction).await?;
    let refused = |error| Err(TxError::Refused(error));
    let Some(row) = row else {
        return refused(StoreError::NoSuchCrawl { db: db.to_owned(), crawl });
    };
    if state == CrawlState::Running {
        match row.try_get(5)? {
            "complete" => return refused(StoreError::CrawlComplete { db: db.to_owned(), crawl }),
            "removing" => return refused(StoreError::HalfRemoved { db: db.to_owned(), crawl }),
            _ => {}
        }
    }
    let before = held(&row)?;
    match before {
        Some(held) if owner.is_held_by(&held) => return refused(held.refusal(db, crawl)),
        Some(held) if held.token != owner.token => held.log_takeover(crawl),
        _ => {}
    }
    sqlx::query(
        "UPDATE crawls SET state = ?1, updated_at = ?2, held_since = ?2, beat_at = ?2, \
         holder_host = ?3, holder_pid = ?4, holder_token = ?5 WHERE id = ?6",
    )
    .bind(state.name())
    .bind(utc_now())
    .bind(&owner.host)
    .bind(owner.pid)
    .bind(owner.token)
    .bind(crawl)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(crawl)
}

/// Records a crawl's state; lets it go, unless it runs.
pub(super) async fn set_state(
    pool: &SqlitePool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    state: CrawlState,
) -> Result<(), TxError> {
    let done = sqlx::query(
        "UPDATE crawls SET state = ?1, updated_at = ?2, \
         holder_host = CASE WHEN ?1 = 'running' THEN holder_host END, \
         holder_pid = CASE WHEN ?1 = 'running' THEN holder_pid END, \
         holder_token = CASE WHEN ?1 = 'running' THEN holder_token END, \
         held_since = CASE WHEN ?1 = 'running' THEN held_since END, \
         beat_at = CASE WHEN ?1 = 'running' THEN ?2 END \
         WHERE id = ?3 AND coalesce(holder_token, ?4) = ?4",
    )
    .bind(state.name())
    .bind(utc_now())
    .bind(crawl)
    .bind(owner.token)
    .execute(pool)
    .await?;
    if done.rows_affected() == 0 {
        let mut connection = pool.acquire().await?;
        return Err(TxError::Refused(why_lost(&mut connection, db, crawl).await?));
    }
    Ok(())
}

/// Gives a sign of life.
pub(super) async fn heartbeat(
    pool: &SqlitePool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
) -> Result<(), TxError> {
    let done = sqlx::query("UPDATE crawls SET beat_at = ? WHERE id = ? AND holder_token = ?")
        .bind(utc_now())
        .bind(crawl)
        .bind(owner.token)
        .execute(pool)
        .await?;
    if done.rows_affected() == 0 {
        let mut connection = pool.acquire().await?;
        return Err(TxError::Refused(why_lost(&mut connection, db, crawl).await?));
    }
    Ok(())
}

/// Why no row of `crawls` had the token of a store.
pub(super) async fn why_lost(
    connection: &mut SqliteConnection,
    db: &str,
    crawl: CrawlId,
) -> Result<StoreError, sqlx::Error> {
    let row = sqlx::query(HOLDER).bind(crawl).fetch_optional(connection).await?;
    Ok(lost(db, crawl, row.as_ref().map(held).transpose()?))
}

/// All crawls, oldest first.
pub(super) async fn all(
    pool: &SqlitePool,
    ours: &LeaseOwner,
) -> Result<Vec<CrawlInfo>, sqlx::Error> {
    sqlx::query(ALL)
        .try_map(|row: SqliteRow| {
            let (seeds, seed_count) = crawl_info::seeds(row.try_get(10)?);
            // Whoever asks is alive as well.
            let held = held(&row)?
                .filter(|held| held.token == ours.token || ours.is_held_by(held))
                .map(|held| HeldBy {
                    host: held.host,
                    pid: held.pid,
                    since: crawl_info::rfc3339(&held.since),
                });
            Ok(CrawlInfo {
                id: row.try_get(6)?,
                state: row.try_get(5)?,
                created_at: crawl_info::rfc3339(row.try_get(7)?),
                updated_at: crawl_info::rfc3339(row.try_get(8)?),
                totals: row.try_get(9)?,
                open: row.try_get::<i64, _>(11)? as u64,
                seeds,
                seed_count,
                held_by: held,
            })
        })
        .fetch_all(pool)
        .await
}
