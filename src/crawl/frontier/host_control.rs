//! State and control of hosts: views, rules, cooldowns, capacity.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::protocol::host_view::HostView;
use crate::settings::HostRule;

impl Frontier {
    /// What viewers see of one host, if it is known.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<HostView> {
        self.lock().hosts.host(name)
    }

    /// The user's rule for a host.
    #[must_use]
    pub fn host_rule(&self, name: &str) -> HostRule {
        self.lock().hosts.rules().get(name).cloned().unwrap_or_default()
    }

    /// Whether all hosts with URLs to fetch are down, and at least one of them was up before.
    #[must_use]
    pub fn everything_is_down(&self, now: Instant) -> bool {
        self.lock().hosts.everything_is_down(now)
    }

    /// Hosts whose cooldown lasts longer than `at_least` from now, and until when.
    #[must_use]
    pub fn cooling_down(&self, at_least: Duration, now: Instant) -> Vec<(Arc<str>, Instant)> {
        self.lock().hosts.cooling_down(at_least, now)
    }

    /// Continues a cooldown of an earlier run, for the time that is left of it, but no longer than one of
    /// this run could last.
    pub fn continue_cooldown(&self, host: &str, left: Duration) {
        let mut state = self.lock();
        let newest = state.newest();
        state.hosts.continue_cooldown(host, left, newest);
    }

    /// Nothing of the host of `url` may be requested: all of it is skipped.
    pub fn skip_host_of(&self, url: &str, reason: &str) {
        self.lock().hosts.skip_host_of(url, reason);
        self.wake_producer();
    }

    /// A host was found to be down: that goes into the database.
    pub fn record_incident(&self, host: &str) {
        let mut state = self.lock();
        let incidents = state.hosts.incidents(host);
        state.batch.host(host, None, incidents);
    }

    /// What the autopilot adds to the limits of hosts: the most requests in flight to each, and whether a
    /// rate answers 429 without `Retry-After` instead of a cooldown.
    pub fn set_automatic(&self, limit: Option<u32>, rate_dial: bool) {
        self.lock().hosts.set_automatic(limit, rate_dial);
        self.wake_producer();
    }

    /// How many hosts share permits and queue now.
    #[must_use]
    pub fn active_hosts(&self) -> u32 {
        self.lock().hosts.active_hosts()
    }

    /// How many URLs can be between the frontier and the end of their request (`pipeline`), and
    /// how many permits there are: both are shared out among the hosts.
    pub fn set_capacity(&self, pipeline: u32, permits: u32) {
        self.lock().hosts.set_capacity(pipeline, permits);
        self.wake_producer();
    }
}
