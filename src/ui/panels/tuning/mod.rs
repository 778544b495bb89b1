//! The Tuning tab: what each setting gave, the curve, the journal, and who has the dials.

mod comparison;
mod curve;
mod journal;
mod measured;
mod pilot;

pub use self::curve::draw as draw_curve;

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::effect_text;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::units;

/// Rows of the panel of the autopilot, and of the one of a comparison, frame included.
const STATE_ROWS: u16 = 4;
/// From this height on they get frames, below it a row each.
const FRAMES_FROM: u16 = 26;
/// From this width on the curve stands beside the table.
const CURVE_BESIDE: u16 = 110;
/// Fewest columns of the curve.
const CURVE: u16 = 46;
/// Fewest rows of a table, frame included.
const LEAST: u16 = 5;

/// Lays out the tab. From 110 columns on:
///
/// ```text
/// ┏━ ◆ autopilot balanced ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
/// ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
/// ╭─ measured ──────────────────────────╮╭─ the curve ───────────╮
/// ╰─────────────────────────────────────╯╰───────────────────────╯
/// ╭─ journal ────────────────────────────────────────────────────╮
/// ╰──────────────────────────────────────────────────────────────╯
///  in flight 47.6 = 214 pages/s × 0.222 s   agrees with the gate: 47.8
/// ```
///
/// Narrower, the curve is left out and the row at the bottom names the knee; lower, the autopilot
/// and a comparison get a row each.
pub fn draw(painter: &mut Painter<'_>, area: Rect, app: &mut App, snapshot: &Snapshot) {
    let mut rest = area;
    let mut take = |rows: u16| {
        let rows = rows.min(rest.height);
        let taken = Rect { height: rows, ..rest };
        rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        taken
    };
    let framed = area.height >= FRAMES_FROM;
    let tuning = &snapshot.tuning;
    let piloted = tuning.autopilot.is_some();
    if let Some(view) = &tuning.autopilot {
        if framed {
            pilot::draw(painter, take(STATE_ROWS), view, snapshot);
        } else {
            pilot::one_row(painter, indent(take(1)), view, snapshot);
        }
    }
    if let Some(pinned) = &tuning.pinned {
        if framed && !(piloted && area.height < FRAMES_FROM + STATE_ROWS) {
            comparison::draw(painter, take(STATE_ROWS), pinned);
        } else {
            comparison::one_row(painter, indent(take(1)), pinned);
        }
    }
    if !piloted && tuning.pinned.is_none() {
        hint(painter, indent(take(1)));
    }
    let last = Rect { y: rest.bottom().saturating_sub(1), height: rest.height.min(1), ..rest };
    let body = Rect { height: rest.height.saturating_sub(1), ..rest };
    check(painter, indent(last), snapshot);
    // The table gets the rows that it fills, the journal at least a third.
    let wanted = (tuning.rows.len() as u16).max(6) + 4;
    let upper = wanted.max(body.height / 2).min((body.height * 2 / 3).max(LEAST)).min(body.height);
    let above = Rect { height: upper, ..body };
    let below = Rect { y: above.bottom(), height: body.height - upper, ..body };
    if area.width >= CURVE_BESIDE {
        let table = (area.width * 11 / 20).clamp(64, 116).min(area.width - CURVE);
        measured::draw(painter, Rect { width: table, ..above }, &mut app.measured, snapshot);
        let beside = Rect { x: above.x + table, width: above.width - table, ..above };
        curve::draw(painter, beside, snapshot);
    } else {
        measured::draw(painter, above, &mut app.measured, snapshot);
    }
    journal::draw(painter, below, snapshot);
}

fn indent(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// What the keys of this tab do, while neither the autopilot nor a comparison is on.
fn hint(painter: &mut Painter<'_>, area: Rect) {
    let theme = painter.theme;
    let segment = |rank, actions: &[Action], words: &'static str| {
        let names: Vec<_> = actions.iter().map(|action| painter.keys.name_of(*action)).collect();
        Segment::of(
            rank,
            vec![
                Span::styled(names.join(" "), theme.strong()),
                Span::styled(format!(" {words}"), theme.dim()),
            ],
        )
    };
    let segments = vec![
        segment(0, &[Action::Autopilot], "lets the autopilot find the knee"),
        segment(2, &[Action::TurnBoth(1), Action::TurnBoth(-1)], "turn permits and workers"),
        segment(1, &[Action::Pin], "pins this setting, to compare"),
    ];
    painter.fit(area, 0, 3, segments);
}

/// Little's law as a check, the knee, and the most pages per second.
fn check(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    if area.height == 0 {
        return;
    }
    let theme = painter.theme;
    let mut right = Vec::new();
    if let Some(knee) = &snapshot.tuning.curve.knee {
        let interval =
            |estimate| Span::styled(format!(" {}", effect_text::interval(estimate)), theme.dim());
        right.push(Segment::of(
            0,
            vec![
                Span::styled("knee ", theme.dim()),
                Span::styled(format!("{:.0}", knee.permits.value), theme.strong()),
                interval(&knee.permits),
            ],
        ));
        right.push(Segment::of(
            2,
            vec![
                Span::styled("most ", theme.dim()),
                Span::styled(units::rate(knee.most_pages_per_s.value), theme.strong()),
                interval(&knee.most_pages_per_s),
                Span::styled(" pages/s", theme.dim()),
            ],
        ));
    }
    let free = painter.fit_right(area, 0, 3, right);
    let left = Rect { width: free.saturating_sub(2), ..area };
    let Some(law) = &snapshot.tuning.littles_law else {
        painter.text(left, 0, 0, "nothing in flight", theme.dim());
        return;
    };
    let (mark, style) =
        if law.agrees { ("✓", Style::new()) } else { ("✗", theme.text(Role::Blocked)) };
    let verb = if law.agrees { "agrees with the gate: " } else { "the gate counts " };
    let segments = vec![
        Segment::of(
            0,
            vec![
                Span::styled("in flight ", theme.dim()),
                Span::styled(format!("{:.1}", law.product()), theme.strong()),
                Span::styled(" = ", theme.dim()),
                Span::raw(units::rate(law.requests_per_s)),
                Span::styled(" requests/s × ", theme.dim()),
                Span::raw(format!("{:.3} s", law.mean_latency_s)),
            ],
        ),
        Segment::of(
            1,
            vec![
                Span::styled(verb, theme.dim()),
                Span::styled(format!("{:.1} {mark}", law.in_flight), style),
            ],
        ),
    ];
    painter.fit(left, 0, 3, segments);
}
