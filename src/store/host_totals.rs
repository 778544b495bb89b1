//! What a batch adds to the table `hosts`: sums over the pages of each host.
//!
//! It knows no database.

use std::borrow::Cow;

use hashbrown::HashMap;

use super::text::clean;
use super::{PageRow, UrlHash};

/// What a batch adds to a row of `hosts`.
#[derive(Debug, Default)]
pub(super) struct HostTotals {
    pub(super) pages: i64,
    pub(super) ok: i64,
    pub(super) failed: i64,
    pub(super) skipped: i64,
    pub(super) bytes: i64,
    /// Of its first page: ms since 1970, UTC. `None` when pages are only taken out.
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

    /// Takes a page row out that is about to be replaced or deleted. The times stay: they tell when
    /// the host was asked.
    pub(super) fn take_out(&mut self, state: &str, bytes: i64) {
        self.count(state, bytes, -1);
    }
}

/// The sums by host. Of several rows for one URL the last wins, as in the table.
pub(super) fn of_pages(pages: &[PageRow]) -> HashMap<Cow<'_, str>, HostTotals> {
    let last: HashMap<UrlHash, &PageRow> = pages.iter().map(|page| (page.url_hash, page)).collect();
    let mut sums: HashMap<Cow<'_, str>, HostTotals> = HashMap::new();
    for page in last.values() {
        let sum = sums.entry(clean(&page.host)).or_default();
        sum.count(page.state.name(), page.content_length as i64, 1);
        let at = page.created_at_ms;
        sum.first_ms = Some(sum.first_ms.map_or(at, |first| first.min(at)));
        sum.last_ms = Some(sum.last_ms.map_or(at, |last| last.max(at)));
    }
    sums
}
