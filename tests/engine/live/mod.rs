//! Promise: every dial can be turned while the crawl runs, the site sees the effect exactly, and
//! whatever is turned, the crawl finds the same pages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod autopilot;
mod stored_pages;
mod whole_crawls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::support::{self, assert_whole, totals};
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::{PauseReason, RunState, Snapshot};
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, OpenMode, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use url::Url;

/// A lab in this process, and a database.
struct Bench {
    lab: Lab,
    folder: TempDir,
}

impl Bench {
    async fn new(pages: u32, latency: Duration) -> Self {
        let faults = Faults::NONE.with(Fault::Latency, latency.as_secs_f64() * 1_000.0);
        Self::with_faults(pages, faults).await
    }

    async fn with_faults(pages: u32, faults: Faults) -> Self {
        // robots.txt is not asked for, so nothing may be forbidden by it.
        let config = LabConfig { pages, faults, forbidden: false, ..LabConfig::default() };
        Self { lab: Lab::start(config).await.unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("live.db")
    }

    async fn store(&self) -> Arc<dyn Store> {
        store::open(self.db().to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap()
    }

    fn settings(&self) -> Settings {
        Settings {
            seeds: vec![Url::parse(&self.lab.urls()[0]).unwrap()],
            scope: ScopeKind::Any,
            backoff: Duration::ZERO,
            // Requests are counted: of pages alone.
            ignore_robots: true,
            sitemaps: false,
            ..Settings::default()
        }
    }

    async fn start(&self, turn: impl FnOnce(&mut Settings)) -> Crawl {
        let mut settings = self.settings();
        turn(&mut settings);
        crawl::start(settings, self.store().await).await.unwrap()
    }

    /// Sets the site's peak and count of requests back.
    async fn reset(&self) {
        let url = format!("{}load.json?reset=1", self.lab.urls()[0]);
        tokio::task::spawn_blocking(move || support::get_json(&url)).await.unwrap();
    }

    /// The crawl ended with what is there to be found.
    async fn assert_true(self, summary: &Summary) {
        let truth = self.lab.truth();
        assert_eq!(summary.state, RunState::Complete);
        assert_eq!(summary.pages, truth.pages);
        let sql = "SELECT status, count(*) FROM scraped_pages GROUP BY status";
        let statuses: Vec<(i64, i64)> = query(&self.db(), sql).await;
        let found: BTreeMap<String, u64> =
            statuses.into_iter().map(|(status, n)| (status.to_string(), n as u64)).collect();
        assert_eq!(found, truth.by_status);
        let db = self.db();
        tokio::task::spawn_blocking(move || assert_whole(&db)).await.unwrap();
        self.lab.stop().await;
    }
}

async fn query<T>(db: &Path, sql: &'static str) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    let mut connection = SqliteConnectOptions::new()
        .filename(db)
        .read_only(true)
        .busy_timeout(Duration::from_secs(30))
        .connect()
        .await
        .unwrap();
    let rows = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

/// Waits for a snapshot of which `holds` is true, and returns it.
async fn seen(crawl: &mut Crawl, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let wanted = crawl.snapshots.wait_for(|snapshot| holds(snapshot));
    match tokio::time::timeout(Duration::from_mins(1), wanted).await {
        Ok(Ok(snapshot)) => Arc::clone(&snapshot),
        other => {
            let ended = matches!(other, Ok(Err(_)));
            drop(other);
            panic!("{what}: never seen (ended: {ended}): {:#?}", **crawl.snapshots.borrow())
        }
    }
}

async fn give(crawl: &Crawl, command: Command) {
    crawl.commands.send((command, Origin::Key)).await.unwrap();
}

async fn set(crawl: &mut Crawl, setting: Setting) {
    give(crawl, Command::Set(setting)).await;
    seen(crawl, "the setting is in force", |s| s.dials.get(setting.dial()) == setting).await;
}

async fn stopped(crawl: Crawl, command: Command) -> Summary {
    give(&crawl, command).await;
    tokio::time::timeout(Duration::from_mins(1), crawl.wait()).await.expect("it stops")
}

/// What was given and how often it was counted.
fn busy(settings: &mut Settings) {
    settings.permits = 50;
    settings.workers = 64;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_site_sees_no_more_requests_than_permits() {
    let bench = Bench::new(20_000, Duration::from_millis(30)).await;
    let mut crawl = bench.start(busy).await;
    seen(&mut crawl, "all permits in use", |s| s.gate.in_use == 50 && s.gate.waiting > 0).await;
    set(&mut crawl, Setting::Permits(5)).await;
    seen(&mut crawl, "drained", |s| s.gate.draining == 0 && s.gate.in_use <= 5).await;
    // The site notices the end of an answer a moment after us.
    support::wait_until("the site is down to five", || bench.lab.load().in_flight <= 5);
    bench.reset().await;
    let at = seen(&mut crawl, "in use", |s| s.gate.in_use == 5).await.totals.pages;
    seen(&mut crawl, "a hundred pages more", |s| s.totals.pages > at + 100).await;
    let peak = bench.lab.load().peak;
    assert!((4..=5).contains(&peak), "peak {peak}");

    set(&mut crawl, Setting::Permits(40)).await;
    bench.reset().await;
    seen(&mut crawl, "all in use again", |s| s.gate.in_use == 40).await;
    let at = crawl.snapshots.borrow().totals.pages;
    seen(&mut crawl, "more pages", |s| s.totals.pages > at + 200).await;
    let peak = bench.lab.load().peak;
    assert!((30..=40).contains(&peak), "peak {peak}");
    assert_eq!(stopped(crawl, Command::Stop).await.settings.permits, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_come_and_go() {
    let bench = Bench::new(20_000, Duration::from_millis(30)).await;
    let mut crawl = bench.start(busy).await;
    seen(&mut crawl, "64 at work", |s| s.workers.len() == 64 && s.gate.in_use == 50).await;
    set(&mut crawl, Setting::Workers(3)).await;
    let left = seen(&mut crawl, "three are left", |s| s.workers.len() == 3).await;
    assert!(left.workers.iter().all(|worker| worker.id < 3 && !worker.leaving));
    support::wait_until("the site is down to three", || bench.lab.load().in_flight <= 3);
    bench.reset().await;
    let at = left.totals.pages;
    seen(&mut crawl, "more pages", |s| s.totals.pages > at + 50).await;
    assert!(bench.lab.load().peak <= 3);
    set(&mut crawl, Setting::Workers(70)).await;
    seen(&mut crawl, "they are back", |s| s.workers.len() == 70 && s.gate.in_use == 50).await;
    stopped(crawl, Command::StopNow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_cut_and_drains() {
    let bench = Bench::new(20_000, Duration::from_millis(20)).await;
    let full = |s: &mut Settings| (s.queue, s.permits, s.workers) = (500, 5, 5);
    let mut crawl = bench.start(full).await;
    // Workers take a few between the refill and the snapshot.
    seen(&mut crawl, "a full queue", |s| s.queue.len >= 450).await;
    give(&crawl, Command::Set(Setting::Queue(1))).await;
    let cut = seen(&mut crawl, "the cut", |s| s.queue.capacity == 1).await;
    assert!(cut.queue.len > 400, "what is in it stays: {:?}", cut.queue);
    set(&mut crawl, Setting::Permits(50)).await;
    set(&mut crawl, Setting::Workers(50)).await;
    let low = seen(&mut crawl, "it has drained", |s| s.queue.len <= 1).await;
    let (seq, at) = (low.seq, low.totals.pages);
    seen(&mut crawl, "and continues", |s| {
        assert!(s.seq <= seq || s.queue.len <= 1, "{:?}", s.queue);
        s.totals.pages > at + 100
    })
    .await;
    set(&mut crawl, Setting::Queue(200)).await;
    seen(&mut crawl, "it fills again", |s| s.queue.len >= 180).await;
    stopped(crawl, Command::Stop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_until_it_is_taken_away() {
    let bench = Bench::new(1_500, Duration::ZERO).await;
    let mut crawl = bench.start(busy).await;
    // Far enough for its hosts to be known to answer: until then each has a share of the permits.
    seen(&mut crawl, "under way", |s| s.totals.pages > 600).await;
    set(&mut crawl, Setting::Rate(Some(0.1))).await;
    let waiting = |s: &Snapshot| {
        use crawldeck::crawl::protocol::snapshot::WorkerState::Rate;
        // None of them holds a permit meanwhile.
        s.gate.in_use == 0 && s.workers.iter().all(|w| w.state == Rate)
    };
    seen(&mut crawl, "all wait for the rate", waiting).await;
    let before = bench.lab.load().requests;
    let seq = crawl.snapshots.borrow().seq;
    seen(&mut crawl, "ten snapshots", |s| s.seq > seq + 10).await;
    let more = bench.lab.load().requests - before;
    assert!(more <= 1, "{more} requests at one in ten seconds");
    set(&mut crawl, Setting::Rate(None)).await;
    let summary = tokio::time::timeout(Duration::from_mins(1), crawl.wait()).await.unwrap();
    bench.assert_true(&summary).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_lets_requests_end_and_starts_none() {
    let bench = Bench::new(1_000, Duration::from_millis(20)).await;
    let mut crawl = bench.start(busy).await;
    seen(&mut crawl, "under way", |s| s.gate.in_use == 50).await;
    give(&crawl, Command::TogglePause).await;
    let paused = |s: &Snapshot| s.run == RunState::Paused && s.gate.in_use == 0;
    let pause = seen(&mut crawl, "nothing in flight", paused).await;
    assert_eq!(pause.pause_reasons, [PauseReason::User]);
    support::wait_until("the site is idle", || bench.lab.load().in_flight == 0);
    let before = bench.lab.load().requests;
    for _ in 0..5 {
        let seq = crawl.snapshots.borrow().seq;
        let s = seen(&mut crawl, "another snapshot", |s| s.seq > seq).await;
        assert_eq!((s.run, s.gate.in_use), (RunState::Paused, 0));
        assert_eq!(bench.lab.load().requests, before);
    }
    // Dials turn while paused, and start nothing.
    set(&mut crawl, Setting::Permits(60)).await;
    set(&mut crawl, Setting::Workers(80)).await;
    let seq = crawl.snapshots.borrow().seq;
    seen(&mut crawl, "another snapshot", |s| s.seq > seq).await;
    assert_eq!(bench.lab.load().requests, before);
    give(&crawl, Command::TogglePause).await;
    let summary = tokio::time::timeout(Duration::from_mins(1), crawl.wait()).await.unwrap();
    bench.assert_true(&summary).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_crawl_stops_without_another_request() {
    for command in [Command::Stop, Command::StopNow] {
        let bench = Bench::new(1_000, Duration::from_millis(20)).await;
        let mut crawl = bench.start(busy).await;
        seen(&mut crawl, "under way", |s| s.gate.in_use == 50).await;
        give(&crawl, Command::TogglePause).await;
        seen(&mut crawl, "idle", |s| s.run == RunState::Paused && s.gate.in_use == 0).await;
        let before = bench.lab.load().requests;
        let summary = stopped(crawl, command).await;
        assert_eq!((summary.state, bench.lab.load().requests), (RunState::Stopped, before));
        let stored = bench.store().await;
        let crawl = crawl::resume(stored, None, |_| {}).await.unwrap();
        let summary = crawl.wait().await;
        bench.assert_true(&summary).await;
    }
}
