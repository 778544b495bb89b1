//! All hosts and their queues: how a host is found, and where in the rotation it stands.
//!
//! What is done with them stands in the files beside, by subject.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::host::HostQueue;
use crate::crawl::hosts::host_name::host_of;
use crate::crawl::hosts::pace::Pace;
use crate::model::ids::PageId;
use crate::settings::HostRule;

/// All hosts and their queues. See the module's page.
#[derive(Debug)]
pub struct HostQueues {
    pub(super) pace: Pace,
    pub(super) rules: HashMap<Arc<str>, HostRule>,
    pub(super) hosts: Vec<Option<HostQueue>>,
    pub(super) vacant: Vec<usize>,
    pub(super) by_name: HashMap<Arc<str>, usize>,
    /// The rotation.
    pub(super) ready: VecDeque<usize>,
    /// Hosts that wait for a gap or a cooldown, and until when.
    pub(super) waiting: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Hosts that are given up and still have URLs.
    pub(super) abandoned: Vec<usize>,
    /// Hosts that wait for a commit before they can be read from disk.
    pub(super) awaiting_commit: Vec<usize>,
    /// Rows on disk are being excluded or restored: no host is read from disk.
    pub(super) refills_paused: bool,
    /// Notes of idle hosts, oldest first, and of some that are no longer idle.
    pub(super) idle: VecDeque<(usize, u64)>,
    pub(super) idle_hosts: usize,
    pub(super) idle_robots_bytes: usize,
    /// The number of the newest note in `idle`.
    pub(super) newest_note: u64,
    /// URLs in memory.
    pub(super) len: usize,
    pub(super) on_disk: u64,
    /// How many hosts share permits and queue.
    pub(super) active_hosts: u32,
    /// Hosts that have run out of URLs, and when they count no longer as active.
    pub(super) draining: VecDeque<(Instant, usize)>,
    /// Hosts that have all URLs on their way that their share allows.
    pub(super) at_share: Vec<usize>,
    /// URLs that can be on their way at once, in queue and workers.
    pub(super) pipeline_capacity: u32,
    pub(super) permits: u32,
    /// Mean time that a request takes, over all hosts.
    pub(super) mean_ms: Option<f32>,
    /// Whether the autopilot turns the rate of the whole crawl.
    pub(super) rate_dial: bool,
}

impl HostQueues {
    /// No host yet; `rules` are the user's for single hosts.
    #[must_use]
    pub fn new(pace: Pace, rules: HashMap<Arc<str>, HostRule>) -> Self {
        Self {
            pace,
            rules,
            hosts: Vec::new(),
            vacant: Vec::new(),
            by_name: HashMap::new(),
            ready: VecDeque::new(),
            waiting: BinaryHeap::new(),
            abandoned: Vec::new(),
            awaiting_commit: Vec::new(),
            refills_paused: false,
            idle: VecDeque::new(),
            idle_hosts: 0,
            idle_robots_bytes: 0,
            newest_note: 0,
            len: 0,
            on_disk: 0,
            active_hosts: 0,
            draining: VecDeque::new(),
            at_share: Vec::new(),
            pipeline_capacity: u32::MAX,
            permits: u32::MAX,
            mean_ms: None,
            rate_dial: false,
        }
    }

    /// Longest time for which a URL may wait for its next attempt.
    #[must_use]
    pub fn longest_pause(&self) -> Duration {
        self.pace.longest_pause()
    }

    /// URLs in memory.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is in memory.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// URLs on disk only.
    #[must_use]
    pub const fn on_disk(&self) -> u64 {
        self.on_disk
    }

    /// How many hosts are known now.
    #[must_use]
    pub fn known_hosts(&self) -> usize {
        self.by_name.len()
    }

    /// The host of this name, if it is known.
    pub(super) fn known(&self, name: &str) -> Option<&HostQueue> {
        self.hosts[*self.by_name.get(name)?].as_ref()
    }

    /// The host of this URL and its place, if it is known.
    pub(super) fn known_mut(&mut self, name: &str) -> Option<(usize, &mut HostQueue)> {
        let index = *self.by_name.get(name)?;
        Some((index, self.hosts[index].as_mut()?))
    }

    /// The place of the host of this name, made when it is not known; `cursor` is the last id of
    /// rows that are not on disk only.
    pub(super) fn index_of(&mut self, name: &str, cursor: PageId) -> usize {
        if let Some(&index) = self.by_name.get(name) {
            self.end_idleness(index);
            return index;
        }
        let name: Arc<str> = name.into();
        let rule = self.rules.get(&name).cloned().unwrap_or_default();
        let skipped = rule.skipped;
        let mut host = HostQueue::new(Arc::clone(&name), rule, cursor);
        if skipped {
            host.give_up = Some(GiveUp::by_user(&name));
        }
        let index = if let Some(index) = self.vacant.pop() {
            self.hosts[index] = Some(host);
            index
        } else {
            self.hosts.push(Some(host));
            self.hosts.len() - 1
        };
        self.by_name.insert(name, index);
        index
    }

    /// Likewise, by a URL of the host.
    pub(super) fn index_of_url(&mut self, url: &str, cursor: PageId) -> usize {
        self.index_of(&host_of(url), cursor)
    }

    /// Puts a host with URLs into the rotation, or among those that are given up.
    pub(super) fn list(&mut self, index: usize) {
        let Some(Some(host)) = self.hosts.get_mut(index) else { return };
        if host.listed || !host.has_work() {
            return;
        }
        host.listed = true;
        if host.give_up.is_some() {
            self.abandoned.push(index);
        } else if host.awaits_robots() {
            // It has had its turn, and continues it when the robots.txt is there.
            host.listed = false;
            self.set_active(index, true);
        } else {
            self.ready.push_back(index);
            self.set_active(index, true);
        }
    }

    /// Puts a host with URLs before all others: its turn was interrupted.
    pub(super) fn list_first(&mut self, index: usize) {
        let Some(Some(host)) = self.hosts.get_mut(index) else { return };
        if host.listed || host.give_up.is_some() || !host.has_work() {
            return self.list(index);
        }
        host.listed = true;
        self.ready.push_front(index);
        self.set_active(index, true);
    }

    /// Moves a host to where it belongs now.
    pub(super) fn relist(&mut self, index: usize) {
        if let Some(host) = &mut self.hosts[index]
            && std::mem::take(&mut host.listed)
        {
            self.unlist(index);
        }
        self.list(index);
    }

    /// Takes a host out of the lists.
    pub(super) fn unlist(&mut self, index: usize) {
        self.ready.retain(|&listed| listed != index);
        self.abandoned.retain(|&listed| listed != index);
    }
}
