//! Throughput and latency over time as one SVG: two panels over one axis.
//!
//! ```text
//!        ①      ②–④                          marks of what was turned
//!  /s │ ▁▃▆▇▇▇│▇▇▇▇▆▅▃ ⫽ ▃▆▇▇▇▇▇▆▃           pages fetched per second
//!  ms │ ───────╱──────  ⫽ ──────────          median and 95th percentile
//!      +0 s  +10 s       +0 s  +10 s         since the session's beginning
//! ```

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::report::data::{ChangeKind, ChangeLine};
use crate::report::text;
use crate::report::timeline::{Column, Session, Timeline};

/// Size of the picture, in its own units.
const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 426.0;

/// Where the panels are.
const LEFT: f64 = 58.0;
const RIGHT: f64 = 1068.0;
const RATE: Panel = Panel { top: 34.0, bottom: 204.0 };
const LATENCY: Panel = Panel { top: 232.0, bottom: 382.0 };

/// Steps of the time axis, in ms.
const STEPS: [i64; 24] = [
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
    5000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// A panel's place.
#[derive(Clone, Copy)]
struct Panel {
    top: f64,
    bottom: f64,
}

impl Panel {
    fn y(self, value: f64, most: f64) -> f64 {
        self.bottom - (value / most).clamp(0.0, 1.0) * (self.bottom - self.top)
    }
}

/// Time to place: sessions side by side, as wide as they are long.
struct Axis<'a> {
    sessions: &'a [Session],
    starts: Vec<f64>,
    per_ms: f64,
}

impl<'a> Axis<'a> {
    fn new(timeline: &'a Timeline) -> Self {
        let sessions = &timeline.sessions;
        let breaks = sessions.len().saturating_sub(1) as f64;
        let gap = if sessions.len() <= 5 { 64.0 } else { 28.0 };
        let room = RIGHT - LEFT - gap * breaks;
        let per_ms = room / timeline.active_ms().max(1) as f64;
        let mut starts = Vec::with_capacity(sessions.len());
        let mut x = LEFT;
        for session in sessions {
            starts.push(x);
            x += (session.to_ms - session.from_ms) as f64 * per_ms + gap;
        }
        Self { sessions, starts, per_ms }
    }

    fn end(&self, n: usize) -> f64 {
        let session = &self.sessions[n];
        self.starts[n] + (session.to_ms - session.from_ms) as f64 * self.per_ms
    }

    /// What falls between two sessions is shown in the middle of the gap.
    fn x(&self, at_ms: i64) -> f64 {
        for (n, session) in self.sessions.iter().enumerate() {
            if at_ms < session.from_ms {
                return if n == 0 { LEFT } else { f64::midpoint(self.end(n - 1), self.starts[n]) };
            }
            if at_ms <= session.to_ms {
                return self.starts[n] + (at_ms - session.from_ms) as f64 * self.per_ms;
            }
        }
        RIGHT
    }
}

/// A span in which the crawl was paused, ms since 1970.
pub(super) type Pause = (i64, i64);

/// When the crawl was paused, by its journal. A pause that nobody ended ends with its session.
pub(super) fn pauses(changes: &[ChangeLine], timeline: &Timeline) -> Vec<Pause> {
    let mut pauses = Vec::new();
    let mut since = None;
    let session_end = |at: i64| {
        let session = timeline.sessions.iter().rev().find(|session| session.from_ms <= at);
        session.map_or(at, |session| session.to_ms.max(at))
    };
    for change in changes {
        match (change.kind, since) {
            (ChangeKind::Pause, None) => since = Some(change.at_ms),
            (ChangeKind::Resume | ChangeKind::Stop, Some(from)) => {
                pauses.push((from, change.at_ms));
                since = None;
            }
            _ => {}
        }
    }
    pauses.extend(since.map(|from| (from, session_end(from))));
    pauses
}

