//! The window: the bounded part of the frontier that is in memory, by host, and the choice of
//! the next URL.
//!
//! Hosts take turns. "May this host be asked now?" and "reserve the slot" are one step
//! ([`Window::take`]): a host with a limit or a gap has at most that many URLs between here and
//! the end of their requests, and its next slot opens one gap after the last actual start.
//! A host that rests with nothing to do is forgotten.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::PageId;
use crate::web::url::UrlHash;

/// A URL on its way through the pipeline.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id in the database.
    pub id: PageId,
    /// URL as found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub hash: UrlHash,
    /// Links from a seed.
    pub depth: u32,
    /// Requests made for it in this run: a resumed crawl gives a URL all its attempts again,
    /// for the answer to the last one may be what was lost.
    pub attempts: u32,
    /// Requests made for it in earlier runs.
    pub earlier: u32,
    /// The page on which it was first found.
    pub found_on: Option<PageId>,
    /// That page's URL, where it is still known.
    pub found_on_url: Option<Arc<str>>,
}

/// Politeness towards one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// Requests in flight at most.
    pub per_host: Option<u32>,
    /// Gap between two starts.
    pub delay: Duration,
}

impl Pace {
    /// Whether hosts are bound at all.
    #[must_use]
    pub const fn binds(&self) -> bool {
        self.per_host.is_some() || !self.delay.is_zero()
    }
}

/// What [`Window::take`] found.
#[derive(Debug)]
pub enum Taken {
    /// This URL may go; its host's slot is reserved.
    Entry(Entry),
    /// URLs wait, but every host with one is at its limit or gap; the next gap ends then.
    Throttled(Option<Instant>),
    /// Nothing waits.
    Empty,
}

#[derive(Debug)]
struct Host {
    name: Arc<str>,
    queue: VecDeque<Entry>,
    /// URLs between `take` and `finished`.
    active: u32,
    /// URLs between `take` and `started`.
    unstarted: u32,
    not_before: Option<Instant>,
    /// Whether it stands in `ready`.
    listed: bool,
}

/// The window. See the module's page.
#[derive(Debug)]
pub struct Window {
    pace: Pace,
    hosts: Vec<Option<Host>>,
    vacant: Vec<usize>,
    by_name: HashMap<Arc<str>, usize>,
    ready: VecDeque<usize>,
    resting: BinaryHeap<Reverse<(Instant, usize)>>,
    len: usize,
}

/// Host with port, as it stands in a serialised URL: `127.0.0.1:8700`.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

