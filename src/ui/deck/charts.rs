//! Throughput, latency, and the map of latencies over the last minutes, with a mark where a dial was turned.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::snapshot::{HistoryPoint, Snapshot};
use crate::settings::dials::Dial;
use crate::ui::chart::{self, AXIS_ROWS, ChangeMark, ChartWindow, Plot, Scale, Zoom};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::panels::verdict;
use crate::ui::text;
use crate::ui::units;

/// Columns on the right for the names of lines.
const NAMES: u16 = 4;

/// Parts of the throughput, from the axis up.
const PARTS: [(Role, &str); 4] =
    [(Role::Server, "×"), (Role::Client, "!"), (Role::Moved, "▒"), (Role::Ok, "█")];
/// Their names, the largest first.
const LEGEND: [(Role, &str, &str); 4] = [
    (Role::Ok, "█", "ok"),
    (Role::Moved, "▒", "moved"),
    (Role::Client, "!", "4xx"),
    (Role::Server, "×", "5xx"),
];

/// The values of a second, from the axis up.
fn parts(point: &HistoryPoint) -> [f32; 4] {
    let a = &point.answers;
    let known = a.server + a.none + a.client + a.moved + a.ok;
    // A point of an earlier version, or of a moment before the answers were counted, is one mass.
    let rest = if known > 0.0 { a.ok } else { point.pages_per_s };
    [a.server + a.none, a.client, a.moved, rest]
}

/// Changes to be marked on the axis: when, and how.
fn marks(s: &Snapshot) -> Vec<ChangeMark> {
    let shown = s.changes.iter().filter(|change| !change.undone && change.at_s >= 0.0);
    shown
        .map(|change| {
            let words = verdict::mark(change);
            let what = match &change.what {
                ChangeAction::Set { new, .. } => new.dial().to_string(),
                ChangeAction::SetBoth { .. } => Dial::Permits.to_string(),
                _ => words.clone(),
            };
            ChangeMark { at_s: change.at_s, what, words }
        })
        .collect()
}

/// Says what an empty chart waits for; returns whether it is empty.
fn is_empty(
    painter: &mut Painter<'_>,
    inner: Rect,
    s: &Snapshot,
    first: &str,
    shown: fn(&HistoryPoint) -> bool,
) -> bool {
    let empty = !s.history.iter().chain(s.run_history.iter()).any(shown);
    if empty {
        let words = if s.run.is_final() {
            "nothing was measured".to_owned()
        } else {
            format!("begins with {first}, a second after it")
        };
        painter.text(inner, 0, 0, &words, painter.theme.dim());
    }
    empty
}

/// The axes of a chart, with `right` columns left free on its right. `most` finds the greatest value shown.
fn axes(
    painter: &mut Painter<'_>,
    inner: Rect,
    right: u16,
    (s, zoom): (&Snapshot, Zoom),
    legend: &[(Role, &'static str, &'static str)],
    most: impl Fn(&ChartWindow) -> f32,
) -> Plot {
    let above = Rect {
        height: inner.height.saturating_sub(AXIS_ROWS),
        width: inner.width.saturating_sub(right),
        ..inner
    };
    // The labels' width follows from the scale, and the columns from the labels' width: the difference
    // of a column or two does not matter for the greatest value.
    let scale =
        Scale::new(most(&ChartWindow::new(s, zoom, above.width.saturating_sub(4))), above.height);
    let area = chart::y_axis(painter, above, scale);
    let plot = Plot { area, scale, window: ChartWindow::new(s, zoom, area.width) };
    chart::time_axis(painter, inner.x, &plot, &marks(s), legend);
    plot
}

