//! One `SELECT` on a connection of its own that cannot write.

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr, Statement};

use super::connect::connect;
use super::error::{from_mysql, from_mysql_query};

use super::value::value;
use crate::store::error::StoreError;
use crate::store::select::{Columns, RowSink};
use crate::store::sql::stream_rows;

/// See [`crate::store::StoreReader::select`]. The connection is closed after it, so that a stream that was
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
    mut sink: RowSink<'_>,
) -> Result<bool, sqlx::Error> {
    sqlx::raw_sql("START TRANSACTION READ ONLY").execute(&mut *connection).await?;
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    let prepared = connection.prepare(sql.clone()).await?;
    if prepared.columns().is_empty() {
        return Ok(false);
    }
    let rows = sqlx::query(sql).fetch(connection);
    stream_rows(rows, &mut Columns::default(), &mut sink, value).await?;
    Ok(true)
}