/// Draws the chart; nothing when no page was fetched.
pub(super) fn chart(timeline: &Timeline, changes: &[ChangeLine], describes: &str) -> Markup {
    let axis = Axis::new(timeline);
    let columns = || timeline.sessions.iter().flat_map(|session| &session.columns);
    let most_rate = columns().map(|c| c.rate(c.slot.pages())).fold(0.0, f64::max);
    let p95 = |column: &Column| column.slot.latencies.quantile(0.95);
    let most_ms = columns().filter_map(p95).max().unwrap_or(0) as f64;
    let (rate_step, rate_top) = scale(most_rate);
    let (ms_step, ms_top) = scale(most_ms.max(1.0));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="chart-title chart-desc" {
            title id="chart-title" { "Throughput and latency over time" }
            desc id="chart-desc" { (describes) }
            @for (from, to) in pauses(changes, timeline) {
                (pause(axis.x(from), axis.x(to)))
            }
            (grid(RATE, rate_step, rate_top, &|value| format!("{}/s", text::round(&text::three_digits(value)))))
            (grid(LATENCY, ms_step, ms_top, &|value| text::round(&text::ms(value.round() as u64))))
            @for (n, session) in timeline.sessions.iter().enumerate() {
                (bars(&axis, session, rate_top))
                (lines(&axis, session, ms_top))
                @for panel in [RATE, LATENCY] {
                    path class="base" d=(format!("M{:.1} {:.1}H{:.1}", axis.starts[n], panel.bottom, axis.end(n))) {}
                }
                @if n > 0 {
                    (axis_break(axis.end(n - 1), axis.starts[n], session.from_ms - timeline.sessions[n - 1].to_ms))
                }
            }
            (ticks(&axis))
            (marks(&axis, changes))
            g class="tips" {
                @for column in columns().filter(|column| column.slot.pages() > 0) {
                    (tip(&axis, column))
                }
            }
        }
    }
}

/// A step that gives three to six lines, and the end of the scale.
fn scale(most: f64) -> (f64, f64) {
    if most <= 0.0 {
        return (1.0, 1.0);
    }
    let power = 10_f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * power);
    let step = step.into_iter().find(|step| most / step <= 5.0).unwrap_or(power * 10.0);
    (step, (most / step).ceil() * step)
}

fn grid(panel: Panel, step: f64, top: f64, label: &dyn Fn(f64) -> String) -> Markup {
    let count = (top / step).round() as u32;
    html! {
        g class="grid" {
            @for n in 0..=count {
                @let value = f64::from(n) * step;
                @let y = panel.y(value, top);
                @if n > 0 { path d=(format!("M{LEFT} {y:.1}H{RIGHT}")) {} }
                text x=(LEFT - 8.0) y=(format!("{:.1}", y + 4.0)) text-anchor="end" {
                    @if n == 0 { "0" } @else { (label(value)) }
                }
            }
        }
    }
}

/// Bars of answered pages, those of failed ones on top.
fn bars(axis: &Axis, session: &Session, most: f64) -> Markup {
    let (mut ok, mut failed) = (String::new(), String::new());
    for column in &session.columns {
        let (from, to) = (axis.x(column.from_ms), axis.x(column.to_ms));
        let gap = if to - from > 4.0 { 1.0 } else { 0.0 };
        let foot = RATE.y(column.rate(column.slot.ok), most);
        let head = RATE.y(column.rate(column.slot.pages()), most);
        for (path, low, high) in [(&mut ok, RATE.bottom, foot), (&mut failed, foot, head)] {
            if low - high > 0.0 {
                let width = (to - from - gap).max(0.5);
                let _ = write!(path, "M{from:.1} {low:.1}V{high:.1}h{width:.1}V{low:.1}z");
            }
        }
    }
    html! {
        path class="ok" d=(ok) {}
        path class="failed" d=(failed) {}
    }
}

