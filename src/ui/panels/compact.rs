//! The crawl in words, for screens below 80×24, and in one line for smaller ones.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::{header, hints, overload, stages, verdict};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::app::App;
use crate::ui::deck::charts;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::units;

/// Maximum rows of the chart.
const CHART_ROWS: u16 = 6;

/// Lays out state, verdict and levels:
///
/// ```text
/// ● RUNNING   02:41   crawl 7
/// ◆ limited by permits: workers spend 46 % of their time waiting for one
///   + raises permits
/// queue      85/100   15 free
/// …
/// pages/s    51.2 ▁▂▃▅▇▇▇▇██████████████████████
///                               80×24 shows more
/// q stop   + - permits 16   Space pause   ? help
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, app: &App, live: &Snapshot) {
    let theme = painter.theme;
    let s = app.shown(live);
    let mut segments = header::state_segments(painter, app, live, area.width);
    segments.extend(header::flag_segments(theme, live, true));
    painter.fit(area, 0, 3, segments);
    let levels = levels(painter, s);
    let keys = Rect { y: area.y + area.height.saturating_sub(1), height: 1, ..area };
    let hints = hints::segments(painter, app, live);
    painter.fit(keys, 0, 2, hints);
    let area = Rect { height: area.height.saturating_sub(1), ..area };
    let room = area.height.saturating_sub(1);
    let for_verdict = room.saturating_sub(levels.len() as u16).clamp(1, 4);
    let used = verdict::draw(painter, area, 1, for_verdict.min(room), s);
    let mut row = 1 + used;
    if room > used + 2 {
        let slow = overload::rows(s, 1).min(room - used - 2);
        row += overload::draw(painter, area, row, slow, s);
    }
    for (name, level, words) in levels {
        if row >= area.height {
            return;
        }
        let strip = Rect { y: area.y + row, height: 1, ..area };
        let mut segments = vec![
            Segment::new(0, format!("{name:<9}"), theme.dim()),
            Segment::new(0, format!("{level:>9}"), theme.strong()),
        ];
        segments.extend(
            words
                .into_iter()
                .enumerate()
                .map(|(i, (w, style))| Segment::new(1 + i as u8, w, style)),
        );
        painter.fit(strip, 0, 1, segments);
        row += 1;
    }
    if row < area.height {
        painter.right(area, area.height - 1, "80×24 shows more", theme.dim());
        row += 1;
    }
    let spare = area.height.saturating_sub(row);
    if spare > 0 {
        // A row of air above a chart of several rows.
        let air = u16::from(spare > 2);
        let high = (spare - air).min(CHART_ROWS);
        let place = Rect { y: area.y + row - 1 + air, height: high, ..area };
        charts::pages(painter, place, s, app.zoom);
    }
}

/// Name, level and what it means.
type Level = (&'static str, String, Vec<stages::Remark>);

/// The levels, the most telling first.
fn levels(painter: &Painter<'_>, s: &Snapshot) -> Vec<Level> {
    let theme = painter.theme;
    let now = |value: f64| format!("{}/s", units::rate(value));
    let [waits, more] = stages::gate(theme, s);
    let [moves, retries] = stages::frontier(theme, s);
    let failed = if s.totals.failed > 0 { theme.text(Role::Server) } else { theme.dim() };
    let counts: Vec<_> = stages::workers(theme, s, false)
        .into_iter()
        .filter(|w| w.count.unwrap_or(0) > 0)
        .map(|w| (format!("{} {}", w.count.unwrap_or(0), w.label), w.style))
        .collect();
    vec![
        (
            "done",
            units::count(s.totals.pages),
            vec![
                (now(s.throughput.last_1s), Style::new()),
                (format!("{} failed", units::count(s.totals.failed)), failed),
                (units::bytes(s.totals.bytes), theme.dim()),
            ],
        ),
        ("frontier", units::count(s.frontier.pending), vec![moves, retries]),
        ("queue", format!("{}/{}", s.queue.len, s.queue.capacity), vec![stages::queue(theme, s)]),
        ("workers", units::count(s.dials.workers.into()), counts),
        ("gate", stages::gate_level(s).trim_start().to_owned(), vec![waits, more]),
        (
            "saver",
            units::bytes(s.saver.backlog_bytes),
            stages::saver_remarks(theme, s, 24).to_vec(),
        ),
    ]
}

/// Everything in one line, for what is smaller still: `● RUNNING  12,404 done  51.2/s`.
pub fn one_line(painter: &mut Painter<'_>, area: Rect, live: &Snapshot) {
    let theme = painter.theme;
    let (glyph, word, style) = theme.run_state(live.run);
    let (mark, mark_style) = verdict::look(theme, live);
    let limit = format!("{:?}", live.verdict.limit).to_lowercase();
    let segments = vec![
        Segment::of(1, vec![Span::styled(glyph, style)]),
        Segment::new(2, word, style),
        Segment::new(0, format!("{} done", units::count(live.totals.pages)), theme.strong()),
        Segment::new(3, format!("{}/s", units::rate(live.throughput.last_1s)), Style::new()),
        Segment::new(4, format!("{mark} {limit}"), mark_style),
    ];
    painter.fit(area, 0, 1, segments);
}
