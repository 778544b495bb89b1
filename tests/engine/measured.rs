//! Promise: what each setting gave is measured while the crawl runs: the table, the curve with its knee, what a
//! change gave, and the comparison with a pinned setting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::test_db::TestDb;
use crawldeck::crawl::protocol::change::Change;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::crawl::protocol::tuning::{ChangeEffect, EffectVerdict, PinPhase};
use crawldeck::crawl::{self, Crawl, FaultSetup};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::dials::Setting;
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::settings::{FetchSettings, Settings};
use url::Url;

/// A crawl of a site that answers 16 requests at a time, each after 400 ms.
struct Bench {
    lab: Lab,
    test_db: TestDb,
    crawl: Crawl,
}

impl Bench {
    /// Begins with so many permits; from here on the clock jumps.
    async fn new(permits: u32) -> Self {
        let faults = Faults::NONE.with(Fault::Latency, 400.0).with(Fault::Capacity, 16.0);
        let bench = Self::of(faults, permits, 50_000).await;
        tokio::time::pause();
        bench
    }

    async fn of(faults: Faults, permits: u32, pages: u32) -> Self {
        // Without pages that fail at first: now and then more than 2 % of few requests would.
        let lab = LabConfig { pages, faults, flaky: false, ..LabConfig::default() };
        let lab = Lab::start(lab);
        let lab = lab.await.unwrap();
        let settings = Settings {
            seeds: vec![Url::parse(&lab.urls()[0]).unwrap()],
            scope: ScopeKind::Any,
            permits,
            workers: 80,
            ignore_robots: true,
            sitemaps: false,
            // The clock jumps while the system still delivers an answer: on a busy machine many times in a
            // row, which must not end the request.
            fetch: FetchSettings { timeout: Duration::from_hours(24), ..FetchSettings::default() },
            ..Settings::default()
        };
        let test_db = TestDb::new();
        let setup = FaultSetup { site: Some(lab.faulty_site()), faults, scene: None };
        let store = test_db.store().await;
        let crawl = crawl::start_with_faults(settings, store, setup).await.unwrap();
        let mut bench = Self { lab, test_db, crawl };
        bench.seen(|s| s.totals.pages > 20).await;
        bench
    }

    async fn seen(&mut self, holds: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        Arc::clone(&*self.crawl.snapshots.wait_for(|s| holds(s)).await.unwrap())
    }

    async fn give(&self, command: Command) {
        self.crawl.commands.send((command, Origin::Key)).await.unwrap();
    }

    /// Waits until the present row was held for so many seconds.
    async fn held(&mut self, seconds: f64) -> Arc<Snapshot> {
        self.seen(|s| {
            let present = s.tuning.rows.iter().find(|row| row.present);
            present.is_some_and(|row| row.permits == s.dials.permits && row.held_s >= seconds)
        })
        .await
    }

    /// Turns a dial and waits for what it gave.
    async fn turn(&mut self, setting: Setting) -> ChangeEffect {
        self.give(Command::Set(setting)).await;
        let is_over = |change: &Change| {
            let verdict = change.effect.as_ref().map(|effect| effect.verdict);
            verdict.is_some_and(|verdict| verdict != EffectVerdict::Measuring)
        };
        let s =
            self.seen(|s| s.dials.get(setting.dial()) == setting && is_over(&s.changes[0])).await;
        s.changes[0].effect.clone().unwrap()
    }

    /// Stops at once, on the real clock again.
    async fn stop(self) -> TestDb {
        self.give(Command::StopNow).await;
        self.crawl.wait().await;
        self.lab.stop().await;
        self.test_db
    }
}

