//! Hosts take turns, have room of their own, and are forgotten when they have nothing to do.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crawldeck::crawl::hosts::UrlTask;
use crawldeck::crawl::hosts::{HostQueue, Outcome, Pace};
use crawldeck::crawl::hosts::{
    HostQueues, MAX_IDLE_HOSTS, MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, Taken, host_of,
};
use proptest::prelude::*;
use tokio::time::Instant;

use super::host_model::{all, free, page, queues, serve, status, taken, view};

proptest! {
    #[test]
    fn over_any_run_of_choices_hosts_differ_by_one_at_most(
        hosts in 1_usize..12,
        warm in 0_usize..30,
        run in 1_usize..100,
    ) {
        let now = Instant::now();
        let names: Vec<String> = (0..hosts).map(|n| format!("h{n}.test")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut queues = queues(free(), &names, 140);
        let mut counts: HashMap<String, usize> = HashMap::new();
        for n in 0..warm + run {
            let task = taken(&mut queues, now).unwrap();
            if n >= warm {
                *counts.entry(host_of(&task.url).into_owned()).or_default() += 1;
            }
            // Some end at once, some stay on their way.
            if n % 3 == 0 {
                serve(&mut queues, &task, status(200), now);
            }
        }
        let count = |name: &&str| counts.get(*name).copied().unwrap_or_default();
        let (least, most) = (names.iter().map(count).min(), names.iter().map(count).max());
        prop_assert!(most.unwrap() - least.unwrap() <= 1, "{counts:?}");
    }
}

#[test]
fn one_with_100_000_urls_does_not_keep_nine_others_out() {
    let now = Instant::now();
    let mut queues = queues(free(), &["big.test"], 100_000);
    assert_eq!(queues.len(), MAX_IN_MEMORY_PER_HOST);
    assert_eq!(queues.on_disk(), 100_000 - MAX_IN_MEMORY_PER_HOST as u64);
    let others: Vec<String> = (0..9).map(|n| format!("h{n}.test")).collect();
    let mut id = 100_000;
    for host in &others {
        for _ in 0..100 {
            id += 1;
            queues.add(page(host, id), id - 1);
        }
    }
    let out: Vec<_> = (0..1_000).map(|_| taken(&mut queues, now).unwrap()).collect();
    for host in &others {
        assert_eq!(out.iter().filter(|task| host_of(&task.url) == **host).count(), 100);
    }
}

#[test]
fn a_full_window_still_has_room_for_a_host_that_comes_late() {
    let now = Instant::now();
    let hosts: Vec<String> = (0..10).map(|n| format!("big{n}.test")).collect();
    let mut queues = queues(
        free(),
        &hosts.iter().map(String::as_str).collect::<Vec<_>>(),
        MAX_IN_MEMORY_PER_HOST as i64,
    );
    assert_eq!(queues.len(), MAX_IN_MEMORY);
    for id in 0..100 {
        queues.add(page("late.test", 60_000 + id), 59_999 + id);
    }
    assert!(queues.len() < MAX_IN_MEMORY + 100);
    let out: Vec<_> = (0..11).map(|_| queues.take(now)).collect();
    assert!(format!("{out:?}").contains("late.test"));
}

/// Runs hosts by their own latencies for a time, `room` of (URLs on their way, permits), first come
/// first served; returns how many requests of each ended.
fn run(hosts: &[(&str, Duration)], room: (u32, u32), time: Duration) -> Vec<usize> {
    let names: Vec<&str> = hosts.iter().map(|host| host.0).collect();
    let mut now = Instant::now();
    let end = now + time;
    let mut queues = queues(free(), &names, 20);
    queues.set_capacity(2 * room.0, room.1);
    let mut queue: VecDeque<Box<UrlTask>> = VecDeque::new();
    let mut flying: Vec<(Instant, Instant, Box<UrlTask>)> = Vec::new();
    let mut ended = vec![0; hosts.len()];
    while now < end {
        while queue.len() + flying.len() < room.0 as usize {
            let Some(task) = taken(&mut queues, now) else { break };
            queue.push_back(task);
        }
        while flying.len() < room.1 as usize {
            let Some(task) = queue.pop_front() else { break };
            queues.started(&task.url, now);
            let host = hosts.iter().find(|host| host.0 == host_of(&task.url)).unwrap();
            flying.push((now + host.1, now, task));
        }
        flying.sort_by_key(|flight| flight.0);
        let (due, began, task) = flying.remove(0);
        now = due;
        let outcome = Outcome::Answered { status: 200, retry_after: None, took: now - began };
        queues.ended(&task.url, Some(began), Some(outcome), now);
        let at = names.iter().position(|name| *name == host_of(&task.url)).unwrap();
        ended[at] += 1;
        queues.push(task, false, 0);
    }
    ended
}

#[test]
fn a_slow_host_gets_its_share_of_the_permits_and_no_more() {
    let quick = Duration::from_millis(50);
    let names: Vec<String> = (0..10).map(|n| format!("h{n}.test")).collect();
    for permits in [10, 40] {
        let mut hosts: Vec<(&str, Duration)> =
            names.iter().map(|name| (name.as_str(), quick)).collect();
        let time = Duration::from_mins(2);
        let room = (100 + permits, permits);
        let healthy: usize = run(&hosts, room, time)[1..].iter().sum();
        hosts[0].1 = Duration::from_secs(3);
        let beside: usize = run(&hosts, room, time)[1..].iter().sum();
        let ratio = beside as f64 / healthy as f64;
        // By the clock of the test, so a figure that is the same everywhere.
        assert!(ratio > 0.95, "{ratio:.3} with {permits} permits");
    }
}

#[test]
fn idle_hosts_are_forgotten_but_not_during_their_cooldown() {
    let now = Instant::now();
    let mut queues = HostQueues::new(free(), HashMap::new());
    let busy = Outcome::Answered {
        status: 429,
        retry_after: Some(Duration::from_mins(5)),
        took: Duration::from_millis(5),
    };
    let count = 5_000;
    for n in 0..count {
        queues.add(page(&format!("h{n}.test"), n), n - 1);
        let task = taken(&mut queues, now).unwrap();
        let outcome = if n % 100 == 0 { busy } else { status(200) };
        serve(&mut queues, &task, outcome, now);
    }
    assert!(taken(&mut queues, now).is_none());
    assert!(queues.known_hosts() <= MAX_IDLE_HOSTS + 64, "{}", queues.known_hosts());
    for n in (0..count).step_by(100) {
        assert!(view(&queues, &format!("h{n}.test"), now).wait.is_some());
    }
    // Nor are new ones requested sooner because of what others reported.
    let later = now + Duration::from_mins(6);
    for n in count..2 * count {
        queues.add(page(&format!("h{n}.test"), n), n - 1);
        for task in all(&mut queues, later) {
            serve(&mut queues, &task, status(200), later);
        }
    }
    assert!(queues.known_hosts() <= MAX_IDLE_HOSTS + 1);
    assert!(queues.views(usize::MAX, later).iter().all(|host| host.wait.is_none()));
}

#[test]
fn a_host_with_a_gap_is_remembered_until_it_is_over() {
    let mut now = Instant::now();
    let delay = Duration::from_secs(1);
    let mut queues = HostQueues::new(Pace { delay, ..free() }, HashMap::new());
    for n in 0..10_000 {
        now += Duration::from_millis(10);
        queues.add(page(&format!("h{n}.test"), n), n - 1);
        let task = taken(&mut queues, now).unwrap();
        serve(&mut queues, &task, status(200), now);
        // A hundred have their gap before them.
        assert!(queues.known_hosts() <= MAX_IDLE_HOSTS + 100 + 64, "{}", queues.known_hosts());
        // The one requested just now is not requested again at once.
        queues.add(page(&format!("h{n}.test"), n), n - 1);
        assert!(taken(&mut queues, now).is_none());
        queues.remove_matching(|_| true);
    }
}

/// What a host costs that has nothing to do: [`MAX_IDLE_HOSTS`] of them are bounded by this.
#[test]
fn an_idle_host_is_small() {
    assert!(size_of::<Option<HostQueue>>() <= 768, "{} bytes", size_of::<Option<HostQueue>>());
}

/// However often URLs are found for hosts that wait: the end of a host's wait is noted once, and
/// the time returned is the earliest.
#[test]
fn what_is_found_for_a_host_in_cooldown_wakes_it_no_sooner_and_no_later() {
    let start = Instant::now();
    let delay = Duration::from_secs(10);
    let mut queues = queues(Pace { delay, ..free() }, &["a.test", "b.test"], 3);
    let first = taken(&mut queues, start).unwrap();
    serve(&mut queues, &first, status(200), start);
    let begin = start + Duration::from_secs(4);
    let second = taken(&mut queues, begin).unwrap();
    serve(&mut queues, &second, status(200), begin);
    for n in 0..1_000 {
        let now = begin + Duration::from_millis(n);
        queues.add(page(["a.test", "b.test"][n as usize % 2], 100 + n as i64), 0);
        match queues.take(now) {
            Taken::Throttled(due) => assert_eq!(due, Some(start + delay)),
            other => panic!("{other:?}"),
        }
    }
    let a = taken(&mut queues, start + delay).unwrap();
    assert_eq!(host_of(&a.url), host_of(&first.url));
    assert!(taken(&mut queues, begin + delay - Duration::from_millis(1)).is_none());
    let b = taken(&mut queues, begin + delay).unwrap();
    assert_eq!(host_of(&b.url), host_of(&second.url));
}

/// Quick so far, then silent: before the first time-out its URLs, in the queue as well, are held
/// to its share of the permits.
#[test]
fn a_host_that_falls_silent_does_not_take_all_permits() {
    let start = Instant::now();
    let names: Vec<String> = (0..10).map(|n| format!("h{n}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut queues = queues(free(), &names, 100);
    queues.set_capacity(320, 40);
    let took = Duration::from_millis(10);
    let quick = Outcome::Answered { status: 200, retry_after: None, took };
    for _ in 0..100 {
        let task = taken(&mut queues, start).unwrap();
        serve(&mut queues, &task, quick, start);
    }
    let mut silent = 0;
    for round in 0..50 {
        let now = start + 10 * took + took * round;
        for task in (0..40).map_while(|_| taken(&mut queues, now)).collect::<Vec<_>>() {
            if !queues.may_start(&task.url, now) {
                queues.ended(&task.url, None, None, now);
                queues.push(task, true, 0);
            } else if host_of(&task.url) == names[0] {
                queues.started(&task.url, now);
                silent += 1;
            } else {
                serve(&mut queues, &task, quick, now);
                queues.push(task, false, 0);
            }
        }
    }
    // 4 are its share; as many may go before it is seen to be silent, in twice the mean.
    assert!((4..=12).contains(&silent), "{silent} of 40");
}
