//! All about one host, in words, and the keys that act on it.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::hosts;
use crate::crawl::protocol::snapshot::{BreakerState, HostView, WaitReason};
use crate::ui::action::Action;
use crate::ui::host_state::HostState;
use crate::ui::keys::{self, KeyGroup};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Columns for the names of fields.
const NAMES: usize = 11;
/// Columns for the names of keys.
const KEYS: usize = 12;

/// Lays out a host's fields; returns the first row shown, which is `top` or the last that makes
/// sense. `alone` tells that it fills the tab and can be closed:
///
/// ```text
/// ╭─ host ─────────────────────────────────── Esc closes ─╮
/// │ name       127.0.0.1:8702                             │
/// │ state      ✗ open: it is down, retried in 12 s        │
/// │ robots.txt 12 rules, delay 2 s                        │
/// │ breaker    open, 3 incidents not yet reset         │
/// │                                                       │
/// │ o          hold it, or release it                     │
/// ╰───────────────────────────────────────────────────────╯
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    host: Option<&HostView>,
    top: u16,
    alone: bool,
) -> u16 {
    let theme = painter.theme;
    let mut segments = Vec::new();
    if alone {
        let step = format!(
            "{} {} next",
            painter.keys.name_of(Action::Up),
            painter.keys.name_of(Action::Down)
        );
        segments.push(Segment::new(1, step, theme.dim()));
        segments.push(Segment::new(
            0,
            format!("{} closes", painter.keys.name_of(Action::Close)),
            theme.dim(),
        ));
    }
    let inner = painter.frame(area, &[Span::styled("host", theme.strong())], segments);
    let Some(host) = host else {
        painter.text(inner, 0, 0, "none selected", theme.dim());
        return 0;
    };
    let room = usize::from(inner.width).saturating_sub(NAMES);
    let mut rows = Vec::new();
    for (name, value, style) in fields(theme, host) {
        for (i, line) in text::wrap(&value, room).into_iter().enumerate() {
            rows.push((if i == 0 { name } else { "" }, line, style));
        }
    }
    let mut keys = painter.keys.help_lines(KeyGroup::Hosts);
    let exclude = painter.keys.rows().iter().filter(|b| b.action == Action::Exclude);
    keys.extend(exclude.map(|b| (keys::names(b), b.help.to_owned())));
    let length = rows.len() + 1 + keys.len();
    let top = top.min((length as u16).saturating_sub(inner.height));
    let at = |row: usize| {
        let row = (row as u16).checked_sub(top)?;
        (row < inner.height).then_some(row)
    };
    for (i, (name, line, style)) in rows.iter().enumerate() {
        let Some(y) = at(i) else { continue };
        painter.text(inner, 0, y, name, theme.dim());
        painter.text(inner, NAMES as u16, y, line, *style);
    }
    for (i, (keys, what)) in keys.iter().enumerate() {
        let Some(y) = at(rows.len() + 1 + i) else { continue };
        painter.text(inner, 0, y, keys, theme.strong());
        painter.text(inner, KEYS as u16, y, what, theme.dim());
    }
    top
}

