//! The table `crawls`: adding a crawl, taking its lease, renewing and releasing it, and the list.
//!
//! The lease is read and written under a lock on its row (or on the whole database), so of two
//! stores that want it only one gets it.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr, SqlStr};

use super::backend::{BindResult, SqlArguments, SqlRow, arguments};
use super::dialect::{ConnectionOf, Dialect};
use super::open_database::OpenDatabase;
use crate::model::ids::CrawlId;
use crate::store::crawl_info::{self, CrawlInfo, HeldBy};
use crate::store::crawl_lease::{CrawlLease, LeaseOwner, lease_lost};
use crate::store::error::StoreError;
use crate::store::stored_crawl::CrawlState;
use crate::store::tx_error::TxError;

/// The text of a statement, for the driver.
fn text(sql: &Arc<str>) -> SqlStr {
    AssertSqlSafe(Arc::clone(sql)).into_sql_str()
}

fn bind_owner(to: &mut impl SqlArguments, owner: &LeaseOwner) -> BindResult {
    to.word(&owner.host)?;
    to.int(owner.pid)?;
    to.int(owner.token)
}

/// The lease in a row of `crawls`, if the crawl has an owner.
fn lease_of<D: Dialect>(row: &D::Row) -> Result<Option<CrawlLease>, sqlx::Error> {
    Ok(CrawlLease::of(
        row.optional_text(0)?.map(str::to_owned),
        row.optional_int(1)?,
        row.optional_int(2)?,
        D::time(row, 3)?,
        row.optional_int(4)?,
    ))
}

/// Adds a crawl in state `running`, with its lease.
pub async fn create<D: Dialect>(
    db: &OpenDatabase<D>,
    connection: &mut ConnectionOf<D>,
    settings: &str,
) -> Result<CrawlId, TxError> {
    let values = arguments(|to: &mut D::Arguments| {
        to.word(CrawlState::Running.name())?;
        to.word(settings)?;
        bind_owner(to, &db.owner)
    })?;
    let sql = text(&db.crawls.create);
    if db.crawls.create_returns_id {
        let row = D::fetch_optional(connection, sql, values).await?;
        return Ok(row.ok_or(sqlx::Error::RowNotFound)?.int(0)?);
    }
    let done = D::done(&D::execute(connection, sql, values).await?);
    Ok(done.inserted_id.ok_or(sqlx::Error::RowNotFound)?)
}

/// Takes the lease of a crawl, unless another live store has it, and sets its state. `None`: the
/// newest unfinished crawl.
pub async fn acquire<D: Dialect>(
    db: &OpenDatabase<D>,
    connection: &mut ConnectionOf<D>,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    let crawl = match crawl {
        Some(crawl) => crawl,
        None => newest_unfinished(db, &mut transaction).await?,
    };
    let (sql, values) = (text(&db.crawls.lease_locked), crawl_argument::<D>(crawl)?);
    let row = D::fetch_optional(&mut transaction, sql, values).await?;
    let name = db.name.clone();
    let Some(row) = row else {
        return Err(StoreError::NoSuchCrawl { db: name, crawl }.into());
    };
    if state == CrawlState::Running {
        match row.text(5)? {
            "complete" => return Err(StoreError::CrawlComplete { db: name, crawl }.into()),
            "removing" => return Err(StoreError::HalfRemoved { db: name, crawl }.into()),
            _ => {}
        }
    }
    match lease_of::<D>(&row)? {
        Some(lease) if db.owner.is_blocked_by(&lease) => {
            return Err(lease.held_error(&name, crawl).into());
        }
        Some(lease) if lease.token != db.owner.token => lease.log_takeover(crawl),
        _ => {}
    }
    let values = arguments(|to: &mut D::Arguments| {
        to.word(state.name())?;
        bind_owner(to, &db.owner)?;
        to.int(crawl)
    })?;
    D::execute(&mut transaction, text(&db.crawls.acquire), values).await?;
    transaction.commit().await?;
    Ok(crawl)
}

fn crawl_argument<D: Dialect>(crawl: CrawlId) -> Result<D::Arguments, sqlx::Error> {
    arguments(|to: &mut D::Arguments| to.int(crawl))
}

