//! Promise: a database that does not answer is named after three seconds, with its age; a stop waits for
//! it for a bounded time, counts what is not saved, and a stop at once does not wait.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot, WorkerState};
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use tokio::time::Instant;

use crate::test_db::{Fickle, TestDb, ended, give, seen, settings};

/// After a stop, the silence of the database that is waited for.
const PATIENCE: Duration = Duration::from_secs(14);
/// What a stop may take in all: less than a service manager waits.
const LONGEST_STOP: Duration = Duration::from_secs(15);
/// Likewise, a stop at once.
const LONGEST_STOP_AT_ONCE: Duration = Duration::from_secs(2);

/// Pages of the site: so many that it is never done before it is paused.
const PAGES: u32 = 2_000;

/// A crawl that is paused with pages that a silent database does not take. The clock stands still, and
/// jumps when nothing else is to be done.
async fn silent(test_db: &TestDb) -> (TestOrigin, Arc<Fickle>, Crawl) {
    let (content, latency) = (OriginContent::Pages(PAGES), Duration::from_millis(5));
    let config = TestOriginConfig { content, latency, ..TestOriginConfig::default() };
    let site = TestOrigin::start(config).await.unwrap();
    let store = Arc::new(Fickle::new(test_db.store().await));
    let mut crawl = crawl::start(settings(site.url()), Arc::clone(&store) as _).await.unwrap();
    seen(&mut crawl, "something is saved", |s| s.saver.pages > 0).await;
    store.stuck.send_replace(true);
    let held = |s: &Snapshot| s.saver.backlog_pages > 5 && store.held.load(Ordering::SeqCst) == 1;
    seen(&mut crawl, "a batch is held", held).await;
    give(&crawl, Command::TogglePause).await;
    let still = |s: &Snapshot| s.run == RunState::Paused && s.gate.in_use == 0;
    seen(&mut crawl, "nothing is in flight", still).await;
    tokio::time::pause();
    (site, store, crawl)
}

#[tokio::test]
async fn it_is_named_with_its_age() {
    let test_db = TestDb::new();
    let (_site, store, mut crawl) = silent(&test_db).await;
    let begin = Instant::now();
    let s = seen(&mut crawl, "it is named", |s| s.database_outage.is_some()).await;
    assert!(begin.elapsed() <= Duration::from_secs(5), "{:?}", begin.elapsed());
    let outage = s.database_outage.clone().unwrap();
    assert_eq!(&*outage.text, "silent while writing a batch");
    assert!((2.9..4.2).contains(&(s.at_s - outage.since_s)), "{} {outage:?}", s.at_s);
    let s = seen(&mut crawl, "its age", |s| s.at_s - outage.since_s > 10.0).await;
    let text = &s.verdict.text;
    assert!(text.contains("the database for 1") && text.contains(&*outage.text), "{text}");
    store.stuck.send_replace(false);
    seen(&mut crawl, "it answers again", |s| s.database_outage.is_none()).await;
    give(&crawl, Command::Stop).await;
    assert_eq!(ended(crawl).await.unsaved, 0);
}

#[tokio::test]
async fn a_stop_waits_for_it_so_long_and_counts_what_is_lost() {
    let test_db = TestDb::new();
    let (site, _store, crawl) = silent(&test_db).await;
    let mut snapshots = crawl.snapshots.clone();
    let told = tokio::spawn(async move {
        let told = |s: &Arc<Snapshot>| {
            s.verdict.text.contains("silent while writing a batch; given up in ")
        };
        snapshots.wait_for(told).await.is_ok()
    });
    give(&crawl, Command::Stop).await;
    let begin = Instant::now();
    let summary = ended(crawl).await;
    let took = begin.elapsed();
    assert!(told.await.unwrap(), "that it is given up, and when");
    assert!((PATIENCE..LONGEST_STOP).contains(&took), "{took:?}");
    let why = summary.ended_by.as_deref().unwrap();
    assert!(why.starts_with("the database has completed nothing for 1"), "{why}");
    assert_eq!(summary.state, RunState::Stopped);
    assert!(summary.unsaved > 5, "{}", summary.unsaved);
    tokio::time::resume();
    let saved = test_db.number("SELECT count(*) FROM scraped_pages").await as u64;
    assert_eq!(saved + summary.unsaved, summary.pages);
    let resumed = crawl::resume(test_db.store().await, None, |_| ()).await.unwrap();
    assert_eq!(ended(resumed).await.ok, u64::from(PAGES) + 1);
    drop(site);
}