#[tokio::test]
async fn each_setting_gets_its_row_and_each_turn_its_verdict() {
    let mut bench = Bench::new(4).await;
    // Long enough for intervals that are narrow whatever the machine does meanwhile.
    bench.held(12.0).await;
    let mut verdicts = Vec::new();
    for permits in [8, 16, 32] {
        let effect = bench.turn(Setting::Permits(permits)).await;
        verdicts.push(effect.verdict);
        bench.held(12.0).await;
    }
    // Twice the pages each time; then as many, which wait twice as long.
    assert_eq!(verdicts, [EffectVerdict::Better, EffectVerdict::Better, EffectVerdict::Worse]);
    let s = bench.held(12.0).await;
    let rows = &s.tuning.rows;
    assert_eq!(rows.iter().map(|row| row.permits).collect::<Vec<_>>(), [4, 8, 16, 32]);
    assert_eq!(
        rows.iter().map(|row| row.best).collect::<Vec<_>>(),
        [false, false, true, false],
        "{rows:?}"
    );
    for (row, pages_per_s) in rows.iter().zip([10.0, 20.0, 40.0, 40.0]) {
        let measured = row.pages_per_s;
        assert!((measured.value / pages_per_s - 1.0).abs() < 0.15, "{row:?}");
        assert!(measured.ci < 0.5 * measured.value, "{row:?}");
        let latency_ms = f64::from(row.permits.max(16)) * 25.0;
        assert!((row.mean_ms / latency_ms - 1.0).abs() < 0.1, "{row:?}");
    }
    let curve = &s.tuning.curve;
    let knee = curve.knee.unwrap_or_else(|| panic!("{:?}", curve.missing)).permits;
    assert!((knee.value - 16.0).abs() < 2.0, "{knee:?}");
    let law = s.tuning.littles_law.unwrap();
    assert!(law.agrees && law.in_flight > 16.0, "{law:?}");
    assert!((law.product() / law.in_flight - 1.0).abs() < 0.15, "{law:?}");
    let same = bench.turn(Setting::Workers(81)).await;
    assert_eq!(same.verdict, EffectVerdict::NoDifference, "{same:?}");
    assert_eq!(same.note.as_deref(), Some("permits were the limit"));
    // The effects are in the database at the end, the row of the newest one as well.
    let with_effect = |s: &Snapshot| s.changes.iter().filter(|c| c.effect.is_some()).count();
    let effects = with_effect(&bench.crawl.snapshots.borrow());
    tokio::time::resume();
    let test_db = bench.stop().await;
    let stored = test_db.rows::<(String, f64, f64)>(
        "SELECT effect, pages_per_s_before, pages_per_s_after FROM changes WHERE effect IS NOT NULL",
    );
    assert_eq!((effects, stored.await.len()), (4, 4));
}

#[tokio::test]
async fn a_pinned_setting_is_compared_with_another() {
    let mut bench = Bench::new(4).await;
    bench.held(2.0).await;
    bench.give(Command::Pin).await;
    let pinned = |s: &Snapshot, phase| s.tuning.pinned.as_ref().is_some_and(|p| p.phase == phase);
    bench.seen(|s| s.tuning.pinned.as_ref().is_some_and(|p| p.measured_s > 6.0)).await;
    bench.give(Command::Set(Setting::Permits(8))).await;
    bench.seen(|s| pinned(s, PinPhase::Turned)).await;
    bench.give(Command::Pin).await;
    let early = bench.seen(|s| s.notice.is_some()).await;
    assert!(early.notice.as_deref().unwrap().contains("too early to tell"), "{:?}", early.notice);
    bench.seen(|s| s.tuning.pinned.as_ref().is_some_and(|p| p.measured_s > 6.0)).await;
    bench.give(Command::Pin).await;
    let checking = bench.seen(|s| pinned(s, PinPhase::Checking)).await;
    assert_eq!(checking.dials.permits, 4);
    let done = bench.seen(|s| pinned(s, PinPhase::Done) && s.dials.permits == 8).await;
    let pinned = done.tuning.pinned.as_ref().unwrap();
    let effect = pinned.effect.as_ref().unwrap();
    assert_eq!(effect.verdict, EffectVerdict::Better, "{effect:?}");
    assert!((effect.pages_percent.value - 100.0).abs() < 20.0, "{effect:?}");
    let turns: Vec<_> = done.changes.iter().map(|change| change.what.to_string()).collect();
    assert_eq!(turns, ["permits 4 → 8", "permits 8 → 4", "permits 4 → 8"]);
    assert!(done.changes.iter().all(|change| change.by == Origin::Key));
    bench.give(Command::Pin).await;
    bench.seen(|s| s.tuning.pinned.is_none()).await;
    tokio::time::resume();
    bench.stop().await;
}

