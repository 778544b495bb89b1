//! What each change gave: when, by whom, what, pages per second, latency, and a word.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::EffectVerdict;
use crate::settings::dials::{Dial, Setting};
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Lays out the changes, newest first; the newest counts up until it was measured:
///
/// ```text
/// ╭─ changes, and what they gave ──────────────────────────────── u undo ─╮
/// │ ▶ 02:38 you  queue    100 → 200                         3 of 10 s     │
/// │ ✓ 01:36 you  permits   12 → 16   +31 % ±6   p95 +12 %   better        │
/// │ · 00:00      permits   10  at the start                               │
/// ╰───────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    // Offered while it works.
    let offered = !s.run.is_ending() && !s.changes.is_empty();
    let undo = format!("{} undo", painter.keys.name_of(Action::Undo));
    let hint = offered.then(|| Segment::new(0, undo, theme.dim()));
    let inner =
        painter.panel(area, "changes, and what they gave", Role::Limit, hint.into_iter().collect());
    if s.changes.is_empty() {
        painter.text(inner, 0, 0, "none so far: the dials are as at the start", theme.dim());
        return;
    }
    let whole = |change: &Change| change.effect.as_ref().and_then(|effect| effect.whole.clone());
    for (row, change) in s.changes.iter().take(inner.height.into()).enumerate() {
        let newer = row.checked_sub(1).map(|newer| &s.changes[newer]);
        // Turns that were measured as one: the newest of them says what they gave.
        let part =
            whole(change).is_some() && newer.is_some_and(|newer| whole(newer) == whole(change));
        one(painter, Rect { y: inner.y + row as u16, height: 1, ..inner }, change, part);
    }
}

/// Dial, and its values before and after; a word alone for what is no dial.
fn parts(change: &Change) -> (String, String) {
    let values =
        |old: &Setting, new: &Setting| format!("{} → {}", old.value_text(), new.value_text());
    match &change.what {
        ChangeAction::Set { old, new } => (new.dial().to_string(), values(old, new)),
        ChangeAction::SetBoth { old, new } => {
            (Dial::Permits.to_string(), format!("{} → {}, workers too", old.0, new.0))
        }
        what => (String::new(), text::clean(&what.to_string()).into_owned()),
    }
}

/// Who made a change, in at most five columns.
const fn who(by: Origin) -> &'static str {
    match by {
        Origin::Key | Origin::Typed => "you",
        Origin::Autopilot => "auto",
        Origin::Signal | Origin::Terminal => "sys",
        by => by.name(),
    }
}

/// Glyph, style and word of what came of it.
fn outcome(theme: Theme, change: &Change) -> (&'static str, Style, String) {
    if change.undone {
        return ("↶", theme.dim(), "undone".to_owned());
    }
    let Some(effect) = &change.effect else {
        let word = if change.undoes.is_some() { "by undo" } else { "" };
        return ("·", theme.dim(), word.to_owned());
    };
    let (glyph, style) = effect_text::look(theme, effect.verdict);
    let word = match effect.verdict {
        EffectVerdict::Measuring => {
            format!("{:.0} of {:.0} s", effect.after.seconds, effect.needs_s.ceil())
        }
        EffectVerdict::Better => "better".to_owned(),
        EffectVerdict::Worse => "worse".to_owned(),
        EffectVerdict::NoDifference => "no difference".to_owned(),
        EffectVerdict::Void => effect
            .note
            .as_deref()
            .map_or_else(|| "cannot be told".to_owned(), |why| text::clean(why).into_owned()),
    };
    (glyph, style, word)
}

fn one(painter: &mut Painter<'_>, line: Rect, change: &Change, part: bool) {
    let theme = painter.theme;
    let (glyph, style, word) = if part {
        ("·", theme.dim(), "with the one above".to_owned())
    } else {
        outcome(theme, change)
    };
    painter.text(line, 0, 0, glyph, style);
    let time = if change.at_s < 0.0 { "before".to_owned() } else { units::elapsed(change.at_s) };
    painter.text(line, 2, 0, &time, theme.dim());
    painter.text(Rect { width: 14.min(line.width), ..line }, 9, 0, who(change.by), theme.dim());
    let plain = if change.undone { theme.dim() } else { theme.text(Role::Text) };
    let (dial, values) = parts(change);
    let wide = line.width >= 66;
    if dial.is_empty() {
        let room = Rect { width: line.width.saturating_sub(text::width(&word) as u16 + 2), ..line };
        painter.text(room, 15, 0, &values, plain);
    } else {
        painter.text(line, 15, 0, &dial, plain);
        painter.text(Rect { width: 38.min(line.width), ..line }, 24, 0, &values, plain);
    }
    let effect = change.effect.as_ref().filter(|effect| {
        wide && !part
            && !dial.is_empty()
            && !matches!(effect.verdict, EffectVerdict::Measuring | EffectVerdict::Void)
    });
    if let Some(effect) = effect {
        let pages = effect_text::percent(effect.pages_percent.value);
        let after = painter.text(line, 39, 0, &format!("{pages:>7} "), style);
        painter.text(line, after, 0, &effect_text::interval(&effect.pages_percent), theme.dim());
        if line.width >= 72 {
            let p95 = format!("p95 {:>6}", effect_text::percent(effect.p95_percent));
            painter.text(line, 52, 0, &p95, theme.dim());
        }
    }
    let at = if line.width >= 72 { 63 } else { 52 };
    let fits = at + text::width(&word) as u16 <= line.width;
    if fits && wide && !dial.is_empty() {
        painter.text(line, at, 0, &word, style);
    } else {
        painter.right(line, 0, text::whole_words(&word, (line.width / 3).into()), style);
    }
}
