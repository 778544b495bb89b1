//! Each worker: what it does, on which URL, for how long.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::stages;
use super::table::{self, TableColumn, fixed, urls};
use crate::crawl::protocol::snapshot::{Snapshot, WorkerState, WorkerView};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::tables::{self, TableState};
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::url_text::CommonOrigin;

/// Columns, in the order of [`tables::WORKER_COLUMNS`].
const COLUMNS: [TableColumn; 6] = [
    fixed("worker", 7, true, 0),
    fixed("state", 20, false, 0),
    fixed("for", 8, true, 0),
    fixed("attempt", 8, true, 70),
    urls("url", 1, 0),
    fixed("pages", 8, true, 90),
];

/// Lays out the workers:
///
/// ```text
/// ╭─ workers ──────────────────────── 16 fetch · 1 parse · 15 permit ─╮
/// │  worker▼ state              for   attempt  url              pages  │
/// │›       0 ▮ first byte    340 ms         1  http://…           389  │
/// ╰───────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, state: &mut TableState, snapshot: &Snapshot) {
    let theme = painter.theme;
    let mut segments: Vec<_> = stages::workers(theme, snapshot, false)
        .into_iter()
        .filter(|s| s.count.unwrap_or(0) > 0)
        .map(|s| Segment::new(1, format!("{} {}", s.count.unwrap_or(0), s.label), s.style))
        .collect();
    let leaving = snapshot.workers.iter().filter(|w| w.leaving).count();
    if leaving > 0 {
        segments.push(Segment::new(0, format!("{leaving} leaving"), theme.text(Role::Wait)));
    }
    let title = format!("workers {}", snapshot.workers.len());
    let inner = painter.frame(area, &[Span::styled(title, theme.strong())], segments);
    if snapshot.workers.is_empty() {
        painter.text(inner, 0, 0, "no workers yet", theme.dim());
        return;
    }
    let (order, ids) = tables::workers(snapshot, state);
    let common = CommonOrigin::of(snapshot.workers.iter().filter_map(|w| w.url.as_deref()));
    table::draw(painter, inner, &COLUMNS, state, &ids, |at| {
        cells(theme, &snapshot.workers[order[at]], common)
    });
}

fn cells(theme: Theme, worker: &WorkerView, common: CommonOrigin<'_>) -> Vec<table::Cell> {
    let (glyph, style) = theme.worker(worker.state);
    let mut words = format!("{glyph} {}", worker.state.name());
    let mut style = style;
    if worker.leaving {
        words.push_str(" leaving");
        style = theme.text(Role::Blocked);
    }
    let inactive = matches!(worker.state, WorkerState::Idle | WorkerState::Paused);
    let row_style = if inactive { theme.dim() } else { Style::new() };
    let attempt = if worker.attempt == 0 { String::new() } else { worker.attempt.to_string() };
    let attempt_style = if worker.attempt > 1 { theme.text(Role::Retry) } else { row_style };
    let url = worker.url.as_deref().map(|u| common.name(u, usize::MAX)).unwrap_or_default();
    vec![
        (worker.id.to_string(), row_style),
        (words, style),
        (units::duration(worker.for_ms as f64), row_style),
        (attempt, attempt_style),
        (url, row_style),
        (units::count(worker.pages), theme.dim()),
    ]
}
