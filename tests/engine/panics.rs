//! Promise: no task of a crawl dies alone. A panic in a worker is a failed page; in any other task it
//! stops the crawl, which saves what it can, counts what it cannot, and says what happened and where.

use std::time::Duration;

use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::faults::PanicPoints;

use crate::test_db::{TestDb, done, ended, seen, settings};

/// Pages of the site, beside its first.
const PAGES: u32 = 400;

async fn site() -> TestOrigin {
    let content = OriginContent::Pages(PAGES);
    let latency = Duration::from_millis(5);
    let config = TestOriginConfig { content, latency, ..TestOriginConfig::default() };
    TestOrigin::start(config).await.unwrap()
}

fn panicking(site: &TestOrigin, points: &str) -> Settings {
    let panic_points: PanicPoints = points.parse().unwrap();
    Settings { panic_points, permits: 8, workers: 8, ..settings(site.url()) }
}

/// The end of a crawl, and its last snapshot.
async fn end(crawl: Crawl) -> (Summary, Snapshot) {
    let snapshots = crawl.snapshots.clone();
    let summary = ended(crawl).await;
    let last = Snapshot::clone(&snapshots.borrow());
    (summary, last)
}

/// The crawl stopped because of a panic in `task`, at a place in `file`; resumed, it is whole.
async fn stopped_and_whole(test_db: &TestDb, crawl: Crawl, task: &str, file: &str) -> Summary {
    let (summary, last) = end(crawl).await;
    assert_eq!(summary.state, RunState::Stopped, "{task}");
    let why = summary.ended_by.as_deref().unwrap();
    assert!(why.starts_with(&format!("internal error: {task} panicked: injected panic")), "{why}");
    assert!(why.contains(file), "{why}");
    assert_eq!(last.run, RunState::Stopped, "{task}");
    assert!(last.ended_by.as_deref() == Some(why), "{task}: {:?}", last.ended_by);
    let saved = test_db.number("SELECT count(*) FROM scraped_pages").await as u64;
    assert_eq!(saved + summary.unsaved, summary.pages, "{task}: every page is saved or counted");
    let resumed =
        crawl::resume(test_db.store().await, None, |given| given.rate = None).await.unwrap();
    let resumed = ended(resumed).await;
    let all = u64::from(PAGES) + 1;
    assert_eq!((resumed.state, resumed.ok), (RunState::Complete, all), "{task}");
    test_db.assert_whole().await;
    summary
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_worker_is_a_failed_page() {
    let site = site().await;
    for (points, file) in [
        ("worker:5", "src/crawl/fetch/fetch_one.rs:"),
        ("worker:5,give-up:1", "src/crawl/fetch/fetch_one.rs:"),
        ("parser:3", "src/crawl/fetch/parse.rs:"),
    ] {
        let test_db = TestDb::new();
        // Every page on a parse thread.
        let given = Settings { parse_offload: 0, ..panicking(&site, points) };
        let crawl = crawl::start(given, test_db.store().await).await.unwrap();
        let (summary, last) = end(crawl).await;
        let all = u64::from(PAGES) + 1;
        let counts = (summary.state, summary.ok, summary.failed, summary.unsaved);
        assert_eq!(counts, (RunState::Complete, all - 1, 1, 0), "{points}");
        assert!(last.workers.is_empty() && last.gate.in_use == 0, "{points}: {:?}", last.gate);
        let sql = "SELECT error FROM scraped_pages WHERE state = 'failed'";
        let [(error,)] = test_db.rows::<(String,)>(sql).await.try_into().unwrap();
        assert!(error.starts_with("internal error: injected panic in "), "{error}");
        assert!(error.contains(file), "{points}: {error}");
        test_db.assert_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worker_is_there_after_each_of_them_panicked() {
    let (site, test_db) = (site().await, TestDb::new());
    let given = Settings { attempts: 1, ..panicking(&site, "worker:20+,give-up:1+") };
    let crawl = crawl::start(given, test_db.store().await).await.unwrap();
    let (summary, _) = end(crawl).await;
    assert_eq!(summary.state, RunState::Complete);
    assert_eq!(summary.ok, 19);
    assert_eq!(summary.ok + summary.failed, summary.pages);
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_panics_between_two_urls_is_replaced() {
    let (site, test_db) = (site().await, TestDb::new());
    let given = Settings { workers: 1, ..panicking(&site, "worker-loop:3,worker-loop:9") };
    let crawl = crawl::start(given, test_db.store().await).await.unwrap();
    let (summary, _) = end(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, u64::from(PAGES) + 1));
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_another_task_stops_the_crawl_and_is_told() {
    let site = site().await;
    for (points, task, file) in [
        ("producer:20", "the producer", "src/crawl/pipeline/producer.rs:"),
        ("worker-loop:40+", "a worker", "src/crawl/fetch/worker.rs:"),
        ("saver:2", "the saver", "src/crawl/pipeline/saver.rs:"),
        ("database:3", "writing a batch", "src/crawl/pipeline/storage.rs:"),
        ("heartbeat", "the heartbeat", "src/crawl/pipeline/heartbeat.rs:"),
        ("control:3", "the control task", "src/crawl/control/control_task.rs:"),
        ("control:3+", "the control task", "src/crawl/control/control_task.rs:"),
    ] {
        let test_db = TestDb::new();
        // Slow, so that no stall of the machine lets the crawl end first.
        let given = Settings { rate: Some(100.0), ..panicking(&site, points) };
        let crawl = crawl::start(given, test_db.store().await).await.unwrap();
        let summary = stopped_and_whole(&test_db, crawl, task, file).await;
        assert_eq!(summary.unsaved, 0, "{points}: all can be saved");
        assert!(summary.pages < u64::from(PAGES), "{points}: it stops at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_panic_keeps_from_being_saved_is_counted() {
    let site = site().await;
    for (points, task, file) in [
        ("saver:2+", "the saver", "src/crawl/pipeline/saver.rs:"),
        ("database:3+", "writing a batch", "src/crawl/pipeline/storage.rs:"),
    ] {
        let test_db = TestDb::new();
        let given = panicking(&site, points);
        let crawl = crawl::start(given, test_db.store().await).await.unwrap();
        let summary = stopped_and_whole(&test_db, crawl, task, file).await;
        assert!(summary.unsaved > 0, "{points}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_before_the_seeds_leaves_a_crawl_that_can_be_resumed() {
    let (site, test_db) = (site().await, TestDb::new());
    let given = panicking(&site, "loader");
    let crawl = crawl::start(given, test_db.store().await).await.unwrap();
    stopped_and_whole(&test_db, crawl, "the loader", "src/crawl/control/loader.rs:").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_urls_are_excluded_or_restored_stops_the_crawl() {
    let site = site().await;
    let pattern = "/page/1[0-9]$";
    for (points, task, undo) in [
        ("exclude", "the task that excludes URLs", false),
        ("restore", "the task that restores URLs", true),
    ] {
        let test_db = TestDb::new();
        let given = Settings { permits: 1, ..panicking(&site, points) };
        let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
        let command = Command::Exclude(pattern.into());
        done(&mut crawl, command, &format!("exclude {pattern}")).await;
        if undo {
            let gone = |s: &Snapshot| s.exclusions.iter().any(|e| !e.running && e.urls > 0);
            seen(&mut crawl, "it is excluded", gone).await;
            crate::test_db::give(&crawl, Command::Undo).await;
        }
        let (summary, _) = end(crawl).await;
        assert_eq!(summary.state, RunState::Stopped, "{points}");
        let why = summary.ended_by.unwrap();
        assert!(why.starts_with(&format!("internal error: {task} panicked: ")), "{why}");
        assert!(why.contains("src/crawl/control/exclusion_task.rs:"), "{why}");
        let resumed = crawl::resume(test_db.store().await, None, |_| ()).await.unwrap();
        assert_eq!(ended(resumed).await.state, RunState::Complete, "{points}");
        test_db.assert_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_the_earlier_crawl_is_read_stops_a_recrawl() {
    let (site, test_db) = (site().await, TestDb::new());
    let first = crawl::start(settings(site.url()), test_db.store().await).await.unwrap();
    assert_eq!(ended(first).await.state, RunState::Complete);
    let points = |stored: &mut Settings| stored.panic_points = "unlinked".parse().unwrap();
    let crawl = crawl::recrawl(test_db.store().await, points).await.unwrap();
    let task = "the task that reads the earlier crawl";
    let (summary, _) = end(crawl).await;
    assert_eq!(summary.state, RunState::Stopped);
    let why = summary.ended_by.unwrap();
    assert!(why.starts_with(&format!("internal error: {task} panicked: ")), "{why}");
    let resumed = crawl::resume(test_db.store().await, None, |_| ()).await.unwrap();
    assert_eq!(ended(resumed).await.state, RunState::Complete);
}
