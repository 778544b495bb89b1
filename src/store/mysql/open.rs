//! Opening a database: one that crawldeck did not make is refused before anything is written.
//!
//! It must not know what the tables hold.

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions, MySqlRow};
use sqlx::{AssertSqlSafe, Connection, MySqlPool, Row};
use url::Url;

use super::connect::{CONNECT_TIMEOUT, begin_session, connect, connect_options};
use super::error::{from_mysql, number};
use super::writer::Writer;
use crate::store::error::{StoreError, one_line};
use crate::store::migrations::{self, is_known, newest};
use crate::store::name::OpenMode;
use crate::store::sql::SchemaState;

/// How long to wait, in seconds, for another process that brings the schema up to date.
const MIGRATION_WAIT_S: u32 = 60;

/// Opens the writer, after which the readers can connect, with the schema brought up to date.
pub(super) async fn open(
    shown: &str,
    url: &Url,
    mode: OpenMode,
) -> Result<(Writer, MySqlPool, MySqlConnectOptions), StoreError> {
    let failed = |error| from_mysql(shown, error);
    let options = connect_options(shown, url)?;
    let mut connection = match connect(&options).await {
        Err(error) if number(&error) == Some(1049) && mode == OpenMode::CreateIfMissing => {
            create_database(shown, url, &options).await?;
            connect(&options).await
        }
        connected => connected,
    }
    .map_err(failed)?;
    prepare(shown, &mut connection, mode).await?;
    let _ = connection.close().await;

    let readers = MySqlPoolOptions::new()
        .max_connections(3)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| Box::pin(begin_session(connection)))
        .connect_lazy_with(options.clone());
    Ok((Writer::new(options.clone()), readers, options))
}

/// Makes the database, as a SQLite file would be made.
async fn create_database(
    shown: &str,
    url: &Url,
    options_of_it: &MySqlConnectOptions,
) -> Result<(), StoreError> {
    let failed = |error| from_mysql(shown, error);
    let name = options_of_it.get_database().unwrap_or_default().replace('`', "``");
    let mut server = url.clone();
    server.set_path("");
    let mut connection = connect(&connect_options(shown, &server)?).await.map_err(failed)?;
    let create = format!("CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.map_err(failed)?;
    let _ = connection.close().await;
    Ok(())
}

/// The two servers, as far as they differ here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServerKind {
    MariaDb,
    MySql,
}

impl ServerKind {
    /// What a version says: `10.11.6-MariaDB-log`, `8.0.36-28`.
    fn of_version(db: &str, version: &str) -> Result<Self, StoreError> {
        let server = if version.contains("MariaDB") { Self::MariaDb } else { Self::MySql };
        let mut numbers = version
            .split(|c: char| !c.is_ascii_digit())
            .map_while(|part| part.parse::<u32>().ok())
            .chain(std::iter::repeat(0));
        let mut number = || numbers.next().unwrap_or(0);
        let found = (number(), number(), number());
        // `JSON_TABLE`; invisible columns, and a collation that minds trailing blanks.
        let (oldest, name, needed) = match server {
            Self::MariaDb => ((10, 6, 0), "MariaDB", "MariaDB 10.6"),
            Self::MySql => ((8, 0, 23), "MySQL", "MySQL 8.0.23"),
        };
        if found < oldest {
            let version = one_line(version);
            let found = format!("{name} {version}");
            return Err(StoreError::TooOld { db: db.to_owned(), found, needed });
        }
        Ok(server)
    }

    /// The collation that takes texts for equal when their bytes are.
    const fn collation(self) -> &'static str {
        match self {
            Self::MariaDb => "utf8mb4_nopad_bin",
            Self::MySql => "utf8mb4_0900_bin",
        }
    }
}

/// Checks the server and the tables, and brings the schema up to date.
async fn prepare(
    db: &str,
    connection: &mut MySqlConnection,
    mode: OpenMode,
) -> Result<(), StoreError> {
    let failed = |error| from_mysql(db, error);
    let version: String =
        sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await.map_err(failed)?;
    let server = ServerKind::of_version(db, &version)?;
    if !check_schema(db, connection).await.map_err(failed)??.needs_migration(db, mode)? {
        return Ok(());
    }

    // Names of locks are the server's, not the database's.
    let name = "concat('crawldeck ', left(sha1(database()), 16))";
    let lock = format!("SELECT coalesce(get_lock({name}, {MIGRATION_WAIT_S}), 0)");
    let locked: i64 = sqlx::query_scalar(AssertSqlSafe(lock))
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if locked == 0 {
        let why = "another crawldeck is bringing it up to date".to_owned();
        return Err(StoreError::Busy { db: db.to_owned(), why });
    }
    // Another process may have done it meanwhile. The lock ends with the connection.
    if check_schema(db, connection).await.map_err(failed)?? != SchemaState::UpToDate {
        migrate(connection, server).await.map_err(|error| match from_mysql(db, error) {
            StoreError::Driver { db, source } => {
                StoreError::Schema { db, why: one_line(&source.to_string()) }
            }
            known => known,
        })?;
    }
    Ok(())
}

