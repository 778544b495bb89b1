//! Charts out of cells: bins of history, filled columns, lines in braille, axes with round
//! numbers.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::Painter;
use super::theme;
use crate::crawl::protocol::snapshot::HistoryPoint;
use crate::ui::units;

/// Lengths of time that a chart may cover, in seconds.
const WINDOWS: [f64; 5] = [60.0, 120.0, 180.0, 300.0, 600.0];

/// The length of time to show: the shortest that holds the history, a maximum of ten minutes, and
/// no more than what `cells` can show in good detail.
#[must_use]
pub fn window(history: &[HistoryPoint], now: f64, cells: u16) -> f64 {
    let first = history.first().map_or(now, |p| p.at_s - 1.0);
    let detail = f64::from(cells) * 5.0;
    let held = WINDOWS.into_iter().find(|w| *w >= now - first).unwrap_or(WINDOWS[4]);
    let most = WINDOWS.into_iter().rev().find(|w| *w <= detail).unwrap_or(WINDOWS[0]);
    held.min(most)
}

/// The right edge of a chart: the end of the bin that holds `now`. Edges at multiples of a bin
/// keep points in their bins, so that a chart moves in steps and does not shimmer.
#[must_use]
pub fn edge(now: f64, window: f64, cells: usize) -> f64 {
    let bin = window / cells.max(1) as f64;
    (now / bin).ceil() * bin
}

/// The mean of a value in each of so many bins up to `now`; `None` where nothing was measured
/// (before the start), the bin before where the history is coarser than the bins.
#[must_use]
pub fn bins(
    history: &[HistoryPoint],
    now: f64,
    window: f64,
    cells: usize,
    value: impl Fn(&HistoryPoint) -> f32,
) -> Vec<Option<f32>> {
    let mut sums = vec![(0.0_f32, 0_u32); cells];
    if cells == 0 {
        return Vec::new();
    }
    let bin = window / cells as f64;
    let start = edge(now, window, cells) - window;
    let mut before = None;
    for point in history {
        let v = value(point);
        if !v.is_finite() {
            continue;
        }
        let at = (point.at_s - start) / bin;
        if at <= 0.0 {
            before = Some(v);
        } else if let Some(sum) = sums.get_mut((at.ceil() as usize).saturating_sub(1)) {
            *sum = (sum.0 + v, sum.1 + 1);
        }
    }
    // A second of history fills the bins it spans; a longer hole stays a hole.
    let reach = (1.5 / bin).ceil() as usize + 1;
    let mut last = before.map(|v| (v, 0));
    let newest = sums.iter().rposition(|s| s.1 > 0);
    sums.iter()
        .enumerate()
        .map(|(i, &(sum, n))| {
            if n > 0 {
                last = Some((sum / n as f32, i));
            }
            let (v, at) = last?;
            let fresh = i - at <= reach && newest.is_some_and(|newest| i <= newest);
            fresh.then_some(v)
        })
        .collect()
}

/// A round number at or above the value, and the step of its axis for about so many labels.
#[must_use]
pub fn scale(value: f32, labels: u16) -> (f32, f32) {
    let value = if value.is_finite() { value.max(1.0) } else { 1.0 };
    let rough = value / f32::from(labels.max(1));
    let power = 10_f32.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= rough * 0.999)
        .unwrap_or(10.0 * power)
        .max(1.0);
    ((value / step * 0.999).ceil().max(1.0) * step, step)
}

