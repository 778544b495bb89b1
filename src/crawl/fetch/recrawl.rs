//! Looking at a crawl again: what the server said before is asked to be confirmed, and what comes
//! is compared.

use std::sync::Arc;

use url::Url;

use crate::crawl::frontier::FoundUrl;
use crate::crawl::hosts::{FetchPurpose, UrlTask};
use crate::crawl::pipeline::context::{CrawlContext, Stopping};
use crate::model::ids::{CrawlId, page_id};
use crate::model::page_state::PageState;
use crate::store::{PageChange, PreviousPage};
use crate::web::http::{RedirectChain, RequestOptions};

/// Pages of the earlier crawl read at a time.
const AT_ONCE: u32 = 2_000;

/// What the crawl looked at again knew of a URL: nothing in a first crawl, or when it did not know
/// it.
pub async fn previous(
    shared: &CrawlContext,
    entry: &UrlTask,
    chain: &RedirectChain,
) -> Result<Option<PreviousPage>, Stopping> {
    let Some(crawl) = shared.settings.recrawl_of.filter(|_| entry.purpose == FetchPurpose::Page)
    else {
        return Ok(None);
    };
    let read = || shared.store.previous_page(crawl, entry.hash);
    let previous = shared.read("the earlier crawl", read).await?;
    Ok(previous.map(|mut previous| {
        // Validators belong to the URL that gave them.
        let theirs = previous.final_url.as_deref().unwrap_or(&entry.url);
        if previous.state != PageState::Ok || theirs != chain.url().as_str() {
            previous.content.etag = None;
            previous.content.last_modified = None;
        }
        previous
    }))
}

/// Asks for what the crawl looked at again knew and nobody links to any more, as far as it is in
/// the scope and the limits reach. To be called when all else is done.
pub fn ask_for_the_rest(shared: &Arc<CrawlContext>, crawl: CrawlId) {
    let shared = Arc::clone(shared);
    let crew = shared.crew.clone();
    shared.frontier.begin_background();
    crew.spawn(async move {
        if read_the_rest(&shared, crawl).await == Err(Stopping) {
            tracing::info!("stopped before all pages of the earlier crawl were looked for");
        }
        shared.frontier.end_background();
    });
}

async fn read_the_rest(shared: &CrawlContext, crawl: CrawlId) -> Result<(), Stopping> {
    let mut after = page_id(crawl, 0);
    loop {
        let read = || shared.store.ok_pages(crawl, after, AT_ONCE);
        let rows = shared.read("the earlier crawl", read).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        let scope = shared.scope();
        let depth = shared.settings.depth;
        let rest: Vec<FoundUrl> = rows
            .into_iter()
            .filter(|row| depth.is_none_or(|most| row.depth <= most))
            .filter(|row| Url::parse(&row.url).is_ok_and(|url| scope.refuses(&url).is_none()))
            .map(|row| FoundUrl {
                url: row.url,
                hash: row.url_hash,
                depth: row.depth,
                on: None,
                lastmod_ms: row.lastmod_ms,
            })
            .collect();
        if !shared.frontier.discover_in_earlier_crawl(rest) {
            return Ok(());
        }
        tokio::select! {
            () = shared.frontier.flushed() => {}
            () = shared.queue.closed() => return Err(Stopping),
        }
    }
}

/// The request that asks whether a page is as it was.
pub fn ask(previous: Option<&PreviousPage>) -> RequestOptions<'_> {
    let content = previous.map(|previous| &previous.content);
    RequestOptions {
        etag: content.and_then(|content| content.etag.as_deref()),
        last_modified: content.and_then(|content| content.last_modified.as_deref()),
        ..RequestOptions::default()
    }
}

/// How a page compares with what was known: `None` where nothing can be said, because it is not
/// well now and was not before.
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
        // Not well before and not now, not asked, or no answer that says it is gone: there is
        // nothing to compare.
        (None, _) | (Some(_), PageState::Failed | PageState::Skipped) => None,
    }
}
