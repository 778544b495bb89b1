//! The log inside the dashboard: tui-logger's buffer, without its thread.
//!
//! The buffer is one for the whole process; lines in it come from `tracing` through
//! [`log_layer`]. tui-logger's own `init_logger` would start a thread that wakes a hundred times
//! a second; the dashboard calls [`gather`] before a draw instead.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;
use tui_logger::{LevelFilter, TuiWidgetEvent, TuiWidgetState};

use super::log_search::LogSearch;

static LISTENING: AtomicBool = AtomicBool::new(false);

/// The layer that feeds the Log tab. Give it a filter of its own: what it lets pass is kept,
/// the last ten thousand lines of it.
pub fn log_layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    LISTENING.store(true, Ordering::Relaxed);
    tui_logger::set_default_level(LevelFilter::Trace);
    tui_logger::TuiTracingSubscriberLayer
}

/// Whether anything feeds the Log tab.
#[must_use]
pub fn is_listening() -> bool {
    LISTENING.load(Ordering::Relaxed)
}

/// Moves lines logged since the last call to where the widget reads them.
pub fn gather() {
    if is_listening() {
        tui_logger::move_events();
    }
}

/// Levels shown, from fewest lines to most.
const LEVELS: [LevelFilter; 5] = [
    LevelFilter::Error,
    LevelFilter::Warn,
    LevelFilter::Info,
    LevelFilter::Debug,
    LevelFilter::Trace,
];

/// What the Log tab remembers.
pub struct LogView {
    level: usize,
    /// The widget's own state: where it is scrolled to.
    pub state: TuiWidgetState,
    /// The search that is on.
    pub search: Option<LogSearch>,
    /// The state of a widget that always shows the newest lines.
    pub newest: TuiWidgetState,
}

impl Default for LogView {
    fn default() -> Self {
        let level = 2;
        let at = |level: usize| TuiWidgetState::new().set_default_display_level(LEVELS[level]);
        Self { level, state: at(level), search: None, newest: at(level) }
    }
}

impl fmt::Debug for LogView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogView").field("level", &self.level_name()).finish_non_exhaustive()
    }
}

impl LogView {
    /// The level shown, in words.
    #[must_use]
    pub fn level_name(&self) -> String {
        LEVELS[self.level].to_string().to_lowercase()
    }

    /// Shows more of the log, or less.
    pub fn turn(&mut self, more: bool) {
        self.level = if more {
            (self.level + 1).min(LEVELS.len() - 1)
        } else {
            self.level.saturating_sub(1)
        };
        self.state = TuiWidgetState::new().set_default_display_level(LEVELS[self.level]);
        let badness = self.badness();
        if let Some(search) = &mut self.search {
            search.set_badness(badness);
        }
    }

    /// The mildest level shown, 1 for errors alone.
    const fn badness(&self) -> usize {
        self.level + 1
    }

    /// Searches for a text, or for another one.
    pub fn search_for(&mut self, text: &str) {
        let badness = self.badness();
        match &mut self.search {
            Some(search) => search.set_text(text),
            None => self.search = Some(LogSearch::new(text, badness)),
        }
    }

    /// Rows of one screen.
    #[must_use]
    pub fn screen(&self) -> isize {
        // The widget scrolls by its own measure.
        self.search
            .as_ref()
            .map_or(2, |search| search.rows.saturating_sub(1).max(1).cast_signed().into())
    }

    /// Scrolls; downwards past the end follows the newest line again.
    pub fn scroll(&mut self, rows: isize) {
        if let Some(search) = &mut self.search {
            search.scroll(rows);
            return;
        }
        match rows {
            isize::MAX => self.follow(),
            rows if rows < 0 => self.state.transition(TuiWidgetEvent::PrevPageKey),
            _ => self.state.transition(TuiWidgetEvent::NextPageKey),
        }
    }

    /// Follows the newest line.
    pub fn follow(&mut self) {
        self.state.transition(TuiWidgetEvent::EscapeKey);
    }
}
