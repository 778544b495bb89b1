//! PostgreSQL, 15 or newer: one writer connection, three readers.
//!
//! A commit that was answered outlives the death of this process, of the connection and of the
//! server, and a power loss as far as the server's own settings go.
//!
//! `connect` reaches the server, `open` refuses databases of other programs, `write`, `bulk` and
//! `hosts` save batches, `statements` is what the shared code runs, `select` runs queries of the user.

mod bulk;
mod connect;
mod copy;
mod error;
pub mod hosts;
pub mod open;
mod remove;
mod select;
pub mod statements;
pub mod write;

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Executor, PgConnection, PgPool, Postgres};
use tokio::time::timeout;
use url::Url;

use self::connect::{connect, connect_options};
use self::error::{from_postgres, from_postgres_query};
use crate::model::ids::CrawlId;
use crate::store::error::StoreError;
use crate::store::name::OpenMode;
use crate::store::rows::Batch;
use crate::store::select::RowSink;
use crate::store::sql::{Known, OpenDatabase, ReadTarget, SqlStore, SqlWriter, give_back, within};
use crate::store::tx_error::TxError;

/// How long to wait for a connection before asking the server for the reason that there is none.
const ACQUIRE_PATIENCE: Duration = Duration::from_millis(500);

/// A transaction that takes longer has lost its server, and a network that swallows packets reports
/// nothing.
const COMMIT_TIMEOUT: Duration = Duration::from_mins(1);

/// A database with crawls on a PostgreSQL server.
#[derive(Debug)]
pub struct PostgresStore {
    /// What the shared code uses of it.
    database: OpenDatabase<Postgres>,
    /// How to reach it.
    options: PgConnectOptions,
    /// At most one connection: there is one writer.
    writer: PgPool,
}

impl PostgresStore {
    /// Opens a database; `shown` is its name in messages. See [`super::open`].
    ///
    /// # Errors
    /// See [`StoreError`]. The database is then as it was.
    pub async fn open(shown: &str, url: &Url, mode: OpenMode) -> Result<Self, StoreError> {
        let options = connect_options(shown, url)?;
        let (writer, readers) = open::open(shown, &options, mode).await?;
        let database = OpenDatabase::new(shown, readers);
        Ok(Self { database, options, writer })
    }
}

/// A connection in a write. When nobody waits for the write any more, the connection is closed: the answer to
/// a `COPY` would be taken for that to the next statement.
struct UnansweredWriter<'a> {
    connection: &'a mut PoolConnection<Postgres>,
    answered: bool,
}

impl Drop for UnansweredWriter<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.connection.close_on_drop();
        }
    }
}

impl SqlWriter<Postgres> for PoolConnection<Postgres> {
    async fn discard(self) {
        drop(self.detach());
    }
}

impl SqlStore for PostgresStore {
    type Db = Postgres;
    type Writer<'a> = PoolConnection<Postgres>;
    // A write that waits for a lock is ended by the server: see `open::FOR_WRITING`.
    const READ_TIMEOUT: Option<Duration> = Some(Duration::from_mins(1));

    fn database(&self) -> &OpenDatabase<Postgres> {
        &self.database
    }

    /// While there is no connection, the pool retries in silence; the reason should be reported
    /// sooner.
    async fn writer(&self) -> Result<PoolConnection<Postgres>, TxError> {
        if let Ok(acquired) = timeout(ACQUIRE_PATIENCE, self.writer.acquire()).await {
            return Ok(acquired?);
        }
        connect(&self.database.name, &self.options).await?;
        self.writer.acquire().await.map_err(TxError::from)
    }

    async fn connect_to_read(to: &ReadTarget<Postgres>) -> Result<PgConnection, StoreError> {
        let mut connection = connect(&to.name, &to.options).await?;
        let set = connection.execute(sqlx::raw_sql(open::FOR_READING)).await;
        set.map(|_| connection).map_err(|error| from_postgres(&to.name, error))
    }

    fn error_of(name: &str, error: sqlx::Error) -> StoreError {
        from_postgres(name, error)
    }

    async fn probe(&self) -> Result<(), StoreError> {
        connect(&self.database.name, &self.options).await.map(drop)
    }

    async fn write_batch(&self, crawl: CrawlId, batch: &Batch) -> Result<(), TxError> {
        let (db, mut writer) = (&self.database, self.writer().await?);
        let mut unanswered = UnansweredWriter { connection: &mut writer, answered: false };
        let committing = async {
            let writer = &mut *unanswered.connection;
            let new = write::transact(db, writer, crawl, batch, Known::Nothing).await;
            match new {
                // Some of it is there: a page is saved again, or the whole batch, whose answer was
                // lost.
                Err(error) if error.is_there() => {
                    write::transact(db, writer, crawl, batch, Known::Some).await
                }
                written => written,
            }
        };
        let written = within(Some(COMMIT_TIMEOUT), &db.name, committing).await;
        unanswered.answered = true;
        drop(unanswered);
        give_back::<Self, _>(writer, written).await
    }

    async fn remove_large(&self, crawl: CrawlId) -> Result<u64, TxError> {
        remove::remove_large(self, &self.writer, crawl).await
    }

    async fn run_select(&self, sql: &str, sink: RowSink<'_>) -> Result<(), StoreError> {
        let connection = connect(&self.database.name, &self.options).await?;
        let selected = select::select(connection, sql, sink).await;
        selected.map_err(|error| from_postgres_query(&self.database.name, error))
    }

    async fn close_writer(&self) {
        self.writer.close().await;
    }
}
