//! What viewers see of single pages: bounded rings of the newest.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::crawl::protocol::snapshot::{PageView, RECENT_FAILURES, RECENT_PAGES, RecentFailure};

/// The newest pages, retries and failures.
#[derive(Debug, Default)]
pub struct RecentPages {
    pages: VecDeque<Arc<PageView>>,
    failures: VecDeque<Arc<RecentFailure>>,
    page_seq: u64,
    failure_seq: u64,
    last_error: String,
}

impl RecentPages {
    /// Adds a page; gives back the one that fell out, to be freed outside the lock.
    pub fn page(&mut self, page: Arc<PageView>) -> Option<Arc<PageView>> {
        self.page_seq += 1;
        if let Some(error) = &page.error {
            error.clone_into(&mut self.last_error);
        }
        self.pages.push_front(page);
        if self.pages.len() > RECENT_PAGES { self.pages.pop_back() } else { None }
    }

    /// Adds a page that failed without a request of its own, and the failure.
    pub fn failed_unfetched(&mut self, page: PageView, failure: RecentFailure) {
        self.page_seq += 1;
        self.pages.push_front(Arc::new(page));
        self.pages.truncate(RECENT_PAGES);
        self.failure(Arc::new(failure));
    }

    /// Notes why a page is not fetched; the error of a page that was requested says more.
    pub fn not_fetched(&mut self, reason: &str) {
        if self.last_error.is_empty() {
            reason.clone_into(&mut self.last_error);
        }
    }

    /// The error of the newest page that has one, else why the first page was not fetched.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        Some(&*self.last_error).filter(|error| !error.is_empty())
    }

    /// Adds a retry or failure.
    pub fn failure(&mut self, failure: Arc<RecentFailure>) {
        self.failure_seq += 1;
        self.failures.push_front(failure);
        self.failures.truncate(RECENT_FAILURES);
    }

    /// The pages, newest first, if there are new ones since `seen` (which is brought up to date).
    pub fn pages_since(&self, seen: &mut u64) -> Option<Arc<[Arc<PageView>]>> {
        if *seen == self.page_seq {
            return None;
        }
        *seen = self.page_seq;
        Some(self.pages.iter().cloned().collect())
    }

    /// The retries and failures, likewise.
    pub fn failures_since(&self, seen: &mut u64) -> Option<Arc<[Arc<RecentFailure>]>> {
        if *seen == self.failure_seq {
            return None;
        }
        *seen = self.failure_seq;
        Some(self.failures.iter().cloned().collect())
    }
}
