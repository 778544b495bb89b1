//! Opening a database: one that crawldeck did not make is refused before anything is written.
//!
//! It must not know what the tables hold. The settings are public so that a test can run queries
//! with them.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, Executor, PgPool};

use super::connect::{CONNECT_TIMEOUT, connect};
use super::error::from_postgres;
use crate::store::error::{StoreError, one_line};
use crate::store::migrations::{self, is_known, migration_error, newest};
use crate::store::name::OpenMode;
use crate::store::sql::SchemaState;

/// The oldest server, as `server_version_num`.
const OLDEST: i32 = 150_000;

/// What the writer needs:
/// - A commit outlives the server, even where that is not the default.
/// - A row of `crawls` may be locked by a transaction whose connection is gone; until the server notices
///   that, waiting for it is an error and no silence.
/// - Tables grow from nothing faster than the server counts their rows: an index it is.
pub const FOR_WRITING: &str = "\
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '60s';
    SET work_mem = '32MB';
    SET enable_seqscan = off;
    SET jit = off";

/// What the readers need: an index answers every query, in its order, even while the statistics of the
/// server still say that the tables are empty.
pub const FOR_READING: &str = "\
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET lock_timeout = '5s';
    SET jit = off";

/// Opens writer and readers, with the schema brought up to date.
pub(super) async fn open(
    shown: &str,
    options: &PgConnectOptions,
    mode: OpenMode,
) -> Result<(PgPool, PgPool), StoreError> {
    let mut connection = connect(shown, options).await?;
    let prepared = prepare(shown, &mut connection, mode).await;
    // An error on closing says nothing about the schema.
    let _ = connection.close().await;
    prepared?;
    Ok((pool(options, 1, FOR_WRITING), pool(options, 3, FOR_READING)))
}

/// Connections that are made when they are needed, and made again when they are lost.
fn pool(options: &PgConnectOptions, most: u32, settings: &'static str) -> PgPool {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(CONNECT_TIMEOUT)
        // Kept for good: a new one would have to plan everything anew.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(settings)).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options.clone())
}

/// Checks the database, brings its schema up to date, and checks it again: another process may have
/// changed it meanwhile.
async fn prepare(shown: &str, db: &mut PgConnection, mode: OpenMode) -> Result<(), StoreError> {
    if !check(shown, db).await?.needs_migration(shown, mode)? {
        return Ok(());
    }
    // Under a lock that excludes other processes that would do the same.
    migrations::POSTGRES
        .run(&mut *db)
        .await
        .map_err(|error| migration_error(shown, error, from_postgres))?;
    check(shown, db).await.map(drop)
}

/// Refuses servers that are too old, other encodings, other programs' tables and tables from the
/// future.
async fn check(shown: &str, connection: &mut PgConnection) -> Result<SchemaState, StoreError> {
    let failed = |error| from_postgres(shown, error);
    // In one snapshot: another process may make the tables between two queries.
    let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut snapshot = connection.begin_with(begin).await.map_err(failed)?;
    let found = check_snapshot(shown, &mut snapshot).await?;
    snapshot.rollback().await.map_err(failed)?;
    Ok(found)
}

async fn check_snapshot(
    shown: &str,
    connection: &mut PgConnection,
) -> Result<SchemaState, StoreError> {
    let failed = |error| from_postgres(shown, error);
    let db = || shown.to_owned();
    let (version, found, encoding): (i32, String, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
         current_setting('server_encoding')",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if version < OLDEST {
        let found = format!("PostgreSQL {}", one_line(&found));
        return Err(StoreError::TooOld { db: db(), found, needed: "PostgreSQL 15" });
    }
    if encoding != "UTF8" {
        let why = format!("its encoding is {}, which cannot hold every URL", one_line(&encoding));
        return Err(StoreError::Schema { db: db(), why });
    }

    // Tables of extensions belong to no program.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace \
         AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT FROM pg_depend \
         WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let has = |table: &str| tables.iter().any(|name| name == table);
    if tables.is_empty() {
        return Ok(SchemaState::Nothing);
    }
    if !has("_sqlx_migrations") {
        return Err(StoreError::Foreign { db: db() });
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let ours = newest(&migrations::POSTGRES);
    let same =
        |(version, checksum): &(i64, Vec<u8>)| is_known(&migrations::POSTGRES, *version, checksum);
    match applied.iter().map(|(version, _)| *version).max() {
        // Killed after the first statement of its life.
        None if tables.len() == 1 => Ok(SchemaState::Nothing),
        _ if !has("crawls") || !has("scraped_pages") => Err(StoreError::Foreign { db: db() }),
        Some(theirs) if theirs > ours => Err(StoreError::Newer { db: db(), theirs, ours }),
        _ if !applied.iter().all(same) => Err(StoreError::Unreleased { db: db() }),
        Some(theirs) if theirs == ours => Ok(SchemaState::UpToDate),
        _ => Ok(SchemaState::Older),
    }
}
