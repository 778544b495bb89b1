//! What the engine finds, row by row.

use crate::support;
use crate::test_db::{TestDb, ended, seen, settings, stopped};
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::crawl::protocol::summary::{RecrawlSummary, Summary};
use crawldeck::crawl::{self, CrawlError};
use crawldeck::lab::response_faults::{Failing, FailureMode, ResponseFaults};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::settings::Settings;
use crawldeck::store::StoreError;
use url::Url;

/// What the second crawl finds, by path.
const ROWS: &str = "SELECT replace(url, substr(url, 1, instr(substr(url, 8), '/') + 6), ''), \
    state, status, change, title, content_length, content_type, etag, links_found \
    FROM scraped_pages WHERE crawl_id = (SELECT max(id) FROM crawls) ORDER BY url";

type Row = (
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
    i64,
    Option<String>,
    Option<String>,
    i64,
);

fn page(title: &str, links: &[&str]) -> String {
    let links =
        links.iter().fold(String::new(), |so_far, to| so_far + "<a href=" + to + ">on</a>\n");
    format!("<!DOCTYPE html><title>{title}</title>\n{links}")
}

/// `/` → `/hub` → `/a`, `/b`, `/dying`; `/` → `/unlinked`.
fn before() -> Vec<(String, String)> {
    vec![
        ("/".into(), page("home", &["/hub", "/unlinked"])),
        ("/hub".into(), page("hub", &["/a", "/b", "/dying", "/broken"])),
        ("/a".into(), page("a", &[])),
        ("/b".into(), page("b", &[])),
        ("/dying".into(), page("dying", &[])),
        ("/unlinked".into(), page("unlinked", &[])),
    ]
}

/// `/` no longer links to `/unlinked`, but to `/fresh`; `/b` is another; `/dying` is not there.
fn after() -> Vec<(String, String)> {
    vec![
        ("/".into(), page("home", &["/hub", "/fresh"])),
        ("/hub".into(), page("hub", &["/a", "/b", "/dying", "/broken"])),
        ("/a".into(), page("a", &[])),
        ("/b".into(), page("b, revised", &[])),
        ("/fresh".into(), page("fresh", &[])),
        ("/unlinked".into(), page("unlinked", &[])),
    ]
}

async fn serve(files: Vec<(String, String)>, port: Option<u16>) -> TestOrigin {
    let config = TestOriginConfig {
        port,
        content: OriginContent::Files(files),
        ..TestOriginConfig::default()
    };
    TestOrigin::start(config).await.unwrap()
}

fn port(origin: &TestOrigin) -> Option<u16> {
    Url::parse(origin.url()).unwrap().port()
}

/// Path and status of what was requested, sorted.
fn asked(origin: &TestOrigin) -> Vec<(String, Option<u16>)> {
    let requests = origin.times().requests.into_iter();
    let mut asked: Vec<_> = requests.map(|came| (came.path, came.status)).collect();
    asked.sort();
    asked
}

async fn first(test_db: &TestDb, origin: &TestOrigin) -> Summary {
    let crawl = crawl::start(settings(origin.url()), test_db.store().await).await.unwrap();
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.recrawl), (RunState::Complete, None));
    origin.reset_times();
    summary
}

async fn again(test_db: &TestDb) -> Summary {
    ended(crawl::recrawl(test_db.store().await, |_| {}).await.unwrap()).await
}

