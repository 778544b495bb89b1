//! Promise: a request that the server never processed costs its URL no attempt and its host no
//! incident; it is sent again at once, a bounded number of times, and is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::Reason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use crate::test_db::{TestDb, ended, settings};
use crate::tls_server::Secure;
use crawldeck::crawl;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::settings::Settings;

const PAGES: u64 = 120;

/// The number of requests for each path.
type Requests = Arc<Mutex<HashMap<String, u64>>>;

/// The body of a page, and of the index of all pages.
fn body(path: &str) -> String {
    match path {
        "/" => (1..PAGES).fold(String::new(), |links, n| links + &format!("<a href=/{n}>{n}</a>")),
        _ => format!("<title>{path}</title>"),
    }
}

fn count(requests: &Requests, path: &str) -> u64 {
    let mut requests = requests.lock().unwrap();
    let count = requests.entry(path.to_owned()).or_default();
    *count += 1;
    *count
}

/// A site over HTTP/2 that resets a stream with the reason that `refuses` gives for the path and the
/// number of its request, and ends each connection by GOAWAY once it has served `served` requests.
async fn over_http_2(
    served: usize,
    refuses: fn(&str, u64) -> Option<Reason>,
) -> (Secure, Requests) {
    over_http_2_with(100, served, refuses).await
}

/// The same, with so many streams at a time on a connection.
async fn over_http_2_with(
    streams: u32,
    served: usize,
    refuses: fn(&str, u64) -> Option<Reason>,
) -> (Secure, Requests) {
    let requests = Requests::default();
    let counted = requests.clone();
    let server = Secure::start(&["h2"], move |stream, _, _| {
        let requests = counted.clone();
        async move {
            let mut builder = h2::server::Builder::new();
            let opening = builder.max_concurrent_streams(streams).handshake(stream);
            let mut connection: h2::server::Connection<_, Bytes> = opening.await.unwrap();
            let mut number = 0;
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let path = request.uri().path();
                if let Some(reason) = refuses(path, count(&requests, path)) {
                    respond.send_reset(reason);
                    continue;
                }
                let head = http::Response::builder().header("content-type", "text/html");
                let mut body_stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
                body_stream.send_data(body(path).into(), true).unwrap();
                number += 1;
                if number == served {
                    connection.graceful_shutdown();
                }
            }
        }
    })
    .await;
    (server, requests)
}

async fn crawl_of(url: &Url, turn: impl FnOnce(&mut Settings)) -> (TestDb, Summary) {
    let test_db = TestDb::new();
    let mut settings = settings(url.as_str());
    settings.fetch.insecure = true;
    settings.fetch.resolve = vec![("secure.test".into(), "127.0.0.1".parse().unwrap())];
    settings.ignore_robots = true;
    settings.sitemaps = false;
    turn(&mut settings);
    let summary = ended(crawl::start(settings, test_db.store().await).await.unwrap()).await;
    assert_eq!(summary.state, RunState::Complete);
    (test_db, summary)
}

/// Checks that the counts of the summary are the sums of the rows and what the server counted.
async fn assert_counted(test_db: &TestDb, summary: &Summary, requests: &Requests) {
    let sum = |sql| test_db.number(sql);
    let resent = sum("SELECT sum(resent) FROM scraped_pages").await as u64;
    assert_eq!(summary.resent, resent);
    let retries = sum("SELECT sum(max(attempts - 1, 0)) FROM scraped_pages").await as u64;
    assert_eq!(summary.retries, retries);
    let attempts = sum("SELECT sum(attempts) FROM scraped_pages").await as u64;
    assert_eq!(attempts + resent, requests.lock().unwrap().values().sum::<u64>());
}

const INCIDENTS: &str = "SELECT sum(incidents) FROM hosts";

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_refused_are_sent_again() {
    // Not so often that HTTP/1.1 is tried.
    let refuses = |path: &str, number: u64| {
        (path.ends_with('3') && number <= 3).then_some(Reason::REFUSED_STREAM)
    };
    let (server, requests) = over_http_2(usize::MAX, refuses).await;
    let (test_db, summary) = crawl_of(&server.url, |settings| settings.attempts = 1).await;
    assert_eq!((summary.ok, summary.retries, summary.resent), (PAGES, 0, 3 * 12));
    assert_eq!(test_db.number(INCIDENTS).await, 0);
    assert_counted(&test_db, &summary, &requests).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_refused_for_ever_ends_with_the_cause() {
    let refuses = |path: &str, _: u64| (path == "/7").then_some(Reason::REFUSED_STREAM);
    let (server, requests) = over_http_2(usize::MAX, refuses).await;
    let (test_db, summary) = crawl_of(&server.url, |settings| settings.attempts = 2).await;
    assert_eq!((summary.ok, summary.failed), (PAGES - 1, 1));
    let sql = "SELECT attempts, resent, error FROM scraped_pages WHERE state = 'failed'";
    let rows: Vec<(i64, i64, String)> = test_db.rows(sql).await;
    let [(attempts, resent, error)] = &rows[..] else { panic!("{rows:?}") };
    // At least ten times in a row, and no more than a hundred while others are answered.
    assert!(*attempts == 2 && (10..=100).contains(resent), "{attempts} {resent}");
    assert!(error.contains("REFUSED_STREAM"), "{error}");
    assert_eq!(requests.lock().unwrap()["/7"], (attempts + resent) as u64);
    assert_counted(&test_db, &summary, &requests).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_allows_one_stream_at_a_time_loses_no_page() {
    let (server, _) = over_http_2_with(1, usize::MAX, |_, _| None).await;
    let (test_db, summary) = crawl_of(&server.url, |settings| settings.attempts = 1).await;
    assert_eq!((summary.ok, summary.retries), (PAGES, 0));
    assert_eq!(test_db.number(INCIDENTS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_end_by_goaway_lose_no_page() {
    for served in [1, 7, 40] {
        let (server, _) = over_http_2(served, |_, _| None).await;
        let (test_db, summary) = crawl_of(&server.url, |settings| settings.attempts = 1).await;
        assert_eq!((summary.ok, summary.retries), (PAGES, 0), "{served}");
        assert_eq!(test_db.number(INCIDENTS).await, 0);
        let resent = test_db.number("SELECT sum(resent) FROM scraped_pages").await;
        assert_eq!(summary.resent as i64, resent);
    }
}

/// A site over HTTP/1.1 that closes a connection without a word after `served` responses, when the next
/// request has arrived.
async fn over_http_1(served: usize) -> (Url, Requests) {
    let requests = Requests::default();
    let counted = requests.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let requests = counted.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap();
                    count(&requests, path);
                    if number == served {
                        return;
                    }
                    let body = body(path);
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length:";
                    let response = format!("{head} {}\r\n\r\n{body}", body.len());
                    if stream.write_all(response.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn reused_connections_that_close_lose_no_page() {
    for served in [1, 3, 10] {
        let (url, requests) = over_http_1(served).await;
        let (test_db, summary) = crawl_of(&url, |settings| settings.attempts = 1).await;
        assert_eq!((summary.ok, summary.retries), (PAGES, 0), "{served}");
        assert!(summary.resent > 0, "{served}");
        assert_eq!(test_db.number(INCIDENTS).await, 0);
        assert_counted(&test_db, &summary, &requests).await;
    }
}
