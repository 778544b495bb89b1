//! A body as it arrives: chunks kept as they are, length bounded.

use bytes::{Bytes, BytesMut};

/// Chunks smaller than this are put together: the handle of a chunk costs memory too, and a
/// server may send one byte at a time.
const SMALL: usize = 512;
/// So much is put together at most.
const GATHERED: usize = 16 << 10;

/// The chunks of a body.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    kept: Vec<Bytes>,
    small: BytesMut,
}

impl Chunks {
    /// Takes the next chunk.
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

    /// The whole body.
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
