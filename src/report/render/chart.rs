//! Throughput and latency over time as one SVG: two panels over one axis.
//!
//! ```text
//!        ①      ②–④                          marks of changes
//!  /s │ ▁▃▆▇▇▇│▇▇▇▇▆▅▃ ⫽ ▃▆▇▇▇▇▇▆▃           pages fetched per second
//!  ms │ ───────╱──────  ⫽ ──────────          median and 95th percentile
//!      +0 s  +10 s       +0 s  +10 s         since the session's beginning
//! ```

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::report::data::{ChangeKind, ChangeLine};
use crate::report::text;
use crate::report::timeline::{Session, Timeline, TimelineColumn};
use crate::units;

use super::chart_axis::{Axis, HEIGHT, LATENCY, LEFT, Panel, RATE, RIGHT, STEPS, WIDTH};
use super::pauses::pauses;

/// Draws the chart; nothing when no page was fetched.
pub(super) fn chart(timeline: &Timeline, changes: &[ChangeLine], describes: &str) -> Markup {
    let axis = Axis::new(timeline);
    let columns = || timeline.sessions.iter().flat_map(|session| &session.columns);
    let most_rate = columns().map(|c| c.rate(c.slot.pages())).fold(0.0, f64::max);
    let p95 = |column: &TimelineColumn| column.slot.latencies.quantile(0.95);
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
            (grid(RATE, rate_step, rate_top, &|value| format!("{}/s", units::without_trailing_zeros(&units::three_digits(value)))))
            (grid(LATENCY, ms_step, ms_top, &|value| units::without_trailing_zeros(&units::duration_precise(value.round() as u64))))
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
    let runs: Vec<&[TimelineColumn]> = runs.filter(|run| run[0].slot.pages() > 0).collect();
    let point = |column: &TimelineColumn, share: f64| {
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
                        text x=(format!("{x:.1}")) y=(LATENCY.bottom + 17.0) text-anchor="middle" { "+" (units::without_trailing_zeros(&text::span(tick * step))) }
                    }
                }
            }
            @for (x, began) in beginnings {
                text class="from" x=(format!("{x:.1}")) y=(LATENCY.bottom + 35.0) { (began) " UTC" }
            }
        }
    }
}

/// Changes while it ran: a line through both panels, with its number in the journal.
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
fn tip(axis: &Axis, column: &TimelineColumn) -> Markup {
    let (from, to) = (axis.x(column.from_ms), axis.x(column.to_ms));
    let words = |share: f64| {
        column.slot.latencies.quantile(share).map_or_else(String::new, units::duration_precise)
    };
    html! {
        rect x=(format!("{from:.1}")) y=(RATE.top) width=(format!("{:.1}", (to - from).max(0.5))) height=(LATENCY.bottom - RATE.top) {
            title {
                (text::clock(column.from_ms, column.to_ms - column.from_ms < 1000)) " UTC\n"
                (units::three_digits(column.rate(column.slot.pages()))) " pages/s, "
                (units::count(column.slot.failed)) " failed\nmedian " (words(0.5)) ", p95 " (words(0.95))
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
}
