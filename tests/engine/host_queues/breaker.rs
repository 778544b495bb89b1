//! A host that is down is left alone but for one probe at a time, costs its URLs nothing, and is
//! given up in the end, unless it is rather we who are cut off.

use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::hosts::{Breaker, BreakerChange};
use crawldeck::crawl::hosts::{GiveUp, Pace};
use crawldeck::crawl::hosts::{HostQueues, Taken};
use crawldeck::crawl::protocol::host_view::{BreakerState, WaitReason};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::model::page_state::PageState;
use crawldeck::settings::{BreakerSettings, Settings};
use crawldeck::store;
use crawldeck::store::OpenMode;
use tokio::time::Instant;
use url::Url;

use super::host_model::*;

fn pace() -> Pace {
    let breaker = BreakerSettings { window: 10, min_requests: 4, ..BreakerSettings::default() };
    Pace { breaker, ..free() }
}

/// Fails so many requests of a host that it counts as down; returns when its cooldown is over.
fn bring_down(queues: &mut HostQueues, host: &str, now: Instant) -> Instant {
    let burst: Vec<_> =
        all_taken(queues, now).into_iter().filter(|e| e.url.contains(host)).collect();
    assert!(burst.len() >= 4, "{burst:?}");
    for task in &burst {
        queues.started(&task.url, now);
    }
    let opened: Vec<_> = burst
        .iter()
        .filter_map(|task| queues.ended(&task.url, Some(now), Some(NO_ANSWER), now + S).opened)
        .collect();
    assert_eq!(opened.len(), 1, "a burst counts once");
    now + S + opened[0]
}

#[tokio::test(start_paused = true)]
async fn half_open_one_probe_at_a_time_goes_out() {
    let now = Instant::now();
    let mut queues = queues(pace());
    fill(&mut queues, "a.test", 1..=4);
    let up = bring_down(&mut queues, "a.test", now);
    fill(&mut queues, "a.test", 5..=9);
    assert_eq!(due(&mut queues, now + S), Some(up));
    let probe = taken(&mut queues, up).unwrap();
    for later in [up, up + 600 * S] {
        assert!(taken(&mut queues, later).is_none(), "one probe");
        let seen = view(&queues, "a.test", later);
        assert_eq!(
            (seen.breaker, seen.wait.unwrap().why),
            (BreakerState::HalfOpen, WaitReason::Probe)
        );
    }
    // One that never went out was none.
    queues.ended(&probe.url, None, None, up);
    let probe = taken(&mut queues, up).expect("another");
    let after = asked(&mut queues, &probe, NO_ANSWER, up);
    assert!(!after.counts, "a probe's failure is not its URL's fault");
    let cooldown = after.opened.expect("opens again");
    assert!((9 * S..=11 * S).contains(&cooldown), "doubled: {cooldown:?}");
    let probe = taken(&mut queues, up + cooldown).unwrap();
    assert!(asked(&mut queues, &probe, answered(404), up + cooldown).closed, "any answer will do");
    assert_eq!(all_taken(&mut queues, up + cooldown).len(), 2, "all that is left");
}

/// The user may reset a breaker while the burst that opened it is not over yet.
#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_burst_does_not_open_a_breaker_that_was_closed_since() {
    let settings = BreakerSettings { min_requests: 4, ..BreakerSettings::default() };
    let (mut breaker, t) = (Breaker::default(), Instant::now());
    let mut fails = |began, now| breaker.ended(true, began, now, &settings, 0.5);
    for _ in 0..3 {
        fails(t, t + S);
    }
    assert_eq!(fails(t, t + S), BreakerChange::Opened(5 * S));
    breaker.close();
    let mut fails = |began, now| breaker.ended(true, began, now, &settings, 0.5);
    for _ in 0..20 {
        assert_eq!(fails(t, t + 2 * S), BreakerChange::None, "of the old burst");
    }
    for _ in 0..3 {
        fails(t + 2 * S, t + 3 * S);
    }
    assert_eq!(fails(t + 2 * S, t + 3 * S), BreakerChange::Opened(10 * S), "a new one");
}

/// What ends of a host that is given up.
fn abandoned(queues: &mut HostQueues, now: Instant) -> Option<(usize, GiveUp)> {
    match queues.take(now) {
        Taken::Abandoned(gone) => Some((gone.len(), gone[0].1.clone())),
        Taken::Throttled(_) | Taken::Empty => None,
        other => panic!("{other:?}"),
    }
}

