//! The measured table: what each setting gave.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::MeasuredRow;
use crate::ui::clicks::ClickTarget;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::tables::{self, TableState};
use crate::ui::theme::Theme;
use crate::ui::units;

/// A share of failed answers from which on a row is marked.
const BAD: f64 = 0.02;
/// Columns of the bar of pages per second, and fewest that say anything.
const BAR: u16 = 8;
const LEAST_BAR: u16 = 4;

/// A column: its title, its width, and from which width of the table on it is shown.
struct MeasuredColumn {
    title: &'static str,
    width: u16,
    from: u16,
    cell: fn(&MeasuredRow) -> String,
}

const fn column(
    title: &'static str,
    width: u16,
    from: u16,
    cell: fn(&MeasuredRow) -> String,
) -> MeasuredColumn {
    MeasuredColumn { title, width, from, cell }
}

/// The columns; the bar stands after pages per second.
const COLUMNS: [MeasuredColumn; 15] = [
    column("permits", 7, 0, |r| r.permits.to_string()),
    column("work", 5, 0, |r| r.workers.to_string()),
    column("rate", 6, 74, |r| r.rate.map_or_else(|| "off".to_owned(), units::rate)),
    column("held", 6, 0, |r| units::elapsed(r.held_s)),
    column("pages/s", 8, 0, |r| units::rate(r.pages_per_s.value)),
    column("±", 4, 0, half_width),
    column("p50", 6, 0, |r| milliseconds(r.p50_ms)),
    column("p95", 6, 0, |r| milliseconds(r.p95_ms)),
    column("×low", 5, 0, ratio),
    column("err%", 5, 0, |r| share(r.error_share)),
    column("429%", 5, 74, |r| share(r.refused_share)),
    column("retries", 8, 86, |r| units::count(r.retries)),
    column("loop", 5, 92, |r| format!("{:.0}", r.loop_delay_ms)),
    column("CPU%", 5, 98, |r| format!("{:.0}", r.cpu_percent)),
    column("pages", 8, 106, |r| units::count(r.pages)),
];
/// The column after which the bar stands.
const PAGES: usize = 4;

fn half_width(row: &MeasuredRow) -> String {
    let ci = row.pages_per_s.ci;
    if ci.is_finite() && ci < 9_999.5 { format!("{ci:.0}") } else { "?".to_owned() }
}

fn milliseconds(value: f64) -> String {
    match value {
        0.0..9.95 if value > 0.0 => format!("{value:.1}"),
        9.95.. => units::count(value.round() as u64),
        _ => "–".to_owned(),
    }
}

fn ratio(row: &MeasuredRow) -> String {
    if row.latency_ratio > 0.0 {
        format!("{:.1}", row.latency_ratio.min(999.0))
    } else {
        "–".to_owned()
    }
}

fn share(share: f64) -> String {
    format!("{:.1}", 100.0 * share.clamp(0.0, 1.0))
}

/// Lays out the rows:
///
/// ```text
/// ╭─ measured ──────────────────── each setting held long enough ─╮
/// │   permits  work  held pages/s            ±  p50  p95  ×low err% │
/// │         8    24 00:15    47.1 ━━         2  170  190   1.0  0.2 │
/// │ ✓      48   104 01:22   214.0 ━━━━━━━━   8  221  262   1.3  0.3 │
/// │ ▶      58   124 00:06   217.0 ━━━━━━━━  24  262  301   1.5  0.3 │
/// │ ✓ best: 48 permits, 98 % of the most pages/s at 1.3 × the lowest latency │
/// ╰────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, table: &mut TableState, snapshot: &Snapshot) {
    let theme = painter.theme;
    let rows = &snapshot.tuning.rows;
    let hint = vec![Segment::new(0, "each setting held long enough", theme.dim())];
    let inner = painter.frame(area, &[Span::styled("measured", theme.strong())], hint);
    if inner.height == 0 || inner.width < 20 {
        return;
    }
    if rows.is_empty() {
        let words = "nothing yet: a setting shows once it was held for some seconds";
        painter.text(inner, 0, 0, words, theme.dim());
        return;
    }
    let places = places(inner);
    for (column, x) in COLUMNS.iter().zip(&places) {
        if let Some(x) = x {
            right(painter, inner, (*x, 0), column.width, column.title, theme.dim());
        }
    }
    let body = Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1 + u16::from(inner.height > 3)),
        ..inner
    };
    let ids = tables::measured(snapshot);
    let most = rows.iter().fold(0.0_f64, |most, row| most.max(row.pages_per_s.value));
    // Without a selection the present setting is followed.
    let follow = TableState { selected: tables::present(snapshot), ..table.clone() };
    let mut shown = if table.selected.is_some() { table.clone() } else { follow };
    let first = shown.scroll(&ids, body.height.into());
    (table.offset, table.visible) = (shown.offset, shown.visible);
    let chosen = table.selected.map(|_| shown.position(&ids));
    for (line, at) in (first..rows.len()).take(body.height.into()).enumerate() {
        let place = Rect { y: body.y + line as u16, height: 1, ..body };
        painter.clicks.add(place, ClickTarget::Row(ids[at]));
        row(painter, body, line as u16, &rows[at], rows, most, &places);
        if chosen == Some(at) {
            painter.buffer.set_style(place.intersection(painter.buffer.area), theme.selected());
        }
    }
    if inner.height > 3 {
        let line = Rect { y: inner.bottom() - 1, height: 1, ..inner };
        let segments = remark(theme, snapshot, table);
        painter.fit(line, 0, 2, segments);
    }
}

