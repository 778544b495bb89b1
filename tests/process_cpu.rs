//! Promise: on each stage the verdict names what was made scarce, and moves on when that is taken
//! away.
//!
//! A binary of its own: the verdict reads the CPU time of the whole process, to which other tests in
//! the same process would add theirs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::scene::{PAGES, Scene};
use crawldeck::crawl::protocol::snapshot::{BreakerState, Snapshot};
use crawldeck::crawl::protocol::verdict::{Advice, Limit, Stage};
use crawldeck::crawl::{Crawl, FaultSetup};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::settings::{BreakerSettings, Settings};
use crawldeck::store::{self, OpenMode};
use tempfile::TempDir;
use url::Url;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A crawl of a lab, staged.
struct Staged {
    crawl: Crawl,
    lab: Lab,
    _folder: TempDir,
}

impl Staged {
    async fn of(scene: Option<Scene>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("scene.db");
        let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
        let mut settings = Settings {
            scope: ScopeKind::Any,
            sitemaps: false,
            breaker: BreakerSettings {
                cooldown: Duration::from_millis(300),
                max_cooldown: Duration::from_millis(600),
                ..BreakerSettings::default()
            },
            ..Settings::default()
        };
        let mut faults = Faults::NONE;
        if let Some(scene) = scene {
            faults = scene.stage(&mut settings);
        }
        let config = LabConfig { pages: PAGES, seed: 7, faults, ..LabConfig::default() };
        let lab = Lab::start(config).await.unwrap();
        settings.seeds = vec![Url::parse(&lab.urls()[0]).unwrap()];
        let staging = FaultSetup { site: Some(lab.faulty_site()), faults, scene };
        let crawl = crawl::start_with_faults(settings, store, staging).await.unwrap();
        Self { crawl, lab, _folder: folder }
    }

    async fn send(&self, command: Command) {
        self.crawl.commands.send((command, Origin::Key)).await.unwrap();
    }

    /// The first snapshot from now on of which `holds` is true.
    async fn until(&mut self, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.crawl.snapshots.clone();
        let seen = snapshots.wait_for(|s| holds(s));
        if let Ok(seen) = tokio::time::timeout(PATIENCE, seen).await {
            return Arc::clone(&seen.unwrap());
        }
        let s = self.crawl.snapshots.borrow();
        panic!(
            "{what}: not seen; {} pages, {:?}, {:?}, {:?}, {:?}, {:?}",
            s.totals.pages,
            s.verdict,
            s.worker_shares,
            s.producer,
            s.gate,
            s.history.iter().rev().take(10).collect::<Vec<_>>()
        )
    }

    /// Waits until the verdict names this.
    async fn until_limited(&mut self, limit: Limit, stage: Stage) -> Arc<Snapshot> {
        let of = |s: &Snapshot| s.verdict.limit == limit && s.verdict.stage == Some(stage);
        self.until(&format!("{limit:?}"), of).await
    }

