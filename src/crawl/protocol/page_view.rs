//! What can be seen of single pages.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::page_state::PageState;
use crate::model::redirect_hop::RedirectHop;

/// Maximum links of a page kept for its detail view.
pub const PAGE_LINKS: usize = 50;

/// A finished page, as viewers see it. Text from the web in it is raw: a viewer that shows it must
/// replace control and bidi characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageView {
    /// Its id in the database.
    pub id: i64,
    /// When it ended, in seconds since the start of this run; negative for a page that a viewer has read from
    /// the database, of whichever run.
    pub at_s: f64,
    /// When it ended, UTC.
    pub created_at: jiff::Timestamp,
    /// URL as found.
    pub url: Arc<str>,
    /// How it ended.
    pub state: PageState,
    /// Final status.
    pub status: Option<u16>,
    /// Body bytes after decoding.
    pub content_length: u64,
    /// Media type as sent.
    pub content_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Links from a seed.
    pub depth: u32,
    /// Last attempt, start to end of body, in ms.
    pub elapsed_ms: u64,
    /// Requests made for it.
    pub attempts: u32,
    /// Where redirects led, if anywhere else.
    pub final_url: Option<String>,
    /// Redirects on the way, in order.
    pub redirects: Vec<RedirectHop>,
    /// What went wrong, or why it was skipped.
    pub error: Option<String>,
    /// Why it was not parsed for title and links, if it was not.
    pub not_parsed: Option<String>,
    /// The page on which its URL was first found; `None` for a seed, and when that page is of an earlier run.
    pub found_on: Option<Arc<str>>,
    /// The id of that page in the database, of whichever run; `None` for a seed.
    #[serde(default)]
    pub found_on_id: Option<i64>,
    /// Links found on it (in scope, distinct).
    pub links_found: u32,
    /// The first [`PAGE_LINKS`] of them.
    pub links: Vec<Arc<str>>,
}

/// A retry or a failure, for the list of failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecentFailure {
    /// When, in seconds since the start of this run.
    pub at_s: f64,
    /// URL.
    pub url: Arc<str>,
    /// `503`, `timeout`, `connection refused` …
    pub what: String,
    /// The attempt that failed, from 1.
    pub attempt: u32,
    /// Attempts there may be.
    pub attempts: u32,
    /// When the next attempt is due, in seconds since the start of this run; `None` when this
    /// was the last.
    pub next_at_s: Option<f64>,
    /// The page on which the URL was found; `None` for a seed, and when that page is of an earlier run.
    pub found_on: Option<Arc<str>>,
    /// The id of that page in the database, of whichever run; `None` for a seed.
    #[serde(default)]
    pub found_on_id: Option<i64>,
}
