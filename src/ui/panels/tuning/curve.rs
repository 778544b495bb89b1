//! The curve: pages per second and the 95th percentile of the latency against permits.

use ratatui::layout::Rect;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::{Curve, CurvePoint, UslFit};
use crate::ui::chart::{self, AXIS_ROWS, Scale};
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme;

/// Columns of the labels of the axis on the right.
const RIGHT: u16 = 7;
/// Fewest rows for a plot: axis and labels below it.
const LEAST: u16 = 5;

/// Lays out the points, with their intervals, and the knee:
///
/// ```text
/// ╭─ the curve ──────────────── ● pages/s · ◆ p95 ms ─╮
/// │ 200┤           ⢀⡠●⠤⠤┊⠤●⠤⠤⠤⠤●              ├400   │
/// │    │        ⡠●⠊     ┊      ◆              │      │
/// │ 100┤    ⡠●⠊         ┊  ◆                  ├200   │
/// │    │ ◆●  ◆   ◆    ◆ ┊                     │      │
/// │   0┼────────────────▲─────────────────────┼0     │
/// │      8   16   32   46 knee      96               │
/// ╰──────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let curve = &*snapshot.tuning.curve;
    let hint = vec![
        Segment::new(1, "● pages/s", theme.text(Role::Ok)),
        Segment::new(0, "◆ p95 ms", theme.text(Role::High)),
    ];
    let inner = painter.panel(area, "pages/s and p95 against permits", Role::Ok, hint);
    let mut plot = inner;
    let missing = if curve.points.is_empty() {
        Some(curve.missing.as_deref().unwrap_or("no curve yet: hold some settings for a while"))
    } else {
        curve.missing.as_deref()
    };
    if let Some(words) = missing {
        let lines = text::wrap(&text::clean(words), inner.width.into());
        let room = if curve.points.is_empty() { inner.height } else { 2 };
        let shown = (lines.len() as u16).min(room);
        let top = if curve.points.is_empty() { 0 } else { inner.height.saturating_sub(shown) };
        for (i, line) in lines.iter().take(shown.into()).enumerate() {
            painter.text(inner, 0, top + i as u16, line, theme.dim());
        }
        plot.height = inner.height.saturating_sub(shown);
    }
    if !curve.points.is_empty() && plot.height >= LEAST && plot.width >= 24 {
        plot_points(painter, plot, curve);
    }
}

/// Where values go.
struct Axes {
    plot: Rect,
    most_permits: f32,
    pages: Scale,
    p95: Scale,
}

impl Axes {
    /// The column of dots of so many permits.
    fn dot(&self, permits: f32) -> usize {
        let dots = f32::from(self.plot.width * 2).max(1.0) - 1.0;
        (permits / self.most_permits * dots).round().clamp(0.0, dots) as usize
    }
}

fn plot_points(painter: &mut Painter<'_>, area: Rect, curve: &Curve) {
    let theme = painter.theme;
    let high = |value: fn(&CurvePoint) -> f64| {
        curve.points.iter().map(value).filter(|v| v.is_finite()).fold(0.0, f64::max) as f32
    };
    let rows = area.height - AXIS_ROWS;
    let with_interval = |p: &CurvePoint| {
        let ci = p.pages_per_s.ci;
        p.pages_per_s.value + if ci.is_finite() { ci.min(p.pages_per_s.value / 4.0) } else { 0.0 }
    };
    let pages = Scale::new(high(with_interval), rows);
    let above = Rect { height: rows, width: area.width.saturating_sub(RIGHT), ..area };
    let plot = chart::y_axis(painter, above, pages);
    let p95 = Scale::every(high(|p| p.p95_ms), rows, pages.every);
    right_axis(painter, plot, p95);
    let knee = curve.knee.map(|knee| knee.permits.value as f32);
    let most_permits = high(|p| f64::from(p.permits)).max(knee.unwrap_or(0.0)) * 1.06;
    let axes = Axes { plot, most_permits, pages, p95 };
    if let Some(knee) = knee {
        let column = (axes.dot(knee) / 2) as u16;
        for row in 0..plot.height {
            painter.glyph(plot, column, row, "┊", theme.mark(Role::Limit));
        }
    }
    lines(painter, &axes, curve);
    for point in &curve.points {
        let x = axes.dot(point.permits as f32);
        let (value, ci) = (point.pages_per_s.value as f32, point.pages_per_s.ci as f32);
        if ci.is_finite() {
            let ends = ((value - ci).max(0.0), (value + ci).min(axes.pages.top()));
            chart::whisker(painter, plot, x, ends, axes.pages, theme.mark(Role::Ok));
        }
    }
    for point in &curve.points {
        let column = (axes.dot(point.permits as f32) / 2) as u16;
        if point.p95_ms > 0.0 {
            let row = chart::row_of(point.p95_ms as f32, axes.p95, plot.height);
            painter.glyph(plot, column, row, theme::LIMIT, theme.mark(Role::High));
        }
        let row = chart::row_of(point.pages_per_s.value as f32, axes.pages, plot.height);
        painter.glyph(plot, column, row, "●", theme.mark(Role::Ok));
    }
    foot(painter, area, &axes, curve, knee);
}

