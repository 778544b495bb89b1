//! Promise: a chart can be read: every label stands on the row of its value, labels are evenly spaced, and what
//! is drawn is within half a row of what was measured.

use crawldeck::crawl::protocol::history::AnswerRates;
use crawldeck::crawl::protocol::snapshot::{HistoryPoint, Snapshot};
use crawldeck::ui::app::App;
use proptest::prelude::*;
use ratatui::buffer::Buffer;

use crate::fixtures;
use crate::screen::render;

/// A chart as a person reads it: rows are those of the screen, from above, their middle at whole numbers.
struct ReadChart {
    /// Row and value of each label, 0 at the axis included, from above.
    labels: Vec<(f64, f64)>,
    /// Columns and rows of the data.
    columns: std::ops::Range<u16>,
    rows: std::ops::Range<u16>,
}

impl ReadChart {
    /// The chart whose frame has this title.
    fn find(buffer: &Buffer, title: &str) -> Option<Self> {
        let area = buffer.area;
        let line = |y: u16| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        let top = (0..area.height).find(|y| line(*y).contains(&format!("╭─ {title} ")))?;
        let head: Vec<char> = line(top).chars().collect();
        let at = head.windows(title.len() + 1).position(|w| {
            w.iter().collect::<String>() == format!("{title} ") && head[w.len()..].len() > 1
        })?;
        let left = (0..=at).rev().find(|x| head[*x] == '╭')? as u16;
        let right = (at..head.len()).find(|x| head[*x] == '╮')? as u16;
        let mut labels = Vec::new();
        let mut axis = None;
        for y in top + 1..area.height {
            let cells: Vec<&str> = (left..=right).map(|x| buffer[(x, y)].symbol()).collect();
            if cells[0] == "╰" {
                break;
            }
            if let Some(x) = cells.iter().position(|c| *c == "┤" || *c == "╰") {
                let number: String = cells[1..x].concat().trim().replace(',', "");
                labels.push((f64::from(y), number.parse().ok()?));
                if cells[x] == "╰" {
                    axis = Some((left + x as u16 + 1, y));
                    break;
                }
            }
        }
        let (first, bottom) = axis?;
        Some(Self { labels, columns: first..right - 1, rows: top + 1..bottom })
    }

    /// The value of one row, by the labels above and below.
    fn per_row(&self) -> f64 {
        let ((y0, v0), (y1, v1)) = (self.labels[0], self.labels[self.labels.len() - 1]);
        (v0 - v1) / (y1 - y0)
    }

    /// The value that a reader finds at a height of the screen.
    fn value(&self, y: f64) -> f64 {
        let (axis, _) = self.labels[self.labels.len() - 1];
        (axis - y) * self.per_row()
    }

    /// Rows and numbers of labels are proportional.
    fn assert_even(&self) {
        assert!(self.labels.len() >= 3, "two labels and the axis: {:?}", self.labels);
        for (y, value) in &self.labels {
            let read = self.value(*y);
            assert!((read - value).abs() < self.per_row() * 0.01 + 1e-6, "{:?}", self.labels);
        }
        let gaps: Vec<_> = self.labels.windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert!(gaps.iter().all(|gap| (gap - gaps[0]).abs() < 1e-9), "{:?}", self.labels);
    }

    /// Heights of all dots of braille.
    fn dots(&self, buffer: &Buffer) -> Vec<f64> {
        let mut found = Vec::new();
        for y in self.rows.clone() {
            for x in self.columns.clone() {
                let c = buffer[(x, y)].symbol().chars().next().map_or(0, u32::from);
                if !(0x2801..0x2900).contains(&c) {
                    continue;
                }
                for (dot, bits) in [0x09, 0x12, 0x24, 0xC0].into_iter().enumerate() {
                    if (c - 0x2800) & bits != 0 {
                        found.push(f64::from(y) + (dot as f64 + 0.5) / 4.0 - 0.5);
                    }
                }
            }
        }
        found
    }

    /// The upper edge of the columns at an x.
    fn edge(&self, buffer: &Buffer, x: u16) -> f64 {
        let glyphs = "▁▂▃▄▅▆▇█";
        for y in self.rows.clone() {
            if let Some(at) = glyphs.chars().position(|c| buffer[(x, y)].symbol().starts_with(c)) {
                return f64::from(y) + 0.5 - (at as f64 + 1.0) / 8.0;
            }
        }
        f64::from(self.rows.end) - 0.5
    }
}

/// Seconds of which each has these values.
fn steady(pages: f32, p50: f32, p95: f32) -> Snapshot {
    let point = |s: u32| HistoryPoint {
        at_s: s.into(),
        pages_per_s: pages,
        p50_ms: p50,
        p95_ms: p95,
        answers: AnswerRates { ok: pages, ..AnswerRates::default() },
        ..HistoryPoint::default()
    };
    let mut s = fixtures::permits_limited();
    s.at_s = 60.0;
    s.history = (1..=60).map(point).collect();
    s.changes = std::sync::Arc::new([]);
    s
}

fn assert_near(chart: &ReadChart, y: f64, value: f64, what: &str) {
    // From the middle of the row of the value; a little for rounding to dots.
    let rows = (chart.value(y) - value).abs() / chart.per_row();
    assert!(rows <= 0.5 + 0.13, "{what} {value} is read as {}: {rows} rows", chart.value(y));
}

/// A stall multiplies the latency by four: that must be seen.
#[test]
fn fourfold_is_read_as_fourfold() {
    for size in [(80, 24), (96, 26), (120, 36), (200, 60), (300, 100)] {
        let buffer = render(&mut App::new(), &steady(50.0, 102.0, 406.0), size);
        let chart = ReadChart::find(&buffer, "latency ms").unwrap();
        chart.assert_even();
        let dots = chart.dots(&buffer);
        let (low, high) = (
            dots.iter().fold(0.0, |a: f64, b| a.max(*b)),
            dots.iter().fold(f64::MAX, |a, b| a.min(*b)),
        );
        assert_near(&chart, high, 406.0, "p95");
        assert_near(&chart, low, 102.0, "p50");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn charts_say_what_was_measured(
        width in 80_u16..300,
        height in 24_u16..100,
        pages in 0.3_f32..20_000.0,
        p50 in 0.5_f32..9_000.0,
        factor in 1.0_f32..20.0,
    ) {
        let s = steady(pages, p50, p50 * factor);
        let buffer = render(&mut App::new(), &s, (width, height));
        if let Some(chart) = ReadChart::find(&buffer, "latency ms") {
            chart.assert_even();
            let dots = chart.dots(&buffer);
            let high = dots.iter().fold(f64::MAX, |a, b| a.min(*b));
            let low = dots.iter().fold(0.0, |a: f64, b| a.max(*b));
            assert_near(&chart, high, (p50 * factor).into(), "p95");
            // Half a row above the axis is the lowest that a dot can stand.
            let lowest = f64::from(p50).max(chart.per_row() * 0.5);
            assert_near(&chart, low, lowest, "p50");
        }
        if let Some(chart) = ReadChart::find(&buffer, "pages/s") {
            chart.assert_even();
            // A column ends at the upper edge of the row of its value.
            let middle = u16::midpoint(chart.columns.start, chart.columns.end);
            let edge = chart.edge(&buffer, middle) + 0.5;
            let least = f64::from(pages).max(chart.per_row() / 8.0);
            assert_near(&chart, edge, least, "pages/s");
        }
    }
}
