//! Two rows: what limits and the key that helps; what the last change gave, or what to do next.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::failure_hint::failure_hint;
use crate::crawl::protocol::snapshot::{PauseReason, RunState, Snapshot};
use crate::crawl::protocol::tuning::EffectVerdict;
use crate::crawl::protocol::verdict::Limit;
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::keys::KeyMap;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::panels::verdict;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::view_thread::ShownDatabase;

/// Most columns of a chip.
const CHIP: usize = 34;

/// The chip's words, its role, and what follows it.
fn head(s: &Snapshot) -> (String, Role, String) {
    let words = verdict::words(s);
    let (start, rest) = match words.split_once(": ") {
        Some((start, rest)) if text::width(start) <= CHIP => (start.to_owned(), rest.to_owned()),
        _ => (String::new(), words.clone()),
    };
    let or = |word: &str| if start.is_empty() { word.to_owned() } else { start.clone() };
    match (s.run, s.verdict.limit) {
        (RunState::Complete, _) => (format!("✓ {}", or("complete")), Role::Ok, done(s)),
        (RunState::Failed, _) => (format!("✗ {}", or("failed")), Role::Server, rest),
        (RunState::Stopped, _) => (format!("■ {}", or("stopped")), Role::Wait, rest),
        (RunState::Stopping, _) => (format!("◌ {}", or("stopping")), Role::Wait, rest),
        (_, Limit::Paused) => {
            let rest = if rest == "paused" { String::new() } else { rest };
            (format!("‖ {}", or("paused")), Role::Wait, rest)
        }
        (_, Limit::Unknown | Limit::Over) => {
            let rest = match &*rest {
                "measuring" => "what limits is known after a few seconds of pages".to_owned(),
                _ => rest,
            };
            (format!("· {}", or("measuring")), Role::Wait, rest)
        }
        _ if start.is_empty() => ("◆".to_owned(), Role::Limit, rest),
        _ => (format!("◆ {start}"), Role::Limit, rest),
    }
}

/// What a complete crawl has: `18,759 pages of 18,960 URLs; 201 failed, each with its reason`.
fn done(s: &Snapshot) -> String {
    let t = &s.totals;
    let urls = units::counted(t.discovered, "URL", "URLs");
    let mut words = format!("{} of {urls}", units::counted(t.ok, "page", "pages"));
    if t.failed > 0 {
        words = format!("{words}; {} failed, each with its reason", units::count(t.failed));
    }
    if t.skipped > 0 {
        words = format!("{words}; {} skipped", units::count(t.skipped));
    }
    words
}

/// The chip's words, without what follows them, and its role.
#[must_use]
pub fn chip(s: &Snapshot) -> (String, Role) {
    let (chip, role, rest) = head(s);
    // A verdict of one clause has nothing but its sentence.
    if chip == "◆" { (format!("◆ {}", clause(&rest, CHIP)), role) } else { (chip, role) }
}

/// The key that helps, and what it does.
#[must_use]
pub fn helping_key(keys: &KeyMap, s: &Snapshot) -> Option<(String, String)> {
    let driving = s.tuning.autopilot.as_ref().is_some_and(|view| view.driving);
    if s.run.is_final() {
        Some((keys.name_of(Action::Stop), "leaves".to_owned()))
    } else if driving {
        None
    } else {
        keys.advice(s.verdict.advice)
    }
}

/// The key that helps, as a chip, and what it does.
fn key(painter: &Painter<'_>, s: &Snapshot, role: Role) -> Option<Segment<'static>> {
    let (name, what) = helping_key(painter.keys, s)?;
    let theme = painter.theme;
    let chip = Span::styled(format!(" {name} "), theme.chip(role));
    Some(Segment::of(0, vec![chip, Span::styled(format!(" {what}"), theme.bold(role))]))
}

/// Draws both rows:
///
/// ```text
///  ◆ limited by permits   workers spend 46 % of their time waiting for one        +  raises permits
///  ✓ better  permits 12 → 16   +31 % pages/s ±6   p95 +12 %   01:05 ago             u  undoes it
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, database: &ShownDatabase, s: &Snapshot) {
    let theme = painter.theme;
    let (chip, role, rest) = head(s);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let first = Rect { height: 1, ..area };
    let free = painter.fit_right(first, 0, 3, key(painter, s, role).into_iter().collect());
    let left = Rect { width: free.saturating_sub(2), ..first };
    let after = painter.text(left, 0, 0, &format!(" {chip} "), theme.chip(role));
    let after = if area.width < 96 { after + 1 } else { after + 2 };
    let room = usize::from(left.width.saturating_sub(after));
    // Rather a shorter sentence than a cut one.
    let shown = if text::width(&rest) <= room { &rest } else { clause(&rest, room) };
    painter.text(left, after, 0, shown, theme.text(Role::Text));
    if area.height < 2 {
        return;
    }
    let second = Rect { y: area.y + 1, ..first };
    if s.run == RunState::Paused || s.run.is_final() {
        let inside = Rect { x: second.x + 1, width: second.width.saturating_sub(1), ..second };
        painter.fit(inside, 0, 3, what_next(theme, database, s));
        return;
    }
    let mut right = Vec::new();
    if let Some(view) = &s.tuning.autopilot {
        let style = if view.driving { theme.bold(Role::Limit) } else { theme.dim() };
        right.push(Segment::new(0, effect_text::autopilot(view), style));
    }
    let undoable = !s.run.is_ending() && s.changes.first().is_some_and(is_next_undone);
    if undoable {
        let chip =
            Span::styled(format!(" {} ", painter.keys.name_of(Action::Undo)), theme.selected());
        right.push(Segment::of(1, vec![chip, Span::styled(" undoes it", theme.dim())]));
    }
    let free = painter.fit_right(second, 0, 3, right);
    let left = Rect { width: free.saturating_sub(2), ..second };
    let segments = effect(theme, s);
    if segments.is_empty() {
        let words = "no dial was turned so far";
        painter.text(left, 1, 0, words, theme.dim());
    } else {
        let inside = Rect { x: left.x + 1, width: left.width.saturating_sub(1), ..left };
        painter.fit(inside, 0, 3, segments);
    }
}

