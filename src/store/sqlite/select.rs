//! One `SELECT` on a connection of its own that cannot write.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteValueRef};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, Decode, Row, TypeInfo, ValueRef};

use crate::store::{Columns, RowSink, Value};

/// See [`crate::store::Store::select`]. Opened for reading, SQLite refuses whatever would write.
pub(super) async fn select(
    options: SqliteConnectOptions,
    sql: &str,
    sink: RowSink<'_>,
) -> Result<(), sqlx::Error> {
    // What is sorted may be more than memory should hold.
    let options = options.read_only(true).pragma("temp_store", "FILE");
    let mut connection = options.connect().await?;
    let selected = stream(&mut connection, sql, sink).await;
    // An error on closing says nothing about the rows.
    let _ = connection.close().await;
    selected
}

async fn stream(
    connection: &mut sqlx::SqliteConnection,
    sql: &str,
    sink: RowSink<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch(connection);
    let mut columns = Columns::default();
    let mut values = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.0.len() != row.columns().len() {
            columns = Columns(row.columns().iter().map(|c| c.name().to_owned()).collect());
        }
        values.clear();
        for column in 0..row.columns().len() {
            values.push(value(&row, column)?);
        }
        if !sink(&columns, &values) {
            break;
        }
    }
    Ok(())
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
