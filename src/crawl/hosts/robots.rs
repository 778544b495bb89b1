//! What follows when a robots.txt was fetched, or could not be had.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::breaker::doubled;
use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::queues::HostQueues;
use crate::crawl::hosts::robots_slot::{ROBOTS_EXPIRE, RobotsSlot};
use crate::web::robots::RobotsPolicy;

/// Longest pause before a robots.txt that could not be had is requested again the first time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

impl HostQueues {
    /// Takes in what came of requesting a robots.txt.
    pub fn robots_fetched(
        &mut self,
        name: &str,
        https: bool,
        policy: Arc<RobotsPolicy>,
        now: Instant,
    ) {
        let Some(&index) = self.by_name.get(name) else { return };
        let cut_off = policy.asks_again() && self.everything_is_down(now);
        let Some(host) = &mut self.hosts[index] else { return };
        let tries = match host.robots.slot(https) {
            RobotsSlot::Fetching(tries) => tries + 1,
            _ => 1,
        };
        let pace = &self.pace;
        let slot = if !policy.asks_again() {
            RobotsSlot::Known(policy, now + ROBOTS_EXPIRE)
        } else if tries < pace.attempts || cut_off {
            let longest = pace.breaker.max_cooldown;
            let first = pace.breaker.cooldown.min(FIRST_PAUSE);
            let pause = doubled(first, tries - 1, longest, fastrand::f64());
            RobotsSlot::Unreachable(policy, now + pause, tries)
        } else if let Some(at_last) = policy.at_last() {
            RobotsSlot::Known(Arc::new(at_last), now + ROBOTS_EXPIRE)
        } else {
            let give_up = unreachable(&policy);
            RobotsSlot::Denied(policy, give_up)
        };
        host.set_robots(https, slot, pace, now);
        // Its first page follows at once, on the same connection: behind thousands of hosts the server
        // would have closed that long before, and a resumed crawl would begin with thousands of
        // robots.txt.
        self.list_first(index);
    }

    /// What a host's robots.txt says, if that is known.
    #[must_use]
    pub fn robots_of(&self, host: &str, https: bool) -> Option<Arc<RobotsPolicy>> {
        match self.known(host)?.robots.slot(https) {
            RobotsSlot::Known(policy, _) => Some(Arc::clone(policy)),
            _ => None,
        }
    }
}

/// Why the URLs end that need a robots.txt that cannot be had. No answer at all is the host's
/// failure; a response is its demand not to be crawled.
fn unreachable(policy: &RobotsPolicy) -> GiveUp {
    let why = match policy {
        RobotsPolicy::Shut(why) => why.as_str(),
        _ => "",
    };
    if policy.was_answered() {
        GiveUp::skipped(format!("robots.txt unreachable: {why}"))
    } else {
        GiveUp::failed(format!("{why} (asked for robots.txt)"))
    }
}
