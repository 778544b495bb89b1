//! The row of a page in its final state.

use crate::crawl::fetch::outcome::PageOutcome;
use crate::crawl::hosts::{UrlTask, host_of};
use crate::store::{Content, PageChange, PageRow};

/// What a row holds besides the task and the outcome.
pub struct PageParts {
    /// Last attempt, start to end of body, in ms.
    pub elapsed_ms: u64,
    /// Where redirects led, if anywhere else.
    pub final_url: Option<String>,
    /// The redirects, as JSON.
    pub redirects_json: Option<String>,
    /// Links found on it.
    pub links_found: u32,
    /// When it ended, UTC.
    pub created_at: jiff::Timestamp,
    /// How it compares with the earlier crawl.
    pub change: Option<PageChange>,
}

/// The row of a page.
pub fn page_row(task: UrlTask, outcome: PageOutcome, parts: PageParts) -> PageRow {
    let requests = task.requests();
    PageRow {
        id: task.id,
        host: host_of(&task.url).into(),
        url: task.url,
        url_hash: task.hash,
        state: outcome.state,
        status: outcome.status,
        content_length: outcome.length,
        content_type: outcome.content_type,
        title: outcome.title,
        depth: task.depth,
        elapsed_ms: parts.elapsed_ms,
        attempts: requests.attempts,
        resent: requests.resent,
        final_url: parts.final_url,
        redirects: parts.redirects_json,
        error: outcome.error,
        found_on: task.found_on,
        links_found: parts.links_found,
        created_at_ms: parts.created_at.as_millisecond(),
        content: (outcome.content != Content::default()).then(|| Box::new(outcome.content)),
        lastmod_ms: task.lastmod_ms,
        change: parts.change,
    }
}
