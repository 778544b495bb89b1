//! The project's numbers, measured and printed: no assertion depends on the machine's speed.
//!
//! `cargo test --release --test engine numbers:: -- --ignored --nocapture --test-threads 1`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail by panicking; figures are for people"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::scene::{PAGES, Scene};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::dials::Setting;
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, OpenMode};
use url::Url;

struct Stage {
    _folder: tempfile::TempDir,
    lab: Lab,
    crawl: Crawl,
}

async fn stage(lab: LabConfig, permits: u32, workers: u32) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(lab).await.unwrap();
    let file = folder.path().join("n.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![Url::parse(&lab.urls()[0]).unwrap()],
        scope: ScopeKind::Any,
        permits,
        workers,
        backoff: Duration::from_millis(50),
        ..Settings::default()
    };
    let crawl = crawl::start(settings, store).await.unwrap();
    Stage { _folder: folder, lab, crawl }
}

impl Stage {
    async fn until(&mut self, what: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let wait = self.crawl.snapshots.wait_for(|s| what(s) || s.run.is_final());
        Arc::clone(&*wait.await.unwrap())
    }

    async fn send(&self, command: Command) {
        self.crawl.commands.send((command, Origin::Api)).await.unwrap();
    }

    async fn end(self) {
        self.send(Command::StopNow).await;
        self.crawl.wait().await;
        self.lab.stop().await;
    }
}

