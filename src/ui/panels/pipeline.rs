//! The pipeline from left to right, for wide screens: levels above, where the time goes below.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::stages::{self, Remark};
use super::{overload, verdict};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::verdict::Stage;
use crate::ui::chart;
use crate::ui::paint::Painter;
use crate::ui::text;
use crate::ui::units;

/// Rows it needs, frame included, with two rows of worker cells.
pub const HEIGHT: u16 = 15;
/// Narrowest frame in which it reads well.
pub const WIDTH: u16 = 108;
/// Rows of a legend below a stacked bar.
const LEGEND_ROWS: u16 = 4;
/// Seconds that the queue's little chart covers.
const QUEUE_SECONDS: f64 = 60.0;

/// Lays out the pipeline in six columns; the workers' time spans two of them:
///
/// ```text
/// ╭─ pipeline ─────────────────────────────────────────────────────────────────────────────╮
/// │   frontier        queue           workers 32    ◆ gate           saver          database │
/// │   6,218 ──▶ ████▌· 85/100 ──▶ ▮▮▮▮▮▮▮▮▮▮ ──▶ ██████ 16/16 ──▶ █▎···· 18 KiB ──▶ 12,404   │
/// │   +12/s growing   15 free         ▮▮▮▮▮▮▯▯▯▯      15 waiting       64 in 4 ms     pages  │
/// │   37 retrying                     parsing 1/4     draining 4       2,310 rows/s          │
/// │                                                                                          │
/// │   ▮▤▤▤▤▤▤▤▤▤      last 60 s       ▮▮▮▮▮▮▮▮▮▮▮▮▒▒▯▯▯▯▯▯▯▯▯▯▯▯▯      ▮·········            │
/// │   ▮ choosing   3% ▃▅▇▇▇▇▇         ▮ fetch    16 48%  ▯ permit   15  ▮ writing  12%       │
/// │   ▤ queue full 97%▇▇▇▇▇▇▇         …                  …              · idle     88%       │
/// │                                                                                          │
/// │ ◆ limited by permits: …                                              + raises permits   │
/// │ ✓ permits 8 → 16: +31 % pages/s (±6), p95 +12 %                                          │
/// ╰──────────────────────────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let recrawl = overload::recrawl(theme, snapshot);
    let inner = painter.frame(area, &[Span::styled("pipeline", theme.strong())], vec![]);
    let edge = Rect { x: area.x + 14, width: area.width.saturating_sub(17), ..area };
    if !recrawl.is_empty() {
        let start = painter.fit_right(edge, 0, 0, recrawl);
        painter.text(edge, start.saturating_sub(1), 0, " ", theme.dim());
        painter.text(area, area.width.saturating_sub(3), 0, " ", theme.dim());
    }
    // Two columns on the left for the mark of the limiting stage.
    let body = Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), ..inner };
    let columns = columns(body);
    let slow = overload::rows(snapshot, overload::MAX_ROWS);
    let strip_rows = 2 + inner.height.saturating_sub(HEIGHT - 2 + slow);
    levels(painter, &columns, strip_rows, snapshot);
    for column in &columns[..5] {
        let x = column.width.saturating_sub(4);
        painter.text(*column, x, 1, "─▶", theme.dim());
    }
    shares(painter, &columns, 3 + strip_rows, snapshot);
    let last = inner.height.saturating_sub(2 + slow);
    verdict::draw_two_rows(painter, inner, last, snapshot);
    overload::draw(painter, inner, last + 2, slow, snapshot);
}

/// Six columns: five of one width, and the database with what it needs.
fn columns(body: Rect) -> [Rect; 6] {
    let database = 13;
    let one = body.width.saturating_sub(database) / 5;
    let spare = body.width.saturating_sub(database + one * 5);
    let mut x = body.x;
    [one, one, one + spare, one, one, database].map(|width| {
        let column = Rect { x, width, ..body };
        x += width;
        column
    })
}

/// What fits before the arrow.
fn before_arrow(column: Rect) -> Rect {
    Rect { width: column.width.saturating_sub(5), ..column }
}

/// Columns for a remark, so that it keeps its distance from the next stage.
const fn before_next(column: Rect) -> u16 {
    column.width.saturating_sub(2)
}

fn remark(painter: &mut Painter<'_>, area: Rect, row: u16, (words, style): &Remark) {
    let shown = text::whole_words(words, before_next(area).into());
    painter.text(area, 0, row, shown, *style);
}