/// Median and 95th percentile, interrupted where nothing ended.
fn lines(axis: &Axis, session: &Session, most: f64) -> Markup {
    let runs = session.columns.chunk_by(|a, b| (a.slot.pages() > 0) == (b.slot.pages() > 0));
    let runs: Vec<&[Column]> = runs.filter(|run| run[0].slot.pages() > 0).collect();
    let point = |column: &Column, share: f64| {
        let x = f64::midpoint(axis.x(column.from_ms), axis.x(column.to_ms));
        let ms = column.slot.latencies.quantile(share).unwrap_or(0);
        (x, LATENCY.y(ms as f64, most))
    };
    let path = |share: f64| {
        let mut path = String::new();
        for run in &runs {
            let mut points: Vec<(f64, f64)> = run.iter().map(|c| point(c, share)).collect();
            if let [(x, y)] = points[..] {
                points = vec![(x - 2.0, y), (x + 2.0, y)];
            }
            for (n, (x, y)) in points.into_iter().enumerate() {
                let _ = write!(path, "{}{x:.1} {y:.1}", if n == 0 { 'M' } else { 'L' });
            }
        }
        path
    };
    let mut band = String::new();
    for run in &runs {
        let there = run.iter().map(|column| point(column, 0.95));
        let back = run.iter().rev().map(|column| point(column, 0.5));
        for (n, (x, y)) in there.chain(back).enumerate() {
            let _ = write!(band, "{}{x:.1} {y:.1}", if n == 0 { 'M' } else { 'L' });
        }
        band.push('z');
    }
    html! {
        path class="band" d=(band) {}
        path class="p95" d=(path(0.95)) {}
        path class="p50" d=(path(0.5)) {}
    }
}

fn pause(from: f64, to: f64) -> Markup {
    let width = (to - from).max(1.0);
    html! {
        g class="pause" {
            rect x=(format!("{from:.1}")) y=(RATE.top) width=(format!("{width:.1}")) height=(LATENCY.bottom - RATE.top) {}
            @if width > 40.0 {
                text x=(format!("{:.1}", from + width / 2.0)) y=(RATE.top + 12.0) text-anchor="middle" { "paused" }
            }
        }
    }
}

fn axis_break(from: f64, to: f64, length_ms: i64) -> Markup {
    let middle = f64::midpoint(from, to);
    html! {
        g class="break" {
            rect x=(format!("{:.1}", from + 1.0)) y=(RATE.top) width=(format!("{:.1}", to - from - 2.0)) height=(LATENCY.bottom - RATE.top) {}
            @for panel in [RATE, LATENCY] {
                @for shift in [-4.0, 2.0] {
                    path d=(format!("M{:.1} {:.1}l5 -10", middle + shift, panel.bottom + 5.0)) {}
                }
            }
            @if to - from > 50.0 {
                text x=(format!("{middle:.1}")) y=(RATE.bottom + 18.0) text-anchor="middle" { (text::span(length_ms)) }
            }
        }
    }
}

/// Time since the beginning of each session, and when that was.
fn ticks(axis: &Axis) -> Markup {
    let step = STEPS.into_iter().find(|step| *step as f64 * axis.per_ms >= 84.0);
    let step = step.unwrap_or(STEPS[STEPS.len() - 1] * 4);
    let mut free = 0.0;
    let mut beginnings = Vec::new();
    for (start, session) in axis.starts.iter().zip(axis.sessions) {
        let x = start.min(RIGHT - 150.0);
        // Left out where it would stand on the one before.
        if x >= free {
            free = x + 160.0;
            beginnings.push((x, text::date_time(session.from_ms)));
        }
    }
    html! {
        g class="ticks" {
            @for session in axis.sessions {
                @for tick in 0..=(session.to_ms - session.from_ms) / step {
                    @let x = axis.x(session.from_ms + tick * step);
                    path d=(format!("M{x:.1} {}v4", LATENCY.bottom)) {}
                    @if tick > 0 && RIGHT - x > 14.0 {
                        text x=(format!("{x:.1}")) y=(LATENCY.bottom + 17.0) text-anchor="middle" { "+" (text::round(&text::span(tick * step))) }
                    }
                }
            }
            @for (x, began) in beginnings {
                text class="from" x=(format!("{x:.1}")) y=(LATENCY.bottom + 35.0) { (began) " UTC" }
            }
        }
    }
}

