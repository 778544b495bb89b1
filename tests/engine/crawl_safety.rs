//! Promise: what holds for one request holds for a whole crawl: robots.txt is found whatever the
//! limits of pages, a host is one host however it is spelt, and no name opens the private network.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::io::Write as _;

use crate::support::{Web, html};
use crate::test_db::{self, TestDb, ended};
use crawldeck::crawl;
use crawldeck::settings::{FetchSettings, Settings};

fn settings(seed: &str, fetch: FetchSettings) -> Settings {
    Settings { ignore_robots: false, fetch, ..test_db::settings(seed) }
}

/// Runs a crawl to its end.
async fn run(test_db: &TestDb, settings: Settings) {
    ended(crawl::start(settings, test_db.store().await).await.unwrap()).await;
}

/// A site whose robots.txt, which forbids `/secret`, stands `hops` redirects away.
fn far_robots(hops: u32) -> Web {
    Web::start_with_robots(move |request, stream| {
        let hop = match &*request.path {
            "/robots.txt" => Some(0),
            path => path.strip_prefix("/r").and_then(|n| n.parse().ok()),
        };
        let answer = match hop {
            Some(hop) if hop == hops => {
                let rules = "User-agent: *\nDisallow: /secret\n";
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{rules}",
                    rules.len()
                )
                .into()
            }
            Some(hop) => {
                let location = format!("location: /r{}", hop + 1);
                format!("HTTP/1.1 302 Go\r\n{location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into()
            }
            None => html(200, "<a href=/secret>"),
        };
        let _ = stream.write_all(&answer);
    })
}

#[tokio::test]
async fn robots_txt_has_its_own_limit_of_redirects() {
    // RFC 9309, 2.3.1.2: five are followed; behind more there is none.
    for (hops, max_redirects, forbidden) in [(5, 0, true), (5, 10, true), (6, 10, false)] {
        let (web, test_db) = (far_robots(hops), TestDb::new());
        let fetch = FetchSettings { max_redirects, ..FetchSettings::default() };
        run(&test_db, settings(&web.url("/"), fetch)).await;
        let asked = web.paths().contains(&"/secret".to_owned());
        assert_eq!(asked, !forbidden, "{hops} hops, --max-redirects {max_redirects}");
    }
}

/// Names with the address they lead to, in place of the name server.
fn resolving(names: &[(&str, &str)]) -> FetchSettings {
    let resolve = names.iter().map(|(name, to)| ((*name).into(), to.parse().unwrap())).collect();
    FetchSettings { resolve, ..FetchSettings::default() }
}

#[tokio::test]
async fn a_name_with_the_roots_dot_is_the_same_host() {
    let web = Web::start_with_robots(|request, stream| {
        let dotted = request.head.to_lowercase().contains("\r\nhost: a.test.:");
        let answer = match &*request.path {
            "/robots.txt" => html(404, "none"),
            "/" => {
                let port = stream.local_addr().unwrap().port();
                html(200, &format!("<a href=//a.test.:{port}/><a href=//a.test.:{port}/x>"))
            }
            // Many a site sends the dotted name to the plain one.
            path if dotted => {
                let port = stream.local_addr().unwrap().port();
                let location = format!("location: http://a.test:{port}{path}");
                let end = "content-length: 0\r\nconnection: close\r\n\r\n";
                format!("HTTP/1.1 301 Go\r\n{location}\r\n{end}").into()
            }
            _ => html(200, "x"),
        };
        let _ = stream.write_all(&answer);
    });
    let (test_db, port) = (TestDb::new(), web.address.rsplit_once(':').unwrap().1.to_owned());
    let seed = format!("http://a.test:{port}/");
    run(&test_db, settings(&seed, resolving(&[("a.test", "127.0.0.1")]))).await;
    assert_eq!(web.paths(), ["/", "/robots.txt", "/x", "/x"]);
    assert_eq!(test_db.number("SELECT count(*) FROM scraped_pages").await, 2);
    assert_eq!(test_db.number("SELECT count(*) FROM scraped_pages WHERE state = 'ok'").await, 2);
    assert_eq!(test_db.number("SELECT count(DISTINCT host) FROM hosts").await, 1);
}

#[tokio::test]
async fn what_a_seeds_name_led_to_is_stored_with_the_crawl() {
    let web = Web::of_pages(&[("/", "<a href=/x>"), ("/x", "x")]);
    let port = web.address.rsplit_once(':').unwrap().1.to_owned();
    let seed = format!("http://A.test.:{port}/");
    let test_db = TestDb::new();
    run(&test_db, settings(&seed, resolving(&[("a.test", "127.0.0.1")]))).await;
    let stored = test_db.settings().await.fetch.seed_names;
    let [known] = &*stored else { panic!("{stored:?}") };
    assert_eq!((&*known.name, &*known.addresses), ("a.test", &["127.0.0.1".parse().unwrap()][..]));
}
