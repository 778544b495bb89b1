//! What a batch adds to the table `hosts`: totals over the pages of each host.
//!
//! It knows no database.

use std::borrow::Cow;

use hashbrown::HashMap;

use super::rows::PageRow;
use super::text::clean;
use crate::model::url_identity::UrlHash;

/// What a batch adds to a row of `hosts`.
#[derive(Debug, Default)]
pub(super) struct HostTotals {
    pub(super) pages: i64,
    pub(super) ok: i64,
    pub(super) failed: i64,
    pub(super) skipped: i64,
    pub(super) bytes: i64,
    /// Of its first page: ms since 1970, UTC. `None` when pages are only subtracted.
    pub(super) first_ms: Option<i64>,
    /// Of its last page, likewise.
    pub(super) last_ms: Option<i64>,
}

impl HostTotals {
    fn count(&mut self, state: &str, bytes: i64, sign: i64) {
        self.pages += sign;
        self.bytes += bytes * sign;
        let counter = match state {
            "ok" => &mut self.ok,
            "failed" => &mut self.failed,
            _ => &mut self.skipped,
        };
        *counter += sign;
    }

    /// Subtracts a page row that is about to be replaced or deleted. The times stay: requests were
    /// made then.
    pub(super) fn subtract(&mut self, state: &str, bytes: i64) {
        self.count(state, bytes, -1);
    }
}

/// The totals by host. Of several rows for one URL the last wins, as in the table.
pub(super) fn of_pages(pages: &[PageRow]) -> HashMap<Cow<'_, str>, HostTotals> {
    let last: HashMap<UrlHash, &PageRow> = pages.iter().map(|page| (page.url_hash, page)).collect();
    let mut totals: HashMap<Cow<'_, str>, HostTotals> = HashMap::new();
    for page in last.values() {
        let total = totals.entry(clean(&page.host)).or_default();
        total.count(page.state.name(), page.content_length as i64, 1);
        let at = page.created_at_ms;
        total.first_ms = Some(total.first_ms.map_or(at, |first| first.min(at)));
        total.last_ms = Some(total.last_ms.map_or(at, |last| last.max(at)));
    }
    totals
}
