//! The final state of a page.

use serde::{Deserialize, Serialize};

/// How a page ended, as stored in `scraped_pages.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    /// Answered 2xx.
    Ok,
    /// Answered otherwise, or not at all after the last attempt.
    Failed,
    /// Known but not fetched, for the reason in `error`.
    Skipped,
}

impl PageState {
    /// The word stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The state stored as that word.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Failed, Self::Skipped].into_iter().find(|state| state.name() == name)
    }
}
