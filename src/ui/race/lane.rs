//! One lane: a strategy, its URLs as cells, its figures.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::compare::progress::{Lane, LaneState};
use crate::ui::paint::{Painter, Segment, apportion};
use crate::ui::palette::Role;
use crate::ui::theme::{self, Theme};
use crate::ui::units;
use crate::ui::{chart, text};

/// Rows of figures above the cells, and below them.
const ABOVE: u16 = 3;
const BELOW: u16 = 3;
/// Rows from which a chart says something, its title included, and its maximum rows.
const CHART_ROWS: u16 = 4;
const MAX_CHART_ROWS: u16 = 8;
/// A stall of the event loop from which on it is a warning, in ms.
const STALL_MS: f64 = 50.0;
/// URLs of a round of the article's list: rows of cells hold whole rounds where they can.
const ROUND: u16 = 5;

/// Glyph and style of where a strategy is.
#[must_use]
pub fn look(theme: Theme, state: LaneState) -> (&'static str, Style) {
    match state {
        LaneState::Waiting => ("○", theme.dim()),
        LaneState::Running => ("●", theme.strong()),
        LaneState::Finished => ("✓", theme.strong()),
        LaneState::Failed => ("✗", theme.text(Role::Server)),
    }
}

const fn word(state: LaneState) -> &'static str {
    match state {
        LaneState::Waiting => "waits",
        LaneState::Running => "runs",
        LaneState::Finished => "done",
        LaneState::Failed => "ended",
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
///
/// Where there is room, a chart of the requests in flight follows, over the time that the race has
/// taken so far, `whole_s` seconds, and up to the highest `peak` of all lanes.
pub fn draw(painter: &mut Painter<'_>, area: Rect, lane: &Lane, (whole_s, peak): (f64, u64)) {
    let theme = painter.theme;
    let title = [Span::styled(lane.strategy.name(), theme.strong())];
    let inside = painter.frame(area, &title, Vec::new());
    if inside.height < ABOVE + BELOW || area.width < 4 {
        return;
    }
    let says = lane.strategy.description();
    let fits = text::width(says) <= inside.width.into();
    let says = if fits { says } else { lane.strategy.short_description() };
    painter.text(inside, 0, 0, says, theme.dim());
    let (glyph, style) = look(theme, lane.state);
    let progress = &lane.progress;
    painter.text(inside, 0, 1, &format!("{glyph} {}", word(lane.state)), style);
    if lane.state != LaneState::Waiting {
        painter.right(inside, 1, &seconds(progress.elapsed_s), theme.strong());
    }
    let done = format!("{} of {}", units::count(lane.done()), units::count(lane.total));
    let share = lane.done() as f32 / lane.total.max(1) as f32;
    let fits = text::width(&done) <= inside.width.into();
    let done = if fits { done } else { units::percent(share).trim_start().to_owned() };
    let mut segments = vec![Segment::new(0, done, Style::new())];
    if progress.failed > 0 {
        segments.push(Segment::new(
            1,
            format!("{} failed", units::count(progress.failed)),
            theme.text(Role::Server),
        ));
    } else if lane.state == LaneState::Running {
        let flying = format!("{} at once", units::count(progress.in_flight));
        segments.push(Segment::new(2, flying, theme.dim()));
    }
    painter.fit(row(inside, 2), 0, 2, segments);
    let cells = Rect { y: inside.y + ABOVE, height: inside.height - ABOVE - BELOW, ..inside };
    let used = track(painter, cells, lane);
    let bound = lane.lower_bound.map(|bound| seconds(bound.bound_s));
    let stall =
        if progress.stall_ms >= STALL_MS { theme.text(Role::Blocked) } else { Style::new() };
    let figures = [
        ("bound", bound.unwrap_or_else(|| "-".into()), Style::new()),
        ("memory", units::bytes(progress.rss_peak_bytes), Style::new()),
        ("stall", units::duration(progress.stall_ms), stall),
    ];
    // A row of air where there is room for it.
    let air = u16::from(cells.height > used);
    let first = ABOVE + (used + air).min(cells.height);
    let figures_rows = figures.len() as u16;
    for (at, (name, value, style)) in (first..).zip(figures) {
        painter.text(inside, 0, at, name, theme.dim());
        if lane.state != LaneState::Waiting || name == "bound" {
            painter.right(inside, at, &value, style);
        }
    }
    let below = first + figures_rows + 1;
    chart_of(painter, row_to_end(inside, below), lane, whole_s, peak);
}

/// A length of time, comparable among lanes: `80.2 s`.
fn seconds(s: f64) -> String {
    if (1.0..1000.0).contains(&s) { format!("{s:.1} s") } else { units::duration(s * 1000.0) }
}

/// The most requests in flight of a lane.
#[must_use]
pub fn peak(lane: &Lane) -> u64 {
    lane.samples.iter().map(|reading| reading.in_flight).max().unwrap_or(0)
}

/// Requests in flight over the time of the race, on a scale that all lanes share; its own peak above.
fn chart_of(painter: &mut Painter<'_>, area: Rect, lane: &Lane, whole_s: f64, most: u64) {
    let peak = peak(lane);
    if area.height < CHART_ROWS || area.width == 0 || peak == 0 || whole_s <= 0.0 {
        return;
    }
    painter.text(area, 0, 0, "at once", painter.theme.dim());
    painter.right(area, 0, &format!("peak {}", units::count(peak)), Style::new());
    let plot = Rect { y: area.y + 1, height: (area.height - 1).min(MAX_CHART_ROWS), ..area };
    let cells = usize::from(plot.width);
    let cell_of = |at_s: f64| ((at_s / whole_s * cells as f64) as usize).min(cells - 1);
    let mut bins = vec![None; cells];
    let mut before = 0;
    for reading in &lane.samples {
        let at = cell_of(reading.at_s);
        // What was in flight since the last reading is what is in flight now, or was then.
        let now = reading.in_flight as f32;
        for bin in &mut bins[before.min(at)..=at] {
            *bin = Some(bin.unwrap_or(0.0_f32).max(now));
        }
        before = at + 1;
    }
    chart::area(painter, plot, &bins, most.max(peak) as f32, painter.theme.fill(Role::Ok));
}

fn row_to_end(area: Rect, at: u16) -> Rect {
    let at = at.min(area.height);
    Rect { y: area.y + at, height: area.height - at, ..area }
}

fn row(area: Rect, at: u16) -> Rect {
    Rect { y: area.y + at, height: 1.min(area.height.saturating_sub(at)), ..area }
}

/// The URLs as cells. Returns the rows they take.
fn track(painter: &mut Painter<'_>, area: Rect, lane: &Lane) -> u16 {
    let theme = painter.theme;
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
        ("✗", theme.text(Role::Server)),
        ("▮", theme.dim()),
        (theme::TRACK, theme.dim()),
    ];
    let glyphs = cells.iter().zip(looks).flat_map(|(&n, look)| std::iter::repeat_n(look, n.into()));
    for (at, (glyph, style)) in (0..whole).zip(glyphs) {
        painter.glyph(area, at % columns, at / columns, glyph, style);
    }
    whole.div_ceil(columns)
}

/// A lane in one row, where there is no room for more.
#[must_use]
pub fn in_a_row<'a>(theme: Theme, lane: &Lane) -> Vec<Segment<'a>> {
    let (glyph, style) = look(theme, lane.state);
    let progress = &lane.progress;
    let done = format!("{:>4} of {}", lane.done(), lane.total);
    let mut segments = vec![
        Segment::new(0, format!("{glyph} {:<10}", lane.strategy.name()), style),
        Segment::new(1, done, Style::new()),
        Segment::new(2, format!("{:>8}", seconds(progress.elapsed_s)), theme.strong()),
        Segment::new(4, format!("{:>8}", units::bytes(progress.rss_peak_bytes)), theme.dim()),
        Segment::new(3, format!("stall {:>8}", units::duration(progress.stall_ms)), theme.dim()),
    ];
    if progress.failed > 0 {
        segments.push(Segment::new(
            1,
            format!("{} failed", progress.failed),
            theme.text(Role::Server),
        ));
    }
    segments
}
