//! What the shared code needs of a driver: bind values, run a statement, read columns.
//!
//! Each trait has one implementation, for every driver whose types allow it. So the long bounds
//! stand here once, and shared functions need [`Backend`] alone.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::{
    Arguments, ColumnIndex, Database, Decode, Encode, Executor, Row, SqlStr, Type, ValueRef,
};

use crate::model::url_identity::UrlHash;
use crate::store::text::{clean, shared};

/// A driver whose connections run statements with [`SqlArguments`] and answer with [`SqlRow`]s.
pub trait Backend: Database<Row: SqlRow, Arguments: SqlArguments> {
    /// Runs a statement; its rows as they arrive.
    fn fetch(
        connection: &mut Self::Connection,
        sql: SqlStr,
        arguments: Self::Arguments,
    ) -> BoxStream<'_, Result<Self::Row, sqlx::Error>>;

    /// Runs a statement; its first row, if it has one.
    fn fetch_optional(
        connection: &mut Self::Connection,
        sql: SqlStr,
        arguments: Self::Arguments,
    ) -> BoxFuture<'_, Result<Option<Self::Row>, sqlx::Error>>;

    /// Runs a statement that has no rows.
    fn execute(
        connection: &mut Self::Connection,
        sql: SqlStr,
        arguments: Self::Arguments,
    ) -> BoxFuture<'_, Result<Self::QueryResult, sqlx::Error>>;
}

impl<DB> Backend for DB
where
    DB: Database<Row: SqlRow, Arguments: SqlArguments>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn fetch(
        connection: &mut DB::Connection,
        sql: SqlStr,
        arguments: DB::Arguments,
    ) -> BoxStream<'_, Result<DB::Row, sqlx::Error>> {
        connection.fetch((sql, Some(arguments)))
    }

    fn fetch_optional(
        connection: &mut DB::Connection,
        sql: SqlStr,
        arguments: DB::Arguments,
    ) -> BoxFuture<'_, Result<Option<DB::Row>, sqlx::Error>> {
        connection.fetch_optional((sql, Some(arguments)))
    }

    fn execute(
        connection: &mut DB::Connection,
        sql: SqlStr,
        arguments: DB::Arguments,
    ) -> BoxFuture<'_, Result<DB::QueryResult, sqlx::Error>> {
        connection.execute((sql, Some(arguments)))
    }
}

/// Columns of a row, by their position.
pub trait SqlRow: Send + Sync + 'static {
    /// Whether it is null.
    fn is_null(&self, column: usize) -> Result<bool, sqlx::Error>;

    /// A whole number of 64 bits.
    fn int(&self, column: usize) -> Result<i64, sqlx::Error>;

    /// A whole number of 64 bits, or null.
    fn optional_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error>;

    /// A number with a fraction.
    fn real(&self, column: usize) -> Result<f64, sqlx::Error>;

    /// A number with a fraction, or null.
    fn optional_real(&self, column: usize) -> Result<Option<f64>, sqlx::Error>;

    /// Text.
    fn text(&self, column: usize) -> Result<&str, sqlx::Error>;

    /// Text, or null.
    fn optional_text(&self, column: usize) -> Result<Option<&str>, sqlx::Error>;

    /// Bytes, or null.
    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, sqlx::Error>;

    /// A hash and an id, the first two columns, of statements with millions of rows: their types are
    /// not checked row by row.
    fn hash_and_id(&self) -> Result<(UrlHash, i64), sqlx::Error>;
}

