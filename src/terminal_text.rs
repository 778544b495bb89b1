//! Text for a terminal: what it would obey, and a reader would not see, is escaped.
//!
//! It imports no other module of the crate.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a character orders text from right to left or overrides the order, unseen.
#[must_use]
pub const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a terminal may obey it instead of showing it: control characters, also those above ASCII, and
/// those that order text from right to left. Tabs and line feeds are plain text.
fn is_obeyed(c: char) -> bool {
    !matches!(c, '\t' | '\n') && (c.is_control() || is_bidi(c))
}

/// The text with `\u` and four hexadecimal digits for each character that a terminal may obey, as JSON and
/// TOML write them in strings.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_obeyed(c) {
            // All of them are in the basic plane.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Escapes as [`escaped`] does, where the text comes in pieces; a carriage return before a line feed stays,
/// since it ends a line of CSV. Bytes that are no UTF-8 become U+FFFD.
#[derive(Debug)]
pub struct EscapingWriter<W: Write> {
    to: W,
    /// Whether anything is escaped.
    escapes: bool,
    /// The end of the last piece, whose meaning the next one decides: part of a character, or a carriage
    /// return.
    held: Vec<u8>,
}

impl<W: Write> EscapingWriter<W> {
    /// A writer to `to`, which gets every byte as it is unless `escapes`.
    pub const fn new(to: W, escapes: bool) -> Self {
        Self { to, escapes, held: Vec::new() }
    }

    fn write_text(&mut self, text: &str) -> io::Result<()> {
        let mut lines = text.split("\r\n");
        self.to.write_all(escaped(lines.next().unwrap_or_default()).as_bytes())?;
        for line in lines {
            self.to.write_all(b"\r\n")?;
            self.to.write_all(escaped(line).as_bytes())?;
        }
        Ok(())
    }
}

/// Bytes at the end that may become something else with the next ones.
fn undecided(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let Some(lead) = tail.iter().rposition(|byte| *byte >= 0xc0) else { return 0 };
    match std::str::from_utf8(&tail[lead..]) {
        Err(error) if error.error_len().is_none() => tail.len() - lead,
        _ => 0,
    }
}

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.escapes {
            return self.to.write(bytes);
        }
        let mut piece = std::mem::take(&mut self.held);
        piece.extend_from_slice(bytes);
        self.held = piece.split_off(piece.len() - undecided(&piece));
        self.write_text(&String::from_utf8_lossy(&piece))?;
        Ok(bytes.len())
    }

    /// Writes out what was held as well: call it when no more is to come.
    fn flush(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.write_text(&String::from_utf8_lossy(&held))?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    const CASES: [(&str, &str); 6] = [
        ("plain\tü 🦀\n", "plain\tü 🦀\n"),
        ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
        ("\u{9b}31m\u{7f}", "\\u009b31m\\u007f"),
        ("safe\u{202e}gpj.exe\u{2066}\u{61c}", "safe\\u202egpj.exe\\u2066\\u061c"),
        ("overwritten\rby", "overwritten\\u000dby"),
        ("", ""),
    ];

    fn written(text: &[u8], piece: usize, escapes: bool) -> String {
        let mut out = Vec::new();
        let mut writer = EscapingWriter::new(&mut out, escapes);
        for bytes in text.chunks(piece) {
            writer.write_all(bytes).unwrap();
        }
        writer.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        for (text, safe) in CASES {
            assert_eq!(escaped(text), safe);
        }
    }

    #[test]
    fn pieces_of_any_size_make_the_same_text() {
        for (text, safe) in CASES.into_iter().chain([("a,b\r\nc\r\r\n", "a,b\r\nc\\u000d\r\n")]) {
            for piece in 1..=9 {
                assert_eq!(written(text.as_bytes(), piece, true), safe, "{piece}");
                assert_eq!(written(text.as_bytes(), piece, false), text, "{piece}");
            }
        }
        for piece in 1..=3 {
            assert_eq!(written(b"a\x9bb\xe2\x82", piece, true).matches('\u{FFFD}').count(), 2);
        }
    }
}
