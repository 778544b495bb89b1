//! Decodes the text between two tags, which chunk boundaries may cut anywhere.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

/// Text decoded at once, in bytes.
const BUFFER: usize = 1 << 10;

/// Decodes one text after the other.
#[derive(Default)]
pub(in crate::web) struct TextDecoder {
    /// Of the current text, unless all of it was valid.
    decoder: Option<Decoder>,
    buffer: String,
}

impl TextDecoder {
    /// Passes the next piece of the current text to `take`.
    pub(in crate::web) fn feed(
        &mut self,
        piece: &[u8],
        encoding: &'static Encoding,
        take: impl FnMut(&str),
    ) {
        if self.decoder.is_none()
            && let Some(text) = as_it_is(piece, encoding)
        {
            let mut take = take;
            return take(text);
        }
        self.decoder.get_or_insert_with(|| encoding.new_decoder_without_bom_handling());
        self.decode(piece, false, take);
    }

    /// The text ends: a character of which only a part was there is passed to `take`.
    pub(in crate::web) fn finish(&mut self, take: impl FnMut(&str)) {
        self.decode(&[], true, take);
        self.decoder = None;
    }

    fn decode(&mut self, mut piece: &[u8], last: bool, mut take: impl FnMut(&str)) {
        let Some(decoder) = &mut self.decoder else { return };
        self.buffer.reserve(BUFFER);
        loop {
            let (result, read, _) = decoder.decode_to_string(piece, &mut self.buffer, last);
            take(&self.buffer);
            self.buffer.clear();
            piece = &piece[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
    }
}

/// The text of bytes that need no decoding.
fn as_it_is<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Option<&'b str> {
    if encoding == UTF_8 || Encoding::ascii_valid_up_to(bytes) == bytes.len() {
        std::str::from_utf8(bytes).ok()
    } else {
        None
    }
}
