//! What a key can mean. Keys are bound to these in [`super::keys`]; [`super::app`] does them.

use crate::crawl::command::Dial;

/// A view of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// The pipeline, charts and troubles.
    #[default]
    Deck,
    /// Each worker.
    Workers,
    /// Pages finished last.
    Pages,
    /// What the program says about itself.
    Log,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Deck, Self::Workers, Self::Pages, Self::Log];

    /// Its title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deck => "Deck",
            Self::Workers => "Workers",
            Self::Pages => "Pages",
            Self::Log => "Log",
        }
    }
}

/// What a key press asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Turn a dial by so many steps.
    Turn(Dial, i32),
    /// Pause, or go on.
    Pause,
    /// Turn the last change back.
    Undo,
    /// Type a value.
    Ask,
    /// Stop; again: at once; when the crawl is over: leave.
    Stop,
    /// Show a tab.
    Show(Tab),
    /// Show the next tab.
    NextTab,
    /// Show the tab before.
    PreviousTab,
    /// Hold the picture still, or let it move again.
    Freeze,
    /// Show or hide the help.
    Help,
    /// Take the mouse (its wheel then scrolls), or leave it to the terminal.
    Mouse,
    /// Draw everything anew.
    Redraw,
    /// Suspend the program.
    Suspend,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Text to the left.
    Left,
    /// Text to the right.
    Right,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Show all about the selected page.
    Open,
    /// Close what is open.
    Close,
    /// Type a filter.
    Filter,
    /// Sort by the next column.
    Sort,
    /// Sort the other way round.
    Reverse,
    /// Copy the selected URL.
    Copy,
    /// More of the log.
    LogMore,
    /// Less of the log.
    LogLess,
}
