//! Recrawls: pages are requested conditionally, by the validators of the earlier crawl, and
//! compared with it.

use std::sync::Arc;

use url::Url;

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::frontier::FoundUrl;
use crate::crawl::hosts::{FetchPurpose, UrlTask};
use crate::crawl::pipeline::signals::Stopping;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::model::ids::{CrawlId, page_id};
use crate::model::page_state::PageState;
use crate::settings::faults::PanicPoint;
use crate::store::{PageChange, PreviousPage};
use crate::web::http::{RedirectChain, RequestOptions};

/// Pages of the earlier crawl read at a time.
const AT_ONCE: u32 = 2_000;

/// What the earlier crawl knew of a URL: nothing in a first crawl, or when it did not know it.
pub async fn previous(
    context: &CrawlContext,
    slot: &WorkerSlot,
    task: &UrlTask,
    chain: &RedirectChain,
) -> Result<Option<PreviousPage>, Stopping> {
    let Some(crawl) = context.settings.recrawl_of.filter(|_| task.purpose == FetchPurpose::Page)
    else {
        return Ok(None);
    };
    let CrawlContext { storage, flow, signals, .. } = context;
    slot.enter(WorkerState::Database);
    let read = || storage.store.previous_page(crawl, task.hash);
    let previous = storage.read(flow, signals, "the earlier crawl", read).await?;
    Ok(previous.map(|mut previous| {
        // Validators belong to the URL that gave them. Links that are not stored can be found only
        // in the body.
        let theirs = previous.final_url.as_deref().unwrap_or(&task.url);
        let needs_body = context.settings.follow && previous.links_missing;
        if previous.state != PageState::Ok || theirs != chain.url().as_str() || needs_body {
            previous.content.etag = None;
            previous.content.last_modified = None;
        }
        previous
    }))
}

/// Requests what the earlier crawl knew and no page links to any more, within scope and limits. To
/// be called when all other URLs are done.
pub fn request_unlinked(context: &Arc<CrawlContext>, crawl: CrawlId) {
    let context = Arc::clone(context);
    let tasks = context.tasks.clone();
    context.frontier.begin_background();
    tasks.spawn("the task that reads the earlier crawl", async move {
        context.signals.panic_points.pass(PanicPoint::Unlinked);
        if read_unlinked(&context, crawl).await == Err(Stopping) {
            tracing::info!("stopped before all pages of the earlier crawl were requested");
        }
        context.frontier.end_background();
    });
}

async fn read_unlinked(context: &CrawlContext, crawl: CrawlId) -> Result<(), Stopping> {
    let CrawlContext { storage, flow, signals, .. } = context;
    let mut after = page_id(crawl, 0);
    loop {
        let read = || storage.store.ok_pages(crawl, after, AT_ONCE);
        let rows = storage.read(flow, signals, "the earlier crawl", read).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        let scope = context.fetch.scope();
        let depth = context.settings.depth;
        let unlinked: Vec<FoundUrl> = rows
            .into_iter()
            .filter(|row| depth.is_none_or(|max| row.depth <= max))
            .filter(|row| Url::parse(&row.url).is_ok_and(|url| scope.refuses(&url).is_none()))
            .map(|row| FoundUrl {
                url: row.url,
                hash: row.url_hash,
                depth: row.depth,
                on: None,
                lastmod_ms: row.lastmod_ms,
            })
            .collect();
        if !context.frontier.discover_in_earlier_crawl(unlinked) {
            return Ok(());
        }
        tokio::select! {
            () = context.frontier.flushed() => {}
            () = context.flow.queue.closed() => return Err(Stopping),
        }
    }
}

/// The conditional request for a page of an earlier crawl.
pub fn request_options(previous: Option<&PreviousPage>) -> RequestOptions<'_> {
    let content = previous.map(|previous| &previous.content);
    RequestOptions {
        etag: content.and_then(|content| content.etag.as_deref()),
        last_modified: content.and_then(|content| content.last_modified.as_deref()),
        ..RequestOptions::default()
    }
}

/// How a page compares with the earlier crawl: `None` where there is nothing to compare, because it
/// did not succeed now or before.
pub fn compare(
    previous: Option<&PreviousPage>,
    state: PageState,
    unmodified: bool,
    status: Option<u16>,
    body_hash: Option<[u8; 16]>,
) -> Option<PageChange> {
    let before = previous.filter(|previous| previous.state == PageState::Ok);
    match (before, state) {
        (None, PageState::Ok) => Some(PageChange::New),
        (Some(_), PageState::Ok) if unmodified => Some(PageChange::Same),
        (Some(before), PageState::Ok) => {
            let same = body_hash.is_some() && body_hash == before.content.body_hash;
            Some(if same { PageChange::Same } else { PageChange::Changed })
        }
        (Some(_), PageState::Failed) if matches!(status, Some(404 | 410)) => Some(PageChange::Gone),
        // Failed before and now, not requested, or a response that does not say that it is gone:
        // there is nothing to compare.
        (None, _) | (Some(_), PageState::Failed | PageState::Skipped) => None,
    }
}
