//! The row of a page in its final state, and what viewers see of it.

use std::sync::Arc;

use crate::crawl::fetch::outcome::PageOutcome;
use crate::crawl::frontier::FoundLink;
use crate::crawl::hosts::{UrlTask, host_of};
use crate::crawl::protocol::snapshot::{PAGE_LINKS, PageView, RedirectHop};
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

/// What viewers see of a row; `at_s` is the end in seconds of the run.
pub fn page_view(
    row: &PageRow,
    (at_s, created_at): (f64, jiff::Timestamp),
    redirects: Vec<RedirectHop>,
    found_on: Option<Arc<str>>,
    links: &[FoundLink],
) -> PageView {
    PageView {
        id: row.id,
        at_s,
        created_at,
        url: Arc::clone(&row.url),
        state: row.state,
        status: row.status,
        content_length: row.content_length,
        content_type: row.content_type.clone(),
        title: row.title.clone(),
        depth: row.depth,
        elapsed_ms: row.elapsed_ms,
        attempts: row.attempts,
        final_url: row.final_url.clone(),
        redirects,
        error: row.error.clone(),
        not_parsed: row.content.as_ref().and_then(|content| content.not_parsed.clone()),
        found_on,
        links_found: row.links_found,
        links: links.iter().take(PAGE_LINKS).map(|link| Arc::clone(&link.url)).collect(),
    }
}
