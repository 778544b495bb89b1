//! The autopilot: what it does, why, and when it looks again.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::{AutopilotView, EffectVerdict};
use crate::ui::action::Action;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme;
use crate::ui::units;

/// Columns of the line that runs out until the next probe.
const COUNTDOWN: u16 = 15;

/// Lays out its state:
///
/// ```text
/// ┏━ ◆ autopilot balanced ━━━━━━━━━━━━━━━━━ A off · any dial key takes over ━┓
/// ┃ probing up 48 → 58   so far +2 % pages/s (±4), p95 +11 %   since 02:50   ┃
/// ┃ why  the knee is near 46; 58 stays only for +3 % or more                 ┃
/// ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, view: &AutopilotView, snapshot: &Snapshot) {
    let theme = painter.theme;
    let key = painter.keys.name_of(Action::Autopilot);
    let mode = view.mode.to_string();
    let over = snapshot.run.is_ending();
    let inner = if view.driving && !over {
        let title = [
            Span::styled(format!("{} autopilot ", theme::LIMIT), theme.strong()),
            Span::styled(mode, theme.dim()),
        ];
        let keys = vec![
            Segment::new(0, format!("{key} off"), theme.strong()),
            Segment::new(1, "any dial key takes over", theme.dim()),
        ];
        painter.heavy_frame(area, &title, keys)
    } else {
        let title = [Span::styled("autopilot ", theme.strong()), Span::styled(mode, theme.dim())];
        let keys = if over { String::new() } else { format!("{key} gives it the dials") };
        let keys = vec![Segment::new(0, keys, theme.strong())];
        painter.frame(area, &title, keys)
    };
    if inner.height == 0 {
        return;
    }
    let mut segments = state(painter, view);
    if let Some(seconds) = view.next_probe_s {
        segments.push(Segment::of(
            1,
            vec![
                Span::styled("next probe in ", theme.dim()),
                Span::styled(format!("{:>2.0} s ", seconds.max(0.0).ceil()), theme.strong()),
                Span::raw(countdown(seconds, view.probe_every_s)),
            ],
        ));
    }
    let measuring = snapshot.changes.first().and_then(|change| change.effect.as_ref());
    if let Some(effect) = measuring.filter(|_| view.driving && view.probe.is_some()) {
        let pages = effect_text::percent(effect.pages_percent.value);
        let p95 = effect_text::percent(effect.p95_percent);
        let ci = effect_text::interval(&effect.pages_percent);
        if effect.verdict != EffectVerdict::Void && effect.after.seconds > 0.0 {
            let words = format!("so far {pages} {ci} pages/s, p95 {p95}");
            segments.push(Segment::new(2, words, Style::new()));
        }
    }
    let since = format!("since {}", units::elapsed(view.state_since_s.max(0.0)));
    segments.push(Segment::new(3, since, theme.dim()));
    painter.fit(inner, 0, 3, segments);
    let column = painter.text(inner, 0, 1, "why  ", theme.dim());
    painter.text(inner, column, 1, &why(view), Style::new());
}

/// One row, where there is no room for more: `◆ autopilot: cruising   next probe in 9 s`.
pub fn one_row(painter: &mut Painter<'_>, area: Rect, view: &AutopilotView, snapshot: &Snapshot) {
    let theme = painter.theme;
    let style = if view.driving { theme.strong() } else { theme.dim() };
    let key = painter.keys.name_of(Action::Autopilot);
    let over = snapshot.run.is_ending();
    let key = match view.driving {
        _ if over => String::new(),
        true => format!("{key} off"),
        false => format!("{key} on"),
    };
    let words = effect_text::autopilot(view);
    let mark = if view.driving { theme::LIMIT } else { "·" };
    let segments = vec![
        Segment::new(0, format!("{mark} {words}"), style),
        Segment::new(1, key, theme.dim()),
        Segment::new(2, text::clean(&view.reason).into_owned(), theme.dim()),
    ];
    painter.fit(area, 0, 3, segments);
}

/// What it does now.
fn state<'a>(painter: &Painter<'_>, view: &AutopilotView) -> Vec<Segment<'a>> {
    let theme = painter.theme;
    let state = text::clean(&view.state);
    let words = match view.probe {
        Some((from, to)) => format!("{state} {from} → {to}"),
        None => state.into_owned(),
    };
    let mut segments = vec![Segment::new(0, words, theme.strong())];
    if view.out_of_reach {
        segments.push(Segment::new(
            0,
            "the latency asked for is out of reach",
            theme.text(Role::Blocked),
        ));
    }
    if let Some(rate) = view.rate {
        let words = format!("rate {}/s because of answers 429", units::rate(rate));
        segments.push(Segment::new(1, words, Style::new()));
    }
    if let Some(knee) = view.knee {
        segments.push(Segment::new(2, format!("knee near {knee:.0}"), theme.dim()));
    }
    segments
}

/// Why it does what it does.
fn why(view: &AutopilotView) -> String {
    let reason = text::clean(&view.reason);
    match &view.held_by {
        Some(held_by) if reason.is_empty() => text::clean(held_by).into_owned(),
        Some(held_by) => format!("{}; {reason}", text::clean(held_by)),
        None if reason.is_empty() => "nothing was measured yet".to_owned(),
        None => reason.into_owned(),
    }
}

/// A line that runs out.
fn countdown(seconds: f64, every: f64) -> String {
    let share = if every > 0.0 { (1.0 - seconds / every).clamp(0.0, 1.0) } else { 1.0 };
    let over = (share * f64::from(COUNTDOWN)).round() as usize;
    format!("{}{}", "━".repeat(over), "─".repeat(usize::from(COUNTDOWN) - over))
}
