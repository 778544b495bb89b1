//! Gzip (RFC 1952) and zlib (RFC 1950): head and check sum around a deflate stream.
//!
//! The end of the deflate stream is the end of the data. Some servers leave out the check sum behind
//! it, or a part of it, and browsers read their pages; a check sum that is there must be right.

use std::io::{self, ErrorKind};

use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::{DecodeV2, DeflateDecoder};
use flate2::Crc;

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
        Wrapping::Gzip => Part::Head(GzipHead { read: 0, flags: 0, field: Field::Fixed }),
        Wrapping::Zlib => Part::ZlibHead(None),
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message)
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

/// The field of a gzip head that comes next.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// Magic number, method, flags, time, system: ten bytes.
    Fixed,
    /// Length of the extra field: two bytes, the first once it has come.
    ExtraLength(Option<u8>),
    /// So many bytes of the extra field are left.
    Extra(u16),
    /// Text that ends with a zero byte.
    Name,
    Comment,
    /// The check sum of the head: two bytes.
    HeadCheck,
}

/// Reads the head of a gzip member.
#[derive(Debug)]
struct GzipHead {
    /// Bytes read of the field.
    read: usize,
    flags: u8,
    field: Field,
}

impl GzipHead {
    const HEAD_CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;

    /// Takes one byte; whether the head ends with it.
    fn ends_with(&mut self, byte: u8) -> io::Result<bool> {
        let at = self.read;
        self.read += 1;
        match self.field {
            Field::Fixed => {
                let right = match at {
                    0 => byte == 0x1f,
                    1 => byte == 0x8b,
                    2 => byte == 8,
                    _ => true,
                };
                if !right {
                    return Err(invalid("invalid gzip header"));
                }
                if at == 3 {
                    self.flags = byte;
                }
                Ok(at == 9 && self.next_field())
            }
            Field::ExtraLength(None) => {
                self.field = Field::ExtraLength(Some(byte));
                Ok(false)
            }
            Field::ExtraLength(Some(low)) => {
                let length = u16::from_le_bytes([low, byte]);
                self.field = Field::Extra(length);
                Ok(length == 0 && self.next_field())
            }
            Field::Extra(left) => {
                self.field = Field::Extra(left - 1);
                Ok(left == 1 && self.next_field())
            }
            Field::Name | Field::Comment => Ok(byte == 0 && self.next_field()),
            Field::HeadCheck => Ok(at == 1),
        }
    }

    /// Moves to the next field that the flags name; whether there is none.
    fn next_field(&mut self) -> bool {
        self.read = 0;
        for (flag, field) in [
            (Self::EXTRA, Field::ExtraLength(None)),
            (Self::NAME, Field::Name),
            (Self::COMMENT, Field::Comment),
            (Self::HEAD_CHECK, Field::HeadCheck),
        ] {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                self.field = field;
                return false;
            }
        }
        true
    }
}

fn check_zlib_head(first: u8, second: u8) -> io::Result<()> {
    const PRESET_DICTIONARY: u8 = 0x20;
    let is_deflate = first & 0x0f == 8 && first >> 4 <= 7;
    let checked = u16::from_be_bytes([first, second]).is_multiple_of(31);
    if is_deflate && checked && second & PRESET_DICTIONARY == 0 {
        Ok(())
    } else {
        Err(invalid("invalid zlib header"))
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
