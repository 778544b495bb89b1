//! A map of latencies over time: how many requests took how long, two half rows a cell.

use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;

use super::window::ChartWindow;
use crate::crawl::protocol::history::{LATENCY_CLASSES, latency_of_class};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Steps from few to many: their strength.
const STEPS: [f32; 5] = [-0.25, 0.05, 0.3, 0.6, 1.0];
/// The same without gradients.
const GLYPHS: [&str; 5] = ["·", "░", "▒", "▓", "█"];
/// Classes an octave.
const OCTAVE: usize = 4;
/// Columns of the labels.
const GUTTER: u16 = 6;

/// The style of a step.
fn ink(painter: &Painter<'_>, step: usize) -> Style {
    painter.theme.shade(Role::High, STEPS[step])
}

/// The scale in words and colours: `few ▪▪▪▪▪ many`.
#[must_use]
pub fn heat_legend<'a>(theme: Theme) -> Vec<Span<'a>> {
    let steps = STEPS.iter().zip(GLYPHS).map(|(step, glyph)| {
        let glyph = if theme.has_gradients() { "█" } else { glyph };
        Span::styled(glyph, theme.shade(Role::High, *step))
    });
    let few = std::iter::once(Span::styled("few ", theme.dim()));
    few.chain(steps).chain([Span::styled(" many", theme.dim())]).collect()
}

/// Draws the map above its axis; returns the area of the cells, for the axis of time below.
pub fn heat_map(
    painter: &mut Painter<'_>,
    area: Rect,
    window: impl FnOnce(u16) -> ChartWindow,
    snapshot: &Snapshot,
) -> (Rect, ChartWindow) {
    let plot = Rect { x: area.x + GUTTER, width: area.width.saturating_sub(GUTTER), ..area };
    let window = window(plot.width);
    let halves = usize::from(plot.height) * 2;
    if halves == 0 || plot.width == 0 {
        return (plot, window);
    }
    let mut counts = vec![[0.0_f32; LATENCY_CLASSES]; window.columns];
    window.each(snapshot, |columns, point| {
        for (column, weight) in columns {
            for (sum, n) in counts[column].iter_mut().zip(point.latencies.0) {
                *sum += f32::from(n) * weight;
            }
        }
    });
    let rows = HeatRows::new(&counts, halves);
    // What is above the highest row is gathered there, and what is below the lowest one, likewise.
    let mut cells = vec![vec![0.0_f32; window.columns]; halves];
    for (column, classes) in counts.iter().enumerate() {
        for (class, n) in classes.iter().enumerate() {
            cells[rows.half_of(class, halves)][column] += n;
        }
    }
    let most = cells.iter().flatten().fold(0.0_f32, |a, b| a.max(*b));
    for y in 0..plot.height {
        let low = halves - 2 - 2 * usize::from(y);
        for x in 0..plot.width {
            let [lower, upper] = [low, low + 1].map(|half| step(cells[half][usize::from(x)], most));
            put(painter, plot, (x, y), lower, upper);
        }
    }
    let dim = painter.theme.dim();
    for y in 0..plot.height {
        let half = halves - 2 - 2 * usize::from(y);
        let class = rows.lowest + half * rows.classes;
        let gutter = Rect { width: GUTTER - 1, y: area.y + y, height: 1, ..area };
        if y == 0 && rows.lowest + halves * rows.classes < LATENCY_CLASSES {
            let words = format!("≥{}", label(latency_of_class(class + rows.classes)));
            painter.right(gutter, 0, &words, dim);
        } else if class.is_multiple_of(OCTAVE.max(4 * rows.classes)) && y > 0 {
            painter.right(gutter, 0, &label(latency_of_class(class)), dim);
        }
    }
    (plot, window)
}

/// Which classes the half rows hold.
struct HeatRows {
    /// The lowest class of the lowest half row.
    lowest: usize,
    /// Classes a half row.
    classes: usize,
}

impl HeatRows {
    /// As few classes a row as let all requests stand in so many half rows, but for a few of the fastest and
    /// of the slowest.
    fn new(counts: &[[f32; LATENCY_CLASSES]], halves: usize) -> Self {
        let mut sums = [0.0_f32; LATENCY_CLASSES];
        for column in counts {
            for (sum, n) in sums.iter_mut().zip(column) {
                *sum += n;
            }
        }
        let all: f32 = sums.iter().sum();
        let beyond = |share: f32| {
            let mut below = 0.0;
            sums.iter().position(|n| {
                below += n;
                below > all * share
            })
        };
        let (first, last) = (beyond(0.02).unwrap_or(16), beyond(0.998).unwrap_or(16));
        let mut classes = 1;
        loop {
            // Whole cells, one of them below the fastest.
            let cell = 2 * classes;
            let lowest = (first / cell * cell).saturating_sub(cell);
            if last < lowest + halves * classes || classes >= LATENCY_CLASSES {
                let highest = LATENCY_CLASSES.saturating_sub(halves * classes) / cell * cell;
                return Self { lowest: lowest.min(highest), classes };
            }
            classes *= 2;
        }
    }

    fn half_of(&self, class: usize, halves: usize) -> usize {
        (class.saturating_sub(self.lowest) / self.classes).min(halves - 1)
    }
}

/// 0 for none, else from 1, few, to 5, many.
fn step(n: f32, most: f32) -> usize {
    if n <= 0.0 || most <= 0.0 {
        return 0;
    }
    let share = (n / most).sqrt();
    1 + ((share * STEPS.len() as f32) as usize).min(STEPS.len() - 1)
}

/// One cell of two halves.
fn put(painter: &mut Painter<'_>, plot: Rect, (x, y): (u16, u16), lower: usize, upper: usize) {
    let both = lower.max(upper);
    if both == 0 {
        return;
    }
    if !painter.theme.has_gradients() {
        let style = painter.theme.mark(Role::High);
        painter.glyph(plot, x, y, GLYPHS[both - 1], style);
        return;
    }
    let (glyph, front, back) = match (lower, upper) {
        (0, upper) => ("▀", upper, 0),
        (lower, 0) => ("▄", lower, 0),
        (lower, upper) => ("▄", lower, upper),
    };
    let mut style = ink(painter, front - 1);
    if back > 0 {
        let behind = ink(painter, back - 1).fg.unwrap_or(Color::Reset);
        style = style.bg(behind);
    }
    painter.glyph(plot, x, y, glyph, style);
}

fn label(ms: f64) -> String {
    if ms >= 999.5 {
        let s = ms / 1000.0;
        if s < 9.95 { format!("{s:.1} s") } else { format!("{s:.0} s") }
    } else {
        units::count(ms.round() as u64)
    }
}