/// Pages per second, stacked by class of answer: failures on the axis, so that they can be compared.
///
/// ```text
/// ╭─ pages/s ──────────── 51.2 now   49.8 10 s   47.1 run ─╮
/// │ 60┤┈┈┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┈▄┈▃▄▂▅▄▂▃▂▂▇▄▁▇▆▂▂▂▇▆▃▄█▆▂        │
/// │ 40┤┈┈┈┈┈▃▃▆▇▆▄▅▆▃▆▅▅▇███████████████████████████        │
/// │ 20┤█████████████████████████████████████████████        │
/// │  0╰─────────▲12───────▲16────────────────────────       │
/// │    −161 s     █ ok  █ moved  █ 4xx  █ 5xx    now        │
/// ╰─────────────────────────────────────────────────────────╯
/// ```
pub fn throughput(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    let theme = painter.theme;
    let t = &s.throughput;
    let segment = |rank, value: f64, unit: &'static str| {
        let number = Span::styled(format!("{:>4}", units::rate(value)), theme.strong());
        Segment::of(rank, vec![number, Span::styled(unit, theme.dim())])
    };
    let mut segments = vec![segment(1, t.run, " run")];
    if !s.run.is_final() {
        // At the end nothing is now any more.
        segments.splice(..0, [segment(0, t.last_1s, " now"), segment(2, t.last_10s, " 10 s")]);
    }
    let inner = painter.panel(area, "pages/s", Role::Ok, segments);
    if inner.height < 4
        || inner.width < 12
        || is_empty(painter, inner, s, "the first page", |p| p.pages_per_s > 0.0)
    {
        return;
    }
    let most = |window: &ChartWindow| {
        let sums = window.means(s, |p| parts(p).iter().sum());
        sums.iter().flatten().fold(0.0_f32, |a, b| a.max(*b))
    };
    let plot = axes(painter, inner, 0, (s, zoom), &LEGEND, most);
    let means: Vec<_> = (0..4).map(|part| plot.window.means(s, |p| parts(p)[part])).collect();
    let columns: Vec<_> = (0..plot.window.columns)
        .map(|column| {
            means[0][column].map(|_| std::array::from_fn(|part| means[part][column].unwrap_or(0.0)))
        })
        .collect();
    chart::stacked::<4>(painter, plot.area, plot.scale, &columns, PARTS);
}

/// Median and 95th percentile as lines, each with its name at its end.
///
/// ```text
/// ╭─ latency ms ─────────────── p50 212   p95 640   p99 1,204 ─╮
/// ```
pub fn latency(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    let theme = painter.theme;
    let l = &s.latency.last_10s;
    let segment = |rank, name: &'static str, value: f64, role| {
        let value = if l.count == 0 {
            "–".to_owned()
        } else {
            units::count(value.max(0.0).round() as u64)
        };
        let value = Span::styled(format!(" {value:>3}"), theme.bold(role));
        Segment::of(rank, vec![Span::styled(name, theme.dim()), value])
    };
    let segments = vec![
        segment(0, "p50", l.p50, Role::Low),
        segment(1, "p95", l.p95, Role::High),
        segment(2, "p99", l.p99, Role::Strong),
    ];
    let inner = painter.panel(area, "latency ms", Role::Low, segments);
    if inner.height < 4
        || inner.width < 16
        || is_empty(painter, inner, s, "the first answer", |p| p.p95_ms > 0.0)
    {
        return;
    }
    // A second without a response has no latency; 0 would draw a cliff.
    let measured = |value: f32| if value > 0.0 { value } else { f32::NAN };
    let most = |window: &ChartWindow| {
        let highest = window.in_dots().means(s, |p| measured(p.p95_ms.max(p.p50_ms)));
        highest.iter().flatten().fold(0.0_f32, |a, b| a.max(*b))
    };
    let plot = axes(painter, inner, NAMES, (s, zoom), &[], most);
    let dots = plot.window.in_dots();
    let lines = [
        ("p50", theme.mark(Role::Low), dots.line(s, |p| measured(p.p50_ms))),
        ("p95", theme.mark(Role::High), dots.line(s, |p| measured(p.p95_ms))),
    ];
    let mut taken = None;
    for (name, style, points) in &lines {
        chart::line(painter, plot.area, points, plot.scale, *style);
        let Some(end) = points.iter().rev().take(8).flatten().next() else { continue };
        let mut row = chart::row_of(*end, plot.scale, plot.area.height);
        if taken == Some(row) {
            row = row.saturating_sub(1);
        }
        taken = Some(row);
        let gutter = Rect { x: plot.area.right() + 1, width: 3, ..plot.area };
        painter.text(gutter, 0, row, name, *style);
    }
}

/// How many requests took how long, over time: whether the tail is a second population.
pub fn latency_map(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    let theme = painter.theme;
    let legend = vec![
        Segment::new(1, "ms, log scale", theme.dim()),
        Segment::of(0, chart::heat_legend(theme)),
    ];
    let inner = painter.panel(area, "latency over time", Role::Low, legend);
    if inner.height < 5
        || inner.width < 20
        || is_empty(painter, inner, s, "the first answer", |p| p.p95_ms > 0.0)
    {
        return;
    }
    let above = Rect { height: inner.height - AXIS_ROWS, ..inner };
    let (area, window) =
        chart::heat_map(painter, above, |columns| ChartWindow::new(s, zoom, columns), s);
    let plot = Plot { area, scale: Scale::new(1.0, area.height), window };
    chart::time_axis(painter, area.x, &plot, &marks(s), &[]);
}

