//! The project's numbers, measured and printed: no assertion depends on the machine's speed.
//!
//! `cargo test --release --test numbers -- --ignored --nocapture --test-threads 1`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail by panicking; figures are for people"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crawldeck::config::Settings;
use crawldeck::crawl::command::{Command, Origin, Setting};
use crawldeck::crawl::snapshot::Snapshot;
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::origin::{Content, Origin as Site, OriginConfig};
use crawldeck::lab::trouble::{Failing, Failure, Trouble};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::store::{self, OpenMode};
use crawldeck::web::url::ScopeKind;
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
        sitemaps: false,
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
    let config =
        LabConfig { pages: 200_000, latency: Some(Duration::ZERO), ..LabConfig::default() };
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
    let config = LabConfig { pages: 100_000, latency: Some(latency), ..LabConfig::default() };
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
async fn what_a_snapshot_costs() {
    let latency = Some(Duration::from_millis(250));
    let config = LabConfig { pages: 30_000, latency, ..LabConfig::default() };
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

/// Requests per second that nine hosts of ten answer, when the tenth is like this.
async fn nine_of_ten(tenth: OriginConfig, permits: u32) -> f64 {
    let latency = Duration::from_millis(20);
    let healthy =
        OriginConfig { content: Content::Pages(9_000), latency, ..OriginConfig::default() };
    let mut sites = Vec::new();
    for _ in 0..9 {
        sites.push(Site::start(healthy.clone()).await.unwrap());
    }
    let content = Content::Pages(9_000);
    sites.push(Site::start(OriginConfig { content, ..tenth }).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("n.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: sites.iter().map(|site| Url::parse(site.url()).unwrap()).collect(),
        permits,
        workers: permits * 2,
        sitemaps: false,
        max_links: 10_000,
        ..Settings::default()
    };
    let mut crawl = crawl::start(settings, store).await.unwrap();
    let done = |sites: &[Site]| -> f64 {
        sites[..9].iter().map(|site| site.times().requests.len() as f64).sum()
    };
    let mut marks = Vec::new();
    for at_s in [4.0, 14.0] {
        let seen = crawl.snapshots.wait_for(|s| s.at_s >= at_s).await.unwrap();
        marks.push((seen.at_s, 0.0));
        drop(seen);
        marks.last_mut().unwrap().1 = done(&sites);
    }
    crawl.commands.send((Command::StopNow, Origin::Api)).await.unwrap();
    crawl.wait().await;
    for site in sites {
        site.stop().await;
    }
    (marks[1].1 - marks[0].1) / (marks[1].0 - marks[0].0)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, in release"]
async fn one_bad_host_among_ten() {
    let healthy = || OriginConfig { latency: Duration::from_millis(20), ..OriginConfig::default() };
    let slow = || OriginConfig { latency: Duration::from_secs(3), ..OriginConfig::default() };
    let dead = || {
        let failing = Some(Failing { percent: 100, how: Failure::Silent });
        OriginConfig {
            trouble: Trouble { failing, ..Trouble::default() },
            ..OriginConfig::default()
        }
    };
    for permits in [10, 40] {
        let whole = nine_of_ten(healthy(), permits).await;
        for (name, tenth) in [("slow (3 s)", slow()), ("dead", dead())] {
            let rest = nine_of_ten(tenth, permits).await;
            println!(
                "{permits} permits, ten hosts of 20 ms, one of them {name}: the other nine answer \
                 {rest:.0} requests/s instead of {whole:.0} ({:.2})",
                rest / whole
            );
        }
    }
}
