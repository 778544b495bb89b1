//! The comparison with a pinned setting.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::tuning::{EffectVerdict, PinPhase, PinnedComparison};
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;

/// Lays out where it is:
///
/// ```text
/// ╭─ compare ───────────────────────────────────── P drops it ─╮
/// │ pinned  permits 16, workers 40                              │
/// │ against permits 24, workers 56   +31 % pages/s (±6), p95 +12 % │
/// ╰─────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, pinned: &PinnedComparison) {
    let theme = painter.theme;
    let title = [Span::styled("compare", theme.strong())];
    let hint = vec![Segment::new(0, key_words(painter, pinned.phase), theme.strong())];
    let inner = painter.frame(area, &title, hint);
    let column = painter.text(inner, 0, 0, "pinned   ", theme.dim());
    painter.text(inner, column, 0, &text::clean(&pinned.pinned), theme.strong());
    let line = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1).min(1), ..inner };
    if line.height == 0 {
        return;
    }
    let Some(other) = &pinned.other else {
        painter.text(line, 0, 0, &progress(pinned), theme.dim());
        return;
    };
    let segments = vec![
        Segment::of(
            0,
            vec![
                Span::styled("against  ", theme.dim()),
                Span::styled(text::clean(other).into_owned(), theme.strong()),
            ],
        ),
        outcome(painter, pinned),
    ];
    painter.fit(line, 0, 3, segments);
}

/// One row, where there is no room for more.
pub fn one_row(painter: &mut Painter<'_>, area: Rect, pinned: &PinnedComparison) {
    let theme = painter.theme;
    let segments = vec![
        Segment::new(1, format!("pinned {}", text::clean(&pinned.pinned)), theme.strong()),
        outcome(painter, pinned),
        Segment::new(2, key_words(painter, pinned.phase), theme.dim()),
    ];
    painter.fit(area, 0, 3, segments);
}

/// What the key does now.
fn key_words(painter: &Painter<'_>, phase: PinPhase) -> String {
    let key = painter.keys.name_of(Action::Pin);
    match phase {
        PinPhase::Turned => format!("{key} compares"),
        PinPhase::Pinned | PinPhase::Checking | PinPhase::Done => format!("{key} drops it"),
    }
}

fn progress(pinned: &PinnedComparison) -> String {
    let measured = format!("{:.0} of {:.0} s", pinned.measured_s, pinned.needs_s.ceil());
    let enough = pinned.measured_s >= pinned.needs_s;
    match pinned.phase {
        PinPhase::Pinned if !enough => format!("measured {measured}; then turn any dial"),
        PinPhase::Pinned => "measured: turn any dial".to_owned(),
        PinPhase::Turned if !enough => format!("measured {measured}"),
        PinPhase::Turned => "measured".to_owned(),
        PinPhase::Checking => format!("the pinned setting is measured again, {measured}"),
        PinPhase::Done => String::new(),
    }
}

fn outcome<'a>(painter: &Painter<'_>, pinned: &PinnedComparison) -> Segment<'a> {
    match &pinned.effect {
        Some(effect) if pinned.phase == PinPhase::Done => {
            let (mark, style) = effect_text::look(painter.theme, effect.verdict);
            let word = match effect.verdict {
                EffectVerdict::Better => "better: ",
                EffectVerdict::Worse => "worse: ",
                _ => "",
            };
            Segment::new(0, format!("{mark} {word}{}", effect_text::result(effect)), style)
        }
        _ => Segment::new(0, progress(pinned), Style::new()),
    }
}
