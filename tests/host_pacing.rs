//! Promise: no host is asked sooner, or more at once, than the strictest of all that hold allows:
//! the user's delay and limit, its robots.txt, its `Retry-After`, its rest after trouble.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use crawldeck::config::{HostRule, Settings};
use crawldeck::crawl::breaker::JITTER;
use crawldeck::crawl::entry::{Entry, Errand};
use crawldeck::crawl::host::{Outcome, Pace};
use crawldeck::crawl::host_view::{BreakerState, WaitReason};
use crawldeck::crawl::snapshot::RunState;
use crawldeck::crawl::window::{IDLE_HOSTS, Taken, Window, host_of};
use crawldeck::crawl::{self};
use crawldeck::lab::origin::{Content, Origin, OriginConfig};
use crawldeck::store::{self, OpenMode, RowState};
use crawldeck::web::robots::{Fate, Reply};
use crawldeck::web::url::UrlHash;
use proptest::prelude::*;
use tokio::time::Instant;
use url::Url;

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);

fn entry(id: i64, url: &str) -> Box<Entry> {
    let hash = UrlHash::of(&Url::parse(url).unwrap());
    Box::new(Entry { id, ..Entry::aside(url.into(), hash, Errand::Page) })
}

fn window(change: impl FnOnce(&mut Pace)) -> Window {
    let mut pace = Pace::default();
    change(&mut pace);
    Window::new(pace, std::collections::HashMap::new())
}

fn fill(window: &mut Window, host: &str, urls: i64) {
    for id in 1..=urls {
        window.add(entry(id, &format!("http://{host}/{id}")), id - 1);
    }
}

fn took(window: &mut Window, now: Instant) -> Option<Box<Entry>> {
    match window.take(now) {
        Taken::Entry(entry) => Some(entry),
        _ => None,
    }
}

fn answered(status: u16) -> Option<Outcome> {
    Some(Outcome::Answered { status, retry_after: None, took: 10 * MS })
}

fn asked_for(status: u16, rest: Duration) -> Option<Outcome> {
    Some(Outcome::Answered { status, retry_after: Some(rest), took: 10 * MS })
}

const SILENT: Option<Outcome> = Some(Outcome::Unanswered { took: Duration::from_millis(10) });

/// Plays one request from start to end at `now`.
fn ask(window: &mut Window, now: Instant, outcome: Option<Outcome>) -> Option<Box<Entry>> {
    let entry = took(window, now)?;
    window.started(entry.target(), now);
    window.ended(entry.target(), Some(now), outcome, now);
    Some(entry)
}

fn why(window: &Window, host: &str) -> Option<WaitReason> {
    window.host(host).unwrap().wait.map(|wait| wait.why)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_starts_are_never_closer_than_the_delay() {
    let delay = 50 * MS;
    let mut window = window(|pace| pace.delay = delay);
    fill(&mut window, "a", 1_000);
    let mut dice = fastrand::Rng::with_seed(7);
    let mut starts: Vec<Instant> = Vec::new();
    while starts.len() < 1_000 {
        let now = Instant::now();
        let entry = match window.take(now) {
            Taken::Entry(entry) => entry,
            Taken::Throttled(Some(due)) => {
                tokio::time::sleep_until(due).await;
                continue;
            }
            other => panic!("{other:?}"),
        };
        assert!(took(&mut window, now).is_none(), "two before the first has started");
        // It waits for a worker and a permit, then starts, and takes a while.
        tokio::time::sleep(MS * dice.u32(0..200)).await;
        let start = Instant::now();
        window.started(entry.target(), start);
        starts.push(start);
        tokio::time::sleep(MS * dice.u32(0..20)).await;
        window.ended(entry.target(), Some(start), answered(200), Instant::now());
    }
    let least = starts.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(least >= delay, "{least:?}");
}

/// The server's own clock, once for real: a thousand requests of the whole engine.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_sees_no_gap_below_the_delay() {
    let delay = Duration::from_millis(5);
    let config = OriginConfig { content: Content::Pages(999), ..OriginConfig::default() };
    let origin = Origin::start(config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("pace.db");
    let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![Url::parse(origin.url()).unwrap()],
        delay,
        permits: 50,
        workers: 50,
        ..Settings::default()
    };
    let summary = crawl::start(settings, store).await.unwrap().wait().await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 1_000));
    let times = origin.times();
    let gaps = times.gaps(|_| true);
    // robots.txt and the sitemap that is not there are requests as well.
    assert_eq!((times.dropped, gaps.len()), (0, 1_001));
    let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(least >= 5.0, "a gap of {least} ms");
    origin.stop().await;
}

