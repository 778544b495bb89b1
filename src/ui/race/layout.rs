//! Which part of the race goes where, at every size.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::lane;
use crate::compare::Strategy;
use crate::compare::progress::{ComparisonProgress, Lane, LaneState};
use crate::compare::result::Comparison;
use crate::compare::table;
use crate::ui::action::Action;
use crate::ui::app::HelpPages;
use crate::ui::clicks::ClickMap;
use crate::ui::draw::SMALLEST;
use crate::ui::glossary::GlossaryPlace;
use crate::ui::keys::{KeyContext, KeyMap};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::panels::help;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Rows that a lane needs for a few cells.
const LANE_ROWS: u16 = 10;

/// Draws one frame.
pub fn draw(
    frame: &mut Frame<'_>,
    board: &ComparisonProgress,
    (theme, keys): (Theme, &KeyMap),
    explains: bool,
) {
    let area = frame.area();
    let mut painter =
        Painter { buffer: frame.buffer_mut(), theme, keys, clicks: ClickMap::default() };
    screen(&mut painter, area, board);
    if explains {
        help::draw(&mut painter, area, GlossaryPlace::Race, &mut HelpPages::default(), 0);
    }
    theme.finish(painter.buffer);
}

/// Lays out the race:
///
/// ```text
///  crawldeck compare  the article's list × 0.1, 10 permits              ● RACING   00:07
/// ╭─ sequential ───╮╭─ unlimited ────╮╭─ limited ──────╮╭─ full ─────────╮
/// ╰────────────────╯╰────────────────╯╰────────────────╯╰────────────────╯
/// ╭─ table ──────────────────────────────────────────────────────────────╮
/// ╰──────────────────────────────────────────────────────────────────────╯
///  partial: …, if it is
///  q stops, what was measured is kept
/// ```
///
/// Below 80×24 each lane is a row, and the table comes after leaving.
fn screen(painter: &mut Painter<'_>, area: Rect, board: &ComparisonProgress) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let strip =
        Rect { x: area.x + 1.min(area.width - 1), width: area.width.saturating_sub(2), ..area };
    head(painter, Rect { height: 1, ..strip }, board);
    let foot = Rect { y: area.bottom() - 1, height: 1, ..strip };
    if area.height > 1 {
        hints(painter, foot, board);
    }
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let rows = Rect { x: strip.x, width: strip.width, ..body };
        for (at, one) in (0..rows.height).zip(&board.lanes) {
            let row = Rect { y: rows.y + at, height: 1, ..rows };
            painter.fit(row, 0, 2, lane::in_a_row(painter.theme, one));
        }
        return;
    }
    let comparison = Comparison::of(board, &[]);
    // Frame and air take two columns on each side.
    let lines = table::lines(&comparison, usize::from(body.width) - 4);
    let table_rows = (lines.len() as u16 + 2).min(body.height.saturating_sub(LANE_ROWS));
    let lanes = Rect { height: body.height - table_rows, ..body };
    draw_lanes(painter, lanes, board);
    let below = Rect { y: lanes.bottom(), height: table_rows, ..body };
    draw_table(painter, below, &lines);
}

/// The four side by side, whatever is left over given to the first ones.
fn draw_lanes(painter: &mut Painter<'_>, area: Rect, board: &ComparisonProgress) {
    let four: Vec<&Lane> =
        board.lanes.iter().filter(|one| Strategy::FOUR.contains(&one.strategy)).collect();
    let count = four.len().max(1) as u16;
    let peak = four.iter().map(|one| lane::peak(one)).max().unwrap_or(0);
    let mut x = area.x;
    for (at, one) in (0..).zip(four) {
        let width = area.width / count + u16::from(at < area.width % count);
        lane::draw(painter, Rect { x, width, ..area }, one, (longest(board), peak));
        x += width;
    }
}

/// Draws the rows measured so far below the fixed titles.
fn draw_table(painter: &mut Painter<'_>, area: Rect, lines: &[table::TableLine]) {
    let theme = painter.theme;
    let title = [ratatui::text::Span::styled("measured", theme.strong())];
    let inside = painter.frame(area, &title, Vec::new());
    for (at, line) in (0..inside.height).zip(lines) {
        let style = match line.kind {
            table::LineKind::Titles | table::LineKind::Note => theme.dim(),
            table::LineKind::Row => Style::new(),
        };
        painter.text(inside, 0, at, &line.text, style);
    }
}

/// Seconds of the strategy that is at work longest.
fn longest(board: &ComparisonProgress) -> f64 {
    board.lanes.iter().map(|lane| lane.progress.elapsed_s).fold(0.0, f64::max)
}

fn head(painter: &mut Painter<'_>, strip: Rect, board: &ComparisonProgress) {
    let theme = painter.theme;
    let (glyph, word, style) = match (board.finished, board.stopping) {
        (true, true) => ("■", "STOPPED", theme.text(Role::Wait)),
        (true, false) => ("✓", "OVER", theme.strong()),
        (false, true) => ("◌", "STOPPING", theme.text(Role::Wait)),
        (false, false) => ("●", "RACING", theme.strong()),
    };
    let right = vec![
        Segment::new(0, format!("{glyph} {word}"), style),
        Segment::new(1, units::elapsed(longest(board)), theme.strong()),
    ];
    let free = painter.fit_right(strip, 0, 3, right);
    let left = Rect { width: free.saturating_sub(2), ..strip };
    let what = if board.is_user_list {
        format!(
            "a list of {}",
            units::counted(board.lanes.first().map_or(0, |l| l.total), "URL", "URLs")
        )
    } else {
        format!("the article's list × {}", board.scale)
    };
    let permits = units::counted(board.permits.into(), "permit", "permits");
    let segments = vec![
        Segment::new(0, "crawldeck compare", theme.strong()),
        Segment::new(1, format!("{what}, {permits}"), theme.dim()),
    ];
    painter.fit(left, 0, 2, segments);
}

/// What keys do; before that, what went wrong.
fn hints(painter: &mut Painter<'_>, strip: Rect, board: &ComparisonProgress) {
    let theme = painter.theme;
    let leave = painter.keys.name_in(KeyContext::Race, Action::Stop);
    let early = board.lanes.iter().find(|lane| lane.state == LaneState::Failed);
    let failed: u64 = board.lanes.iter().map(|lane| lane.progress.failed).sum();
    let mut segments = Vec::new();
    match (board.finished, board.stopping) {
        (true, _) => {
            segments.push(Segment::new(0, format!("{leave} leaves, the table stays"), theme.dim()));
        }
        (false, true) => {
            segments.push(Segment::new(
                0,
                "stopping: what was measured is kept",
                theme.text(Role::Wait),
            ));
        }
        (false, false) => {
            segments.push(Segment::new(
                0,
                format!("{leave} stops, what was measured is kept"),
                theme.dim(),
            ));
        }
    }
    if let Some(lane) = early.filter(|_| !board.stopping) {
        let why = lane.why.as_deref().unwrap_or("ended early");
        let text = format!("{}: {}", lane.strategy, text::clean(why));
        segments.push(Segment::new(1, text, theme.text(Role::Server)));
    } else if failed > 0 {
        let text = format!("partial: {} failed", units::counted(failed, "request", "requests"));
        segments.push(Segment::new(1, text, theme.text(Role::Server)));
    }
    let words = painter.keys.name_in(KeyContext::Race, Action::Help);
    segments.push(Segment::new(2, format!("{words} words"), theme.dim()));
    painter.fit(strip, 0, 3, segments);
}
