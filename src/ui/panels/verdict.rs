//! The verdict line: what limits the crawl, the key that would help, the last change.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::verdict::Limit;
use crate::settings::faults::Fault;
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment, fitting};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::{self, Theme};

/// Glyph and style of the verdict.
#[must_use]
pub fn look(theme: Theme, snapshot: &Snapshot) -> (&'static str, Style) {
    match snapshot.verdict.limit {
        Limit::Unknown | Limit::Over => ("·", theme.dim()),
        Limit::Paused => ("‖", theme.text(Role::Wait)),
        _ => (theme::LIMIT, theme.bold(Role::Limit)),
    }
}

/// What the verdict says, without characters that it may have from a URL.
#[must_use]
pub fn words(snapshot: &Snapshot) -> String {
    text::clean(&snapshot.verdict.text).into_owned()
}

/// The last change and what it gave: `permits 8 → 16: +31 % pages/s (±6), p95 +12 %`, or how long ago it was
/// made where nothing was measured; nothing before the first one.
fn last_change<'a>(theme: Theme, snapshot: &Snapshot) -> Option<Segment<'a>> {
    let change = snapshot.changes.first()?;
    let what = effect_text::what(change);
    let Some(effect) = &change.effect else {
        let age = effect_text::age(change, snapshot);
        return Some(Segment::new(1, format!("{what}, {age}"), theme.dim()));
    };
    let (mark, style) = effect_text::look(theme, effect.verdict);
    Some(Segment::new(1, format!("{mark} {what}: {}", effect_text::result(effect)), style))
}

/// What the autopilot does; nothing before it was switched on.
fn autopilot<'a>(painter: &Painter<'_>, snapshot: &Snapshot) -> Option<Segment<'a>> {
    let theme = painter.theme;
    let view = snapshot.tuning.autopilot.as_ref()?;
    let style = if view.driving { theme.strong() } else { theme.dim() };
    let key = painter.keys.name_of(Action::Autopilot);
    let words = effect_text::autopilot(view);
    let over = snapshot.run.is_ending();
    let words =
        if view.driving || over { words } else { format!("{words}: {key} gives it the dials") };
    Some(Segment::new(0, words, style))
}

/// How a change is marked on a chart: `16` for permits, `w32`, `q500`, `r2.5`, `t4`, `h` for a
/// host, `x` for an exclusion, `s` for a seed, `x off` and `s off` for their undoing, `!` with the name of
/// a fault or a scene, `‖`, `▶`.
#[must_use]
pub fn mark(change: &Change) -> String {
    use crate::settings::dials::Setting as S;
    match &change.what {
        ChangeAction::Set { new, .. } => match *new {
            S::Permits(v) => v.to_string(),
            S::Workers(v) => format!("w{v}"),
            S::Queue(v) => format!("q{v}"),
            S::Rate(None) => "r off".to_owned(),
            S::Rate(Some(v)) => format!("r{v}"),
            S::ParseThreads(v) => format!("t{v}"),
        },
        ChangeAction::SetBoth { new, .. } => new.0.to_string(),
        ChangeAction::HostLimit { .. }
        | ChangeAction::HostHeld { .. }
        | ChangeAction::HostSkipped { .. }
        | ChangeAction::BreakerReset { .. } => "h".to_owned(),
        ChangeAction::Excluded { excluded: true, .. } => "x".to_owned(),
        ChangeAction::Excluded { excluded: false, .. } => "x off".to_owned(),
        ChangeAction::Seed { added: true, .. } => "s".to_owned(),
        ChangeAction::Seed { added: false, .. } => "s off".to_owned(),
        ChangeAction::Faults { new, .. } if new.is_none() => "! off".to_owned(),
        ChangeAction::Faults { old, new } => {
            let mut changed = Fault::ALL.into_iter().filter(|f| new.get(*f) != old.get(*f));
            format!("!{}", changed.next().map_or("", Fault::name))
        }
        ChangeAction::Scene { old, new } => {
            let off = if old.scene.is_some() { "scene off" } else { "stage" };
            format!("!{}", new.scene.map_or(off, Scene::name))
        }
        ChangeAction::Slow { new, .. } => {
            new.map_or("slow off".to_owned(), |slow| slow.to_string())
        }
        ChangeAction::Autopilot { new: Some(_), .. } => "A".to_owned(),
        ChangeAction::Autopilot { new: None, .. } => "A off".to_owned(),
        ChangeAction::Pause => "‖".to_owned(),
        ChangeAction::Resume => "▶".to_owned(),
        ChangeAction::Stop | ChangeAction::StopNow => "■".to_owned(),
    }
}

/// The key that would help, and the last change.
fn help_segments<'a>(painter: &Painter<'_>, snapshot: &Snapshot) -> Vec<Segment<'a>> {
    let mut segments = Vec::new();
    segments.extend(advice(painter, snapshot));
    segments.extend(last_change(painter.theme, snapshot));
    segments
}

/// The key that would help. While the autopilot has the dials, no key should be needed: what it does.
fn advice<'a>(painter: &Painter<'_>, snapshot: &Snapshot) -> Option<Segment<'a>> {
    if snapshot.tuning.autopilot.as_ref().is_some_and(|view| view.driving) {
        return autopilot(painter, snapshot);
    }
    let (key, what) = painter.keys.advice(snapshot.verdict.advice)?;
    let key = Span::styled(key, painter.theme.bold(Role::Limit));
    Some(Segment::of(0, vec![key, Span::raw(format!(" {what}"))]))
}

/// Draws it on one row, or on two where one is too narrow and `rows` allows. Returns the rows
/// used:
///
/// ```text
/// ◆ limited by permits: workers spend 46 % of their time …     + raises permits   permits 8 → 16, 12 s ago
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    row: u16,
    rows: u16,
    snapshot: &Snapshot,
) -> u16 {
    if rows == 0 || area.width < 4 {
        return 0;
    }
    let theme = painter.theme;
    let (glyph, style) = look(theme, snapshot);
    let words = words(snapshot);
    painter.text(area, 0, row, glyph, style);
    let body = Rect { x: area.x + 2, width: area.width - 2, ..area };
    let need = text::width(&words) + 2;
    let room = usize::from(body.width);
    let one_row = fitting(help_segments(painter, snapshot), room.saturating_sub(need), 3);
    let any = !help_segments(painter, snapshot).is_empty();
    if rows > 1 && (room < need || any && one_row.is_empty()) {
        let lines = text::wrap(&words, room);
        let shown = lines.len().min(usize::from(rows) - usize::from(any)).max(1);
        for (i, line) in lines.iter().take(shown).enumerate() {
            painter.text(body, 0, row + i as u16, line, style);
        }
        let segments = help_segments(painter, snapshot);
        let below = Rect { y: body.y + row + shown as u16, height: 1, ..body };
        painter.fit(below, 0, 3, segments);
        return shown as u16 + u16::from(any);
    }
    painter.text(body, 0, row, &words, style);
    let right = Rect { x: body.x + need as u16, width: (room.saturating_sub(need)) as u16, ..body };
    painter.fit_right(right, row, 3, one_row);
    1
}