/// Every field in words.
fn fields(theme: Theme, host: &HostView) -> Vec<(&'static str, String, Style)> {
    let (plain, dim) = (Style::new(), theme.dim());
    let state = HostState::of(host);
    let (glyph, state_style) = theme.host(state);
    let mut rows = vec![
        ("name", text::clean(&host.host).into_owned(), theme.strong()),
        ("state", format!("{glyph} {}: {}", state.word(), meaning(state)), state_style),
    ];
    if let Some(why) = &host.ended {
        rows.push(("because", text::clean(why).into_owned(), plain));
    }
    if let Some(wait) = host.wait {
        let long = wait.for_s.map(|s| format!(", {} more", units::countdown(s)));
        let words = format!("{}{}", wait.why.name(), long.unwrap_or_default());
        rows.push(("waits for", words, plain));
    }
    let mut queued = units::counted(host.queued, "URL", "URLs");
    if host.retrying > 0 {
        queued = format!("{queued}, {} to be retried", units::count(host.retrying.into()));
    }
    rows.push(("queued", queued, if host.queued == 0 { dim } else { plain }));
    let limit = match (host.limit, host.lowered_limit, host.refused_at) {
        (_, Some(limit), Some(refused)) => {
            format!(
                "{} of {limit}: limit lowered, it answers 503 to {refused} at a time",
                host.in_flight
            )
        }
        (_, Some(limit), None) => {
            let after = host.lowered_by.map_or(String::new(), |status| format!(" for a {status}"));
            format!(
                "{} of {limit}: limit lowered after a cooldown{after}, rises again",
                host.in_flight
            )
        }
        (Some(limit), ..) => format!("{} of {limit} that you allow", host.in_flight),
        (None, ..) => format!("{}, no limit but the permits", host.in_flight),
    };
    rows.push(("in flight", limit, if host.in_flight == 0 { dim } else { plain }));
    let gap = match (host.gap_ms, host.gap_by_robots) {
        (0, _) => "none".to_owned(),
        (ms, true) => format!("{} between requests, as its robots.txt says", units::interval(ms)),
        (ms, false) => format!("{} between requests, as you set it", units::interval(ms)),
    };
    rows.push(("gap", gap, if host.gap_ms == 0 { dim } else { plain }));
    rows.push(("robots.txt", robots(host), plain));
    let incidents = match host.incidents {
        0 => "no incident to forgive".to_owned(),
        n => format!("{}, not yet reset", units::counted(n.into(), "incident", "incidents")),
    };
    let style = match host.breaker {
        BreakerState::Closed if host.incidents == 0 => dim,
        BreakerState::Closed => plain,
        BreakerState::HalfOpen => theme.text(Role::Blocked),
        BreakerState::Open => theme.text(Role::Server),
    };
    rows.push(("breaker", format!("{}, {incidents}", host.breaker.name()), style));
    let failed = match host.failures {
        0 => "none failed".to_owned(),
        n => format!("{} failed", units::count(n)),
    };
    rows.push(("requests", format!("{}, {failed}", units::count(host.requests)), plain));
    if host.requests > 0 {
        let share = units::percent(host.error_ratio);
        let words = format!("{} of the last ones failed", share.trim_start());
        rows.push(("errors", words, hosts::error_style(theme, host)));
    }
    let latency = if host.p95_ms > 0.0 {
        let ms = |v: f32| units::count(v.max(0.0).round() as u64);
        format!("p50 {} ms, p95 {} ms", ms(host.p50_ms), ms(host.p95_ms))
    } else {
        "not measured yet".to_owned()
    };
    rows.push(("latency", latency, if host.p95_ms > 0.0 { plain } else { dim }));
    rows.push(match host.last_status {
        Some(status) => ("last", format!("responded {status}"), theme.status(Some(status)).1),
        None if host.requests > 0 => ("last", "no response".to_owned(), theme.text(Role::Server)),
        None => ("last", "not requested yet".to_owned(), dim),
    });
    rows
}

fn robots(host: &HostView) -> String {
    match host.wait.map(|w| w.why) {
        Some(WaitReason::Robots) => "being requested".to_owned(),
        Some(WaitReason::RobotsUnreachable) => {
            format!("{}: nothing is allowed until it responds", text::clean(&host.robots))
        }
        _ => text::clean(&host.robots).into_owned(),
    }
}

/// What a state means.
const fn meaning(state: HostState) -> &'static str {
    match state {
        HostState::Ok => "crawled at its pace",
        HostState::Idle => "nothing to fetch",
        HostState::Waits => "resumes by itself",
        HostState::Held => "nothing is fetched until you release it",
        HostState::Probing => "one request tests whether it is up",
        HostState::Open => "it is down and cools down",
        HostState::Skipped => "what is not done is left out",
        HostState::GivenUp => "nothing is requested from it any more",
    }
}
