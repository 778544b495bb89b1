//! Each host: how it is, what waits for it, at what pace, and why it waits.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::table::{self, TableColumn, fixed, flexible};
use crate::crawl::protocol::snapshot::{HostView, HostWait, Snapshot, WaitReason};
use crate::ui::host_state::{HostState, is_pace};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::tables::{self, TableState};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Columns for the reason of a wait, and for how long.
const WHY: usize = 18;
const LONG: usize = 6;

/// Share of failures below which they are nothing to look at.
const FEW: f32 = 0.05;

/// Columns, in the order of [`tables::HOST_COLUMNS`].
const COLUMNS: [TableColumn; 9] = [
    flexible("host", 3, 0),
    fixed("state", 9, false, 0),
    fixed("queued", 7, true, 0),
    fixed("flight", 7, true, 0),
    fixed("gap by", 13, true, 112),
    fixed("p95 ms", 7, true, 88),
    fixed("errors", 7, true, 97),
    fixed("waits for", (WHY + 1 + LONG) as u16, false, 70),
    flexible("robots.txt", 2, 134),
];

/// Lays out the hosts; returns with a selection that is among them:
///
/// ```text
/// ╭─ hosts 13 ─────────────────────────────────── 1 open · 1 probing · 5 ok · by host ─╮
/// │  host▼           state       queued   flight  waits for                            │
/// │› 127.0.0.1:8700  ● ok         4,120      3/4                                       │
/// │  127.0.0.1:8701  ✗ open         212        0  breaker open          12 s           │
/// ╰────────────────────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    state: &mut TableState,
    filter: &str,
    snapshot: &Snapshot,
) {
    let theme = painter.theme;
    let (order, ids) = tables::hosts(snapshot, state, filter);
    // Keys act on a host by its name: the row that is marked must be the one that they mean,
    // also when another host comes to stand above it before the next draw.
    if state.selected.is_none_or(|id| !ids.contains(&id)) {
        state.selected = ids.first().copied();
    }
    let all = snapshot.hosts.len() as u64;
    let mut title = format!("hosts {}", units::count(all));
    if snapshot.hosts_known > all {
        title = format!("{title} of {}", units::count(snapshot.hosts_known));
    }
    let inner = painter.frame(
        area,
        &[Span::styled(title, theme.strong())],
        counts(theme, state, filter, ids.len(), snapshot),
    );
    if ids.is_empty() {
        let words = if all == 0 { "no host known yet" } else { "no host passes the filter" };
        painter.text(inner, 0, 0, words, theme.dim());
        state.visible = 0;
        return;
    }
    table::draw(painter, inner, &COLUMNS, state, &ids, |at| {
        cells(theme, &snapshot.hosts[order[at]])
    });
}

/// What the frame says: the filter, how many hosts fail, the order.
fn counts<'a>(
    theme: Theme,
    state: &TableState,
    filter: &str,
    found: usize,
    snapshot: &Snapshot,
) -> Vec<Segment<'a>> {
    let mut segments = Vec::new();
    if !filter.trim().is_empty() {
        let words = text::cut(&text::clean(filter.trim()), 30).into_owned();
        segments.push(Segment::new(0, format!("filter {words}"), theme.text(Role::Wait)));
        segments.push(Segment::new(0, format!("{found} of {}", snapshot.hosts.len()), theme.dim()));
    }
    for (rank, word) in [
        (1, HostState::Open),
        (2, HostState::Probing),
        (3, HostState::Waits),
        (4, HostState::Held),
        (6, HostState::Skipped),
        (0, HostState::GivenUp),
        (7, HostState::Idle),
        (5, HostState::Ok),
    ] {
        let n = snapshot.hosts.iter().filter(|h| HostState::of(h) == word).count();
        if n > 0 {
            let style = theme.host(word).1;
            segments.push(Segment::new(rank, format!("{n} {}", plural(word, n)), style));
        }
    }
    let by = tables::HOST_COLUMNS[state.sort % tables::HOST_COLUMNS.len()];
    segments.push(Segment::new(8, format!("by {by}"), theme.dim()));
    segments
}

const fn plural(state: HostState, n: usize) -> &'static str {
    match state {
        HostState::Waits if n != 1 => "wait",
        state => state.word(),
    }
}

