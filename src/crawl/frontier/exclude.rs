//! Exclusions and traps, as they meet what was found before them: URLs in memory, on disk and on
//! their way; and the way back.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::frontier::exclusion::{Exclusion, excluded_reason};
use crate::crawl::frontier::exclusions::Restoration;
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

    /// The reason for which a pattern excludes `url`.
    #[must_use]
    pub fn excluded_by_pattern(&self, url: &str) -> Option<Arc<str>> {
        self.lock().exclusions.excluded_by_pattern(url).cloned()
    }

    /// Whether `url` is left out because a seed was undone.
    #[must_use]
    pub fn is_left_by_seed(&self, url: &str) -> bool {
        self.lock().exclusions.left_by_seed(url).is_some()
    }

    /// How many URLs were skipped for a reason in this run; `None`: it is not in force.
    #[must_use]
    pub fn excluded_count(&self, reason: &str) -> Option<u64> {
        self.lock().exclusions.counted(reason)
    }

    /// The exclusion with this reason, as it is now; `None`: it is not in force.
    #[must_use]
    pub fn exclusion(&self, reason: &str) -> Option<Exclusion> {
        self.lock().exclusions.exclusion(reason).cloned()
    }

    /// Skips rows read from disk, all of which are to be skipped for `reason`: those that are on disk
    /// only. Others are in memory or on their way, where they are met before they are requested. Returns
    /// how many; `None` when the exclusion is no longer in force.
    pub fn exclude_rows(&self, reason: &str, rows: &[&FrontierRow]) -> Option<u64> {
        let mut state = self.lock();
        state.exclusions.counted(reason)?;
        let skipped = rows.iter().filter(|row| state.exclude_row(row, reason)).count() as u64;
        state.exclusions.count(reason, skipped);
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

    /// Opens URLs again that were skipped, but those that are still to be skipped for the same reason.
    /// Returns how many; `None` when their restoration was cancelled.
    pub fn restore_rows(&self, ticket: u64, rows: Vec<FrontierRow>) -> Option<u64> {
        let mut state = self.lock();
        let reason = state.exclusions.restored_reason(ticket)?;
        let still = state.exclusions.exclusion(reason).cloned();
        let mut restored = 0;
        for row in rows {
            if still.as_ref().is_none_or(|exclusion| !exclusion.holds(&row.url)) {
                state.restore_row(row);
                restored += 1;
            }
        }
        Some(restored)
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
    /// Why a page or a sitemap is not requested: its own URL is excluded, or that to which it was
    /// redirected. Patterns exclude pages alone.
    pub(super) fn excluded_by(&self, task: &UrlTask) -> Option<&Arc<str>> {
        if self.exclusions.is_empty() {
            return None;
        }
        let reason = |url: &str| self.reason_of(task.purpose, url);
        let redirected = task.chain.is_some().then(|| task.target());
        reason(&task.url).or_else(|| reason(redirected?))
    }

    fn reason_of(&self, purpose: FetchPurpose, url: &str) -> Option<&Arc<str>> {
        match purpose {
            FetchPurpose::Page => self.exclusions.excludes(url),
            FetchPurpose::Sitemap { .. } => self.exclusions.left_by_seed(url),
            FetchPurpose::Robots { .. } => None,
        }
    }

    /// Whether a URL that was handed out may still be requested at `target`.
    pub(super) fn may_start(&self, task: &UrlTask, target: &str, now: Instant) -> bool {
        let matches = |url: &str| self.reason_of(task.purpose, url).is_some();
        let excluded = !self.exclusions.is_empty() && (matches(&task.url) || matches(target));
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
        Ok(self.exclude_in_memory(&excluded_reason(pattern)))
    }

    /// Takes what an exclusion keeps out from all that waits in memory; returns how many URLs were
    /// skipped.
    pub(super) fn exclude_in_memory(&mut self, reason: &str) -> u64 {
        let Some(exclusion) = self.exclusions.exclusion(reason).cloned() else { return 0 };
        let sitemaps = matches!(exclusion, Exclusion::UndoneSeed { .. });
        let matches = |task: &UrlTask| match task.purpose {
            FetchPurpose::Page => is_held(&exclusion, task),
            FetchPurpose::Sitemap { .. } => sitemaps && is_held(&exclusion, task),
            FetchPurpose::Robots { .. } => false,
        };
        let mut excluded = self.hosts.remove_matching(matches);
        let newest = self.newest();
        let mut kept = Vec::with_capacity(self.retries.len());
        for Reverse(DelayedTask(due, task)) in std::mem::take(&mut self.retries) {
            if matches(&task) {
                self.hosts.retrying(task.target(), false, newest);
                excluded.push(task);
            } else {
                kept.push(Reverse(DelayedTask(due, task)));
            }
        }
        self.retries = kept.into();
        let mut pages = 0;
        for task in excluded {
            if task.purpose == FetchPurpose::Page {
                self.withdraw(&task, reason.to_owned());
                pages += 1;
            } else {
                self.set_aside_sitemap(task);
            }
        }
        self.exclusions.count(reason, pages);
        pages
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

fn is_held(exclusion: &Exclusion, task: &UrlTask) -> bool {
    exclusion.holds(&task.url) || task.chain.is_some() && exclusion.holds(task.target())
}