#[tokio::test]
async fn what_was_turned_back_can_be_applied_again() {
    let mut bench = Bench::new(4).await;
    bench.give(Command::Redo).await;
    bench.seen(|s| s.notice.as_deref() == Some("nothing to redo")).await;
    bench.give(Command::Set(Setting::Permits(6))).await;
    bench.give(Command::Fault("latency 300ms".parse().unwrap())).await;
    bench.give(Command::Undo).await;
    bench.give(Command::Undo).await;
    bench.seen(|s| s.dials.permits == 4 && s.faults.get(Fault::Latency) == Some(400.0)).await;
    bench.give(Command::Redo).await;
    bench.give(Command::Redo).await;
    let s = bench.seen(|s| s.changes.len() == 6).await;
    assert_eq!((s.dials.permits, s.faults.get(Fault::Latency)), (6, Some(300.0)));
    let redoes: Vec<_> = s.changes.iter().map(|change| change.redoes).collect();
    assert_eq!(redoes, [Some(2), Some(1), None, None, None, None]);
    // A fault begins new conditions: its row is not that of before.
    let conditions = |s: &Snapshot| s.tuning.rows.iter().map(|row| row.conditions).max();
    bench.seen(|s| conditions(s) >= Some(3)).await;
    tokio::time::resume();
    bench.stop().await;
}

/// Twenty times the same twice: workers beyond those that permits can use change nothing. On the real clock, with
/// answers that take 60 to 140 ms.
#[expect(clippy::print_stdout, reason = "prints the table of the verdicts")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes four minutes: tests/long.sh honest"]
async fn honest_about_two_equal_settings() {
    let faults = Faults::NONE
        .with(Fault::Latency, 60.0)
        .with(Fault::Spread, 80.0)
        .with(Fault::Capacity, 16.0);
    let mut bench = Bench::of(faults, 24, 200_000).await;
    bench.held(10.0).await;
    println!(
        "| turn | pages/s before | after | change in % | p95 in % | verdict |\n|---|---|---|---|---|---|"
    );
    let (mut better, mut worse) = (0, 0);
    for turn in 0..20 {
        let setting = Setting::Workers(if turn % 2 == 0 { 90 } else { 80 });
        bench.give(Command::Set(setting)).await;
        let is_over = |change: &Change| {
            let effect = change.effect.as_ref();
            effect.is_some_and(|e| e.after.seconds >= 9.5 || e.verdict == EffectVerdict::Void)
        };
        let s =
            bench.seen(|s| s.dials.get(setting.dial()) == setting && is_over(&s.changes[0])).await;
        let effect = s.changes[0].effect.as_ref().unwrap();
        let (before, after) = (effect.before.pages_per_s, effect.after.pages_per_s);
        println!(
            "| {} | {:.1} ±{:.1} | {:.1} ±{:.1} | {:+.1} ±{:.1} | {:+.1} | {} |",
            s.changes[0].what,
            before.value,
            before.ci,
            after.value,
            after.ci,
            effect.pages_percent.value,
            effect.pages_percent.ci,
            effect.p95_percent,
            effect.verdict
        );
        better += u32::from(effect.verdict == EffectVerdict::Better);
        worse += u32::from(effect.verdict == EffectVerdict::Worse);
    }
    println!("better {better}, worse {worse} of 20");
    assert!(better <= 2, "{better} of 20 are better than the same");
    bench.stop().await;
}
