//! A host that is down is left alone but for one probe at a time, costs its URLs nothing, and is
//! given up in the end, unless it is rather we who are cut off.

use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::hosts::{Breaker, Turn};
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

/// Fails so many requests of a host that it counts as down; returns when its rest is over.
fn bring_down(window: &mut HostQueues, host: &str, now: Instant) -> Instant {
    let burst: Vec<_> =
        all_taken(window, now).into_iter().filter(|e| e.url.contains(host)).collect();
    assert!(burst.len() >= 4, "{burst:?}");
    for entry in &burst {
        window.started(&entry.url, now);
    }
    let opened: Vec<_> = burst
        .iter()
        .filter_map(|entry| window.ended(&entry.url, Some(now), Some(NO_ANSWER), now + S).opened)
        .collect();
    assert_eq!(opened.len(), 1, "a burst counts once");
    now + S + opened[0]
}

#[tokio::test(start_paused = true)]
async fn half_open_one_probe_at_a_time_goes_out() {
    let now = Instant::now();
    let mut window = window(pace());
    fill(&mut window, "a.test", 1..=4);
    let up = bring_down(&mut window, "a.test", now);
    fill(&mut window, "a.test", 5..=9);
    assert_eq!(due(&mut window, now + S), Some(up));
    let probe = taken(&mut window, up).unwrap();
    for later in [up, up + 600 * S] {
        assert!(taken(&mut window, later).is_none(), "one probe");
        let seen = view(&window, "a.test", later);
        assert_eq!(
            (seen.breaker, seen.wait.unwrap().why),
            (BreakerState::HalfOpen, WaitReason::Probe)
        );
    }
    // One that never went out was none.
    window.ended(&probe.url, None, None, up);
    let probe = taken(&mut window, up).expect("another");
    let after = asked(&mut window, &probe, NO_ANSWER, up);
    assert!(!after.counts, "a probe's failure is not its URL's fault");
    let rest = after.opened.expect("opens again");
    assert!((9 * S..=11 * S).contains(&rest), "doubled: {rest:?}");
    let probe = taken(&mut window, up + rest).unwrap();
    assert!(asked(&mut window, &probe, answered(404), up + rest).closed, "any answer will do");
    assert_eq!(all_taken(&mut window, up + rest).len(), 2, "all that is left");
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
    assert_eq!(fails(t, t + S), Turn::Opened(5 * S));
    breaker.close();
    let mut fails = |began, now| breaker.ended(true, began, now, &settings, 0.5);
    for _ in 0..20 {
        assert_eq!(fails(t, t + 2 * S), Turn::None, "of the old burst");
    }
    for _ in 0..3 {
        fails(t + 2 * S, t + 3 * S);
    }
    assert_eq!(fails(t + 2 * S, t + 3 * S), Turn::Opened(10 * S), "a new one");
}

/// What ends of a host that is given up.
fn doomed(window: &mut HostQueues, now: Instant) -> Option<(usize, GiveUp)> {
    match window.take(now) {
        Taken::Abandoned(gone) => Some((gone.len(), gone[0].1.clone())),
        Taken::Throttled(_) | Taken::Empty => None,
        other => panic!("{other:?}"),
    }
}

