//! SQLite: one writer connection, two readers, write-ahead log.
//!
//! With `synchronous=NORMAL` a commit survives the death of the process at any moment; the last
//! commits before a power loss may be undone, each as a whole.
//!
//! `open` refuses files of other programs, `file_identity` notices a file that was moved or replaced,
//! `write` and `bulk` save batches, `statements` is what the shared code runs, `select` runs queries of
//! the user.

mod bulk;
mod error;
mod file_identity;
mod open;
mod select;
pub mod statements;
mod write;

use std::path::{Path, PathBuf};

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool};

use self::file_identity::FileIdentity;
use self::write::SqliteBatch;
use super::sql::{
    Dialect, Known, OpenDatabase, ReadTarget, SqlStore, SqlWriter, give_back, write_tables,
};
use super::{rows::Batch, select::RowSink, tx_error::TxError};
use crate::model::ids::CrawlId;
use crate::store::error::StoreError;
use crate::store::name::OpenMode;

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

/// Writes a batch, all or nothing; nothing, if the store does not have the lease of the crawl.
async fn transact(
    database: &OpenDatabase<Sqlite>,
    connection: &mut SqliteConnection,
    (crawl, batch): (CrawlId, &Batch),
    known: Known,
) -> Result<(), TxError> {
    let mut transaction = connection.begin_with(Sqlite::BEGIN).await?;
    write_tables(SqliteBatch { database, db: &mut transaction, crawl, known }, batch).await?;
    Ok(transaction.commit().await?)
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

    fn database(&self) -> &OpenDatabase<Sqlite> {
        &self.database
    }

    fn name_with_scheme(&self) -> String {
        format!("sqlite://{}", self.database.name)
    }

    async fn writer(&self) -> Result<PoolConnection<Sqlite>, TxError> {
        Ok(self.writer.acquire().await?)
    }

    async fn connect_to_read(to: &ReadTarget<Sqlite>) -> Result<SqliteConnection, StoreError> {
        to.options.connect().await.map_err(|error| Self::error_of(&to.name, error))
    }

    fn error_of(name: &str, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlite(name, error)
    }

    /// What goes into a file that is not where it was is not saved.
    fn check_place(&self) -> Result<(), StoreError> {
        self.identity.check(&self.database.name, &self.path)
    }

    async fn write_batch(&self, crawl: CrawlId, batch: &Batch) -> Result<(), TxError> {
        let mut writer = self.writer().await?;
        let (database, db) = (&self.database, &mut writer);
        let saved = match transact(database, db, (crawl, batch), Known::Nothing).await {
            // Some of it is there: a page is saved again, or the whole batch.
            Err(error) if error.is_there() => {
                transact(database, db, (crawl, batch), Known::Some).await
            }
            saved => saved,
        };
        give_back::<Self, _>(writer, saved).await
    }

    async fn run_select(&self, sql: &str, mut sink: RowSink<'_>) -> Result<(), StoreError> {
        // Opened for reading, SQLite refuses whatever would write. What is sorted may be more than
        // memory should hold.
        let options = open::options(&self.path).busy_timeout(open::BUSY_TIMEOUT).read_only(true);
        let selecting = async {
            let mut connection = options.pragma("temp_store", "FILE").connect().await?;
            let selected = select::stream(&mut connection, sql, &mut sink).await;
            // An error on closing says nothing about the rows.
            let _ = connection.close().await;
            selected
        };
        let selected: Result<(), sqlx::Error> = selecting.await;
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
