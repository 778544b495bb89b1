//! Promise: injected faults of the lab take effect for every client, at once, and only where they
//! should.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::run;
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::faults::{Fault, Faults, FaultySite};
use futures_util::future::join_all;
use reqwest::{Client, Response, StatusCode};

/// Longer than any wait here on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

struct Site {
    lab: Lab,
    faults: Arc<dyn FaultySite>,
    client: Client,
}

impl Site {
    async fn with(faults: Faults) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let lab = Lab::start(LabConfig { pages: 200, faults, ..LabConfig::default() }).await;
        let lab = lab.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { faults: lab.faulty_site(), lab, client }
    }

    async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(format!("{}{path}", self.lab.urls()[0])).send().await
    }

    async fn status(&self, path: &str) -> u16 {
        self.get(path).await.unwrap().status().as_u16()
    }

    async fn until_in_flight(&self, wanted: u64) {
        let end = Instant::now() + PATIENCE;
        while self.lab.load().in_flight != wanted {
            assert!(Instant::now() < end, "{:?}, not {wanted}", self.lab.load());
            tokio::task::yield_now().await;
        }
    }
}

/// Pages without latency.
const FAST: Faults = Faults::NONE.with(Fault::Latency, 0.0);

#[tokio::test(flavor = "multi_thread")]
async fn errors_hit_pages_and_nothing_else() {
    for (fault, expected) in [
        (Fault::ServerError, &[500, 502][..]),
        (Fault::TooMany, &[429]),
        (Fault::RetryAfter, &[429]),
    ] {
        let site = Site::with(FAST.with(fault, 1.0)).await;
        let mut seen = Vec::new();
        for _ in 0..12 {
            let answer = site.get("").await.unwrap();
            let after = answer.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
            match fault {
                Fault::RetryAfter => assert!(matches!(after.as_deref(), Some("1" | "2"))),
                _ => assert_eq!(after, None),
            }
            seen.push(answer.status().as_u16());
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, expected, "{fault}");
        // robots.txt, sitemaps, truth, load and the endpoints do not fail.
        for path in ["robots.txt", "sitemap.xml", "truth.json", "load.json", "json", "html"] {
            assert_eq!(site.status(path).await, 200, "{fault}: {path}");
        }
        assert_eq!(site.status("nowhere").await, 404);
        site.faults.put(&FAST);
        assert_eq!(site.status("").await, 200);
        site.lab.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_requests_fails_and_the_same_part_every_time() {
    let mut counts = Vec::new();
    for _ in 0..2 {
        let site = Site::with(FAST.with(Fault::ServerError, 0.1)).await;
        let mut failed = 0;
        for _ in 0..500 {
            failed += u32::from(site.status("").await >= 500);
        }
        assert!((25..=80).contains(&failed), "{failed}");
        counts.push(failed);
        site.lab.stop().await;
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_reset_or_left_unanswered_until_that_is_over() {
    let site = Site::with(FAST.with(Fault::Reset, 1.0)).await;
    assert!(site.get("").await.is_err());
    assert_eq!(site.status("robots.txt").await, 200);

    // Requests that hang take no permit from the others.
    site.faults.put(&FAST.with(Fault::Hang, 1.0).with(Fault::Capacity, 1.0));
    let hanging = (0..5).map(|_| site.get(""));
    let others = async {
        site.until_in_flight(5).await;
        assert_eq!(site.status("json").await, 200);
        site.faults.put(&FAST);
    };
    let (answers, ()) = tokio::join!(join_all(hanging), others);
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == StatusCode::OK));
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_slow_answer_feels_when_it_is_slow_no_more() {
    let site = Site::with(Faults::NONE.with(Fault::Latency, 60_000.0)).await;
    let begin = Instant::now();
    let slow = (0..3).map(|_| site.get(""));
    let others = async {
        site.until_in_flight(3).await;
        site.faults.put(&FAST);
    };
    let (answers, ()) = tokio::join!(join_all(slow), others);
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == StatusCode::OK));
    assert!(begin.elapsed() < PATIENCE);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_is_what_is_answered_at_once_and_changes_while_it_is_full() {
    let slow = Faults::NONE.with(Fault::Latency, 100.0);
    let site = Site::with(slow.with(Fault::Capacity, 2.0)).await;
    let begin = Instant::now();
    let all: Vec<_> = join_all((0..8).map(|_| site.get(""))).await;
    assert!(all.into_iter().all(|answer| answer.is_ok()));
    // Eight answers two at a time; without the bound they would take one latency.
    assert!(begin.elapsed() >= Duration::from_millis(400));

    // All have arrived; none gets a response before there are more permits.
    let stuck = Faults::NONE.with(Fault::Latency, 60_000.0).with(Fault::Capacity, 1.0);
    site.faults.put(&stuck);
    let all = join_all((0..8).map(|_| site.get("")));
    let others = async {
        site.until_in_flight(8).await;
        assert_eq!(site.lab.load().peak, 8);
        site.faults.put(&slow.with(Fault::Capacity, 1.0));
        site.until_in_flight(5).await;
        site.faults.put(&slow);
    };
    let (answers, ()) = tokio::join!(all, others);
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bandwidth_paces_bodies_and_leaves_them_whole() {
    let site = Site::with(FAST).await;
    let whole = site.get("bytes/40000").await.unwrap().bytes().await.unwrap();
    site.faults.put(&FAST.with(Fault::Bandwidth, 65_536.0));
    let begin = Instant::now();
    let answers = join_all((0..2).map(|_| async {
        let answer = site.get("bytes/40000").await.unwrap();
        assert_eq!(answer.content_length(), Some(40_000));
        answer.bytes().await.unwrap()
    }));
    assert!(answers.await.iter().all(|body| *body == whole));
    // 80,000 bytes over both, at 65,536 a second.
    assert!(begin.elapsed() >= Duration::from_secs_f64(1.2), "{:?}", begin.elapsed());
    let head = site.client.head(format!("{}bytes/40000", site.lab.urls()[0])).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "40000");

    // A body that would take a minute continues as soon as the bandwidth is free.
    site.faults.put(&FAST.with(Fault::Bandwidth, 1_024.0));
    let slow = async { site.get("bytes/100000").await.unwrap().bytes().await.unwrap().len() };
    let others = async {
        site.until_in_flight(1).await;
        site.faults.put(&FAST);
    };
    let (bytes, ()) = tokio::join!(slow, others);
    assert_eq!(bytes, 100_000);
    assert!(begin.elapsed() < PATIENCE);
    site.lab.stop().await;
}

#[test]
fn a_level_that_cannot_be_is_refused_with_what_can() {
    for (arguments, message) in [
        (["lab", "--latency", "fast"], "latency takes 0ms to 60s, or 'off', not 'fast'"),
        (["lab", "--5xx", "110%"], "5xx takes 0% to 100%, or 'off', not '110%'"),
        (["lab", "--capacity", "0"], "capacity takes 1 to 100000, or 'off', not '0'"),
        (["lab", "--bandwidth", "12 parsecs"], "bandwidth takes 1KiB/s to 1GiB/s"),
        (["lab", "--rate-limit", "none at all"], "rate-limit takes 1/s to 100000/s"),
        (["demo", "--hang", "-1"], "unexpected argument"),
        (["demo", "slow-boat", "--headless"], "slow-server"),
    ] {
        let stderr = run(Path::new("."), &arguments).exits(2).stderr;
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
}
