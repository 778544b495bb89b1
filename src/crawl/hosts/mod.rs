//! The window: the hosts, the bounded part of the frontier that is in memory, and the choice of
//! the next URL.
//!
//! Hosts take turns. "May this host be asked now?" and "reserve the slot" are one step
//! ([`HostQueues::take`]): a host with a limit or a gap has at most that many URLs between here and
//! the end of their requests, and its next slot opens one gap after the last actual start.
//! Each host has room of its own in memory, so that no host keeps the others out; a host that is
//! slower than the others gets no more than its fair share of the permits. Hosts with nothing to
//! do are forgotten, the longest idle first, once there are many.

mod breaker;
mod give_up;
mod host;
mod refill;
mod schedule;
mod stats;
mod status;
mod url_task;

pub use breaker::{Breaker, JITTER, Turn};
pub use give_up::{GiveUp, skipped_host_of, skipped_host_reason};
pub use host::{Host, Outcome, OutcomeEffect, Pace, ROBOTS_EXPIRE};
pub use schedule::Taken;
pub use url_task::{DelayedTask, FetchPurpose, UrlTask};

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::protocol::host_view::HostView;
use crate::model::ids::PageId;
use crate::model::page_state::PageState;
use crate::model::url_identity::without_dot;
use crate::settings::HostRule;

/// URLs in memory at most, all hosts together (those found when it is full stay on disk).
pub const MAX_IN_MEMORY: usize = 40_000;
/// URLs of one host in memory at most,
pub const MAX_IN_MEMORY_PER_HOST: usize = 5_000;
/// and what a host may always have, however full the window is.
pub const MIN_IN_MEMORY_PER_HOST: usize = 16;
/// Hosts remembered though they have nothing to do.
pub const IDLE_HOSTS: usize = 1_000;
/// Bytes of robots.txt remembered for hosts that have nothing to do.
pub const IDLE_ROBOTS: usize = 16 << 20;
/// A host without URLs still has its share for so long: its last page may bring more, and what it
/// left to others who are slow could not be taken back.
const LINGER: Duration = Duration::from_millis(250);

/// The window. See the module's page.
#[derive(Debug)]
pub struct HostQueues {
    pace: Pace,
    rules: HashMap<Arc<str>, HostRule>,
    hosts: Vec<Option<Host>>,
    vacant: Vec<usize>,
    by_name: HashMap<Arc<str>, usize>,
    ready: VecDeque<usize>,
    resting: BinaryHeap<Reverse<(Instant, usize)>>,
    doomed: Vec<usize>,
    /// Hosts that wait for a commit before they can be read from disk.
    starved: Vec<usize>,
    /// Rows on disk are being pruned or brought back: nobody else reads them.
    refills_held: bool,
    /// Notes of idle hosts, oldest first, and of some that are no longer idle.
    idle: VecDeque<(usize, u64)>,
    idle_hosts: usize,
    idle_robots: usize,
    stamp: u64,
    len: usize,
    on_disk: u64,
    contenders: u32,
    /// Hosts that have run out of URLs, and when they count no longer as contenders.
    leaving: VecDeque<(Instant, usize)>,
    /// Hosts that have had their share.
    served: Vec<usize>,
    /// URLs that can be on their way at once: queue and workers; and permits.
    room: (u32, u32),
    mean_ms: Option<f32>,
}

/// Host with port, as it stands in a serialised URL, `127.0.0.1:8700`, but for the root's dot: as
/// [`crate::model::url_identity::host_key`] has it.
#[must_use]
pub fn host_of(url: &str) -> Cow<'_, str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = host.split_at(host.rfind(':').unwrap_or(host.len()));
    match without_dot(name) {
        Some(name) => [name, port].concat().into(),
        None => host.into(),
    }
}

