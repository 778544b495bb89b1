//! Opening a database: what is not ours is refused before anything is written.
//!
//! It must not know what the tables hold. The settings are public so that a test can ask questions under
//! them.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool};
use tokio::time::timeout;
use url::Url;

use super::error::understood;
use crate::store::error::one_line;
use crate::store::migrations::POSTGRES as MIGRATIONS;
use crate::store::{OpenMode, StoreError};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The oldest server, as `server_version_num`.
const OLDEST: i32 = 150_000;

/// Options of a URL that the driver understands, and therefore takes without logging them.
const OPTIONS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// What the writer needs:
/// - A commit outlives the server, even where that is not the default: what was said to be saved is.
/// - A row of `crawls` may be locked by a transaction whose connection is gone; the server finds out
///   about that, and meanwhile waiting for it is an error in words and no silence.
/// - Tables grow from nothing faster than the server counts their rows: an index it is.
pub const FOR_WRITING: &str = "\
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '60s';
    SET work_mem = '32MB';
    SET enable_seqscan = off;
    SET jit = off";

/// What our own questions need: they are answered by an index, in its order, whatever the server
/// believes of tables that it has not looked at since they were empty.
pub const FOR_READING: &str = "\
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET lock_timeout = '5s';
    SET jit = off";

/// How to reach the database, from its URL.
pub(super) fn options(shown: &str, url: &Url) -> Result<PgConnectOptions, StoreError> {
    let usage = |why: String| StoreError::Usage { db: shown.to_owned(), why };
    for (name, _) in url.query_pairs() {
        let known = OPTIONS.contains(&&*name)
            || name == "options"
            || (name.starts_with("options[") && name.ends_with(']'));
        if !known {
            return Err(usage(format!("unknown option `{}`", one_line(&name))));
        }
    }
    let options = PgConnectOptions::from_url(url).map_err(|error| {
        let why = error.to_string();
        usage(one_line(why.trim_start_matches("error with configuration: ")))
    })?;
    let options = if options.get_application_name().is_none() {
        options.application_name("crawldeck")
    } else {
        options
    };
    // Slow transactions are logged as a whole, by us.
    Ok(options.disable_statement_logging())
}

/// A connection of its own, with the reason when there is none.
pub(super) async fn connect(
    shown: &str,
    options: &PgConnectOptions,
) -> Result<PgConnection, StoreError> {
    match timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected.map_err(|error| understood(shown, error)),
        Err(_) => Err(StoreError::Unreachable {
            db: shown.to_owned(),
            why: format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}

/// Opens writer and readers, with the schema brought up to date.
pub(super) async fn open(
    shown: &str,
    options: &PgConnectOptions,
    mode: OpenMode,
) -> Result<(PgPool, PgPool), StoreError> {
    let mut connection = connect(shown, options).await?;
    let taken = take(shown, &mut connection, mode).await;
    // An error on closing says nothing about the schema.
    let _ = connection.close().await;
    taken?;
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

/// Checks the database, brings its schema up to date, and checks it again: somebody else may have
/// been at it meanwhile.
async fn take(shown: &str, db: &mut PgConnection, mode: OpenMode) -> Result<(), StoreError> {
    match check(shown, db).await? {
        Found::UpToDate => return Ok(()),
        Found::Nothing if mode == OpenMode::MustExist => {
            return Err(StoreError::Empty { db: shown.to_owned() });
        }
        Found::Nothing | Found::Older => {}
    }
    // Under a lock that holds off everybody else who would do the same.
    MIGRATIONS.run(&mut *db).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            understood(shown, error)
        }
        other => StoreError::Schema { db: shown.to_owned(), why: one_line(&other.to_string()) },
    })?;
    check(shown, db).await.map(drop)
}

/// What is in the schema that the connection sees first.
enum Found {
    /// Nothing, or nothing of anybody yet.
    Nothing,
    /// Ours, of an earlier version.
    Older,
    /// Ours.
    UpToDate,
}

/// Refuses servers that are too old, other encodings, other programs' tables and tables from the
/// future.
async fn check(shown: &str, connection: &mut PgConnection) -> Result<Found, StoreError> {
    let failed = |error| understood(shown, error);
    // In one snapshot: somebody else may be making the tables between two questions.
    let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut snapshot = connection.begin_with(begin).await.map_err(failed)?;
    let found = look(shown, &mut snapshot).await?;
    snapshot.rollback().await.map_err(failed)?;
    Ok(found)
}

async fn look(shown: &str, connection: &mut PgConnection) -> Result<Found, StoreError> {
    let failed = |error| understood(shown, error);
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

    // What extensions bring along is nobody's.
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
        return Ok(Found::Nothing);
    }
    if !has("_sqlx_migrations") {
        return Err(StoreError::Foreign { db: db() });
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let ours = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let same = |(version, checksum): &(i64, Vec<u8>)| {
        let known = MIGRATIONS.iter().find(|migration| migration.version == *version);
        known.is_some_and(|migration| *migration.checksum == **checksum)
    };
    match applied.iter().map(|(version, _)| *version).max() {
        // Killed after the first statement of its life.
        None if tables.len() == 1 => Ok(Found::Nothing),
        _ if !has("crawls") || !has("scraped_pages") => Err(StoreError::Foreign { db: db() }),
        Some(theirs) if theirs > ours => Err(StoreError::Newer { db: db(), theirs, ours }),
        _ if !applied.iter().all(same) => Err(StoreError::Unreleased { db: db() }),
        Some(theirs) if theirs == ours => Ok(Found::UpToDate),
        _ => Ok(Found::Older),
    }
}
