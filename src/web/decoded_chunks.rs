//! The chunks of a body as a stream of UTF-8. They are never joined.

use std::io::{BufRead, Read};

use bytes::Bytes;
use encoding_rs::{CoderResult, Decoder, Encoding};

/// Bytes decoded at once.
const PIECE: usize = 32 << 10;

/// The chunks as UTF-8.
pub(super) struct DecodedChunks<'c> {
    chunks: std::slice::Iter<'c, Bytes>,
    /// What is left of the current chunk.
    input: &'c [u8],
    decoder: Decoder,
    text: Vec<u8>,
    read: usize,
    ended: bool,
}

impl<'c> DecodedChunks<'c> {
    pub(super) fn new(chunks: &'c [Bytes], encoding: &'static Encoding) -> Self {
        Self {
            chunks: chunks.iter(),
            input: &[],
            decoder: encoding.new_decoder(),
            text: vec![0; PIECE],
            read: PIECE,
            ended: false,
        }
    }
}

impl BufRead for DecodedChunks<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.read >= self.text.len() && !self.ended {
            if self.input.is_empty()
                && let Some(chunk) = self.chunks.next()
            {
                self.input = chunk;
            }
            let last = self.input.is_empty();
            self.text.resize(PIECE, 0);
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(self.input, &mut self.text, last);
            self.input = &self.input[read..];
            self.ended = last && result == CoderResult::InputEmpty;
            self.text.truncate(written);
            self.read = 0;
        }
        Ok(&self.text[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read += amount;
    }
}

impl Read for DecodedChunks<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let read = ready.read(to)?;
        self.consume(read);
        Ok(read)
    }
}
