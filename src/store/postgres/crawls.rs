//! The table `crawls`: taking a crawl, holding it, letting it go, and what there is of each.
//!
//! Whoever takes a crawl locks its row before reading it, so of two only one gets it. All times are
//! the server's.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, PgPool, Row};

use crate::model::ids::CrawlId;
use crate::store::crawl_info::{self, CrawlInfo, HeldBy};
use crate::store::crawl_lease::{CrawlLease, lost};
use crate::store::tx_error::TxError;
use crate::store::{CrawlState, LeaseOwner, StoreError};

/// LeaseOwner and state of a crawl; its silence is measured by the server's clock.
macro_rules! holder {
    () => {
        "SELECT holder_host, holder_pid, holder_token, \
         to_char(held_since, 'YYYY-MM-DD HH24:MI:SS.MS'), \
         (extract(epoch FROM clock_timestamp() - beat_at) * 1000)::bigint, state"
    };
}

/// The holder of a crawl: `(crawl)`.
const HOLDER: &str = concat!(holder!(), " FROM crawls WHERE id = $1");

/// Likewise, and nobody else may take it meanwhile.
const HOLDER_LOCKED: &str = concat!(holder!(), " FROM crawls WHERE id = $1 FOR UPDATE");

/// All crawls.
const ALL: &str = concat!(
    holder!(),
    ", id, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.MS'), \
     to_char(updated_at, 'YYYY-MM-DD HH24:MI:SS.MS'), totals, settings, \
     (SELECT count(*) FROM frontier \
      WHERE frontier.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295) \
     FROM crawls ORDER BY id"
);

fn held(row: &PgRow) -> Result<Option<CrawlLease>, sqlx::Error> {
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
    pool: &PgPool,
    owner: &LeaseOwner,
    settings: &str,
) -> Result<CrawlId, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO crawls (state, settings, created_at, updated_at, held_since, beat_at, \
         holder_host, holder_pid, holder_token) \
         VALUES ($1, $2, now(), now(), now(), now(), $3, $4, $5) RETURNING id",
    )
    .bind(CrawlState::Running.name())
    .bind(settings)
    .bind(&owner.host)
    .bind(i64::from(owner.pid))
    .bind(owner.token)
    .fetch_one(pool)
    .await
}

/// Takes a crawl, unless somebody else alive holds it, and puts it into a state. `None`: the newest
/// unfinished one.
pub(super) async fn take(
    pool: &PgPool,
    db: &str,
    owner: &LeaseOwner,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let crawl = match crawl {
        Some(crawl) => crawl,
        None => sqlx::query_scalar(
            "SELECT id FROM crawls WHERE state IN ('running', 'stopped') ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| TxError::Refused(StoreError::NoUnfinishedCrawl { db: db.to_owned() }))?,
    };
    let row = sqlx::query(HOLDER_LOCKED).bind(crawl).fetch_optional(&mut *transaction).await?;
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
    match held(&row)? {
        Some(held) if owner.is_held_by(&held) => return refused(held.refusal(db, crawl)),
        Some(held) if held.token != owner.token => held.log_takeover(crawl),
        _ => {}
    }
    sqlx::query(
        "UPDATE crawls SET state = $1, updated_at = now(), held_since = now(), beat_at = now(), \
         holder_host = $2, holder_pid = $3, holder_token = $4 WHERE id = $5",
    )
    .bind(state.name())
    .bind(&owner.host)
    .bind(i64::from(owner.pid))
    .bind(owner.token)
    .bind(crawl)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(crawl)
}

/// Records a crawl's state; lets it go, unless it runs.
pub(super) async fn set_state(
    pool: &PgPool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    state: CrawlState,
) -> Result<(), TxError> {
    let holding = if state == CrawlState::Running {
        "beat_at = now()"
    } else {
        "holder_host = NULL, holder_pid = NULL, holder_token = NULL, held_since = NULL, \
         beat_at = NULL"
    };
    let sql = format!(
        "UPDATE crawls SET state = $1, updated_at = now(), {holding} \
         WHERE id = $2 AND coalesce(holder_token, $3) = $3"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(state.name())
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
    pool: &PgPool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
) -> Result<(), TxError> {
    let done = sqlx::query("UPDATE crawls SET beat_at = now() WHERE id = $1 AND holder_token = $2")
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
    connection: &mut PgConnection,
    db: &str,
    crawl: CrawlId,
) -> Result<StoreError, sqlx::Error> {
    let row = sqlx::query(HOLDER).bind(crawl).fetch_optional(connection).await?;
    Ok(lost(db, crawl, row.as_ref().map(held).transpose()?))
}

/// All crawls, oldest first.
pub(super) async fn all(pool: &PgPool, ours: &LeaseOwner) -> Result<Vec<CrawlInfo>, sqlx::Error> {
    sqlx::query(ALL)
        .try_map(|row: PgRow| {
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
