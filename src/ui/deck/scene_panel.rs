//! The scene that is on, as numbered steps; the same numbers stand on the stages.

use ratatui::layout::Rect;

use super::scene_progress::{SceneProgress, StepState};
use super::scene_steps::look;
use super::vessel_places::Vessels;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::verdict::Stage;
use crate::ui::action::Action;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::units;

/// Rows with five steps, the frame included.
pub const HEIGHT: u16 = 8;
/// Columns of a gauge.
const GAUGE: u16 = 10;

/// Lays out the steps:
///
/// ```text
/// ╭─ ▶ slow database   on purpose: saver 500ms, buffer 128KiB ─────────── 3 of 5 steps ─╮
/// │ ✓ 1 the saver's buffer fills       ━━━━━━━━━━  127 of 128 KiB              00:03.2   │
/// │ ▶ 4 the producer stops             ━━━━━━────  blocked 97% of the last s…      now   │
/// │ ○ 5 F 0 gives the database back: watch it drain                                      │
/// │ look: the jam walks upstream, from the saver to the frontier                          │
/// ╰──────────────────────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, progress: &SceneProgress, s: &Snapshot) {
    let theme = painter.theme;
    let Some((scene, steps)) = progress.scene() else { return };
    let ticked = progress.ticked();
    let count = format!("{ticked} of {} steps", steps.len());
    let numbers = vec![Segment::new(0, count, theme.text(Role::Limit))];
    let title = format!("▶ {}", scene.title());
    let inner = painter.panel(area, &title, Role::Limit, numbers);
    let faults = format!(" on purpose: {} ", s.faults);
    let after = 6 + text::width(&title) as u16;
    if !s.faults.is_none() && after + text::width(&faults) as u16 + 18 < area.width {
        painter.text(area, after, 0, &faults, theme.dim());
    }
    let last = inner.height.saturating_sub(1);
    // On low screens the step that happens now stays in sight.
    let rows = usize::from(last).min(steps.len());
    let first = (ticked + 1).saturating_sub(rows).min(steps.len() - rows);
    for (row, at) in (first..first + rows).enumerate() {
        let line = Rect { y: inner.y + row as u16, height: 1, ..inner };
        one(painter, line, at, progress, s);
    }
    let line = Rect { y: inner.y + last.min(rows as u16), height: 1, ..inner };
    if ticked == steps.len() {
        let scenes = painter.keys.name_of(Action::Scenes);
        let words = format!("that was {}: {scenes} offers the next scene", scene.title());
        painter.text(line, 0, 0, &words, theme.text(Role::Ok));
    } else {
        let after = painter.text(line, 0, 0, "look: ", theme.dim());
        painter.text(line, after, 0, look(scene), theme.text(Role::Text));
    }
}

/// Mark and role of a step.
fn mark(state: StepState) -> (&'static str, Role) {
    match state {
        StepState::ToCome => ("○", Role::Dim),
        StepState::Now => ("▶", Role::Limit),
        StepState::Done(_) => ("✓", Role::Ok),
        StepState::Missed => ("–", Role::Blocked),
    }
}

fn one(painter: &mut Painter<'_>, line: Rect, at: usize, progress: &SceneProgress, s: &Snapshot) {
    let theme = painter.theme;
    let Some(step) = progress.scene().and_then(|(_, steps)| steps.get(at)) else { return };
    let state = progress.state(at, s);
    let (glyph, role) = mark(state);
    painter.text(line, 0, 0, glyph, theme.text(role));
    painter.text(line, 2, 0, &(at + 1).to_string(), theme.bold(role));
    let style = match state {
        StepState::Now => theme.strong(),
        StepState::ToCome => theme.dim(),
        _ => theme.text(Role::Text),
    };
    let time = match state {
        StepState::Done(at_s) => tenths(at_s),
        StepState::Now => "now".to_owned(),
        StepState::ToCome => String::new(),
        StepState::Missed => "not yet".to_owned(),
    };
    painter.right(line, 0, &time, theme.text(role));
    let gauge_at = (line.width * 2 / 5).max(32);
    let reading = progress.reading(at, step, s);
    if step.is_viewers {
        // Nothing fills up by itself: what is to be pressed has the room.
        let room = Rect { width: line.width.saturating_sub(10), ..line };
        let after = painter.text(room, 4, 0, &painter.keys.filled(step.sentence), style) + 3;
        if state != StepState::ToCome {
            let rest = Rect { x: room.x + after, width: room.width.saturating_sub(after), ..room };
            let words = text::clean(&reading.words);
            painter.text(rest, 0, 0, text::whole_words(&words, rest.width.into()), theme.dim());
        }
        return;
    }
    let sentence = Rect { width: gauge_at.min(line.width), ..line };
    painter.text(sentence, 4, 0, step.sentence, style);
    if state == StepState::ToCome || gauge_at + GAUGE + 2 >= line.width {
        return;
    }
    let share = if matches!(state, StepState::Done(_)) { 1.0 } else { reading.share };
    let words_at = gauge(painter, line, gauge_at, share, role) + 2;
    let room = Rect { width: line.width.saturating_sub(text::width(&time) as u16 + 1), ..line };
    painter.text(room, words_at, 0, &text::clean(&reading.words), theme.text(Role::Text));
}

/// A gauge at a column; returns the column after it.
pub(super) fn gauge(painter: &mut Painter<'_>, line: Rect, at: u16, share: f64, role: Role) -> u16 {
    let full = (share * f64::from(GAUGE)).round() as u16;
    for column in 0..GAUGE {
        let (glyph, role) = if column < full { ("━", role) } else { ("─", Role::Faint) };
        painter.glyph(line, at + column, 0, glyph, painter.theme.mark(role));
    }
    at + GAUGE
}

/// `00:03.2`.
pub(super) fn tenths(seconds: f64) -> String {
    let tenth = (seconds * 10.0).floor() % 10.0;
    format!("{}.{tenth:.0}", units::elapsed(seconds.floor()))
}

/// The numbers of the steps on the lower frames of their stages: `3✓`.
pub fn numbers(
    painter: &mut Painter<'_>,
    places: &Vessels,
    progress: &SceneProgress,
    s: &Snapshot,
) {
    let Some((_, steps)) = progress.scene() else { return };
    let mut taken = [0_u16; 6];
    for (at, step) in steps.iter().enumerate() {
        let state = progress.state(at, s);
        let Some(stage) = step.stage.filter(|_| state != StepState::ToCome) else { continue };
        let (glyph, role) = mark(state);
        let words = format!(" {}{glyph} ", at + 1);
        let taken = &mut taken[stage as usize];
        *taken += stage_number(painter, places, stage, *taken, &words, role);
    }
}

/// A number on the lower frame of a stage, so many columns right of its middle. Returns the columns that it took.
pub(super) fn stage_number(
    painter: &mut Painter<'_>,
    places: &Vessels,
    stage: Stage,
    right: u16,
    words: &str,
    role: Role,
) -> u16 {
    let index = match stage {
        Stage::Frontier => 0,
        Stage::Queue => 1,
        Stage::Workers => 2,
        Stage::Gate => 3,
        Stage::Saver => 4,
    };
    let frame = places.frames[index];
    let width = text::width(words) as u16;
    let x = (frame.width / 2).saturating_sub(width / 2) + right;
    if frame.height == 0 || x + width >= frame.width {
        return 0;
    }
    painter.text(frame, x, frame.height - 1, words, painter.theme.bold(role));
    width
}
