//! What each worker does, on which URL, for how long; in as many columns as there is room for.

use ratatui::layout::Rect;

use crate::crawl::protocol::snapshot::{Snapshot, WorkerState, WorkerView};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::panels::stages;
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::url_text::CommonOrigin;

/// Least columns for a worker.
const LEAST: u16 = 46;
/// Columns of the bar of time.
const BAR: u16 = 10;
/// Columns for number and state, and for the time as text.
const STATE: u16 = 18;
const TIME: u16 = 9;

/// Lays out the workers by number, from top to bottom, then from left to right:
///
/// ```text
/// ╭─ workers 32 ───────────────────────── 16 fetch   1 parse   15 permit ─╮
/// │  0 ▮ first byte  /museum/ferr…-8769  ━━━━━━────  505 ms  17 ▪ parse … │
/// ╰───────────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let states = stages::workers(theme, s, false).into_iter();
    let counts = states.filter(|state| state.count.unwrap_or(0) > 0).enumerate();
    let segments = counts.map(|(i, state)| {
        let words = format!("{} {}", state.count.unwrap_or(0), state.label);
        Segment::new(i as u8, words, state.style)
    });
    let title = format!("workers {}", s.workers.len());
    let inner = painter.panel(area, &title, Role::Ok, segments.collect());
    if s.workers.is_empty() {
        painter.text(inner, 0, 0, "no workers yet", theme.dim());
        return;
    }
    let rows = usize::from(inner.height.max(1));
    let columns = (inner.width / LEAST).clamp(1, s.workers.len().div_ceil(rows) as u16);
    let places = rows * usize::from(columns);
    // The last place says how many have none.
    let shown = if s.workers.len() > places { places - 1 } else { s.workers.len() };
    let width = inner.width / columns;
    let common = CommonOrigin::of(s.workers.iter().filter_map(|w| w.url.as_deref()));
    let longest = s.workers.iter().map(|w| w.for_ms).max().unwrap_or(0).max(1);
    let place = |i: usize| Rect {
        x: inner.x + (i / rows) as u16 * width,
        y: inner.y + (i % rows) as u16,
        width: width.saturating_sub(u16::from(columns > 1)),
        height: 1,
    };
    for (i, worker) in s.workers.iter().take(shown).enumerate() {
        one(painter, place(i), worker, longest, common);
    }
    if shown < s.workers.len() {
        let more = format!("and {} more", units::count((s.workers.len() - shown) as u64));
        painter.text(place(shown), 0, 0, &more, theme.dim());
    }
}

fn one(
    painter: &mut Painter<'_>,
    line: Rect,
    worker: &WorkerView,
    longest: u64,
    common: CommonOrigin<'_>,
) {
    let theme = painter.theme;
    let rests = matches!(worker.state, WorkerState::Idle | WorkerState::Paused);
    let plain = if rests { theme.dim() } else { theme.text(Role::Text) };
    let (glyph, style) = theme.worker(worker.state);
    painter.right(Rect { width: 3, ..line }, 0, &worker.id.to_string(), theme.dim());
    painter.text(line, 4, 0, glyph, style);
    painter.text(line, 6, 0, worker.state.name(), plain);
    let time = units::duration(worker.for_ms as f64);
    painter.right(line, 0, &time, plain);
    let url_width = line.width.saturating_sub(STATE + BAR + 1 + TIME);
    if let Some(url) = &worker.url {
        let name = common.name(url, usize::from(url_width.saturating_sub(1)));
        let place = Rect { x: line.x + STATE, width: url_width, ..line }.intersection(line);
        painter.text(place, 0, 0, &name, plain);
    }
    let bar = Rect { x: line.x + STATE + url_width, width: BAR, ..line }.intersection(line);
    let filled = (worker.for_ms as f64 / longest as f64 * f64::from(BAR)).ceil() as u16;
    for column in 0..bar.width {
        let (glyph, role) = if column < filled {
            ("━", Theme::worker_role(worker.state))
        } else {
            ("─", Role::Faint)
        };
        painter.glyph(bar, column, 0, glyph, theme.mark(role));
    }
}
