//! Which host waits, for what, set by whom.

use ratatui::layout::Rect;

use crate::crawl::protocol::snapshot::{HostView, Snapshot};
use crate::ui::host_state::HostState;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::panels::hosts::wait_words;
use crate::ui::text;
use crate::ui::units;

/// Lays out the hosts that need attention or have most to fetch:
///
/// ```text
/// ╭─ hosts 12 ──────────────────────────── 7 flow   3 wait   2 rest ─╮
/// │   host                 queued flight     /s    p95  waits for    │
/// │ ● 127.0.0.1:8700          812      9   24.1    212  permits      │
/// ╰──────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let mut flow = 0;
    let mut wait = 0;
    for host in s.hosts.iter() {
        match HostState::of(host) {
            HostState::Ok => flow += 1,
            HostState::Waits | HostState::Held | HostState::Probing => wait += 1,
            _ => {}
        }
    }
    let rest = s.hosts.len() - flow - wait;
    let counts = [(flow, "flow", Role::Ok), (wait, "wait", Role::Wait), (rest, "rest", Role::Dim)];
    let segments = counts.into_iter().filter(|(n, ..)| *n > 0).enumerate();
    let segments = segments
        .map(|(i, (n, word, role))| Segment::new(i as u8, format!("{n} {word}"), theme.text(role)));
    let title = format!("hosts {}", units::count(s.hosts_known.max(s.hosts.len() as u64)));
    let inner = painter.panel(area, &title, Role::Wait, segments.collect());
    if s.hosts.is_empty() {
        painter.text(inner, 0, 0, "no host known yet", theme.dim());
        return;
    }
    let columns = HostEdges::new(inner.width);
    let titles = [
        (Some(columns.queued), "queued"),
        (Some(columns.flight), "flight"),
        (Some(columns.rate), "/s"),
        (Some(columns.p95), "p95"),
        (columns.errors, "errors"),
    ];
    for (x, word) in titles {
        if let Some(x) = x {
            right_at(painter, inner, x, 0, word, theme.dim());
        }
    }
    painter.text(inner, 2, 0, "host", theme.dim());
    painter.text(inner, columns.waits, 0, "waits for", theme.dim());
    let mut hosts: Vec<&HostView> = s.hosts.iter().collect();
    // Those that need attention first, then as the engine sorted them.
    hosts.sort_by_key(|host| std::cmp::Reverse(HostState::of(host).max(HostState::Ok)));
    let rows = inner.height.saturating_sub(1);
    for (row, host) in hosts.into_iter().take(rows.into()).enumerate() {
        one(painter, inner, row as u16 + 1, host, &columns);
    }
}

/// Right edges of numbers, and the left edge of the reason.
struct HostEdges {
    queued: u16,
    flight: u16,
    rate: u16,
    p95: u16,
    /// None where there is no room.
    errors: Option<u16>,
    waits: u16,
}

impl HostEdges {
    fn new(width: u16) -> Self {
        let roomy = width >= 82;
        let numbers = if roomy { 65 } else { 58 };
        let host = width.saturating_sub(numbers).clamp(14, 40) + 2;
        let queued = host + 8;
        let p95 = queued + 21;
        let errors = roomy.then_some(p95 + 7);
        Self {
            queued,
            flight: queued + 7,
            rate: queued + 14,
            p95,
            errors,
            waits: errors.unwrap_or(p95) + 2,
        }
    }
}

fn right_at(
    painter: &mut Painter<'_>,
    area: Rect,
    edge: u16,
    row: u16,
    words: &str,
    style: ratatui::style::Style,
) {
    let width = text::width(words) as u16;
    painter.text(area, edge.saturating_sub(width), row, words, style);
}

fn one(painter: &mut Painter<'_>, area: Rect, row: u16, host: &HostView, columns: &HostEdges) {
    let theme = painter.theme;
    let state = HostState::of(host);
    let (glyph, style) = theme.host(state);
    painter.text(area, 0, row, glyph, style);
    let quiet = matches!(state, HostState::Idle | HostState::Skipped | HostState::GivenUp);
    let plain = if quiet { theme.dim() } else { theme.text(Role::Text) };
    let name = text::clean(&host.host);
    let room = columns.queued.saturating_sub(10);
    painter.text(area, 2, row, &text::cut(&name, room.into()), plain);
    let zero = |n: u64| if n == 0 { theme.dim() } else { plain };
    right_at(
        painter,
        area,
        columns.queued,
        row,
        &units::short_count(host.queued),
        zero(host.queued),
    );
    let flight = host.in_flight.to_string();
    right_at(painter, area, columns.flight, row, &flight, zero(host.in_flight.into()));
    let rate = units::rate(host.requests_per_s.into());
    let still = host.requests_per_s < 0.05;
    right_at(painter, area, columns.rate, row, &rate, if still { theme.dim() } else { plain });
    let p95 =
        if host.p95_ms > 0.0 { units::count(host.p95_ms.round() as u64) } else { "–".to_owned() };
    right_at(painter, area, columns.p95, row, &p95, plain);
    if let Some(edge) = columns.errors {
        let errors =
            if host.requests == 0 { "–".to_owned() } else { units::percent(host.error_ratio) };
        let bad = host.requests > 0 && host.error_ratio > 0.0;
        let style = if bad { theme.text(Role::Server) } else { theme.dim() };
        right_at(painter, area, edge, row, &errors, style);
    }
    let (words, style) = wait_words(theme, host);
    let room =
        Rect { x: area.x + columns.waits, width: area.width.saturating_sub(columns.waits), ..area };
    painter.text(room, 0, row, &words, style);
}