/// Filled columns, to an eighth of a cell.
pub fn area(painter: &mut Painter<'_>, area: Rect, bins: &[Option<f32>], top: f32, style: Style) {
    if area.height == 0 || top <= 0.0 {
        return;
    }
    let eighths = f32::from(area.height) * 8.0;
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

/// A line in braille, two points a cell wide and four high. `points` holds two values a cell.
pub fn line(painter: &mut Painter<'_>, area: Rect, points: &[Option<f32>], top: f32, style: Style) {
    let (wide, high) = (usize::from(area.width) * 2, u32::from(area.height) * 4);
    if wide == 0 || high == 0 || top <= 0.0 {
        return;
    }
    let height = |v: f32| {
        let from_below = (v / top * (high - 1) as f32).round().clamp(0.0, (high - 1) as f32);
        high - 1 - from_below as u32
    };
    let mut dots = vec![0_u8; usize::from(area.width) * usize::from(area.height)];
    let mut before: Option<u32> = None;
    for (x, value) in points.iter().enumerate().take(wide) {
        let Some(value) = value else {
            before = None;
            continue;
        };
        let y = height(*value);
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
    let mut glyph = [0; 4];
    for (i, bits) in dots.iter().enumerate().filter(|(_, bits)| **bits != 0) {
        let (column, row) = (i % usize::from(area.width), i / usize::from(area.width));
        if let Some(c) = char::from_u32(0x2800 + u32::from(*bits)) {
            painter.glyph(area, column as u16, row as u16, c.encode_utf8(&mut glyph), style);
        }
    }
}

/// A vertical line in braille from `low` to `high` at a column of dots, two a cell: an interval. Nothing where
/// it is shorter than half a dot.
pub fn whisker(
    painter: &mut Painter<'_>,
    area: Rect,
    x: usize,
    (low, high): (f32, f32),
    top: f32,
    style: Style,
) {
    let dots = u32::from(area.height) * 4;
    if dots == 0 || top <= 0.0 || !(low.is_finite() && high.is_finite()) {
        return;
    }
    let scale = (dots - 1) as f32;
    if (high - low) / top * scale < 0.5 {
        return;
    }
    let row = |v: f32| dots - 1 - (v / top * scale).round().clamp(0.0, scale) as u32;
    let mut glyph = [0; 4];
    for cell in row(high) / 4..=row(low) / 4 {
        let bits = (0..4)
            .filter(|dot| (row(high)..=row(low)).contains(&(cell * 4 + dot)))
            .fold(0, |bits, d| bits | dot(x % 2, d as usize));
        if let Some(c) = char::from_u32(0x2800 + u32::from(bits)) {
            let glyph = c.encode_utf8(&mut glyph);
            painter.glyph(area, (x / 2) as u16, cell as u16, glyph, style);
        }
    }
}

/// The row of cells that a value's dot is on.
#[must_use]
pub fn row_of(value: f32, top: f32, height: u16) -> u16 {
    let scale = f32::from(height) * 4.0 - 1.0;
    if height == 0 || top <= 0.0 || !value.is_finite() {
        return height.saturating_sub(1);
    }
    let up = (value / top * scale).round().clamp(0.0, scale);
    ((scale - up) / 4.0) as u16
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

/// Filled columns whose tops stand out: the eye follows the line, not the mass below it.
pub fn ridge(painter: &mut Painter<'_>, area: Rect, bins: &[Option<f32>], top: f32) {
    let (strong, dim) = (painter.theme.strong(), painter.theme.dim());
    self::area(painter, area, bins, top, dim);
    for column in 0..area.width {
        let filled = |painter: &Painter<'_>, row: u16| {
            painter.symbol(area, column, row).is_some_and(|s| s != " ")
        };
        if let Some(row) = (0..area.height).find(|row| filled(painter, *row)) {
            let thin =
                theme::COLUMNS[1..4].contains(&painter.symbol(area, column, row).unwrap_or(""));
            painter.restyle(area, column, row, strong);
            if thin {
                painter.restyle(area, column, row + 1, strong);
            }
        }
    }
}

/// A chart without axes, where there is no room for one with.
pub fn sparkline(painter: &mut Painter<'_>, area: Rect, bins: &[Option<f32>]) {
    // A little air on top keeps it apart from the one above.
    let top = bins.iter().flatten().fold(1.0_f32, |a, b| a.max(*b)) * 1.1;
    self::area(painter, area, bins, top, Style::new());
}

/// The y axis: round numbers above 0 on its left. Returns the area right of it.
pub fn y_axis(painter: &mut Painter<'_>, area: Rect, top: f32, step: f32) -> Rect {
    let dim = painter.theme.dim();
    let label = |v: f32| units::count(v.round() as u64);
    let gutter = label(top).len() as u16;
    if area.width < gutter + 4 || area.height < 2 {
        return area;
    }
    for row in 0..area.height {
        painter.glyph(area, gutter, row, "│", dim);
    }
    // A value stands on the row that it fills to the top.
    let mut value = step;
    let mut free = area.height;
    while value <= top * 1.001 {
        let up = (value / top * f32::from(area.height)).round() as u16;
        let row = area.height.saturating_sub(up.max(1)).min(area.height - 1);
        if row < free {
            let number = label(value);
            painter.text(area, gutter - number.len() as u16, row, &number, dim);
            painter.glyph(area, gutter, row, "┤", dim);
            free = row;
        }
        value += step;
    }
    Rect { x: area.x + gutter + 1, width: area.width - gutter - 1, ..area }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "round numbers are exact")]
mod tests {
    use super::*;

    fn history(seconds: std::ops::RangeInclusive<u32>) -> Vec<HistoryPoint> {
        seconds
            .map(|s| HistoryPoint { at_s: s.into(), pages_per_s: s as f32, ..Default::default() })
            .collect()
    }

    #[test]
    fn axes_end_on_round_numbers() {
        assert_eq!(scale(51.2, 3), (60.0, 20.0));
        assert_eq!(scale(640.0, 4), (800.0, 200.0));
        assert_eq!(scale(0.0, 3), (1.0, 1.0));
        assert_eq!(scale(f32::NAN, 3).0, 1.0);
        assert_eq!(scale(1.0e9, 3).0, 1.0e9);
    }

    #[test]
    fn bins_hold_means_and_holes() {
        let points = history(1..=60);
        let out = bins(&points, 60.0, 60.0, 30, |p| p.pages_per_s);
        assert_eq!(out.len(), 30);
        assert_eq!(out[0], Some(1.5));
        assert_eq!(out[29], Some(59.5));
        let early = bins(&history(1..=10), 10.0, 60.0, 60, |p| p.pages_per_s);
        assert_eq!(early.iter().flatten().count(), 10);
        assert_eq!(early[49], None);
        assert_eq!(bins(&points, 60.0, 60.0, 0, |p| p.pages_per_s).len(), 0);
    }

    #[test]
    fn finer_bins_repeat_a_second() {
        let out = bins(&history(1..=60), 60.0, 60.0, 120, |p| p.pages_per_s);
        assert!(out.iter().skip(2).all(Option::is_some), "{out:?}");
    }

    #[test]
    fn the_window_grows_with_the_run() {
        assert_eq!(window(&history(1..=30), 30.0, 60), 60.0);
        assert_eq!(window(&history(1..=170), 170.0, 60), 180.0);
        assert_eq!(window(&history(1..=600), 600.0, 60), 300.0);
        assert_eq!(window(&history(1..=600), 600.0, 140), 600.0);
    }
}