fn median(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[values.len() - 1])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, in release"]
async fn from_a_key_to_its_snapshot() {
    let config = LabConfig {
        pages: 200_000,
        faults: Faults::NONE.with(Fault::Latency, 0.0),
        ..LabConfig::default()
    };
    let mut stage = stage(config, 50, 50).await;
    stage.until(|s| s.throughput.last_1s > 500.0).await;
    let mut took = Vec::new();
    for n in 0..200 {
        let permits = 50 + n % 2;
        let begin = Instant::now();
        stage.send(Command::Set(Setting::Permits(permits))).await;
        stage.until(|s| s.dials.permits == permits).await;
        took.push(begin.elapsed().as_secs_f64() * 1000.0);
        tokio::task::yield_now().await;
    }
    let rate = stage.crawl.snapshots.borrow().throughput.last_1s;
    let (median, worst) = median(took);
    println!("key to snapshot at {rate:.0} pages/s: median {median:.2} ms, worst {worst:.2} ms");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, in release"]
async fn permits_seen_from_the_server() {
    let latency = Duration::from_millis(300);
    let faults = Faults::NONE.with(Fault::Latency, 300.0);
    let config = LabConfig { pages: 100_000, faults, ..LabConfig::default() };
    let mut stage = stage(config, 50, 400).await;
    stage.until(|s| s.gate.in_use == 50 && s.gate.waiting > 100).await;
    println!("permits 50: the server sees {} in flight", stage.lab.load().in_flight);
    for (to, name) in [(5, "cut to 5"), (200, "raised to 200"), (10, "cut to 10"), (11, "+1")] {
        let begin = Instant::now();
        stage.send(Command::Set(Setting::Permits(to))).await;
        while stage.lab.load().in_flight != u64::from(to) && begin.elapsed() < latency * 4 {
            tokio::task::yield_now().await;
        }
        println!(
            "{name}: {:.1} ms later the server sees {} in flight",
            begin.elapsed().as_secs_f64() * 1000.0,
            stage.lab.load().in_flight
        );
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, in release"]
async fn permits_beyond_what_the_site_answers_at_once() {
    let scene = Scene::TooManyPermits;
    let mut settings = Settings::default();
    let faults = scene.stage(&mut settings);
    let config = LabConfig { pages: PAGES, seed: 7, faults, ..LabConfig::default() };
    let mut stage = stage(config, settings.permits, settings.workers).await;
    let few = settings.permits;
    let mut measured = Vec::new();
    for permits in [few, 4 * few] {
        stage.send(Command::Set(Setting::Permits(permits))).await;
        // Ten seconds to begin with, and ten that count.
        let from_s = stage.until(|s| s.gate.in_use == permits).await.at_s + 10.0;
        let begin = stage.until(|s| s.at_s >= from_s).await;
        let end = stage.until(|s| s.at_s >= from_s + 10.0).await;
        let pages = (end.totals.pages - begin.totals.pages) as f64 / (end.at_s - begin.at_s);
        let p95 = end.latency.last_10s.p95;
        println!("{permits} permits: {pages:.1} pages/s, p95 {p95:.0} ms: {}", end.verdict.text);
        measured.push((pages, p95));
    }
    let [(few_pages, few_p95), (many_pages, many_p95)] = measured[..] else { panic!() };
    println!("throughput × {:.3}, p95 × {:.2}", many_pages / few_pages, many_p95 / few_p95);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, in release"]
async fn what_a_snapshot_costs() {
    let faults = Faults::NONE.with(Fault::Latency, 250.0);
    let config = LabConfig { pages: 30_000, faults, ..LabConfig::default() };
    let mut stage = stage(config, 1000, 1000).await;
    let mut sizes = Vec::new();
    let mut made = Vec::new();
    for pages in [2_000, 5_000, 10_000, 20_000, 29_000] {
        while stage.crawl.snapshots.borrow().totals.pages < pages {
            stage.crawl.snapshots.changed().await.unwrap();
            made.push(stage.crawl.snapshots.borrow().made_in_us as f64);
        }
        let snapshot = Arc::clone(&stage.crawl.snapshots.borrow());
        sizes.push((snapshot.totals.pages, serde_json::to_string(&*snapshot).unwrap().len()));
    }
    let (median, worst) = median(made);
    println!(
        "a snapshot of 1,000 workers: median {median:.0} µs, worst {worst:.0} µs; \
         ten a second are {:.2} % of a core",
        median * 10.0 / 10_000.0
    );
    println!("its size as JSON by pages done: {sizes:?}");
    stage.end().await;
}

/// What is the matter with the first of ten hosts.
#[derive(Clone, Copy, PartialEq, Debug)]
enum First {
    Healthy,
    /// Each answer takes 3 s.
    Slow,
    /// Pages are never answered, robots.txt is.
    Silent,
    /// Connections are accepted and nothing is answered at all.
    Dead,
}

/// Requests per second that the other nine of ten hosts see.
async fn of_the_other_nine(first: First, permits: u32) -> f64 {
    use crawldeck::lab::response_faults::{Failing, FailureMode, ResponseFaults};
    use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
    let mut origins = Vec::new();
    for n in 0..10 {
        let odd = if n == 0 { first } else { First::Healthy };
        let failing =
            (odd == First::Silent).then_some(Failing { percent: 100, how: FailureMode::Silent });
        let config = TestOriginConfig {
            content: OriginContent::Pages(0),
            faults: ResponseFaults { failing, ..ResponseFaults::default() },
            latency: Duration::from_millis(if odd == First::Slow { 3_000 } else { 100 }),
            ..TestOriginConfig::default()
        };
        origins.push(TestOrigin::start(config).await.unwrap());
    }
    let mut bases: Vec<String> = origins.iter().map(|origin| origin.url().to_owned()).collect();
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    if first == First::Dead {
        bases[0] = format!("http://{}/", dead.local_addr().unwrap());
    }
    let never = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = dead.accept().await {
            kept.push(connection);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ten.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let url = |n: usize| Url::parse(&format!("{}{n}", bases[n % 10])).unwrap();
    let settings = Settings {
        seeds: (0..12_000).map(url).collect(),
        follow: false,
        permits,
        workers: permits + permits / 2,
        sitemaps: false,
        ..Settings::default()
    };
    let crawl = crawl::start(settings, store).await.unwrap();
    let seen = || -> u64 {
        let count = |times: crawldeck::lab::request_log::RequestLog| {
            times.dropped + times.requests.len() as u64
        };
        origins[1..].iter().map(|origin| count(origin.times())).sum()
    };
    // Until it is seen what each host is like: the means need some answers.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let (before, begin) = (seen(), Instant::now());
    tokio::time::sleep(Duration::from_secs(12)).await;
    let rate = (seen() - before) as f64 / begin.elapsed().as_secs_f64();
    crawl.commands.send((Command::StopNow, Origin::Api)).await.unwrap();
    crawl.wait().await;
    never.abort();
    for origin in origins {
        origin.stop().await;
    }
    rate
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, in release"]
async fn one_bad_host_among_ten() {
    for permits in [40, 10] {
        let healthy = of_the_other_nine(First::Healthy, permits).await;
        println!("{permits} permits, all ten healthy: the nine see {healthy:.1} requests/s");
        for first in [First::Slow, First::Silent, First::Dead] {
            let rate = of_the_other_nine(first, permits).await;
            println!("{permits} permits, one {first:?}: {rate:.1}/s, ratio {:.3}", rate / healthy);
        }
    }
}
