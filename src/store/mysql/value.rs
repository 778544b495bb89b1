//! Values as the server sends them in answer to a prepared statement.
//!
//! Times are taken apart here: the driver would only do so for the types of other crates
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>).

use sqlx::mysql::{MySqlRow, MySqlValueRef};
use sqlx::{Decode, MySql, Row, Type, TypeInfo, ValueRef};

use crate::store::select::Value;

/// A `DATETIME` of a row: `YYYY-MM-DD HH:MM:SS.mmm`.
pub(super) fn time(row: &MySqlRow, column: usize) -> Result<Option<String>, sqlx::Error> {
    match value(row, column)? {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        _ => Err(broken(column, "is no time")),
    }
}

/// Any value of a row.
pub(super) fn value(row: &MySqlRow, column: usize) -> Result<Value, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let kind = value.type_info().into_owned();
    let name = kind.name();
    Ok(match name {
        "FLOAT" => Value::Real(f64::from(decoded::<f32>(value)?)),
        "DOUBLE" => Value::Real(decoded(value)?),
        "DECIMAL" => number(decoded(value)?),
        "YEAR" => Value::Int(i64::from(decoded::<u16>(value)?)),
        "BIT" => {
            let bytes: &[u8] = decoded(value)?;
            Value::Int(bytes.iter().fold(0, |bits, byte| bits << 8 | i64::from(*byte)))
        }
        "DATETIME" | "TIMESTAMP" | "DATE" | "TIME" => {
            let is_date = name == "DATE";
            let bytes: &[u8] = decoded(value)?;
            let text = if name == "TIME" { span(bytes) } else { moment(bytes, is_date) };
            Value::Text(text.ok_or_else(|| broken(column, "is cut short"))?)
        }
        "ENUM" | "SET" | "JSON" => Value::Text(decoded(value)?),
        _ if name.ends_with("UNSIGNED") => {
            let number: u64 = decoded(value)?;
            i64::try_from(number).map_or(Value::Real(number as f64), Value::Int)
        }
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" => {
            Value::Int(decoded(value)?)
        }
        // The server calls every column that is compared byte by byte binary; the character set says
        // whether it is text.
        _ if <str as Type<MySql>>::compatible(&kind) => Value::Text(decoded(value)?),
        _ => Value::Bytes(decoded(value)?),
    })
}

fn decoded<'r, T: Decode<'r, MySql>>(value: MySqlValueRef<'r>) -> Result<T, sqlx::Error> {
    T::decode(value).map_err(sqlx::Error::Decode)
}

fn broken(column: usize, what: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_string(), source: what.into() }
}

/// A number with as many digits as it needs; sums and means are such.
fn number(text: &str) -> Value {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    match whole.parse() {
        Ok(whole) if part.bytes().all(|digit| digit == b'0') => Value::Int(whole),
        _ => text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Real),
    }
}

/// Length, year (two bytes), month, day, hour, minute, second, µs (four bytes); zeros at the end are
/// left out.
fn moment(bytes: &[u8], is_date: bool) -> Option<String> {
    let mut all = [0; 12];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let [_, y0, y1, month, day, hour, minute, second, us @ ..] = all;
    let year = u16::from_le_bytes([y0, y1]);
    if is_date {
        return Some(format!("{year:04}-{month:02}-{day:02}"));
    }
    let ms = u32::from_le_bytes(us) / 1000;
    Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}"))
}

/// Length, sign, days (four bytes), hour, minute, second, µs (four bytes), likewise.
fn span(bytes: &[u8]) -> Option<String> {
    let mut all = [0; 13];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let [_, sign, d0, d1, d2, d3, hour, minute, second, us @ ..] = all;
    let hours = u32::from_le_bytes([d0, d1, d2, d3]) * 24 + u32::from(hour);
    let (sign, ms) = (if sign == 1 { "-" } else { "" }, u32::from_le_bytes(us) / 1000);
    Some(format!("{sign}{hours:02}:{minute:02}:{second:02}.{ms:03}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_apart() {
        let of = |bytes: &[u8]| moment(bytes, false);
        let whole = [11, 0xea, 7, 11, 1, 12, 0, 5, 0x90, 0xd0, 3, 0];
        assert_eq!(of(&whole).as_deref(), Some("2026-11-01 12:00:05.250"));
        assert_eq!(of(&whole[..8]).as_deref(), Some("2026-11-01 12:00:05.000"));
        assert_eq!(of(&whole[..5]).as_deref(), Some("2026-11-01 00:00:00.000"));
        assert_eq!(moment(&whole[..5], true).as_deref(), Some("2026-11-01"));
        assert_eq!(of(&[0; 13]), None);
        let time = [12, 1, 1, 0, 0, 0, 2, 3, 4, 0x90, 0xd0, 3, 0];
        assert_eq!(span(&time).as_deref(), Some("-26:03:04.250"));
        assert_eq!(span(&[0]).as_deref(), Some("00:00:00.000"));
    }

    #[test]
    fn whole_numbers_are_whole() {
        for (text, value) in [
            ("12", Value::Int(12)),
            ("-12.000", Value::Int(-12)),
            ("9007199254740993", Value::Int(9_007_199_254_740_993)),
            ("1.5000", Value::Real(1.5)),
            ("-0.25", Value::Real(-0.25)),
            ("99999999999999999999", Value::Real(1e20)),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }
}
