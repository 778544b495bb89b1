//! Numbers in large type: five rows of blocks a digit, in any whole size.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::paint::Painter;
use crate::ui::theme;

/// Rows of a digit.
pub const ROWS: u16 = 5;

/// The rows of a character, top first, a bit a pair of cells, the highest on the left.
const fn bits(c: char) -> ([u8; 5], u16) {
    match c {
        '0' => ([0b111, 0b101, 0b101, 0b101, 0b111], 3),
        '1' => ([0b010, 0b110, 0b010, 0b010, 0b111], 3),
        '2' => ([0b111, 0b001, 0b111, 0b100, 0b111], 3),
        '3' => ([0b111, 0b001, 0b111, 0b001, 0b111], 3),
        '4' => ([0b101, 0b101, 0b111, 0b001, 0b001], 3),
        '5' => ([0b111, 0b100, 0b111, 0b001, 0b111], 3),
        '6' => ([0b111, 0b100, 0b111, 0b101, 0b111], 3),
        '7' => ([0b111, 0b001, 0b001, 0b010, 0b010], 3),
        '8' => ([0b111, 0b101, 0b111, 0b101, 0b111], 3),
        '9' => ([0b111, 0b101, 0b111, 0b001, 0b111], 3),
        'k' => ([0b100, 0b101, 0b110, 0b101, 0b101], 3),
        'M' => ([0b10001, 0b11011, 0b10101, 0b10001, 0b10001], 5),
        '.' => ([0, 0, 0, 0, 0b1], 1),
        '–' => ([0, 0, 0b111, 0, 0], 3),
        _ => ([0; 5], 1),
    }
}

/// Columns of a number at a size.
#[must_use]
pub fn width(number: &str, size: u16) -> u16 {
    let columns = number.chars().map(|c| (bits(c).1 * 2 + 1) * size).sum::<u16>();
    columns.saturating_sub(size)
}

/// Draws a number; returns the column after it.
pub fn draw(painter: &mut Painter<'_>, area: Rect, number: &str, size: u16, style: Style) -> u16 {
    let mut column = 0;
    for c in number.chars() {
        let (rows, wide) = bits(c);
        for y in 0..ROWS * size {
            for x in 0..wide * 2 * size {
                let bit = wide - 1 - x / (2 * size);
                if rows[usize::from(y / size)] >> bit & 1 == 1 {
                    painter.glyph(area, column + x, y, theme::FULL, style);
                }
            }
        }
        column += (wide * 2 + 1) * size;
    }
    column.saturating_sub(size)
}

/// A number in at most four characters: `51`, `640`, `1.2k`, `12k`, `3.4M`.
#[must_use]
pub fn short(value: f64) -> String {
    let value = value.max(0.0);
    if value < 999.5 {
        return format!("{value:.0}");
    }
    let (value, unit) = if value < 999_500.0 { (value / 1e3, "k") } else { (value / 1e6, "M") };
    if value < 9.95 {
        format!("{value:.1}{unit}")
    } else {
        format!("{:.0}{unit}", value.min(999.0))
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_fit_in_four_characters() {
        let shown =
            [0.0, 51.2, 999.4, 999.6, 1_240.0, 12_404.0, 999_900.0, 3_400_000.0, 1e12].map(short);
        assert_eq!(shown, ["0", "51", "999", "1.0k", "1.2k", "12k", "1.0M", "3.4M", "999M"]);
    }
}
