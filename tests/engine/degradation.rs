//! Promise: when something of our own cannot keep up, the crawl slows down or pauses by itself,
//! says why, leaves the user's dials alone and recovers; and it can be stopped all the while.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::test_db::{Fickle, TestDb, ended, give, later, seen, settings, stopped};
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::{OverloadKind, PauseReason, RunState, Snapshot};
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::store::Store;

const PERMITS: u32 = 16;

/// A site whose pages are heavy for the saver: each links to all of some hundred others.
async fn heavy() -> TestOrigin {
    let mut links = String::new();
    for n in 0..400 {
        let _ = write!(links, "<a href=/{n}/{}>{n}</a>", "x".repeat(100));
    }
    let page = |n: u32| (format!("/{n}/{}", "x".repeat(100)), format!("{n} {links}"));
    let mut files: Vec<_> = (0..400).map(page).collect();
    files.push(("/".into(), links.clone()));
    let latency = std::time::Duration::from_millis(5);
    let config =
        TestOriginConfig { content: OriginContent::Files(files), latency, ..Default::default() };
    TestOrigin::start(config).await.unwrap()
}

async fn light(pages: u32) -> TestOrigin {
    let latency = std::time::Duration::from_millis(100);
    let config = TestOriginConfig {
        content: OriginContent::Pages(pages),
        latency,
        ..TestOriginConfig::default()
    };
    TestOrigin::start(config).await.unwrap()
}

