//! Filled columns, to an eighth of a cell.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::scale::Scale;
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::theme;

/// Eighths of a cell.
const CELL: u32 = 8;

/// Filled columns up to `top`.
pub fn area(painter: &mut Painter<'_>, area: Rect, bins: &[Option<f32>], top: f32, style: Style) {
    if area.height == 0 || top <= 0.0 {
        return;
    }
    let eighths = f32::from(area.height) * CELL as f32;
    for (column, value) in bins.iter().enumerate().take(area.width.into()) {
        let Some(value) = value else { continue };
        let level = (value / top * eighths).round().clamp(0.0, eighths) as u16;
        let level = if *value > 0.0 { level.max(1) } else { level };
        for row in 0..area.height {
            let above = level.saturating_sub((area.height - 1 - row) * 8).min(8);
            if above > 0 {
                let glyph = theme::COLUMNS[usize::from(above)];
                painter.glyph(area, column as u16, row, glyph, style);
            }
        }
    }
}

/// A chart without axes, where there is no room for one with.
pub fn sparkline(painter: &mut Painter<'_>, area: Rect, bins: &[Option<f32>], style: Style) {
    // A little air on top keeps it apart from the one above.
    let top = bins.iter().flatten().fold(1.0_f32, |a, b| a.max(*b)) * 1.1;
    self::area(painter, area, bins, top, style);
}

/// The strength of a hue in a row of an area, of `rows`, the axis below row 0.
#[must_use]
fn strength(row: u16, rows: u16) -> f32 {
    0.08 + 0.92 * (f32::from(row + 1) / f32::from(rows.max(1))).powf(0.75)
}

/// Columns of stacked parts, the first of them on the axis: each has its values in the order of
/// `roles`. The last part, the mass, is faintest at the axis, so that what lies there stands out.
/// Without colours a letter on the lowest row says that there is something of a part.
pub fn stacked<const N: usize>(
    painter: &mut Painter<'_>,
    area: Rect,
    scale: Scale,
    columns: &[Option<[f32; N]>],
    roles: [(Role, &'static str); N],
) {
    if area.height == 0 || N == 0 {
        return;
    }
    for (x, values) in columns.iter().enumerate().take(area.width.into()) {
        let Some(values) = values else { continue };
        let tops = tops(values, scale, area.height);
        for row in 0..area.height {
            one_cell(painter, area, (x as u16, row), &tops, roles);
        }
    }
}

/// The upper ends of the parts, in eighths of a cell above the axis. What is there at all has an eighth.
fn tops<const N: usize>(values: &[f32; N], scale: Scale, rows: u16) -> [u32; N] {
    let most = u32::from(rows) * CELL;
    let mut tops = [0; N];
    let (mut sum, mut below) = (0.0, 0);
    for (top, value) in tops.iter_mut().zip(values) {
        sum += value.max(0.0);
        let exact = (scale.row(sum) * CELL as f32).round().max(0.0) as u32;
        below = if *value > 0.0 { exact.max(below + 1) } else { below };
        *top = below.min(most);
    }
    tops
}

/// One cell: the part that fills it from below, and the next one behind it.
fn one_cell<const N: usize>(
    painter: &mut Painter<'_>,
    area: Rect,
    (x, row): (u16, u16),
    tops: &[u32; N],
    roles: [(Role, &'static str); N],
) {
    let theme = painter.theme;
    let from = u32::from(row) * CELL;
    let Some(lower) = tops.iter().position(|top| *top > from) else { return };
    let filled = (tops[lower] - from).min(CELL);
    let y = area.height - 1 - row;
    let style = |part: usize| {
        let strength = if part + 1 == N { strength(row, area.height) } else { 1.0 };
        theme.shade(roles[part].0, strength)
    };
    if !theme.has_color() {
        // What is small and matters has a letter; the mass has its height.
        let glyph = match roles[lower].1 {
            glyph if lower + 1 < N && row == 0 => glyph,
            _ => theme::COLUMNS[(tops[N - 1] - from).min(CELL) as usize],
        };
        painter.glyph(area, x, y, glyph, style(N - 1));
        return;
    }
    // Of several parts in the rest of the cell the one that fills most of it.
    let rest = (lower + 1..N).max_by_key(|part| {
        let begin = tops[part - 1].max(from);
        tops[*part].min(from + CELL).saturating_sub(begin)
    });
    let covers = |part: usize| {
        let begin = tops[part - 1].max(from);
        tops[part].min(from + CELL).saturating_sub(begin)
    };
    let mut ink = style(lower);
    if filled < CELL
        && let Some(upper) = rest
        && covers(upper) * 2 > CELL - filled
    {
        ink = theme.behind(ink, style(upper));
    }
    painter.glyph(area, x, y, theme::COLUMNS[filled as usize], ink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_each_other_and_none_is_lost() {
        let scale = Scale { rows: 8, every: 2, step: 20.0 };
        assert_eq!(tops(&[0.0, 0.0, 0.0, 40.0], scale, 8), [0, 0, 0, 32]);
        assert_eq!(tops(&[10.0, 0.0, 10.0, 20.0], scale, 8), [8, 8, 16, 32]);
        assert_eq!(tops(&[0.01, 0.01, 0.0, 40.0], scale, 8), [1, 2, 2, 32], "an eighth each");
        assert_eq!(tops(&[0.0, 0.0, 0.0, 1000.0], scale, 8)[3], 64, "it ends at the top");
    }

    #[test]
    fn an_area_is_faint_below_and_full_above() {
        assert!(strength(0, 10) < 0.3 && (strength(9, 10) - 1.0).abs() < 0.001);
    }
}
