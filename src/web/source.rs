//! The source of a page: its bytes in pieces, in UTF-8 where the scanner cannot read the encoding, and
//! its texts and values with references decoded.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{CoderResult, Encoding};
use memchr::memchr2;
use memchr::memmem::find_iter;

/// Bytes given to the scanner at once. It copies a piece that continues a cut tag.
const PIECE: usize = 32 << 10;

/// Passes the page to `write` in pieces, decoded to UTF-8 if the parser reads only that.
pub(super) fn feed<E>(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    mut write: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    if encoding.is_ascii_compatible() {
        chunks.iter().flat_map(|chunk| chunk.chunks(PIECE)).try_for_each(write)
    } else {
        decode(chunks, encoding, &mut |text| write(text.as_bytes()))
    }
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

/// Whether the bytes `wanted`, in any case, stand in the chunks. They are in lower case, and the first of
/// them is no letter.
pub(super) fn contains(chunks: &[Bytes], wanted: &[u8]) -> bool {
    let begins = |bytes: &[u8]| {
        bytes.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
    };
    let [first, second, ..] = *wanted else { return false };
    // The last bytes before a chunk, and its first ones.
    let mut seam: Vec<u8> = Vec::with_capacity(2 * wanted.len());
    for chunk in chunks {
        seam.extend_from_slice(&chunk[..chunk.len().min(wanted.len() - 1)]);
        let mut starts = [[first, second], [first, second.to_ascii_uppercase()]].into_iter();
        let is_in = |start: [u8; 2]| find_iter(chunk, &start).any(|at| begins(&chunk[at..]));
        if (0..seam.len()).any(|at| begins(&seam[at..])) || starts.any(is_in) {
            return true;
        }
        let end: &[u8] = if chunk.len() < wanted.len() { &seam } else { chunk };
        seam = end[end.len().saturating_sub(wanted.len() - 1)..].to_vec();
    }
    false
}

/// Whether nothing in `raw` is to be decoded.
fn is_plain(raw: &str) -> bool {
    memchr2(0, b'&', raw.as_bytes()).is_none()
}

/// The value of an attribute as written in the page, references decoded.
pub(super) fn value_of(raw: Cow<'_, str>) -> Cow<'_, str> {
    if is_plain(&raw) {
        return raw;
    }
    Cow::Owned(htmlize::unescape_attribute(raw.replace('\0', "\u{fffd}")).into_owned())
}

/// The text of a title, references decoded.
pub(super) fn title_of(raw: &str) -> Cow<'_, str> {
    if is_plain(raw) {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(htmlize::unescape(raw.replace('\0', "\u{fffd}")).into_owned())
}

/// Text between tags, references decoded.
pub(super) fn text_of(raw: &str) -> Cow<'_, str> {
    if is_plain(raw) {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(htmlize::unescape(raw.replace('\0', "")).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

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
        ] {
            assert_eq!(value_of(raw.into()), expected, "{raw:?}");
        }
        assert_eq!(text_of("a\0b &amp"), "ab &");
        assert_eq!(title_of("a\0b &amp"), "a\u{fffd}b &");
    }
}