/// The axis of the latency, its labels on the rows of the other one's.
fn right_axis(painter: &mut Painter<'_>, plot: Rect, scale: Scale) {
    let (dim, faint) = (painter.theme.dim(), painter.theme.mark(Role::Faint));
    let gutter = Rect { x: plot.right(), width: RIGHT, ..plot };
    for row in 0..plot.height {
        painter.glyph(gutter, 0, row, "│", faint);
    }
    for (row, value) in scale.labels() {
        let y = plot.height.saturating_sub(row);
        painter.glyph(gutter, 0, y, "├", faint);
        painter.text(gutter, 1, y, &chart::label(value, scale.step), dim);
    }
}

/// Lines between the points, and the fit where there is one, dotted.
fn lines(painter: &mut Painter<'_>, axes: &Axes, curve: &Curve) {
    let theme = painter.theme;
    let dots = usize::from(axes.plot.width) * 2;
    let between = |value: fn(&CurvePoint) -> f64| -> Vec<Option<f32>> {
        (0..dots)
            .map(|dot| {
                let permits = dot as f32 / (dots.max(2) - 1) as f32 * axes.most_permits;
                let i = curve.points.iter().position(|p| p.permits as f32 >= permits)?;
                let right = &curve.points[i];
                let left = &curve.points[i.checked_sub(1)?];
                let (a, b) = (left.permits as f32, right.permits as f32);
                let share = if b > a { (permits - a) / (b - a) } else { 1.0 };
                let (low, high) = (value(left) as f32, value(right) as f32);
                Some((high - low).mul_add(share, low))
            })
            .collect()
    };
    chart::line(painter, axes.plot, &between(|p| p.p95_ms), axes.p95, theme.mark(Role::Low));
    let (points, style) = if let Some(fit) = &curve.usl {
        let points = (0..dots).map(|dot| {
            let permits = dot as f32 / (dots.max(2) - 1) as f32 * axes.most_permits;
            (dot % 2 == 0 && permits >= 1.0).then(|| usl(fit, permits.into()) as f32)
        });
        (points.collect(), theme.mark(Role::Ok))
    } else {
        (between(|p| p.pages_per_s.value), theme.mark(Role::Ok))
    };
    chart::line(painter, axes.plot, &points, axes.pages, style);
}

/// Pages per second that the fit gives for so many requests in flight.
fn usl(fit: &UslFit, n: f64) -> f64 {
    fit.gamma * n / (1.0 + fit.alpha * (n - 1.0) + fit.beta * n * (n - 1.0))
}

/// The axis of permits with the knee, and below it the permits of the points, as far as they fit.
fn foot(painter: &mut Painter<'_>, area: Rect, axes: &Axes, curve: &Curve, knee: Option<f32>) {
    let theme = painter.theme;
    let line = Rect { y: axes.plot.bottom(), height: 1, ..axes.plot };
    let zero = Rect { x: area.x, width: axes.plot.x.saturating_sub(area.x), ..line };
    painter.text(zero, zero.width.saturating_sub(2), 0, "0", theme.dim());
    painter.glyph(zero, zero.width.saturating_sub(1), 0, "╰", theme.mark(Role::Faint));
    for column in 0..line.width {
        painter.glyph(line, column, 0, "─", theme.mark(Role::Faint));
    }
    let gutter = Rect { x: line.right(), width: RIGHT, ..line };
    painter.text(gutter, 0, 0, "╯0", theme.dim());
    let below = Rect { y: line.y + 1, ..line };
    let mut taken: Vec<(u16, u16)> = Vec::new();
    let mut label = |painter: &mut Painter<'_>, permits: f32, words: &str, style| {
        let width = text::width(words) as u16;
        let column = (axes.dot(permits) / 2) as u16;
        let start = column.saturating_sub(width / 2).min(below.width.saturating_sub(width));
        let end = start + width;
        if width > below.width || taken.iter().any(|(a, b)| start < b + 1 && *a < end + 1) {
            return;
        }
        taken.push((start, end));
        painter.text(below, start, 0, words, style);
    };
    if let Some(permits) = knee {
        let column = (axes.dot(permits) / 2) as u16;
        painter.glyph(line, column, 0, theme::MARK, theme.text(Role::Limit));
        let words = curve.knee.map_or_else(String::new, |knee| {
            format!("{permits:.0} {} knee", effect_text::interval(&knee.permits))
        });
        label(painter, permits, &words, theme.text(Role::Limit));
    }
    let ends = curve.points.last().into_iter().chain(&curve.points);
    for point in ends {
        label(painter, point.permits as f32, &point.permits.to_string(), theme.dim());
    }
}
