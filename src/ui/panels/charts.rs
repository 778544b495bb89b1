//! Throughput and latency over the last minutes, with a mark where a dial was turned.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::verdict;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::snapshot::{HistoryPoint, Snapshot};
use crate::settings::dials::Dial;
use crate::ui::chart;
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;
use crate::ui::theme;
use crate::ui::units;

/// Rows that a chart needs, frame included; below that a sparkline says more.
pub const HEIGHT: u16 = 7;

/// Lays out two charts side by side:
///
/// ```text
/// ╭─ pages/s ─────────── 51.2 now · 47.1 run ─╮╭─ latency ms ────── p50 212 · p95 640 · p99 ─╮
/// │ 60┤                           ▂▄▆████████ ││ 900┤                                        │
/// │ 40┤                   ▃▆█████████████████ ││ 600┤⠤⠤⠒⠉⠉⠒⠤⠤⠤⠒⠒⠒⠉⠉⠉⠉⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤ p95│
/// │ 20┤        ▂▅▇███████████████████████████ ││ 300┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀ p50│
/// │  0┼────────▲8─────────────▲16──────────── ││   0┼────────▲8─────────────▲16───────────── │
/// │    −3 min                             now ││     −3 min                             now  │
/// ╰───────────────────────────────────────────╯╰─────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let half = area.width / 2;
    throughput(painter, Rect { width: half, ..area }, snapshot);
    latency(painter, Rect { x: area.x + half, width: area.width - half, ..area }, snapshot);
}

/// Where lines go inside a chart's frame.
struct Plot {
    area: Rect,
    window: f64,
}

/// Axis, time and marks; what remains is for the data.
fn axes(
    painter: &mut Painter<'_>,
    inner: Rect,
    (top, step): (f32, f32),
    right: u16,
    snapshot: &Snapshot,
) -> Plot {
    let theme = painter.theme;
    let above = Rect { height: inner.height.saturating_sub(2), ..inner };
    let plot = chart::y_axis(painter, above, top, step);
    let plot = Rect { width: plot.width.saturating_sub(right), ..plot };
    let window = chart::window(&snapshot.history, snapshot.at_s, plot.width);
    let line = Rect { y: inner.y + above.height, height: 1, ..plot };
    if plot.x > inner.x {
        let zero = Rect { width: plot.x - inner.x, x: inner.x, ..line };
        painter.right(zero, 0, "0┼", theme.dim());
    }
    for column in 0..line.width {
        painter.glyph(line, column, 0, "─", theme.dim());
    }
    marks(painter, line, window, snapshot);
    let below = Rect { y: line.y + 1, ..line };
    let minutes =
        if window < 90.0 { "−60 s".to_owned() } else { format!("−{:.0} min", window / 60.0) };
    painter.fit(below, 0, 1, vec![Segment::new(1, minutes, theme.dim())]);
    painter.right(below, 0, "now", theme.dim());
    Plot { area: plot, window }
}

/// Changes that share a mark: the last column that it may take, and each dial with its last value.
struct ChangeMark {
    end: i32,
    column: i32,
    values: Vec<(Option<Dial>, String)>,
}

impl ChangeMark {
    fn label(&self) -> String {
        let words: Vec<_> = self.values.iter().map(|(_, words)| words.as_str()).collect();
        format!("{}{}", theme::MARK, words.join(" "))
    }

    /// Puts it at a column, moved in where it would be cut.
    fn place(&mut self, column: i32) {
        self.column = column.min(self.end - text::width(&self.label()) as i32);
    }
}

/// Marks the changes on the axis. Where an older one would run into a newer one they share a
/// mark, `▲15 w19`, so that a burst of them loses none.
fn marks(painter: &mut Painter<'_>, line: Rect, window: f64, snapshot: &Snapshot) {
    let strong = painter.theme.strong();
    let cells = line.width.into();
    let start = chart::edge(snapshot.at_s, window, cells) - window;
    let mut marks: Vec<ChangeMark> = Vec::new();
    for change in snapshot.changes.iter() {
        let at = (change.at_s - start) / window * f64::from(line.width);
        if !(0.0..f64::from(line.width)).contains(&at) || change.undone {
            continue;
        }
        let dial = match change.what {
            ChangeAction::Set { new, .. } => Some(new.dial()),
            ChangeAction::SetBoth { .. } => Some(Dial::Permits),
            _ => None,
        };
        let words = verdict::mark(change);
        let width = text::width(&words) as i32 + 1;
        let end = marks.last().map_or_else(|| line.width.into(), |mark| mark.column - 1);
        match marks.last_mut() {
            Some(mark) if at as i32 + width > end => {
                // Of a dial turned several times, the last value is the one that holds.
                if !mark.values.iter().any(|p| p.0 == dial && (dial.is_some() || p.1 == words)) {
                    mark.values.insert(0, (dial, words));
                }
                mark.place(at as i32);
            }
            _ => {
                let mut mark = ChangeMark { end, column: 0, values: vec![(dial, words)] };
                mark.place(at as i32);
                marks.push(mark);
            }
        }
    }
    for mark in marks.iter().filter(|mark| mark.column >= 0) {
        painter.text(line, mark.column as u16, 0, &mark.label(), strong);
    }
}

