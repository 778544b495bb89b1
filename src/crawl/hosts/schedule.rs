//! The choice of the next URL, and the reservation of its host's slot.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::limits::{
    MAX_CONNECTED_HOSTS, MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, MAX_RETRIES_PER_HOST,
    MIN_IN_MEMORY_PER_HOST,
};
use crate::crawl::hosts::queues::HostQueues;
use crate::crawl::hosts::robots_slot::RobotsSlot;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::crawl::protocol::host_view::BreakerState;
use crate::model::ids::PageId;
use crate::model::url_identity::UrlHash;

/// What [`HostQueues::take`] found.
#[derive(Debug)]
pub enum Taken {
    /// This URL may go; its host's slot is reserved.
    UrlTask(Box<UrlTask>),
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
    Abandoned(Vec<(Box<UrlTask>, GiveUp)>),
    /// URLs wait, but every host with one is at its limit or gap; the next gap ends then.
    Throttled(Option<Instant>),
    /// Nothing waits.
    Empty,
}

impl HostQueues {
    /// Chooses the next URL and reserves its host's slot.
    pub fn take(&mut self, now: Instant) -> Taken {
        self.list_waiting(now);
        self.end_draining(now);
        self.forget_idle(now);
        if let Some(taken) = self.take_abandoned() {
            return taken;
        }
        while let Some(index) = self.ready.pop_front() {
            let Some(host) = &mut self.hosts[index] else { continue };
            host.listed = false;
            if host.give_up.is_some() {
                self.list(index);
                if let Some(taken) = self.take_abandoned() {
                    return taken;
                }
                continue;
            }
            if let Some((_, until)) = host.waits(&self.pace, now) {
                // Listed again by whatever ends it: its time, or `started`, `ended`, a command.
                // An earlier look will note the later time.
                if let Some(due) = until
                    && host.wakes_at.is_none_or(|noted| noted > due)
                {
                    host.wakes_at = Some(due);
                    self.waiting.push(Reverse((due, index)));
                }
                let could = until.is_none() && !host.rule.held;
                self.set_active(index, could);
                continue;
            }
            if let Some(taken) = self.take_from(index, now) {
                return taken;
            }
        }
        if self.len == 0 && self.on_disk == 0 {
            Taken::Empty
        } else {
            let waiting = self.waiting.peek().map(|Reverse((due, _))| *due);
            // Hosts at their share may have more only then.
            let drained =
                self.draining.front().filter(|_| !self.at_share.is_empty()).map(|(due, _)| *due);
            Taken::Throttled(waiting.into_iter().chain(drained).min())
        }
    }

    /// Hosts whose gap or cooldown is over stand in the rotation again.
    fn list_waiting(&mut self, now: Instant) {
        while let Some(&Reverse((due, index))) = self.waiting.peek() {
            if due > now {
                break;
            }
            self.waiting.pop();
            if let Some(Some(host)) = self.hosts.get_mut(index)
                && host.wakes_at.is_some_and(|noted| noted <= due)
            {
                host.wakes_at = None;
            }
            self.list(index);
        }
    }

    /// The next URL of a host that may be requested; `None` when it has none to give now.
    fn take_from(&mut self, index: usize, now: Instant) -> Option<Taken> {
        let share = self.share(index, now);
        let host = self.hosts[index].as_mut()?;
        if host.handed_out >= share {
            if !std::mem::replace(&mut host.at_share, true) {
                self.at_share.push(index);
            }
            return None;
        }
        if let Some(refill) = self.refill_of(index) {
            return Some(refill);
        }
        let host = self.hosts[index].as_mut()?;
        let head = host.queue.front()?;
        let fresh = head.attempts == 0 && head.chain.is_none();
        if fresh && host.retrying >= MAX_RETRIES_PER_HOST {
            return None;
        }
        let https = is_https(head.target());
        // A robots.txt, and what its redirects lead to, is requested without one.
        let obeys = self.pace.robots && !matches!(head.purpose, FetchPurpose::Robots { .. });
        let mut robots = None;
        if obeys {
            match host.robots.slot(https) {
                RobotsSlot::Known(policy, until) if *until > now => {
                    robots = Some(Arc::clone(policy));
                }
                RobotsSlot::Fetching(_) => return None,
                RobotsSlot::Denied(_, give_up) => {
                    let give_up = give_up.clone();
                    return Some(self.abandon_scheme(index, https, &give_up));
                }
                _ => {
                    host.robots.begin_fetch(https);
                    let task = robots_task(&host.name, https)?;
                    return Some(self.hand_out(index, Box::new(task), now));
                }
            }
        }
        let mut task = host.queue.pop_front()?;
        self.len -= 1;
        task.robots = robots;
        Some(self.hand_out(index, task, now))
    }

    /// What is to be read from disk of a host whose turn it is, before its next URL.
    fn refill_of(&mut self, index: usize) -> Option<Taken> {
        let full = self.len >= MAX_IN_MEMORY;
        let host = self.hosts[index].as_mut()?;
        let low = if full { 0 } else { MAX_IN_MEMORY_PER_HOST / 2 };
        if host.on_disk == 0 || host.queue.len() > low || host.awaits_commit {
            return None;
        }
        if self.refills_paused {
            self.await_commit(index);
            return None;
        }
        let room =
            if full { MIN_IN_MEMORY_PER_HOST } else { MAX_IN_MEMORY_PER_HOST - host.queue.len() };
        let (name, after) = (Arc::clone(&host.name), host.cursor);
        // It is still its turn, once its URLs are there.
        host.listed = true;
        self.ready.push_front(index);
        let limit = room.min(MAX_IN_MEMORY_PER_HOST / 2) as u32;
        Some(Taken::Refill { host: name, after, limit })
    }

    fn hand_out(&mut self, index: usize, mut task: Box<UrlTask>, now: Instant) -> Taken {
        let many = self.active_hosts > MAX_CONNECTED_HOSTS;
        let several = self.by_name.len() > MAX_CONNECTED_HOSTS as usize;
        if let Some(host) = &mut self.hosts[index] {
            task.gap = host.gap(&self.pace).0;
            // After a robots.txt a page follows at once.
            task.closes_connection = task.purpose == FetchPurpose::Page
                && (many || several && host.queue.is_empty() && host.on_disk == 0);
            host.handed_out += 1;
            host.unstarted += 1;
            if host.breaker.state(now) == BreakerState::HalfOpen {
                host.breaker.probe();
            }
        }
        self.list(index);
        Taken::UrlTask(task)
    }

    /// Nothing came from disk for a host whose turn it is: another host's turn comes first.
    pub fn not_refilled(&mut self, host: &str) {
        // Hosts whose robots.txt came meanwhile stand before it.
        let is_it = |listed: &usize| {
            self.hosts[*listed].as_ref().is_some_and(|listed| *listed.name == *host)
        };
        if let Some(index) = self.ready.iter().position(is_it).and_then(|at| self.ready.remove(at))
        {
            self.ready.push_back(index);
        }
    }
}

/// Whether a URL is requested by https: then by the robots.txt for that.
pub(super) fn is_https(url: &str) -> bool {
    url.starts_with("https:")
}

fn robots_task(host: &str, https: bool) -> Option<UrlTask> {
    let scheme = if https { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{host}/robots.txt")).ok()?;
    let hash = UrlHash::of(&url);
    Some(UrlTask::auxiliary(url.as_str().into(), hash, FetchPurpose::Robots { https }))
}
