//! The window: the hosts, the bounded part of the frontier that is in memory, and the choice of
//! the next URL.
//!
//! Hosts take turns. "May this host be asked now?" and "reserve the slot" are one step
//! ([`Window::take`]): a host with a limit or a gap has at most that many URLs between here and
//! the end of their requests, and its next slot opens one gap after the last actual start.
//! Each host has room of its own in memory, so that no host keeps the others out; a host that is
//! slower than the others gets no more than its fair share of the permits. Hosts with nothing to
//! do are forgotten, the longest idle first, once there are many.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::entry::{Entry, Errand};
use super::host::{
    After, Doom, Host, MOST_RETRIES_PER_HOST, Outcome, Pace, ROBOTS_EXPIRE, RobotsSlot,
};
use super::host_view::{BreakerState, HostView};
use super::pruned::skipped_host_reason;
use crate::config::HostRule;
use crate::store::{OpenHost, PageId, RowState};
use crate::web::robots::Fate;
use crate::web::url::UrlHash;

/// URLs in memory at most, all hosts together (those found when it is full stay on disk).
pub const WINDOW: usize = 40_000;
/// URLs of one host in memory at most,
pub const HOST_WINDOW: usize = 5_000;
/// and what a host may always have, however full the window is.
pub const HOST_LEAST: usize = 16;
/// Hosts remembered though they have nothing to do.
pub const IDLE_HOSTS: usize = 1_000;
/// Bytes of robots.txt remembered for hosts that have nothing to do.
pub const IDLE_ROBOTS: usize = 16 << 20;
/// A host whose requests take this many times the mean is slower than the others.
const SLOWER: f32 = 2.0;
/// Weight of the newest request in the mean over all hosts.
const NEWEST: f32 = 0.02;

/// What [`Window::take`] found.
#[derive(Debug)]
pub enum Taken {
    /// This URL may go; its host's slot is reserved.
    Entry(Box<Entry>),
    /// The URLs of this host are on disk: read at most `limit` above `after`, then ask again.
    Refill {
        /// Host with port.
        host: Arc<str>,
        /// Last id already read.
        after: PageId,
        /// Rows wanted.
        limit: u32,
    },
    /// URLs of hosts that are given up: they end without being fetched.
    Doomed(Vec<(Box<Entry>, Doom)>),
    /// URLs wait, but every host with one is at its limit or gap; the next gap ends then.
    Throttled(Option<Instant>),
    /// Nothing waits.
    Empty,
}

/// URLs of doomed hosts handed out at a time.
const DOOMED_AT_ONCE: usize = 500;

/// The window. See the module's page.
#[derive(Debug)]
pub struct Window {
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
    /// URLs that can be on their way at once: queue and workers; and permits.
    room: (u32, u32),
    mean_ms: Option<f32>,
}

/// Host with port, as it stands in a serialised URL: `127.0.0.1:8700`.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn is_https(url: &str) -> bool {
    url.starts_with("https:")
}

impl Window {
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
    pub fn hosts(&self) -> usize {
        self.by_name.len()
    }

    /// How many URLs can be on their way at once, in queue and workers, and how many permits there
    /// are: what is shared out among the hosts.
    pub const fn set_room(&mut self, pipeline: u32, permits: u32) {
        self.room = (pipeline, permits);
    }

