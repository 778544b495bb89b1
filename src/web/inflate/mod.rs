//! Gzip (RFC 1952) and zlib (RFC 1950): head and check sum around a deflate stream.
//!
//! The end of the deflate stream is the end of the data. Some servers leave out the check sum behind
//! it, or a part of it, and browsers read their pages; a check sum that is there must be right.

mod head;

use std::io::{self, ErrorKind};

use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::{DecodeV2, DeflateDecoder};
use flate2::Crc;

use head::{GzipHead, check_zlib_head, invalid};

/// The format around the deflate stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    Gzip,
    Zlib,
}

/// The part of the data that comes next.
#[derive(Debug)]
enum Part {
    Head(GzipHead),
    /// The two bytes of a zlib head, the first once it has come.
    ZlibHead(Option<u8>),
    Deflate,
    /// What has come of the check sum, and of the length that follows it in gzip.
    Check([u8; 8], usize),
    End,
}

/// Decodes one member of gzip, or one zlib stream.
#[derive(Debug)]
pub(super) struct Inflate {
    wrapping: Wrapping,
    part: Part,
    deflate: DeflateDecoder,
    crc: Crc,
    adler: Adler,
}

impl Inflate {
    pub(super) fn new(wrapping: Wrapping) -> Self {
        Self {
            wrapping,
            part: first_part(wrapping),
            deflate: DeflateDecoder::new(),
            crc: Crc::new(),
            adler: Adler::default(),
        }
    }

    /// Takes in output from byte `from` on.
    fn sum(&mut self, output: &WriteBuffer<'_>, from: usize) {
        match self.wrapping {
            Wrapping::Gzip => self.crc.update(&output.written()[from..]),
            Wrapping::Zlib => self.adler.update(&output.written()[from..]),
        }
    }

    /// Takes one byte of the check; whether it is complete.
    fn check(&mut self, byte: u8) -> io::Result<bool> {
        let Part::Check(seen, length) = &mut self.part else { return Ok(false) };
        seen[*length] = byte;
        *length += 1;
        let expected = match (self.wrapping, *length) {
            (Wrapping::Gzip, 4) => self.crc.sum().to_le_bytes(),
            (Wrapping::Zlib, 4) => self.adler.sum().to_be_bytes(),
            (Wrapping::Gzip, 8) => self.crc.amount().to_le_bytes(),
            _ => return Ok(false),
        };
        if seen[*length - 4..*length] != expected {
            return Err(invalid("the check sum does not match"));
        }
        Ok(self.wrapping == Wrapping::Zlib || *length == 8)
    }
}

const fn first_part(wrapping: Wrapping) -> Part {
    match wrapping {
        Wrapping::Gzip => Part::Head(GzipHead::new()),
        Wrapping::Zlib => Part::ZlibHead(None),
    }
}

impl DecodeV2 for Inflate {
    fn reinit(&mut self) -> io::Result<()> {
        self.deflate.reinit()?;
        self.part = first_part(self.wrapping);
        self.crc.reset();
        self.adler = Adler::default();
        Ok(())
    }

    fn decode(
        &mut self,
        input: &mut PartialBuffer<&[u8]>,
        output: &mut WriteBuffer<'_>,
    ) -> io::Result<bool> {
        while let Some(&byte) = input.unwritten().first() {
            match &mut self.part {
                Part::Head(head) => {
                    input.advance(1);
                    if head.ends_with(byte)? {
                        self.part = Part::Deflate;
                    }
                }
                Part::ZlibHead(first @ None) => {
                    input.advance(1);
                    *first = Some(byte);
                }
                Part::ZlibHead(Some(first)) => {
                    input.advance(1);
                    check_zlib_head(*first, byte)?;
                    self.part = Part::Deflate;
                }
                Part::Deflate => {
                    let from = output.written_len();
                    let ended = self.deflate.decode(input, output);
                    self.sum(output, from);
                    if ended? {
                        self.part = Part::Check([0; 8], 0);
                    }
                    if output.has_no_spare_space() {
                        break;
                    }
                }
                Part::Check(..) => {
                    input.advance(1);
                    if self.check(byte)? {
                        self.part = Part::End;
                    }
                }
                Part::End => break,
            }
        }
        Ok(matches!(self.part, Part::End))
    }

    fn flush(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        if !matches!(self.part, Part::Deflate) {
            return Ok(true);
        }
        let from = output.written_len();
        let flushed = self.deflate.flush(output);
        self.sum(output, from);
        flushed
    }

    /// Whether the deflate stream has ended; its check sum may be missing.
    fn finish(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        match self.part {
            Part::Head(_) | Part::ZlibHead(_) => Err(ErrorKind::UnexpectedEof.into()),
            Part::Check(..) | Part::End => Ok(true),
            Part::Deflate => {
                let from = output.written_len();
                let ended = self.deflate.finish(output);
                self.sum(output, from);
                ended
            }
        }
    }
}