#[tokio::test]
async fn a_second_stop_does_not_wait() {
    let test_db = TestDb::new();
    let (_site, _store, crawl) = silent(&test_db).await;
    give(&crawl, Command::Stop).await;
    give(&crawl, Command::StopNow).await;
    let begin = Instant::now();
    let summary = ended(crawl).await;
    assert!(begin.elapsed() < LONGEST_STOP_AT_ONCE, "{:?}", begin.elapsed());
    assert_eq!(summary.state, RunState::Stopped);
    assert!(summary.unsaved > 5, "{}", summary.unsaved);
}

#[tokio::test]
async fn an_answer_in_time_saves_everything() {
    let test_db = TestDb::new();
    let (_site, store, crawl) = silent(&test_db).await;
    give(&crawl, Command::Stop).await;
    tokio::time::sleep(PATIENCE.saturating_sub(Duration::from_secs(1))).await;
    tokio::time::resume();
    store.stuck.send_replace(false);
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.unsaved, summary.ended_by), (RunState::Stopped, 0, None));
    assert_eq!(test_db.number("SELECT count(*) FROM crawls WHERE state = 'stopped'").await, 1);
}

/// In a recrawl every worker reads from the database before it requests.
#[tokio::test(flavor = "multi_thread")]
async fn workers_that_wait_for_rows_have_a_state_of_their_own() {
    let test_db = TestDb::new();
    let content = OriginContent::Pages(50);
    let config = TestOriginConfig { content, ..TestOriginConfig::default() };
    let site = TestOrigin::start(config).await.unwrap();
    let first = crawl::start(settings(site.url()), test_db.store().await).await.unwrap();
    ended(first).await;
    let store = Arc::new(Fickle::new(test_db.store().await));
    store.previous_reads.send_replace(10);
    let mut crawl = crawl::recrawl(Arc::clone(&store) as _, |_| ()).await.unwrap();
    let all = |s: &Snapshot| {
        !s.workers.is_empty()
            && s.workers.iter().filter(|w| w.state == WorkerState::Database).count() >= 16
    };
    seen(&mut crawl, "all workers wait for the database", all).await;
    let s = seen(&mut crawl, "it is named", |s| s.database_outage.is_some()).await;
    let text = &s.database_outage.as_ref().unwrap().text;
    assert_eq!(&**text, "silent while reading the earlier crawl");
    assert!(s.worker_shares.database > 0.9, "{:?}", s.worker_shares);
    store.previous_reads.send_replace(u64::MAX);
    assert_eq!(ended(crawl).await.state, RunState::Complete);
}

/// A database that takes a while for every answer is waited for, however long it takes in all.
#[tokio::test]
async fn a_slow_database_that_answers_is_waited_for() {
    let test_db = TestDb::new();
    let (_site, store, mut crawl) = silent(&test_db).await;
    store.answering.send_replace(true);
    give(&crawl, Command::Stop).await;
    let begin = Instant::now();
    let s = seen(&mut crawl, "that it is waited for", |s| {
        let said = "slow while writing a batch; waited for while it answers";
        s.verdict.text.contains(said) && begin.elapsed() > 3 * PATIENCE
    })
    .await;
    assert_eq!(s.run, RunState::Stopping);
    store.stuck.send_replace(false);
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.unsaved, summary.ended_by), (RunState::Stopped, 0, None));
}
