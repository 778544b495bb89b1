//! Promise: a crawl that fetched no page says why, on standard error and in its summary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::io::Write as _;

use super::small_site::{db, folder, small_site};
use crate::support::{Ended, Web, html, rows, run};

/// A site whose robots.txt is these bytes.
fn with_robots(robots: &'static [u8]) -> Web {
    Web::start_with_robots(move |request, stream| {
        let page = html(200, "here");
        let _ = stream.write_all(if request.path == "/robots.txt" { robots } else { &page });
    })
}

fn crawl(seed: &str, more: &[&str]) -> (tempfile::TempDir, Ended) {
    let folder = folder();
    let args = ["crawl", seed, "--json", "--attempts", "1"];
    let ended = run(folder.path(), &[&args[..], more].concat());
    (folder, ended)
}

#[test]
fn an_unreadable_robots_txt_is_the_reason() {
    let chunked = b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n#x\r\n0\r\n\r\n";
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nUser-agent: *\n";
    let zipped = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnone";
    let table: [(&[u8], &str); 5] = [
        (chunked, "HTTP/1.0 with Transfer-Encoding (RFC 9112, 6.1)"),
        (cut, "body cut short after 14 of 100 bytes"),
        (zipped, "body cannot be decoded: invalid gzip header"),
        (b"HELLO\r\n\r\n", "the response head is malformed"),
        (b"", "before a response"),
    ];
    for (robots, reason) in table {
        let web = with_robots(robots);
        let (folder, ended) = crawl(&web.url("/"), &[]);
        let ended = ended.exits(1);
        assert!(ended.stderr.contains(reason), "{ended:?}");
        let json = ended.json();
        assert_eq!(json["state"], "failed");
        let error = json["reason"].as_str().unwrap();
        assert!(error.contains(reason) && error.ends_with("(asked for robots.txt)"), "{error}");
        let stored: Vec<(String, Option<i64>, String)> =
            rows(&db(&folder), "SELECT state, status, error FROM scraped_pages");
        assert_eq!(stored, [("failed".to_owned(), None, error.to_owned())]);
    }
}

#[test]
fn a_robots_txt_that_answers_with_an_error_is_the_reason_of_skipped_pages() {
    let web = with_robots(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    let ended = crawl(&web.url("/"), &[]).1.exits(0);
    assert!(ended.stderr.contains("nothing was fetched: robots.txt unreachable: 503"), "{ended:?}");
    assert_eq!(ended.json()["reason"], "robots.txt unreachable: 503");
    let web =
        with_robots(b"HTTP/1.1 200 OK\r\ncontent-length: 25\r\n\r\nUser-agent: *\nDisallow: /");
    let ended = crawl(&web.url("/"), &[]).1.exits(0);
    assert_eq!(ended.json()["reason"], "robots.txt");
}

#[test]
fn a_proxy_that_wants_credentials_is_the_reason() {
    let proxy = Web::start_with_robots(|_, stream| {
        let _ = stream.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=x\r\n\
              content-length: 4\r\nconnection: close\r\n\r\nauth",
        );
    });
    for seed in ["http://site.test/", "https://site.test/"] {
        for more in [&[][..], &["--ignore-robots", "--no-sitemaps"]] {
            let place = proxy.url("");
            let (folder, ended) = crawl(seed, &[&["--proxy", &place], more].concat());
            let ended = ended.exits(1);
            assert!(ended.stderr.contains("the proxy wants credentials (407)"), "{ended:?}");
            let stored: Vec<(String, Option<i64>)> =
                rows(&db(&folder), "SELECT state, status FROM scraped_pages");
            assert_eq!(stored, [("failed".to_owned(), None)]);
        }
    }
}

#[test]
fn a_crawl_with_a_page_has_no_reason() {
    let ended = crawl(&small_site().url("/"), &[]).1.exits(0);
    assert_eq!(ended.json()["reason"], serde_json::Value::Null);
}
