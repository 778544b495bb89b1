//! The rows of a `SELECT` of the user.

use sqlx::sqlite::{SqliteConnection, SqliteRow, SqliteValueRef};
use sqlx::{AssertSqlSafe, Decode, Row, TypeInfo, ValueRef};

use crate::store::select::{Columns, RowSink, Value};
use crate::store::sql::stream_rows;

/// Passes the rows of a statement to a sink.
pub(super) async fn stream(
    connection: &mut SqliteConnection,
    sql: &str,
    sink: &mut RowSink<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch(connection);
    stream_rows(rows, &mut Columns::default(), sink, value).await.map(drop)
}

fn value(row: &SqliteRow, column: usize) -> Result<Value, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    // The type of the value itself: columns of SQLite hold what they are given.
    let kind = value.type_info().into_owned();
    Ok(match kind.name() {
        "INTEGER" => Value::Int(decoded(value)?),
        "REAL" => Value::Real(decoded(value)?),
        "BLOB" => Value::Bytes(decoded(value)?),
        _ => Value::Text(decoded(value)?),
    })
}

fn decoded<'r, T: Decode<'r, sqlx::Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, sqlx::Error> {
    T::decode(value).map_err(sqlx::Error::Decode)
}
