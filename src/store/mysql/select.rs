//! The rows of a `SELECT` of the user, in a transaction that cannot write.

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr, Statement};

use super::value::value;
use crate::store::select::{Columns, RowSink};
use crate::store::sql::stream_rows;

/// Passes the rows of a statement to a sink; false when it is no query at all. Prepared, it can be one statement only.
pub(super) async fn stream(
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