impl HostQueues {
    /// An empty window; `rules` are what the user has said about single hosts.
    #[must_use]
    pub fn new(pace: Pace, rules: HashMap<Arc<str>, HostRule>) -> Self {
        Self {
            pace,
            rules,
            hosts: Vec::new(),
            vacant: Vec::new(),
            by_name: HashMap::new(),
            ready: VecDeque::new(),
            resting: BinaryHeap::new(),
            doomed: Vec::new(),
            starved: Vec::new(),
            refills_held: false,
            idle: VecDeque::new(),
            idle_hosts: 0,
            idle_robots: 0,
            stamp: 0,
            len: 0,
            on_disk: 0,
            contenders: 0,
            leaving: VecDeque::new(),
            served: Vec::new(),
            room: (u32::MAX, u32::MAX),
            mean_ms: None,
        }
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

    /// Hosts it knows now.
    #[must_use]
    pub fn known_hosts(&self) -> usize {
        self.by_name.len()
    }

    /// How many URLs can be on their way at once, in queue and workers, and how many permits there
    /// are: what is shared out among the hosts.
    pub const fn set_capacity(&mut self, pipeline: u32, permits: u32) {
        self.room = (pipeline, permits);
    }

    fn find(&self, url: &str) -> Option<&Host> {
        self.hosts[*self.by_name.get(&*host_of(url))?].as_ref()
    }

    /// The host of this name, made when it is not known; `cursor` is the last id of rows that are
    /// not on disk only.
    fn index_of(&mut self, name: &str, cursor: PageId) -> usize {
        if let Some(&index) = self.by_name.get(name) {
            if let Some((_, bytes)) = self.hosts[index].as_mut().and_then(|host| host.idle.take()) {
                self.idle_hosts -= 1;
                self.idle_robots -= bytes;
            }
            return index;
        }
        let name: Arc<str> = name.into();
        let rule = self.rules.get(&name).cloned().unwrap_or_default();
        let skipped = rule.skipped;
        let mut host = Host::new(Arc::clone(&name), rule, cursor);
        if skipped {
            host.doom = Some(skipped_by_user(&name));
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

    fn list(&mut self, index: usize) {
        let Some(Some(host)) = self.hosts.get_mut(index) else { return };
        if host.listed || !host.has_work() {
            return;
        }
        host.listed = true;
        if host.doom.is_some() {
            self.doomed.push(index);
        } else {
            self.ready.push_back(index);
            contend(host, true, &mut self.contenders);
        }
    }

    /// Looks whether a host has become idle; then it may be forgotten.
    fn settle(&mut self, index: usize) {
        let Some(host) = &mut self.hosts[index] else { return };
        if !host.has_work() && host.active == 0 && host.contends && !host.leaving {
            host.leaving = true;
            self.leaving.push_back((Instant::now() + LINGER, index));
        }
        if host.is_idle() && host.idle.is_none() {
            self.stamp += 1;
            let bytes = host.robots_bytes();
            host.idle = Some((self.stamp, bytes));
            self.idle.push_back((index, self.stamp));
            self.idle_hosts += 1;
            self.idle_robots += bytes;
            if self.idle.len() > 2 * self.idle_hosts + IDLE_HOSTS {
                self.idle.retain(|&(index, stamp)| is_note_of(self.hosts[index].as_ref(), stamp));
            }
        }
    }

    /// Hosts that have been without URLs for a while leave the contest; others may have more now.
    fn let_leave(&mut self, now: Instant) {
        let mut left = false;
        while let Some(&(due, index)) = self.leaving.front() {
            if due > now {
                break;
            }
            self.leaving.pop_front();
            if let Some(host) = &mut self.hosts[index]
                && std::mem::take(&mut host.leaving)
                && !host.has_work()
                && host.active == 0
            {
                contend(host, false, &mut self.contenders);
                left = true;
            }
        }
        if left {
            for index in std::mem::take(&mut self.served) {
                if let Some(host) = &mut self.hosts[index] {
                    host.served = false;
                }
                self.list(index);
            }
        }
    }

    /// Forgets idle hosts while there are too many, but none whose rest or gap is not over.
    fn forget(&mut self, now: Instant) {
        let mut looked_at = 0;
        while self.idle_hosts > IDLE_HOSTS || self.idle_robots > IDLE_ROBOTS {
            let Some((index, stamp)) = self.idle.pop_front() else { break };
            if !is_note_of(self.hosts[index].as_ref(), stamp) {
                continue;
            }
            let Some(host) = &mut self.hosts[index] else { continue };
            if host.must_be_remembered(now) {
                self.idle.push_back((index, stamp));
                looked_at += 1;
                if looked_at > 64 {
                    break;
                }
                continue;
            }
            if let Some((_, bytes)) = host.idle.take() {
                self.idle_hosts -= 1;
                self.idle_robots -= bytes;
            }
            if let Some(mut host) = self.hosts[index].take() {
                contend(&mut host, false, &mut self.contenders);
                self.by_name.remove(&host.name);
                if host.listed {
                    self.ready.retain(|&i| i != index);
                    self.doomed.retain(|&i| i != index);
                }
                self.vacant.push(index);
            }
        }
    }

    /// Moves a host to where it belongs now.
    fn relist(&mut self, index: usize) {
        if let Some(host) = &mut self.hosts[index]
            && std::mem::take(&mut host.listed)
        {
            self.ready.retain(|&i| i != index);
            self.doomed.retain(|&i| i != index);
        }
        self.list(index);
    }

    /// What viewers see of one host, if it is known.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<HostView> {
        let host = self.hosts[*self.by_name.get(name)?].as_ref()?;
        Some(host.view(&self.pace, Instant::now()))
    }

    /// What viewers see: at most `limit` hosts, those with most to do or most trouble first.
    #[must_use]
    pub fn views(&self, limit: usize, now: Instant) -> Vec<HostView> {
        let weight = |host: &Host| {
            let trouble = host.breaker.down_since().is_some() || host.rule.held;
            let busy = u64::from(host.active) + u64::from(host.retrying);
            (trouble, host.queued() + busy, host.stats.requests())
        };
        let mut hosts: Vec<&Host> = self.hosts.iter().flatten().collect();
        if hosts.len() > limit {
            hosts.select_nth_unstable_by_key(limit, |host| Reverse(weight(host)));
            hosts.truncate(limit);
        }
        hosts.sort_by(|a, b| {
            Reverse(weight(a)).cmp(&Reverse(weight(b))).then_with(|| a.name.cmp(&b.name))
        });
        hosts.into_iter().map(|host| host.view(&self.pace, now)).collect()
    }
}

/// Whether this note of idleness holds: the host was not used since.
fn is_note_of(host: Option<&Host>, stamp: u64) -> bool {
    host.and_then(|host| host.idle).is_some_and(|(own, _)| own == stamp)
}

fn contend(host: &mut Host, contends: bool, contenders: &mut u32) {
    if host.contends != contends {
        host.contends = contends;
        *contenders = if contends { *contenders + 1 } else { contenders.saturating_sub(1) };
    }
}

fn skipped_by_user(host: &str) -> GiveUp {
    GiveUp { state: PageState::Skipped, reason: skipped_host_reason(host).into(), by_user: true }
}