    async fn end(self) {
        self.send(Command::StopNow).await;
        self.crawl.wait().await;
        self.lab.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_server() {
    let mut staged = Staged::of(Some(Scene::SlowServer)).await;
    let s = staged.until_limited(Limit::Server, Stage::Gate).await;
    assert_eq!(s.scene, Some(Scene::SlowServer));
    assert!(s.worker_shares.fetch() >= 0.5, "{:?}", s.worker_shares);
    let full = |s: &Snapshot| s.gate.in_use == 16 && s.queue.len == s.queue.capacity;
    staged.until("all in flight, the queue full", full).await;
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_database() {
    let mut staged = Staged::of(Some(Scene::SlowDatabase)).await;
    staged.until_limited(Limit::Saver, Stage::Saver).await;
    let dammed = |s: &Snapshot| {
        s.verdict.limit == Limit::Saver
            && s.queue.len == s.queue.capacity
            && s.producer.blocked >= 0.9
            && s.saver_shares.busy >= 0.9
            && s.saver.backlog_bytes * 2 >= s.saver.limit_bytes
            && s.saver.last_transaction_ms >= 500.0
    };
    staged.until("the queue full, the producer blocked, the saver busy", dammed).await;
    // And that stays what is said, though the crawl takes its own permits back.
    let mut said = Vec::new();
    while said.len() < 60 {
        staged.crawl.snapshots.changed().await.unwrap();
        said.push(staged.crawl.snapshots.borrow_and_update().verdict.limit);
    }
    assert!(said.iter().all(|limit| *limit == Limit::Saver), "{said:?}");
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_workers() {
    let mut staged = Staged::of(Some(Scene::TooFewWorkers)).await;
    let s = staged.until_limited(Limit::Workers, Stage::Workers).await;
    assert_eq!(s.verdict.advice, Advice::Raise(Dial::Workers));
    staged.send(Command::Nudge(Dial::Workers, 30)).await;
    let s = staged.until("more workers", |s| s.verdict.limit == Limit::Permits).await;
    assert_eq!(s.gate.in_use, 20, "{:?}", s.verdict);
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_permits() {
    let mut staged = Staged::of(Some(Scene::TooManyPermits)).await;
    let steady = |in_flight: u32| {
        move |s: &Snapshot| {
            let last: Vec<_> = s.history.iter().rev().take(4).collect();
            last.len() == 4 && last.iter().all(|second| second.in_flight == in_flight)
        }
    };
    let s = staged.until("ten in flight", steady(10)).await;
    assert_eq!(s.verdict.limit, Limit::Permits, "{:?}", s.verdict);
    staged.send(Command::Set(Setting::Permits(40))).await;
    let s = staged.until_limited(Limit::Server, Stage::Gate).await;
    assert_eq!(s.verdict.advice, Advice::Lower(Dial::Permits), "{:?}", s.verdict);
    // The line there is seen at once; that the level brings nothing takes some seconds at it.
    let compared = |s: &Snapshot| s.verdict.text.contains("bring no more pages than 10");
    staged.until("both levels are compared", compared).await;
    // The site has them all, and answers ten.
    assert!(staged.lab.load().in_flight > 20);
    staged.send(Command::Set(Setting::Permits(10))).await;
    let back = |s: &Snapshot| {
        s.gate.in_use == 10 && s.verdict.limit == Limit::Server && s.verdict.advice == Advice::None
    };
    staged.until("what was learnt is kept", back).await;
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limited_host() {
    let mut staged = Staged::of(Some(Scene::RateLimitedHost)).await;
    let s = staged.until_limited(Limit::HostPace, Stage::Frontier).await;
    assert!(s.totals.pages > 0);
    let said = |s: &Snapshot| s.verdict.text.contains("(Retry-After)");
    staged.until("Retry-After", said).await;
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flaky_host() {
    let mut staged = Staged::of(Some(Scene::FlakyHost)).await;
    let breaker =
        |wanted| move |s: &Snapshot| s.hosts.iter().any(|h| h.breaker == wanted && h.incidents > 0);
    staged.until("a breaker opens", breaker(BreakerState::Open)).await;
    staged.until_limited(Limit::HostPace, Stage::Frontier).await;
    staged.until("probes", breaker(BreakerState::HalfOpen)).await;
    staged.until("closes", breaker(BreakerState::Closed)).await;
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery() {
    let mut staged = Staged::of(Some(Scene::Recovery)).await;
    staged.until_limited(Limit::Saver, Stage::Saver).await;
    staged.send(Command::ClearFaults).await;
    let well = |s: &Snapshot| {
        // Which of permits, site and processor it is now has to be measured anew.
        let is_over = s.verdict.limit != Limit::Saver && s.verdict.advice != Advice::None;
        s.faults.is_none()
            && s.overloads.is_empty()
            && s.gate.limit == 16
            && (is_over || s.verdict.limit == Limit::Cpu)
    };
    let s = staged.until("all permits again, and the saver is not the limit", well).await;
    assert_eq!(s.scene, Some(Scene::Recovery));
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_is_one_step_to_undo_and_off_puts_back_what_was_before() {
    let mut staged = Staged::of(None).await;
    staged.send(Command::Set(Setting::Permits(7))).await;
    staged.send(Command::Fault("latency 30ms".parse().unwrap())).await;
    let before = staged.until("a fault", |s| !s.faults.is_none()).await;
    for scene in Scene::ALL {
        staged.send(Command::Scene(Some(scene))).await;
        let s = staged.until(scene.name(), |s| s.scene == Some(scene)).await;
        let setup = scene.setup(before.dials);
        assert_eq!((s.dials, s.faults), (setup.dials, setup.faults));
        assert_eq!(s.changes[0].what.to_string(), format!("scene {scene}"));
    }
    staged.send(Command::Undo).await;
    let last_but_one = Scene::ALL[Scene::ALL.len() - 2];
    let s = staged.until("undone", |s| s.scene == Some(last_but_one)).await;
    assert_eq!(s.faults, last_but_one.setup(before.dials).faults);
    staged.send(Command::Nudge(Dial::Permits, 5)).await;
    staged.send(Command::NudgeFault(Fault::Saver, 2)).await;
    let s = staged.until("worse", |s| s.faults.get(Fault::Saver).is_some()).await;
    assert_eq!(s.changes[0].what.to_string(), "fault saver off → 100ms");
    staged.send(Command::Scene(None)).await;
    let s = staged.until("off", |s| s.scene.is_none()).await;
    assert_eq!((s.dials, s.faults), (before.dials, before.faults));
    staged.send(Command::Scene(None)).await;
    let s = staged.until("refused", |s| s.notice.is_some()).await;
    assert_eq!(s.notice.as_deref(), Some("no scene is on"));
    staged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_site_are_refused_where_there_is_no_lab_and_those_of_the_pipeline_are_not() {
    let lab = Lab::start(LabConfig { pages: 5_000, ..LabConfig::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("plain.db");
    let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let seeds = vec![Url::parse(&lab.urls()[0]).unwrap()];
    let crawl = crawl::start(Settings { seeds, ..Settings::default() }, store).await.unwrap();
    let mut staged = Staged { crawl, lab, _folder: folder };
    for command in [
        Command::NudgeFault(Fault::Latency, 1),
        Command::Fault("429 5%".parse().unwrap()),
        Command::Scene(Some(Scene::SlowDatabase)),
        Command::ClearFaults,
    ] {
        let seq = staged.crawl.snapshots.borrow().seq;
        staged.send(command).await;
        let s = staged.until("refused", |s| s.seq > seq && s.notice.is_some()).await;
        assert!(s.faults.is_none() && s.scene.is_none() && s.changes.is_empty(), "{:?}", s.notice);
    }
    staged.send(Command::Fault("queue 3".parse().unwrap())).await;
    let s = staged.until("a small queue", |s| s.queue.capacity == 3).await;
    assert_eq!((s.dials.queue, s.site_takes_faults), (100, false));
    staged.send(Command::Set(Setting::Queue(2))).await;
    staged.until("the smaller of both", |s| s.queue.capacity == 2).await;
    staged.send(Command::Undo).await;
    staged.send(Command::Undo).await;
    staged.until("as it was", |s| s.queue.capacity == 100 && s.faults.is_none()).await;
    staged.send(Command::Fault("parser 50ms".parse().unwrap())).await;
    let s = staged.until_limited(Limit::Parsing, Stage::Workers).await;
    assert_eq!(s.verdict.advice, Advice::Raise(Dial::ParseThreads), "{:?}", s.verdict);
    staged.end().await;
}