async fn start(test_db: &TestDb, site: &TestOrigin) -> (Arc<Fickle>, Crawl) {
    let store = Arc::new(Fickle::new(test_db.store().await));
    let given = crawldeck::settings::Settings {
        permits: PERMITS,
        workers: 32,
        // Heavy pages look alike.
        traps: crawldeck::settings::TrapSettings { same_content: 0, ..Default::default() },
        ..settings(site.url())
    };
    let crawl = crawl::start(given, Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
    (store, crawl)
}

fn overloaded(s: &Snapshot, what: OverloadKind) -> Option<&str> {
    s.overloads.iter().find(|overload| overload.what == what).map(|overload| &*overload.text)
}

/// The saver falls behind until one permit is left; the user's dial stays where it is.
async fn down_to_one(crawl: &mut Crawl) {
    let s = seen(crawl, "one permit is left", |s| s.gate.limit == 1).await;
    let text = overloaded(&s, OverloadKind::Saver).unwrap();
    assert!(text.contains("saver behind") && text.contains("1 of 16 permits used"), "{text}");
    assert_eq!((s.dials.permits, s.run), (PERMITS, RunState::Running));
    assert!(s.pause_reasons.is_empty(), "{:?}", s.pause_reasons);
}

async fn recovers(crawl: &mut Crawl) {
    let well = |s: &Snapshot| s.overloads.is_empty() && s.gate.limit == PERMITS;
    let s = seen(crawl, "all is well again", well).await;
    assert_eq!(s.dials.permits, PERMITS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_saver_slows_the_crawl_until_it_has_caught_up() {
    let test_db = TestDb::new();
    let site = heavy().await;
    let (store, mut crawl) = start(&test_db, &site).await;
    seen(&mut crawl, "under way", |s| s.totals.pages > 1).await;
    store.stuck.send_replace(true);
    down_to_one(&mut crawl).await;
    // Paused, so that it is not over before it has recovered.
    give(&crawl, Command::TogglePause).await;
    seen(&mut crawl, "paused", |s| s.run == RunState::Paused).await;
    store.stuck.send_replace(false);
    recovers(&mut crawl).await;
    give(&crawl, Command::TogglePause).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.unsaved), (RunState::Complete, 401, 0));
    assert_eq!(test_db.settings().await.permits, PERMITS);
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_refuses_slows_the_crawl_and_loses_nothing() {
    let test_db = TestDb::new();
    let site = heavy().await;
    let (store, mut crawl) = start(&test_db, &site).await;
    seen(&mut crawl, "under way", |s| s.totals.pages > 1).await;
    store.unwilling.store(true, Ordering::SeqCst);
    down_to_one(&mut crawl).await;
    let s = seen(&mut crawl, "why", |s| s.database_outage.is_some()).await;
    let outage = s.database_outage.clone().unwrap();
    assert_eq!(&*outage.text, "no room left to write a full one");
    assert!(s.verdict.text.contains(" s: no room left to write a full one"), "{:?}", s.verdict);
    // It is one and the same, however often it is tried.
    let tried = store.refused.load(Ordering::SeqCst);
    let s = seen(&mut crawl, "later", |_| store.refused.load(Ordering::SeqCst) > tried).await;
    assert_eq!(s.database_outage.as_ref(), Some(&outage));
    store.unwilling.store(false, Ordering::SeqCst);
    seen(&mut crawl, "it is over", |s| s.database_outage.is_none()).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.unsaved), (RunState::Complete, 401, 0));
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_the_crawl_until_there_is_room() {
    let test_db = TestDb::new();
    let site = light(1_200).await;
    let (store, mut crawl) = start(&test_db, &site).await;
    seen(&mut crawl, "under way", |s| s.totals.pages > 20).await;
    // Filling up: slower.
    store.free.store(400 << 20, Ordering::SeqCst);
    let s = seen(&mut crawl, "slower", |s| s.gate.limit < PERMITS).await;
    assert!(overloaded(&s, OverloadKind::Disk).unwrap().contains("disk filling up: 400 MiB free"));
    assert_eq!((s.run, s.dials.permits), (RunState::Running, PERMITS));
    // Full: nothing starts.
    store.free.store(100 << 20, Ordering::SeqCst);
    let paused = |s: &Snapshot| s.run == RunState::Paused && s.gate.in_use == 0;
    let s = seen(&mut crawl, "paused", paused).await;
    assert_eq!(s.pause_reasons, [PauseReason::Disk]);
    assert!(overloaded(&s, OverloadKind::Disk).unwrap().contains("disk nearly full: 100 MiB free"));
    site.reset_times();
    // The user's own pause is another reason, and outlasts this one.
    give(&crawl, Command::TogglePause).await;
    let s = seen(&mut crawl, "two reasons", |s| s.pause_reasons.len() == 2).await;
    assert_eq!(s.pause_reasons, [PauseReason::User, PauseReason::Disk]);
    // A little more than the least is not yet enough.
    store.free.store(300 << 20, Ordering::SeqCst);
    let s = seen(&mut crawl, "a little room", |s| {
        overloaded(s, OverloadKind::Disk).is_some_and(|text| text.contains("300 MiB"))
    })
    .await;
    assert_eq!(s.pause_reasons.len(), 2);
    store.free.store(4 << 30, Ordering::SeqCst);
    let s = seen(&mut crawl, "room", |s| s.pause_reasons.len() == 1).await;
    assert_eq!((s.run, site.times().requests.len()), (RunState::Paused, 0));
    give(&crawl, Command::TogglePause).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 1_201));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_without_memory_says_so_and_can_be_stopped() {
    for command in [Command::Stop, Command::StopNow] {
        let test_db = TestDb::new();
        let site = light(400).await;
        let mut given = settings(site.url());
        given.max_memory = Some(1 << 20);
        let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
        let s = seen(&mut crawl, "paused", |s| {
            s.run == RunState::Paused && s.gate.in_use == 0 && s.saver.backlog_pages == 0
        })
        .await;
        assert_eq!(s.pause_reasons, [PauseReason::Memory]);
        assert!(overloaded(&s, OverloadKind::Memory).unwrap().contains("of 1.0 MiB"));
        site.reset_times();
        let summary = stopped(crawl, command).await;
        assert_eq!((summary.state, site.times().requests.len()), (RunState::Stopped, 0));
        assert!(summary.open > 0);
        let more = |s: &mut crawldeck::settings::Settings| s.max_memory = Some(u64::MAX);
        let crawl = crawl::resume(test_db.store().await, None, more).await.unwrap();
        let summary = ended(crawl).await;
        assert_eq!((summary.state, summary.ok), (RunState::Complete, 401));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_overloads_hold_at_once() {
    let test_db = TestDb::new();
    let site = heavy().await;
    let (store, mut crawl) = start(&test_db, &site).await;
    seen(&mut crawl, "under way", |s| s.totals.pages > 1).await;
    store.stuck.send_replace(true);
    down_to_one(&mut crawl).await;
    store.free.store(10 << 20, Ordering::SeqCst);
    let s = seen(&mut crawl, "both", |s| s.overloads.len() == 2).await;
    assert_eq!(
        s.overloads.iter().map(|s| s.what).collect::<Vec<_>>(),
        [OverloadKind::Saver, OverloadKind::Disk]
    );
    assert_eq!(s.pause_reasons, [PauseReason::Disk]);
    store.free.store(4 << 30, Ordering::SeqCst);
    let s = seen(&mut crawl, "one is over", |s| s.run == RunState::Running).await;
    assert_eq!(s.overloads.len(), 1, "{:?}", s.overloads);
    // A stop waits for the saver, and loses nothing.
    give(&crawl, Command::Stop).await;
    let s = later(&mut crawl, 5).await;
    assert_eq!(s.run, RunState::Stopping);
    store.stuck.send_replace(false);
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.unsaved), (RunState::Stopped, 0));
    let rows = test_db.number("SELECT count(*) FROM scraped_pages").await;
    assert_eq!(rows as u64, summary.pages);
    let crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    assert_eq!(ended(crawl).await.ok, 401);
    test_db.assert_whole().await;
}
