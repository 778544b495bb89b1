//! Promise: the gate of permits grows and shrinks exactly while it is in use.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use crawldeck::semaphore::{Permit, ResizableSemaphore};
use proptest::prelude::*;

/// What a test does to a gate.
#[derive(Debug, Clone)]
enum Step {
    Acquire,
    Release(usize),
    Resize(u32),
    /// A waiter joins and, if nothing hands it a permit, gives up.
    Impatient,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Acquire),
        4 => any::<usize>().prop_map(Step::Release),
        2 => (0_u32..20).prop_map(Step::Resize),
        1 => Just(Step::Impatient),
    ];
    prop::collection::vec(step, 1..200)
}

/// `free + in_use - draining == limit`, with what the test itself holds as `in_use`.
fn counts_balance(gate: &ResizableSemaphore, held: usize) {
    let view = gate.view();
    assert_eq!(view.in_use as usize, held, "{view:?}");
    assert_eq!(view.draining, view.in_use.saturating_sub(view.limit), "{view:?}");
}

proptest! {
    /// The model: a permit is to be had exactly when fewer than `limit` are held.
    #[test]
    fn agrees_with_a_model(limit in 0_u32..20, steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let gate = ResizableSemaphore::new(limit);
            let mut limit = limit;
            let mut held: Vec<Permit> = Vec::new();
            for step in steps {
                match step {
                    Step::Acquire => {
                        let got = gate.try_acquire();
                        assert_eq!(got.is_some(), held.len() < limit as usize);
                        held.extend(got);
                    }
                    Step::Release(at) if !held.is_empty() => {
                        held.swap_remove(at % held.len());
                    }
                    Step::Release(_) => {}
                    Step::Resize(new) => {
                        gate.resize(new);
                        limit = new;
                    }
                    Step::Impatient => {
                        let room = held.len() < limit as usize;
                        let waiter = tokio::spawn({
                            let gate = Arc::clone(&gate);
                            async move { gate.acquire().await }
                        });
                        tokio::task::yield_now().await;
                        assert_eq!(waiter.is_finished(), room);
                        waiter.abort();
                        if let Ok(permit) = waiter.await {
                            held.push(permit);
                        }
                    }
                }
                counts_balance(&gate, held.len());
                assert_eq!(gate.view().waiting, 0);
            }
            held.clear();
            assert_eq!((gate.view().in_use, gate.view().draining), (0, 0));
        });
    }
}

/// Many tasks take and give back while several others turn the limit; nobody is ever over the
/// largest limit set, and the counts balance at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_resizes_from_several_tasks_under_load() {
    const HIGHEST: u32 = 60;
    let gate = ResizableSemaphore::new(30);
    let in_flight = Arc::new(AtomicU32::new(0));
    let workers: Vec<_> = (0..100)
        .map(|_| {
            let (gate, in_flight) = (Arc::clone(&gate), Arc::clone(&in_flight));
            tokio::spawn(async move {
                for _ in 0..300 {
                    let permit = gate.acquire().await;
                    let now = in_flight.fetch_add(1, SeqCst) + 1;
                    assert!(now <= HIGHEST, "{now} in flight");
                    tokio::task::yield_now().await;
                    in_flight.fetch_sub(1, SeqCst);
                    drop(permit);
                }
            })
        })
        .collect();
    let turners: Vec<_> = (0..4_u64)
        .map(|seed| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..2000 {
                    gate.resize(random.u32(1..=HIGHEST));
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for turner in turners {
        turner.await.unwrap();
    }
    gate.resize(7);
    for worker in workers {
        worker.await.unwrap();
    }
    let view = gate.view();
    assert_eq!((view.limit, view.in_use, view.draining, view.waiting), (7, 0, 0, 0));
    let held: Vec<_> = std::iter::from_fn(|| gate.try_acquire()).collect();
    assert_eq!(held.len(), 7);
}

/// With R requests in flight and the limit cut to r, in flight is at most r one request later.
#[tokio::test(start_paused = true)]
async fn a_cut_takes_effect_within_one_request() {
    const REQUEST: Duration = Duration::from_millis(100);
    for (before, after) in [(50, 10), (50, 1), (8, 7), (300, 5)] {
        let gate = ResizableSemaphore::new(before);
        let in_flight = Arc::new(AtomicU32::new(0));
        let workers: Vec<_> = (0..before + 20)
            .map(|_| {
                let (gate, in_flight) = (Arc::clone(&gate), Arc::clone(&in_flight));
                tokio::spawn(async move {
                    loop {
                        let _permit = gate.acquire().await;
                        in_flight.fetch_add(1, SeqCst);
                        tokio::time::sleep(REQUEST).await;
                        in_flight.fetch_sub(1, SeqCst);
                    }
                })
            })
            .collect();
        tokio::time::sleep(REQUEST / 2).await;
        assert_eq!(in_flight.load(SeqCst), before);
        gate.resize(after);
        assert_eq!(gate.view().draining, before - after);
        tokio::time::sleep(REQUEST).await;
        assert_eq!(in_flight.load(SeqCst), after);
        assert_eq!(gate.view().draining, 0);
        gate.resize(before);
        // Growing needs no time at all: the waiters have their permits once they are polled.
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(in_flight.load(SeqCst), before);
        for worker in workers {
            worker.abort();
        }
    }
}
