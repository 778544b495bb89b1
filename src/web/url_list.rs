//! Reads a list of URLs, one a line, in UTF-8 or UTF-16.

use std::fmt;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use url::Url;

use super::url::{parse_seed, trim_invisible};

/// The number of a line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineNumber(pub usize);

impl fmt::Display for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.0)
    }
}

/// The URLs of a list with their lines, or why a line is none; empty lines and those that begin with
/// `#` are skipped.
pub fn parse(list: &[u8]) -> impl Iterator<Item = (LineNumber, Result<Url, String>)> {
    lines(list).into_iter().enumerate().filter_map(|(index, line)| {
        let url = match line {
            Ok(line) => {
                let line = trim_invisible(&line);
                if line.is_empty() || line.starts_with('#') {
                    return None;
                }
                parse_seed(line).map_err(|error| error.to_string())
            }
            Err(reason) => Err(reason),
        };
        Some((LineNumber(index + 1), url))
    })
}

/// The lines of a list in UTF-8 or UTF-16, or why one cannot be read; they end with LF, CR or both.
fn lines(bytes: &[u8]) -> Vec<Result<String, String>> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (Some(encoding), &bytes[length..]),
        None => (None, bytes),
    };
    let unit: fn([u8; 2]) -> u16 = match (encoding, bytes) {
        (Some(encoding), _) if encoding == UTF_16LE => u16::from_le_bytes,
        (Some(encoding), _) if encoding == UTF_16BE => u16::from_be_bytes,
        // Without a byte order mark: a URL begins with ASCII.
        (None, [1..=255, 0, ..]) => u16::from_le_bytes,
        (None, [0, 1..=255, ..]) => u16::from_be_bytes,
        _ => return split(bytes, u16::from).map(utf8_line).collect(),
    };
    let (pairs, cut) = bytes.as_chunks();
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    let mut lines: Vec<_> = split(&units, |unit| unit).map(utf16_line).collect();
    if !cut.is_empty() {
        lines.push(Err("not UTF-16: it ends within a character".into()));
    }
    lines
}

/// The lines of a text of bytes or UTF-16 units.
fn split<T: Copy>(text: &[T], code: fn(T) -> u16) -> impl Iterator<Item = &[T]> {
    const LF: u16 = 10;
    const CR: u16 = 13;
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take().filter(|text| !text.is_empty())?;
        let is_end = |unit: &T| matches!(code(*unit), LF | CR);
        let Some(end) = text.iter().position(is_end) else { return Some(text) };
        let is_pair = code(text[end]) == CR && text.get(end + 1).is_some_and(|c| code(*c) == LF);
        rest = Some(&text[end + 1 + usize::from(is_pair)..]);
        Some(&text[..end])
    })
}

fn utf8_line(line: &[u8]) -> Result<String, String> {
    match std::str::from_utf8(line) {
        Ok(line) => Ok(line.to_owned()),
        // A comment is skipped in any encoding.
        Err(_) if line.trim_ascii_start().starts_with(b"#") => Ok(String::new()),
        Err(error) => {
            let at = error.valid_up_to();
            Err(format!("not UTF-8: byte {:02X} after {at} bytes", line[at]))
        }
    }
}

fn utf16_line(line: &[u16]) -> Result<String, String> {
    String::from_utf16(line).map_err(|_| "not UTF-16: half a pair of surrogates".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn shown(bytes: &[u8]) -> Vec<String> {
        let shown = |line: Result<String, String>| line.unwrap_or_else(|error| format!("!{error}"));
        lines(bytes).into_iter().map(shown).collect()
    }

    #[test]
    fn lines_end_in_every_way() {
        let table = [
            ("a\nb\n", vec!["a", "b"]),
            ("a\r\nb", vec!["a", "b"]),
            ("a\rb\r", vec!["a", "b"]),
            ("a\n\rb\r\r\nc", vec!["a", "", "b", "", "c"]),
            ("", vec![]),
            ("\u{feff}a\r\n", vec!["a"]),
            ("\u{feff}", vec![]),
            ("\u{fc}", vec!["\u{fc}"]),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text.as_bytes()), expected, "{text:?}");
            let marked = format!("\u{feff}{}", text.trim_start_matches('\u{feff}'));
            let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(shown(&little), expected, "{text:?}");
            assert_eq!(shown(&big), expected, "{text:?}");
        }
        let bare: Vec<u8> = "a\nb".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(shown(&bare), ["a", "b"]);
        let bare: Vec<u8> = "a\r\nb".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(shown(&bare), ["a", "b"]);
    }

    #[test]
    fn bad_lines_say_why() {
        assert_eq!(
            shown(b"a\n# caf\xe9\nb\xe9\r\xff\r\n\xc3\xbc\n\xc3"),
            [
                "a",
                "",
                "!not UTF-8: byte E9 after 1 bytes",
                "!not UTF-8: byte FF after 0 bytes",
                "\u{fc}",
                "!not UTF-8: byte C3 after 0 bytes"
            ]
        );
        assert_eq!(
            shown(b"\xff\xfea\0\n\0\0\xd8\n\0b\0\n"),
            [
                "a",
                "!not UTF-16: half a pair of surrogates",
                "b",
                "!not UTF-16: it ends within a character"
            ]
        );
    }
}
