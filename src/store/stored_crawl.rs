//! A crawl as its database has it: its state, and what a resumed crawl starts from.

use crate::model::ids::CrawlId;

/// State of a crawl, as stored in `crawls.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrawlState {
    /// Running, or its process died.
    Running,
    /// Stopped before the end; resumable.
    Stopped,
    /// Complete.
    Complete,
    /// Could not run.
    Failed,
    /// Being removed, or half removed: it cannot be opened any more.
    Removing,
}

impl CrawlState {
    /// The word stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Removing => "removing",
        }
    }
}

/// What a resumed crawl starts from, besides its URLs.
#[derive(Debug, Clone)]
pub struct StoredCrawl {
    /// Its number.
    pub id: CrawlId,
    /// Settings in force when it was last saved, as JSON.
    pub settings: String,
    /// Counters when it was last saved, as JSON; `None` before the first batch.
    pub totals: Option<String>,
    /// Journal entries as JSON, oldest first.
    pub changes: Vec<String>,
    /// The next URL number to give out: one above the highest in use.
    pub next_seq: u32,
    /// Rows in `frontier`.
    pub open: u64,
}
