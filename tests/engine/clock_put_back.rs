//! Promise: a clock that is put back between two runs makes nobody wait longer than a cooldown can last.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::time::Duration;

use crate::test_db::{TestDb, ended, host, seen, settings, stopped};
use crawldeck::crawl;
use crawldeck::crawl::frontier::{FoundLink, Frontier, FrontierStart, Next};
use crawldeck::crawl::hosts::Pace;
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::model::ids::host_id;
use crawldeck::model::url_identity::UrlHash;
use tokio::time::Instant;
use url::Url;

const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1000;

/// The frontier knows no clock: the times are passed in.
#[tokio::test]
async fn urls_to_be_retried_in_a_year_are_due_within_minutes() {
    let test_db = TestDb::new();
    let store = test_db.store().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let first = Frontier::new(FrontierStart { crawl, ..FrontierStart::default() });
    let url = Url::parse("http://a.test/").unwrap();
    first.seed([FoundLink::bare(url.as_str().into(), UrlHash::of(&url))]);
    let Next::UrlTask(task) = first.next(Instant::now()) else { panic!("nothing to do") };
    first.ended(&task.url, Some(Instant::now()), None);
    first.postpone(task, Duration::from_secs(2), None, None, YEAR_MS);
    first.flush();
    let (batch, cost) = first.next_batch().await.unwrap();
    store.commit(crawl, &batch).await.unwrap();
    first.committed(cost);
    // The run is killed, and the clock put back: by a year, or to 1970.
    for now_ms in [1_000, i64::MIN] {
        let second = Frontier::new(FrontierStart {
            crawl,
            hosts: store.open_hosts(crawl).await.unwrap(),
            next_seq: 2,
            open: 1,
            ..FrontierStart::default()
        });
        let now = Instant::now();
        let Next::Refill { host, after, limit, commits } = second.next(now) else {
            panic!("nothing on disk")
        };
        let rows = store.frontier_of_host(crawl, host_id(&host), after, limit).await.unwrap();
        assert_eq!(rows[0].not_before_ms, YEAR_MS + 2_000);
        second.refilled(&host, rows, commits, now, now_ms);
        let Next::Wait { due: Some(due), .. } = second.next(now) else { panic!("does not wait") };
        assert_eq!(due - now, Pace::default().longest_pause());
        assert!(matches!(second.next(due), Next::UrlTask(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_cool_down_for_a_year_are_requested_after_the_longest_cooldown() {
    let test_db = TestDb::new();
    let pages = 50;
    let config = TestOriginConfig {
        content: OriginContent::Pages(pages),
        latency: Duration::from_millis(100),
        ..TestOriginConfig::default()
    };
    let site = TestOrigin::start(config).await.unwrap();
    let mut given = settings(site.url());
    given.permits = 1;
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "under way", |s| s.totals.pages > 0).await;
    stopped(crawl, Command::StopNow).await;
    let until_ms = jiff::Timestamp::now().as_millisecond() + YEAR_MS;
    let crawl = crawl::resume(test_db.store().await, None, |settings| {
        settings.cooling_down.insert(host(site.url()).to_string(), until_ms);
        settings.permits = 20;
        settings.max_host_backoff = Duration::from_millis(50);
        settings.breaker.max_cooldown = Duration::from_millis(50);
    });
    let summary = ended(crawl.await.unwrap()).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, u64::from(pages) + 1));
}
