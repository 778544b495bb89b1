//! Retries and failures, newest first: what will be tried again, when, and what is lost.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::crawl::protocol::snapshot::{RecentFailure, RunState, Snapshot};
use crate::model::ids::seq_of;
use crate::ui::host_state::is_pace;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::stored::{Parent, ParentUrls};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::url_text::CommonOrigin;

/// Columns for what went wrong.
const WHAT: u16 = 10;
/// Columns for the line that runs out until the next attempt.
const COUNTDOWN: u16 = 9;
/// Seconds after which an attempt that was due is one that may have been made.
const DUE_S: f64 = 1.0;
/// Most attempts that are drawn as dots.
const DOTS: u32 = 5;

/// Lays out the newest failures:
///
/// ```text
/// ╭─ retries and failures ─────────────────────────── 412 retries   201 failed ─╮
/// │ ✗ 503      /flaky/0412                  ●●○ next in 1.4 s         ━━━━━━─── │
/// │ ! 404      /museum/old-l…/tide-table-12     final · linked from /p/0007     │
/// ╰─────────────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, parents: &ParentUrls, s: &Snapshot) {
    let theme = painter.theme;
    let counts = [
        (units::counted(s.totals.retries, "retry", "retries"), s.totals.retries, Role::Retry),
        (format!("{} resent", units::count(s.totals.resent)), s.totals.resent, Role::Retry),
        (format!("{} failed", units::count(s.totals.failed)), s.totals.failed, Role::Server),
    ];
    let shown = counts.into_iter().filter(|(words, n, _)| *n > 0 || !words.ends_with("resent"));
    let segments = shown.enumerate().map(|(i, (words, n, role))| {
        let style = if n == 0 { theme.dim() } else { theme.text(role) };
        Segment::new(i as u8, words, style)
    });
    let inner = painter.panel(area, "retries and failures", Role::Retry, segments.collect());
    rows(painter, inner, parents, s);
}

/// The rows alone, for where there is no room for a frame.
pub fn rows(painter: &mut Painter<'_>, area: Rect, parents: &ParentUrls, s: &Snapshot) {
    let shown = newest(s, area.height.into());
    if shown.is_empty() {
        let words = match s.totals.failed {
            0 => "no retries and no failures so far",
            _ => "nothing is to be tried again now",
        };
        painter.text(area, 0, 0, words, painter.theme.dim());
        return;
    }
    let found_on: Vec<_> = shown.iter().map(|failure| parents.of(failure)).collect();
    let urls = found_on.iter().filter_map(|page| page.as_ref()?.as_deref().ok());
    let common = CommonOrigin::of(shown.iter().map(|failure| &*failure.url).chain(urls));
    for (row, (failure, found_on)) in shown.into_iter().zip(&found_on).enumerate() {
        let line = Rect { y: area.y + row as u16, height: 1, ..area };
        one(painter, line, (failure, found_on.as_ref()), s, common);
    }
}

/// The newest failures, one for each URL: what came of an attempt replaces what led to it.
fn newest(s: &Snapshot, rows: usize) -> Vec<&RecentFailure> {
    let mut shown: Vec<&RecentFailure> = Vec::new();
    for failure in s.failures.iter() {
        if shown.len() >= rows {
            break;
        }
        if !shown.iter().any(|other| other.url == failure.url) && is_open(failure, s) {
            shown.push(failure);
        }
    }
    shown
}

/// Whether a failure is still one: its URL is lost, or its next attempt is to come. What came of an attempt that
/// was made is known when it failed again; otherwise the URL was fetched.
fn is_open(failure: &RecentFailure, s: &Snapshot) -> bool {
    let Some(at) = failure.next_at_s else { return true };
    !s.run.is_final() && (s.at_s - at <= DUE_S || held_back(failure, s).is_some())
}