impl Window {
    /// An empty window.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            hosts: Vec::new(),
            vacant: Vec::new(),
            by_name: HashMap::new(),
            ready: VecDeque::new(),
            resting: BinaryHeap::new(),
            len: 0,
        }
    }

    /// URLs in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Hosts it knows now.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.by_name.len()
    }

    fn index_of(&mut self, url: &str) -> usize {
        let name = host_of(url);
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        let name: Arc<str> = name.into();
        let host = Host {
            name: Arc::clone(&name),
            queue: VecDeque::new(),
            active: 0,
            unstarted: 0,
            not_before: None,
            listed: false,
        };
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

    /// Adds a URL; `first` puts it before the others of its host (a retry whose time has come).
    pub fn push(&mut self, entry: Entry, first: bool) {
        let index = self.index_of(&entry.url);
        if let Some(host) = &mut self.hosts[index] {
            if first {
                host.queue.push_front(entry);
            } else {
                host.queue.push_back(entry);
            }
            self.len += 1;
        }
        self.list(index);
    }

    fn list(&mut self, index: usize) {
        if let Some(Some(host)) = self.hosts.get_mut(index)
            && !host.listed
            && !host.queue.is_empty()
        {
            host.listed = true;
            self.ready.push_back(index);
        }
    }

    fn forget_if_idle(&mut self, index: usize, now: Instant) {
        let idle = self.hosts[index].as_ref().is_some_and(|h| {
            h.queue.is_empty() && h.active == 0 && h.not_before.is_none_or(|t| t <= now)
        });
        if idle && let Some(host) = self.hosts[index].take() {
            self.by_name.remove(&host.name);
            if host.listed {
                self.ready.retain(|&i| i != index);
            }
            self.vacant.push(index);
        }
    }

    fn wake_rested(&mut self, now: Instant) {
        while let Some(&Reverse((due, index))) = self.resting.peek() {
            if due > now {
                break;
            }
            self.resting.pop();
            self.list(index);
            if self.hosts[index].is_some() {
                self.forget_if_idle(index, now);
            }
        }
    }

    /// Chooses the next URL and reserves its host's slot.
    pub fn take(&mut self, now: Instant) -> Taken {
        self.wake_rested(now);
        while let Some(index) = self.ready.pop_front() {
            let Some(host) = &mut self.hosts[index] else { continue };
            host.listed = false;
            let full = self.pace.per_host.is_some_and(|limit| host.active >= limit);
            let gap = !self.pace.delay.is_zero();
            // Listed again by `finished` or `started`.
            if full || (gap && host.unstarted > 0) {
                continue;
            }
            if let Some(due) = host.not_before.filter(|due| *due > now) {
                self.resting.push(Reverse((due, index)));
                continue;
            }
            let Some(entry) = host.queue.pop_front() else { continue };
            host.active += 1;
            host.unstarted += 1;
            self.len -= 1;
            self.list(index);
            return Taken::Entry(entry);
        }
        if self.len == 0 {
            Taken::Empty
        } else {
            Taken::Throttled(self.resting.peek().map(|Reverse((due, _))| *due))
        }
    }

    /// The request for a URL taken has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        let Some(&index) = self.by_name.get(host_of(url)) else { return };
        let Some(host) = &mut self.hosts[index] else { return };
        host.unstarted = host.unstarted.saturating_sub(1);
        if !self.pace.delay.is_zero() {
            let due = now + self.pace.delay;
            host.not_before = Some(due);
            self.resting.push(Reverse((due, index)));
        }
        self.list(index);
    }

    /// The request for a URL taken has ended; `started` tells whether it ever began.
    pub fn finished(&mut self, url: &str, started: bool, now: Instant) {
        let Some(&index) = self.by_name.get(host_of(url)) else { return };
        if let Some(host) = &mut self.hosts[index] {
            host.active = host.active.saturating_sub(1);
            if !started {
                host.unstarted = host.unstarted.saturating_sub(1);
            }
        }
        self.list(index);
        self.forget_if_idle(index, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: PageId, url: &str) -> Entry {
        Entry {
            id,
            url: url.into(),
            hash: UrlHash([0; 16]),
            depth: 0,
            attempts: 0,
            earlier: 0,
            found_on: None,
            found_on_url: None,
        }
    }

    fn ids(window: &mut Window, now: Instant) -> Vec<PageId> {
        std::iter::from_fn(|| match window.take(now) {
            Taken::Entry(e) => Some(e.id),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn host_is_the_authority_without_credentials() {
        assert_eq!(host_of("http://user:pw@a.example:81/x?y"), "a.example:81");
        assert_eq!(host_of("https://[::1]:8/"), "[::1]:8");
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_take_turns_and_idle_ones_are_forgotten() {
        let mut window = Window::new(Pace::default());
        for (id, url) in
            [(1, "http://a/1"), (2, "http://a/2"), (3, "http://a/3"), (4, "http://b/1")]
        {
            window.push(entry(id, url), false);
        }
        let now = Instant::now();
        assert_eq!(ids(&mut window, now), [1, 4, 2, 3]);
        assert!(matches!(window.take(now), Taken::Empty));
        for url in ["http://a/1", "http://a/2", "http://a/3", "http://b/1"] {
            window.started(url, now);
            window.finished(url, true, now);
        }
        assert_eq!(window.hosts(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_per_host_holds_until_the_end_of_a_request() {
        let mut window = Window::new(Pace { per_host: Some(1), delay: Duration::ZERO });
        window.push(entry(1, "http://a/1"), false);
        window.push(entry(2, "http://a/2"), false);
        let now = Instant::now();
        assert_eq!(ids(&mut window, now), [1]);
        assert!(matches!(window.take(now), Taken::Throttled(None)));
        window.started("http://a/1", now);
        assert!(matches!(window.take(now), Taken::Throttled(None)));
        window.finished("http://a/1", true, now);
        assert_eq!(ids(&mut window, now), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_runs_from_the_actual_start() {
        let pace = Pace { per_host: None, delay: Duration::from_secs(2) };
        let mut window = Window::new(pace);
        for id in 1..=3 {
            window.push(entry(id, "http://a/"), false);
        }
        assert_eq!(ids(&mut window, Instant::now()), [1]);
        // Handed out, but not started: no clock runs, nothing else goes out.
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(matches!(window.take(Instant::now()), Taken::Throttled(None)));
        let start = Instant::now();
        window.started("http://a/", start);
        let Taken::Throttled(Some(due)) = window.take(Instant::now()) else { panic!("throttled") };
        assert_eq!(due, start + pace.delay);
        tokio::time::advance(pace.delay).await;
        assert_eq!(ids(&mut window, Instant::now()), [2]);
        window.finished("http://a/", false, Instant::now());
        assert_eq!(ids(&mut window, Instant::now()), [3]);
    }
}
