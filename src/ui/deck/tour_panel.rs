//! The step of the guided tour that the viewer is at: on the Deck as a panel, on other tabs in one line.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::scene_panel::{gauge, stage_number, tenths};
use super::tour::{Tour, TourState};
use super::tour_steps::TourStep;
use super::vessel_places::Vessels;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::keys::KeyMap;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;

/// Rows of text above the gauge.
const LOOK_ROWS: u16 = 2;

/// The number of a step, or that none is left.
fn count(tour: &Tour) -> String {
    match tour.step() {
        Some((number, _)) => format!("{number} of {}", Tour::len()),
        None => format!("{0} of {0}", Tour::len()),
    }
}

/// Lays out the step:
///
/// ```text
/// ╭─ ▶ tour: the queue ────────────────────────────────────────────────── 2 of 12 ─╮
/// │ The producer takes URLs from the frontier and puts them into a queue that …    │
/// │ holds more than its capacity. Watch it fill, in the second vessel.             │
/// │ ▶ ━━━━━━────  61 of 100                                                   now   │
/// │ It is full, and the producer waits for room. A bound on every stage is what …  │
/// │ memory flat, however large the site is.                                        │
/// │ J goes on · K back · q ends the crawl                                          │
/// ╰────────────────────────────────────────────────────────────────────────────────╯
/// ```
///
/// Before it happened, the key to press stands in the place of what it shows.
pub fn draw(painter: &mut Painter<'_>, area: Rect, tour: &Tour, s: &Snapshot) {
    let theme = painter.theme;
    let title = match tour.step() {
        Some((_, step)) => format!("▶ tour: {}", step.title),
        None => "✓ tour".to_owned(),
    };
    let numbers = vec![Segment::new(0, count(tour), theme.text(Role::Limit))];
    let inner = painter.panel(area, &title, Role::Limit, numbers);
    let columns = usize::from(inner.width);
    // On low screens the gauge and the keys stay in sight.
    let rows = inner.height;
    let line = |row: u16| Rect { y: inner.y + row, height: u16::from(row < rows), ..inner };
    let Some((_, step)) = tour.step() else {
        let seen = format!("That was the tour: {}.", tour.seen().words());
        for (row, words) in text::wrap(&seen, columns).into_iter().take(3).enumerate() {
            painter.text(line(row as u16), 0, 0, &words, theme.text(Role::Text));
        }
        let more = [
            (Action::Scenes, "plays scenes"),
            (Action::Faults, "makes faults"),
            (Action::Help, "lists all keys"),
        ];
        let more = more.map(|(action, words)| format!("{} {words}", painter.keys.name_of(action)));
        painter.text(line(3), 0, 0, &more.join(" · "), theme.dim());
        keys_row(painter, line(rows.saturating_sub(1)), tour, s);
        return;
    };
    let look = text::wrap(step.look, columns);
    let look_rows = LOOK_ROWS.min(rows.saturating_sub(2));
    for (row, words) in look.iter().take(look_rows.into()).enumerate() {
        painter.text(line(row as u16), 0, 0, words, theme.strong());
    }
    measured(painter, line(look_rows), tour, s, Tab::Deck);
    let after = look_rows + 1;
    for (row, words) in below(step, tour.state(), columns, painter.keys).into_iter().enumerate() {
        let row = after + row as u16;
        if row + 1 < rows {
            let style = match tour.state() {
                TourState::Waits => theme.bold(Role::Limit),
                TourState::Happened(..) => theme.text(Role::Text),
            };
            painter.text(line(row), 0, 0, &words, style);
        }
    }
    keys_row(painter, line(rows.saturating_sub(1)), tour, s);
}

/// What stands below the gauge: the key to press, or what it showed.
fn below(step: &TourStep, state: &TourState, columns: usize, keys: &KeyMap) -> Vec<String> {
    match state {
        TourState::Waits => {
            let by_itself = || "it happens by itself: watch".to_owned();
            vec![step.press.map_or_else(by_itself, |press| press(keys))]
        }
        TourState::Happened(..) => text::wrap(step.shows, columns),
    }
}

/// Mark, gauge, what is measured, and when it happened.
fn measured(painter: &mut Painter<'_>, line: Rect, tour: &Tour, s: &Snapshot, tab: Tab) {
    let theme = painter.theme;
    let Some(reading) = tour.reading(s, tab) else { return };
    let (glyph, role, share, words, time) = match tour.state() {
        TourState::Happened(after_s, words) => {
            ("✓", Role::Ok, 1.0, words.clone(), tenths(*after_s))
        }
        TourState::Waits if s.run.is_final() => {
            ("–", Role::Blocked, reading.share, reading.words, "the crawl is over".to_owned())
        }
        TourState::Waits => ("▶", Role::Limit, reading.share, reading.words, "now".to_owned()),
    };
    painter.text(line, 0, 0, glyph, theme.bold(role));
    let after = gauge(painter, line, 2, share, role);
    painter.right(line, 0, &time, theme.text(role));
    let used = text::width(&time) as u16 + 1;
    let room = Rect { width: line.width.saturating_sub(used), ..line };
    painter.text(room, after + 2, 0, &text::clean(&words), theme.text(Role::Text));
}

