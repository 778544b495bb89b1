//! SQLite: one writer connection, two readers, write-ahead log.
//!
//! With `synchronous=NORMAL` a commit survives the death of the process at any moment; the last
//! commits before a power loss may be undone, each as a whole.
//!
//! `open` refuses files of other programs, `file_identity` notices a file that was moved or replaced,
//! `write`, `bulk` and `hosts` save batches, `dialect`, `read`, `recrawl` and `remove` are what the
//! shared code needs to know, `select` runs queries of the user.

mod bulk;
mod dialect;
mod error;
mod file_identity;
mod hosts;
mod open;
pub mod read;
pub mod recrawl;
mod remove;
mod select;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};

use self::file_identity::FileIdentity;
use super::error::StoreError;
use super::ids::CrawlId;
use super::name::OpenMode;
use super::rows::Batch;
use super::select::RowSink;
use super::sql::{OpenDatabase, SqlStore, SqlWriter, remove_pieces};
use super::tx_error::TxError;

/// A SQLite file with crawls.
#[derive(Debug)]
pub struct SqliteStore {
    /// What the shared code uses of it.
    database: OpenDatabase<Sqlite>,
    /// The file.
    path: PathBuf,
    /// Which file that is.
    identity: FileIdentity,
    /// Where it grows.
    directory: PathBuf,
    /// At most one connection, so transactions queue here and not in SQLite's busy handler.
    writer: SqlitePool,
}

impl SqliteStore {
    /// Opens a file; `shown` is its name in messages. See [`super::open`].
    ///
    /// # Errors
    /// See [`StoreError`]. The file is then byte for byte as it was.
    pub async fn open(shown: &str, path: &Path, mode: OpenMode) -> Result<Self, StoreError> {
        let path = absolute(path);
        let (writer, readers) = open::open(shown, &path, mode).await?;
        // Behind a link, the log grows beside the file itself.
        let file = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let directory = file.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        let (database, identity) = (OpenDatabase::new(shown, readers), FileIdentity::of(&path));
        Ok(Self { database, path, identity, directory, writer })
    }
}

/// Absolute, because SQLite takes a relative name that begins with `file:` for a URI.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl SqlWriter<Sqlite> for PoolConnection<Sqlite> {
    async fn discard(self) {
        // SQLite may have ended the transaction by itself (disk full), which leaves the driver
        // counting one too many.
        let _ = self.close().await;
    }
}

impl SqlStore for SqliteStore {
    type Db = Sqlite;
    type Writer<'a> = PoolConnection<Sqlite>;
    const READ_TIMEOUT: Option<Duration> = None;
    const WRITE_TIMEOUT: Option<Duration> = None;

    fn database(&self) -> &OpenDatabase<Sqlite> {
        &self.database
    }

    fn name_with_scheme(&self) -> String {
        format!("sqlite://{}", self.database.name)
    }

    async fn writer(&self) -> Result<PoolConnection<Sqlite>, TxError> {
        Ok(self.writer.acquire().await?)
    }

    fn driver_error(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlite(&self.database.name, error)
    }

    /// What goes into a file that is not where it was is not saved.
    fn check_place(&self) -> Result<(), StoreError> {
        self.identity.check(&self.database.name, &self.path)
    }

    async fn write_batch(&self, crawl: CrawlId, batch: &Batch) -> Result<(), TxError> {
        write::commit(self, crawl, batch).await
    }

    async fn remove_rows(&self, crawl: CrawlId) -> Result<u64, TxError> {
        remove_pieces(self, crawl, &remove::PIECES).await
    }

    async fn run_select(&self, sql: &str, sink: RowSink<'_>) -> Result<(), StoreError> {
        let options = open::options(&self.path).busy_timeout(open::BUSY_TIMEOUT);
        let selected = select::select(options, sql, sink).await;
        selected.map_err(|error| StoreError::from_sqlite_query(&self.database.name, error))
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = nix::sys::statvfs::statvfs(&self.directory).ok()?;
        #[allow(clippy::useless_conversion, reason = "32 bits on some systems")]
        let blocks = u64::from(disk.blocks_available());
        Some(blocks.saturating_mul(disk.fragment_size()))
    }

    async fn close_writer(&self) {
        // Best effort: another reader may hold the log; the next open then takes it over.
        if let Err(error) = write::checkpoint(&self.writer).await {
            tracing::debug!(%error, "the write-ahead log stays");
        }
        self.writer.close().await;
    }
}
