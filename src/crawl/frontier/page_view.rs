//! What viewers see of a page in its final state.

use std::sync::Arc;

use crate::crawl::frontier::link::FoundLink;
use crate::crawl::protocol::snapshot::{PAGE_LINKS, PageView, RedirectHop};
use crate::store::PageRow;

/// What viewers see of a row; `at_s` is the end in seconds of the run.
#[must_use]
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
        found_on_id: row.found_on,
        links_found: row.links_found,
        links: links.iter().take(PAGE_LINKS).map(|link| Arc::clone(&link.url)).collect(),
    }
}
