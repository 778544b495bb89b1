//! One `SELECT` on a connection of its own that cannot write.

use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, Column, Connection, Executor, Row, SqlSafeStr, Statement};

use super::error::{from_mysql, from_mysql_query};
use super::open::connect;
use super::value::value;
use crate::store::{Columns, RowSink, StoreError};

/// See [`crate::store::Store::select`]. The connection is closed after it, so that a stream that was
/// ended early need not be read to its end.
pub(super) async fn select(
    options: &MySqlConnectOptions,
    db: &str,
    sql: &str,
    sink: RowSink<'_>,
) -> Result<(), StoreError> {
    let mut connection = connect(options).await.map_err(|error| from_mysql(db, error))?;
    let selected = stream(&mut connection, sql, sink).await;
    let _ = connection.close_hard().await;
    match selected {
        Ok(true) => Ok(()),
        Ok(false) => {
            let why = "it gives no rows".to_owned();
            Err(StoreError::Query { db: db.to_owned(), why })
        }
        Err(error) => Err(from_mysql_query(db, error)),
    }
}

/// False when it is no query at all. Prepared, it can be one statement only.
async fn stream(
    connection: &mut MySqlConnection,
    sql: &str,
    sink: RowSink<'_>,
) -> Result<bool, sqlx::Error> {
    sqlx::raw_sql("START TRANSACTION READ ONLY").execute(&mut *connection).await?;
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    let prepared = connection.prepare(sql.clone()).await?;
    if prepared.columns().is_empty() {
        return Ok(false);
    }
    let mut rows = sqlx::query(sql).fetch(connection);
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
    Ok(true)
}