/// What was turned: a line through both panels, with its number in the journal.
fn marks(axis: &Axis, changes: &[ChangeLine]) -> Markup {
    let marked = |kind| matches!(kind, ChangeKind::Turned | ChangeKind::Stop);
    let mut flags: Vec<(f64, i64, i64)> = Vec::new();
    let mut lines = String::new();
    for change in changes.iter().filter(|change| marked(change.kind)) {
        let x = axis.x(change.at_ms);
        let _ = write!(lines, "M{x:.1} {}V{}", RATE.top - 8.0, LATENCY.bottom);
        match flags.last_mut() {
            Some((at, _, last)) if x - *at < 24.0 => *last = change.seq,
            _ => flags.push((x, change.seq, change.seq)),
        }
    }
    html! {
        g class="marks" {
            path d=(lines) {}
            @for (x, first, last) in flags {
                @let label = if first == last { first.to_string() } else { format!("{first}–{last}") };
                @let width = 10.0 + label.chars().count() as f64 * 7.0;
                @let x = (x - width / 2.0).clamp(0.0, WIDTH - width);
                rect x=(format!("{x:.1}")) y=(RATE.top - 26.0) width=(format!("{width:.1}")) height="18" rx="9" {}
                text x=(format!("{:.1}", x + width / 2.0)) y=(RATE.top - 13.0) text-anchor="middle" { (label) }
            }
        }
    }
}

/// All about a column, for a pointer that rests on it.
fn tip(axis: &Axis, column: &Column) -> Markup {
    let (from, to) = (axis.x(column.from_ms), axis.x(column.to_ms));
    let words =
        |share: f64| column.slot.latencies.quantile(share).map_or_else(String::new, text::ms);
    html! {
        rect x=(format!("{from:.1}")) y=(RATE.top) width=(format!("{:.1}", (to - from).max(0.5))) height=(LATENCY.bottom - RATE.top) {
            title {
                (text::clock(column.from_ms, column.to_ms - column.from_ms < 1000)) " UTC\n"
                (text::three_digits(column.rate(column.slot.pages()))) " pages/s, "
                (text::count(column.slot.failed)) " failed\nmedian " (words(0.5)) ", p95 " (words(0.95))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_hold_the_most() {
        for (most, step, top) in [
            (7.0, 2.0, 8.0),
            (100.0, 20.0, 100.0),
            (101.0, 50.0, 150.0),
            (0.3, 0.1, 0.3),
            (0.0, 1.0, 1.0),
        ] {
            let (is_step, is_top) = scale(most);
            assert!(
                (is_step - step).abs() < 1e-9 && (is_top - top).abs() < 1e-9,
                "{most}: {is_step} {is_top}"
            );
        }
    }

    #[test]
    fn pauses_end_with_what_ends_them() {
        let change = |seq, at_ms, kind| ChangeLine {
            seq,
            at_ms,
            by: String::new(),
            what: String::new(),
            kind,
        };
        let changes = [
            change(1, 10, ChangeKind::Pause),
            change(2, 15, ChangeKind::Turned),
            change(3, 20, ChangeKind::Resume),
            change(4, 30, ChangeKind::Pause),
            change(5, 40, ChangeKind::Stop),
            change(6, 50, ChangeKind::Pause),
        ];
        let session = Session { from_ms: 0, to_ms: 90, columns: Vec::new() };
        let timeline = Timeline { column_ms: 10, sessions: vec![session] };
        assert_eq!(pauses(&changes, &timeline), [(10, 20), (30, 40), (50, 90)]);
    }
}
