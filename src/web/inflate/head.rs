//! The heads of gzip members (RFC 1952, 2.3) and zlib streams (RFC 1950, 2.2).

use std::io::{self, ErrorKind};

pub(super) fn invalid(message: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message)
}

/// The field of a gzip head that comes next.
#[derive(Debug, Clone, Copy)]
enum HeadField {
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
pub(super) struct GzipHead {
    /// Bytes read of the field.
    read: usize,
    flags: u8,
    field: HeadField,
}

impl GzipHead {
    pub(super) const fn new() -> Self {
        Self { read: 0, flags: 0, field: HeadField::Fixed }
    }

    const HEAD_CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;

    /// Takes one byte; whether the head ends with it.
    pub(super) fn ends_with(&mut self, byte: u8) -> io::Result<bool> {
        let at = self.read;
        self.read += 1;
        match self.field {
            HeadField::Fixed => {
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
            HeadField::ExtraLength(None) => {
                self.field = HeadField::ExtraLength(Some(byte));
                Ok(false)
            }
            HeadField::ExtraLength(Some(low)) => {
                let length = u16::from_le_bytes([low, byte]);
                self.field = HeadField::Extra(length);
                Ok(length == 0 && self.next_field())
            }
            HeadField::Extra(left) => {
                self.field = HeadField::Extra(left - 1);
                Ok(left == 1 && self.next_field())
            }
            HeadField::Name | HeadField::Comment => Ok(byte == 0 && self.next_field()),
            HeadField::HeadCheck => Ok(at == 1),
        }
    }

    /// Moves to the next field that the flags name; whether there is none.
    fn next_field(&mut self) -> bool {
        self.read = 0;
        for (flag, field) in [
            (Self::EXTRA, HeadField::ExtraLength(None)),
            (Self::NAME, HeadField::Name),
            (Self::COMMENT, HeadField::Comment),
            (Self::HEAD_CHECK, HeadField::HeadCheck),
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

pub(super) fn check_zlib_head(first: u8, second: u8) -> io::Result<()> {
    const PRESET_DICTIONARY: u8 = 0x20;
    let is_deflate = first & 0x0f == 8 && first >> 4 <= 7;
    let checked = u16::from_be_bytes([first, second]).is_multiple_of(31);
    if is_deflate && checked && second & PRESET_DICTIONARY == 0 {
        Ok(())
    } else {
        Err(invalid("invalid zlib header"))
    }
}
