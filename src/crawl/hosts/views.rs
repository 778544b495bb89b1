//! What viewers see of hosts.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::host::HostQueue;
use crate::crawl::hosts::pace::Pace;
use crate::crawl::hosts::queues::HostQueues;
use crate::crawl::protocol::host_view::{HostView, HostWait};

impl HostQueues {
    /// What viewers see of one host, if it is known.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<HostView> {
        Some(view_of(self.known(name)?, &self.pace, Instant::now()))
    }

    /// What viewers see: a maximum of `limit` hosts, those that are down or held and those with most to do first.
    #[must_use]
    pub fn views(&self, limit: usize, now: Instant) -> Vec<HostView> {
        let weight = |host: &HostQueue| {
            let stopped = host.breaker.down_since().is_some() || host.rule.held;
            let busy = u64::from(host.handed_out) + u64::from(host.retrying);
            (stopped, host.queued() + busy, host.stats.requests())
        };
        let mut hosts: Vec<&HostQueue> = self.hosts.iter().flatten().collect();
        if hosts.len() > limit {
            hosts.select_nth_unstable_by_key(limit, |host| Reverse(weight(host)));
            hosts.truncate(limit);
        }
        hosts.sort_by(|a, b| {
            Reverse(weight(a)).cmp(&Reverse(weight(b))).then_with(|| a.name.cmp(&b.name))
        });
        hosts.into_iter().map(|host| view_of(host, &self.pace, now)).collect()
    }
}

/// Why all of a host that waits ends without being fetched.
fn give_up_of(host: &HostQueue) -> Option<&GiveUp> {
    host.give_up.as_ref().or_else(|| host.robots.give_up())
}

fn view_of(host: &HostQueue, pace: &Pace, now: Instant) -> HostView {
    let (gap, gap_by_robots) = host.gap(pace);
    let give_up = give_up_of(host);
    let over = give_up.is_some() || host.rule.skipped;
    let wait = if over { None } else { host.waits(pace, now) };
    HostView {
        host: Arc::clone(&host.name),
        queued: host.queued(),
        in_flight: host.in_flight(),
        retrying: host.retrying,
        limit: host.limit(pace),
        lowered_limit: host.lowered_limit(pace),
        refused_at: host.lowered.refused_at(),
        lowered_by: host.lowered_limit(pace).and(host.lowered_by),
        gap_ms: gap.as_millis() as u64,
        gap_by_robots,
        requests: host.stats.requests(),
        failures: host.stats.failures(),
        requests_per_s: host.stats.per_s(now),
        error_ratio: host.breaker.ratio(),
        p50_ms: host.stats.percentile(0.50),
        p95_ms: host.stats.percentile(0.95),
        last_status: host.stats.last_status(),
        breaker: host.breaker.state(now),
        incidents: host.breaker.incidents(),
        wait: wait.map(|(why, until)| HostWait {
            why,
            for_s: until.map(|until| until.duration_since(now).as_secs_f64()),
        }),
        held: host.rule.held,
        skipped: host.rule.skipped,
        ended: give_up
            .filter(|give_up| !give_up.by_user)
            .map(|give_up| Arc::clone(&give_up.reason)),
        robots: host.robots.text(pace.robots),
    }
}
