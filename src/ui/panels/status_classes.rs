//! Responses by class of status.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::stages::ratio;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::paint::{Painter, Segment};
use crate::ui::units;

/// Names, counts and styles of the classes worth a row.
fn classes(painter: &Painter<'_>, snapshot: &Snapshot) -> Vec<(&'static str, u64, Style)> {
    let theme = painter.theme;
    let [c1, c2, c3, c4, c5] = snapshot.totals.by_class;
    let mut rows = vec![
        ("2xx", c2, Style::new()),
        ("3xx", c3, Style::new()),
        ("4xx", c4, theme.warn()),
        ("5xx", c5, theme.error()),
        ("none", snapshot.totals.no_answer, theme.error()),
    ];
    if c1 > 0 {
        rows.insert(0, ("1xx", c1, Style::new()));
    }
    rows
}

/// Lays out the classes as bars:
///
/// ```text
/// ╭─ status classes ──────────────╮
/// │ 2xx    11,902 ███████████████ │
/// │ 4xx       164 ▎               │
/// ╰───────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let inner = painter.frame(area, &[Span::styled("status classes", theme.strong())], vec![]);
    let mut rows = classes(painter, snapshot);
    // Where not all fit, classes without a response give way, the last of them first.
    while rows.len() > usize::from(inner.height)
        && let Some(nothing) = rows.iter().rposition(|row| row.1 == 0)
    {
        rows.remove(nothing);
    }
    let most = rows.iter().map(|r| r.1).max().unwrap_or(0);
    for (i, (name, n, style)) in rows.into_iter().take(inner.height.into()).enumerate() {
        let row = i as u16;
        let style = if n == 0 { theme.dim() } else { style };
        painter.text(inner, 0, row, name, style);
        let number = units::count(n);
        let start = 15_u16.saturating_sub(number.len() as u16).max(5);
        let bar = start + number.len() as u16 + 1;
        painter.text(inner, start, row, &number, style);
        if n > 0 && inner.width > bar {
            // One response of a class is seen beside a million of another.
            let whole = inner.width - bar;
            let share = ratio(n as f64, most as f64).max(1.0 / 8.0 / f64::from(whole));
            let eighths = (share * f64::from(whole) * 8.0).round() as u16;
            for cell in 0..eighths.div_ceil(8) {
                let filled = usize::from((eighths - cell * 8).min(8));
                let glyph = if filled == 8 {
                    crate::ui::theme::FULL
                } else {
                    crate::ui::theme::EIGHTHS[filled]
                };
                painter.glyph(inner, bar + cell, row, glyph, style);
            }
        }
    }
}

/// The same on one row.
pub fn one_row(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let mut segments = vec![Segment::new(0, "statuses", theme.strong())];
    for (i, (name, n, style)) in classes(painter, snapshot).into_iter().enumerate() {
        let style = if n == 0 { theme.dim() } else { style };
        segments.push(Segment::of(
            1 + i as u8,
            vec![
                Span::styled(format!("{name} "), theme.dim()),
                Span::styled(units::count(n), style),
            ],
        ));
    }
    painter.fit(area, 0, 3, segments);
}
