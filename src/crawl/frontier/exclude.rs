//! Exclusions and traps, as they meet what was found before them: URLs in memory, on disk and on
//! their way; and the way back.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::frontier::exclusions::{Restoration, excluded_reason};
use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::intake::BEYOND_PAGES;
use crate::crawl::frontier::refill::task_of_row;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::{DelayedTask, FetchPurpose, MAX_IN_MEMORY, UrlTask, host_of};
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::store::FrontierRow;

impl Frontier {
    /// Whether a pattern may be excluded.
    ///
    /// # Errors
    /// When it is excluded already, excludes everything or is no regular expression.
    pub fn check_exclusion(&self, pattern: &str) -> Result<(), String> {
        self.lock().exclusions.check(pattern)
    }

    /// The first pattern that excludes `url`.
    #[must_use]
    pub fn excluding_pattern(&self, url: &str) -> Option<Arc<str>> {
        self.lock().exclusions.excludes(url).cloned()
    }

    /// How many URLs were skipped because of a pattern in this run; `None`: it is not in force.
    #[must_use]
    pub fn excluded_count(&self, pattern: &str) -> Option<u64> {
        self.lock().exclusions.counted(pattern)
    }

    /// Skips rows read from disk, all of which match `pattern`: those that are on disk only. Others
    /// are in memory or on their way, where they are met before they are requested. Returns how
    /// many; `None` when the pattern is no longer in force.
    pub fn exclude_rows(&self, pattern: &str, rows: &[&FrontierRow]) -> Option<u64> {
        let mut state = self.lock();
        state.exclusions.counted(pattern)?;
        let reason = excluded_reason(pattern);
        let skipped = rows.iter().filter(|row| state.exclude_row(row, &reason)).count() as u64;
        state.exclusions.count(pattern, skipped);
        Some(skipped)
    }

    /// The restorations under way.
    #[must_use]
    pub fn restorations(&self) -> Vec<Restoration> {
        self.lock().exclusions.restorations().to_vec()
    }

    /// Whether memory has room for URLs that are restored.
    #[must_use]
    pub fn has_room_to_restore(&self) -> bool {
        self.lock().hosts.len() <= MAX_IN_MEMORY / 2
    }

    /// Opens URLs again that were skipped; false when their restoration was cancelled.
    pub fn restore_rows(&self, ticket: u64, rows: Vec<FrontierRow>) -> bool {
        let mut state = self.lock();
        if !state.exclusions.is_restoring(ticket) {
            return false;
        }
        for row in rows {
            state.restore_row(row);
        }
        true
    }

    /// All rows of a restoration are restored.
    pub fn end_restoring(&self, ticket: u64) {
        self.lock().exclusions.end_restoring(ticket);
    }

    /// Why a redirect is not followed: it leads into a trap. Judged once, like any URL.
    #[must_use]
    pub fn redirect_trap(&self, task: &UrlTask, target: &str, hash: &UrlHash) -> Option<String> {
        let once = task.earlier_attempts == 0 && task.attempts <= 1 && task.uncounted_failures == 0;
        if task.depth == 0 || !once {
            return None;
        }
        let mut state = self.lock();
        if state.known(hash).is_some() {
            return None;
        }
        state.traps.judge(target, &host_of(target)).map(|hit| hit.reason())
    }
}

impl FrontierState {
    /// The pattern that excludes a page: by its own URL or by where it was redirected.
    pub(super) fn excluded_by(&self, task: &UrlTask) -> Option<&Arc<str>> {
        if task.purpose != FetchPurpose::Page || self.exclusions.is_empty() {
            return None;
        }
        let redirected = task.chain.is_some().then(|| task.target());
        let own = self.exclusions.excludes(&task.url);
        own.or_else(|| self.exclusions.excludes(redirected?))
    }

    /// Whether a URL that was handed out may still be requested at `target`.
    pub(super) fn may_start(&self, task: &UrlTask, target: &str, now: Instant) -> bool {
        let matches =
            |url: &str| !self.exclusions.is_empty() && self.exclusions.excludes(url).is_some();
        let excluded =
            task.purpose == FetchPurpose::Page && (matches(&task.url) || matches(target));
        !excluded && self.hosts.may_start(target, now)
    }

    /// Why a URL that is to be handed out looks like a trap by now.
    pub(super) fn is_trap_by_now(&mut self, task: &UrlTask) -> Option<String> {
        if task.purpose != FetchPurpose::Page || task.depth == 0 || task.attempts > 0 {
            return None;
        }
        self.traps.recall(&task.url, &host_of(&task.url)).map(|hit| hit.reason())
    }

    /// Skips a URL that was to be fetched, by a command of the user; it may be restored.
    pub(super) fn withdraw(&mut self, task: &UrlTask, reason: String) {
        self.totals.admitted = self.totals.admitted.saturating_sub(1);
        self.end_unfetched(task, PageState::Skipped, reason);
    }

    /// Excludes what matches `pattern` from all that waits in memory; returns how many URLs. Rows
    /// on disk are skipped by [`Frontier::exclude_rows`].
    pub(super) fn exclude(&mut self, pattern: &str) -> Result<u64, String> {
        self.exclusions.add(pattern)?;
        let regex = regex::Regex::new(pattern).map_err(|error| error.to_string())?;
        let matches = |task: &UrlTask| {
            regex.is_match(&task.url) || task.chain.is_some() && regex.is_match(task.target())
        };
        let mut excluded = self.hosts.remove_matching(matches);
        let newest = self.newest();
        let mut kept = Vec::with_capacity(self.retries.len());
        for Reverse(DelayedTask(due, task)) in std::mem::take(&mut self.retries) {
            if task.purpose == FetchPurpose::Page && matches(&task) {
                self.hosts.retrying(task.target(), false, newest);
                excluded.push(task);
            } else {
                kept.push(Reverse(DelayedTask(due, task)));
            }
        }
        self.retries = kept.into();
        let reason = excluded_reason(pattern);
        for task in &excluded {
            self.withdraw(task, reason.clone());
        }
        self.exclusions.count(pattern, excluded.len() as u64);
        Ok(excluded.len() as u64)
    }

    fn exclude_row(&mut self, row: &FrontierRow, reason: &str) -> bool {
        let host = &*host_of(&row.url);
        if !self.hosts.is_on_disk(host, row.id) {
            return false;
        }
        self.hosts.removed_on_disk(host);
        self.withdraw(&task_of_row(row), reason.to_owned());
        true
    }

    /// Opens a URL again that was skipped, unless the page limit is reached by now.
    fn restore_row(&mut self, row: FrontierRow) {
        self.totals.pages = self.totals.pages.saturating_sub(1);
        self.totals.skipped = self.totals.skipped.saturating_sub(1);
        let depth = self.totals.depth_mut(row.depth);
        depth.done = depth.done.saturating_sub(1);
        self.open += 1;
        let newest = self.newest();
        let task = task_of_row(&row);
        self.count_restored(task.saved);
        self.batch.restored(row);
        if self.is_full() {
            return self.end_unfetched(&task, PageState::Skipped, BEYOND_PAGES.to_owned());
        }
        self.totals.admitted += 1;
        self.hosts.restore_task(Box::new(task), newest);
    }
}
