//! Retries and failures, newest first.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{RecentFailure, Snapshot};
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;
use crate::ui::units;

/// Columns for what went wrong.
const WHAT: u16 = 18;
/// Seconds after which an attempt that was due is one that may have been made.
const DUE_S: f64 = 1.0;

/// Lays out the newest failures:
///
/// ```text
/// ╭─ retries and failures ──────────────────────────────────────────────────────────────────╮
/// │ 503                http://…/flaky/0412               attempt 2 of 3 in 1.4 s            │
/// │ timeout            http://…/slow/77                  gave up after 3, found on /p/0007  │
/// ╰─────────────────────────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let retries = units::counted(snapshot.totals.retries, "retry", "retries");
    let segments = vec![
        Segment::new(0, retries, theme.dim()),
        Segment::new(1, format!("{} failed", units::count(snapshot.totals.failed)), theme.dim()),
    ];
    let inner =
        painter.frame(area, &[Span::styled("retries and failures", theme.strong())], segments);
    if snapshot.failures.is_empty() {
        painter.text(inner, 0, 0, "none so far", theme.dim());
    }
    let rows = newest(snapshot, inner.height.into());
    let longest = rows.iter().map(|t| text::width(&text::clean(&t.what))).max().unwrap_or(0);
    let what_width = (longest as u16).min(WHAT).min(inner.width / 4);
    for (row, failure) in rows.into_iter().enumerate() {
        let line = Rect { y: inner.y + row as u16, height: 1, ..inner };
        one(painter, line, what_width, failure, snapshot);
    }
}

/// The newest failures, one for each URL: what came of an attempt replaces what led to it.
fn newest(snapshot: &Snapshot, rows: usize) -> Vec<&RecentFailure> {
    let mut shown: Vec<&RecentFailure> = Vec::new();
    for failure in snapshot.failures.iter() {
        if shown.len() >= rows {
            break;
        }
        if !shown.iter().any(|t| t.url == failure.url) {
            shown.push(failure);
        }
    }
    shown
}

/// The newest failure on one row.
pub fn one_row(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let column = painter.text(area, 0, 0, "failures", theme.strong()) + 3;
    let rest = Rect { x: area.x + column, width: area.width.saturating_sub(column), ..area };
    match snapshot.failures.first() {
        Some(failure) => {
            let what_width = text::width(&text::clean(&failure.what)) as u16;
            let what_width = what_width.min(WHAT).min(rest.width / 4);
            one(painter, rest, what_width, failure, snapshot);
        }
        None => {
            painter.text(rest, 0, 0, "none so far", theme.dim());
        }
    }
}

fn one(
    painter: &mut Painter<'_>,
    line: Rect,
    what_width: u16,
    failure: &RecentFailure,
    snapshot: &Snapshot,
) {
    let theme = painter.theme;
    let now = snapshot.at_s;
    let last = failure.next_at_s.is_none();
    // Its next attempt is on its way or made, or never will be: all that is known is the past.
    let past = snapshot.run.is_final() || failure.next_at_s.is_some_and(|at| now - at > DUE_S);
    let style = match (last, past) {
        (true, _) => theme.error(),
        (false, true) => theme.dim(),
        (false, false) => theme.warn(),
    };
    let what = Rect { width: what_width, ..line };
    painter.text(what, 0, 0, &text::clean(&failure.what), style);
    let rest = Rect {
        x: line.x + what_width + 1,
        width: line.width.saturating_sub(what_width + 1),
        ..line
    };
    let outcome = match failure.next_at_s {
        Some(_) if past => format!("attempt {} of {} failed", failure.attempt, failure.attempts),
        Some(at) if at > now => {
            let due = units::duration((at - now) * 1000.0);
            format!("attempt {} of {} in {due}", failure.attempt + 1, failure.attempts)
        }
        Some(_) => format!("attempt {} of {} is due", failure.attempt + 1, failure.attempts),
        None if failure.attempt > 1 => format!("gave up after {} attempts", failure.attempt),
        None => "not tried again".to_owned(),
    };
    // Outcomes start in one column, so that the eye can run down them.
    let share = if rest.width >= 76 { rest.width / 2 } else { rest.width * 3 / 8 };
    let room = share.max(26).min(rest.width);
    let outcome_at = rest.width - room;
    if outcome_at < 12 {
        let shown = text::clean(&failure.url);
        painter.text(rest, 0, 0, &text::short_url(&shown, rest.width.into()), theme.dim());
        return;
    }
    let url = Rect { width: outcome_at - 1, ..rest };
    let shown = text::clean(&failure.url);
    let plain = if past && !last { theme.dim() } else { ratatui::style::Style::new() };
    painter.text(url, 0, 0, &text::short_url(&shown, url.width.into()), plain);
    let right = Rect { x: rest.x + outcome_at, width: room, ..rest };
    let column = painter.fit(right, 0, 0, vec![Segment::new(0, outcome, theme.dim())]);
    if last && let Some(from) = &failure.found_on {
        let from = text::clean(from);
        let path = from.split_once("://").and_then(|(_, r)| r.find('/').map(|i| &r[i..]));
        let words = format!(", found on {}", path.unwrap_or(&from));
        if usize::from(column) + 16 <= right.width.into() {
            painter.text(right, column, 0, &words, theme.dim());
        }
    }
}
