//! A store on an SQL database: how it reaches the database, and what runs on its connections.

use std::ops::DerefMut;
use std::time::Duration;

use super::backend::Backend;
use super::crawls;
use super::dialect::{ConnectionOf, Dialect};
use super::open_database::{OpenDatabase, ReadTarget};
use super::statement::{Statement, Values};
use crate::model::ids::CrawlId;
use crate::store::error::StoreError;
use crate::store::rows::Batch;
use crate::store::select::RowSink;
use crate::store::stored_crawl::CrawlState;
use crate::store::tx_error::TxError;

/// The connection that writes, while it is used.
pub trait SqlWriter<D: Dialect>: DerefMut<Target = ConnectionOf<D>> + Send + Sized {
    /// Keeps the connection for its next use: nothing went wrong.
    fn keep(self) {}

    /// Closes the connection: only a new one is sure to be in the state that it seems to be in.
    fn discard(self) -> impl Future<Output = ()> + Send;
}

/// A store on an SQL database: how to reach it, and what it does in its own way.
pub trait SqlStore: Send + Sync + 'static {
    /// The database.
    type Db: Dialect;

    /// The connection that writes, while it is used.
    type Writer<'a>: SqlWriter<Self::Db>
    where
        Self: 'a;

    /// How long a read may take; a server that takes longer does not answer any more.
    const READ_TIMEOUT: Option<Duration> = None;

    /// Likewise, of what writes.
    const WRITE_TIMEOUT: Option<Duration> = None;

    /// The database, open.
    fn database(&self) -> &OpenDatabase<Self::Db>;

    /// Its name with its scheme: `sqlite://crawldeck.db`.
    fn name_with_scheme(&self) -> String {
        self.database().name.clone()
    }

    /// The connection that writes, once it is free.
    fn writer(&self) -> impl Future<Output = Result<Self::Writer<'_>, TxError>> + Send;

    /// A connection of its own that reads.
    fn connect_to_read(
        to: &ReadTarget<Self::Db>,
    ) -> impl Future<Output = Result<ConnectionOf<Self::Db>, StoreError>> + Send;

    /// What the driver said of the database of this name, as what the user can do about it.
    fn error_of(name: &str, error: sqlx::Error) -> StoreError;

    /// Likewise, of this database.
    fn driver_error(&self, error: sqlx::Error) -> StoreError {
        Self::error_of(&self.database().name, error)
    }

    /// Connects once more, for the reason that there was no connection in time.
    fn probe(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// Fails when what is written would not be found again. Called before and after a write.
    ///
    /// # Errors
    /// [`StoreError::Gone`].
    fn check_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes a batch, all or nothing.
    fn write_batch(
        &self,
        crawl: CrawlId,
        batch: &Batch,
    ) -> impl Future<Output = Result<(), TxError>> + Send;

    /// Removes the largest rows of a crawl before the statements of its dialect do the rest, where
    /// there is a faster way than those; how many there were.
    fn remove_large(&self, _crawl: CrawlId) -> impl Future<Output = Result<u64, TxError>> + Send {
        async { Ok(0) }
    }

    /// See [`crate::store::StoreReader::select`].
    fn run_select(
        &self,
        sql: &str,
        sink: RowSink<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// See [`crate::store::StoreWriter::free_space`].
    fn free_bytes(&self) -> Option<u64> {
        // A server may be anywhere, and does not say.
        None
    }

    /// Writes what is buffered, and closes the connection that writes.
    fn close_writer(&self) -> impl Future<Output = ()> + Send;
}

/// Waits for the database, but no longer than `limit`.
pub async fn within<T, E: From<StoreError>>(
    limit: Option<Duration>,
    name: &str,
    work: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    let Some(limit) = limit else { return work.await };
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let why = format!("no response within {} s", limit.as_secs());
        Err(StoreError::Unreachable { db: name.to_owned(), why }.into())
    })
}

/// What went wrong, for the user. That there was no connection in time says nothing of the reason:
/// the store connects once more, and reports why that fails.
pub async fn store_error<S: SqlStore>(store: &S, error: TxError) -> StoreError {
    match error {
        TxError::Driver(sqlx::Error::PoolTimedOut) => {
            let why = "no connection was free in time".to_owned();
            let busy = StoreError::Busy { db: store.database().name.clone(), why };
            store.probe().await.err().unwrap_or(busy)
        }
        TxError::Driver(error) => store.driver_error(error),
        TxError::Refused(error) => error,
    }
}

/// Keeps the connection if a write succeeded, else closes it.
pub async fn give_back<S: SqlStore, T>(
    writer: S::Writer<'_>,
    done: Result<T, TxError>,
) -> Result<T, TxError> {
    if done.is_ok() {
        writer.keep();
    } else {
        writer.discard().await;
    }
    done
}

/// Adds a crawl in state `running`, with its lease.
pub async fn create<S: SqlStore>(store: &S, settings: &str) -> Result<CrawlId, TxError> {
    let mut writer = store.writer().await?;
    let work = crawls::create(store.database(), &mut writer, settings);
    let done = within(S::WRITE_TIMEOUT, &store.database().name, work).await;
    give_back::<S, _>(writer, done).await
}

/// Takes the lease of a crawl, and sets its state; see [`crawls::acquire`].
pub async fn acquire<S: SqlStore>(
    store: &S,
    crawl: Option<CrawlId>,
    state: CrawlState,
) -> Result<CrawlId, TxError> {
    let mut writer = store.writer().await?;
    let work = crawls::acquire(store.database(), &mut writer, crawl, state);
    let done = within(S::WRITE_TIMEOUT, &store.database().name, work).await;
    give_back::<S, _>(writer, done).await
}

/// Sets the state of a crawl; releases its lease, unless it runs.
pub async fn set_state<S: SqlStore>(
    store: &S,
    crawl: CrawlId,
    state: CrawlState,
) -> Result<(), TxError> {
    let mut writer = store.writer().await?;
    let work = crawls::set_state(store.database(), &mut writer, crawl, state);
    let done = within(S::WRITE_TIMEOUT, &store.database().name, work).await;
    give_back::<S, _>(writer, done).await
}

/// Renews the lease of a crawl.
pub async fn heartbeat<S: SqlStore>(store: &S, crawl: CrawlId) -> Result<(), TxError> {
    let mut writer = store.writer().await?;
    let work = crawls::heartbeat(store.database(), &mut writer, crawl);
    let done = within(S::WRITE_TIMEOUT, &store.database().name, work).await;
    give_back::<S, _>(writer, done).await
}

/// Runs a statement on the connection that writes; how many rows it changed.
pub async fn execute<S: SqlStore>(
    store: &S,
    statement: Statement,
    values: Values<'_>,
) -> Result<u64, TxError> {
    let arguments = statement.arguments(&values)?;
    let mut writer = store.writer().await?;
    let work = async {
        let done = S::Db::execute(&mut writer, statement.text(), arguments).await?;
        Ok(S::Db::done(&done).rows)
    };
    let done = within(S::WRITE_TIMEOUT, &store.database().name, work).await;
    give_back::<S, _>(writer, done).await
}
