//! Collects the chunks of a body as they arrive; small chunks are merged.

use bytes::{Bytes, BytesMut};

/// Chunks shorter than this, in bytes, are merged: each chunk has a fixed cost in memory, and a
/// server may send one byte at a time.
const SMALL: usize = 512;
/// Maximum length of a merged chunk, in bytes, before one more small chunk.
const GATHERED: usize = 16 << 10;

/// The chunks of a body.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    kept: Vec<Bytes>,
    small: BytesMut,
}

impl Chunks {
    /// Appends the next chunk.
    pub(super) fn push(&mut self, chunk: Bytes) {
        if chunk.len() < SMALL {
            self.small.extend_from_slice(&chunk);
            if self.small.len() >= GATHERED {
                self.flush();
            }
        } else {
            self.flush();
            self.kept.push(chunk);
        }
    }

    /// All chunks of the body.
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        self.flush();
        self.kept
    }

    fn flush(&mut self) {
        if !self.small.is_empty() {
            self.kept.push(self.small.split().freeze());
        }
    }
}
