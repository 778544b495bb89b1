//! Prepares the bytes of an HTML page for the parser: in UTF-8 where the parser cannot read the
//! encoding, and with `noscript` elements renamed.
//!
//! The parser takes the content of `noscript` for text, as browsers with scripts do. Under another name
//! it is markup, as for readers without scripts. The new name has the same length: its `p` is a control
//! character. Where the name stands in a text or an attribute, [`restore`] restores it.

use bytes::Bytes;
use encoding_rs::Encoding;
use memchr::memchr_iter;

use crate::web::source;

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
        source::decode(chunks, encoding, &mut |text| renamer.push(text.as_bytes()))?;
    }
    renamer.finish()
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

/// Restores the names that were changed in `text`.
pub(super) fn restore(text: &str) -> String {
    text.replace('\u{1}', "p").replace('\u{2}', "P")
}
