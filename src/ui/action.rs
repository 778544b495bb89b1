//! What a key can mean. Keys are bound to these in `ui::keys`; `ui::app` does them.

use crate::settings::dials::Dial;

/// A view of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// The pipeline, charts and failures.
    #[default]
    Deck,
    /// Each worker.
    Workers,
    /// Each host.
    Hosts,
    /// Pages finished last.
    Pages,
    /// What each setting gave.
    Tuning,
    /// What the program says about itself.
    Log,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Deck, Self::Workers, Self::Hosts, Self::Pages, Self::Tuning, Self::Log];

    /// Its title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deck => "Deck",
            Self::Workers => "Workers",
            Self::Hosts => "Hosts",
            Self::Pages => "Pages",
            Self::Tuning => "Tuning",
            Self::Log => "Log",
        }
    }
}

/// What a key press asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Turn a dial by so many steps.
    Turn(Dial, i32),
    /// Turn permits by so many, and workers with them.
    TurnBoth(i32),
    /// Give the dials to the autopilot, or take them back.
    Autopilot,
    /// Pin the setting in force, compare it with another, drop it.
    Pin,
    /// Turn the selected host's own limit by so many requests.
    HostLimit(i32),
    /// Hold the selected host, or release it.
    HostHold,
    /// Skip the remaining URLs of the selected host.
    HostSkip,
    /// Close the breaker of the selected host.
    HostReset,
    /// Type what to exclude, beginning with the subtree of what is selected.
    Exclude,
    /// Type a seed to add.
    Seed,
    /// Show the faults, or hide them.
    Faults,
    /// Move the selection on the fault panel by so many faults.
    FaultSelect(isize),
    /// Make the selected fault worse by so many levels.
    FaultLevel(i32),
    /// Type the level of the selected fault.
    FaultType,
    /// Turn the selected fault off.
    FaultOff,
    /// Turn all faults off.
    ClearFaults,
    /// Show the menu of scenes, or hide it.
    Scenes,
    /// Start the scene selected in the menu.
    SceneStart,
    /// Start the scene on this row of the menu; the last row ends the one that is on.
    ScenePick(usize),
    /// Go on with the tour, once its step has happened.
    TourNext,
    /// Go back to the step before of the tour.
    TourBack,
    /// Skip the step of the tour.
    TourSkip,
    /// Pause, or resume.
    Pause,
    /// Turn the last change back.
    Undo,
    /// Apply the change that was turned back last once more.
    Redo,
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
    /// Show more of the past in charts, after all of it the least.
    Zoom,
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
    /// Show all about the selected page or host.
    Open,
    /// Close what is open.
    Close,
    /// Do what was typed into the prompt.
    Submit,
    /// Type a filter.
    Filter,
    /// Show all stored pages on the Pages tab, or the last of this run.
    Stored,
    /// Go to the next line that the search finds, an older one.
    NextMatch,
    /// Go back to a newer one.
    PreviousMatch,
    /// Choose the column to sort by, or leave that.
    Sort,
    /// Mark a column so many columns further on, while one is chosen.
    MarkColumn(isize),
    /// Sort by the marked column; by the one sorted by already, the other way round.
    SortByMarked,
    /// Sort the other way round.
    Reverse,
    /// Copy the selected URL; on the Tuning tab what was measured.
    Copy,
    /// Open the selected URL in the browser.
    OpenUrl,
    /// Write a picture of the screen into a file.
    Picture,
    /// Show the Deck in large type, or as always.
    LargeType,
    /// More of the log.
    LogMore,
    /// Less of the log.
    LogLess,
}

impl Action {
    /// The same ten times as far, for what turns.
    #[must_use]
    pub const fn far(self) -> Option<Self> {
        match self {
            Self::Turn(dial, steps) => Some(Self::Turn(dial, steps * 10)),
            Self::TurnBoth(steps) => Some(Self::TurnBoth(steps * 10)),
            Self::HostLimit(steps) => Some(Self::HostLimit(steps * 10)),
            _ => None,
        }
    }
}
