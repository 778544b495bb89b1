//! Hosts that are given up: when that happens, and how their URLs end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::host_name::host_of;
use crate::crawl::hosts::limits::MAX_IN_MEMORY_PER_HOST;
use crate::crawl::hosts::queues::HostQueues;
use crate::crawl::hosts::schedule::{Taken, is_https};
use crate::crawl::hosts::url_task::FetchPurpose;
use crate::units::duration_option;

/// URLs of abandoned hosts handed out at a time.
const ABANDONED_AT_ONCE: usize = 500;

impl HostQueues {
    /// A host that stays down is given up: one that never answered after some probes, another when
    /// its time is over. Not while everything is down: then it is rather this machine that is cut
    /// off.
    pub(super) fn consider_giving_up(&mut self, index: usize, now: Instant) {
        if self.everything_is_down(now) {
            return;
        }
        let Some(host) = &mut self.hosts[index] else { return };
        let Some(since) = host.down_since() else { return };
        let down_for = now.duration_since(since);
        let never = host.answers == 0 && host.breaker.probes_failed() >= self.pace.attempts;
        if !never && (host.answers == 0 || down_for < self.pace.give_up) {
            return;
        }
        host.give_up = Some(if host.answers > 0 {
            let down_for = duration_option(Duration::from_secs(down_for.as_secs()));
            GiveUp::failed(format!("host down for {down_for}, given up"))
        } else {
            GiveUp::failed("host never responded, given up")
        });
    }

    /// Nothing of the host of `url` may be requested: all of it is skipped.
    pub fn skip_host_of(&mut self, url: &str, reason: &str) {
        let Some((index, host)) = self.known_mut(&host_of(url)) else { return };
        host.give_up = Some(GiveUp::skipped(reason));
        host.robots.cancel_fetch();
        self.relist(index);
    }

    /// Takes URLs of the hosts that are given up; reads those from disk that are there.
    pub(super) fn take_abandoned(&mut self) -> Option<Taken> {
        let mut taken = Vec::new();
        while let Some(index) = self.abandoned.pop() {
            let Some(host) = &mut self.hosts[index] else { continue };
            host.listed = false;
            let Some(give_up) = host.give_up.clone() else {
                self.list(index);
                continue;
            };
            while taken.len() < ABANDONED_AT_ONCE
                && let Some(task) = host.queue.pop_front()
            {
                self.len -= 1;
                taken.push((task, give_up.clone()));
            }
            if taken.len() >= ABANDONED_AT_ONCE {
                self.list(index);
                return Some(Taken::Abandoned(taken));
            }
            if host.on_disk > 0 && !host.awaits_commit && self.refills_paused {
                self.await_commit(index);
            } else if host.on_disk > 0 && !host.awaits_commit {
                let (name, after) = (Arc::clone(&host.name), host.cursor);
                self.list(index);
                if taken.is_empty() {
                    let limit = (MAX_IN_MEMORY_PER_HOST / 2) as u32;
                    return Some(Taken::Refill { host: name, after, limit });
                }
                return Some(Taken::Abandoned(taken));
            }
            self.note_idleness(index);
        }
        (!taken.is_empty()).then_some(Taken::Abandoned(taken))
    }

    /// Takes the first URLs of a host's queue, those that would need the robots.txt that cannot be
    /// had.
    pub(super) fn abandon_scheme(&mut self, index: usize, https: bool, give_up: &GiveUp) -> Taken {
        let mut taken = Vec::new();
        if let Some(host) = &mut self.hosts[index] {
            while taken.len() < ABANDONED_AT_ONCE
                && let Some(task) = host.queue.pop_front_if(|task| {
                    is_https(task.target()) == https
                        && !matches!(task.purpose, FetchPurpose::Robots { .. })
                })
            {
                self.len -= 1;
                taken.push((task, give_up.clone()));
            }
        }
        self.list(index);
        self.note_idleness(index);
        Taken::Abandoned(taken)
    }
}
