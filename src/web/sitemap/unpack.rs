//! Decodes the bytes of a sitemap to text: gzip, detected by its magic bytes, then the encoding.

use std::fmt;

use bytes::Bytes;
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};

use super::item::{Limits, SitemapError};
use crate::web::charset;
use crate::web::decode;

/// Bytes from which the encoding is detected.
const HEAD: usize = 256;
/// Decoded bytes up to which any compression ratio is accepted.
const RATIO_CHECKED_ABOVE: u64 = 1 << 20;
/// Capacity of the buffer of decoded text, in bytes.
const PIECE: usize = 16 << 10;

/// Receives the decoded text.
pub(super) type Sink<'sink> = dyn FnMut(&str) -> Result<(), SitemapError> + 'sink;

enum Packing {
    /// The first two bytes have not arrived yet.
    Unknown,
    Plain,
    Gzip(Box<decode::Decoder>),
}

/// Decodes one sitemap, chunk by chunk.
pub(super) struct Unpacker {
    packing: Packing,
    limits: Limits,
    /// The file's first byte until the packing is known; then the first decoded bytes until the encoding is.
    head: Vec<u8>,
    decoder: Option<Decoder>,
    /// The `Content-Type` of the response.
    pub(super) content_type: Option<String>,
    read: u64,
    decoded: u64,
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacker").field("decoded", &self.decoded).finish_non_exhaustive()
    }
}

impl Unpacker {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            packing: Packing::Unknown,
            limits: *limits,
            head: Vec::new(),
            decoder: None,
            content_type: None,
            read: 0,
            decoded: 0,
        }
    }

    /// Bytes so far, after decompression.
    pub(super) const fn decoded(&self) -> u64 {
        self.decoded
    }

    pub(super) fn push(&mut self, chunk: &[u8], sink: &mut Sink<'_>) -> Result<(), SitemapError> {
        self.read += chunk.len() as u64;
        if !matches!(self.packing, Packing::Unknown) {
            return self.unpack(chunk, sink);
        }
        self.head.extend_from_slice(chunk);
        if self.head.len() < 2 {
            return Ok(());
        }
        self.begin(sink)
    }

    /// Ends the input and decodes the rest.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), SitemapError> {
        if matches!(self.packing, Packing::Unknown) {
            self.begin(sink)?;
        }
        while let Packing::Gzip(decoder) = &mut self.packing {
            match decoder.finish() {
                Ok(Some(piece)) => self.plain(&piece, sink)?,
                Ok(None) => break,
                Err(error) => {
                    self.decode(&[], true, sink)?;
                    return Err(self.broken(&error));
                }
            }
        }
        self.decode(&[], true, sink)
    }

    fn begin(&mut self, sink: &mut Sink<'_>) -> Result<(), SitemapError> {
        self.packing = if self.head.starts_with(b"\x1f\x8b") {
            Packing::Gzip(Box::new(decode::Decoder::gzip()))
        } else {
            Packing::Plain
        };
        let start = std::mem::take(&mut self.head);
        self.unpack(&start, sink)
    }

    fn unpack(&mut self, chunk: &[u8], sink: &mut Sink<'_>) -> Result<(), SitemapError> {
        if !matches!(self.packing, Packing::Gzip(_)) {
            return self.plain(chunk, sink);
        }
        let mut input = Bytes::copy_from_slice(chunk);
        while let Packing::Gzip(decoder) = &mut self.packing {
            match decoder.next(&mut input) {
                Ok(Some(piece)) => self.plain(&piece, sink)?,
                Ok(None) => break,
                Err(error) => return Err(self.broken(&error)),
            }
            let most = self.read.saturating_mul(u64::from(self.limits.ratio));
            if self.limits.ratio > 0 && self.decoded > most.max(RATIO_CHECKED_ABOVE) {
                return Err(SitemapError::Bomb { limit: self.limits.ratio });
            }
        }
        Ok(())
    }

    fn broken(&self, error: &std::io::Error) -> SitemapError {
        SitemapError::Gzip { at: self.decoded, cause: error.to_string() }
    }

    /// Counts uncompressed bytes against the limit and decodes them.
    fn plain(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), SitemapError> {
        let room = self.limits.bytes - self.decoded;
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        self.decoded += fits as u64;
        self.decode(&bytes[..fits], false, sink)?;
        if fits < bytes.len() {
            return Err(SitemapError::TooLarge { limit: self.limits.bytes });
        }
        Ok(())
    }

    /// The encoding of a document that begins with `head`.
    fn encoding(&self, head: &Bytes, is_whole: bool) -> &'static Encoding {
        match head[..] {
            // UTF-16 without a byte order mark: XML and URLs begin with ASCII (XML, appendix F).
            [1..=255, 0, 1..=255, 0, ..] => return UTF_16LE,
            [0, 1..=255, 0, 1..=255, ..] => return UTF_16BE,
            _ => {}
        }
        let start = head.slice(..head.len().min(HEAD));
        let is_whole = is_whole && start.len() == head.len();
        charset::of_page(&[start], is_whole, self.content_type.as_deref(), None)
    }

    fn decode(
        &mut self,
        bytes: &[u8],
        last: bool,
        sink: &mut Sink<'_>,
    ) -> Result<(), SitemapError> {
        let head;
        let mut bytes = bytes;
        if self.decoder.is_none() {
            self.head.extend_from_slice(bytes);
            if self.head.len() < HEAD && !last {
                return Ok(());
            }
            head = Bytes::from(std::mem::take(&mut self.head));
            self.decoder = Some(self.encoding(&head, last).new_decoder());
            bytes = &head;
        }
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let mut text = String::with_capacity(PIECE);
        loop {
            let (result, read, _) = decoder.decode_to_string(bytes, &mut text, last);
            sink(&text)?;
            text.clear();
            bytes = &bytes[read..];
            if result == CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}
