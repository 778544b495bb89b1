//! Promise: what is measured is in the database: every page in a row of its run and setting, whatever is turned,
//! stopped, killed or away meanwhile; and a resumed crawl knows what its earlier runs measured.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::test_db::{Fickle, TestDb, ended, give, seen, settings, stopped};
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::dials::Setting;
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{Batch, CrawlState, OpenMode, TimelineRow, open};

async fn lab() -> Lab {
    let faults = Faults::NONE.with(Fault::Latency, 20.0);
    Lab::start(LabConfig { pages: 1_200, faults, ..LabConfig::default() }).await.unwrap()
}

fn of_lab(lab: &Lab) -> Settings {
    let settings = settings(&lab.urls()[0]);
    Settings { permits: 8, workers: 40, scope: ScopeKind::Any, sitemaps: false, ..settings }
}

async fn timeline(test_db: &TestDb) -> Vec<TimelineRow> {
    let store = open(test_db.db().to_str().unwrap(), OpenMode::MustExist).await.unwrap();
    let rows = store.timeline(1, 10_000).await.unwrap();
    store.close().await;
    rows
}

/// Sums over the rows that meet a condition: pages, bytes.
fn sums(rows: &[TimelineRow], which: impl Fn(&&TimelineRow) -> bool) -> (i64, i64) {
    let rows = || rows.iter().filter(|row| which(row));
    let sum = |of: fn(&TimelineRow) -> u64| rows().map(of).sum::<u64>() as i64;
    (sum(|row| row.pages), sum(|row| row.bytes))
}

const PAGES: &str = "SELECT count(*) FROM scraped_pages WHERE state <> 'skipped'";
const BYTES: &str = "SELECT sum(content_length) FROM scraped_pages WHERE state <> 'skipped'";