/// Whether undo turns this change back, which is the last one, and not one before it.
fn is_next_undone(change: &Change) -> bool {
    let gone = change.what.is_staged() && change.at_s < 0.0;
    change.what.is_undoable() && change.undoes.is_none() && !change.undone && !gone
}

/// The commands that go on from here, with the right database.
fn what_next<'a>(theme: Theme, database: &ShownDatabase, s: &Snapshot) -> Vec<Segment<'a>> {
    let dim = |rank, words: &'static str| Segment::new(rank, words, theme.dim());
    let strong = |rank, words: String| Segment::new(rank, words, theme.strong());
    let hint = s.failures.first().and_then(|last| failure_hint(&last.what));
    let named = |command: &str| match database {
        ShownDatabase::Named(name) => format!("crawldeck {command} {}", text::clean(name)),
        _ => format!("crawldeck {command}"),
    };
    if *database == ShownDatabase::Temporary && s.run.is_final() {
        return vec![
            dim(0, "its database is temporary: it is removed when you leave"),
            Segment::of(
                1,
                vec![
                    Span::styled("--db URL", theme.strong()),
                    Span::styled(" keeps one", theme.dim()),
                ],
            ),
        ];
    }
    match s.run {
        RunState::Paused => {
            let since = s.changes.iter().find(|change| matches!(change.what, ChangeAction::Pause));
            let since = since.filter(|_| s.pause_reasons.contains(&PauseReason::User));
            let mut said = Vec::new();
            if let Some(since) = since {
                said.push(Segment::new(
                    0,
                    format!("since {}", units::elapsed(since.at_s)),
                    theme.dim(),
                ));
            }
            said.push(dim(1, "nothing is lost: what was under way is stored, what waits goes on"));
            said
        }
        RunState::Failed => {
            // Nothing is left of it to be resumed.
            let action = hint.map_or("", |(_, action)| action);
            let then = if action.is_empty() { "crawl again" } else { ", then crawl again" };
            vec![dim(0, "next"), strong(0, format!("{action}{then}"))]
        }
        RunState::Stopped => vec![dim(0, "next"), strong(0, named("resume"))],
        _ => vec![
            dim(0, "next"),
            strong(0, named("report")),
            strong(1, format!("{} --output pages.csv", named("export"))),
        ],
    }
}

/// The clauses of a sentence that fit as a whole.
fn clause(words: &str, room: usize) -> &str {
    let mut shown = words;
    while text::width(shown) > room {
        // Not within a number.
        let ends = [" (", "; ", ", ", ": "].iter().filter_map(|end| shown.rfind(end));
        let Some(at) = ends.max() else { return words };
        shown = shown[..at].trim_end();
    }
    if shown.is_empty() { words } else { shown }
}

/// What the last change gave, in one row.
pub fn last_change(painter: &mut Painter<'_>, line: Rect, s: &Snapshot) {
    painter.fit(line, 0, 3, effect(painter.theme, s));
}

/// What the last change gave, the most important first.
fn effect<'a>(theme: Theme, s: &Snapshot) -> Vec<Segment<'a>> {
    let Some(change) = s.changes.first() else { return Vec::new() };
    let what = Span::styled(effect_text::what(change), theme.text(Role::Text));
    let age = Segment::new(4, effect_text::age(change, s), theme.dim());
    let Some(effect) = &change.effect else {
        return vec![Segment::of(0, vec![what]), age];
    };
    let (mark, style) = effect_text::look(theme, effect.verdict);
    let word = match effect.verdict {
        EffectVerdict::Better => "better",
        EffectVerdict::Worse => "worse",
        EffectVerdict::NoDifference => "no difference",
        EffectVerdict::Measuring | EffectVerdict::Void => {
            let result = Segment::new(1, effect_text::result(effect), theme.dim());
            let head = Segment::of(0, vec![Span::styled(format!("{mark} "), style), what]);
            return vec![head, result, age];
        }
    };
    let bold = style.add_modifier(ratatui::style::Modifier::BOLD);
    let ci = effect_text::interval(&effect.pages_percent);
    let p95 = effect_text::percent(effect.p95_percent);
    let dim = |words: String| Span::styled(words, theme.dim());
    let strong = |words: String, style: Style| Span::styled(words, style);
    vec![
        Segment::of(0, vec![strong(format!("{mark} {word}  "), bold), what]),
        Segment::of(
            1,
            vec![
                strong(effect_text::percent(effect.pages_percent.value), bold),
                dim(format!(" pages/s {ci}")),
            ],
        ),
        Segment::of(2, vec![dim("p95 ".to_owned()), strong(p95, theme.strong())]),
        Segment::new(
            5,
            format!(
                "measured {:.0} s before and {:.0} s after",
                effect.before.seconds, effect.after.seconds
            ),
            theme.dim(),
        ),
        age,
    ]
}

#[cfg(test)]
mod tests {
    use super::clause;

    #[test]
    fn a_sentence_is_cut_at_its_clauses() {
        let words = "workers wait for one; the server has room: p95 rose 12 %";
        assert_eq!(clause(words, 60), words);
        assert_eq!(clause(words, 45), "workers wait for one; the server has room");
        assert_eq!(clause(words, 30), "workers wait for one");
        assert_eq!(clause("nothing to cut here", 5), "nothing to cut here");
    }
}