/// Name, number and what of the history is drawn.
type SparklineRow = (&'static str, String, fn(&HistoryPoint) -> f32, Role);

/// A sparkline each, one above the other, where there is no room for charts:
///
/// ```text
/// pages/s   51.2 ▁▂▃▅▇▇▇▇██████████████████████
/// p95 ms     640 ▅▅▅▆▆▅▅▅▅▅▅▇▆▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
/// ```
pub fn sparklines(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    let p95 = units::count(s.latency.last_10s.p95.max(0.0).round() as u64);
    let rows: [SparklineRow; 2] = [pages_row(s), ("p95 ms", p95, |p| p.p95_ms, Role::Low)];
    for (i, row) in rows.into_iter().enumerate() {
        let high = (area.height / 2).max(1);
        let line = Rect { y: area.y + i as u16 * high, height: high, ..area }.intersection(area);
        sparkline(painter, line, row, s, zoom);
    }
}

/// The sparkline of pages alone.
pub fn pages(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    sparkline(painter, area, pages_row(s), s, zoom);
}

fn pages_row(s: &Snapshot) -> SparklineRow {
    ("pages/s", units::rate(s.throughput.last_1s), |p| p.pages_per_s, Role::Ok)
}

fn sparkline(
    painter: &mut Painter<'_>,
    line: Rect,
    (name, number, value, role): SparklineRow,
    s: &Snapshot,
    zoom: Zoom,
) {
    let theme = painter.theme;
    painter.text(line, 0, 0, name, theme.strong());
    painter.text(line, 9, 0, &format!("{number:>6}"), theme.strong());
    let plot = Rect { x: line.x + 17, width: line.width.saturating_sub(17), ..line };
    let bins = ChartWindow::new(s, zoom, plot.width).means(s, value);
    chart::sparkline(painter, plot, &bins, theme.fill(role));
}

/// Answers by class, a strip each on a scale of its own: which class, since when.
///
/// ```text
/// ╭─ answers over time ── each on its own scale ─╮
/// │ ✓ 2xx   11,902   ▃▃▃▃▃▅▅▅▅▅▅▅▅▅▅▅█████  51/s │
/// │ » 3xx      301   ▁▂▁▁▃▁▁▂▁▁▁▂▁▃▁▁▂▁▁▁▂ 2.1/s │
/// ```
pub fn strips(painter: &mut Painter<'_>, area: Rect, s: &Snapshot, zoom: Zoom) {
    let theme = painter.theme;
    let note = vec![Segment::new(0, "each on its own scale", theme.dim())];
    let inner = painter.panel(area, "answers over time", Role::Moved, note);
    let rows = super::answers::rows(theme, s);
    let values: [fn(&HistoryPoint) -> f32; 6] = [
        |p| p.answers.ok,
        |p| p.answers.moved,
        |p| p.answers.client,
        |p| p.answers.server,
        |p| p.answers.none,
        |p| p.answers.retries,
    ];
    let retries = ("↻", "retry", s.totals.retries, Role::Retry);
    let rows = rows.into_iter().chain([retries]);
    // The last row is the axis of time.
    let each = (inner.height.saturating_sub(1) / 6).max(1);
    let plot_x = 19;
    let plot = Rect { x: inner.x + plot_x, width: inner.width.saturating_sub(plot_x + 8), ..inner };
    let window = ChartWindow::new(s, zoom, plot.width);
    for (i, ((glyph, name, total, role), value)) in rows.zip(values).enumerate() {
        let top = i as u16 * each;
        if top + 1 >= inner.height {
            break;
        }
        let (mark, title) = if total == 0 {
            (theme.dim(), theme.dim())
        } else {
            (theme.mark(role), theme.bold(role))
        };
        painter.text(inner, 0, top, glyph, mark);
        painter.text(inner, 2, top, name, title);
        let number = units::short_count(total);
        let quiet = total == 0;
        let number_style = if quiet { theme.dim() } else { theme.text(Role::Text) };
        painter.text(inner, 16 - text::width(&number).min(9) as u16, top, &number, number_style);
        let means = window.means(s, value);
        let strip = Rect { y: inner.y + top, height: each.min(inner.height - 1 - top), ..plot };
        let most = means.iter().flatten().fold(0.0_f32, |a, b| a.max(*b));
        if most > 0.0 {
            chart::area(painter, strip, &means, most, theme.fill(role));
        } else {
            for column in 0..strip.width {
                painter.glyph(strip, column, 0, "·", theme.mark(Role::Faint));
            }
        }
        let now = s.history.last().map_or(0.0, value);
        let rate =
            if most > 0.0 { format!("{}/s", units::rate(now.into())) } else { "–".to_owned() };
        painter.right(Rect { y: inner.y + top, height: 1, ..inner }, 0, &rate, theme.dim());
    }
    let line = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..plot };
    painter.text(line, 0, 0, &window.name(), theme.dim());
    painter.right(line, 0, "now", theme.dim());
}
