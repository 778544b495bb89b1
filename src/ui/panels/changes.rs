//! The journal: what was turned, newest first.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::EffectVerdict;
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::keys;
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;
use crate::ui::units;

/// Lays out the changes with their times:
///
/// ```text
/// ╭─ changes ───────────────────── u undo ─╮
/// │ 01:36 permits 8 → 16  +31 %            │
/// │ 01:00 workers 16 → 32  undone          │
/// ╰────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    // Offered while it works.
    let over = snapshot.run.is_ending();
    let undo = format!("{} undo", keys::name_of(Action::Undo));
    let hint = if over || snapshot.changes.is_empty() {
        vec![]
    } else {
        vec![Segment::new(0, undo, theme.dim())]
    };
    let inner = painter.frame(area, &[Span::styled("changes", theme.strong())], hint);
    if snapshot.changes.is_empty() {
        painter.text(inner, 0, 0, "none so far: the dials are as at the start", theme.dim());
    }
    for (row, change) in snapshot.changes.iter().take(inner.height.into()).enumerate() {
        let row = row as u16;
        let time =
            if change.at_s < 0.0 { "before".to_owned() } else { units::elapsed(change.at_s) };
        let column = painter.text(inner, 0, row, &format!("{time:>6} "), theme.dim());
        let style = if change.undone { theme.dim() } else { Style::new() };
        let what = change.what.to_string();
        let measured = change.effect.as_ref().filter(|effect| {
            !matches!(effect.verdict, EffectVerdict::Measuring | EffectVerdict::Void)
        });
        let note = match (change.undone, change.undoes, change.by) {
            (true, ..) => "undone".to_owned(),
            _ if measured.is_some() => {
                measured.map_or_else(String::new, |e| effect_text::percent(e.pages_percent.value))
            }
            (_, Some(_), _) => "by undo".to_owned(),
            (_, _, Origin::Key | Origin::Typed) => String::new(),
            (_, _, by) => by.name().to_owned(),
        };
        // A pattern gives way to whether it still holds.
        let kept = if note.is_empty() { 0 } else { text::width(&note) as u16 + 2 };
        let room = Rect { width: inner.width.saturating_sub(kept), ..inner };
        let column = painter.text(room, column, row, &text::clean(&what), style);
        painter.text(inner, column + 2, row, &note, theme.dim());
    }
}
