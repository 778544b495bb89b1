//! Prepares the bytes of an HTML page for the parser: in UTF-8 where the parser cannot read the
//! encoding, and with `noscript` elements renamed.
//!
//! The parser takes the content of `noscript` for text, as browsers with scripts do. Under another name
//! it is markup, as for readers without scripts. The new name has the same length: its `p` is a control
//! character. Where the name stands in a text or an attribute, [`value_of`] and [`text_of`] restore it.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{CoderResult, Encoding};
use memchr::memchr_iter;

/// Bytes given to the parser at once. The parser copies a piece that continues a cut tag.
const PIECE: usize = 32 << 10;

const NAME: &[u8] = b"noscript";
/// The place of the character that is replaced in the name.
const PLACE: usize = 6;
/// What replaces `p` and `P`.
const MARKS: [(u8, u8); 2] = [(b'p', 1), (b'P', 2)];

/// Passes the page to `write` in pieces, decoded to UTF-8 if the parser reads only that.
pub(super) fn feed<E>(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    write: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut renamer = Renamer { held: Vec::new(), write };
    if encoding.is_ascii_compatible() {
        for piece in chunks.iter().flat_map(|chunk| chunk.chunks(PIECE)) {
            renamer.push(piece)?;
        }
    } else {
        decode(chunks, encoding, &mut |text| renamer.push(text.as_bytes()))?;
    }
    renamer.finish()
}