/// Whether crawldeck made the tables, and not a newer one or one of before the first release.
async fn check_schema(
    db: &str,
    connection: &mut MySqlConnection,
) -> Result<Result<SchemaState, StoreError>, sqlx::Error> {
    let db = || db.to_owned();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = database()",
    )
    .fetch_all(&mut *connection)
    .await?;
    let has = |table: &str| tables.iter().any(|name| name == table);
    if tables.is_empty() {
        return Ok(Ok(SchemaState::Nothing));
    }
    if !has("_sqlx_migrations") {
        return Ok(Err(StoreError::Foreign { db: db() }));
    }
    let applied: Vec<(i64, bool, Vec<u8>)> =
        sqlx::query("SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version")
            .try_map(|row: MySqlRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
            .fetch_all(connection)
            .await?;
    let ours = newest(&migrations::MYSQL);
    let same = applied
        .iter()
        .all(|(version, _, checksum)| is_known(&migrations::MYSQL, *version, checksum));
    let whole = applied.iter().filter(|(_, success, _)| *success).count();
    Ok(match applied.last() {
        // Cut short before the first table.
        None if tables.len() == 1 => Ok(SchemaState::Older),
        Some((theirs, ..)) if *theirs > ours && has("crawls") && has("scraped_pages") => {
            Err(StoreError::Newer { db: db(), theirs: *theirs, ours })
        }
        Some(_) if same && whole == migrations::MYSQL.iter().count() => Ok(SchemaState::UpToDate),
        Some(_) if same => Ok(SchemaState::Older),
        Some(_) if has("crawls") && has("scraped_pages") => {
            Err(StoreError::Unreleased { db: db() })
        }
        _ => Err(StoreError::Foreign { db: db() }),
    })
}

/// Runs what is missing, each migration from its beginning: one that was cut short can be run again.
async fn migrate(connection: &mut MySqlConnection, server: ServerKind) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
         description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
         success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
    )
    .execute(&mut *connection)
    .await?;
    for migration in migrations::MYSQL.iter() {
        let done: Option<bool> =
            sqlx::query_scalar("SELECT success FROM _sqlx_migrations WHERE version = ?")
                .bind(migration.version)
                .fetch_optional(&mut *connection)
                .await?;
        if done == Some(true) {
            continue;
        }
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (?, ?, FALSE, ?, -1) ON DUPLICATE KEY UPDATE success = FALSE",
        )
        .bind(migration.version)
        .bind(&*migration.description)
        .bind(&*migration.checksum)
        .execute(&mut *connection)
        .await?;
        let begin = std::time::Instant::now();
        let statements = migration.sql.as_str().replace("{collation}", server.collation());
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *connection).await?;
        sqlx::query(
            "UPDATE _sqlx_migrations SET success = TRUE, execution_time = ? WHERE version = ?",
        )
        .bind(begin.elapsed().as_nanos() as i64)
        .bind(migration.version)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_by_their_versions() {
        for (version, server) in [
            ("10.6.0-MariaDB", ServerKind::MariaDb),
            ("10.11.19-MariaDB-0+deb12u1", ServerKind::MariaDb),
            ("11.4.2-MariaDB-log", ServerKind::MariaDb),
            ("8.0.23", ServerKind::MySql),
            ("8.4.0-commercial", ServerKind::MySql),
            ("9.1.0", ServerKind::MySql),
        ] {
            assert_eq!(ServerKind::of_version("db", version).ok(), Some(server), "{version}");
        }
        for (version, said) in [
            ("10.5.26-MariaDB", "MariaDB 10.5.26-MariaDB, which is too old: MariaDB 10.6 or newer"),
            ("8.0.22-log", "MySQL 8.0.22-log, which is too old: MySQL 8.0.23 or newer"),
            ("5.7.44", "MySQL 5.7.44"),
            ("", "too old"),
        ] {
            let error = ServerKind::of_version("mysql://h/db", version).map_err(|e| e.to_string());
            assert!(error.as_ref().is_err_and(|error| error.contains(said)), "{error:?}");
        }
    }
}