    fn find(&self, url: &str) -> Option<&Host> {
        self.hosts[*self.by_name.get(host_of(url))?].as_ref()
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

    /// Takes in the hosts of a resumed crawl, all of whose URLs are on disk.
    pub fn restore(&mut self, open: &[OpenHost], cursor: PageId) {
        for known in open {
            let index = self.index_of(host_of(&known.url), cursor);
            if let Some(host) = &mut self.hosts[index] {
                host.on_disk += known.open;
                self.on_disk += known.open;
            }
            self.list(index);
        }
    }

    /// Adds a URL found; it stays on disk when its host has no room in memory. `before` is the
    /// highest id given out before it.
    pub fn add(&mut self, entry: Box<Entry>, before: PageId) {
        let index = self.index_of(host_of(&entry.url), before);
        let full = self.len >= WINDOW;
        let Some(host) = &mut self.hosts[index] else { return };
        let room = if full { HOST_LEAST } else { HOST_WINDOW };
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
    pub fn push(&mut self, entry: Box<Entry>, first: bool, before: PageId) {
        let index = self.index_of(host_of(entry.target()), before);
        if let Some(host) = &mut self.hosts[index] {
            let robots = matches!(entry.errand, Errand::Robots { .. });
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
    pub fn bring_back(&mut self, entry: Box<Entry>, before: PageId) {
        let index = self.index_of(host_of(&entry.url), before);
        let room = if self.len >= WINDOW { HOST_LEAST } else { HOST_WINDOW };
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
        let index = self.index_of(host_of(url), before);
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
    pub fn refilled(&mut self, host: &str, rows: Vec<Box<Entry>>) -> bool {
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
    fn starve(&mut self, index: usize) {
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
    pub fn pruned_on_disk(&mut self, host: &str) {
        if let Some(&index) = self.by_name.get(host)
            && let Some(known) = &mut self.hosts[index]
        {
            known.on_disk = known.on_disk.saturating_sub(1);
            self.on_disk = self.on_disk.saturating_sub(1);
            self.settle(index);
        }
    }

    /// Takes the URLs out of memory that `goes` names; sitemaps and robots.txt stay.
    pub fn prune(&mut self, goes: impl Fn(&Entry) -> bool) -> Vec<Box<Entry>> {
        let mut gone = Vec::new();
        for index in 0..self.hosts.len() {
            let Some(host) = &mut self.hosts[index] else { continue };
            let mut kept = VecDeque::with_capacity(host.queue.len());
            for entry in host.queue.drain(..) {
                if entry.errand == Errand::Page && goes(&entry) {
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
    pub fn hold_refills(&mut self, held: bool) {
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
        if !host.has_work() {
            contend(host, false, &mut self.contenders);
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
            if let Some(host) = self.hosts[index].take() {
                self.by_name.remove(&host.name);
                if host.listed {
                    self.ready.retain(|&i| i != index);
                    self.doomed.retain(|&i| i != index);
                }
                self.vacant.push(index);
            }
        }
    }

    fn wake_rested(&mut self, now: Instant) {
        while let Some(&Reverse((due, index))) = self.resting.peek() {
            if due > now {
                break;
            }
            self.resting.pop();
            if let Some(Some(host)) = self.hosts.get_mut(index)
                && host.wakes.is_some_and(|noted| noted <= due)
            {
                host.wakes = None;
            }
            self.list(index);
        }
    }

    /// Chooses the next URL and reserves its host's slot.
    pub fn take(&mut self, now: Instant) -> Taken {
        self.wake_rested(now);
        self.forget(now);
        if let Some(taken) = self.take_doomed() {
            return taken;
        }
        while let Some(index) = self.ready.pop_front() {
            let Some(host) = &mut self.hosts[index] else { continue };
            host.listed = false;
            if host.doom.is_some() {
                self.list(index);
                if let Some(taken) = self.take_doomed() {
                    return taken;
                }
                continue;
            }
            if let Some((_, until)) = host.waits(&self.pace, now) {
                // Listed again by whatever ends it: its time, or `started`, `ended`, a command.
                // An earlier look will note the later time.
                if let Some(due) = until
                    && host.wakes.is_none_or(|noted| noted > due)
                {
                    host.wakes = Some(due);
                    self.resting.push(Reverse((due, index)));
                }
                let could = until.is_none() && !host.rule.held;
                contend(host, could, &mut self.contenders);
                continue;
            }
            if let Some(taken) = self.take_of(index, now) {
                return taken;
            }
        }
        if self.len == 0 && self.on_disk == 0 {
            Taken::Empty
        } else {
            Taken::Throttled(self.resting.peek().map(|Reverse((due, _))| *due))
        }
    }

    /// The next URL of a host that may be asked; `None` when it has none to give now.
    fn take_of(&mut self, index: usize, now: Instant) -> Option<Taken> {
        let share = self.share(index, now);
        let full = self.len >= WINDOW;
        let host = self.hosts[index].as_mut()?;
        if host.active >= share {
            return None;
        }
        let low = if full { 0 } else { HOST_WINDOW / 2 };
        let refills = host.on_disk > 0 && host.queue.len() <= low && !host.refill_waits;
        if refills && self.refills_held {
            self.starve(index);
        } else if refills {
            let room = if full { HOST_LEAST } else { HOST_WINDOW - host.queue.len() };
            let (name, after) = (Arc::clone(&host.name), host.cursor);
            // It stays in the rotation.
            self.list(index);
            return Some(Taken::Refill {
                host: name,
                after,
                limit: room.min(HOST_WINDOW / 2) as u32,
            });
        }
        let host = self.hosts[index].as_mut()?;
        let head = host.queue.front()?;
        let fresh = head.attempts == 0 && head.chain.is_none();
        if fresh && host.retrying >= MOST_RETRIES_PER_HOST {
            return None;
        }
        let https = is_https(head.target());
        // A robots.txt, and what its redirects lead to, is asked for without one.
        let obeys = self.pace.robots && !matches!(head.errand, Errand::Robots { .. });
        let mut robots = None;
        if obeys {
            match &host.robots[usize::from(https)] {
                RobotsSlot::Known(fate, until) if *until > now => robots = Some(Arc::clone(fate)),
                RobotsSlot::Asking(_) => return None,
                RobotsSlot::Denied(_, doom) => {
                    let doom = doom.clone();
                    return Some(self.deny(index, https, &doom));
                }
                _ => {
                    let slot = &mut host.robots[usize::from(https)];
                    let tries = match slot {
                        RobotsSlot::Unreachable(_, _, tries) => *tries,
                        _ => 0,
                    };
                    *slot = RobotsSlot::Asking(tries);
                    let entry = robots_entry(&host.name, https)?;
                    return Some(self.hand_out(index, Box::new(entry), now));
                }
            }
        }
        let mut entry = host.queue.pop_front()?;
        self.len -= 1;
        entry.robots = robots;
        Some(self.hand_out(index, entry, now))
    }

    /// Ends the first URLs of a host's queue, those that would need the robots.txt that cannot be
    /// had.
    fn deny(&mut self, index: usize, https: bool, doom: &Doom) -> Taken {
        let mut gone = Vec::new();
        if let Some(host) = &mut self.hosts[index] {
            while gone.len() < DOOMED_AT_ONCE
                && let Some(entry) = host.queue.pop_front_if(|entry| {
                    is_https(entry.target()) == https
                        && !matches!(entry.errand, Errand::Robots { .. })
                })
            {
                self.len -= 1;
                gone.push((entry, doom.clone()));
            }
        }
        self.list(index);
        self.settle(index);
        Taken::Doomed(gone)
    }

    fn hand_out(&mut self, index: usize, entry: Box<Entry>, now: Instant) -> Taken {
        let mut entry = entry;
        if let Some(host) = &mut self.hosts[index] {
            entry.gap = host.gap(&self.pace).0;
            host.active += 1;
            host.unstarted += 1;
            if host.breaker.state(now) == BreakerState::HalfOpen {
                host.breaker.probe();
            }
        }
        self.list(index);
        Taken::Entry(entry)
    }

    /// How many URLs of a host may be on their way. Alone it may have all; among others it has its
    /// share of queue and workers, and when it is slower than they are, has not answered yet, or
    /// has fallen silent, its share of the permits: what takes long must not hold what others could use.
    fn share(&self, index: usize, now: Instant) -> u32 {
        let (pipeline, permits) = self.room;
        if self.contenders <= 1 || pipeline == u32::MAX {
            return u32::MAX;
        }
        let Some(host) = &self.hosts[index] else { return u32::MAX };
        let unheard = host.unheard(now).map_or(0.0, |time| time.as_secs_f32() * 1000.0);
        let slow = match (host.stats.mean_ms(), self.mean_ms) {
            (Some(own), Some(all)) => own.max(unheard) > SLOWER * all.max(1.0),
            _ => true,
        };
        let shared = if slow { permits } else { pipeline };
        shared.div_ceil(self.contenders).max(1)
    }

    fn take_doomed(&mut self) -> Option<Taken> {
        let mut gone = Vec::new();
        while let Some(index) = self.doomed.pop() {
            let Some(host) = &mut self.hosts[index] else { continue };
            host.listed = false;
            let Some(doom) = host.doom.clone() else {
                self.list(index);
                continue;
            };
            let held = self.refills_held;
            while gone.len() < DOOMED_AT_ONCE
                && let Some(entry) = host.queue.pop_front()
            {
                self.len -= 1;
                gone.push((entry, doom.clone()));
            }
            if gone.len() >= DOOMED_AT_ONCE {
                self.list(index);
                return Some(Taken::Doomed(gone));
            }
            if host.on_disk > 0 && !host.refill_waits && held {
                self.starve(index);
            } else if host.on_disk > 0 && !host.refill_waits {
                let (name, after) = (Arc::clone(&host.name), host.cursor);
                self.list(index);
                if gone.is_empty() {
                    let limit = (HOST_WINDOW / 2) as u32;
                    return Some(Taken::Refill { host: name, after, limit });
                }
                return Some(Taken::Doomed(gone));
            }
            self.settle(index);
        }
        (!gone.is_empty()).then_some(Taken::Doomed(gone))
    }

    /// Whether a URL that was taken may still be asked; see [`Host::may_start`].
    #[must_use]
    pub fn may_start(&self, url: &str, now: Instant) -> bool {
        let Some(&index) = self.by_name.get(host_of(url)) else { return true };
        let Some(host) = &self.hosts[index] else { return true };
        // It may have fallen silent since: its URLs in the queue shall not take all permits.
        host.may_start(&self.pace, now) && host.in_flight() < self.share(index, now)
    }

    /// The request for a URL taken has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        let Some(&index) = self.by_name.get(host_of(url)) else { return };
        let Some(host) = &mut self.hosts[index] else { return };
        host.started(&self.pace, now);
        self.list(index);
    }

    /// The request for a URL taken, which started at `began`, has ended; `None`: it never began, or
    /// was given up by us.
    pub fn ended(
        &mut self,
        url: &str,
        began: Option<Instant>,
        outcome: Option<Outcome>,
        now: Instant,
    ) -> After {
        let nothing = After { counts: true, opened: None, closed: false };
        let Some(&index) = self.by_name.get(host_of(url)) else { return nothing };
        let Some(host) = &mut self.hosts[index] else { return nothing };
        let mut after = nothing;
        if let (Some(outcome), Some(began)) = (outcome, began) {
            after = host.ended(outcome, began, &self.pace, now, fastrand::f64());
            let (Outcome::Answered { took, .. } | Outcome::Unanswered { took }) = outcome;
            let ms = took.as_secs_f32() * 1000.0;
            if matches!(outcome, Outcome::Answered { .. }) {
                self.mean_ms = Some(self.mean_ms.map_or(ms, |mean| mean + NEWEST * (ms - mean)));
            }
        }
        host.active = host.active.saturating_sub(1);
        if began.is_none() {
            host.unstarted = host.unstarted.saturating_sub(1);
        }
        if after.opened.is_some() {
            self.consider_giving_up(index, now);
        }
        self.list(index);
        self.settle(index);
        after
    }

    /// A host that stays down is given up: one that never answered after some probes, another when
    /// its time is over. Not while everything is down: then it is rather we who are cut off.
    fn consider_giving_up(&mut self, index: usize, now: Instant) {
        if self.everything_is_down(now) {
            return;
        }
        let Some(host) = &mut self.hosts[index] else { return };
        let breaker = &host.breaker;
        let Some(since) = breaker.down_since() else { return };
        let down_for = now.duration_since(since);
        let never = !host.answered && breaker.probes_failed() >= self.pace.attempts;
        if !never && (!host.answered || down_for < self.pace.give_up) {
            return;
        }
        let reason = if host.answered {
            format!("host down for {}, given up", seconds(down_for.as_secs()))
        } else {
            "host never answered, given up".to_owned()
        };
        host.doom = Some(Doom { state: RowState::Failed, reason: reason.into(), by_user: false });
    }

    /// Whether all hosts with URLs to fetch are down, and at least one of them was up before.
    #[must_use]
    pub fn everything_is_down(&self, now: Instant) -> bool {
        let mut was_up = false;
        for host in self.hosts.iter().flatten() {
            if !(host.has_work() || host.retrying > 0 || host.active > 0) || host.rule.held {
                continue;
            }
            let down = host.breaker.state(now) != BreakerState::Closed
                || (host.silent
                    && host.robots.iter().any(|slot| matches!(slot, RobotsSlot::Unreachable(..))));
            if !down {
                return false;
            }
            was_up |= host.answered;
        }
        was_up
    }

    /// What came of asking for a robots.txt.
    pub fn robots(&mut self, name: &str, https: bool, fate: Arc<Fate>, now: Instant) {
        let Some(&index) = self.by_name.get(name) else { return };
        let pace = &self.pace;
        let cut_off = fate.asks_again() && self.everything_is_down(now);
        let Some(host) = &mut self.hosts[index] else { return };
        if !fate.asks_again() {
            let slot = RobotsSlot::Known(fate, now + ROBOTS_EXPIRE);
            host.robots_known(https, slot, pace, now);
            self.list(index);
            return;
        }
        let tries = match host.robots[usize::from(https)] {
            RobotsSlot::Asking(tries) => tries + 1,
            _ => 1,
        };
        if tries >= pace.attempts && !cut_off {
            let why = match &*fate {
                Fate::Shut(why) => why.as_str(),
                _ => "",
            };
            // No answer at all is the host's failure; an answer is its wish to be left alone.
            let doom = if fate.was_answered() {
                let reason = format!("robots.txt unreachable: {why}").into();
                Doom { state: RowState::Skipped, reason, by_user: false }
            } else {
                let reason = format!("{why} (asked for robots.txt)").into();
                Doom { state: RowState::Failed, reason, by_user: false }
            };
            host.robots_known(https, RobotsSlot::Denied(fate, doom), pace, now);
            self.list(index);
            return;
        }
        let rest = super::breaker::doubled(
            pace.breaker.rest.min(std::time::Duration::from_secs(1)),
            tries - 1,
            pace.breaker.longest_rest,
            fastrand::f64(),
        );
        let slot = RobotsSlot::Unreachable(fate, now + rest, tries);
        host.robots_known(https, slot, pace, now);
        self.list(index);
    }

    /// What a host's robots.txt says, if that is known.
    #[must_use]
    pub fn robots_of(&self, host: &str, https: bool) -> Option<Arc<Fate>> {
        let host = self.hosts[*self.by_name.get(host)?].as_ref()?;
        match &host.robots[usize::from(https)] {
            RobotsSlot::Known(fate, _) => Some(Arc::clone(fate)),
            _ => None,
        }
    }

    /// Nothing of the host of `url` may be asked: all of it is skipped.
    pub fn refuse(&mut self, url: &str, reason: &str) {
        let Some(&index) = self.by_name.get(host_of(url)) else { return };
        if let Some(host) = &mut self.hosts[index] {
            host.doom =
                Some(Doom { state: RowState::Skipped, reason: reason.into(), by_user: false });
            for slot in &mut host.robots {
                if matches!(slot, RobotsSlot::Asking(_)) {
                    *slot = RobotsSlot::Unknown;
                }
            }
        }
        self.relist(index);
    }

    /// Changes what the user said about a host; returns it as it was.
    pub fn rule(&mut self, name: &str, change: impl FnOnce(&mut HostRule)) -> HostRule {
        let index = self.by_name.get(name).copied();
        let known = index.and_then(|index| self.hosts[index].as_mut());
        let before = self.rules.get(name).cloned().unwrap_or_default();
        let mut rule = before.clone();
        change(&mut rule);
        if let Some(host) = known {
            if rule.skipped {
                host.doom = Some(skipped_by_user(name));
            } else if before.skipped {
                host.doom = None;
            }
            host.rule = rule.clone();
        }
        if rule.is_empty() {
            self.rules.remove(name);
        } else {
            self.rules.insert(name.into(), rule);
        }
        if let Some(index) = index {
            self.relist(index);
        }
        before
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

    /// Closes a host's breaker and ends its rest; false when it is not known.
    pub fn reset(&mut self, name: &str) -> bool {
        let Some(&index) = self.by_name.get(name) else { return false };
        if let Some(host) = &mut self.hosts[index] {
            host.reset();
            if host.rule.skipped {
                host.doom = Some(skipped_by_user(name));
            }
        }
        self.relist(index);
        true
    }

    /// Whether all of a host ends unfetched, and why.
    #[must_use]
    pub fn doom_of(&self, url: &str) -> Option<Doom> {
        self.find(url)?.doom.clone()
    }

    /// How often a host was found to be down.
    #[must_use]
    pub fn incidents(&self, host: &str) -> u32 {
        let index = self.by_name.get(host);
        let host = index.and_then(|index| self.hosts[*index].as_ref());
        host.map_or(0, |host| host.breaker.incidents())
    }

    /// All that the user said about single hosts.
    #[must_use]
    pub const fn rules(&self) -> &HashMap<Arc<str>, HostRule> {
        &self.rules
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

fn skipped_by_user(host: &str) -> Doom {
    Doom { state: RowState::Skipped, reason: skipped_host_reason(host).into(), by_user: true }
}

fn seconds(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

fn robots_entry(host: &str, https: bool) -> Option<Entry> {
    let scheme = if https { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{host}/robots.txt")).ok()?;
    let hash = UrlHash::of(&url);
    Some(Entry::aside(url.as_str().into(), hash, Errand::Robots { https }))
}
