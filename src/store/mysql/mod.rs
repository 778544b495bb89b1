//! MySQL 8 and MariaDB: one connection that writes, three that read.
//!
//! Both servers take the same statements. Where they differ: the collation that compares texts byte
//! for byte has two names, which the migrations are given (`open`); the new value in an upsert is
//! `VALUES(column)`, which MySQL calls deprecated (`bulk`). `JSON_TABLE`, invisible columns, window
//! functions and `JSON_MERGE_PATCH` are in MariaDB since 10.6 and in MySQL since 8.0.23, the versions
//! that `open` requires.
//!
//! A commit that was answered survives the death of process and server; that of the machine as well, if
//! `innodb_flush_log_at_trx_commit` is 1, which is its default.
//!
//! `connect` reaches the server, `open` refuses databases of other programs, `writer` keeps the
//! connection that writes, `write` and `bulk` save batches, `statements` is what the shared code runs,
//! `select` runs queries of the user.

#![allow(clippy::doc_markdown, reason = "MySQL is a name, not code")]

pub mod bulk;
mod connect;
mod error;
mod open;
mod select;
pub mod statements;
mod value;
mod write;
mod writer;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{Connection, MySql, MySqlConnection};

use self::connect::connect;
use self::error::{from_mysql, from_mysql_query};
use self::writer::{Writer, WriterGuard};
use super::sql::{OpenDatabase, ReadTarget, SqlStore, SqlWriter, within};
use super::{rows::Batch, select::RowSink, tx_error::TxError};
use crate::model::ids::CrawlId;
use crate::store::error::StoreError;
use crate::store::name::OpenMode;

/// A MySQL or MariaDB database with crawls.
#[derive(Debug)]
pub struct MySqlStore {
    /// What the shared code uses of it.
    database: OpenDatabase<MySql>,
    /// How it is reached.
    options: MySqlConnectOptions,
    /// One connection, so transactions queue here and not for locks.
    writer: Writer,
}

impl MySqlStore {
    /// Opens a database; `shown` is its name in messages. See [`super::open`].
    ///
    /// # Errors
    /// See [`StoreError`]. The database is then as it was.
    pub async fn open(shown: &str, url: &url::Url, mode: OpenMode) -> Result<Self, StoreError> {
        let (writer, readers, options) = open::open(shown, url, mode).await?;
        Ok(Self { database: OpenDatabase::new(shown, readers), options, writer })
    }
}

impl SqlStore for MySqlStore {
    type Db = MySql;
    type Writer<'a> = WriterGuard<'a>;
    const READ_TIMEOUT: Option<std::time::Duration> = Some(writer::ANSWER_TIMEOUT);
    const WRITE_TIMEOUT: Option<std::time::Duration> = Some(writer::ANSWER_TIMEOUT);

    fn database(&self) -> &OpenDatabase<MySql> {
        &self.database
    }

    async fn writer(&self) -> Result<WriterGuard<'_>, TxError> {
        let acquired = self.writer.acquire().await;
        // It connects by itself: that there is no answer is the reason already.
        acquired.map_err(|error| self.driver_error(error).into())
    }

    async fn connect_to_read(to: &ReadTarget<MySql>) -> Result<MySqlConnection, StoreError> {
        connect(&to.options).await.map_err(|error| from_mysql(&to.name, error))
    }

    fn error_of(name: &str, error: sqlx::Error) -> StoreError {
        from_mysql(name, error)
    }

    async fn probe(&self) -> Result<(), StoreError> {
        connect(&self.options).await.map(drop).map_err(|error| self.driver_error(error))
    }

    async fn write_batch(&self, crawl: CrawlId, batch: &Batch) -> Result<(), TxError> {
        let mut guard = self.writer().await?;
        let writing = write::transact(&self.database, &mut guard.live, crawl, batch);
        within(Self::WRITE_TIMEOUT, &self.database.name, writing).await?;
        guard.keep();
        Ok(())
    }

    async fn run_select(&self, sql: &str, sink: RowSink<'_>) -> Result<(), StoreError> {
        let mut connection =
            connect(&self.options).await.map_err(|error| self.driver_error(error))?;
        let selected = select::stream(&mut connection, sql, sink).await;
        // Closed, so that a stream that was ended early need not be read to its end.
        let _ = connection.close_hard().await;
        let db = self.database.name.clone();
        match selected {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Query { db, why: "it gives no rows".to_owned() }),
            Err(error) => Err(from_mysql_query(&db, error)),
        }
    }

    async fn close_writer(&self) {
        self.writer.close().await;
    }
}
