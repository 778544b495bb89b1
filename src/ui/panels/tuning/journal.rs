//! The journal: who turned what, and what it gave.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::change::Change;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::EffectVerdict;
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;
use crate::ui::units;

/// Columns of a change, on narrow and on wide screens.
const WHAT: (u16, u16) = (24, 34);
/// From this width on the latency has a column.
const LATENCY_FROM: u16 = 92;
/// From this width on what was measured before and after stands beside what changed.
const BOTH_SIDES_FROM: u16 = 140;

/// Lays out the changes, newest first:
///
/// ```text
/// ╭─ journal ─────────────────────────────────── u undo · U redo · y copy ─╮
/// │ ▶ 04:09 autopilot permits 48 → 58                measured 3 of 6 s     │
/// │ = 03:51 autopilot permits 58 → 48     −1 % ±4    p95 −13 %  no difference │
/// │ ✓ 02:10 key       permits 32 → 64    +30 % ±4    p95 +68 %  better     │
/// ╰─────────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let over = snapshot.run.is_ending();
    let hint = |rank, action, word| {
        Segment::new(rank, format!("{} {word}", painter.keys.name_of(action)), theme.dim())
    };
    let mut hints = Vec::new();
    if !over && !snapshot.changes.is_empty() {
        hints.extend([hint(0, Action::Undo, "undo"), hint(1, Action::Redo, "redo")]);
    }
    hints.push(hint(2, Action::Copy, "copy"));
    let inner = painter.frame(area, &[Span::styled("journal", theme.strong())], hints);
    if snapshot.changes.is_empty() {
        painter.text(inner, 0, 0, "nothing was turned so far", theme.dim());
    }
    for (row, change) in snapshot.changes.iter().take(inner.height.into()).enumerate() {
        entry(painter, Rect { y: inner.y + row as u16, height: 1, ..inner }, change);
    }
}

fn entry(painter: &mut Painter<'_>, line: Rect, change: &Change) {
    let theme = painter.theme;
    let base = if change.undone || change.at_s < 0.0 { theme.dim() } else { Style::new() };
    let (mark, style) = match &change.effect {
        Some(effect) => effect_text::look(theme, effect.verdict),
        None => ("·", theme.dim()),
    };
    painter.text(line, 0, 0, mark, style);
    let time = if change.at_s < 0.0 { "before".to_owned() } else { units::elapsed(change.at_s) };
    painter.text(line, 2, 0, &format!("{time:>6}"), theme.dim());
    painter.text(line, 9, 0, &format!("{:<10}", change.by.name()), base);
    let column = 20;
    let kept = if line.width >= BOTH_SIDES_FROM { WHAT.1 } else { WHAT.0 };
    let measured = change
        .effect
        .as_ref()
        .filter(|effect| !matches!(effect.verdict, EffectVerdict::Measuring | EffectVerdict::Void));
    // What is no dial can be longer; then it takes the columns of the numbers.
    let room = if measured.is_some() { kept } else { kept + 14 };
    let what = effect_text::what_within(change, room.into());
    painter.text(line, column, 0, &what, base);
    let mut next = column + kept + 1;
    if let Some(effect) = measured {
        let wide = line.width >= BOTH_SIDES_FROM;
        let (before, after) = (&effect.before, &effect.after);
        if wide {
            let [old, new] = [before, after].map(|side| units::rate(side.pages_per_s.value));
            painter.text(line, next, 0, &format!("pages/s {old:>6} → {new:<6}"), theme.dim());
            next += 24;
        }
        let pages = effect_text::percent(effect.pages_percent.value);
        let ci = effect_text::interval(&effect.pages_percent);
        painter.text(line, next, 0, &format!("{pages:>8} {ci:<5}"), style);
        next += 15;
        if line.width >= LATENCY_FROM {
            painter.text(line, next, 0, "p95", base);
            next += 4;
            if wide {
                let [old, new] =
                    [before, after].map(|side| units::count(side.p95_ms.max(0.0).round() as u64));
                painter.text(line, next, 0, &format!("{old:>6} → {new:<6}"), theme.dim());
                next += 16;
            }
            let p95 = effect_text::percent(effect.p95_percent);
            painter.text(line, next, 0, &format!("{p95:>7}"), base);
            next += 9;
        }
    } else {
        next = next.max(column + text::width(&what) as u16 + 2);
    }
    painter.text(line, next, 0, &words(change), base);
}

/// What is said of it: `better`, `worse: 2.1 % answered 503`, `undone`, the autopilot's reason.
fn words(change: &Change) -> String {
    let mut words = match &change.effect {
        Some(effect) => {
            let word = match effect.verdict {
                EffectVerdict::Measuring => effect_text::result(effect),
                verdict => verdict.word().to_owned(),
            };
            match &effect.note {
                Some(note) => format!("{word}: {}", text::clean(note)),
                None => word,
            }
        }
        None => String::new(),
    };
    let mut more = Vec::new();
    if change.undone {
        more.push("undone".to_owned());
    }
    if change.redoes.is_some() {
        more.push("redone".to_owned());
    }
    if let Some(reason) = &change.reason {
        more.push(text::clean(reason).into_owned());
    }
    for part in more {
        if !words.is_empty() {
            words.push_str("; ");
        }
        words.push_str(&part);
    }
    words
}
