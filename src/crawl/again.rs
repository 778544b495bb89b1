//! Looking at a crawl again: what the server said before is asked to be confirmed, and what comes
//! is compared.

use super::entry::{Entry, Errand};
use super::shared::{Shared, Stopping};
use crate::store::{PageChange, PreviousPage, RowState};
use crate::web::fetch::{Ask, Chain};

/// What the crawl looked at again knew of a URL: nothing in a first crawl, or when it did not know
/// it.
pub async fn previous(
    shared: &Shared,
    entry: &Entry,
    chain: &Chain,
) -> Result<Option<PreviousPage>, Stopping> {
    let Some(crawl) = shared.settings.again.filter(|_| entry.errand == Errand::Page) else {
        return Ok(None);
    };
    let read = || shared.store.previous_page(crawl, entry.hash);
    let previous = shared.read("the earlier crawl", read).await?;
    Ok(previous.map(|mut previous| {
        // Validators belong to the URL that gave them.
        let theirs = previous.final_url.as_deref().unwrap_or(&entry.url);
        if previous.state != RowState::Ok || theirs != chain.url().as_str() {
            previous.content.etag = None;
            previous.content.last_modified = None;
        }
        previous
    }))
}

/// The request that asks whether a page is as it was.
pub fn ask(previous: Option<&PreviousPage>) -> Ask<'_> {
    let content = previous.map(|previous| &previous.content);
    Ask {
        etag: content.and_then(|content| content.etag.as_deref()),
        last_modified: content.and_then(|content| content.last_modified.as_deref()),
        ..Ask::default()
    }
}

/// How a page compares with what was known: `None` where nothing can be said, because it is not
/// well now and was not before.
pub fn compare(
    previous: Option<&PreviousPage>,
    state: RowState,
    unmodified: bool,
    body_hash: Option<[u8; 16]>,
) -> Option<PageChange> {
    let before = previous.filter(|previous| previous.state == RowState::Ok);
    match (before, state) {
        (None, RowState::Ok) => Some(PageChange::New),
        (Some(_), RowState::Ok) if unmodified => Some(PageChange::Same),
        (Some(before), RowState::Ok) => {
            let same = body_hash.is_some() && body_hash == before.content.body_hash;
            Some(if same { PageChange::Same } else { PageChange::Changed })
        }
        (Some(_), RowState::Failed) => Some(PageChange::Gone),
        // Not well before and not now, or not asked: there is nothing to compare.
        (None, _) | (Some(_), RowState::Skipped) => None,
    }
}