async fn newest_unfinished<D: Dialect>(
    db: &OpenDatabase<D>,
    connection: &mut ConnectionOf<D>,
) -> Result<CrawlId, TxError> {
    let sql = text(&db.crawls.newest_unfinished);
    match D::fetch_optional(connection, sql, D::Arguments::default()).await? {
        Some(row) => Ok(row.int(0)?),
        None => Err(StoreError::NoUnfinishedCrawl { db: db.name.clone() }.into()),
    }
}

/// Sets the state of a crawl; releases its lease, unless it runs.
pub async fn set_state<D: Dialect>(
    db: &OpenDatabase<D>,
    connection: &mut ConnectionOf<D>,
    crawl: CrawlId,
    state: CrawlState,
) -> Result<(), TxError> {
    let running = state == CrawlState::Running;
    let sql = text(if running { &db.crawls.set_state } else { &db.crawls.release });
    let values = arguments(|to: &mut D::Arguments| {
        to.word(state.name())?;
        to.int(crawl)?;
        to.int(db.owner.token)?;
        to.int(db.owner.token)
    })?;
    let done = D::done(&D::execute(connection, sql, values).await?);
    require_lease(db, connection, crawl, done.rows).await
}

/// Renews the lease of a crawl.
pub async fn heartbeat<D: Dialect>(
    db: &OpenDatabase<D>,
    connection: &mut ConnectionOf<D>,
    crawl: CrawlId,
) -> Result<(), TxError> {
    let values = arguments(|to: &mut D::Arguments| {
        to.int(crawl)?;
        to.int(db.owner.token)
    })?;
    let done = D::done(&D::execute(connection, text(&db.crawls.heartbeat), values).await?);
    require_lease(db, connection, crawl, done.rows).await
}

/// Fails unless a statement that names the owner's token found the row of the crawl: `rows` of them.
pub async fn require_lease<D: Dialect>(
    db: &OpenDatabase<D>,
    connection: &mut ConnectionOf<D>,
    crawl: CrawlId,
    rows: u64,
) -> Result<(), TxError> {
    if rows > 0 {
        return Ok(());
    }
    let (sql, values) = (text(&db.crawls.lease), crawl_argument::<D>(crawl)?);
    let row = D::fetch_optional(connection, sql, values).await?;
    let lease = row.as_ref().map(lease_of::<D>).transpose()?;
    Err(lease_lost(&db.name, crawl, lease).into())
}

/// All crawls, oldest first.
pub async fn list<D: Dialect>(db: &OpenDatabase<D>) -> Result<Vec<CrawlInfo>, sqlx::Error> {
    let mut connection = db.readers.acquire().await?;
    let mut rows = D::fetch(&mut connection, text(&db.crawls.list), D::Arguments::default());
    let mut crawls = Vec::new();
    while let Some(row) = rows.try_next().await? {
        crawls.push(info_of::<D>(&row, &db.owner)?);
    }
    Ok(crawls)
}

fn info_of<D: Dialect>(row: &D::Row, ours: &LeaseOwner) -> Result<CrawlInfo, sqlx::Error> {
    let time = |column| {
        let time = D::time(row, column)?.unwrap_or_default();
        Ok::<_, sqlx::Error>(crawl_info::rfc3339(&time))
    };
    let (seeds, seed_count) = crawl_info::seeds(row.text(10)?);
    // This store is alive as well.
    let held_by = lease_of::<D>(row)?
        .filter(|lease| lease.token == ours.token || ours.is_blocked_by(lease))
        .map(|lease| {
            let since = crawl_info::rfc3339(&lease.since);
            HeldBy { host: lease.host, pid: lease.pid, since }
        });
    Ok(CrawlInfo {
        id: row.int(6)?,
        state: row.text(5)?.to_owned(),
        created_at: time(7)?,
        updated_at: time(8)?,
        totals: row.optional_text(9)?.map(str::to_owned),
        open: row.int(11)? as u64,
        seeds,
        seed_count,
        held_by,
    })
}