/// Lets probes of a host fail until it is given up; returns how many, and when.
fn probe_in_vain(window: &mut HostQueues, mut now: Instant) -> (u32, Instant, GiveUp) {
    for probes in 0..10_000 {
        match window.take(now) {
            Taken::UrlTask(entry) => {
                asked(window, &entry, NO_ANSWER, now);
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
    let mut window = window(Pace { attempts: 3, ..pace() });
    fill(&mut window, "a.test", 1..=4);
    let up = bring_down(&mut window, "a.test", now);
    fill(&mut window, "a.test", 5..=50);
    let mut probes = 0;
    let mut at = up;
    let doom = loop {
        match window.take(at) {
            Taken::UrlTask(probe) => {
                probes += 1;
                asked(&mut window, &probe, NO_ANSWER, at);
            }
            Taken::Throttled(Some(due)) => at = due,
            Taken::Abandoned(gone) => break gone[0].1.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((probes, doom.state), (3, PageState::Failed));
    assert!(doom.reason.contains("never answered"), "{doom:?}");
    // What is found of it later ends as well.
    fill(&mut window, "a.test", 51..=52);
    assert_eq!(doomed(&mut window, at).unwrap().0, 2);
    assert!(matches!(window.take(at), Taken::Empty));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answered_once_is_given_up_when_its_time_is_over() {
    let now = Instant::now();
    let mut window = window(Pace { give_up: 300 * S, ..pace() });
    // Another host is up, held back so that it does not disturb: we are not cut off.
    fill(&mut window, "b.test", [1]);
    let other = taken(&mut window, now).unwrap();
    asked(&mut window, &other, answered(200), now);
    fill(&mut window, "b.test", 2..=3);
    let busy: Vec<_> = all_taken(&mut window, now);
    assert_eq!(busy.len(), 2);
    fill(&mut window, "a.test", [1]);
    let first = taken(&mut window, now).unwrap();
    asked(&mut window, &first, answered(200), now);
    fill(&mut window, "a.test", 2..=5);
    let up = bring_down(&mut window, "a.test", now);
    fill(&mut window, "a.test", 6..=50);
    let (_, given_up, doom) = probe_in_vain(&mut window, up);
    assert!(given_up - now >= 300 * S, "{:?}", given_up - now);
    // By the first probe after that: the longest rest later at most.
    assert!(given_up - now <= 600 * S, "{:?}", given_up - now);
    assert_eq!(doom.state, PageState::Failed);
    assert!(doom.reason.contains("down for"), "{doom:?}");
}

#[tokio::test(start_paused = true)]
async fn while_everything_is_down_nothing_is_given_up() {
    let now = Instant::now();
    let mut window = window(Pace { give_up: 300 * S, attempts: 2, ..pace() });
    for host in ["a.test", "b.test"] {
        fill(&mut window, host, [1]);
        let first = taken(&mut window, now).unwrap();
        asked(&mut window, &first, answered(200), now);
    }
    assert!(!window.everything_is_down(now));
    for host in ["a.test", "b.test"] {
        fill(&mut window, host, 2..=6);
        bring_down(&mut window, host, now);
    }
    for host in ["a.test", "b.test"] {
        fill(&mut window, host, 7..=60);
    }
    assert!(window.everything_is_down(now + S));
    let (mut at, mut probes) = (now + S, 0);
    while at < now + 24 * 3600 * S {
        match window.take(at) {
            Taken::UrlTask(probe) => {
                probes += 1;
                let after = asked(&mut window, &probe, NO_ANSWER, at);
                assert!(!after.counts);
                window.push(probe, false, 0);
            }
            Taken::Throttled(Some(due)) => at = due,
            other => panic!("given up after {:?}: {other:?}", at - now),
        }
    }
    // Twelve an hour and host at the longest rest, not a request a second.
    assert!((24 * 2 * 10..24 * 2 * 16).contains(&probes), "{probes} probes in a day");
    // One of them is back: then the other one's time is over.
    let back = loop {
        match window.take(at) {
            Taken::UrlTask(probe) if probe.url.contains("b.test") => break probe,
            Taken::UrlTask(probe) => _ = asked(&mut window, &probe, NO_ANSWER, at),
            Taken::Throttled(Some(due)) => at = due,
            other => panic!("{other:?}"),
        }
    };
    assert!(asked(&mut window, &back, answered(200), at).closed);
    let held = all_taken(&mut window, at);
    assert!(held.iter().all(|entry| entry.url.contains("b.test")));
    let (probes, _, doom) = probe_in_vain(&mut window, at);
    assert!(probes <= 3 && doom.reason.contains("down for"), "{probes} {doom:?}");
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