fn levels(painter: &mut Painter<'_>, columns: &[Rect; 6], strip_rows: u16, s: &Snapshot) {
    let theme = painter.theme;
    let [frontier, queue, workers, gate, saver, database] = *columns;
    let style = |stage| stages::level_style(theme, stage, s);

    stages::title(painter, frontier, 0, "frontier", Stage::Frontier, s);
    let number = theme.strong().patch(style(Stage::Frontier));
    painter.text(before_arrow(frontier), 0, 1, &units::count(s.frontier.pending), number);
    for (i, words) in stages::frontier(theme, s).iter().enumerate() {
        remark(painter, frontier, 2 + i as u16, words);
    }

    stages::title(painter, queue, 0, "queue", Stage::Queue, s);
    let share = stages::ratio(s.queue.len.into(), s.queue.capacity.into());
    let numbers = stages::level(s.queue.len, s.queue.capacity);
    stages::gauge(painter, before_arrow(queue), 1, share, &numbers, style(Stage::Queue));
    remark(painter, queue, 2, &stages::queue(theme, s));

    let title = format!("workers {}", s.dials.workers);
    stages::title(painter, workers, 0, &title, Stage::Workers, s);
    stages::strip(painter, before_arrow(workers), 1, strip_rows, s);
    let line = Rect { y: workers.y + 1 + strip_rows, height: 1, ..workers };
    painter.fit(line, 0, 2, stages::worker_segments(theme, s));

    stages::title(painter, gate, 0, "gate", Stage::Gate, s);
    let share = stages::ratio(s.gate.in_use.into(), s.gate.limit.into());
    let numbers = stages::gate_level(s);
    let gate_style = stages::gate_style(theme, s);
    stages::gauge(painter, before_arrow(gate), 1, share, &numbers, gate_style);
    for (i, words) in stages::gate(theme, s).iter().enumerate() {
        remark(painter, gate, 2 + i as u16, words);
    }

    stages::title(painter, saver, 0, "saver", Stage::Saver, s);
    let numbers = format!("{:>8}", units::bytes(s.saver.backlog_bytes));
    stages::gauge(
        painter,
        before_arrow(saver),
        1,
        stages::backlog(s),
        &numbers,
        style(Stage::Saver),
    );
    for (i, words) in stages::saver_remarks(theme, s, before_next(saver)).iter().enumerate() {
        remark(painter, saver, 2 + i as u16, words);
    }

    painter.text(database, 0, 0, "database", theme.strong());
    painter.text(database, 0, 1, &units::count(s.saver.pages), theme.strong());
    let pages = if s.saver.pages == 1 { "page" } else { "pages" };
    painter.text(database, 0, 2, pages, theme.dim());
}

fn shares(painter: &mut Painter<'_>, columns: &[Rect; 6], row: u16, s: &Snapshot) {
    let theme = painter.theme;
    let [frontier, queue, workers, gate, saver, database] = *columns;
    let narrower = |column: Rect| Rect { width: column.width.saturating_sub(3), ..column };

    let producer = narrower(frontier);
    let list = stages::producer(theme, s);
    stack(painter, producer, row, &list);
    for (i, share) in list.iter().take(LEGEND_ROWS.into()).enumerate() {
        stages::legend(painter, producer, row + 1 + i as u16, share);
    }

    let level = narrower(queue);
    painter.text(level, 0, row, "last minute", theme.dim());
    let plot = Rect {
        y: level.y + row + 1,
        height: LEGEND_ROWS.min(level.height.saturating_sub(row + 1)),
        ..level
    };
    let bins =
        chart::bins(&s.history, s.at_s, QUEUE_SECONDS, plot.width.into(), |p| p.queued as f32);
    let top = bins.iter().flatten().fold(s.queue.capacity as f32, |a, b| a.max(*b));
    chart::area(painter, plot, &bins, top, theme.dim());

    let both = narrower(Rect { width: workers.width + gate.width, ..workers });
    stack(painter, both, row, &stages::workers(theme, s, false));
    let fine = both.width >= 62;
    let list = stages::workers(theme, s, fine);
    let per_row: u16 = if fine { 3 } else { 2 };
    let width = both.width.saturating_sub(3 * (per_row - 1)) / per_row;
    let rows = (list.len() as u16).div_ceil(per_row).min(LEGEND_ROWS);
    for (i, share) in list.iter().enumerate() {
        let i = i as u16;
        if i / rows < per_row {
            let x = both.x + i / rows * (width + 3);
            let entry = Rect { x, width, ..both };
            stages::legend(painter, entry, row + 1 + i % rows, share);
        }
    }

    let time = narrower(saver);
    let list = stages::saver(theme, s);
    stack(painter, time, row, &list);
    for (i, share) in list.iter().enumerate() {
        stages::legend(painter, time, row + 1 + i as u16, share);
    }
    if s.saver.rows > 0 {
        let worst = format!("slowest {}", units::duration(s.saver.worst_transaction_ms));
        painter.text(time, 0, row + 3, &worst, theme.dim());
    }
    painter.text(database, 0, row, &units::count(s.saver.rows), Style::new());
    painter.text(
        database,
        0,
        row + 1,
        if s.saver.rows == 1 { "row this run" } else { "rows this run" },
        theme.dim(),
    );
    painter.text(database, 0, row + 2, &units::count(s.totals.links), Style::new());
    let links = if s.totals.links == 1 { "link" } else { "links" };
    painter.text(database, 0, row + 3, links, theme.dim());
}

fn stack(painter: &mut Painter<'_>, area: Rect, row: u16, shares: &[stages::Share]) {
    let bars: Vec<_> = shares.iter().map(stages::Share::bar).collect();
    painter.stack(area, row, &bars);
}