/// As many pages more as this are done.
async fn more(crawl: &mut Crawl, pages: u64) {
    let before = crawl.snapshots.borrow().totals.pages;
    seen(crawl, "more pages", |s| s.totals.pages >= before + pages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_in_a_row_of_its_run_and_setting() {
    let (lab, test_db) = (lab().await, TestDb::new());
    let mut crawl = crawl::start(of_lab(&lab), test_db.store().await).await.unwrap();
    more(&mut crawl, 60).await;
    give(&crawl, Command::Set(Setting::Permits(16))).await;
    more(&mut crawl, 60).await;
    give(&crawl, Command::TogglePause).await;
    let still = |s: &_| {
        let s: &crawldeck::Snapshot = s;
        s.run == RunState::Paused && s.gate.in_use == 0 && s.saver.backlog_pages == 0
    };
    seen(&mut crawl, "nothing under way", still).await;
    give(&crawl, Command::TogglePause).await;
    // Longer than the second after which latencies are known, at that rate.
    give(&crawl, Command::Set(Setting::Rate(Some(400.0)))).await;
    more(&mut crawl, 500).await;
    stopped(crawl, Command::Stop).await;
    let first = timeline(&test_db).await;
    let expected = (test_db.number(PAGES).await, test_db.number(BYTES).await);
    assert_eq!(sums(&first, |_| true), expected);
    let settings: Vec<_> = first.iter().map(|row| (row.permits, row.rate)).collect();
    let turned = [(8, None), (16, None), (16, Some(400.0))];
    let mut found = settings.clone();
    found.dedup();
    assert_eq!(found, turned, "{first:#?}");
    for (setting, least) in turned.into_iter().zip([60, 55, 480]) {
        let of_setting = |row: &&TimelineRow| (row.permits, row.rate) == setting;
        assert!(sums(&first, of_setting).0 >= least, "{setting:?}: {first:#?}");
    }
    assert!(first.iter().all(|row| row.run == 1 && row.workers == 40), "{first:#?}");
    let requests: u64 = first.iter().map(|row| row.requests).sum();
    assert!(requests as i64 >= expected.0, "{first:#?}");
    assert!(first.iter().any(|row| row.p95_ms.is_some_and(|ms| ms >= 20.0)), "{first:#?}");

    let other = |settings: &mut Settings| (settings.permits, settings.rate) = (32, None);
    let crawl = crawl::resume(test_db.store().await, None, other).await.unwrap();
    assert_eq!(ended(crawl).await.state, RunState::Complete);
    let all = timeline(&test_db).await;
    assert_eq!(all[..first.len()], first);
    let second = |row: &&TimelineRow| row.run == 2 && row.permits == 32;
    assert_eq!(all.iter().filter(second).count(), all.len() - first.len());
    assert_eq!(sums(&all, |_| true).0, test_db.number(PAGES).await);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq), "{all:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_measured_is_lost_while_the_database_is_away() {
    let (lab, test_db) = (lab().await, TestDb::new());
    let fickle = Arc::new(Fickle::new(test_db.store().await));
    let mut crawl = crawl::start(of_lab(&lab), fickle.clone()).await.unwrap();
    more(&mut crawl, 60).await;
    fickle.unwilling.store(true, Relaxed);
    for permits in [9, 10, 11] {
        give(&crawl, Command::Set(Setting::Permits(permits))).await;
        more(&mut crawl, 20).await;
    }
    seen(&mut crawl, "an outage", |s| s.database_outage.is_some()).await;
    fickle.unwilling.store(false, Relaxed);
    assert_eq!(ended(crawl).await.state, RunState::Complete);
    assert!(fickle.refused.load(Relaxed) > 0);
    let rows = timeline(&test_db).await;
    assert_eq!(sums(&rows, |_| true).0, test_db.number(PAGES).await);
    for permits in 8..=11 {
        assert!(sums(&rows, |row| row.permits == permits).0 >= 15, "{permits}: {rows:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_what_was_written_and_the_next_one_counts_from_there() {
    let (lab, test_db) = (lab().await, TestDb::new());
    let mut crawl = crawl::start(of_lab(&lab), test_db.store().await).await.unwrap();
    more(&mut crawl, 60).await;
    give(&crawl, Command::Set(Setting::Permits(12))).await;
    test_db.until("a row", "SELECT count(*) FROM timeline", |rows| rows > 0).await;
    let image = test_db.killed().await;
    stopped(crawl, Command::StopNow).await;
    let before = image.number(PAGES).await;
    let killed = timeline(&image).await;
    assert!(sums(&killed, |_| true).0 <= before && !killed.is_empty());
    let store = image.store().await;
    // Its owner is gone.
    store.close().await;
    let crawl = crawl::resume(image.store().await, None, |_| {}).await.unwrap();
    assert_eq!(ended(crawl).await.state, RunState::Complete);
    let all = timeline(&image).await;
    assert_eq!(all[..killed.len()], killed);
    let of_second = sums(&all, |row| row.run == 2).0;
    assert_eq!(of_second, image.number(PAGES).await - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_crawl_shows_what_earlier_runs_measured() {
    let (lab, test_db) = (lab().await, TestDb::new());
    let store = test_db.store().await;
    let settings = serde_json::to_string(&of_lab(&lab)).unwrap();
    let id = store.create_crawl(&settings).await.unwrap();
    let measured = |seq: u64, permits: u32, pages: u64| TimelineRow {
        seq,
        run: 1,
        permits,
        workers: 40,
        span_ms: 10_000,
        pages,
        pages_sd: Some(2.0),
        ..TimelineRow::default()
    };
    let rows = vec![measured(1, 8, 1000), measured(2, 8, 1010), measured(3, 16, 1900)];
    store.commit(id, &Batch { timeline: rows, ..Batch::default() }).await.unwrap();
    store.set_state(id, CrawlState::Stopped).await.unwrap();
    store.close().await;
    let mut crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    let shown = seen(&mut crawl, "rows", |s| !s.tuning.rows.is_empty()).await;
    let earlier = shown.tuning.rows.iter().filter(|row| row.earlier_run);
    let earlier: Vec<_> = earlier.map(|row| (row.permits, row.held_s, row.pages)).collect();
    assert_eq!(earlier, [(8, 20.0, 2010), (16, 10.0, 1900)]);
    stopped(crawl, Command::StopNow).await;
}
