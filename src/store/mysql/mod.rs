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
//! connection that writes, `write`, `bulk` and `hosts` save batches, `dialect`, `read`, `recrawl` and
//! `remove` are what the shared code needs to know, `select` runs queries of the user.

#![allow(clippy::doc_markdown, reason = "MySQL is a name, not code")]

pub mod bulk;
mod connect;
mod dialect;
mod error;
pub mod hosts;
mod open;
pub mod read;
pub mod recrawl;
mod remove;
mod select;
mod value;
pub mod write;
mod writer;

use std::time::Duration;

use sqlx::MySql;
use sqlx::mysql::MySqlConnectOptions;
use url::Url;

use self::connect::connect;
use self::error::from_mysql;
use self::writer::{Writer, WriterGuard};
use super::error::StoreError;
use super::ids::CrawlId;
use super::name::OpenMode;
use super::rows::Batch;
use super::select::RowSink;
use super::sql::{OpenDatabase, SqlStore, remove_pieces};
use super::tx_error::TxError;

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
    pub async fn open(shown: &str, url: &Url, mode: OpenMode) -> Result<Self, StoreError> {
        let (writer, readers, options) = open::open(shown, url, mode).await?;
        Ok(Self { database: OpenDatabase::new(shown, readers), options, writer })
    }
}

impl SqlStore for MySqlStore {
    type Db = MySql;
    type Writer<'a> = WriterGuard<'a>;
    const READ_TIMEOUT: Option<Duration> = Some(writer::ANSWER_TIMEOUT);
    const WRITE_TIMEOUT: Option<Duration> = Some(writer::ANSWER_TIMEOUT);

    fn database(&self) -> &OpenDatabase<MySql> {
        &self.database
    }

    async fn writer(&self) -> Result<WriterGuard<'_>, TxError> {
        let acquired = self.writer.acquire().await;
        // It connects by itself: that there is no answer is the reason already.
        acquired.map_err(|error| self.driver_error(error).into())
    }

    fn driver_error(&self, error: sqlx::Error) -> StoreError {
        from_mysql(&self.database.name, error)
    }

    async fn probe(&self) -> Result<(), StoreError> {
        connect(&self.options).await.map(drop).map_err(|error| self.driver_error(error))
    }

    async fn write_batch(&self, crawl: CrawlId, batch: &Batch) -> Result<(), TxError> {
        write::commit(&self.database, &self.writer, crawl, batch).await
    }

    async fn remove_rows(&self, crawl: CrawlId) -> Result<u64, TxError> {
        remove_pieces(self, crawl, &remove::PIECES).await
    }

    async fn run_select(&self, sql: &str, sink: RowSink<'_>) -> Result<(), StoreError> {
        select::select(&self.options, &self.database.name, sql, sink).await
    }

    async fn close_writer(&self) {
        self.writer.close().await;
    }
}
