//! Promise: a list that is fetched as it stands is fetched as often as it says, each fetch a row
//! of its own, across a stop, a kill and redirects.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crate::support::{Web, hang, html};
use crate::test_db::{TestDb, ended, seen, settings, stopped};
use crawldeck::crawl;
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::Url;

/// Rows by path: how many, and how many different identities.
const ROWS: &str = "SELECT substr(url, instr(substr(url, 8), '/') + 7), count(*), \
    count(DISTINCT url_hash) FROM scraped_pages WHERE state = 'ok' GROUP BY 1 ORDER BY 1";

/// URLs that are not done.
const OPEN: &str = "SELECT count(*) FROM frontier";

fn list(web: &Web, paths: &[&str], repeats: bool) -> Settings {
    let seeds = paths.iter().map(|path| Url::parse(&web.url(path)).unwrap()).collect();
    Settings { seeds, duplicate_seeds: repeats, follow: false, ..settings(&web.url("/")) }
}

async fn rows(test_db: &TestDb) -> Vec<(String, i64, i64)> {
    test_db.rows(ROWS).await
}

fn row(path: &str, times: i64) -> (String, i64, i64) {
    (path.to_owned(), times, times)
}

#[test]
fn repetitions_have_identities_of_their_own() {
    let url = Url::parse("http://a/b?c=1").unwrap();
    assert_eq!(UrlHash::nth(&url, 0), UrlHash::of(&url));
    let mut all: Vec<UrlHash> = (0..100).map(|n| UrlHash::nth(&url, n)).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 100);
    // As the URL itself, whatever its escapes are written like.
    let [low, high] = ["http://a/%2f", "http://a/%2F"].map(|text| Url::parse(text).unwrap());
    assert_eq!(UrlHash::nth(&low, 3), UrlHash::nth(&high, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_repetition_is_fetched_and_is_a_row() {
    let web = Web::of_pages(&[("/a", "a"), ("/b", "b")]);
    let paths = ["/a", "/b", "/a", "/a"];
    for (repeats, a) in [(true, 3), (false, 1)] {
        let test_db = TestDb::new();
        let before = web.paths().len();
        let crawl = crawl::start(list(&web, &paths, repeats), test_db.store().await).await.unwrap();
        let summary = ended(crawl).await;
        assert_eq!((summary.state, summary.ok), (RunState::Complete, a + 1));
        assert_eq!(rows(&test_db).await, [row("/a", a as i64), row("/b", 1)]);
        assert_eq!(web.paths().len() - before, a as usize + 1);
        assert_eq!(test_db.number(OPEN).await, 0);
    }
}

/// A site whose `/slow` responds when the test says so.
fn slow_site() -> (Web, Arc<AtomicBool>) {
    let open = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&open);
    let web = Web::start(move |request, stream| {
        if request.path == "/slow" && !gate.load(Ordering::SeqCst) {
            return hang(stream);
        }
        let _ = stream.write_all(&html(200, "<p>page"));
    });
    (web, open)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_list_continues_where_it_was() {
    let (web, open) = slow_site();
    let test_db = TestDb::new();
    let paths = ["/quick", "/slow", "/quick", "/slow", "/slow", "/quick"];
    let mut crawl = crawl::start(list(&web, &paths, true), test_db.store().await).await.unwrap();
    seen(&mut crawl, "the quick ones are saved", |s| s.totals.ok == 3 && s.gate.in_use == 3).await;
    test_db.until("they are rows", "SELECT count(*) FROM scraped_pages", |rows| rows == 3).await;
    // As a kill at this moment would leave it.
    let killed = test_db.killed().await;
    stopped(crawl, Command::StopNow).await;
    open.store(true, Ordering::SeqCst);
    for test_db in [&test_db, &killed] {
        let before = web.paths().len();
        // A seed added while it ran is one URL, listed or not.
        let crawl = crawl::resume(test_db.store().await, Some(1), |settings| {
            settings.added_seeds.push(Url::parse(&web.url("/quick")).unwrap());
        });
        let summary = ended(crawl.await.unwrap()).await;
        assert_eq!(summary.state, RunState::Complete);
        assert_eq!(rows(test_db).await, [row("/quick", 3), row("/slow", 3)]);
        assert_eq!(web.paths().len() - before, 3, "only the slow ones are asked again");
        assert_eq!(test_db.number(OPEN).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_each_time() {
    let web = Web::start(|request, stream| {
        let answer = if request.path == "/from" {
            b"HTTP/1.1 302 Found\r\nlocation: /to\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                .to_vec()
        } else {
            html(200, "<p>arrived")
        };
        let _ = stream.write_all(&answer);
    });
    let test_db = TestDb::new();
    let paths = ["/from", "/from", "/to", "/from"];
    let crawl = crawl::start(list(&web, &paths, true), test_db.store().await).await.unwrap();
    assert_eq!(ended(crawl).await.ok, 4);
    assert_eq!(rows(&test_db).await, [row("/from", 3), row("/to", 1)]);
    let asked = web.paths();
    assert_eq!(asked.iter().filter(|path| *path == "/from").count(), 3);
    assert_eq!(asked.iter().filter(|path| *path == "/to").count(), 4);
}
