//! Opening a file: one that is no database of crawldeck is refused before anything is written.
//!
//! It must not know what the tables hold.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};

use super::error::sqlite_code;
use crate::store::error::{StoreError, one_line};
use crate::store::migrations::{self, is_known, migration_error, newest};
use crate::store::name::OpenMode;

/// How long to wait for another process while opening.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait for another process's transaction later on.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Memory for pages of the connection that writes: negative, in KiB. A crawl soon fills all of it; pages
/// that do not fit are read from the system's cache. A crawl of 20,000 pages took the same CPU time with 2, 4
/// and 16 MiB.
const WRITER_CACHE: &str = "-2048";

/// What the file itself says.
enum FileState {
    /// Nothing, or zero bytes.
    Nothing,
    /// A database; whether its journal is a write-ahead log, and whether one lies beside it.
    Database { wal_mode: bool, wal_file: bool },
}

/// Opens writer and readers, with the schema brought up to date.
pub(super) async fn open(
    shown: &str,
    path: &Path,
    mode: OpenMode,
) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let failed = |error| StoreError::from_sqlite(shown, error);
    // Blocking, but a few system calls once.
    let found = inspect_file(shown, path, mode)?;
    if let FileState::Database { wal_mode, wal_file } = found {
        check_unopened(shown, path, wal_mode, wal_file).await?;
    }
    prepare(shown, path, matches!(found, FileState::Nothing)).await?;

    let options = options(path).busy_timeout(BUSY_TIMEOUT);
    let pool = || {
        // A connection is kept for good: a new one would begin with an empty cache.
        SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None)
    };
    let writer = pool()
        .max_connections(1)
        .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
        .await
        .map_err(failed)?;
    let readers = pool()
        .max_connections(2)
        .connect_with(
            options.pragma("cache_size", "-4096").pragma("query_only", "ON").row_buffer_size(1024),
        )
        .await
        .map_err(failed)?;
    Ok((writer, readers))
}

/// What all connections have in common.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Normal)
        // Rows refer to each other by construction; checking would cost a lookup per link.
        .foreign_keys(false)
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", "0")
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "67108864")
        // Slow transactions are logged as a whole, by us.
        .disable_statement_logging()
}

/// Reads the file without SQLite.
fn inspect_file(shown: &str, path: &Path, mode: OpenMode) -> Result<FileState, StoreError> {
    let db = || shown.to_owned();
    let cannot_open = |error: &std::io::Error| StoreError::CannotOpen {
        db: db(),
        why: one_line(&error.to_string()),
    };

    let metadata = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(missing_directory(shown, path));
        }
        Err(error) => return Err(cannot_open(&error)),
    };
    let Some(metadata) = metadata else {
        if mode == OpenMode::MustExist {
            return Err(StoreError::Missing { db: db() });
        }
        if !directory(path).is_dir() {
            return Err(missing_directory(shown, path));
        }
        writable_directory(shown, path)?;
        return Ok(FileState::Nothing);
    };

    if metadata.is_dir() {
        return Err(StoreError::Directory { db: shown.trim_end_matches('/').to_owned() });
    }
    // Reading from a pipe would wait for ever.
    if !metadata.is_file() {
        return Err(StoreError::NotAFile { db: db() });
    }
    if metadata.len() == 0 && mode == OpenMode::MustExist {
        return Err(StoreError::Empty { db: db() });
    }

    let mut header = Vec::with_capacity(20);
    File::open(path)
        .and_then(|file| file.take(20).read_to_end(&mut header))
        .map_err(|error| cannot_open(&error))?;
    if !header.is_empty() && !header.starts_with(b"SQLite format 3\0") {
        return Err(StoreError::NotSqlite { db: db() });
    }

    // The superuser may write in spite of the permissions, but the permissions say no.
    if metadata.permissions().readonly() {
        return Err(StoreError::ReadOnly { db: db(), why: "the file is read-only".to_owned() });
    }
    if let Err(error) = OpenOptions::new().write(true).open(path) {
        return Err(StoreError::ReadOnly { db: db(), why: one_line(&error.to_string()) });
    }
    writable_directory(shown, path)?;

    if header.is_empty() {
        return Ok(FileState::Nothing);
    }
    // Byte 19 of the header: the version needed to read, 2 = write-ahead log.
    let wal_mode = header.get(19).is_some_and(|&version| version == 2);
    let wal_file = fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0);
    Ok(FileState::Database { wal_mode, wal_file })
}

fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn beside(path: &Path, suffix: &str) -> std::ffi::OsString {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name
}

