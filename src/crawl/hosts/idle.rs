//! Hosts with nothing to do: how they are noted, and forgotten once there are many.

use tokio::time::Instant;

use crate::crawl::hosts::host::HostQueue;
use crate::crawl::hosts::limits::{MAX_IDLE_HOSTS, MAX_IDLE_ROBOTS_BYTES};
use crate::crawl::hosts::queues::HostQueues;

/// Hosts looked at in one go that must be remembered.
const MAX_LOOKED_AT: u32 = 64;

impl HostQueues {
    /// Looks whether a host has run out of URLs or become idle; an idle one may be forgotten.
    pub(super) fn note_idleness(&mut self, index: usize) {
        self.note_draining(index);
        let Some(host) = &mut self.hosts[index] else { return };
        if host.is_idle() && host.idle_note.is_none() {
            self.newest_note += 1;
            let bytes = host.robots.bytes();
            host.idle_note = Some((self.newest_note, bytes));
            self.idle.push_back((index, self.newest_note));
            self.idle_hosts += 1;
            self.idle_robots_bytes += bytes;
            if self.idle.len() > 2 * self.idle_hosts + MAX_IDLE_HOSTS {
                self.idle.retain(|&(index, note)| is_note_of(self.hosts[index].as_ref(), note));
            }
        }
    }

    /// A host is used again.
    pub(super) fn end_idleness(&mut self, index: usize) {
        if let Some((_, bytes)) = self.hosts[index].as_mut().and_then(|host| host.idle_note.take())
        {
            self.idle_hosts -= 1;
            self.idle_robots_bytes -= bytes;
        }
    }

    /// Forgets idle hosts while there are too many, but none whose cooldown or gap is not over.
    pub(super) fn forget_idle(&mut self, now: Instant) {
        let mut looked_at = 0;
        while self.idle_hosts > MAX_IDLE_HOSTS || self.idle_robots_bytes > MAX_IDLE_ROBOTS_BYTES {
            let Some((index, note)) = self.idle.pop_front() else { break };
            if !is_note_of(self.hosts[index].as_ref(), note) {
                continue;
            }
            let Some(host) = &self.hosts[index] else { continue };
            if host.must_be_remembered(now) {
                self.idle.push_back((index, note));
                looked_at += 1;
                if looked_at > MAX_LOOKED_AT {
                    break;
                }
                continue;
            }
            self.end_idleness(index);
            self.forget(index);
        }
    }

    fn forget(&mut self, index: usize) {
        self.set_active(index, false);
        if let Some(host) = self.hosts[index].take() {
            self.by_name.remove(&host.name);
            if host.listed {
                self.unlist(index);
            }
            self.vacant.push(index);
        }
    }
}

/// Whether this note of idleness holds: the host was not used since.
fn is_note_of(host: Option<&HostQueue>, note: u64) -> bool {
    host.and_then(|host| host.idle_note).is_some_and(|(own, _)| own == note)
}