impl<R> SqlRow for R
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> &'r str: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
{
    fn is_null(&self, column: usize) -> Result<bool, sqlx::Error> {
        Ok(self.try_get_raw(column)?.is_null())
    }

    fn int(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn optional_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn real(&self, column: usize) -> Result<f64, sqlx::Error> {
        self.try_get(column)
    }

    fn optional_real(&self, column: usize) -> Result<Option<f64>, sqlx::Error> {
        self.try_get(column)
    }

    fn text(&self, column: usize) -> Result<&str, sqlx::Error> {
        self.try_get(column)
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, sqlx::Error> {
        self.try_get(column)
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, sqlx::Error> {
        self.try_get(column)
    }

    fn hash_and_id(&self) -> Result<(UrlHash, i64), sqlx::Error> {
        Ok((url_hash(self.try_get_unchecked(0)?)?, self.try_get_unchecked(1)?))
    }
}

/// A hash from its bytes.
pub fn url_hash(bytes: &[u8]) -> Result<UrlHash, sqlx::Error> {
    bytes.try_into().map(UrlHash).map_err(|error: std::array::TryFromSliceError| {
        sqlx::Error::ColumnDecode { index: "url_hash".to_owned(), source: error.into() }
    })
}

/// The outcome of binding a value.
pub type BindResult = Result<(), BoxDynError>;

/// Values on their way into a statement, in the order of its placeholders.
pub trait SqlArguments: Arguments {
    /// A whole number.
    fn int(&mut self, number: impl Into<i64>) -> BindResult;

    /// A whole number, or null.
    fn optional_int(&mut self, number: Option<impl Into<i64>>) -> BindResult;

    /// A number with a fraction; 0 in place of one that is none or infinite, which not every database
    /// takes.
    fn real(&mut self, number: f64) -> BindResult;

    /// Likewise, null in place of it.
    fn optional_real(&mut self, number: Option<f64>) -> BindResult;

    /// Text that has no NUL.
    fn word(&mut self, text: &str) -> BindResult;

    /// Likewise, or null.
    fn optional_word(&mut self, text: Option<&str>) -> BindResult;

    /// A time as `YYYY-MM-DD HH:MM:SS.mmm`, or null.
    fn optional_time(&mut self, time: Option<String>) -> BindResult;

    /// Any text; NUL is replaced.
    fn text(&mut self, text: &str) -> BindResult;

    /// Any text, or null; NUL is replaced.
    fn optional_text(&mut self, text: Option<&str>) -> BindResult;

    /// Any text, not copied where the driver can keep it; NUL is replaced.
    fn shared_text(&mut self, text: &Arc<str>) -> BindResult;

    /// Likewise, or null.
    fn optional_shared_text(&mut self, text: Option<&Arc<str>>) -> BindResult;

    /// Bytes, or null.
    fn bytes(&mut self, bytes: Option<&[u8]>) -> BindResult;
}

impl<A> SqlArguments for A
where
    A: Arguments,
    for<'t> i64: Encode<'t, A::Database> + Type<A::Database>,
    for<'t> Option<i64>: Encode<'t, A::Database>,
    for<'t> Option<f64>: Encode<'t, A::Database>,
    f64: Type<A::Database>,
    for<'t> Option<String>: Encode<'t, A::Database> + Type<A::Database>,
    str: Type<A::Database>,
    for<'t> &'t str: Encode<'t, A::Database>,
    for<'t> Option<&'t str>: Encode<'t, A::Database>,
    for<'t> Cow<'t, str>: Encode<'t, A::Database> + Type<A::Database>,
    for<'t> Option<Cow<'t, str>>: Encode<'t, A::Database>,
    for<'t> Arc<str>: Encode<'t, A::Database> + Type<A::Database>,
    for<'t> Option<Arc<str>>: Encode<'t, A::Database>,
    [u8]: Type<A::Database>,
    for<'t> Option<&'t [u8]>: Encode<'t, A::Database>,
{
    fn int(&mut self, number: impl Into<i64>) -> BindResult {
        self.add::<i64>(number.into())
    }

    fn optional_int(&mut self, number: Option<impl Into<i64>>) -> BindResult {
        self.add::<Option<i64>>(number.map(Into::into))
    }

    fn real(&mut self, number: f64) -> BindResult {
        self.add::<Option<f64>>(Some(if number.is_finite() { number } else { 0.0 }))
    }

    fn optional_real(&mut self, number: Option<f64>) -> BindResult {
        self.add::<Option<f64>>(number.filter(|number| number.is_finite()))
    }

    fn word(&mut self, text: &str) -> BindResult {
        self.add(text)
    }

    fn optional_word(&mut self, text: Option<&str>) -> BindResult {
        self.add(text)
    }

    fn optional_time(&mut self, time: Option<String>) -> BindResult {
        self.add(time)
    }

    fn text(&mut self, text: &str) -> BindResult {
        self.add(clean(text))
    }

    fn optional_text(&mut self, text: Option<&str>) -> BindResult {
        self.add(text.map(clean))
    }

    fn shared_text(&mut self, text: &Arc<str>) -> BindResult {
        self.add(shared(text))
    }

    fn optional_shared_text(&mut self, text: Option<&Arc<str>>) -> BindResult {
        self.add(text.map(shared))
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) -> BindResult {
        self.add(bytes)
    }
}

/// The values of a statement, as `bind` adds them.
pub fn arguments<A: SqlArguments>(
    bind: impl FnOnce(&mut A) -> BindResult,
) -> Result<A, sqlx::Error> {
    let mut to = A::default();
    bind(&mut to).map_err(sqlx::Error::Encode)?;
    Ok(to)
}
