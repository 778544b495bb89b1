//! What is excluded, traps, and what of both is met later than it was found: in memory, on disk, on
//! its way; and the way back.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::frontier::exclusions::excluded_reason;
use crate::crawl::frontier::intake::BEYOND_PAGES;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::host_of;
use crate::crawl::hosts::url_task::{Delayed, FetchPurpose, UrlTask};
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::store::FrontierRow;

impl FrontierState {
    /// The pattern that excludes a page: by its own URL or by where it was redirected.
    pub(super) fn excludes(&self, entry: &UrlTask) -> Option<&Arc<str>> {
        if entry.errand != FetchPurpose::Page || self.pruned.is_empty() {
            return None;
        }
        let on_the_way = entry.chain.is_some().then(|| entry.target());
        let own = self.pruned.excludes(&entry.url);
        own.or_else(|| self.pruned.excludes(on_the_way?))
    }

    /// Whether a URL that was handed out may still be asked at `target`.
    #[must_use]
    pub fn may_start(&self, entry: &UrlTask, target: &str, now: Instant) -> bool {
        let pruned = |url: &str| !self.pruned.is_empty() && self.pruned.excludes(url).is_some();
        let excluded = entry.errand == FetchPurpose::Page && (pruned(&entry.url) || pruned(target));
        !excluded && self.window.may_start(target, now)
    }

    /// Why a URL that is handed out looks like a trap by now.
    pub(super) fn recalls(&mut self, entry: &UrlTask) -> Option<String> {
        if entry.errand != FetchPurpose::Page {
            return None;
        }
        if entry.depth == 0 || entry.attempts > 0 {
            return None;
        }
        self.traps.recall(&entry.url, &host_of(&entry.url)).map(|caught| caught.reason())
    }

    /// Why a redirect is not followed: it leads into a trap. Judged once, like any URL.
    pub fn judges(&mut self, entry: &UrlTask, target: &str, hash: &UrlHash) -> Option<String> {
        let once = entry.earlier == 0 && entry.attempts <= 1 && entry.excused == 0;
        if entry.depth == 0 || !once || self.known(hash).is_some() {
            return None;
        }
        self.traps.judge(target, &host_of(target)).map(|caught| caught.reason())
    }

    /// Skips a URL that was to be fetched, because the user says so; it may come back.
    pub(super) fn withdraw(&mut self, entry: &UrlTask, reason: String) {
        self.totals.admitted = self.totals.admitted.saturating_sub(1);
        self.end_unfetched(entry, PageState::Skipped, reason);
    }

    /// Excludes what matches `pattern` from all that waits in memory; returns how many URLs. Rows
    /// on disk are another matter: see [`Self::prune_rows`].
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn exclude(&mut self, pattern: &str) -> Result<u64, String> {
        self.pruned.add(pattern)?;
        let regex = regex::Regex::new(pattern).map_err(|error| error.to_string())?;
        let hit = |entry: &UrlTask| {
            regex.is_match(&entry.url) || entry.chain.is_some() && regex.is_match(entry.target())
        };
        let mut gone = self.window.prune(hit);
        let newest = self.newest();
        let mut kept = Vec::with_capacity(self.retries.len());
        for Reverse(Delayed(due, entry)) in std::mem::take(&mut self.retries) {
            if entry.errand == FetchPurpose::Page && hit(&entry) {
                self.window.retrying(entry.target(), false, newest);
                gone.push(entry);
            } else {
                kept.push(Reverse(Delayed(due, entry)));
            }
        }
        self.retries = kept.into();
        let reason = excluded_reason(pattern);
        for entry in &gone {
            self.withdraw(entry, reason.clone());
        }
        self.pruned.count(pattern, gone.len() as u64);
        Ok(gone.len() as u64)
    }

    /// Skips rows read from disk, all of which match `pattern`: those that are there only. Others
    /// are in memory or on their way, where they are met before they are asked. Returns how many;
    /// `None` when the pattern is no longer in force.
    pub fn prune_rows(&mut self, pattern: &str, rows: &[&FrontierRow]) -> Option<u64> {
        self.pruned.counted(pattern)?;
        let reason = excluded_reason(pattern);
        let gone = rows.iter().filter(|row| self.prune_row(row, &reason)).count() as u64;
        self.pruned.count(pattern, gone);
        Some(gone)
    }

    fn prune_row(&mut self, row: &FrontierRow, reason: &str) -> bool {
        let host = &*host_of(&row.url);
        if !self.window.is_on_disk(host, row.id) {
            return false;
        }
        self.window.pruned_on_disk(host);
        let entry = UrlTask {
            id: row.id,
            depth: row.depth,
            earlier: row.attempts,
            found_on: row.found_on,
            lastmod_ms: row.lastmod_ms,
            ..UrlTask::aside(Arc::clone(&row.url), row.url_hash, FetchPurpose::Page)
        };
        self.withdraw(&entry, reason.to_owned());
        true
    }

    /// Opens a URL again that was skipped, unless the page limit is reached by now.
    pub fn revive(&mut self, row: FrontierRow) {
        self.totals.pages = self.totals.pages.saturating_sub(1);
        self.totals.skipped = self.totals.skipped.saturating_sub(1);
        self.open += 1;
        let newest = self.newest();
        let entry = UrlTask {
            id: row.id,
            depth: row.depth,
            earlier: row.attempts,
            found_on: row.found_on,
            lastmod_ms: row.lastmod_ms,
            ..UrlTask::aside(Arc::clone(&row.url), row.url_hash, FetchPurpose::Page)
        };
        self.outbox.revived(row);
        if self.is_full() {
            return self.end_unfetched(&entry, PageState::Skipped, BEYOND_PAGES.to_owned());
        }
        self.totals.admitted += 1;
        self.window.bring_back(Box::new(entry), newest);
    }
}