fn throughput(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let t = &snapshot.throughput;
    let segment = |rank, value: f64, unit: &'static str| {
        Segment::of(
            rank,
            vec![
                Span::styled(format!("{:>5}", units::rate(value)), theme.strong()),
                Span::styled(unit, theme.dim()),
            ],
        )
    };
    let segments = vec![
        segment(0, t.last_1s, " now"),
        segment(2, t.last_10s, " 10 s"),
        segment(1, t.run, " run"),
    ];
    let inner = painter.frame(area, &[Span::styled("pages/s", theme.strong())], segments);
    if inner.height < 3 || inner.width < 12 {
        return;
    }
    let value = |p: &HistoryPoint| p.pages_per_s;
    let scale = scale_of(snapshot, inner, value);
    let plot = axes(painter, inner, scale, 0, snapshot);
    let cells = plot.area.width.into();
    let bins = chart::bins(&snapshot.history, snapshot.at_s, plot.window, cells, value);
    chart::ridge(painter, plot.area, &bins, scale.0);
}

fn latency(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let l = &snapshot.latency.last_10s;
    let segment = |rank, name: &'static str, value: f64, style| {
        let value = if l.count == 0 {
            "–".to_owned()
        } else {
            units::count(value.max(0.0).round() as u64)
        };
        let value = format!("{value:>6}");
        Segment::of(rank, vec![Span::styled(name, theme.dim()), Span::styled(value, style)])
    };
    let segments = vec![
        segment(0, "p50", l.p50, theme.strong()),
        segment(1, "p95", l.p95, theme.strong()),
        segment(2, "p99", l.p99, theme.strong()),
    ];
    let inner = painter.frame(area, &[Span::styled("latency ms", theme.strong())], segments);
    if inner.height < 3 || inner.width < 16 {
        return;
    }
    let scale = scale_of(snapshot, inner, |p| p.p95_ms.max(p.p50_ms));
    let plot = axes(painter, inner, scale, 4, snapshot);
    let cells = usize::from(plot.area.width) * 2;
    // A second without a response has no latency; 0 would draw a cliff.
    let measured = |value: f32| if value > 0.0 { value } else { f32::NAN };
    let lines = [
        (
            "p95",
            theme.strong(),
            chart::bins(&snapshot.history, snapshot.at_s, plot.window, cells, |p| {
                measured(p.p95_ms)
            }),
        ),
        (
            "p50",
            theme.dim(),
            chart::bins(&snapshot.history, snapshot.at_s, plot.window, cells, |p| {
                measured(p.p50_ms)
            }),
        ),
    ];
    let mut taken = None;
    for (name, style, points) in &lines {
        chart::line(painter, plot.area, points, scale.0, *style);
        let Some(end) = points.iter().rev().take(8).flatten().next() else { continue };
        let height = f32::from(plot.area.height);
        let up = (end / scale.0 * height).clamp(0.0, height - 1.0) as u16;
        let mut row = plot.area.height.saturating_sub(1 + up);
        if taken == Some(row) {
            row = (row + 1).min(plot.area.height.saturating_sub(1));
        }
        taken = Some(row);
        let gutter = Rect { x: plot.area.right() + 1, width: 3, ..plot.area };
        painter.text(gutter, 0, row, name, *style);
    }
}

/// The scale of the y axis for what of the history is on screen.
fn scale_of(snapshot: &Snapshot, inner: Rect, value: impl Fn(&HistoryPoint) -> f32) -> (f32, f32) {
    let window = chart::window(&snapshot.history, snapshot.at_s, inner.width);
    let cells = usize::from(inner.width) * 2;
    let shown = chart::bins(&snapshot.history, snapshot.at_s, window, cells, value);
    let most = shown.iter().flatten().fold(0.0_f32, |a, b| a.max(*b));
    chart::scale(most, (inner.height.saturating_sub(2) / 2).clamp(2, 5))
}

/// Name, number and what of the history is drawn.
type SparklineRow = (&'static str, String, fn(&HistoryPoint) -> f32);

/// A sparkline each, one above the other, where there is no room for charts:
///
/// ```text
/// pages/s   51.2 ▁▂▃▅▇▇▇▇██████████████████████
/// p95 ms     640 ▅▅▅▆▆▅▅▅▅▅▅▇▆▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
/// ```
pub fn sparklines(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let rows: [SparklineRow; 2] = [
        pages_row(snapshot),
        ("p95 ms", units::count(snapshot.latency.last_10s.p95.max(0.0).round() as u64), |p| {
            p.p95_ms
        }),
    ];
    for (i, row) in rows.into_iter().enumerate() {
        let high = (area.height / 2).max(1);
        let line = Rect { y: area.y + i as u16 * high, height: high, ..area }.intersection(area);
        sparkline(painter, line, row, snapshot);
    }
}

/// The sparkline of pages alone.
pub fn pages(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    sparkline(painter, area, pages_row(snapshot), snapshot);
}

fn pages_row(snapshot: &Snapshot) -> SparklineRow {
    ("pages/s", units::rate(snapshot.throughput.last_1s), |p| p.pages_per_s)
}

fn sparkline(
    painter: &mut Painter<'_>,
    line: Rect,
    (name, number, value): SparklineRow,
    snapshot: &Snapshot,
) {
    let theme = painter.theme;
    painter.text(line, 0, 0, name, theme.strong());
    painter.text(line, 9, 0, &format!("{number:>6}"), theme.strong());
    let plot = Rect { x: line.x + 17, width: line.width.saturating_sub(17), ..line };
    let window = chart::window(&snapshot.history, snapshot.at_s, plot.width);
    let cells = plot.width.into();
    let bins = chart::bins(&snapshot.history, snapshot.at_s, window, cells, value);
    chart::sparkline(painter, plot, &bins);
}
