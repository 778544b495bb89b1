//! The final state of a page.

use serde::{Deserialize, Serialize};

/// The final state of a page, as stored in `scraped_pages.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    /// The response had a status of 2xx.
    Ok,
    /// The response had another status, or there was none after the last attempt.
    Failed,
    /// Known but not fetched, for the reason in `error`.
    Skipped,
}

impl PageState {
    /// The stored word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The state that is stored as `name`; `None` for another word.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Failed, Self::Skipped].into_iter().find(|state| state.name() == name)
    }
}
