//! Content codings: decodes the bytes on the wire to the body, in pieces of bounded size.
//!
//! The HTTP client does not decode, because detecting a decompression bomb needs the length of both
//! sides. This module knows neither limits nor sockets.

use std::io::{self, ErrorKind};

use bytes::Bytes;
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{BrotliDecoder, DecodeV2, DeflateDecoder, ZstdDecoder};
use http::header::{CONTENT_ENCODING, HeaderMap};

use super::inflate::{Inflate, Wrapping};

/// Maximum length of a decoded piece, in bytes.
const PIECE: usize = 32 << 10;
/// Maximum number of codings applied to one body.
const MAX_LAYERS: usize = 2;
/// Largest window of zstd, as a power of two: 8 MiB is what RFC 9659 allows on the web.
const ZSTD_WINDOW: u32 = 23;

/// Registered codings that are not supported. Any other unknown name is taken for a mistake
/// (`utf-8`, `none`), and the body for not encoded.
const UNSUPPORTED: [&str; 8] =
    ["compress", "x-compress", "exi", "pack200-gzip", "aes128gcm", "dcb", "dcz", "x-bzip2"];

/// A decoder that may be moved between threads.
type Codec = Box<dyn DecodeV2 + Send + Sync>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// A decoder for data that begins with `first`.
    fn codec(self, first: u8) -> Codec {
        match self {
            Self::Gzip => Box::new(Inflate::new(Wrapping::Gzip)),
            // "deflate" means zlib (RFC 9110 section 8.4.1.2), but some servers send raw deflate. No raw
            // stream begins like a zlib header.
            Self::Deflate if first & 0x0f == 8 => Box::new(Inflate::new(Wrapping::Zlib)),
            Self::Deflate => Box::new(DeflateDecoder::new()),
            Self::Brotli => Box::new(BrotliDecoder::new()),
            Self::Zstd => {
                Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(ZSTD_WINDOW)]))
            }
        }
    }

    /// Whether `next`, the byte after the end of a member, begins another member.
    fn begins_member(self, next: u8) -> bool {
        match self {
            Self::Gzip => next == 0x1f,
            Self::Zstd => next == 0x28 || next & 0xf0 == 0x50,
            Self::Deflate | Self::Brotli => false,
        }
    }
}

/// The decoder of one coding.
struct Layer {
    coding: Coding,
    /// `None` before the first byte.
    codec: Option<Codec>,
    /// Whether the codec may hold output that did not fit into the last piece.
    has_output: bool,
    /// Whether a member has ended and no other has begun.
    ended: bool,
    piece: Box<[u8]>,
}

impl Layer {
    fn new(coding: Coding) -> Self {
        let piece = vec![0; PIECE].into_boxed_slice();
        Self { coding, codec: None, has_output: false, ended: false, piece }
    }

    /// Decodes the next piece from `input`; `None` when more input is needed.
    fn next(&mut self, input: &mut Bytes) -> io::Result<Option<Bytes>> {
        loop {
            if self.ended
                && let Some(&next) = input.first()
            {
                if !self.coding.begins_member(next) {
                    // Bytes after the end are ignored, as in browsers.
                    input.clear();
                    return Ok(None);
                }
                if let Some(codec) = &mut self.codec {
                    codec.reinit()?;
                }
                self.ended = false;
            }
            let codec = match (&mut self.codec, input.first()) {
                (Some(codec), _) => codec,
                (codec, Some(&first)) => codec.insert(self.coding.codec(first)),
                (None, None) => return Ok(None),
            };
            if input.is_empty() && !self.has_output {
                return Ok(None);
            }
            let mut output = WriteBuffer::new_initialized(&mut self.piece);
            if input.is_empty() {
                self.has_output = !codec.flush(&mut output)?;
            } else {
                let mut source = PartialBuffer::new(&input[..]);
                self.ended = codec.decode(&mut source, &mut output)?;
                let taken = source.written_len();
                self.has_output = !self.ended && output.has_no_spare_space();
                if taken == 0 && output.written_len() == 0 && !self.ended {
                    return Err(io::Error::new(ErrorKind::InvalidData, "no progress"));
                }
                bytes::Buf::advance(input, taken);
            }
            let length = output.written_len();
            if length > 0 {
                return Ok(Some(Bytes::copy_from_slice(&self.piece[..length])));
            }
        }
    }

