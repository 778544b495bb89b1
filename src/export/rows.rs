//! Rows as CSV and as lines of JSON.

use std::borrow::Cow;
use std::io::Write;

use serde_json::value::RawValue;

use super::error::ExportError;
use super::tables::{ExportTable, is_json};
use crate::store::{Columns, Value};

/// What a spreadsheet takes for the beginning of a formula, its full-width forms too.
const BEGINS_FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Writes rows one after the other.
pub(super) trait RowWriter {
    /// Writes one row.
    fn row(&mut self, columns: &Columns, values: &[Value]) -> Result<(), ExportError>;

    /// Writes out what is buffered.
    fn end(&mut self) -> Result<(), ExportError>;
}

/// CSV (RFC 4180): a line of names, then a line per row; hashes as hex, null as nothing, control
/// characters as U+FFFD.
pub(super) struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Begins with the names of the columns.
    pub(super) fn new(to: W, table: ExportTable) -> Result<Self, ExportError> {
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        csv.write_record(table.columns)?;
        Ok(Self(csv))
    }
}

impl<W: Write> RowWriter for Csv<W> {
    fn row(&mut self, _: &Columns, values: &[Value]) -> Result<(), ExportError> {
        for value in values {
            match value {
                Value::Null => self.0.write_field("")?,
                Value::Int(number) => self.0.write_field(number.to_string())?,
                Value::Real(number) => self.0.write_field(number.to_string())?,
                Value::Text(text) => self.0.write_field(&*guarded(&printable(text)))?,
                Value::Bytes(bytes) => self.0.write_field(hex(bytes))?,
            }
        }
        self.0.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), ExportError> {
        Ok(self.0.flush()?)
    }
}

/// A text without control characters, which a terminal would obey: each becomes U+FFFD. Tabs and line
/// ends stay: RFC 4180 allows them in a quoted cell.
fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    if text.contains(obeyed) { text.replace(obeyed, "\u{FFFD}").into() } else { text.into() }
}

/// A text in which no formula begins a cell: not at its start, and not behind what some spreadsheets
/// take for the end of a cell (`;`, a tab, a line end).
fn guarded(text: &str) -> Cow<'_, str> {
    let mut begins = true;
    let mut guards = Vec::new();
    for (at, letter) in text.char_indices() {
        let separates = matches!(letter, ';' | '\t' | '\r' | '\n');
        if begins && (BEGINS_FORMULA.contains(&letter) || (at == 0 && letter.is_ascii_control())) {
            guards.push(at);
        }
        // Some drop these before they look.
        let is_blank = matches!(letter, ' ' | '\u{a0}' | '\u{feff}' | '\u{3000}');
        begins = separates || (begins && is_blank);
    }
    if guards.is_empty() {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + guards.len());
    let mut from = 0;
    for at in guards {
        safe.push_str(&text[from..at]);
        safe.push('\'');
        from = at;
    }
    (safe + &text[from..]).into()
}

/// One JSON object per line, names in the order of the columns; hashes as hex, JSON as JSON.
pub(super) struct JsonLines<W: Write> {
    to: W,
}

impl<W: Write> JsonLines<W> {
    pub(super) const fn new(to: W) -> Self {
        Self { to }
    }
}

impl<W: Write> RowWriter for JsonLines<W> {
    fn row(&mut self, columns: &Columns, values: &[Value]) -> Result<(), ExportError> {
        let mut before = '{';
        for (name, value) in columns.0.iter().zip(values) {
            write!(self.to, "{before}{}:", json_string(name))?;
            match value {
                Value::Null => write!(self.to, "null")?,
                Value::Int(number) => write!(self.to, "{number}")?,
                Value::Real(number) => write!(self.to, "{}", serde_json::Value::from(*number))?,
                Value::Text(json) if is_json(name) => {
                    // Whatever else stands there is a text.
                    match serde_json::from_str::<&RawValue>(json) {
                        Ok(json) if !json.get().contains('\n') => {
                            write!(self.to, "{}", escaped(json.get()))?;
                        }
                        _ => write!(self.to, "{}", json_string(json))?,
                    }
                }
                Value::Text(words) => write!(self.to, "{}", json_string(words))?,
                Value::Bytes(bytes) => write!(self.to, "{}", json_string(&hex(bytes)))?,
            }
            before = ',';
        }
        Ok(writeln!(self.to, "}}")?)
    }

    fn end(&mut self) -> Result<(), ExportError> {
        Ok(self.to.flush()?)
    }
}

fn json_string(text: &str) -> String {
    escaped(&serde_json::Value::from(text).to_string()).into_owned()
}

/// JSON whose strings have escapes for DEL and the control characters above it, which JSON allows and a
/// terminal would obey.
fn escaped(json: &str) -> Cow<'_, str> {
    let obeyed = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    if !json.contains(obeyed) {
        return json.into();
    }
    let escape = |c: char| {
        if obeyed(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    json.chars().map(escape).collect::<String>().into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn no_cell_holds_what_a_terminal_would_obey() {
        for (text, safe) in [
            ("\u{1b}]0;title\u{7}", "\u{FFFD}]0;title\u{FFFD}"),
            ("a\0b\u{8}\u{7f}", "a\u{FFFD}b\u{FFFD}\u{FFFD}"),
            ("\u{9b}31m", "\u{FFFD}31m"),
            ("a\tb\r\nc", "a\tb\r\nc"),
            ("plain 🦀", "plain 🦀"),
        ] {
            assert_eq!(printable(text), safe);
            let json = json_string(text);
            assert!(!json.contains(char::is_control), "{json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn no_cell_begins_with_what_a_spreadsheet_would_run() {
        for (text, safe) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
            (" =1", " '=1"),
            ("＝1", "'＝1"),
            ("\u{feff}=1", "\u{feff}'=1"),
            ("x;=HYPERLINK(A1)", "x;'=HYPERLINK(A1)"),
            ("x\n  @y;\t-z", "x\n  '@y;\t'-z"),
        ] {
            assert_eq!(guarded(text), safe);
        }
        for text in ["", "a=1", "1-1", "https://a/?b=c;d=e", "'=1", "–1", "a\tb;c", "🦀;🦀"] {
            assert_eq!(guarded(text), text);
        }
    }
}
