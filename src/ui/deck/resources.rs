//! Saver and machine over time: who is slow on this side.

use ratatui::layout::Rect;

use crate::crawl::protocol::history::{HistoryPoint, ResourceLevels};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::chart::{self, ChartWindow, Zoom};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::units;

/// Columns for a name and a number.
const NAMES: u16 = 10;
const NUMBERS: u16 = 11;

/// A quantity: its name, its value as text, what of the history is drawn, and in which hue.
struct ResourceRow {
    name: &'static str,
    number: String,
    value: fn(&ResourceLevels) -> f32,
    role: Role,
}

fn rows(s: &Snapshot) -> [ResourceRow; 7] {
    let row = |name, number, value, role| ResourceRow { name, number, value, role };
    let saver = &s.saver;
    let pages = u64::from(saver.last_batch_pages);
    let late = units::duration(s.loop_delay.worst_10s_ms);
    [
        row("batch", units::counted(pages, "page", "pages"), |r| r.batch_pages, Role::High),
        row("write", units::duration(saver.last_transaction_ms), |r| r.transaction_ms, Role::High),
        row("buffer", units::bytes(saver.backlog_bytes), |r| r.backlog_kib, Role::High),
        row("rows/s", units::rate(saver.rows_per_s), |r| r.rows_per_s, Role::High),
        row("CPU", format!("{:.0} %", s.process.cpu_percent), |r| r.cpu_percent, Role::Low),
        row("memory", units::bytes(s.process.rss_bytes), |r| r.rss_mib, Role::Low),
        row("loop late", late, |r| r.loop_late_ms, Role::Low),
    ]
}

/// Lays out a strip each, on a scale of its own:
///
/// ```text
/// ╭─ saver and machine ───── each on its own scale ─╮
/// │ batch       64 pages  ▃▄▄▅▅▃▂▅▃▃▆▄▅▄▅▃▅▆▄▅▅▃▅▅▃ │
/// │ write         4.2 ms  ▃▂▃▂▃▃▁▁▂▃▂▂▂▂▂▂▂▂▃▂▃▃▃▂▁ │
/// ╰─────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    let theme = painter.theme;
    let note = vec![Segment::new(0, "each on its own scale", theme.dim())];
    let inner = painter.panel(area, "saver and machine", Role::Low, note);
    let rows = rows(s);
    // The last row is the axis of time.
    let free = inner.height.saturating_sub(1);
    let each = (free / rows.len() as u16).max(1);
    let before = NAMES + NUMBERS + 2;
    let plot = Rect { x: inner.x + before, width: inner.width.saturating_sub(before), ..inner }
        .intersection(inner);
    let window = ChartWindow::new(s, zoom, plot.width);
    for (i, row) in rows.into_iter().enumerate() {
        let top = i as u16 * each;
        if top >= free {
            break;
        }
        painter.text(inner, 0, top, row.name, theme.dim());
        let width = text::width(&row.number).min(NUMBERS.into()) as u16;
        painter.text(inner, NAMES + NUMBERS - width, top, &row.number, theme.text(Role::Text));
        let means = window.means(s, |point: &HistoryPoint| (row.value)(&point.resources));
        let strip = Rect { y: inner.y + top, height: each.min(free - top), ..plot };
        // A row of air keeps one strip apart from the next, where there is one.
        let air = u16::from(strip.height > 1);
        let strip = Rect { height: strip.height - air, ..strip };
        let most = means.iter().flatten().fold(0.0_f32, |a, b| a.max(*b));
        if most > 0.0 {
            chart::area(painter, strip, &means, most, theme.fill(row.role));
        } else {
            for column in 0..strip.width {
                painter.glyph(strip, column, 0, "·", theme.mark(Role::Faint));
            }
        }
    }
    let line = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..plot }.intersection(inner);
    painter.text(line, 0, 0, &window.name(), theme.dim());
    painter.right(line, 0, "now", theme.dim());
}