    /// The next piece after the end of the input; an error when the data is incomplete.
    fn finish(&mut self) -> io::Result<Option<Bytes>> {
        let Some(codec) = self.codec.as_mut().filter(|_| !self.ended) else { return Ok(None) };
        let mut output = WriteBuffer::new_initialized(&mut self.piece);
        let finished = codec.finish(&mut output);
        let length = output.written_len();
        match finished {
            Ok(ended) => self.ended = ended,
            Err(_) if length > 0 => {}
            Err(_) => return Err(ErrorKind::UnexpectedEof.into()),
        }
        if length == 0 && !self.ended {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok((length > 0).then(|| Bytes::copy_from_slice(&self.piece[..length])))
    }
}

/// Decodes a body with one or two codings.
pub(super) struct Decoder {
    /// The coding that was applied last.
    outer: Layer,
    inner: Option<Layer>,
    /// Output of `outer` that `inner` has not read yet.
    between: Bytes,
}

impl Decoder {
    /// The decoder of a gzip file.
    pub(super) fn gzip() -> Self {
        Self { outer: Layer::new(Coding::Gzip), inner: None, between: Bytes::new() }
    }

    /// The decoder for the `Content-Encoding` of `headers`; `None` when the body is not encoded.
    ///
    /// # Errors
    /// A message when a coding is not supported or there are too many.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, String> {
        if !headers.contains_key(CONTENT_ENCODING) {
            return Ok(None);
        }
        let mut codings = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            for name in value.as_bytes().split(|&byte| byte == b',') {
                let name = name.trim_ascii().to_ascii_lowercase();
                match &name[..] {
                    b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
                    b"deflate" => codings.push(Coding::Deflate),
                    b"br" => codings.push(Coding::Brotli),
                    b"zstd" => codings.push(Coding::Zstd),
                    name => {
                        if let Some(name) =
                            UNSUPPORTED.iter().find(|known| known.as_bytes() == name)
                        {
                            return Err(format!("unknown coding {name}"));
                        }
                    }
                }
                if codings.len() > MAX_LAYERS {
                    return Err(format!("more than {MAX_LAYERS} codings"));
                }
            }
        }
        let Some(outer) = codings.pop() else { return Ok(None) };
        let inner = codings.pop().map(Layer::new);
        Ok(Some(Self { outer: Layer::new(outer), inner, between: Bytes::new() }))
    }

    /// Decodes the next piece of the body from `input`, at most 32 KiB; `None` when more input is needed.
    ///
    /// # Errors
    /// When the data does not follow its coding.
    pub(super) fn next(&mut self, input: &mut Bytes) -> io::Result<Option<Bytes>> {
        let Some(inner) = &mut self.inner else { return self.outer.next(input) };
        loop {
            if let Some(piece) = inner.next(&mut self.between)? {
                return Ok(Some(piece));
            }
            match self.outer.next(input)? {
                Some(piece) => self.between = piece,
                None => return Ok(None),
            }
        }
    }

    /// The next piece after the end of the input; `None` at the end of the body.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] when the body is not complete.
    pub(super) fn finish(&mut self) -> io::Result<Option<Bytes>> {
        let Some(inner) = &mut self.inner else { return self.outer.finish() };
        loop {
            if let Some(piece) = inner.next(&mut self.between)? {
                return Ok(Some(piece));
            }
            match self.outer.finish()? {
                Some(piece) => self.between = piece,
                None => return inner.finish(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::io::Write;

    use flate2::Compression;
    use proptest::prelude::*;

    use super::*;

    fn encode(coding: &str, body: &[u8]) -> Vec<u8> {
        match coding {
            "gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            "raw" => {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            "br" => {
                let mut encoded = Vec::new();
                brotli::CompressorWriter::new(&mut encoded, 4096, 3, 20).write_all(body).unwrap();
                encoded
            }
            "zstd" => zstd::encode_all(body, 1).unwrap(),
            _ => unreachable!(),
        }
    }

    fn decoder(codings: &str) -> Decoder {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, codings.parse().unwrap());
        Decoder::of(&headers).unwrap().unwrap()
    }

    /// Decodes `data`, fed `step` bytes at a time.
    fn decode(decoder: &mut Decoder, data: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        for part in data.chunks(step.max(1)) {
            let mut input = Bytes::copy_from_slice(part);
            while let Some(piece) = decoder.next(&mut input)? {
                assert!(!piece.is_empty() && piece.len() <= PIECE);
                body.extend_from_slice(&piece);
            }
            assert!(input.is_empty());
        }
        while let Some(piece) = decoder.finish()? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    const ALL: [(&str, &str); 5] = [
        ("gzip", "X-GZIP"),
        ("deflate", "deflate"),
        ("raw", "deflate"),
        ("br", "br"),
        ("zstd", " zstd , identity"),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_was_encoded_comes_back(
            length in 1_usize..200_000,
            run in 1_usize..500,
            step in prop_oneof![1_usize..20, 1_000_usize..70_000],
        ) {
            let body: Vec<u8> = (0..length).map(|n| ((n / run).wrapping_mul(31) >> 3) as u8).collect();
            for (coding, name) in ALL {
                let data = encode(coding, &body);
                prop_assert!(decode(&mut decoder(name), &data, step).unwrap() == body, "{coding}");
                if data.len() > 30 {
                    let error = decode(&mut decoder(name), &data[..data.len() - 20], step).unwrap_err();
                    prop_assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{}", coding);
                }
                let twice = encode("gzip", &data);
                let name = format!("{name}, gzip");
                prop_assert!(decode(&mut decoder(&name), &twice, step).unwrap() == body, "{coding}");
            }
        }

        #[test]
        fn garbage_ends(garbage in proptest::collection::vec(any::<u8>(), 1..3000), step in 1_usize..4000) {
            for (_, name) in ALL {
                let _ = decode(&mut decoder(name), &garbage, step);
                let _ = decode(&mut decoder(&format!("{name}, {name}")), &garbage, step);
            }
        }
    }

    #[test]
    fn lengths_around_a_piece() {
        for length in (PIECE - 3..PIECE + 3).chain(2 * PIECE - 3..2 * PIECE + 3) {
            let body: Vec<u8> = (0..length).map(|n| (n % 7) as u8).collect();
            for (coding, name) in ALL {
                for step in [1, 7, usize::MAX] {
                    let data = encode(coding, &body);
                    let decoded = decode(&mut decoder(name), &data, step).unwrap();
                    assert!(decoded == body, "{coding} {length} {step}: {}", decoded.len());
                }
            }
        }
    }

    #[test]
    fn nothing_is_nothing() {
        for (coding, name) in ALL {
            assert_eq!(decode(&mut decoder(name), b"", 1).unwrap(), b"", "{coding}");
            let data = encode(coding, b"");
            assert_eq!(decode(&mut decoder(name), &data, 1).unwrap(), b"", "{coding}");
        }
    }

    #[test]
    fn several_members_and_what_stands_behind() {
        for coding in ["gzip", "zstd"] {
            let data = [encode(coding, b"one "), encode(coding, b"two")].concat();
            for step in [1, 100_000] {
                assert_eq!(decode(&mut decoder(coding), &data, step).unwrap(), b"one two");
            }
        }
        let data = [&encode("gzip", b"one")[..], b"\0\0garbage"].concat();
        assert_eq!(decode(&mut decoder("gzip"), &data, 3).unwrap(), b"one");
    }

    #[test]
    fn codings_that_are_none() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, value.parse().unwrap());
            Decoder::of(&headers)
        };
        for value in ["", "identity", "utf-8", "none", "identity, identity"] {
            assert!(of(value).unwrap().is_none(), "{value}");
        }
        assert!(Decoder::of(&HeaderMap::new()).unwrap().is_none());
        assert_eq!(of("Compress").err().unwrap(), "unknown coding compress");
        assert_eq!(of("gzip, gzip, br").err().unwrap(), "more than 2 codings");
    }

    #[test]
    fn a_piece_of_a_bomb_is_small() {
        let bomb = encode("br", &vec![0; 64 << 20]);
        assert!(bomb.len() < 1000);
        let mut input = Bytes::from(bomb);
        let mut decoder = decoder("br");
        for _ in 0..100 {
            assert!(decoder.next(&mut input).unwrap().unwrap().len() <= PIECE);
        }
    }
}
