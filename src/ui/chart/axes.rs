//! Labels, grid and the axis of time.

use ratatui::layout::Rect;

use super::scale::Scale;
use super::window::ChartWindow;
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme;
use crate::ui::units;

/// Rows below the data: the axis, and what it spans.
pub const AXIS_ROWS: u16 = 2;

/// A change to be marked on the axis of time.
#[derive(Debug, Clone)]
pub struct ChangeMark {
    /// When, in seconds since the start of this run.
    pub at_s: f64,
    /// What was turned: of the same thing turned several times in a column or two the last value holds.
    pub what: String,
    /// The words for its new value.
    pub words: String,
}

/// Where data go.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// The rows above the axis.
    pub area: Rect,
    /// Which value stands on which row.
    pub scale: Scale,
    /// Which second stands in which column.
    pub window: ChartWindow,
}

/// The text of a label: whole numbers in groups, else as many decimals as its step has.
#[must_use]
pub fn label(value: f32, step: f32) -> String {
    if step >= 1.0 && step.fract() == 0.0 {
        return units::count(value.round() as u64);
    }
    let decimals = (0..4).find(|n| {
        let scaled = f64::from(step) * 10_f64.powi(*n);
        (scaled - scaled.round()).abs() < 1e-3
    });
    format!("{value:.*}", decimals.unwrap_or(3) as usize)
}

/// The y axis of an area, its rows above the axis: labels on its left, a dotted line across at each. Returns
/// the area right of it.
pub fn y_axis(painter: &mut Painter<'_>, area: Rect, scale: Scale) -> Rect {
    let (dim, faint) = (painter.theme.dim(), painter.theme.mark(Role::Faint));
    let labels: Vec<_> =
        scale.labels().map(|(row, value)| (row, label(value, scale.step))).collect();
    let gutter = labels.iter().map(|(_, words)| words.len()).max().unwrap_or(1) as u16;
    if area.width < gutter + 4 || area.height == 0 {
        return area;
    }
    for row in 0..area.height {
        painter.glyph(area, gutter, row, "│", faint);
    }
    for (row, words) in labels {
        let y = area.height - row;
        painter.text(area, gutter - words.len() as u16, y, &words, dim);
        painter.glyph(area, gutter, y, "┤", faint);
        for column in gutter + 1..area.width {
            if (column - gutter).is_multiple_of(2) {
                painter.glyph(area, column, y, "┈", faint);
            }
        }
    }
    Rect { x: area.x + gutter + 1, width: area.width - gutter - 1, ..area }
}

/// The axis of time below the data, with a mark for each change: when, which dial, and the words for its
/// new value. Its left end is named below it, `legend` stands in the middle where it fits.
pub fn time_axis(
    painter: &mut Painter<'_>,
    left: u16,
    plot: &Plot,
    marks: &[ChangeMark],
    legend: &[(Role, &'static str, &'static str)],
) {
    let theme = painter.theme;
    let faint = theme.mark(Role::Faint);
    let line = Rect { y: plot.area.bottom(), height: 1, ..plot.area };
    if plot.area.x > left {
        let zero = Rect { x: left, width: plot.area.x - left, ..line };
        painter.text(zero, zero.width.saturating_sub(2), 0, "0", theme.dim());
        painter.glyph(zero, zero.width - 1, 0, "╰", faint);
    }
    for column in 0..line.width {
        painter.glyph(line, column, 0, "─", faint);
    }
    put_marks(painter, line, plot, marks);
    let below = Rect { y: line.y + 1, ..line };
    let name = plot.window.name();
    let after = painter.text(below, 0, 0, &name, theme.dim()) + 2;
    painter.right(below, 0, "now", theme.dim());
    let width: usize = legend.iter().map(|(.., word)| text::width(word) + 4).sum();
    let room = below.width.saturating_sub(after + 5);
    if !legend.is_empty() && width as u16 <= room {
        let mut column = after + (room - width as u16) / 2;
        for (role, glyph, word) in legend {
            let glyph = if theme.has_color() { theme::FULL } else { glyph };
            painter.glyph(below, column, 0, glyph, theme.fill(*role));
            column = painter.text(below, column + 2, 0, word, theme.dim()) + 2;
        }
    }
}

/// Marks on the axis, and a dotted line up from each. Where one would run into the next they share a
/// label, `▲16 w32`, so that a burst of changes loses none that still holds.
fn put_marks(painter: &mut Painter<'_>, line: Rect, plot: &Plot, marks: &[ChangeMark]) {
    let theme = painter.theme;
    let style = theme.text(Role::Limit);
    // The oldest first.
    let mut placed: Vec<_> = marks
        .iter()
        .rev()
        .filter_map(|mark| Some((plot.window.column(mark.at_s)? as u16, mark)))
        .collect();
    placed.sort_by_key(|(column, _)| *column);
    let mut groups: Vec<(u16, Vec<&ChangeMark>)> = Vec::new();
    for (column, mark) in placed {
        match groups.last_mut() {
            Some((at, group)) if *at + text::width(&group_label(group)) as u16 + 1 > column => {
                group.retain(|other| other.what != mark.what);
                group.push(mark);
            }
            _ => groups.push((column, vec![mark])),
        }
    }
    for (column, group) in groups {
        for row in 0..plot.area.height {
            let there = painter.symbol(plot.area, column, row);
            if there.is_some_and(|s| matches!(s, " " | "┈")) {
                painter.glyph(plot.area, column, row, "┊", theme.mark(Role::Faint));
            }
        }
        let label = group_label(&group);
        // Moved in where it would be cut.
        let start = column.min(line.width.saturating_sub(text::width(&label) as u16));
        painter.text(line, start, 0, &label, style);
    }
}

fn group_label(group: &[&ChangeMark]) -> String {
    let words: Vec<_> = group.iter().map(|mark| mark.words.as_str()).collect();
    format!("{}{}", theme::MARK, words.join(" "))
}
