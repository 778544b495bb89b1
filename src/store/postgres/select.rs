//! One `SELECT` on a connection of its own, in a transaction that cannot write.
//!
//! It becomes a cursor: nothing but a query can be one, rows come in portions as texts that are the
//! same for every type, and it can be left at any row.

use sqlx::postgres::{PgConnection, PgRow, PgValueRef};
use sqlx::{AssertSqlSafe, Column, Connection, Row, TypeInfo, ValueRef};

use crate::store::select::{Columns, RowSink, Value};
use crate::store::sql::stream_rows;

/// Rows of one `FETCH`.
const PORTION: usize = 2000;

/// See [`crate::store::StoreReader::select`].
pub(super) async fn select(
    mut connection: PgConnection,
    sql: &str,
    sink: RowSink<'_>,
) -> Result<(), sqlx::Error> {
    let selected = stream(&mut connection, sql, sink).await;
    // An error on closing says nothing about the rows.
    let _ = connection.close().await;
    selected
}

async fn stream(
    connection: &mut PgConnection,
    sql: &str,
    mut sink: RowSink<'_>,
) -> Result<(), sqlx::Error> {
    // All of it is wanted, not the beginning soon.
    let begin = "BEGIN READ ONLY; SET LOCAL cursor_tuple_fraction = 1; SET LOCAL extra_float_digits = 1; \
                 SET LOCAL bytea_output = hex";
    sqlx::raw_sql(begin).execute(&mut *connection).await?;
    // Prepared, so that it is one statement; on a line of its own, so that a comment ends.
    let declare = format!("DECLARE crawldeck NO SCROLL CURSOR FOR\n{sql}");
    sqlx::query(AssertSqlSafe(declare)).persistent(false).execute(&mut *connection).await?;

    let fetch = format!("FETCH {PORTION} FROM crawldeck");
    let mut columns = Columns::default();
    loop {
        let rows = sqlx::raw_sql(AssertSqlSafe(fetch.as_str())).fetch(&mut *connection);
        if stream_rows(rows, &mut columns, &mut sink, value).await? != Some(PORTION) {
            return Ok(());
        }
    }
}

fn value(row: &PgRow, column: usize) -> Result<Value, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    let kind = value.type_info().name().to_owned();
    value_of(&kind, text(&value)?).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: row.column(column).name().to_owned(),
        source: format!("no {kind}").into(),
    })
}

fn text<'r>(value: &PgValueRef<'r>) -> Result<&'r str, sqlx::Error> {
    value.as_str().map_err(sqlx::Error::Decode)
}

/// A value from the text that the server writes for its type.
fn value_of(kind: &str, text: &str) -> Option<Value> {
    Some(match kind {
        "BOOL" => Value::Int(i64::from(text == "t")),
        "INT2" | "INT4" | "INT8" | "OID" => Value::Int(text.parse().ok()?),
        "FLOAT4" | "FLOAT8" => Value::Real(text.parse().ok()?),
        "NUMERIC" => {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            match whole.parse() {
                Ok(whole) if part.bytes().all(|digit| digit == b'0') => Value::Int(whole),
                _ => Value::Real(text.parse().ok()?),
            }
        }
        "BYTEA" => Value::Bytes(bytes(text.strip_prefix("\\x")?)?),
        "TIMESTAMP" | "TIMESTAMPTZ" => Value::Text(time(text)),
        _ => Value::Text(text.to_owned()),
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)).collect()
}

/// `2026-11-01 12:00:00.25+00` as `2026-11-01 12:00:00.250`; what is no such time, as it is.
fn time(text: &str) -> String {
    let utc = text.strip_suffix("+00").unwrap_or(text);
    let (seconds, part) = utc.split_once('.').unwrap_or((utc, ""));
    if seconds.len() != "2026-11-01 12:00:00".len() || part.len() > 6 {
        return text.to_owned();
    }
    format!("{seconds}.{part:0<3.3}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn values_are_what_the_server_wrote() {
        for (kind, text, value) in [
            ("BOOL", "t", Value::Int(1)),
            ("BOOL", "f", Value::Int(0)),
            ("INT8", "-9007199254740993", Value::Int(-9_007_199_254_740_993)),
            ("FLOAT8", "1e-5", Value::Real(1e-5)),
            ("NUMERIC", "42", Value::Int(42)),
            ("NUMERIC", "-42.000", Value::Int(-42)),
            ("NUMERIC", "1.50", Value::Real(1.5)),
            ("NUMERIC", "-0.5", Value::Real(-0.5)),
            ("NUMERIC", "10000000000000000000", Value::Real(1e19)),
            ("BYTEA", "\\x00ffAb", Value::Bytes(vec![0, 255, 0xab])),
            ("BYTEA", "\\x", Value::Bytes(Vec::new())),
            ("TEXT[]", "{a,b}", Value::Text("{a,b}".to_owned())),
        ] {
            assert_eq!(value_of(kind, text), Some(value), "{kind} {text}");
        }
        assert!(matches!(value_of("NUMERIC", "NaN"), Some(Value::Real(n)) if n.is_nan()));
    }

    #[test]
    fn times_have_three_digits() {
        for (text, at) in [
            ("2026-11-01 12:00:00.25+00", "2026-11-01 12:00:00.250"),
            ("2026-11-01 12:00:00+00", "2026-11-01 12:00:00.000"),
            ("2026-11-01 12:00:00.000123", "2026-11-01 12:00:00.000"),
            ("infinity", "infinity"),
            ("0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"),
        ] {
            assert_eq!(time(text), at);
        }
    }
}