fn missing_directory(shown: &str, path: &Path) -> StoreError {
    let dir = one_line(&directory(path).to_string_lossy());
    StoreError::MissingDirectory { db: shown.to_owned(), dir }
}

/// SQLite keeps its log beside the file, so the directory must be writable too. Tried with a
/// file that has no name, where the system has such.
fn writable_directory(shown: &str, path: &Path) -> Result<(), StoreError> {
    let dir = directory(path);
    let refused = |why: String| StoreError::ReadOnly {
        db: shown.to_owned(),
        why: format!("directory {}: {why}", one_line(&dir.to_string_lossy())),
    };
    if fs::metadata(dir).is_ok_and(|metadata| metadata.permissions().readonly()) {
        return Err(refused("it is read-only".to_owned()));
    }
    match tempfile::tempfile_in(dir) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(one_line(&error.to_string()))),
    }
}

/// Checks a database without being able to write to it.
///
/// A database in WAL mode with no log beside it is complete in itself and not in use: read as
/// immutable, it gets no new files beside it either. Otherwise locks and log are respected.
async fn check_unopened(
    shown: &str,
    path: &Path,
    wal_mode: bool,
    wal_file: bool,
) -> Result<(), StoreError> {
    let checked = match check_reading(shown, path, wal_mode && !wal_file).await {
        // SQLITE_READONLY_ROLLBACK, SQLITE_READONLY_RECOVERY: a process died in a transaction.
        // Rolling it back would be a write, so what the file itself says has to do; opening then
        // rolls back, if crawldeck made the database, and checks again.
        Err(error) if matches!(sqlite_code(&error), Some(776 | 264)) => {
            check_reading(shown, path, true).await
        }
        checked => checked,
    };
    checked.map_err(|error| StoreError::from_sqlite(shown, error))?
}

/// As immutable, only the file itself is read, without locks.
async fn check_reading(
    shown: &str,
    path: &Path,
    immutable: bool,
) -> Result<Result<(), StoreError>, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(immutable)
        .busy_timeout(OPEN_TIMEOUT)
        .disable_statement_logging()
        .connect()
        .await?;
    let checked = check_schema(shown, &mut connection).await;
    // An error on closing says nothing about the schema.
    let _ = connection.close().await;
    checked
}

/// Whether crawldeck made the tables, and not a newer one or one of before the first release. No
/// tables at all will do.
async fn check_schema(
    shown: &str,
    connection: &mut SqliteConnection,
) -> Result<Result<(), StoreError>, sqlx::Error> {
    let db = || shown.to_owned();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .fetch_all(&mut *connection)
    .await?;
    let has = |table: &str| tables.iter().any(|name| name == table);
    if tables.is_empty() {
        return Ok(Ok(()));
    }
    if !has("_sqlx_migrations") {
        return Ok(Err(StoreError::Foreign { db: db() }));
    }
    let theirs: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await?;
    let ours = newest(&migrations::SQLITE);
    Ok(match theirs {
        // Killed after the first statement of its life.
        None if tables.len() == 1 => Ok(()),
        _ if !has("crawls") || !has("scraped_pages") => Err(StoreError::Foreign { db: db() }),
        Some(theirs) if theirs > ours => Err(StoreError::Newer { db: db(), theirs, ours }),
        _ if !same_schema(connection).await? => Err(StoreError::Unreleased { db: db() }),
        _ => Ok(()),
    })
}

/// Whether the tables were made by our migrations and not by others of the same numbers: until the
/// first release, the first migration was changed in place.
async fn same_schema(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations")
            .fetch_all(connection)
            .await?;
    Ok(applied.iter().all(|(version, checksum)| is_known(&migrations::SQLITE, *version, checksum)))
}

/// Makes sure that the database can be written, checks it once more under the write lock, and
/// only then switches it to the write-ahead log and brings its schema up to date.
async fn prepare(shown: &str, path: &Path, new: bool) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_sqlite(shown, error);
    let mut connection = options(path)
        .create_if_missing(new)
        .busy_timeout(OPEN_TIMEOUT)
        .connect()
        .await
        .map_err(failed)?;

    let mut lock = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let checked = check_schema(shown, &mut lock).await.map_err(failed)?;
    lock.rollback().await.map_err(failed)?;
    if let Err(refused) = checked {
        let _ = connection.close().await;
        return Err(refused);
    }

    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await.map_err(failed)?;
    migrations::SQLITE
        .run(&mut connection)
        .await
        .map_err(|error| migration_error(shown, error, StoreError::from_sqlite))?;
    connection.close().await.map_err(failed)
}
