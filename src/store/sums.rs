//! What a batch adds to the table `hosts`: sums over the pages of each host.

use std::borrow::Cow;

use hashbrown::HashMap;

use super::text::clean;
use super::{PageRow, UrlHash};

/// What a batch adds to a row of `hosts`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HostSums {
    pub pages: i64,
    pub ok: i64,
    pub failed: i64,
    pub skipped: i64,
    pub bytes: i64,
    /// The first and the last of its pages: ms since 1970, UTC.
    pub first_ms: i64,
    /// Likewise.
    pub last_ms: i64,
}

impl HostSums {
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
}

/// Sums by host, as in the table.
#[derive(Debug, Default)]
pub(super) struct Sums<'a>(HashMap<Cow<'a, str>, HostSums>);

impl<'a> Sums<'a> {
    /// Adds up pages. Of several for one URL the last counts, as in the table.
    pub(super) fn of(pages: &'a [PageRow]) -> Self {
        let last: HashMap<UrlHash, &PageRow> =
            pages.iter().map(|page| (page.url_hash, page)).collect();
        let mut sums = Self::default();
        for page in last.into_values() {
            let at = page.created_at_ms;
            let sum = sums.0.entry(clean(&page.host)).or_insert_with(|| HostSums {
                first_ms: at,
                last_ms: at,
                ..HostSums::default()
            });
            sum.count(page.state.name(), page.content_length as i64, 1);
            sum.first_ms = sum.first_ms.min(at);
            sum.last_ms = sum.last_ms.max(at);
        }
        sums
    }

    /// Takes out a row that one of the pages is about to replace, so that nothing counts twice, not
    /// even a batch that is written again because nobody knows whether it was.
    pub(super) fn replaces(&mut self, host: &str, state: &str, bytes: i64) {
        // The same URL has the same host, so its sum is there.
        if let Some(sum) = self.0.get_mut(host) {
            sum.count(state, bytes, -1);
        }
    }

    /// The hosts, in order of name: of two transactions that write the same ones, none waits for
    /// the other in a circle.
    pub(super) fn into_rows(self) -> Vec<(Cow<'a, str>, HostSums)> {
        let mut rows: Vec<_> = self.0.into_iter().collect();
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        rows
    }
}
