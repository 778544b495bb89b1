//! What is in memory and what is on disk only: how URLs come into the window, by being found, read
//! back or brought back, and how they leave it without their turn.

use std::collections::VecDeque;

use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::crawl::hosts::{
    HostQueues, MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, MIN_IN_MEMORY_PER_HOST, host_of,
};
use crate::model::ids::PageId;
use crate::store::OpenHost;

impl HostQueues {
    /// Takes in the hosts of a resumed crawl, all of whose URLs are on disk.
    pub fn restore(&mut self, open: &[OpenHost], cursor: PageId) {
        for name in self.rules.keys().cloned().collect::<Vec<_>>() {
            let index = self.index_of(&name, cursor);
            self.settle(index);
        }
        for known in open {
            let index = self.index_of(&host_of(&known.url), cursor);
            if let Some(host) = &mut self.hosts[index] {
                host.on_disk += known.open;
                self.on_disk += known.open;
            }
            self.list(index);
        }
    }

    /// Adds a URL found; it stays on disk when its host has no room in memory. `before` is the
    /// highest id given out before it.
    pub fn add(&mut self, entry: Box<UrlTask>, before: PageId) {
        let index = self.index_of(&host_of(&entry.url), before);
        let full = self.len >= MAX_IN_MEMORY;
        let Some(host) = &mut self.hosts[index] else { return };
        let room = if full { MIN_IN_MEMORY_PER_HOST } else { MAX_IN_MEMORY_PER_HOST };
        if host.on_disk == 0 && host.queue.len() < room {
            host.cursor = entry.id;
            host.queue.push_back(entry);
            self.len += 1;
        } else {
            host.on_disk += 1;
            self.on_disk += 1;
        }
        self.list(index);
    }

    /// Adds a URL that must be in memory: a retry whose time has come, the next hop of a redirect,
    /// a sitemap. `first` puts it before the others of its host.
    pub fn push(&mut self, entry: Box<UrlTask>, first: bool, before: PageId) {
        let index = self.index_of(&host_of(entry.target()), before);
        if let Some(host) = &mut self.hosts[index] {
            let robots = matches!(entry.purpose, FetchPurpose::Robots { .. });
            if first && host.robots_is_next() && !robots {
                host.queue.insert(1, entry);
            } else if first {
                host.queue.push_front(entry);
            } else {
                host.queue.push_back(entry);
            }
            self.len += 1;
        }
        self.list(index);
    }

    /// Takes in a URL that is open again. In memory when its place in the order is, or when its
    /// host has nothing on disk and room; else its row is read when its turn comes.
    pub fn restore_task(&mut self, entry: Box<UrlTask>, before: PageId) {
        let index = self.index_of(&host_of(&entry.url), before);
        let room =
            if self.len >= MAX_IN_MEMORY { MIN_IN_MEMORY_PER_HOST } else { MAX_IN_MEMORY_PER_HOST };
        let Some(host) = &mut self.hosts[index] else { return };
        if entry.id <= host.cursor || (host.on_disk == 0 && host.queue.len() < room) {
            host.cursor = host.cursor.max(entry.id);
            host.queue.push_back(entry);
            self.len += 1;
        } else {
            host.on_disk += 1;
            self.on_disk += 1;
        }
        self.list(index);
    }

    /// A URL begins (true) or ends to wait for another attempt.
    pub fn retrying(&mut self, url: &str, waits: bool, before: PageId) {
        let index = self.index_of(&host_of(url), before);
        if let Some(host) = &mut self.hosts[index] {
            if waits {
                host.retrying += 1;
            } else {
                host.retrying = host.retrying.saturating_sub(1);
            }
        }
        self.settle(index);
    }

    /// Takes in what was read from disk for a host; returns whether something was.
    pub fn refilled(&mut self, host: &str, rows: Vec<Box<UrlTask>>) -> bool {
        let Some(&index) = self.by_name.get(host) else { return false };
        if rows.is_empty() {
            self.starve(index);
            return false;
        }
        let Some(known) = &mut self.hosts[index] else { return false };
        for entry in rows {
            known.cursor = entry.id;
            known.on_disk = known.on_disk.saturating_sub(1);
            self.on_disk = self.on_disk.saturating_sub(1);
            known.queue.push_back(entry);
            self.len += 1;
        }
        self.list(index);
        true
    }

    /// A host cannot be read from disk before something is committed.
    pub(super) fn starve(&mut self, index: usize) {
        if let Some(host) = &mut self.hosts[index] {
            host.refill_waits = true;
            self.starved.push(index);
        }
    }

    /// Says that there is nothing of a host on disk, against the books; returns how many there
    /// should have been.
    pub fn nothing_on_disk(&mut self, host: &str) -> u64 {
        let Some(&index) = self.by_name.get(host) else { return 0 };
        let Some(known) = &mut self.hosts[index] else { return 0 };
        let lost = std::mem::take(&mut known.on_disk);
        self.on_disk = self.on_disk.saturating_sub(lost);
        self.settle(index);
        lost
    }

    /// Counts rows that were read from disk and do not come into memory.
    pub fn passed_over(&mut self, host: &str, last: PageId, rows: u64) {
        if let Some(&index) = self.by_name.get(host)
            && let Some(known) = &mut self.hosts[index]
        {
            known.cursor = known.cursor.max(last);
            known.on_disk = known.on_disk.saturating_sub(rows);
            self.on_disk = self.on_disk.saturating_sub(rows);
        }
    }

    /// Whether a row with this id is on disk only.
    #[must_use]
    pub fn is_on_disk(&self, host: &str, id: PageId) -> bool {
        let index = self.by_name.get(host);
        let host = index.and_then(|index| self.hosts[*index].as_ref());
        host.is_some_and(|host| host.on_disk > 0 && id > host.cursor)
    }

    /// A row that was on disk only is done with.
    pub fn removed_on_disk(&mut self, host: &str) {
        if let Some(&index) = self.by_name.get(host)
            && let Some(known) = &mut self.hosts[index]
        {
            known.on_disk = known.on_disk.saturating_sub(1);
            self.on_disk = self.on_disk.saturating_sub(1);
            self.settle(index);
        }
    }

    /// Takes the URLs out of memory that `goes` names; sitemaps and robots.txt stay.
    pub fn remove_matching(&mut self, goes: impl Fn(&UrlTask) -> bool) -> Vec<Box<UrlTask>> {
        let mut gone = Vec::new();
        for index in 0..self.hosts.len() {
            let Some(host) = &mut self.hosts[index] else { continue };
            let mut kept = VecDeque::with_capacity(host.queue.len());
            for entry in host.queue.drain(..) {
                if entry.purpose == FetchPurpose::Page && goes(&entry) {
                    gone.push(entry);
                } else {
                    kept.push_back(entry);
                }
            }
            host.queue = kept;
            self.settle(index);
        }
        self.len -= gone.len();
        gone
    }

    /// While rows on disk are being pruned or brought back, no host is read from disk: what is in
    /// memory goes on.
    pub fn pause_refills(&mut self, held: bool) {
        self.refills_held = held;
        if !held {
            self.committed();
        }
    }

    /// A batch is in the database: who waited for that may be read again.
    pub fn committed(&mut self) -> bool {
        let starved = std::mem::take(&mut self.starved);
        let any = !starved.is_empty();
        for index in starved {
            if let Some(host) = &mut self.hosts[index] {
                host.refill_waits = false;
            }
            self.list(index);
        }
        any
    }
}
