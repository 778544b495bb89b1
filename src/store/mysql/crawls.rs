//! The table `crawls`: taking a crawl, holding it, letting it go, and what there is of each.
//!
//! Whoever takes a crawl locks its row before it reads it, so of two only one gets it. All times are by
//! the server's clock, which all holders share.

use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{MySqlPool, Row};

use super::value::time;
use super::writer::{Writer, in_time};
use crate::model::ids::CrawlId;
use crate::store::crawl_info::{self, CrawlInfo, HeldBy};
use crate::store::crawl_lease::{CrawlLease, lost};
use crate::store::tx_error::TxError;
use crate::store::{CrawlState, LeaseOwner, StoreError};

/// The holder of a crawl: `(crawl)`.
const HOLDER: &str = "SELECT holder_host, holder_pid, holder_token, held_since, \
     timestampdiff(MICROSECOND, beat_at, utc_timestamp(3)) DIV 1000, state \
     FROM crawls WHERE id = ?";

/// All crawls.
const ALL: &str = "SELECT holder_host, holder_pid, holder_token, held_since, \
     timestampdiff(MICROSECOND, beat_at, utc_timestamp(3)) DIV 1000, state, \
     id, created_at, updated_at, totals, settings, \
     (SELECT count(*) FROM frontier WHERE frontier.crawl_id = crawls.id) \
     FROM crawls ORDER BY id";

fn held(row: &MySqlRow) -> Result<Option<CrawlLease>, sqlx::Error> {
    Ok(CrawlLease::of(
        row.try_get(0)?,
        row.try_get(1)?,
        row.try_get(2)?,
        time(row, 3)?,
        row.try_get(4)?,
    ))
}

/// Adds a crawl in state `running`.
pub(super) async fn create(
    writer: &Writer,
    db: &str,
    owner: &LeaseOwner,
    settings: &str,
) -> Result<CrawlId, TxError> {
    let mut lease = writer.lease().await?;
    let insert = sqlx::query(
        "INSERT INTO crawls (state, settings, created_at, updated_at, held_since, beat_at, \
         holder_host, holder_pid, holder_token) VALUES ('running', ?, utc_timestamp(3), \
         utc_timestamp(3), utc_timestamp(3), utc_timestamp(3), ?, ?, ?)",
    )
    .bind(settings)
    .bind(&owner.host)
    .bind(i64::from(owner.pid))
    .bind(owner.token);
    let inserting = async { Ok(insert.execute(&mut lease.live.connection).await?) };
    let done = in_time(db, inserting).await?;
    lease.keep();
    Ok(done.last_insert_id() as CrawlId)
}

/// Takes a crawl, unless somebody else alive holds it, and puts it into a state. `None`: the newest
/// unfinished one.
pub(super) async fn take(
    writer: &Writer,
    db: &str,
    owner: &LeaseOwner,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    let mut lease = writer.lease().await?;
    let taken = in_time(db, transact(&mut lease.live.connection, db, owner, crawl, state)).await?;
    lease.keep();
    Ok(taken)
}

async fn transact(
    connection: &mut MySqlConnection,
    db: &str,
    owner: &LeaseOwner,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    sqlx::raw_sql("START TRANSACTION").execute(&mut *connection).await?;
    let crawl = match crawl {
        Some(crawl) => crawl,
        None => sqlx::query_scalar(
            "SELECT id FROM crawls WHERE state IN ('running', 'stopped') \
             ORDER BY id DESC LIMIT 1 FOR UPDATE",
        )
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| TxError::Refused(StoreError::NoUnfinishedCrawl { db: db.to_owned() }))?,
    };
    let holder_now = sqlx::AssertSqlSafe(format!("{HOLDER} FOR UPDATE"));
    let row = sqlx::query(holder_now).bind(crawl).fetch_optional(&mut *connection).await?;
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
    match &before {
        Some(held) if owner.is_held_by(held) => return refused(held.clone().refusal(db, crawl)),
        Some(held) if held.token != owner.token => held.log_takeover(crawl),
        _ => {}
    }
    sqlx::query(
        "UPDATE crawls SET state = ?, updated_at = utc_timestamp(3), \
         held_since = utc_timestamp(3), beat_at = utc_timestamp(3), \
         holder_host = ?, holder_pid = ?, holder_token = ? WHERE id = ?",
    )
    .bind(state.name())
    .bind(&owner.host)
    .bind(i64::from(owner.pid))
    .bind(owner.token)
    .bind(crawl)
    .execute(&mut *connection)
    .await?;
    sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
    Ok(crawl)
}

/// Records a crawl's state; lets it go, unless it runs.
pub(super) async fn set_state(
    writer: &Writer,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    state: CrawlState,
) -> Result<(), TxError> {
    let update = if state == CrawlState::Running {
        "UPDATE crawls SET state = ?, updated_at = utc_timestamp(3), beat_at = utc_timestamp(3) \
         WHERE id = ? AND coalesce(holder_token, ?) = ?"
    } else {
        "UPDATE crawls SET state = ?, updated_at = utc_timestamp(3), beat_at = NULL, \
         held_since = NULL, holder_host = NULL, holder_pid = NULL, holder_token = NULL \
         WHERE id = ? AND coalesce(holder_token, ?) = ?"
    };
    let update =
        sqlx::query(update).bind(state.name()).bind(crawl).bind(owner.token).bind(owner.token);
    held_update(writer, db, crawl, update).await
}

/// Gives a sign of life.
pub(super) async fn heartbeat(
    writer: &Writer,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
) -> Result<(), TxError> {
    let update = sqlx::query(
        "UPDATE crawls SET beat_at = utc_timestamp(3) WHERE id = ? AND holder_token = ?",
    )
    .bind(crawl)
    .bind(owner.token);
    held_update(writer, db, crawl, update).await
}

/// Updates the row of a crawl, which must find one: rows found are counted, changed or not.
async fn held_update(
    writer: &Writer,
    db: &str,
    crawl: CrawlId,
    update: sqlx::query::Query<'_, sqlx::MySql, sqlx::mysql::MySqlArguments>,
) -> Result<(), TxError> {
    let mut lease = writer.lease().await?;
    let connection = &mut lease.live.connection;
    let updating = async {
        if update.execute(&mut *connection).await?.rows_affected() == 0 {
            return Err(TxError::Refused(why_lost(connection, db, crawl).await?));
        }
        Ok(())
    };
    in_time(db, updating).await?;
    lease.keep();
    Ok(())
}

/// Why no row of `crawls` had the token of a store.
pub(super) async fn why_lost(
    connection: &mut MySqlConnection,
    db: &str,
    crawl: CrawlId,
) -> Result<StoreError, sqlx::Error> {
    let row = sqlx::query(HOLDER).bind(crawl).fetch_optional(connection).await?;
    Ok(lost(db, crawl, row.as_ref().map(held).transpose()?))
}

/// All crawls, oldest first.
pub(super) async fn all(
    pool: &MySqlPool,
    ours: &LeaseOwner,
) -> Result<Vec<CrawlInfo>, sqlx::Error> {
    sqlx::query(ALL)
        .try_map(|row: MySqlRow| {
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
                created_at: crawl_info::rfc3339(&time(&row, 7)?.unwrap_or_default()),
                updated_at: crawl_info::rfc3339(&time(&row, 8)?.unwrap_or_default()),
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
