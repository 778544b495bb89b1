//! Hosts whose URLs end without being fetched, and the reasons that stand in the rows.

use std::sync::Arc;

use crate::model::page_state::PageState;

/// Why everything of a host that waits ends without being fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveUp {
    /// `failed` for a host that is down, `skipped` for one that must not be requested.
    pub state: PageState,
    /// The reason, as it will stand in the rows.
    pub reason: Arc<str>,
    /// The user's own choice, which can be undone.
    pub by_user: bool,
}

impl GiveUp {
    /// The user skips the remaining URLs of a host.
    #[must_use]
    pub fn by_user(host: &str) -> Self {
        let reason = skipped_host_reason(host).into();
        Self { state: PageState::Skipped, reason, by_user: true }
    }

    /// The host is down.
    #[must_use]
    pub fn failed(reason: impl Into<Arc<str>>) -> Self {
        Self { state: PageState::Failed, reason: reason.into(), by_user: false }
    }

    /// The host may not be requested.
    #[must_use]
    pub fn skipped(reason: impl Into<Arc<str>>) -> Self {
        Self { state: PageState::Skipped, reason: reason.into(), by_user: false }
    }
}

/// The reason of a URL whose host the user skips.
#[must_use]
pub fn skipped_host_reason(host: &str) -> String {
    format!("rest of {host} skipped")
}

/// The host of [`skipped_host_reason`].
#[must_use]
pub fn skipped_host_of(reason: &str) -> Option<&str> {
    reason.strip_prefix("rest of ")?.strip_suffix(" skipped")
}
