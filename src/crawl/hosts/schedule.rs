//! Whose turn it is: the choice of the next URL, its host's slot, and what follows from requests.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::host::{MOST_RETRIES_PER_HOST, Outcome, OutcomeEffect, RobotsSlot};
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::crawl::hosts::{
    HostQueues, MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, MIN_IN_MEMORY_PER_HOST, contend, host_of,
};
use crate::crawl::protocol::host_view::BreakerState;
use crate::model::ids::PageId;
use crate::model::url_identity::UrlHash;

/// A host whose requests take this many times the mean is slower than the others.
const SLOWER: f32 = 2.0;
/// A host among others may have one more URL on its way for so many answers that it has given.
const PROOF: u32 = 8;
/// Weight of the newest request in the mean over all hosts.
const NEWEST: f32 = 0.02;
/// URLs of doomed hosts handed out at a time.
const DOOMED_AT_ONCE: usize = 500;

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
        self.let_leave(now);
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
            let rested = self.resting.peek().map(|Reverse((due, _))| *due);
            // Only then may those who have had their share have more.
            let left =
                self.leaving.front().filter(|_| !self.served.is_empty()).map(|(due, _)| *due);
            Taken::Throttled(rested.into_iter().chain(left).min())
        }
    }

    /// The next URL of a host that may be asked; `None` when it has none to give now.
    fn take_of(&mut self, index: usize, now: Instant) -> Option<Taken> {
        let share = self.share(index, now);
        let full = self.len >= MAX_IN_MEMORY;
        let host = self.hosts[index].as_mut()?;
        if host.active >= share {
            if !std::mem::replace(&mut host.served, true) {
                self.served.push(index);
            }
            return None;
        }
        let low = if full { 0 } else { MAX_IN_MEMORY_PER_HOST / 2 };
        let refills = host.on_disk > 0 && host.queue.len() <= low && !host.refill_waits;
        if refills && self.refills_held {
            self.starve(index);
        } else if refills {
            let room = if full {
                MIN_IN_MEMORY_PER_HOST
            } else {
                MAX_IN_MEMORY_PER_HOST - host.queue.len()
            };
            let (name, after) = (Arc::clone(&host.name), host.cursor);
            // It is still its turn, once its URLs are there.
            host.listed = true;
            self.ready.push_front(index);
            return Some(Taken::Refill {
                host: name,
                after,
                limit: room.min(MAX_IN_MEMORY_PER_HOST / 2) as u32,
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
        let obeys = self.pace.robots && !matches!(head.purpose, FetchPurpose::Robots { .. });
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

    /// Nothing came from disk for a host whose turn it is: it is another one's.
    pub fn not_refilled(&mut self, host: &str) {
        if let Some(index) = self.ready.pop_front_if(|first| {
            self.hosts[*first].as_ref().is_some_and(|first| *first.name == *host)
        }) {
            self.ready.push_back(index);
        }
    }

    /// Ends the first URLs of a host's queue, those that would need the robots.txt that cannot be
    /// had.
    fn deny(&mut self, index: usize, https: bool, doom: &GiveUp) -> Taken {
        let mut gone = Vec::new();
        if let Some(host) = &mut self.hosts[index] {
            while gone.len() < DOOMED_AT_ONCE
                && let Some(entry) = host.queue.pop_front_if(|entry| {
                    is_https(entry.target()) == https
                        && !matches!(entry.purpose, FetchPurpose::Robots { .. })
                })
            {
                self.len -= 1;
                gone.push((entry, doom.clone()));
            }
        }
        self.list(index);
        self.settle(index);
        Taken::Abandoned(gone)
    }

    fn hand_out(&mut self, index: usize, entry: Box<UrlTask>, now: Instant) -> Taken {
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
        Taken::UrlTask(entry)
    }

    /// How many URLs of a host may be on their way. Alone it may have all; among others it has its
    /// share of the permits, and as it answers, more and more, up to its share of queue and
    /// workers. When it is slower than they are or has fallen silent, it falls back to its share of
    /// the permits: what takes long must not hold what others could use.
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
        let least = permits.div_ceil(self.contenders).max(1);
        if slow {
            return least;
        }
        pipeline.div_ceil(self.contenders).clamp(least, least.max(host.answers / PROOF))
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
                return Some(Taken::Abandoned(gone));
            }
            if host.on_disk > 0 && !host.refill_waits && held {
                self.starve(index);
            } else if host.on_disk > 0 && !host.refill_waits {
                let (name, after) = (Arc::clone(&host.name), host.cursor);
                self.list(index);
                if gone.is_empty() {
                    let limit = (MAX_IN_MEMORY_PER_HOST / 2) as u32;
                    return Some(Taken::Refill { host: name, after, limit });
                }
                return Some(Taken::Abandoned(gone));
            }
            self.settle(index);
        }
        (!gone.is_empty()).then_some(Taken::Abandoned(gone))
    }

    /// Whether a URL that was taken may still be asked; see [`Host::may_start`](crate::crawl::hosts::host::Host::may_start).
    #[must_use]
    pub fn may_start(&self, url: &str, now: Instant) -> bool {
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return true };
        let Some(host) = &self.hosts[index] else { return true };
        // It may have fallen silent since: its URLs in the queue shall not take all permits.
        host.may_start(&self.pace, now) && host.in_flight() < self.share(index, now)
    }

    /// The request for a URL taken has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return };
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
    ) -> OutcomeEffect {
        let nothing = OutcomeEffect { counts: true, opened: None, closed: false, refused: false };
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return nothing };
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
        if after.opened.is_some() || after.refused {
            self.consider_giving_up(index, now);
        }
        self.list(index);
        self.settle(index);
        after
    }
}

fn is_https(url: &str) -> bool {
    url.starts_with("https:")
}

fn robots_entry(host: &str, https: bool) -> Option<UrlTask> {
    let scheme = if https { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{host}/robots.txt")).ok()?;
    let hash = UrlHash::of(&url);
    Some(UrlTask::auxiliary(url.as_str().into(), hash, FetchPurpose::Robots { https }))
}