/// What holds the next attempt back longer than its delay.
fn held_back(failure: &RecentFailure, s: &Snapshot) -> Option<&'static str> {
    if s.run == RunState::Paused {
        return Some("paused");
    }
    let host = s.hosts.iter().find(|host| {
        failure.url.split_once("://").is_some_and(|(_, rest)| {
            rest.strip_prefix(&*host.host)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })?;
    host.wait.filter(|wait| !is_pace(wait.why)).map(|wait| wait.why.name())
}

/// Glyph and hue of what went wrong: that of the status where there is one.
#[must_use]
pub fn look(theme: Theme, what: &str) -> (&'static str, Style) {
    match what.get(..3).and_then(|head| head.parse::<u16>().ok()) {
        Some(status) => theme.status(Some(status)),
        None if what.contains("time") => ("↻", theme.mark(Role::Retry)),
        None => ("✗", theme.mark(Role::Server)),
    }
}

/// In few words: `refused`, `timeout`, `503`.
fn short(what: &str) -> String {
    let what = text::clean(what);
    let what = what.strip_prefix("connection ").unwrap_or(&what);
    let what = if what.contains("time") && !what.starts_with("time") { "timeout" } else { what };
    text::cut(text::whole_words(what, (WHAT - 2).into()), (WHAT - 2).into()).into_owned()
}

fn one(
    painter: &mut Painter<'_>,
    line: Rect,
    (failure, found_on): (&RecentFailure, Option<&Parent>),
    s: &Snapshot,
    common: CommonOrigin<'_>,
) {
    let theme = painter.theme;
    let (glyph, style) = look(theme, &failure.what);
    painter.text(line, 0, 0, glyph, style);
    painter.text(Rect { width: WHAT.min(line.width), ..line }, 2, 0, &short(&failure.what), style);
    let rest = Rect { x: line.x + WHAT + 1, width: line.width.saturating_sub(WHAT + 1), ..line };
    // Outcomes start in one column, so that the eye can run down them.
    let outcome_at = (rest.width / 2).min(rest.width.saturating_sub(22));
    if outcome_at < 12 {
        let url = common.name(&failure.url, rest.width.into());
        painter.text(rest, 0, 0, &url, theme.text(Role::Text));
        return;
    }
    let url = common.name(&failure.url, usize::from(outcome_at) - 1);
    painter.text(rest, 0, 0, &url, theme.text(Role::Text));
    let right = Rect { x: rest.x + outcome_at, width: rest.width - outcome_at, ..rest };
    outcome(painter, right, (failure, found_on), s, common);
}

/// Attempts as dots, what comes next, and a line that runs out until then.
fn outcome(
    painter: &mut Painter<'_>,
    area: Rect,
    (failure, found_on): (&RecentFailure, Option<&Parent>),
    s: &Snapshot,
    common: CommonOrigin<'_>,
) {
    let theme = painter.theme;
    let (done, all) = (failure.attempt.min(DOTS), failure.attempts.min(DOTS));
    let tried_once = failure.next_at_s.is_none() && failure.attempt <= 1;
    if all > 1 && !tried_once {
        for dot in 0..all {
            let glyph = if dot < done { "●" } else { "○" };
            painter.glyph(area, dot as u16, 0, glyph, theme.mark(Role::Retry));
        }
    }
    // Words start in one column, whether there are dots before them or not.
    let after = if all > 1 { all as u16 + 1 } else { 0 };
    let now = s.at_s;
    let held = failure.next_at_s.filter(|at| *at <= now).and_then(|_| held_back(failure, s));
    let words = match failure.next_at_s {
        Some(_) if held.is_some() => format!("waits: {}", held.unwrap_or_default()),
        Some(at) if at > now => format!("next in {}", units::duration((at - now) * 1000.0)),
        Some(_) => "is due".to_owned(),
        None if failure.attempt > 1 => format!("gave up: {}", text::clean(&failure.what)),
        None if failure.attempts == 0 => text::clean(&failure.what).into_owned(),
        None => "final".to_owned(),
    };
    let end = painter.text(area, after, 0, &words, theme.text(Role::Text));
    if let Some(at) = failure.next_at_s {
        let line = Rect {
            x: area.right().saturating_sub(COUNTDOWN + 1),
            width: COUNTDOWN.min(area.width),
            ..area
        };
        let wait = at - failure.at_s;
        if area.x + end + 1 < line.x && wait > 0.0 {
            let left = ((at - now) / wait).clamp(0.0, 1.0);
            let full = (left * f64::from(COUNTDOWN)).round() as u16;
            for column in 0..COUNTDOWN {
                let style =
                    if column < full { theme.mark(Role::Retry) } else { theme.mark(Role::Faint) };
                let glyph = if column < full { "━" } else { "─" };
                painter.glyph(line, column, 0, glyph, style);
            }
        }
    } else if let Some(from) = found_on {
        // Where there is little room, a shorter word leaves more of the path.
        let whole = match from {
            Ok(url) => text::width(&common.name(url, usize::MAX)),
            Err(_) => 0,
        };
        let room_after =
            |words: &str| area.width.saturating_sub(end + text::width(words) as u16 + 1);
        let (long, short) = (" · linked from ", " · from ");
        let words = if whole <= usize::from(room_after(long)) { long } else { short };
        let room = room_after(words);
        if room >= 10 {
            let from = match from {
                Ok(url) => common.name(url, room.into()),
                Err(id) => format!("page {}", units::count(seq_of(*id).into())),
            };
            painter.text(area, end, 0, &format!("{words}{from}"), theme.dim());
        }
    }
}
