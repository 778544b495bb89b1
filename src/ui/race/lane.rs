//! One lane: a strategy, its URLs as cells, its figures.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::compare::board::{Lane, LaneState};
use crate::ui::paint::{Canvas, Part, apportion};
use crate::ui::text;
use crate::ui::theme::{self, Theme};

/// Rows of figures above the cells, and below them.
const ABOVE: u16 = 3;
const BELOW: u16 = 3;
/// A stall of the event loop from which on it is a warning, in ms.
const STALL_MS: f64 = 50.0;
/// URLs of a round of the article's list: rows of cells hold whole rounds where they can.
const ROUND: u16 = 5;

/// Glyph and style of where a strategy is.
#[must_use]
pub const fn look(theme: Theme, state: LaneState) -> (&'static str, Style) {
    match state {
        LaneState::Waiting => ("○", theme.dim()),
        LaneState::Running => ("●", theme.strong()),
        LaneState::Finished => ("✓", theme.strong()),
        LaneState::Failed => ("✗", theme.error()),
    }
}

const fn word(state: LaneState) -> &'static str {
    match state {
        LaneState::Waiting => "waits",
        LaneState::Running => "runs",
        LaneState::Finished => "done",
        LaneState::Failed => "ended early",
    }
}

/// Lays out a lane:
///
/// ```text
/// ╭─ limited ────────────────╮
/// │ a semaphore of permits   │
/// │ ● runs             4.2 s │
/// │ 41 of 100    10 at once  │
/// │ ████████████████████     │   a cell for each URL (or several): done, failed, in flight,
/// │ ████████████████████     │   still to come
/// │ █▮▮▮▮▮▮▮▮▮▮·········     │
/// │ bound             9.02 s │
/// │ memory          22.4 MiB │
/// │ stall             1.0 ms │
/// ╰──────────────────────────╯
/// ```
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, lane: &Lane) {
    let theme = canvas.theme;
    let title = [Span::styled(lane.strategy.name(), theme.strong())];
    let inside = canvas.frame(area, &title, Vec::new());
    if inside.height < ABOVE + BELOW || area.width < 4 {
        return;
    }
    canvas.text(inside, 0, 0, lane.strategy.says(), theme.dim());
    let (glyph, style) = look(theme, lane.state);
    let progress = &lane.progress;
    canvas.text(inside, 0, 1, &format!("{glyph} {}", word(lane.state)), style);
    if lane.state != LaneState::Waiting {
        canvas.right(inside, 1, &text::span(progress.elapsed_s * 1000.0), theme.strong());
    }
    let done = format!("{} of {}", text::count(lane.done()), text::count(lane.total));
    let mut parts = vec![Part::new(0, done, Style::new())];
    if progress.failed > 0 {
        parts.push(Part::new(1, format!("{} failed", text::count(progress.failed)), theme.error()));
    } else if lane.state == LaneState::Running {
        let flying = format!("{} at once", text::count(progress.in_flight));
        parts.push(Part::new(2, flying, theme.dim()));
    }
    canvas.fit(row(inside, 2), 0, 2, parts);
    let cells = Rect { y: inside.y + ABOVE, height: inside.height - ABOVE - BELOW, ..inside };
    let used = track(canvas, cells, lane);
    let bound = lane.bound.map(|bound| text::span(bound.bound_s * 1000.0));
    let stall = if progress.stall_ms >= STALL_MS { theme.warn() } else { Style::new() };
    let figures = [
        ("bound", bound.unwrap_or_else(|| "-".into()), Style::new()),
        ("memory", text::bytes(progress.rss_peak_bytes), Style::new()),
        ("stall", text::span(progress.stall_ms), stall),
    ];
    // A row of air where there is room for it.
    let air = u16::from(cells.height > used);
    let first = ABOVE + (used + air).min(cells.height);
    for (at, (name, value, style)) in (first..).zip(figures) {
        canvas.text(inside, 0, at, name, theme.dim());
        if lane.state != LaneState::Waiting || name == "bound" {
            canvas.right(inside, at, &value, style);
        }
    }
}

fn row(area: Rect, at: u16) -> Rect {
    Rect { y: area.y + at, height: 1.min(area.height.saturating_sub(at)), ..area }
}

/// The URLs as cells. Returns the rows they take.
fn track(canvas: &mut Canvas<'_>, area: Rect, lane: &Lane) -> u16 {
    let theme = canvas.theme;
    let rounds = area.width / ROUND * ROUND;
    let columns = if rounds > 0 { rounds } else { area.width };
    let total = u16::try_from(lane.total).unwrap_or(u16::MAX);
    // Rather as many cells as there are URLs than whole rounds.
    let columns = if total.div_ceil(columns.max(1)) > area.height { area.width } else { columns };
    let whole = total.min(columns.saturating_mul(area.height));
    if columns == 0 || whole == 0 {
        return 0;
    }
    let progress = &lane.progress;
    let to_come = lane.total.saturating_sub(lane.done() + progress.in_flight);
    let shares = [progress.ok, progress.failed, progress.in_flight, to_come];
    let cells = apportion(&shares.map(|n| n as f32), whole);
    let looks = [
        (theme::FULL, Style::new()),
        ("✗", theme.error()),
        ("▮", theme.dim()),
        (theme::TRACK, theme.dim()),
    ];
    let glyphs = cells.iter().zip(looks).flat_map(|(&n, look)| std::iter::repeat_n(look, n.into()));
    for (at, (glyph, style)) in (0..whole).zip(glyphs) {
        canvas.glyph(area, at % columns, at / columns, glyph, style);
    }
    whole.div_ceil(columns)
}

/// A lane in one row, where there is no room for more.
#[must_use]
pub fn in_a_row<'a>(theme: Theme, lane: &Lane) -> Vec<Part<'a>> {
    let (glyph, style) = look(theme, lane.state);
    let progress = &lane.progress;
    let done = format!("{:>4} of {}", lane.done(), lane.total);
    let mut parts = vec![
        Part::new(0, format!("{glyph} {:<10}", lane.strategy.name()), style),
        Part::new(1, done, Style::new()),
        Part::new(2, format!("{:>8}", text::span(progress.elapsed_s * 1000.0)), theme.strong()),
        Part::new(4, format!("{:>8}", text::bytes(progress.rss_peak_bytes)), theme.dim()),
        Part::new(3, format!("stall {:>8}", text::span(progress.stall_ms)), theme.dim()),
    ];
    if progress.failed > 0 {
        parts.push(Part::new(1, format!("{} failed", progress.failed), theme.error()));
    }
    parts
}