/// The keys of the tour: what goes on stands first.
fn key_hints(tour: &Tour, s: &Snapshot) -> Vec<(Action, String)> {
    let happened = matches!(tour.state(), TourState::Happened(..));
    let leave = if s.run.is_final() { "leaves" } else { "ends the crawl" };
    let first = match tour.step() {
        Some(_) if happened => Some((Action::TourNext, "goes on".to_owned())),
        Some(_) => Some((Action::TourSkip, "skips".to_owned())),
        None => None,
    };
    let back = (Action::TourBack, "back".to_owned());
    first.into_iter().chain([back, (Action::Stop, leave.to_owned())]).collect()
}

fn keys_row(painter: &mut Painter<'_>, line: Rect, tour: &Tour, s: &Snapshot) {
    let theme = painter.theme;
    let mut column = 0;
    for (i, (action, words)) in key_hints(tour, s).into_iter().enumerate() {
        if i > 0 {
            column = painter.text(line, column, 0, " · ", theme.dim());
        }
        let happened = matches!(tour.state(), TourState::Happened(..));
        let style = if i == 0 && happened { theme.chip(Role::Limit) } else { theme.strong() };
        column = painter.text(line, column, 0, &painter.keys.name_of(action), style);
        column = painter.text(line, column, 0, &format!(" {words}"), theme.dim());
    }
}

/// The step in one line, for the tabs other than the Deck: `▶ 7 of 12 politeness  cooldown: 1 s more   X skips`.
pub fn line(painter: &mut Painter<'_>, area: Rect, tour: &Tour, s: &Snapshot, tab: Tab) {
    let theme = painter.theme;
    let (glyph, role, words) = match (tour.step(), tour.state()) {
        (None, _) => ("✓", Role::Ok, tour.seen().words()),
        (Some(_), TourState::Happened(_, words)) => ("✓", Role::Ok, words.clone()),
        (Some(_), TourState::Waits) => {
            ("▶", Role::Limit, tour.reading(s, tab).map_or_else(String::new, |r| r.words))
        }
    };
    let title = tour.step().map_or("tour", |(_, step)| step.title);
    let deck = painter.keys.name_of(Action::Show(Tab::Deck));
    let (first, what) = key_hints(tour, s).swap_remove(0);
    let hint = Segment::of(
        0,
        vec![
            Span::styled(painter.keys.name_of(first), theme.strong()),
            Span::styled(format!(" {what} · "), theme.dim()),
            Span::styled(deck, theme.strong()),
            Span::styled(" Deck", theme.dim()),
        ],
    );
    let free = painter.fit_right(area, 0, 2, vec![hint]).saturating_sub(2);
    let left = Rect { width: free, ..area };
    painter.text(left, 0, 0, glyph, theme.bold(role));
    let after = painter.text(left, 2, 0, &format!("{} {title}", count(tour)), theme.strong());
    painter.text(left, after + 2, 0, &text::clean(&words), theme.text(Role::Text));
}

/// The number of the step on the lower frame of its stage.
pub fn mark_stage(painter: &mut Painter<'_>, places: &Vessels, tour: &Tour) {
    let Some((number, step)) = tour.step() else { return };
    let Some(stage) = step.stage else { return };
    let (glyph, role) = match tour.state() {
        TourState::Waits => ("▶", Role::Limit),
        TourState::Happened(..) => ("✓", Role::Ok),
    };
    stage_number(painter, places, stage, 0, &format!(" {number}{glyph} "), role);
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::settings::appearance::ColorDepth;
    use crate::ui::clicks::ClickMap;
    use crate::ui::deck::scene_panel::HEIGHT;
    use crate::ui::deck::tour_steps::STEPS;
    use crate::ui::keys::KeyMap;
    use crate::ui::theme::Theme;

    /// The text of the panel, without its frame, each gap as one space.
    fn drawn(tour: &Tour, width: u16) -> String {
        let area = Rect::new(0, 0, width, HEIGHT);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::dark(ColorDepth::Ansi);
        let keys = KeyMap::default();
        let clicks = ClickMap::default();
        let mut painter = Painter { buffer: &mut buffer, theme, keys: &keys, clicks };
        draw(&mut painter, area, tour, &Snapshot::default());
        let row = |y| {
            let cells = (1..width - 1).map(move |x| (x, y));
            cells.map(|at| buffer[at].symbol()).collect::<String>() + " "
        };
        let text: String = (0..HEIGHT).map(row).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nothing_is_cut_on_the_narrowest_screen() {
        let joined = |words: &str| words.split_whitespace().collect::<Vec<_>>().join(" ");
        for width in [80, 96, 120, 200] {
            for (at, step) in STEPS.iter().enumerate() {
                let waits = drawn(&Tour::at(at, TourState::Waits), width);
                let happened = TourState::Happened(3.21, "what was measured".to_owned());
                let happened = drawn(&Tour::at(at, happened), width);
                let number = format!("{} of {}", at + 1, STEPS.len());
                for text in [&waits, &happened] {
                    assert!(text.contains(&joined(step.look)), "{text}");
                    assert!(text.contains(&number) && text.contains("q ends the crawl"), "{text}");
                }
                if let Some(press) = step.press {
                    assert!(waits.contains(&joined(&press(&KeyMap::default()))), "{waits}");
                }
                assert!(waits.contains("X skips · K back"), "{waits}");
                assert!(happened.contains(&joined(step.shows)), "{happened}");
                assert!(happened.contains("what was measured 00:03.2"), "{happened}");
                assert!(happened.contains("J goes on"), "{happened}");
            }
        }
    }
}
