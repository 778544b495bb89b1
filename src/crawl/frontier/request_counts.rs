//! Retries and resent requests in the totals: what the rows say of all URLs, added up.
//!
//! An open URL is tried once more than it has been, so each of its attempts counts as one retry. For a
//! URL in a final state the retries are the attempts after the first. Rows and totals go into the same
//! batch, so a request whose result was lost is in neither.

use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::RequestCounts;

impl FrontierState {
    /// A URL waits for another attempt; `before` is what its row said.
    pub(super) const fn count_postponed(&mut self, before: RequestCounts, now: RequestCounts) {
        self.count_requests(before.attempts, now.attempts);
        self.count_resent(before, now);
    }

    /// A URL is in its final state; `before` is what its row said while it was open.
    pub(super) const fn count_ended(&mut self, before: RequestCounts, now: RequestCounts) {
        self.count_requests(before.attempts, now.attempts.saturating_sub(1));
        self.count_resent(before, now);
    }

    /// A URL in a final state is open again: its next attempt is a retry, if it was requested.
    pub(super) const fn count_restored(&mut self, row: RequestCounts) {
        self.count_requests(row.attempts.saturating_sub(1), row.attempts);
    }

    const fn count_requests(&mut self, before: u32, now: u32) {
        let retries = &mut self.totals.retries;
        *retries = (*retries + now as u64).saturating_sub(before as u64);
    }

    const fn count_resent(&mut self, before: RequestCounts, now: RequestCounts) {
        self.totals.resent += now.resent.saturating_sub(before.resent) as u64;
    }
}
