//! Lines and intervals in braille, two dots a cell wide and four high.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::scale::Scale;
use crate::ui::paint::Painter;

/// The dot of a value, counted from the top: a value runs through the middle of its row.
fn dot_row(value: f32, scale: Scale, rows: u16) -> u32 {
    let high = u32::from(rows) * 4;
    let from_below = (scale.row(value) * 4.0 - 2.5).round().clamp(0.0, high as f32 - 1.0);
    high.saturating_sub(1 + from_below as u32)
}

/// The row of cells that a value stands on, counted from the top.
#[must_use]
pub fn row_of(value: f32, scale: Scale, rows: u16) -> u16 {
    (dot_row(value, scale, rows) / 4) as u16
}

/// A line. `points` holds two values a cell.
pub fn line(
    painter: &mut Painter<'_>,
    area: Rect,
    points: &[Option<f32>],
    scale: Scale,
    style: Style,
) {
    let (wide, high) = (usize::from(area.width) * 2, u32::from(area.height) * 4);
    if wide == 0 || high == 0 {
        return;
    }
    let mut dots = vec![0_u8; usize::from(area.width) * usize::from(area.height)];
    let mut before: Option<u32> = None;
    for (x, value) in points.iter().enumerate().take(wide) {
        let Some(value) = value else {
            before = None;
            continue;
        };
        let y = dot_row(*value, scale, area.height);
        // Joined to the point before by dots above or below this one.
        let (low, up) = match before {
            Some(b) if b > y => (y, b - 1),
            Some(b) if b < y => (b + 1, y),
            _ => (y, y),
        };
        for y in low..=up {
            let cell = y as usize / 4 * usize::from(area.width) + x / 2;
            dots[cell] |= dot(x % 2, y as usize % 4);
        }
        before = Some(y);
    }
    for (i, bits) in dots.iter().enumerate().filter(|(_, bits)| **bits != 0) {
        let (column, row) = (i % usize::from(area.width), i / usize::from(area.width));
        braille(painter, area, (column as u16, row as u16), *bits, style);
    }
}

/// Puts dots into a cell, beside those of another line that are there.
fn braille(painter: &mut Painter<'_>, area: Rect, at: (u16, u16), bits: u8, style: Style) {
    let there =
        painter.symbol(area, at.0, at.1).and_then(|s| s.chars().next()).map_or(0, u32::from);
    let there = if (0x2800..0x2900).contains(&there) { there - 0x2800 } else { 0 };
    if let Some(c) = char::from_u32(0x2800 + (there | u32::from(bits))) {
        painter.glyph(area, at.0, at.1, c.encode_utf8(&mut [0; 4]), style);
    }
}

/// A vertical line from `low` to `high` at a column of dots, two a cell: an interval. Nothing where it is
/// shorter than half a dot.
pub fn whisker(
    painter: &mut Painter<'_>,
    area: Rect,
    x: usize,
    (low, high): (f32, f32),
    scale: Scale,
    style: Style,
) {
    if area.height == 0 || !(low.is_finite() && high.is_finite()) {
        return;
    }
    if (scale.row(high) - scale.row(low)) * 4.0 < 0.5 {
        return;
    }
    let rows = dot_row(high, scale, area.height)..=dot_row(low, scale, area.height);
    for cell in rows.start() / 4..=rows.end() / 4 {
        let bits = (0..4)
            .filter(|dot| rows.contains(&(cell * 4 + dot)))
            .fold(0, |bits, d| bits | dot(x % 2, d as usize));
        braille(painter, area, ((x / 2) as u16, cell as u16), bits, style);
    }
}

/// The bit of a braille cell's dot.
const fn dot(column: usize, row: usize) -> u8 {
    match (column, row) {
        (0, 3) => 0x40,
        (_, 3) => 0x80,
        (0, row) => 1 << row,
        (_, row) => 8 << row,
    }
}
