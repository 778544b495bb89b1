//! Which character encoding a page is in: byte order mark, header, `meta`, a guess.
//!
//! It follows the order of the HTML standard (13.2.3.2) and reads no further than the
//! first [`PRESCAN`] bytes for a declaration.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes at the start of a page in which a declaration is looked for.
const PRESCAN: usize = 1024;

/// The encoding of a page; the one of its byte order mark, its `Content-Type`, its `meta`
/// elements, or UTF-8 if it is valid as such, windows-1252 otherwise.
pub(super) fn of_page(chunks: &[Bytes], content_type: Option<&str>) -> &'static Encoding {
    let head: Vec<u8> = chunks.iter().flatten().copied().take(PRESCAN).collect();
    if let Some((encoding, _)) = Encoding::for_bom(&head) {
        return encoding;
    }
    content_type
        .and_then(of_header)
        .or_else(|| declared(&head))
        .unwrap_or_else(|| if is_utf8(chunks) { UTF_8 } else { WINDOWS_1252 })
}

/// The `charset` parameter of a `Content-Type`.
fn of_header(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("charset") {
            return None;
        }
        let label = value.trim().trim_matches(|c| c == '"' || c == '\'');
        Encoding::for_label_no_replacement(label.as_bytes())
    })
}

/// The encoding that a page declares in its first bytes.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = head.to_ascii_lowercase();
    let mut rest = &head[..];
    while let Some(at) = rest.iter().position(|&byte| byte == b'<') {
        rest = &rest[at..];
        if rest.starts_with(b"<!--") {
            let end = find(&rest[2..], b"-->")?;
            rest = &rest[2 + end + 3..];
            continue;
        }
        let end = rest.iter().position(|&byte| byte == b'>').unwrap_or(rest.len());
        let (tag, after) = rest.split_at(end);
        rest = after;
        let label = if tag.starts_with(b"<meta") {
            value_of(tag, b"charset")
        } else if tag.starts_with(b"<?xml") {
            value_of(tag, b"encoding")
        } else {
            None
        };
        if let Some(encoding) = label.and_then(Encoding::for_label_no_replacement) {
            // A page whose declaration can be read as ASCII is not in UTF-16.
            let lies = encoding == UTF_16LE || encoding == UTF_16BE;
            return Some(if lies { UTF_8 } else { encoding });
        }
    }
    None
}

/// The value behind `name=` in a tag, quoted or not, inside `content="…"` as well.
fn value_of<'tag>(tag: &'tag [u8], name: &[u8]) -> Option<&'tag [u8]> {
    let mut rest = tag;
    loop {
        rest = &rest[find(rest, name)? + name.len()..];
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let end = value
            .iter()
            .position(|&byte| byte.is_ascii_whitespace() || b"\"';/?>".contains(&byte))
            .unwrap_or(value.len());
        return Some(&value[..end]);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Whether the chunks together are valid UTF-8; a character cut off at the very end is no fault.
fn is_utf8(chunks: &[Bytes]) -> bool {
    // The start of a character that a boundary between chunks cuts.
    let mut cut: Vec<u8> = Vec::with_capacity(4);
    for chunk in chunks {
        let mut chunk = &chunk[..];
        while let (false, Some((&byte, rest))) = (cut.is_empty(), chunk.split_first()) {
            cut.push(byte);
            chunk = rest;
            match std::str::from_utf8(&cut) {
                Ok(_) => cut.clear(),
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(chunk) {
            if error.error_len().is_some() {
                return false;
            }
            cut.extend_from_slice(&chunk[error.valid_up_to()..]);
        }
    }
    true
}
