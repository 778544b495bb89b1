//! What is in memory and what is on disk only: how URLs come into memory, by being found, read back
//! or restored, and how they leave it without their turn.

use std::collections::VecDeque;

use crate::crawl::hosts::limits::{MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, MIN_IN_MEMORY_PER_HOST};
use crate::crawl::hosts::queues::HostQueues;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::model::ids::PageId;
use crate::store::OpenHost;

impl HostQueues {
    /// Takes in the hosts of a resumed crawl, all of whose URLs are on disk.
    pub fn restore(&mut self, open: &[OpenHost], cursor: PageId) {
        for name in self.rules.keys().cloned().collect::<Vec<_>>() {
            let index = self.index_of(&name, cursor);
            self.note_idleness(index);
        }
        for known in open {
            let index = self.index_of_url(&known.url, cursor);
            if let Some(host) = &mut self.hosts[index] {
                host.on_disk += known.open;
                self.on_disk += known.open;
            }
            self.list(index);
        }
    }

    /// Adds a URL found; it stays on disk when its host has no room in memory. `before` is the
    /// highest id given out before it.
    pub fn add(&mut self, task: Box<UrlTask>, before: PageId) {
        let index = self.index_of_url(&task.url, before);
        let full = self.len >= MAX_IN_MEMORY;
        let Some(host) = &mut self.hosts[index] else { return };
        let room = if full { MIN_IN_MEMORY_PER_HOST } else { MAX_IN_MEMORY_PER_HOST };
        if host.on_disk == 0 && host.queue.len() < room {
            host.cursor = task.id;
            host.queue.push_back(task);
            self.len += 1;
        } else {
            host.on_disk += 1;
            self.on_disk += 1;
        }
        self.list(index);
    }

    /// Adds a URL that must be in memory: a retry whose time has come, the next hop of a redirect,
    /// a sitemap. `first` puts it before the others of its host.
    pub fn push(&mut self, task: Box<UrlTask>, first: bool, before: PageId) {
        let index = self.index_of_url(task.target(), before);
        if let Some(host) = &mut self.hosts[index] {
            let robots = matches!(task.purpose, FetchPurpose::Robots { .. });
            if first && host.robots_is_next() && !robots {
                host.queue.insert(1, task);
            } else if first {
                host.queue.push_front(task);
            } else {
                host.queue.push_back(task);
            }
            self.len += 1;
        }
        self.list(index);
    }

    /// Takes in a URL that is open again. It goes into memory when its place in the order is there,
    /// or when its host has nothing on disk and room; else its row is read when its turn comes.
    pub fn restore_task(&mut self, task: Box<UrlTask>, before: PageId) {
        let index = self.index_of_url(&task.url, before);
        let room =
            if self.len >= MAX_IN_MEMORY { MIN_IN_MEMORY_PER_HOST } else { MAX_IN_MEMORY_PER_HOST };
        let Some(host) = &mut self.hosts[index] else { return };
        if task.id <= host.cursor || (host.on_disk == 0 && host.queue.len() < room) {
            host.cursor = host.cursor.max(task.id);
            host.queue.push_back(task);
            self.len += 1;
        } else {
            host.on_disk += 1;
            self.on_disk += 1;
        }
        self.list(index);
    }

    /// A URL begins (true) or ends to wait for another attempt.
    pub fn retrying(&mut self, url: &str, waits: bool, before: PageId) {
        let index = self.index_of_url(url, before);
        if let Some(host) = &mut self.hosts[index] {
            if waits {
                host.retrying += 1;
            } else {
                host.retrying = host.retrying.saturating_sub(1);
            }
        }
        self.note_idleness(index);
    }

    /// Takes in what was read from disk for a host; returns whether something was.
    #[allow(clippy::vec_box, reason = "tasks are boxed in every queue")]
    pub fn refilled(&mut self, host: &str, rows: Vec<Box<UrlTask>>) -> bool {
        let Some(&index) = self.by_name.get(host) else { return false };
        if rows.is_empty() {
            self.await_commit(index);
            return false;
        }
        let Some(known) = &mut self.hosts[index] else { return false };
        for task in rows {
            known.cursor = task.id;
            known.on_disk = known.on_disk.saturating_sub(1);
            self.on_disk = self.on_disk.saturating_sub(1);
            known.queue.push_back(task);
            self.len += 1;
        }
        self.list(index);
        true
    }

    /// A host cannot be read from disk before something is committed.
    pub(super) fn await_commit(&mut self, index: usize) {
        if let Some(host) = &mut self.hosts[index] {
            host.awaits_commit = true;
            self.awaiting_commit.push(index);
        }
    }

    /// Nothing of a host is on disk, against the counts; returns how many URLs there should have
    /// been.
    pub fn nothing_on_disk(&mut self, host: &str) -> u64 {
        let Some((index, known)) = self.known_mut(host) else { return 0 };
        let lost = std::mem::take(&mut known.on_disk);
        self.on_disk = self.on_disk.saturating_sub(lost);
        self.note_idleness(index);
        lost
    }

    /// Counts rows that were read from disk and do not come into memory.
    pub fn passed_over(&mut self, host: &str, last: PageId, rows: u64) {
        if let Some((_, known)) = self.known_mut(host) {
            known.cursor = known.cursor.max(last);
            known.on_disk = known.on_disk.saturating_sub(rows);
            self.on_disk = self.on_disk.saturating_sub(rows);
        }
    }

    /// Whether a row with this id is on disk only.
    #[must_use]
    pub fn is_on_disk(&self, host: &str, id: PageId) -> bool {
        self.known(host).is_some_and(|host| host.on_disk > 0 && id > host.cursor)
    }

    /// A row that was on disk only is in its final state.
    pub fn removed_on_disk(&mut self, host: &str) {
        if let Some((index, known)) = self.known_mut(host) {
            known.on_disk = known.on_disk.saturating_sub(1);
            self.on_disk = self.on_disk.saturating_sub(1);
            self.note_idleness(index);
        }
    }

    /// Takes out of memory what matches.
    #[allow(clippy::vec_box, reason = "tasks are boxed in every queue")]
    pub fn remove_matching(&mut self, matches: impl Fn(&UrlTask) -> bool) -> Vec<Box<UrlTask>> {
        let mut removed = Vec::new();
        for index in 0..self.hosts.len() {
            let Some(host) = &mut self.hosts[index] else { continue };
            let mut kept = VecDeque::with_capacity(host.queue.len());
            for task in host.queue.drain(..) {
                if matches(&task) {
                    removed.push(task);
                } else {
                    kept.push_back(task);
                }
            }
            host.queue = kept;
            self.note_idleness(index);
        }
        self.len -= removed.len();
        removed
    }

    /// While rows on disk are being excluded or restored, no host is read from disk; the URLs in
    /// memory continue.
    pub fn pause_refills(&mut self, paused: bool) {
        self.refills_paused = paused;
        if !paused {
            self.committed();
        }
    }

    /// A batch is in the database: the hosts that waited for that may be read again. Returns
    /// whether there were some.
    pub fn committed(&mut self) -> bool {
        let waiting = std::mem::take(&mut self.awaiting_commit);
        let any = !waiting.is_empty();
        for index in waiting {
            if let Some(host) = &mut self.hosts[index] {
                host.awaits_commit = false;
            }
            self.list(index);
        }
        any
    }
}
