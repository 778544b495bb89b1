//! What a picture is made of: cells, and the colours that a terminal gives them.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::settings::appearance::ThemeName;

/// What can stand in a cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PictureCell {
    /// Its characters; nothing for a blank.
    pub text: String,
    /// Columns it takes: 2 for wide characters, 0 for what they cover.
    pub width: u8,
    /// Foreground.
    pub fg: CellInk,
    /// Background.
    pub bg: CellInk,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
}

/// A colour as a program names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CellInk {
    /// The terminal's own foreground.
    Text,
    /// The terminal's own background.
    Ground,
    /// One of 256.
    Index(u8),
    /// Its parts.
    Rgb(u8, u8, u8),
}

/// One row of the screen.
pub type PictureRow = Vec<PictureCell>;

/// A screen, row by row.
pub type PictureFrame = Vec<PictureRow>;

/// Reads a buffer that was drawn.
#[must_use]
pub fn of_buffer(buffer: &Buffer) -> PictureFrame {
    let area = buffer.area;
    (area.top()..area.bottom())
        .map(|y| {
            let mut covered = 0;
            (area.left()..area.right())
                .map(|x| {
                    let cell = of_cell(&buffer[(x, y)], covered > 0);
                    covered = if covered > 0 { covered - 1 } else { cell.width.saturating_sub(1) };
                    cell
                })
                .collect()
        })
        .collect()
}

fn of_cell(cell: &ratatui::buffer::Cell, covered: bool) -> PictureCell {
    let (mut fg, mut bg) = (ink(cell.fg, CellInk::Text), ink(cell.bg, CellInk::Ground));
    let has = |modifier| cell.modifier.contains(modifier);
    if has(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let symbol = cell.symbol();
    let blank = covered || symbol.trim().is_empty();
    PictureCell {
        text: if blank { String::new() } else { symbol.to_owned() },
        width: if covered { 0 } else { symbol.width().clamp(1, 2) as u8 },
        fg,
        bg,
        bold: has(Modifier::BOLD),
        dim: has(Modifier::DIM),
        underline: has(Modifier::UNDERLINED),
    }
}

fn ink(color: Color, own: CellInk) -> CellInk {
    match color {
        Color::Reset => own,
        Color::Rgb(r, g, b) => CellInk::Rgb(r, g, b),
        Color::Indexed(index) => CellInk::Index(index),
        Color::Black => CellInk::Index(0),
        Color::Red => CellInk::Index(1),
        Color::Green => CellInk::Index(2),
        Color::Yellow => CellInk::Index(3),
        Color::Blue => CellInk::Index(4),
        Color::Magenta => CellInk::Index(5),
        Color::Cyan => CellInk::Index(6),
        Color::Gray => CellInk::Index(7),
        Color::DarkGray => CellInk::Index(8),
        Color::LightRed => CellInk::Index(9),
        Color::LightGreen => CellInk::Index(10),
        Color::LightYellow => CellInk::Index(11),
        Color::LightBlue => CellInk::Index(12),
        Color::LightMagenta => CellInk::Index(13),
        Color::LightCyan => CellInk::Index(14),
        Color::White => CellInk::Index(15),
    }
}

/// How much of a dim colour is left, in percent.
const DIM: u32 = 55;

/// The 16 colours on a dark and on a light background, as 0xRRGGBB.
const DARK: [u32; 16] = [
    0x0015_191f,
    0x00e5_6b6f,
    0x007f_c98a,
    0x00e2_b55f,
    0x006c_a6ee,
    0x00c0_8be0,
    0x0056_c8d8,
    0x00c8_d0da,
    0x005a_6472,
    0x00f0_8a8d,
    0x009b_dba4,
    0x00f0_ca80,
    0x008d_bcf5,
    0x00d3_a8ee,
    0x007e_dbe8,
    0x00f2_f5f8,
];
const LIGHT: [u32; 16] = [
    0x0024_272e,
    0x00b3_1d28,
    0x0017_7a3f,
    0x0080_5a00,
    0x001f_5fbf,
    0x008a_2f8f,
    0x0007_6678,
    0x005c_6472,
    0x007a_808c,
    0x00c9_3a44,
    0x001f_8f4d,
    0x0096_6c00,
    0x002f_74d6,
    0x00a0_44a6,
    0x0010_7f92,
    0x000b_0d12,
];

/// The colours of a terminal.
#[derive(Debug, Clone, Copy)]
pub struct PictureColors {
    /// Its own foreground and background.
    text: u32,
    ground: u32,
    sixteen: [u32; 16],
}

impl PictureColors {
    /// Those of a terminal that a theme is meant for.
    #[must_use]
    pub const fn of(theme: ThemeName) -> Self {
        match theme {
            ThemeName::Light => Self { text: 0x0024_272e, ground: 0x00fb_fbfa, sixteen: LIGHT },
            ThemeName::HighContrast => Self { text: 0x00ff_ffff, ground: 0, sixteen: DARK },
            ThemeName::Dark | ThemeName::Mono => {
                Self { text: 0x00d5_dbe3, ground: 0x0015_191f, sixteen: DARK }
            }
        }
    }

    /// The background, as 0xRRGGBB.
    pub(super) const fn ground(&self) -> u32 {
        self.ground
    }

    /// A colour in numbers; dim ones lie nearer to the ground.
    pub(super) fn color(&self, ink: CellInk, dim: bool) -> u32 {
        let full = match ink {
            CellInk::Text => self.text,
            CellInk::Ground => self.ground,
            CellInk::Index(i @ 0..16) => self.sixteen[usize::from(i)],
            CellInk::Index(i @ 16..232) => {
                let level = |part: u8| if part == 0 { 0 } else { u32::from(part) * 40 + 55 };
                let i = i - 16;
                level(i / 36) << 16 | level(i / 6 % 6) << 8 | level(i % 6)
            }
            CellInk::Index(i) => (u32::from(i - 232) * 10 + 8) * 0x0001_0101,
            CellInk::Rgb(r, g, b) => u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
        };
        if !dim {
            return full;
        }
        [16, 8, 0].into_iter().fold(0, |mixed, shift| {
            let (part, ground) = (full >> shift & 0xff, self.ground >> shift & 0xff);
            mixed | ((part * DIM + ground * (100 - DIM)) / 100) << shift
        })
    }
}
