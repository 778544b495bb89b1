//! Promise: a test origin has the content, the `robots.txt` and the faults of its configuration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use crawldeck::lab::response_faults::{
    Busy, Failing, FailureMode, Outage, ResponseFaults, RetryAfter,
};
use crawldeck::lab::robots::OriginRobots;
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use reqwest::Client;
use url::Url;

use crate::crawler::client;

async fn origin(config: TestOriginConfig) -> (TestOrigin, Client) {
    (TestOrigin::start(config).await.unwrap(), client())
}

async fn text_of(client: &Client, origin: &TestOrigin, path: &str) -> (u16, String) {
    let answer = client.get(format!("{}{path}", origin.url())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn an_origin_serves_a_folder_and_its_robots() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("guide")).unwrap();
    std::fs::write(folder.path().join("index.html"), "<a href=guide/>Guide</a>").unwrap();
    std::fs::write(folder.path().join("guide/index.html"), "<p>Guide</p>").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "notes").unwrap();
    let (origin, client) = origin(TestOriginConfig {
        content: OriginContent::Folder(folder.path().to_owned()),
        robots: OriginRobots::crawl_delay(0.5),
        ..TestOriginConfig::default()
    })
    .await;
    assert!(text_of(&client, &origin, "").await.1.contains("Guide"));
    assert_eq!(text_of(&client, &origin, "guide/").await, (200, "<p>Guide</p>".into()));
    assert_eq!(text_of(&client, &origin, "notes.txt").await, (200, "notes".into()));
    assert_eq!(text_of(&client, &origin, "none.html").await.0, 404);
    assert_ne!(text_of(&client, &origin, "%2e%2e/%2e%2e/etc/passwd").await.0, 200);
    let robots = text_of(&client, &origin, "robots.txt").await.1;
    assert_eq!(robots, "User-agent: *\nCrawl-delay: 0.5\n");
    let page = client.get(origin.url()).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    assert_eq!(origin.times().requests.len(), 7);
}

#[tokio::test]
async fn a_busy_origin_says_when_to_come_again() {
    let date = RetryAfter::Date(Duration::from_secs(90));
    for (retry_after, every) in [(RetryAfter::Missing, 2), (RetryAfter::Seconds(7), 2), (date, 3)] {
        let busy = Some(Busy { every, status: 429, retry_after });
        let (origin, client) = origin(TestOriginConfig {
            content: OriginContent::Pages(3),
            faults: ResponseFaults { busy, ..ResponseFaults::default() },
            ..TestOriginConfig::default()
        })
        .await;
        for number in 1..=6 {
            // robots.txt is never busy, and does not count.
            assert_eq!(text_of(&client, &origin, "robots.txt").await.0, 404);
            let answer = client.get(format!("{}page/1", origin.url())).send().await.unwrap();
            let expected = if number % every == 0 { 429 } else { 200 };
            assert_eq!(answer.status().as_u16(), expected, "request {number}");
            let header = answer.headers().get("retry-after").map(|header| header.to_str().unwrap());
            match retry_after {
                _ if expected == 200 => assert_eq!(header, None),
                RetryAfter::Missing => assert_eq!(header, None),
                RetryAfter::Seconds(_) => assert_eq!(header, Some("7")),
                RetryAfter::Date(_) => {
                    let at = httpdate::parse_http_date(header.unwrap()).unwrap();
                    let wait = at.duration_since(std::time::SystemTime::now()).unwrap();
                    assert!((85..=91).contains(&wait.as_secs()), "{wait:?}");
                }
            }
        }
        let statuses = origin.times().requests.iter().filter(|c| c.status == Some(429)).count();
        assert_eq!(statuses as u64, 6 / every);
    }
}

#[tokio::test]
async fn an_origin_fails_dies_and_comes_back() {
    let outage = Some(Outage { after: 2, lasts: Duration::from_millis(50) });
    let (one, client) = origin(TestOriginConfig {
        faults: ResponseFaults { outage, ..ResponseFaults::default() },
        ..TestOriginConfig::default()
    })
    .await;
    let get = async |origin: &TestOrigin| client.get(origin.url()).send().await;
    assert!(get(&one).await.is_ok() && get(&one).await.is_ok());
    let died = Instant::now();
    assert!(get(&one).await.is_err(), "the outage begins");
    while get(&one).await.is_err() {
        assert!(died.elapsed() < Duration::from_secs(20));
    }
    assert!(died.elapsed() >= Duration::from_millis(50));
    one.set_down(true);
    assert!(get(&one).await.is_err());
    assert!(client.get(format!("{}robots.txt", one.url())).send().await.is_err());
    one.set_down(false);
    assert!(get(&one).await.is_ok());

    // Stopped, then another one on its port.
    let port = Url::parse(one.url()).unwrap().port();
    let url = one.url().to_owned();
    one.stop().await;
    assert!(client.get(&url).send().await.unwrap_err().is_connect());
    let failing = Some(Failing { percent: 40, how: FailureMode::Status(500) });
    let two = TestOrigin::start(TestOriginConfig {
        port,
        faults: ResponseFaults { failing, ..ResponseFaults::default() },
        ..TestOriginConfig::default()
    })
    .await
    .unwrap();
    assert_eq!(two.url(), url);
    let mut failed = 0;
    for _ in 0..200 {
        failed += u32::from(get(&two).await.unwrap().status().as_u16() == 500);
    }
    assert!((50..110).contains(&failed), "{failed} of 200 at 40 %");
}

#[tokio::test]
async fn a_robots_txt_is_as_bad_as_wanted() {
    for (robots, expected) in [
        (OriginRobots::Missing, 404),
        (OriginRobots::Status(503), 503),
        (OriginRobots::Huge, 200),
        (OriginRobots::Binary, 200),
        (OriginRobots::Redirects(5), 200),
    ] {
        let (origin, client) =
            origin(TestOriginConfig { robots: robots.clone(), ..TestOriginConfig::default() })
                .await;
        let (status, _) = {
            let answer = client.get(format!("{}robots.txt", origin.url())).send().await.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap())
        };
        assert_eq!(status, expected, "{robots:?}");
        let requests = origin.times().requests.len();
        assert_eq!(requests, if matches!(robots, OriginRobots::Redirects(_)) { 6 } else { 1 });
    }
    let text = "Sitemap: {origin}/map.xml\n".to_owned();
    let (origin, client) = origin(TestOriginConfig {
        robots: OriginRobots::Text(text),
        content: OriginContent::files(&[
            ("/map.xml", "<loc>{origin}/x?a=b</loc>"),
            ("/x?a=b", "x"),
        ]),
        ..TestOriginConfig::default()
    })
    .await;
    let robots = text_of(&client, &origin, "robots.txt").await.1;
    assert_eq!(robots, format!("Sitemap: {}map.xml\n", origin.url()));
    let map = text_of(&client, &origin, "map.xml").await.1;
    assert_eq!(map, format!("<loc>{}x?a=b</loc>", origin.url()));
    assert_eq!(text_of(&client, &origin, "x?a=b").await, (200, "x".into()));
    assert_eq!(text_of(&client, &origin, "x").await.0, 404);
}