/// Where each column begins; `None` for one that this width leaves out.
fn places(inner: Rect) -> Vec<Option<u16>> {
    let wide = |column: &MeasuredColumn| inner.width + 4 >= column.from;
    let used: u16 = COLUMNS.iter().filter(|c| wide(c)).map(|c| c.width).sum();
    let bar = match inner.width.saturating_sub(used + 3) {
        0..LEAST_BAR => 0,
        room => room.min(BAR) + 1,
    };
    let mut x = 2;
    COLUMNS
        .iter()
        .enumerate()
        .map(|(i, column)| {
            if !wide(column) || x + column.width > inner.width {
                return None;
            }
            let at = x;
            x += column.width;
            if i == PAGES {
                x += bar;
            }
            Some(at)
        })
        .collect()
}

fn right(
    painter: &mut Painter<'_>,
    area: Rect,
    (x, row): (u16, u16),
    width: u16,
    words: &str,
    style: Style,
) {
    let cell = Rect { x: area.x + x, width, ..area };
    painter.right(cell, row, words, style);
}

fn row(
    painter: &mut Painter<'_>,
    area: Rect,
    line: u16,
    measured: &MeasuredRow,
    rows: &[MeasuredRow],
    most: f64,
    places: &[Option<u16>],
) {
    let theme = painter.theme;
    let newest = rows.iter().filter(|r| !r.earlier_run).map(|r| r.conditions).max();
    let style = style(theme, measured, newest);
    let (mark, mark_style) = mark(theme, measured, newest);
    painter.text(area, 0, line, mark, mark_style);
    for (i, (column, x)) in COLUMNS.iter().zip(places).enumerate() {
        let Some(x) = x else { continue };
        let failed = match column.title {
            "err%" => measured.error_share > BAD,
            "429%" => measured.refused_share > BAD,
            _ => false,
        };
        let style = if failed { theme.text(Role::Server) } else { style };
        right(painter, area, (*x, line), column.width, &(column.cell)(measured), style);
        let end = x + column.width;
        // The bar stands where the next column leaves room for it.
        let next = places.get(i + 1).copied().flatten().unwrap_or(end);
        if i == PAGES && next > end + LEAST_BAR {
            let share = if most > 0.0 { measured.pages_per_s.value / most } else { 0.0 };
            let cells = (share * f64::from(next - end - 1)).round() as usize;
            painter.text(area, end + 1, line, &"━".repeat(cells), style);
        }
    }
}

/// Rows of earlier conditions and runs are dim, as are those that another one beats.
fn style(theme: Theme, row: &MeasuredRow, newest: Option<u32>) -> Style {
    let past = row.earlier_run || newest.is_some_and(|newest| row.conditions != newest);
    if row.present || row.best {
        theme.strong()
    } else if past || row.dominated {
        theme.dim()
    } else {
        Style::new()
    }
}

fn mark(theme: Theme, row: &MeasuredRow, newest: Option<u32>) -> (&'static str, Style) {
    if row.present {
        ("▶", theme.strong())
    } else if row.best {
        ("✓", theme.strong())
    } else if row.earlier_run {
        ("‹", theme.dim())
    } else if newest.is_some_and(|newest| row.conditions != newest) {
        ("·", theme.dim())
    } else if row.failing {
        ("✗", theme.text(Role::Blocked))
    } else {
        (" ", theme.dim())
    }
}

/// The last line: the selected row in full, or the best setting.
fn remark<'a>(theme: Theme, snapshot: &Snapshot, table: &TableState) -> Vec<Segment<'a>> {
    let rows = &snapshot.tuning.rows;
    let ids = tables::measured(snapshot);
    let selected = table.selected.and_then(|_| rows.get(table.position(&ids)));
    if let Some(row) = selected {
        let whose = if row.earlier_run { ", an earlier run" } else { "" };
        let parts = [
            format!("{} permits{whose}:", row.permits),
            format!("429 {} %", share(row.refused_share)),
            units::counted(row.retries, "retry", "retries"),
            format!("loop {:.0} ms", row.loop_delay_ms),
            format!("CPU {:.0} %", row.cpu_percent),
        ];
        let part = |(rank, words)| Segment::new(rank, words, theme.dim());
        return (0..).zip(parts).map(part).collect();
    }
    let Some(best) = rows.iter().find(|row| row.best) else {
        let words = "no best setting yet: hold at least two";
        return vec![Segment::new(0, words, theme.dim())];
    };
    let most = rows
        .iter()
        .filter(|row| row.conditions == best.conditions && !row.earlier_run)
        .fold(0.0_f64, |most, row| most.max(row.pages_per_s.value));
    let share = if most > 0.0 { 100.0 * best.pages_per_s.value / most } else { 0.0 };
    let interval = effect_text::interval(&best.pages_per_s);
    let rate = units::rate(best.pages_per_s.value);
    vec![
        Segment::new(0, format!("✓ best: {} permits", best.permits), theme.strong()),
        Segment::new(3, format!("{rate} {interval} pages/s"), Style::new()),
        Segment::new(1, format!("{share:.0} % of the most"), Style::new()),
        Segment::new(2, format!("{:.1} × lowest latency", best.latency_ratio), Style::new()),
    ]
}
