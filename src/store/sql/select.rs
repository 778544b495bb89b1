//! Rows of a `SELECT` of the user, passed on one by one.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::{Column, Row};

use super::backend::SqlRow;
use crate::store::select::{Columns, RowSink, Value};

/// Passes rows to a sink, and counts them; `None` when the sink ended it. `value` reads a
/// column that is not null.
pub async fn stream_rows<R: Row + SqlRow>(
    mut rows: BoxStream<'_, Result<R, sqlx::Error>>,
    columns: &mut Columns,
    sink: &mut RowSink<'_>,
    value: fn(&R, usize) -> Result<Value, sqlx::Error>,
) -> Result<Option<usize>, sqlx::Error> {
    let mut count = 0;
    let mut values = Vec::new();
    while let Some(row) = rows.try_next().await? {
        count += 1;
        if columns.0.len() != row.columns().len() {
            columns.0 = row.columns().iter().map(|c| c.name().to_owned()).collect();
        }
        values.clear();
        for column in 0..row.columns().len() {
            values.push(if row.is_null(column)? { Value::Null } else { value(&row, column)? });
        }
        if !sink(columns, &values) {
            return Ok(None);
        }
    }
    Ok(Some(count))
}