/// The check sum of zlib.
#[derive(Debug)]
struct Adler {
    low: u32,
    high: u32,
}

impl Default for Adler {
    fn default() -> Self {
        Self { low: 1, high: 0 }
    }
}

impl Adler {
    const MODULUS: u32 = 65_521;
    /// So many bytes can be added before the sums could overflow.
    const RUN: usize = 5_552;

    fn update(&mut self, bytes: &[u8]) {
        for run in bytes.chunks(Self::RUN) {
            for &byte in run {
                self.low += u32::from(byte);
                self.high += self.low;
            }
            self.low %= Self::MODULUS;
            self.high %= Self::MODULUS;
        }
    }

    const fn sum(&self) -> u32 {
        self.high << 16 | self.low
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::io::Write;

    use flate2::{Compression, write};

    use super::*;

    const BODY: &[u8] = b"The end of the stream is the end of the data, whatever follows it.";

    fn gzip() -> Vec<u8> {
        let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(BODY).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib() -> Vec<u8> {
        let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(BODY).unwrap();
        encoder.finish().unwrap()
    }

    /// Decodes `data`, fed `step` bytes at a time, the output eight bytes at a time.
    fn decode(wrapping: Wrapping, data: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let (mut body, mut piece) = (Vec::new(), [0; 8]);
        let mut decoder = Inflate::new(wrapping);
        for part in data.chunks(step) {
            let mut input = PartialBuffer::new(part);
            while !input.unwritten().is_empty() {
                let mut output = WriteBuffer::new_initialized(&mut piece);
                let ended = decoder.decode(&mut input, &mut output)?;
                body.extend_from_slice(output.written());
                if ended {
                    return Ok(body);
                }
            }
        }
        loop {
            let mut output = WriteBuffer::new_initialized(&mut piece);
            let ended = decoder.finish(&mut output);
            body.extend_from_slice(output.written());
            match ended {
                Ok(true) => return Ok(body),
                Ok(false) if output.written_len() > 0 => {}
                _ => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    #[test]
    fn a_check_sum_may_be_missing_and_nothing_else() {
        for (wrapping, data, sum) in [(Wrapping::Gzip, gzip(), 8), (Wrapping::Zlib, zlib(), 4)] {
            for step in [1, 3, 1000] {
                for length in 1..=data.len() {
                    let decoded = decode(wrapping, &data[..length], step);
                    if length + sum >= data.len() {
                        assert_eq!(decoded.unwrap(), BODY, "{wrapping:?}, {length} bytes");
                    } else {
                        let kind = decoded.unwrap_err().kind();
                        assert_eq!(kind, ErrorKind::UnexpectedEof, "{wrapping:?}, {length} bytes");
                    }
                }
            }
        }
    }

    #[test]
    fn a_check_sum_that_is_there_must_be_right() {
        for (wrapping, data, sum) in [(Wrapping::Gzip, gzip(), 8), (Wrapping::Zlib, zlib(), 4)] {
            for at in data.len() - sum..data.len() {
                let mut bent = data.clone();
                bent[at] ^= 1;
                let error = decode(wrapping, &bent, 5).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData, "{wrapping:?}, byte {at}");
            }
        }
        // The check sum is complete and wrong, the length behind it is missing.
        let mut bent = gzip();
        let length = bent.len() - 4;
        bent[length - 1] ^= 0x80;
        assert_eq!(
            decode(Wrapping::Gzip, &bent[..length], 9).unwrap_err().kind(),
            ErrorKind::InvalidData
        );
    }

    #[test]
    fn heads_of_every_kind() {
        let plain = gzip();
        let fields: [(u8, &[u8]); 6] = [
            (1, b""),
            (4, b"\x05\x00extra"),
            (4, b"\x00\x00"),
            (8, b"name.html\0"),
            (16, b"a comment\0"),
            (2, b"\x12\x34"),
        ];
        for chosen in 0..1_u32 << fields.len() {
            let mut data = plain[..10].to_vec();
            for (index, (flag, field)) in fields.iter().enumerate() {
                if chosen & 1 << index != 0 && (*flag == 1 || data[3] & flag == 0) {
                    data[3] |= flag;
                    data.extend_from_slice(field);
                }
            }
            data.extend_from_slice(&plain[10..]);
            for step in [1, 7, 1000] {
                assert_eq!(decode(Wrapping::Gzip, &data, step).unwrap(), BODY, "{chosen:b}");
            }
        }
        for head in [&b"\x1f\x8c\x08"[..], b"\x1f\x8b\x07", b"<html>"] {
            let error = decode(Wrapping::Gzip, head, 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{head:?}");
        }
        // A wrong check, a preset dictionary, a window that is too large.
        for head in [&b"\x78\x9d"[..], b"\x78\xbb", b"\x88\x1c"] {
            let error = decode(Wrapping::Zlib, head, 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{head:?}");
        }
    }
}
