//! One `SELECT` on a connection of its own that cannot write.

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteValueRef};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Decode, Row, TypeInfo, ValueRef};

use crate::store::select::{Columns, RowSink, Value};
use crate::store::sql::stream_rows;

/// See [`crate::store::StoreReader::select`]. Opened for reading, SQLite refuses whatever would write.
pub(super) async fn select(
    options: SqliteConnectOptions,
    sql: &str,
    mut sink: RowSink<'_>,
) -> Result<(), sqlx::Error> {
    // What is sorted may be more than memory should hold.
    let options = options.read_only(true).pragma("temp_store", "FILE");
    let mut connection = options.connect().await?;
    let query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
    let rows = query.fetch(&mut connection);
    let selected = stream_rows(rows, &mut Columns::default(), &mut sink, value).await;
    // An error on closing says nothing about the rows.
    let _ = connection.close().await;
    selected.map(drop)
}

fn value(row: &SqliteRow, column: usize) -> Result<Value, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    // The type of the value itself: columns of SQLite hold what they are given.
    let kind = value.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" => Value::Int(decoded(value)?),
        "REAL" => Value::Real(decoded(value)?),
        "BLOB" => Value::Bytes(decoded(value)?),
        _ => Value::Text(decoded(value)?),
    })
}

fn decoded<'r, T: Decode<'r, sqlx::Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, sqlx::Error> {
    T::decode(value).map_err(sqlx::Error::Decode)
}
