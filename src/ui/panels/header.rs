//! The two lines on top: what is crawled and how it goes; tabs and the process itself.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::snapshot::{PauseReason, RunState, Snapshot};
use crate::ui::action::Tab;
use crate::ui::app::App;
use crate::ui::paint::{Canvas, Part};
use crate::ui::text;

/// A stall of the event loop from which on it is a warning, in ms.
const STALL_MS: f64 = 50.0;

/// Lays out the header:
///
/// ```text
///  crawldeck  lab · http://127.0.0.1:8700/                 ● RUNNING  02:41   sqlite · crawl 7
///   1 Deck   2 Workers   3 Pages   4 Log                   CPU  38%   41 MiB   loop stall 3 ms
/// ```
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, app: &App, live: &Snapshot) {
    let theme = canvas.theme;
    let strip = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    // The target gets its width before the database does, but no more than two fifths.
    let target = text::clean(&live.target).into_owned();
    let kept = (text::width(&target) as u16 + 2).min(strip.width * 2 / 5);
    let right = Rect { x: strip.x + kept, width: strip.width - kept, ..strip };
    let free = kept + canvas.fit_right(right, 0, 3, state_parts(canvas, app, live));
    let left = Rect { width: free.saturating_sub(2), ..strip };
    let named = usize::from(left.width) >= text::width(&target) + 11;
    let column = if named { canvas.text(left, 0, 0, "crawldeck", theme.strong()) + 2 } else { 0 };
    canvas.text(left, column, 0, &target, theme.dim());
    if area.height < 2 {
        return;
    }
    let mut column = 0;
    for (i, tab) in Tab::ALL.into_iter().enumerate() {
        let style = if tab == app.tab { theme.selected() } else { theme.dim() };
        let tab = format!(" {} {} ", i + 1, tab.name());
        column = canvas.text(strip, column, 1, &tab, style) + 1;
    }
    let shown = app.shown(live);
    let rest = Rect { x: strip.x + column, width: strip.width.saturating_sub(column), ..strip };
    let stall = shown.loop_delay.worst_10s_ms;
    let style = if stall >= STALL_MS { theme.warn() } else { theme.dim() };
    let parts = vec![
        Part::new(0, format!("CPU {:>3.0}%", shown.process.cpu_percent), theme.dim()),
        Part::new(1, format!("{:>8}", text::bytes(shown.process.rss_bytes)), theme.dim()),
        Part::new(2, format!("loop stall {:>6}", text::span(stall)), style),
    ];
    canvas.fit_right(rest, 1, 3, parts);
}

/// Run state, time, database: what the first line says on its right.
#[must_use]
pub fn state_parts<'a>(canvas: &Canvas<'_>, app: &App, live: &Snapshot) -> Vec<Part<'a>> {
    let theme = canvas.theme;
    let (glyph, word, style) = theme.run_state(live.run);
    let mut state = vec![Span::styled(format!("{glyph} {word}"), style)];
    if live.run == RunState::Paused {
        let reasons: Vec<_> = live.pause_reasons.iter().map(|r| reason(*r)).collect();
        if !reasons.is_empty() {
            state.push(Span::styled(format!(" {}", reasons.join(", ")), theme.warn()));
        }
    }
    let mut parts = Vec::new();
    if let Some(frozen) = &app.frozen {
        let text = format!(" FROZEN at {} ", text::clock(frozen.at_s));
        parts.push(Part::new(0, text, theme.warn().patch(theme.selected())));
    }
    parts.push(Part::of(0, state));
    parts.push(Part::new(1, text::clock(live.at_s), theme.strong()));
    let db = text::cut(&text::clean(&live.db), 24).into_owned();
    parts.push(Part::new(3, db, theme.dim()));
    parts.push(Part::new(2, format!("crawl {}", live.crawl_id), theme.dim()));
    parts
}

const fn reason(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::User => "by you",
        PauseReason::Disk => "disk nearly full",
        PauseReason::Memory => "memory nearly used up",
        PauseReason::Files => "too many open files",
    }
}
