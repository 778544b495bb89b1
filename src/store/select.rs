//! The rows of a `SELECT`, the same from every database.

/// A value of a row.
///
/// Whole numbers are [`Value::Int`] whatever the database counts in, times are
/// [`Value::Text`] as `YYYY-MM-DD HH:MM:SS.mmm` in UTC, hashes are [`Value::Bytes`], truth is
/// 1 or 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// The number, if it is a whole one.
    #[must_use]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub const fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }
}

/// Names of the columns, in the order of the values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns(pub Vec<String>);

/// Receives one row after the other; returns false to stop.
pub type RowSink<'a> = &'a mut (dyn FnMut(&Columns, &[Value]) -> bool + Send);