/// Passes the page to `write` as text, piece by piece.
pub(super) fn decode<E>(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    write: &mut impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let mut decoder = encoding.new_decoder();
    let mut buffer = String::with_capacity(PIECE);
    let pieces = chunks.iter().flat_map(|chunk| chunk.chunks(PIECE)).map(|piece| (piece, false));
    for (mut piece, last) in pieces.chain([(&[][..], true)]) {
        loop {
            let (result, read, _) = decoder.decode_to_string(piece, &mut buffer, last);
            write(&buffer)?;
            buffer.clear();
            piece = &piece[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
    }
    Ok(())
}

/// Whether the bytes `wanted`, in any case, stand in the chunks.
pub(super) fn contains(chunks: &[Bytes], wanted: &[u8]) -> bool {
    let begins = |bytes: &[u8]| {
        bytes.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
    };
    // The last bytes before a chunk, and its first ones.
    let mut seam: Vec<u8> = Vec::with_capacity(2 * wanted.len());
    for chunk in chunks {
        seam.extend_from_slice(&chunk[..chunk.len().min(wanted.len() - 1)]);
        let mut places = memchr_iter(wanted[0], chunk);
        if (0..seam.len()).any(|at| begins(&seam[at..])) || places.any(|at| begins(&chunk[at..])) {
            return true;
        }
        let end: &[u8] = if chunk.len() < wanted.len() { &seam } else { chunk };
        seam = end[end.len().saturating_sub(wanted.len() - 1)..].to_vec();
    }
    false
}

struct Renamer<W> {
    /// The start of a tag that the last piece has cut.
    held: Vec<u8>,
    write: W,
}

impl<E, W: FnMut(&[u8]) -> Result<(), E>> Renamer<W> {
    fn push(&mut self, piece: &[u8]) -> Result<(), E> {
        if self.held.is_empty() {
            return self.rename(piece);
        }
        let mut joined = std::mem::take(&mut self.held);
        joined.extend_from_slice(piece);
        self.rename(&joined)
    }

    fn finish(mut self) -> Result<(), E> {
        let held = std::mem::take(&mut self.held);
        (self.write)(&held)
    }

    fn rename(&mut self, piece: &[u8]) -> Result<(), E> {
        let mut end = piece.len();
        let mut renamed: Option<Vec<u8>> = None;
        for at in memchr_iter(b'<', piece) {
            let name = at + 1 + usize::from(piece.get(at + 1) == Some(&b'/'));
            let rest = &piece[name..];
            let length = rest.len().min(NAME.len());
            if !rest[..length].eq_ignore_ascii_case(&NAME[..length]) {
                continue;
            }
            if length < NAME.len() {
                // The piece ends here.
                end = at;
                break;
            }
            let place = name + PLACE;
            if let Some((_, mark)) = MARKS.iter().find(|(letter, _)| *letter == piece[place]) {
                renamed.get_or_insert_with(|| piece.to_vec())[place] = *mark;
            }
        }
        self.held.extend_from_slice(&piece[end..]);
        (self.write)(&renamed.as_deref().unwrap_or(piece)[..end])
    }
}

/// The value of an attribute as written in the page: names restored, entities decoded.
pub(super) fn value_of(raw: String) -> String {
    let is_plain = |byte: u8| byte > 2 && byte != b'&';
    if raw.bytes().all(is_plain) {
        return raw;
    }
    let restored = restore(&raw).replace('\0', "\u{fffd}");
    htmlize::unescape_attribute(restored).into_owned()
}

/// The text of a title, entities decoded.
pub(super) fn title_of(raw: &str) -> String {
    htmlize::unescape(restore(raw).replace('\0', "\u{fffd}")).into_owned()
}

/// Text between tags, entities decoded.
pub(super) fn text_of(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| byte > 2 && byte != b'&') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(htmlize::unescape(restore(raw).replace('\0', "")).into_owned())
}

/// Restores the names that were changed in `text`.
fn restore(text: &str) -> Cow<'_, str> {
    let mut restored = Cow::Borrowed(text);
    for (letter, mark) in MARKS {
        let [letter, mark] = [char::from(letter), char::from(mark)];
        if !restored.contains(mark) {
            continue;
        }
        let mut whole = String::with_capacity(restored.len());
        let mut rest = &*restored;
        while let Some(at) = rest.find(mark) {
            let (before, behind) = (&rest[..at], &rest[at + 1..]);
            let is_name = before.len() >= PLACE
                && before.as_bytes()[before.len() - PLACE..].eq_ignore_ascii_case(&NAME[..PLACE])
                && behind.starts_with(['t', 'T']);
            whole.push_str(before);
            whole.push(if is_name { letter } else { mark });
            rest = behind;
        }
        whole.push_str(rest);
        restored = Cow::Owned(whole);
    }
    restored
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::convert::Infallible;

    use super::*;

    fn fed(text: &str, size: usize) -> String {
        let chunks: Vec<_> = text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        let mut whole = Vec::new();
        let _: Result<(), Infallible> = feed(&chunks, encoding_rs::UTF_8, |piece| {
            whole.extend_from_slice(piece);
            Ok(())
        });
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn names_are_changed_and_restored_wherever_chunks_end() {
        for (text, changes) in [
            ("<noscript>x</noscript>", 2),
            ("<p><NoScripT a=b></NOSCRIPT ><<noscript/", 3),
            ("noscript < noscript <noscrip <nosc<noscript", 1),
            ("<a title='</noscript>'>\u{e9}</a><noscrip", 1),
            ("<noscript", 1),
            ("</", 0),
            ("<", 0),
            ("", 0),
        ] {
            for size in 1..12 {
                let fed = fed(text, size);
                let count = fed.bytes().filter(|byte| (1..=2).contains(byte)).count();
                assert_eq!(count, changes, "{text} in pieces of {size}");
                assert_eq!(restore(&fed), text, "in pieces of {size}");
            }
        }
        // Control characters of the page stay.
        assert_eq!(restore("noscri\u{1}x \u{2}t \u{1}"), "noscri\u{1}x \u{2}t \u{1}");
    }

    #[test]
    fn a_word_is_seen_wherever_chunks_end() {
        for (text, expected) in [
            ("<p><BASE href=x>", true),
            ("<p><base", true),
            ("<basefont>", true),
            ("<bas <b ase>", false),
            ("base", false),
            ("", false),
        ] {
            for size in 1..9 {
                let chunks: Vec<_> =
                    text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
                assert_eq!(contains(&chunks, b"<base"), expected, "{text} in pieces of {size}");
            }
        }
    }

    #[test]
    fn values_are_decoded() {
        for (raw, expected) in [
            ("plain", "plain"),
            ("&#35;top", "#top"),
            ("a\0b", "a\u{fffd}b"),
            ("a=1&amp;b&copy=2", "a=1&b&copy=2"),
            ("&lt;noscri\u{1}t&#62;", "<noscript>"),
        ] {
            assert_eq!(value_of(raw.to_owned()), expected, "{raw:?}");
        }
        assert_eq!(text_of("a\0b &amp"), "ab &");
        assert_eq!(title_of("a\0b &amp"), "a\u{fffd}b &");
    }
}
