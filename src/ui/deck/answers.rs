//! Answers by class of status: how many of each.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::panels::stages::ratio;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Glyph, name, count and role of a class.
pub type AnswerRow = (&'static str, &'static str, u64, Role);

/// The classes of answers, 2xx first, none last; 1xx counts as 2xx.
#[must_use]
pub fn rows(theme: Theme, s: &Snapshot) -> [AnswerRow; 5] {
    let [c1, c2, c3, c4, c5] = s.totals.by_class;
    let row = |status, name, n| (theme.status(status).0, name, n, Theme::status_role(status));
    [
        row(Some(200), "2xx", c1 + c2),
        row(Some(300), "3xx", c3),
        row(Some(400), "4xx", c4),
        row(Some(500), "5xx", c5),
        row(None, "none", s.totals.no_answer),
    ]
}

/// Lays out the classes as bars:
///
/// ```text
/// ╭─ answers ───────────── 12,404 pages ─╮
/// │ ✓ 2xx   11,902  ██████████████95.9 % │
/// │ ! 4xx      164  ▎              1.3 % │
/// ╰──────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let mut rows = rows(theme, s).to_vec();
    let all: u64 = rows.iter().map(|row| row.2).sum();
    let count = units::counted(all, "page", "pages");
    let segments = vec![Segment::new(0, count, theme.dim())];
    let inner = painter.panel(area, "answers", Role::Moved, segments);
    if all == 0 {
        painter.text(inner, 0, 0, "no answer so far", theme.dim());
        return;
    }
    // Where not all fit, classes without a response give way, the last of them first.
    while rows.len() > usize::from(inner.height)
        && let Some(nothing) = rows.iter().rposition(|row| row.2 == 0)
    {
        rows.remove(nothing);
    }
    for (i, (glyph, name, n, role)) in rows.into_iter().take(inner.height.into()).enumerate() {
        let row = i as u16;
        let (mark, number) = if n == 0 {
            (theme.dim(), theme.dim())
        } else {
            (theme.bold(role), theme.text(Role::Text))
        };
        painter.text(inner, 0, row, glyph, mark);
        painter.text(inner, 2, row, name, mark);
        let count = units::short_count(n);
        painter.text(inner, 15 - text::width(&count).min(8) as u16, row, &count, number);
        let share = ratio(n as f64, all as f64);
        let percent = format!("{:.1} %", share * 100.0);
        let bar = inner.width.saturating_sub(17 + 8);
        if bar >= 3 && n > 0 {
            // What is there at all can be seen.
            let least = 1.0 / (f64::from(bar) * 8.0);
            let fill = theme.fill(role);
            painter.bar(inner, 16, row, bar, share.max(least), fill);
        }
        painter.right(Rect { y: inner.y + row, height: 1, ..inner }, 0, &percent, theme.dim());
    }
}

/// All classes in one row: `✓ 2xx 11,902   » 3xx 301   ! 4xx 164   ✗ 5xx 37   ∅ none 0   ↻ 412 retries`.
pub fn one_row(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let mut segments: Vec<_> = rows(theme, s)
        .into_iter()
        .enumerate()
        .map(|(i, (glyph, name, n, role))| {
            let style = if n == 0 { theme.dim() } else { theme.bold(role) };
            let rank = if n == 0 { 10 } else { i as u8 };
            let head = Span::styled(format!("{glyph} {name} "), style);
            let number = if n == 0 { theme.dim() } else { theme.text(Role::Text) };
            Segment::of(rank, vec![head, Span::styled(units::short_count(n), number)])
        })
        .collect();
    let retries = units::counted(s.totals.retries, "retry", "retries");
    let style = if s.totals.retries == 0 { theme.dim() } else { theme.bold(Role::Retry) };
    let retries = vec![Span::styled("↻ ", style), Span::styled(retries, theme.dim())];
    segments.push(Segment::of(9, retries));
    painter.fit(area, 0, 3, segments);
}
