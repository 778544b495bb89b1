//! Hosts take turns, and none keeps the others out, however much there is of it or however slow
//! it is.

use std::collections::HashMap;
use std::sync::Arc;

use crawldeck::crawl::hosts::{HostQueues, MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, Taken, host_of};
use crawldeck::crawl::hosts::{Outcome, Pace};
use crawldeck::store::OpenHost;
use proptest::prelude::*;
use tokio::time::Instant;

use super::host_model::*;

proptest! {
    #[test]
    fn over_any_run_of_turns_the_counts_differ_by_at_most_one(
        hosts in 1..20_i64,
        run in 1..200_usize,
        order in any::<u64>(),
        ends in any::<u64>(),
    ) {
        let now = Instant::now();
        let mut queues = queues(free());
        // Found in any order.
        let mut rng = fastrand::Rng::with_seed(order);
        let mut found: Vec<i64> = (0..hosts * 200).collect();
        rng.shuffle(&mut found);
        for id in found {
            queues.add(task(&format!("h{}.test", id % hosts), id + 1), id);
        }
        let mut rng = fastrand::Rng::with_seed(ends);
        let (mut counts, mut out) = (HashMap::new(), Vec::new());
        for _ in 0..run.min(200 * hosts as usize) {
            let task = taken(&mut queues, now).unwrap();
            *counts.entry(host_of(&task.url).into_owned()).or_insert(0) += 1;
            out.push(task);
            // Those that end in between make no difference.
            while !out.is_empty() && rng.bool() {
                let task = out.swap_remove(rng.usize(..out.len()));
                asked(&mut queues, &task, answered(200), now);
            }
        }
        let most = counts.values().max().copied().unwrap_or(0);
        let least = if counts.len() < hosts as usize { 0 } else { *counts.values().min().unwrap() };
        prop_assert!(most - least <= 1, "{counts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_with_100_000_urls_does_not_keep_nine_others_out() {
    let now = Instant::now();
    let mut queues = queues(free());
    let (all, last) = (100_000, 100_000 + 9 * 20);
    fill(&mut queues, "big.test", 1..=all);
    assert_eq!(
        (queues.len(), queues.on_disk()),
        (MAX_IN_MEMORY_PER_HOST, all as u64 - MAX_IN_MEMORY_PER_HOST as u64)
    );
    for id in all + 1..=last {
        queues.add(task(&format!("h{}.test", id % 9), id), id - 1);
    }
    // Ten hosts, twenty rounds: the small ones have come out by then.
    let first: Vec<_> = (0..10 * 20).map(|_| taken(&mut queues, now).unwrap()).collect();
    let small = first.iter().filter(|task| host_of(&task.url) != "big.test").count();
    assert_eq!(small, 9 * 20);
    assert!(queues.len() <= MAX_IN_MEMORY);
    // And all of the big one, from disk, in order, once each.
    let mut ids: Vec<i64> =
        first.iter().filter(|e| host_of(&e.url) == "big.test").map(|e| e.id).collect();
    for task in &first {
        asked(&mut queues, task, answered(200), now);
    }
    loop {
        match queues.take(now) {
            Taken::UrlTask(task) => {
                ids.push(task.id);
                asked(&mut queues, &task, answered(200), now);
            }
            Taken::Refill { host, after, limit } => {
                let rows = (after + 1..=all).take(limit as usize).map(|id| task(&host, id));
                assert!(queues.refilled(&host, rows.collect()));
            }
            Taken::Empty => break,
            other => panic!("{other:?}"),
        }
        assert!(queues.len() <= 2 * MAX_IN_MEMORY_PER_HOST);
    }
    assert!(ids.into_iter().eq(1..=all));
}

/// Even when it was there first and memory is full.
#[tokio::test(start_paused = true)]
async fn a_full_window_has_room_for_a_new_host() {
    let now = Instant::now();
    let mut queues = queues(free());
    let big = (MAX_IN_MEMORY / MAX_IN_MEMORY_PER_HOST) as i64;
    for host in 0..big {
        fill(&mut queues, &format!("big{host}.test"), 1..=MAX_IN_MEMORY_PER_HOST as i64 + 10);
    }
    assert_eq!(queues.len(), MAX_IN_MEMORY);
    fill(&mut queues, "new.test", [1]);
    let turn: Vec<_> = (0..=big).map(|_| taken(&mut queues, now).unwrap()).collect();
    assert!(turn.iter().any(|task| host_of(&task.url) == "new.test"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_host_gets_at_most_its_share_of_the_permits() {
    let now = Instant::now();
    let mut queues = queues(free());
    let (pipeline, permits, hosts) = (120, 20, 10);
    queues.set_capacity(pipeline, permits);
    let took = |host: usize| Outcome::Answered {
        status: 200,
        retry_after: None,
        took: if host == 0 { 3 * S } else { S / 50 },
    };
    for host in 0..hosts {
        fill(&mut queues, &format!("h{host}.test"), 1..=4_000);
    }
    let number = |url: &str| -> usize { host_of(url)[1..2].parse().unwrap() };
    // Until they know one another.
    for _ in 0..100 {
        for task in all_taken(&mut queues, now) {
            asked(&mut queues, &task, took(number(&task.url)), now);
        }
    }
    let out = all_taken(&mut queues, now);
    let mut counts = vec![0; hosts];
    for task in &out {
        counts[number(&task.url)] += 1;
    }
    assert_eq!(counts[0], permits / hosts as u32, "its share of the permits: {counts:?}");
    assert!(counts[1..].iter().all(|&n| n == pipeline / hosts as u32), "of the queue: {counts:?}");
    // When the others have ended it may have all, a little later: they might have had more.
    for task in out {
        asked(&mut queues, &task, took(number(&task.url)), now);
    }
    let mut out = all_taken(&mut queues, now);
    while out.iter().any(|task| number(&task.url) > 0) {
        for task in out {
            asked(&mut queues, &task, took(number(&task.url)), now);
        }
        out = all_taken(&mut queues, now);
    }
    assert_eq!(out.len() as u32, permits / hosts as u32);
    let later = now + S / 4;
    out.extend(all_taken(&mut queues, later));
    assert!(out.len() as u32 > permits, "alone it may have all: {}", out.len());
}

/// A host that waits does not count among the active hosts.
#[tokio::test(start_paused = true)]
async fn a_host_that_cools_down_or_is_held_leaves_its_share_to_the_others() {
    let now = Instant::now();
    let mut queues = queues(Pace { max_backoff: 600 * S, ..free() });
    queues.set_capacity(100, 10);
    for host in ["a.test", "b.test", "c.test"] {
        fill(&mut queues, host, 1..=4_000);
    }
    let out = all_taken(&mut queues, now);
    assert_eq!(out.len(), 3 * 4, "not having answered, a third of the permits each, rounded up");
    let mut given = out.len();
    for task in out {
        asked(&mut queues, &task, answered(200), now);
    }
    // With each answer the way is open for more.
    while given < 3 * 34 * 8 {
        let out = all_taken(&mut queues, now);
        assert!(out.len() <= 3 * (4 + given / 24), "{} after {given}", out.len());
        given += out.len();
        for task in out {
            asked(&mut queues, &task, answered(200), now);
        }
    }
    assert_eq!(all_taken(&mut queues, now).len(), 3 * 34, "a third each, rounded up");
    let mut queues = super::host_model::queues(Pace { max_backoff: 600 * S, ..free() });
    queues.set_capacity(100, 10);
    for host in ["a.test", "b.test", "c.test"] {
        fill(&mut queues, host, 1..=4_000);
    }
    let first = all_taken(&mut queues, now);
    for task in &first {
        queues.started(&task.url, now);
    }
    for task in &first {
        let outcome = match &*host_of(&task.url) {
            "b.test" => asks_for(429, 600 * S),
            _ => answered(200),
        };
        queues.ended(&task.url, Some(now), Some(outcome), now);
    }
    queues.change_rule("c.test", |rule| rule.held = true);
    let out = all_taken(&mut queues, now);
    assert!(out.iter().all(|task| host_of(&task.url) == "a.test"));
    assert!(out.len() > 100, "alone: {}", out.len());
}

/// Three hosts of a resumed crawl, and what is done first for which of them.
fn restored() -> HostQueues {
    let mut queues = queues(free());
    let open: Vec<OpenHost> = ["a.test", "b.test", "c.test"]
        .map(|host| OpenHost { host_id: 0, open: 2, url: format!("http://{host}/").into() })
        .into();
    queues.restore(&open, 0);
    queues
}

fn refill_of(queues: &mut HostQueues, now: Instant) -> Arc<str> {
    match queues.take(now) {
        Taken::Refill { host, .. } => host,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_for_a_host_goes_out_before_another_host_is_read() {
    let now = Instant::now();
    let mut queues = restored();
    for (host, first) in [("a.test", 1), ("b.test", 3), ("c.test", 5)] {
        assert_eq!(&*refill_of(&mut queues, now), host);
        assert!(queues.refilled(host, vec![task(host, first), task(host, first + 1)]));
        assert_eq!(taken(&mut queues, now).unwrap().id, first);
    }
    assert_eq!(taken(&mut queues, now).unwrap().id, 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_be_read_lets_others_have_their_turn() {
    let now = Instant::now();
    let mut queues = restored();
    for host in ["a.test", "b.test", "c.test", "a.test"] {
        assert_eq!(&*refill_of(&mut queues, now), host);
        queues.not_refilled(host);
    }
}
