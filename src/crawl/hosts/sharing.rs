//! Fair sharing of permits and queue among the active hosts.

use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::queues::HostQueues;

/// A host without URLs still counts as active for this time: its last page may bring more, and a
/// share that slow hosts took over could not be taken back.
const IDLE_GRACE: Duration = Duration::from_millis(250);
/// A host whose requests take this many times the mean is slower than the others.
const SLOWER: f32 = 2.0;
/// A host among others may have one more URL on its way for this many answers that it has given.
const ANSWERS_PER_URL: u32 = 8;

impl HostQueues {
    /// How many URLs can be on their way at once, in queue and workers (`pipeline`), and how many
    /// permits there are: both are shared out among the hosts.
    pub const fn set_capacity(&mut self, pipeline: u32, permits: u32) {
        self.pipeline_capacity = pipeline;
        self.permits = permits;
    }

    /// What the autopilot adds to the limits of hosts: the most requests in flight to each, and whether a
    /// rate answers 429 without `Retry-After`.
    pub const fn set_automatic(&mut self, limit: Option<u32>, rate_dial: bool) {
        self.pace.automatic_limit = limit;
        self.rate_dial = rate_dial;
    }

    /// How many hosts share permits and queue.
    #[must_use]
    pub const fn active_hosts(&self) -> u32 {
        self.active_hosts
    }

    /// How many URLs of a host may be on their way. Alone it may have all; among others it has its
    /// share of the permits, and as it answers, more and more, up to its share of queue and
    /// workers. When it is slower than they are or has fallen silent, it falls back to its share of
    /// the permits: what takes long must not hold what others could use.
    pub(super) fn share(&self, index: usize, now: Instant) -> u32 {
        if self.active_hosts <= 1 || self.pipeline_capacity == u32::MAX {
            return u32::MAX;
        }
        let Some(host) = &self.hosts[index] else { return u32::MAX };
        let silent_ms = host.silence(now).map_or(0.0, |time| time.as_secs_f32() * 1000.0);
        let slow = match (host.stats.mean_ms(), self.mean_ms) {
            (Some(own), Some(all)) => own.max(silent_ms) > SLOWER * all.max(1.0),
            _ => true,
        };
        let of_permits = self.permits.div_ceil(self.active_hosts).max(1);
        if slow {
            return of_permits;
        }
        let earned = of_permits.max(host.answers / ANSWERS_PER_URL);
        self.pipeline_capacity.div_ceil(self.active_hosts).clamp(of_permits, earned)
    }

    pub(super) fn set_active(&mut self, index: usize, active: bool) {
        let Some(host) = &mut self.hosts[index] else { return };
        if host.is_active != active {
            host.is_active = active;
            self.active_hosts =
                if active { self.active_hosts + 1 } else { self.active_hosts.saturating_sub(1) };
        }
    }

    /// Looks whether an active host has run out of URLs: it stays active for a while.
    pub(super) fn note_draining(&mut self, index: usize) {
        let Some(host) = &mut self.hosts[index] else { return };
        if !host.has_work() && host.handed_out == 0 && host.is_active && !host.draining {
            host.draining = true;
            self.draining.push_back((Instant::now() + IDLE_GRACE, index));
        }
    }

    /// Hosts that have been without URLs for a while are no longer active; others may have more
    /// URLs on their way now.
    pub(super) fn end_draining(&mut self, now: Instant) {
        let mut shares_grow = false;
        while let Some(&(due, index)) = self.draining.front() {
            if due > now {
                break;
            }
            self.draining.pop_front();
            if let Some(host) = &mut self.hosts[index]
                && std::mem::take(&mut host.draining)
                && !host.has_work()
                && host.handed_out == 0
            {
                self.set_active(index, false);
                shares_grow = true;
            }
        }
        if shares_grow {
            for index in std::mem::take(&mut self.at_share) {
                if let Some(host) = &mut self.hosts[index] {
                    host.at_share = false;
                }
                self.list(index);
            }
        }
    }
}
