//! Which hosts are down or left alone, and the user's rules for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::queues::HostQueues;
use crate::crawl::protocol::host_view::BreakerState;
use crate::model::ids::PageId;
use crate::settings::HostRule;

impl HostQueues {
    /// Whether all hosts with URLs to fetch are down, and at least one of them was up before.
    #[must_use]
    pub fn everything_is_down(&self, now: Instant) -> bool {
        let mut was_up = false;
        for host in self.hosts.iter().flatten() {
            if host.is_idle() || host.rule.held {
                continue;
            }
            let down = host.breaker.state(now) != BreakerState::Closed
                || (host.last_unanswered && host.robots.is_unreachable());
            if !down {
                return false;
            }
            was_up |= host.answers > 0;
        }
        was_up
    }

    /// Hosts that are to be left alone for longer than `at_least` from now, and until when.
    #[must_use]
    pub fn cooling_down(&self, at_least: Duration, now: Instant) -> Vec<(Arc<str>, Instant)> {
        let hosts = self.hosts.iter().flatten();
        let cooling =
            hosts.filter_map(|host| Some((Arc::clone(&host.name), host.left_alone_until(now)?)));
        cooling.filter(|(_, until)| *until > now + at_least).collect()
    }

    /// Restores a cooldown of a host that an earlier run stored; it lasts no longer than one of this run
    /// could.
    pub fn continue_cooldown(&mut self, host: &str, left: Duration, before: PageId) {
        let until = Instant::now() + left.min(self.pace.longest_cooldown());
        let index = self.index_of(host, before);
        if let Some(host) = &mut self.hosts[index] {
            host.cooldown.continue_until(until);
        }
        self.relist(index);
        self.note_idleness(index);
    }

    /// Why all that waits for the host of `url` ends unfetched, if it does.
    #[cfg(feature = "internals")]
    #[must_use]
    pub fn give_up_of(&self, url: &str) -> Option<GiveUp> {
        self.known(&super::host_name::host_of(url))?.give_up.clone()
    }

    /// How often a host was found to be down.
    #[must_use]
    pub fn incidents(&self, host: &str) -> u32 {
        self.known(host).map_or(0, |host| host.breaker.incidents())
    }

    /// The user's rules for single hosts.
    #[must_use]
    pub const fn rules(&self) -> &HashMap<Arc<str>, HostRule> {
        &self.rules
    }

    /// Changes the user's rule for a host; returns it as it was.
    pub fn change_rule(&mut self, name: &str, change: impl FnOnce(&mut HostRule)) -> HostRule {
        let before = self.rules.get(name).cloned().unwrap_or_default();
        let mut rule = before.clone();
        change(&mut rule);
        let known = self.known_mut(name).map(|(index, host)| {
            if rule.skipped {
                host.give_up = Some(GiveUp::by_user(name));
            } else if before.skipped {
                host.give_up = None;
            }
            host.rule = rule.clone();
            index
        });
        if rule.is_empty() {
            self.rules.remove(name);
        } else {
            self.rules.insert(name.into(), rule);
        }
        if let Some(index) = known {
            self.relist(index);
        }
        before
    }

    /// Closes a host's breaker and ends its cooldown; false when it is not known.
    pub fn reset(&mut self, name: &str) -> bool {
        let Some((index, host)) = self.known_mut(name) else { return false };
        host.reset();
        if host.rule.skipped {
            host.give_up = Some(GiveUp::by_user(name));
        }
        self.relist(index);
        true
    }
}
