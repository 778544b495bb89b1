//! How a host stands: what its robots.txt says, whether it is given up, what the user said of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::breaker::doubled;
use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::host::{ROBOTS_EXPIRE, RobotsSlot};
use crate::crawl::hosts::{HostQueues, host_of, skipped_by_user};
use crate::crawl::protocol::host_view::BreakerState;
use crate::model::ids::PageId;
use crate::model::page_state::PageState;
use crate::settings::HostRule;
use crate::web::robots::RobotsPolicy;

impl HostQueues {
    /// A host that stays down is given up: one that never answered after some probes, another when
    /// its time is over. Not while everything is down: then it is rather we who are cut off.
    pub(super) fn consider_giving_up(&mut self, index: usize, now: Instant) {
        if self.everything_is_down(now) {
            return;
        }
        let Some(host) = &mut self.hosts[index] else { return };
        let breaker = &host.breaker;
        let Some(since) = breaker.down_since().or(host.refused_since()) else { return };
        let down_for = now.duration_since(since);
        let never = host.answers == 0 && breaker.probes_failed() >= self.pace.attempts;
        if !never && (host.answers == 0 || down_for < self.pace.give_up) {
            return;
        }
        let reason = if host.answers > 0 {
            format!("host down for {}, given up", seconds(down_for.as_secs()))
        } else {
            "host never answered, given up".to_owned()
        };
        host.doom =
            Some(GiveUp { state: PageState::Failed, reason: reason.into(), by_user: false });
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
            was_up |= host.answers > 0;
        }
        was_up
    }

    /// What came of asking for a robots.txt.
    pub fn robots_fetched(
        &mut self,
        name: &str,
        https: bool,
        fate: Arc<RobotsPolicy>,
        now: Instant,
    ) {
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
        if tries >= pace.attempts
            && !cut_off
            && let Some(fate) = fate.at_last()
        {
            let slot = RobotsSlot::Known(Arc::new(fate), now + ROBOTS_EXPIRE);
            host.robots_known(https, slot, pace, now);
            self.list(index);
            return;
        }
        if tries >= pace.attempts && !cut_off {
            let why = match &*fate {
                RobotsPolicy::Shut(why) => why.as_str(),
                _ => "",
            };
            // No answer at all is the host's failure; an answer is its wish to be left alone.
            let doom = if fate.was_answered() {
                let reason = format!("robots.txt unreachable: {why}").into();
                GiveUp { state: PageState::Skipped, reason, by_user: false }
            } else {
                let reason = format!("{why} (asked for robots.txt)").into();
                GiveUp { state: PageState::Failed, reason, by_user: false }
            };
            host.robots_known(https, RobotsSlot::Denied(fate, doom), pace, now);
            self.list(index);
            return;
        }
        let rest = doubled(
            pace.breaker.cooldown.min(std::time::Duration::from_secs(1)),
            tries - 1,
            pace.breaker.max_cooldown,
            fastrand::f64(),
        );
        let slot = RobotsSlot::Unreachable(fate, now + rest, tries);
        host.robots_known(https, slot, pace, now);
        self.list(index);
    }

    /// What a host's robots.txt says, if that is known.
    #[must_use]
    pub fn robots_of(&self, host: &str, https: bool) -> Option<Arc<RobotsPolicy>> {
        let host = self.hosts[*self.by_name.get(host)?].as_ref()?;
        match &host.robots[usize::from(https)] {
            RobotsSlot::Known(fate, _) => Some(Arc::clone(fate)),
            _ => None,
        }
    }

    /// Nothing of the host of `url` may be asked: all of it is skipped.
    pub fn skip_host_of(&mut self, url: &str, reason: &str) {
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return };
        if let Some(host) = &mut self.hosts[index] {
            host.doom =
                Some(GiveUp { state: PageState::Skipped, reason: reason.into(), by_user: false });
            for slot in &mut host.robots {
                if matches!(slot, RobotsSlot::Asking(_)) {
                    *slot = RobotsSlot::Unknown;
                }
            }
        }
        self.relist(index);
    }

    /// Hosts that are to be left alone for longer than `least`, and until when.
    #[must_use]
    pub fn cooling_down(&self, least: Duration, now: Instant) -> Vec<(Arc<str>, Instant)> {
        let hosts = self.hosts.iter().flatten();
        let resting =
            hosts.filter_map(|host| Some((Arc::clone(&host.name), host.rests_until(now)?)));
        resting.filter(|(_, until)| *until > now + least).collect()
    }

    /// A host is to be left alone until then, because an earlier run was told so.
    pub fn continue_cooldown(&mut self, host: &str, until: Instant, before: PageId) {
        let index = self.index_of(host, before);
        if let Some(host) = &mut self.hosts[index] {
            host.continue_cooldown(until);
        }
        self.relist(index);
        self.settle(index);
    }

    /// Changes what the user said about a host; returns it as it was.
    pub fn change_rule(&mut self, name: &str, change: impl FnOnce(&mut HostRule)) -> HostRule {
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
    pub fn doom_of(&self, url: &str) -> Option<GiveUp> {
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
}

fn seconds(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}