#[expect(clippy::unnecessary_wraps, reason = "as it stands in the summary")]
fn counts(previous: i64, new: u64, changed: u64, same: u64, gone: u64) -> Option<RecrawlSummary> {
    Some(RecrawlSummary { previous, new, changed, same, gone, unchecked: Some(0) })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_site_is_requested_and_not_fetched() {
    let test_db = TestDb::new();
    let site = serve(before(), None).await;
    let one = first(&test_db, &site).await;
    assert!(one.bytes > 100);
    let rows: Vec<Row> = test_db.rows(ROWS).await;
    let two = again(&test_db).await;
    assert_eq!(two.recrawl, counts(1, 0, 0, 6, 0));
    assert_eq!((two.crawl_id, two.state, two.pages), (2, RunState::Complete, one.pages));
    assert_eq!((two.ok, two.failed, two.links), (one.ok, one.failed, one.links));
    assert_eq!(two.bytes, 0, "not modified costs no body");
    let statuses: Vec<_> = asked(&site).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == Some(304)).count(), 6);
    assert_eq!(statuses.iter().filter(|status| **status == Some(404)).count(), 1);
    // The rows are as they were, but for what is said of the change.
    let expected: Vec<Row> = rows
        .into_iter()
        .map(|mut row| {
            let change = (row.1 == "ok").then(|| "same".to_owned());
            assert_eq!(row.3, None, "{row:?}");
            row.3 = change;
            row
        })
        .collect();
    assert_eq!(test_db.rows::<Row>(ROWS).await, expected);
    assert!(expected.iter().all(|row| row.1 != "ok" || row.7.is_some()), "{expected:?}");
    // And so is a third: what it looks at is the second.
    assert_eq!(again(&test_db).await.recrawl, counts(2, 0, 0, 6, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_changed_same_and_gone_are_distinguished() {
    let test_db = TestDb::new();
    let site = serve(before(), None).await;
    let port = port(&site);
    first(&test_db, &site).await;
    site.stop().await;
    let site = serve(after(), port).await;
    let two = again(&test_db).await;
    // What nobody links to any more is requested as well.
    assert_eq!(two.recrawl, counts(1, 1, 2, 3, 1));
    let changes: Vec<_> = test_db
        .rows::<Row>(ROWS)
        .await
        .into_iter()
        .map(|row| (row.0, row.2, row.3.unwrap_or_default()))
        .collect();
    let row = |path: &str, status, change: &str| (path.to_owned(), Some(status), change.to_owned());
    let expected = [
        row("/", 200, "changed"),
        row("/a", 200, "same"),
        row("/b", 200, "changed"),
        row("/broken", 404, ""),
        row("/dying", 404, "gone"),
        row("/fresh", 200, "new"),
        row("/hub", 200, "same"),
        row("/unlinked", 200, "same"),
    ];
    assert_eq!(changes, expected);
    let statuses = |path: &str| {
        let asked = asked(&site).into_iter().filter(|(p, _)| p == path);
        asked.map(|(_, status)| status.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((statuses("/hub"), statuses("/b")), (vec![304], vec![200]));
    assert_eq!(statuses("/unlinked"), [304]);
    let db = test_db.db();
    let totals = tokio::task::spawn_blocking(move || support::totals(&db)).await.unwrap();
    let count = |what: &str| totals[what].as_u64().unwrap();
    assert_eq!((count("new"), count("changed"), count("same"), count("gone")), (1, 2, 3, 1));
    let json = serde_json::to_value(&two).unwrap();
    let expected = serde_json::json!(
        {"previous": 1, "new": 1, "changed": 2, "same": 3, "gone": 1, "unchecked": 0}
    );
    assert_eq!(json["recrawl"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recrawl_continues_after_a_stop() {
    let test_db = TestDb::new();
    let pages = 300;
    let config =
        TestOriginConfig { content: OriginContent::Pages(pages), ..TestOriginConfig::default() };
    let site = TestOrigin::start(config.clone()).await.unwrap();
    let port = port(&site);
    first(&test_db, &site).await;
    site.stop().await;
    let latency = std::time::Duration::from_millis(20);
    let _site = TestOrigin::start(TestOriginConfig { port, latency, ..config }).await.unwrap();
    let mut crawl = crawl::recrawl(test_db.store().await, |_| {}).await.unwrap();
    seen(&mut crawl, "some are requested", |s| s.totals.pages > 20).await;
    let partial = stopped(crawl, Command::Stop).await;
    assert_eq!(partial.state, RunState::Stopped);
    let recrawl = partial.recrawl.unwrap();
    assert_eq!((recrawl.same, recrawl.unchecked), (partial.ok, None), "not known before the end");
    // A partial crawl is not recrawled: the first one still is.
    let error = test_db.store().await.complete_crawl(Some(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::CrawlIncomplete { crawl: 2, .. }));
    let crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    let whole = ended(crawl).await;
    assert_eq!(whole.recrawl, counts(1, 0, 0, u64::from(pages) + 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_given_take_the_place_of_the_stored_ones() {
    let test_db = TestDb::new();
    let error = crawl::recrawl(test_db.store().await, |_| {}).await.unwrap_err();
    assert!(matches!(error, CrawlError::Store(StoreError::NoCompleteCrawl { .. })), "{error}");
    let site = serve(before(), None).await;
    first(&test_db, &site).await;
    let hub = Url::parse(site.url()).unwrap().join("/hub").unwrap();
    let turn = |s: &mut Settings| {
        assert_eq!((s.recrawl_of, s.seeds.len()), (Some(1), 1));
        (s.seeds, s.permits) = (vec![hub.clone()], 3);
    };
    let crawl = crawl::recrawl(test_db.store().await, turn).await.unwrap();
    let two = ended(crawl).await;
    // What it does not lead to is requested all the same.
    assert_eq!((two.recrawl, two.settings.permits), (counts(1, 0, 0, 6, 0), 3));
    assert_eq!(test_db.settings().await.seeds, [hub]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_requested_or_only_failing_is_not_gone() {
    let test_db = TestDb::new();
    let site = serve(before(), None).await;
    let port = port(&site);
    first(&test_db, &site).await;
    let turned = async |turn: fn(&mut Settings)| {
        let crawl = crawl::recrawl(test_db.store().await, turn).await.unwrap();
        ended(crawl).await.recrawl.unwrap()
    };
    let outcome = |r: RecrawlSummary| (r.same, r.gone, r.unchecked);
    // Each looks at the newest complete crawl: begun anew, so that all were asked in that.
    assert_eq!(outcome(turned(|s| s.max_pages = Some(2)).await), (2, 0, Some(4)));
    assert_eq!(outcome(turned(|s| s.max_pages = None).await), (2, 0, Some(0)), "known of the last");
    site.stop().await;

    let test_db = TestDb::new();
    let site = serve(before(), port).await;
    first(&test_db, &site).await;
    site.stop().await;
    let faults = ResponseFaults {
        failing: Some(Failing { percent: 100, how: FailureMode::Status(500) }),
        ..ResponseFaults::default()
    };
    let config = TestOriginConfig {
        port,
        content: OriginContent::Files(before()),
        faults,
        ..TestOriginConfig::default()
    };
    let _site = TestOrigin::start(config).await.unwrap();
    let turn = |s: &mut Settings| (s.attempts, s.breaker.ratio) = (1, 2.0);
    let crawl = crawl::recrawl(test_db.store().await, turn).await.unwrap();
    let two = ended(crawl).await;
    let recrawl = two.recrawl.unwrap();
    assert_eq!((two.failed, recrawl.same, recrawl.gone, recrawl.unchecked), (6, 0, 0, Some(6)));
}

/// What a page links to, by path; with the text of the link.
const LINKS: &str = "SELECT page.url, target.url, links.anchor FROM links \
    JOIN scraped_pages page ON page.id = links.from_id \
    JOIN scraped_pages target ON target.id = links.to_id \
    WHERE links.crawl_id = (SELECT max(id) FROM crawls) ORDER BY 1, 2";

type Link = (String, String, Option<String>);

#[tokio::test(flavor = "multi_thread")]
async fn links_that_are_not_stored_are_found_again() {
    let (with, without) = (TestDb::new(), TestDb::new());
    let site = serve(before(), None).await;
    let one = first(&with, &site).await;
    let links: Vec<Link> = with.rows(LINKS).await;
    assert_eq!((one.links, links.len()), (6, 6));

    // Followed and counted alike, and no row.
    let settings = Settings { store_links: false, ..settings(site.url()) };
    let crawl = crawl::start(settings, without.store().await).await.unwrap();
    let bare = ended(crawl).await;
    assert_eq!((bare.pages, bare.ok, bare.failed, bare.links), (one.pages, one.ok, one.failed, 0));
    assert_eq!(without.rows::<Row>(ROWS).await, with.rows::<Row>(ROWS).await);
    assert!(without.rows::<Link>("SELECT '', '', anchor FROM links").await.is_empty());
    assert!(!without.settings().await.store_links);

    // Pages with links are transferred again, for their links; those without are not.
    site.reset_times();
    let turned = async |turn: fn(&mut Settings)| {
        ended(crawl::recrawl(without.store().await, turn).await.unwrap()).await
    };
    let two = turned(|s| s.store_links = true).await;
    assert_eq!(two.recrawl, counts(1, 0, 0, 6, 0));
    let whole: Vec<_> = asked(&site).into_iter().filter(|(_, s)| *s == Some(200)).collect();
    assert_eq!(whole, [("/".to_owned(), Some(200)), ("/hub".to_owned(), Some(200))]);
    assert_eq!((two.links, without.rows::<Link>(LINKS).await), (6, links));

    // Now they are stored: nothing is transferred, and nothing stored by the next.
    let three = turned(|s| s.store_links = false).await;
    assert_eq!((three.recrawl, three.bytes, three.links), (counts(2, 0, 0, 6, 0), 0, 0));
    assert_eq!(three.pages, one.pages);
}