#[derive(Debug, Clone)]
struct Wishes {
    user_ms: u64,
    robots_ms: u64,
    retry_ms: Option<u64>,
    limit: Option<u32>,
    held: bool,
}

fn wishes() -> impl Strategy<Value = Wishes> {
    let retry = proptest::option::of(1..20_000_u64);
    let limit = proptest::option::of(1..4_u32);
    (0..3_000_u64, 0..3_000_u64, retry, limit, any::<bool>()).prop_map(
        |(user_ms, robots_ms, retry_ms, limit, held)| Wishes {
            user_ms,
            robots_ms,
            retry_ms,
            limit,
            held: held && limit == Some(1),
        },
    )
}

proptest! {
    /// Whatever holds at once, a URL goes out when the last of it is over, and not before.
    #[test]
    fn the_strictest_wins(w in wishes()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let ceiling = 2 * S;
            let mut window = window(|pace| {
                pace.delay = w.user_ms as u32 * MS;
                pace.max_robots_delay = ceiling;
                pace.per_host = w.limit;
                pace.robots = true;
            });
            fill(&mut window, "a", 10);
            let begin = Instant::now();
            let first = took(&mut window, begin).expect("robots.txt");
            prop_assert_eq!(first.errand, Errand::Robots { https: false });
            prop_assert!(took(&mut window, begin).is_none(), "only robots.txt goes out");
            window.started(first.target(), begin);
            let text = format!("User-agent: *\nCrawl-delay: {}\n", w.robots_ms as f64 / 1000.0);
            let reply = Reply::Answered { status: 200, body: text.as_bytes() };
            window.ended(first.target(), Some(begin), answered(200), begin);
            window.robots("a", false, Arc::new(Fate::of(reply, "crawldeck")), begin);
            let gap = (w.user_ms as u32 * MS).max((w.robots_ms as u32 * MS).min(ceiling));
            // One page after the gap; its answer may ask for a rest.
            let start = begin + gap;
            if gap > MS {
                prop_assert!(took(&mut window, start - MS).is_none());
            }
            let page = took(&mut window, start).expect("the gap is over");
            window.started(page.target(), start);
            let outcome = w.retry_ms.map_or(answered(200), |ms| asked_for(429, ms as u32 * MS));
            window.ended(page.target(), Some(start), outcome, start);
            if w.held {
                window.rule("a", |rule: &mut HostRule| rule.held = true);
                prop_assert!(took(&mut window, start + 1000 * S).is_none());
                window.rule("a", |rule: &mut HostRule| rule.held = false);
            }
            let rest = w.retry_ms.map_or(Duration::ZERO, |ms| ms as u32 * MS);
            let due = start + gap.max(rest);
            if due > start + MS {
                prop_assert!(took(&mut window, due - MS).is_none(), "before its time");
                prop_assert!(!window.may_start("http://a/1", due - MS) || rest < gap);
            }
            // As many as the limit allows, and under a gap one that has not started.
            let mut out = Vec::new();
            while let Some(entry) = took(&mut window, due) {
                out.push(entry);
            }
            let most = match (gap.is_zero(), w.limit, w.retry_ms) {
                (false, ..) => 1,
                // After 429 it is asked carefully.
                (true, _, Some(_)) => 1,
                (true, Some(limit), None) => limit as usize,
                (true, None, None) => 8,
            };
            prop_assert!(!out.is_empty());
            prop_assert!(out.len() <= most.max(1), "{} of {most}", out.len());
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn after_429_a_host_rests_longer_each_time_and_is_forgiven() {
    let mut window = window(|pace| {
        (pace.backoff, pace.max_backoff) = (60 * S, 600 * S);
    });
    fill(&mut window, "a", 100);
    let mut rests = Vec::new();
    for _ in 0..5 {
        let now = Instant::now();
        // A burst: three in flight, all refused, one incident.
        let burst: Vec<_> = std::iter::from_fn(|| took(&mut window, now)).take(3).collect();
        assert!(!burst.is_empty());
        for entry in &burst {
            window.started(entry.target(), now);
        }
        for entry in &burst {
            window.ended(entry.target(), Some(now), answered(429), now);
        }
        let wait = window.host("a").unwrap().wait.unwrap();
        assert_eq!(wait.why, WaitReason::Backoff);
        rests.push(wait.for_s.unwrap());
        tokio::time::advance(Duration::from_secs_f64(wait.for_s.unwrap())).await;
    }
    for (rest, whole) in rests.iter().zip([60.0, 120.0, 240.0, 480.0, 600.0]) {
        let range = whole * (1.0 - JITTER)..=whole * (1.0 + JITTER);
        assert!(range.contains(rest), "{rests:?}");
    }
    tokio::time::advance(301 * S).await;
    ask(&mut window, Instant::now(), answered(429)).unwrap();
    let rest = window.host("a").unwrap().wait.unwrap().for_s.unwrap();
    assert!(rest <= 66.0, "forgiven after quiet: {rest}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_down_is_probed_by_one_and_its_urls_are_not_used_up() {
    let mut window = window(|_| ());
    fill(&mut window, "a", 100);
    fill(&mut window, "b", 100);
    let now = Instant::now();
    // Both answer once; then `a` goes down.
    for _ in 0..2 {
        ask(&mut window, now, answered(200)).unwrap();
    }
    let mut failed = 0;
    while window.host("a").unwrap().breaker == BreakerState::Closed {
        let entry = took(&mut window, now).unwrap();
        window.started(entry.target(), now);
        let down = host_of(entry.target()) == "a";
        failed += u32::from(down);
        window.ended(entry.target(), Some(now), if down { SILENT } else { answered(200) }, now);
        assert!(failed < 30);
    }
    assert_eq!(why(&window, "a"), Some(WaitReason::Breaker));
    // What stood in the queue when it went down is not asked.
    assert!(!window.may_start("http://a/1", now) && window.may_start("http://b/1", now));
    // The rest goes on.
    assert_eq!(host_of(took(&mut window, now).unwrap().target()), "b");
    tokio::time::advance(6 * S).await;
    let now = Instant::now();
    let out: Vec<_> = std::iter::from_fn(|| took(&mut window, now)).collect();
    let probes: Vec<_> = out.iter().filter(|entry| host_of(entry.target()) == "a").collect();
    assert_eq!(probes.len(), 1, "one probe");
    assert_eq!(why(&window, "a"), Some(WaitReason::Probe));
    window.started(probes[0].target(), now);
    let after = window.ended(probes[0].target(), Some(now), SILENT, now);
    assert!(!after.counts && after.opened.is_some(), "{after:?}");
    tokio::time::advance(12 * S).await;
    let now = Instant::now();
    let probe = std::iter::from_fn(|| took(&mut window, now))
        .find(|entry| host_of(entry.target()) == "a")
        .expect("a second probe");
    window.started(probe.target(), now);
    let after = window.ended(probe.target(), Some(now), answered(200), now);
    assert!(after.closed);
    assert_eq!(window.host("a").unwrap().breaker, BreakerState::Closed);
}

/// Takes until the host has nothing to give; returns what ends unfetched.
fn doomed(window: &mut Window, now: Instant) -> Vec<(String, RowState, String)> {
    let mut gone = Vec::new();
    loop {
        match window.take(now) {
            Taken::Doomed(list) => gone.extend(
                list.into_iter().map(|(e, d)| (e.url.to_string(), d.state, d.reason.to_string())),
            ),
            Taken::Entry(entry) => {
                window.started(entry.target(), now);
                let ok = host_of(entry.target()) == "up";
                let outcome = if ok { answered(200) } else { SILENT };
                window.ended(entry.target(), Some(now), outcome, now);
            }
            _ => return gone,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_stays_down_is_given_up_but_not_while_everything_is() {
    let mut window = window(|pace| pace.give_up = 60 * S);
    fill(&mut window, "down", 30);
    ask(&mut window, Instant::now(), answered(200)).unwrap();
    // It is all there is: nothing is given up, however long it takes.
    for _ in 0..40 {
        assert_eq!(doomed(&mut window, Instant::now()), []);
        tokio::time::advance(30 * S).await;
    }
    assert!(window.everything_is_down(Instant::now()));
    assert!(window.host("down").unwrap().queued > 0);
    // Another host that answers shows that it is not us.
    for id in 100..200 {
        window.add(entry(id, &format!("http://up/{id}")), id - 1);
    }
    let mut gone = Vec::new();
    for id in 200..240 {
        window.add(entry(id, &format!("http://up/{id}")), id - 1);
        window.add(entry(id + 100, &format!("http://up/{}", id + 100)), id + 99);
        let now = Instant::now();
        // Keep the other host at work: take its turn only after the probe.
        gone.extend(doomed(&mut window, now));
        tokio::time::advance(30 * S).await;
    }
    assert!(gone.len() >= 10, "{gone:?}");
    assert!(gone.iter().all(|(_, state, why)| {
        *state == RowState::Failed && why.starts_with("host down for ")
    }));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answered_is_given_up_after_some_probes() {
    let mut window = window(|_| ());
    fill(&mut window, "dead", 30);
    let mut gone = Vec::new();
    for _ in 0..10 {
        gone.extend(doomed(&mut window, Instant::now()));
        tokio::time::advance(60 * S).await;
    }
    assert!(gone.len() >= 15, "{gone:?}");
    assert!(gone.iter().all(|(_, _, why)| why == "host never answered, given up"), "{gone:?}");
}

fn shut(why: &str) -> Arc<Fate> {
    Arc::new(Fate::of(Reply::Unreachable(why), "crawldeck"))
}

#[tokio::test(start_paused = true)]
async fn without_a_robots_txt_nothing_else_is_asked() {
    let mut window = window(|pace| (pace.robots, pace.attempts) = (true, 3));
    fill(&mut window, "a", 5);
    for attempt in 1..=3 {
        let now = Instant::now();
        let robots = took(&mut window, now).expect("robots.txt is asked for");
        assert!(matches!(robots.errand, Errand::Robots { .. }));
        assert!(took(&mut window, now).is_none(), "attempt {attempt}: once at a time");
        window.started(robots.target(), now);
        window.ended(robots.target(), Some(now), answered(503), now);
        window.robots("a", false, shut("503"), now);
        assert!(attempt == 3 || took(&mut window, now).is_none(), "not at once again");
        tokio::time::advance(60 * S).await;
    }
    let gone = doomed(&mut window, Instant::now());
    assert_eq!(gone.len(), 5);
    assert_eq!(gone[0].1, RowState::Skipped);
    assert_eq!(gone[0].2, "robots.txt unreachable: 503");
}

#[tokio::test(start_paused = true)]
async fn a_robots_txt_is_asked_for_again_after_a_day() {
    let mut window = window(|pace| pace.robots = true);
    fill(&mut window, "a", 5);
    let now = Instant::now();
    let robots = took(&mut window, now).unwrap();
    window.started(robots.target(), now);
    window.ended(robots.target(), Some(now), answered(404), now);
    let none = Fate::of(Reply::Answered { status: 404, body: b"" }, "crawldeck");
    window.robots("a", false, Arc::new(none), now);
    assert_eq!(took(&mut window, now).unwrap().errand, Errand::Page);
    tokio::time::advance(24 * 60 * 60 * S).await;
    let again = took(&mut window, Instant::now()).unwrap();
    assert!(matches!(again.errand, Errand::Robots { .. }));
}

#[tokio::test(start_paused = true)]
async fn hosts_take_turns_and_none_keeps_the_others_out() {
    let mut window = window(|_| ());
    fill(&mut window, "big", 100_000);
    for host in 0..9 {
        fill(&mut window, &format!("h{host}"), 50);
    }
    let now = Instant::now();
    let mut counts = std::collections::HashMap::<String, u32>::new();
    for _ in 0..200 {
        let entry = took(&mut window, now).unwrap();
        *counts.entry(host_of(entry.target()).to_owned()).or_default() += 1;
    }
    assert_eq!(counts.len(), 10);
    assert!(counts.values().all(|count| *count == 20), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_host_gets_no_more_than_its_share_of_the_permits() {
    let mut window = window(|_| ());
    window.set_room(200, 20);
    for host in 0..10 {
        fill(&mut window, &format!("h{host}"), 500);
    }
    let now = Instant::now();
    // Each is known: nine answer in 10 ms, one in 3 s.
    for _ in 0..30 {
        let entry = took(&mut window, now).unwrap();
        window.started(entry.target(), now);
        let slow = host_of(entry.target()) == "h3";
        let took = if slow { 3 * S } else { 10 * MS };
        let outcome = Outcome::Answered { status: 200, retry_after: None, took };
        window.ended(entry.target(), Some(now), Some(outcome), now);
    }
    let out: Vec<_> = std::iter::from_fn(|| took(&mut window, now)).collect();
    let slow = out.iter().filter(|entry| host_of(entry.target()) == "h3").count();
    assert_eq!(slow, 2, "20 permits among 10 hosts");
    assert!(out.len() > 150, "the others have the room of the pipeline: {}", out.len());
}

#[tokio::test(start_paused = true)]
async fn idle_hosts_are_forgotten_but_not_while_they_rest() {
    let mut window = window(|_| ());
    let now = Instant::now();
    window.add(entry(1, "http://resting/1"), 0);
    ask(&mut window, now, asked_for(429, 500 * S)).unwrap();
    for id in 2..(2 * IDLE_HOSTS as i64) {
        window.add(entry(id, &format!("http://h{id}/")), id - 1);
        ask(&mut window, now, answered(200)).unwrap();
    }
    assert!(matches!(window.take(now), Taken::Empty));
    assert!(window.hosts() <= IDLE_HOSTS + 1, "{}", window.hosts());
    assert_eq!(why(&window, "resting"), Some(WaitReason::RetryAfter));
    // What is kept of an idle host is bounded.
    let host = size_of::<crawldeck::crawl::host::Host>();
    assert!(host <= 640, "{host} bytes");
}