fn cells(theme: Theme, host: &HostView) -> Vec<table::Cell> {
    let state = HostState::of(host);
    let (glyph, style) = theme.host(state);
    let inactive = matches!(state, HostState::Idle | HostState::Skipped);
    let rest = if inactive { theme.dim() } else { Style::new() };
    let measured = host.p95_ms > 0.0;
    let errors =
        if host.requests == 0 { "–".to_owned() } else { units::percent(host.error_ratio) };
    vec![
        (text::clean(&host.host).into_owned(), rest),
        (format!("{glyph} {}", state.word()), style),
        (units::short_count(host.queued), if host.queued == 0 { theme.dim() } else { rest }),
        flight(host, if host.in_flight == 0 { theme.dim() } else { rest }),
        (gap(host), theme.dim()),
        (
            if measured { units::count(host.p95_ms.round() as u64) } else { "–".to_owned() },
            if measured { rest } else { theme.dim() },
        ),
        (errors, error_style(theme, host)),
        waits(theme, host),
        (text::clean(&host.robots).into_owned(), theme.dim()),
    ]
}

/// Requests in flight, and how many there may be: `3/4`, or `3` without a limit of its own.
fn flight(host: &HostView, style: Style) -> table::Cell {
    let words = host
        .limit
        .map_or_else(|| host.in_flight.to_string(), |limit| format!("{}/{limit}", host.in_flight));
    (words, style)
}

/// The style of a share of failures.
#[must_use]
pub fn error_style(theme: Theme, host: &HostView) -> Style {
    if host.requests == 0 || host.error_ratio < FEW {
        theme.dim()
    } else if host.error_ratio < 0.5 {
        theme.text(Role::Retry)
    } else {
        theme.text(Role::Server)
    }
}

/// The gap and whose it is, numbers and words each below the other: ` 0.5 s you   `.
fn gap(host: &HostView) -> String {
    if host.gap_ms == 0 {
        return format!("{:>6} {:<6}", "–", "");
    }
    let by = if host.gap_by_robots { "robots" } else { "you" };
    format!("{:>6} {by:<6}", units::interval(host.gap_ms))
}

/// Why it waits and for how long; times stand below each other, so that they can be compared and
/// nothing moves when they lose a digit.
fn waits(theme: Theme, host: &HostView) -> table::Cell {
    let style = match host.wait {
        Some(HostWait { why: WaitReason::Breaker, .. }) => theme.text(Role::Server),
        Some(wait) if is_pace(wait.why) => theme.dim(),
        Some(_) => theme.text(Role::Wait),
        None => theme.dim(),
    };
    let Some(wait) = host.wait else {
        let words = match host.retrying {
            0 => String::new(),
            n => format!("{} to be retried", units::short_count(n.into())),
        };
        return (words, style);
    };
    let why = wait.why.name().replace("robots.txt", "robots");
    let long = wait.for_s.map(units::countdown).unwrap_or_default();
    (format!("{why:<WHY$} {long:>LONG$}"), style)
}

/// What a host waits for, set by whom, in a few words for the Deck: `limit 1, set by a 503`.
#[must_use]
pub fn wait_words(theme: Theme, host: &HostView) -> (String, Style) {
    if let Some(why) = &host.ended {
        return (text::clean(why).into_owned(), theme.text(Role::Server));
    }
    if host.skipped {
        return ("skipped by you".to_owned(), theme.dim());
    }
    let Some(wait) = host.wait else {
        return match (host.queued, host.retrying) {
            (0, 0) if host.in_flight == 0 => ("nothing: no URLs left".to_owned(), theme.dim()),
            (0, n) if n > 0 => {
                (format!("{} to be retried", units::short_count(n.into())), theme.text(Role::Retry))
            }
            _ => ("permits".to_owned(), theme.dim()),
        };
    };
    let more = wait.for_s.map_or_else(String::new, |s| format!(": {} more", units::countdown(s)));
    let limit = host.limit.unwrap_or(host.in_flight);
    let words = match wait.why {
        WaitReason::Limit => format!("limit {limit}, yours"),
        WaitReason::LoweredLimit => {
            let cause =
                host.lowered_by.map_or("a cooldown".to_owned(), |status| format!("a {status}"));
            format!("limit {limit}, set by {cause}")
        }
        WaitReason::AutopilotLimit => format!("limit {limit}, the autopilot's"),
        WaitReason::RobotsDelay => format!("gap {}, robots.txt", units::interval(host.gap_ms)),
        WaitReason::Delay => format!("gap {}, yours", units::interval(host.gap_ms)),
        WaitReason::Breaker => format!("breaker{more}"),
        why => format!("{}{more}", why.name()),
    };
    let style = match wait.why {
        WaitReason::Breaker => theme.text(Role::Server),
        why if is_pace(why) => theme.text(Role::Blocked),
        _ => theme.text(Role::Wait),
    };
    (words, style)
}
