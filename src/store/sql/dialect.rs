//! What each database gives the shared code: its statements, and how it spells them.

use sqlx::Database;

use super::backend::Backend;
use super::crawl_statements::SqlSyntax;
use super::statement::{CommonStatements, OwnStatements, Statement};

/// A database that holds crawls.
pub trait Dialect: Backend {
    /// Statements that differ in their placeholders only.
    const COMMON: CommonStatements;

    /// Statements that each database has of its own.
    const OWN: OwnStatements;

    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// Begins a transaction that reads one state of the database, however long it takes.
    const SNAPSHOT: &'static str;

    /// Statements that remove the rows of a crawl: each deletes the next piece of a table, of at most
    /// [`Param::Limit`](super::statement::Param::Limit) rows, and they are run in this order, each until it deletes less.
    const PIECES: &'static [Statement];

    /// How it spells the statements on the table `crawls`.
    const SYNTAX: SqlSyntax;

    /// A column of 32 bits, where the database has such; null is `None`.
    fn small_int(row: &Self::Row, column: usize) -> Result<Option<i64>, sqlx::Error>;

    /// A time as `YYYY-MM-DD HH:MM:SS.mmm`, UTC; null is `None`.
    fn time(row: &Self::Row, column: usize) -> Result<Option<String>, sqlx::Error>;

    /// What a statement did.
    fn done(result: &Self::QueryResult) -> Done;
}

/// What a statement did.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// How many rows it changed, or found to be so already.
    pub rows: u64,
    /// The number of the row that it inserted, where the driver has it.
    pub inserted_id: Option<i64>,
}

/// The connection type of a database.
pub type ConnectionOf<D> = <D as Database>::Connection;

/// How a database is reached.
pub type OptionsOf<D> = <ConnectionOf<D> as sqlx::Connection>::Options;