/// Lets probes of a host fail until it is given up; returns how many, and when.
fn probe_in_vain(queues: &mut HostQueues, mut now: Instant) -> (u32, Instant, GiveUp) {
    for probes in 0..10_000 {
        match queues.take(now) {
            Taken::UrlTask(task) => {
                asked(queues, &task, NO_ANSWER, now);
            }
            Taken::Throttled(Some(due)) => now = due,
            Taken::Abandoned(gone) => return (probes, now, gone[0].1.clone()),
            other => panic!("{other:?}"),
        }
    }
    panic!("never given up")
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answered_is_given_up_after_its_attempts() {
    let now = Instant::now();
    let mut queues = queues(Pace { attempts: 3, ..pace() });
    fill(&mut queues, "a.test", 1..=4);
    let up = bring_down(&mut queues, "a.test", now);
    fill(&mut queues, "a.test", 5..=50);
    let mut probes = 0;
    let mut at = up;
    let give_up = loop {
        match queues.take(at) {
            Taken::UrlTask(probe) => {
                probes += 1;
                asked(&mut queues, &probe, NO_ANSWER, at);
            }
            Taken::Throttled(Some(due)) => at = due,
            Taken::Abandoned(gone) => break gone[0].1.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((probes, give_up.state), (3, PageState::Failed));
    assert!(give_up.reason.contains("never responded"), "{give_up:?}");
    // What is found of it later ends as well.
    fill(&mut queues, "a.test", 51..=52);
    assert_eq!(abandoned(&mut queues, at).unwrap().0, 2);
    assert!(matches!(queues.take(at), Taken::Empty));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answered_once_is_given_up_when_its_time_is_over() {
    let now = Instant::now();
    let mut queues = queues(Pace { give_up: 300 * S, ..pace() });
    // Another host is up, held back so that it does not disturb: we are not cut off.
    fill(&mut queues, "b.test", [1]);
    let other = taken(&mut queues, now).unwrap();
    asked(&mut queues, &other, answered(200), now);
    fill(&mut queues, "b.test", 2..=3);
    let busy: Vec<_> = all_taken(&mut queues, now);
    assert_eq!(busy.len(), 2);
    fill(&mut queues, "a.test", [1]);
    let first = taken(&mut queues, now).unwrap();
    asked(&mut queues, &first, answered(200), now);
    fill(&mut queues, "a.test", 2..=5);
    let up = bring_down(&mut queues, "a.test", now);
    fill(&mut queues, "a.test", 6..=50);
    let (_, given_up, give_up) = probe_in_vain(&mut queues, up);
    // It is down from a second on, when the burst ended.
    let down = given_up - (now + S);
    // By the first probe after its time: at most the longest cooldown, 300 s, later.
    assert!((300 * S..=600 * S).contains(&down), "{down:?}");
    assert_eq!(give_up.state, PageState::Failed);
    assert!(give_up.reason.contains("down for"), "{give_up:?}");
}

#[tokio::test(start_paused = true)]
async fn while_everything_is_down_nothing_is_given_up() {
    let now = Instant::now();
    let mut queues = queues(Pace { give_up: 300 * S, attempts: 2, ..pace() });
    for host in ["a.test", "b.test"] {
        fill(&mut queues, host, [1]);
        let first = taken(&mut queues, now).unwrap();
        asked(&mut queues, &first, answered(200), now);
    }
    assert!(!queues.everything_is_down(now));
    for host in ["a.test", "b.test"] {
        fill(&mut queues, host, 2..=6);
        bring_down(&mut queues, host, now);
    }
    for host in ["a.test", "b.test"] {
        fill(&mut queues, host, 7..=60);
    }
    assert!(queues.everything_is_down(now + S));
    let (mut at, mut probes) = (now + S, 0);
    while at < now + 24 * 3600 * S {
        match queues.take(at) {
            Taken::UrlTask(probe) => {
                probes += 1;
                let after = asked(&mut queues, &probe, NO_ANSWER, at);
                assert!(!after.counts);
                queues.push(probe, false, 0);
            }
            Taken::Throttled(Some(due)) => at = due,
            other => panic!("given up after {:?}: {other:?}", at - now),
        }
    }
    // Twelve an hour and host at the longest cooldown, not one request a second.
    assert!((24 * 2 * 10..24 * 2 * 16).contains(&probes), "{probes} probes in a day");
    // One of them is back: then the other one's time is over.
    let back = loop {
        match queues.take(at) {
            Taken::UrlTask(probe) if probe.url.contains("b.test") => break probe,
            Taken::UrlTask(probe) => _ = asked(&mut queues, &probe, NO_ANSWER, at),
            Taken::Throttled(Some(due)) => at = due,
            other => panic!("{other:?}"),
        }
    };
    assert!(asked(&mut queues, &back, answered(200), at).closed);
    let held = all_taken(&mut queues, at);
    assert!(held.iter().all(|task| task.url.contains("b.test")));
    let (probes, _, give_up) = probe_in_vain(&mut queues, at);
    assert!(probes <= 3 && give_up.reason.contains("down for"), "{probes} {give_up:?}");
}

/// Through the whole crawl: a host that goes down under a crawl with few attempts loses no URL.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_no_url() {
    let config = TestOriginConfig {
        content: OriginContent::Pages(60),
        latency: Duration::from_millis(5),
        ..TestOriginConfig::default()
    };
    let origin = TestOrigin::start(config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![Url::parse(origin.url()).unwrap()],
        permits: 4,
        attempts: 2,
        backoff: Duration::from_millis(1),
        sitemaps: false,
        breaker: BreakerSettings {
            window: 8,
            min_requests: 4,
            cooldown: Duration::from_millis(2),
            max_cooldown: Duration::from_millis(10),
            ..BreakerSettings::default()
        },
        ..Settings::default()
    };
    let mut crawl = crawl::start(settings, store).await.unwrap();
    crawl.snapshots.wait_for(|s| s.totals.pages >= 10).await.unwrap();
    origin.set_down(true);
    let seen = crawl
        .snapshots
        .wait_for(|s| s.run.is_final() || s.hosts.iter().any(|host| host.incidents >= 6));
    assert!(!seen.await.unwrap().run.is_final(), "it waits and probes");
    origin.set_down(false);
    let summary = crawl.wait().await;
    assert_eq!((summary.ok, summary.pages), (61, 61), "{summary:?}");
    origin.stop().await;
}
