//! Reading the URLs of a host back from disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::{FetchPurpose, RequestCounts, UrlTask};
use crate::store::FrontierRow;

impl Frontier {
    /// Takes in rows of a host read back from disk, in order of id. Rows that are no longer on disk
    /// only, because the place where reading began was overtaken, are left alone. `commits` is what
    /// [`Next::Refill`](crate::crawl::frontier::Next::Refill) carried; `now_ms` is in ms since 1970,
    /// UTC.
    pub fn refilled(
        &self,
        host: &str,
        rows: Vec<FrontierRow>,
        commits: u64,
        now: Instant,
        now_ms: i64,
    ) {
        let mut state = self.lock();
        if rows.is_empty() {
            state.nothing_read(host, commits);
        } else {
            state.take_in_rows(host, rows, now, now_ms);
        }
        drop(state);
        // What is on disk but not yet committed should be.
        self.wake_saver();
    }

    /// The rows of a host could not be read: another host comes first.
    pub fn not_refilled(&self, host: &str) {
        self.lock().hosts.not_refilled(host);
    }

    /// While refills are paused, no host is read from disk; the URLs in memory continue.
    pub fn pause_refills(&self) {
        self.lock().hosts.pause_refills(true);
    }

    /// Ends a pause of refills.
    pub fn resume_refills(&self) {
        self.lock().hosts.pause_refills(false);
        self.wake_producer();
    }
}

impl FrontierState {
    /// No row of a host was on disk. Its URLs are known but were not committed when the rows were
    /// read: flushes the batch and waits for the commit, unless that has happened since.
    fn nothing_read(&mut self, host: &str, commits: u64) {
        let nothing_to_come = self.commits_to_come() == commits;
        if nothing_to_come {
            let lost = self.hosts.nothing_on_disk(host);
            if lost > 0 {
                self.open = self.open.saturating_sub(lost);
                tracing::error!(host, lost, "URLs that should be in the database are not");
            }
            return;
        }
        self.hosts.refilled(host, Vec::new());
        if self.commits != commits {
            self.hosts.committed();
        }
        self.batch.flush();
    }

    fn take_in_rows(&mut self, host: &str, rows: Vec<FrontierRow>, now: Instant, now_ms: i64) {
        let Some(last) = rows.last().map(|row| row.id) else { return };
        let mut ready = Vec::with_capacity(rows.len());
        let mut delayed = 0;
        for row in rows {
            if !self.hosts.is_on_disk(host, row.id) {
                continue;
            }
            let wait = row.not_before_ms.saturating_sub(now_ms);
            let task = Box::new(task_of_row(&row));
            if wait > 0 {
                // The clock may have been put back since it was stored.
                let wait = Duration::from_millis(wait as u64).min(self.hosts.longest_pause());
                self.delay(task, now + wait);
                delayed += 1;
            } else {
                ready.push(task);
            }
        }
        if ready.is_empty() {
            self.hosts.not_refilled(host);
        } else {
            self.hosts.refilled(host, ready);
        }
        self.hosts.passed_over(host, last, delayed);
    }
}

/// The page that a row of the frontier stands for.
pub(super) fn task_of_row(row: &FrontierRow) -> UrlTask {
    UrlTask {
        id: row.id,
        depth: row.depth,
        earlier_attempts: row.attempts,
        earlier_resent: row.resent,
        saved: RequestCounts { attempts: row.attempts, resent: row.resent },
        found_on: row.found_on,
        lastmod_ms: row.lastmod_ms,
        ..UrlTask::auxiliary(Arc::clone(&row.url), row.url_hash, FetchPurpose::Page)
    }
}
