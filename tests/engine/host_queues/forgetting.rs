//! What is remembered of hosts is bounded, and nothing is forgotten that keeps us polite.

use std::time::Duration;

use crawldeck::crawl::hosts::{HostQueue, Pace};
use crawldeck::crawl::hosts::{MAX_CONNECTED_HOSTS, MAX_IDLE_HOSTS, Taken};
use crawldeck::settings::BreakerSettings;
use tokio::time::Instant;

use super::host_model::*;

/// One URL of each host is requested and ends so.
fn visit(
    queues: &mut crawldeck::crawl::hosts::HostQueues,
    hosts: std::ops::Range<usize>,
    now: Instant,
    status: u16,
) {
    for host in hosts {
        fill(queues, &format!("h{host}.test"), [1]);
        let page = taken(queues, now).unwrap();
        asked(queues, &page, answered(status), now);
    }
    queues.take(now);
}

#[tokio::test(start_paused = true)]
async fn idle_hosts_are_forgotten_above_a_number() {
    let now = Instant::now();
    let mut queues = queues(free());
    visit(&mut queues, 0..MAX_IDLE_HOSTS, now, 200);
    assert_eq!(queues.known_hosts(), MAX_IDLE_HOSTS);
    visit(&mut queues, MAX_IDLE_HOSTS..10 * MAX_IDLE_HOSTS, now, 200);
    assert!(queues.known_hosts() <= MAX_IDLE_HOSTS, "{}", queues.known_hosts());
    assert!(queues.host("h0.test").is_none() && queues.host("h9999.test").is_some());
}

#[tokio::test(start_paused = true)]
async fn none_is_forgotten_during_its_cooldown() {
    let now = Instant::now();
    let mut queues = queues(free());
    visit(&mut queues, 0..2 * MAX_IDLE_HOSTS, now, 429);
    assert_eq!(queues.known_hosts(), 2 * MAX_IDLE_HOSTS);
    fill(&mut queues, "h0.test", [2]);
    assert!(taken(&mut queues, now + 50 * S).is_none(), "it still cools down");
    for _ in 0..100 {
        queues.take(now + 70 * S);
    }
    assert!(
        queues.known_hosts() <= MAX_IDLE_HOSTS + 1,
        "besides the one in use: {}",
        queues.known_hosts()
    );
}

/// The number of hosts counts, not how often one of them became idle.
#[tokio::test(start_paused = true)]
async fn a_host_that_comes_and_goes_does_not_push_the_others_out() {
    let now = Instant::now();
    let mut queues = queues(free());
    visit(&mut queues, 0..3, now, 200);
    for _ in 0..5 * MAX_IDLE_HOSTS {
        visit(&mut queues, 0..1, now, 200);
    }
    assert_eq!(queues.known_hosts(), 3, "their robots.txt would be requested again");
}

/// A list of dead hosts is as long as the list, and what is remembered of them is not.
#[tokio::test(start_paused = true)]
async fn dead_hosts_are_forgotten_when_their_cooldown_is_over() {
    let mut now = Instant::now();
    let breaker = BreakerSettings { min_requests: 1, ..BreakerSettings::default() };
    let mut queues = queues(Pace { breaker, attempts: 1, ..free() });
    for host in 0..2 * MAX_IDLE_HOSTS {
        fill(&mut queues, &format!("dead{host}.test"), [1]);
        let page = taken(&mut queues, now).unwrap();
        assert!(asked(&mut queues, &page, NO_ANSWER, now).opened.is_some());
    }
    queues.take(now);
    assert_eq!(queues.known_hosts(), 2 * MAX_IDLE_HOSTS, "they cool down");
    now += 600 * S;
    for _ in 0..100 {
        assert!(matches!(queues.take(now), Taken::Empty));
    }
    assert!(queues.known_hosts() <= MAX_IDLE_HOSTS, "{}", queues.known_hosts());
}

/// Whatever is found for a host or changed about it while it waits, the time at which it may
/// continue is noted once.
#[tokio::test(start_paused = true)]
async fn the_record_of_cooldowns_does_not_grow() {
    let now = Instant::now();
    let mut queues = queues(Pace { delay: 60 * S, ..free() });
    fill(&mut queues, "a.test", 1..=9);
    let page = taken(&mut queues, now).unwrap();
    asked(&mut queues, &page, answered(200), now);
    let mut size = || {
        queues.change_rule("a.test", |_| {});
        assert!(matches!(queues.take(now), Taken::Throttled(Some(_))));
        format!("{queues:?}").len()
    };
    let before = size();
    for _ in 0..100 {
        size();
    }
    assert!(size() < before + 100, "from {before} to {} characters", size());
}

#[tokio::test(start_paused = true)]
async fn an_idle_host_takes_less_than_a_kibibyte() {
    let size = size_of::<HostQueue>();
    let now = Instant::now();
    let mut queues = queues(Pace { delay: Duration::from_hours(1), robots: true, ..free() });
    let before = memory_stats::memory_stats().unwrap().physical_mem;
    let hosts = 50_000;
    for host in 0..hosts {
        fill(&mut queues, &format!("h{host}.test"), [1]);
        with_robots(&mut queues, "User-agent: *\nDisallow: /private/\n", now);
    }
    let now = now + Duration::from_hours(1);
    for page in all_taken(&mut queues, now) {
        asked(&mut queues, &page, answered(200), now);
    }
    // They may not be forgotten before their gap is over.
    assert_eq!(queues.known_hosts(), hosts);
    let grown = memory_stats::memory_stats().unwrap().physical_mem.saturating_sub(before);
    println!("{size} bytes of state per host; {} with all that belongs to it", grown / hosts);
    assert!(size < 1024, "{size}");
}

/// One takes memory and a file, on both sides.
#[tokio::test(start_paused = true)]
async fn connections_are_kept_to_a_number_of_hosts() {
    let now = Instant::now();
    let mut queues = queues(free());
    let few = MAX_CONNECTED_HOSTS as usize;
    // They count as active a little longer than they have URLs.
    let later = now + S;
    let closes = |queues: &mut crawldeck::crawl::hosts::HostQueues, count: usize| -> Vec<bool> {
        let out: Vec<_> = (0..count).map(|_| taken(queues, later).unwrap()).collect();
        for task in &out {
            asked(queues, task, answered(200), later);
        }
        out.iter().map(|task| task.closes_connection).collect()
    };
    for host in 0..few {
        fill(&mut queues, &format!("h{host}.test"), [1, 2]);
    }
    assert!(closes(&mut queues, 2 * few).iter().all(|closes| !closes), "also after the last URL");
    // More are known, and few of them have URLs: the connection serves these.
    fill(&mut queues, "new.test", [1, 2, 3]);
    assert_eq!(closes(&mut queues, 3), [false, false, true]);
    // More have URLs than that.
    for host in 0..=few {
        fill(&mut queues, &format!("h{host}.test"), [3, 4]);
    }
    assert!(closes(&mut queues, 2 * few + 2).iter().all(|closes| *closes));
}
