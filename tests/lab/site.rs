//! Promise: the hosts of the lab serve their endpoints, count their load and their requests, and stop
//! cleanly.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crawldeck::lab::request_log::RequestLog;
use crawldeck::lab::{Lab, LabConfig, LabError, Load};
use crawldeck::settings::faults::{Fault, Faults};
use reqwest::Client;
use url::Url;

use crate::crawler::{at, client, idle, links, quick, text};
use crate::support::{self, Running};

fn no_redirects() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let policy = reqwest::redirect::Policy::none();
    Client::builder().no_proxy().redirect(policy).build().unwrap()
}

async fn load(client: &Client, lab: &Lab, query: &str) -> Load {
    let body = client.get(at(lab, &format!("load.json{query}"))).send().await.unwrap();
    serde_json::from_str(&body.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn capacity_bounds_what_is_answered_at_once() {
    let latency = Duration::from_millis(40);
    let config = LabConfig {
        faults: Faults::NONE.with(Fault::Latency, 40.0).with(Fault::Capacity, 2.0),
        ..quick(50)
    };
    let lab = Lab::start(config).await.unwrap();
    let client = client();
    let start = Instant::now();
    let all = (0..8).map(|_| async { client.get(at(&lab, "")).send().await?.bytes().await });
    for answer in futures_util::future::join_all(all).await {
        answer.unwrap();
    }
    // Eight answers two at a time; without the bound they would take one latency.
    assert!(start.elapsed() >= latency * 4);
    let load = load(&client, &lab, "").await;
    assert_eq!((load.in_flight, load.requests), (0, 8));
    // Those in the queue are in flight, too.
    assert!((3..=8).contains(&load.peak), "{load:?}");
}

#[tokio::test]
async fn load_counts_and_resets_without_counting_itself() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let client = client();
    for host in lab.urls() {
        client.get(format!("{host}json")).send().await.unwrap().bytes().await.unwrap();
    }
    client.get(at(&lab, "truth.json")).send().await.unwrap().bytes().await.unwrap();
    let before = load(&client, &lab, "").await;
    assert_eq!(before, Load { in_flight: 0, peak: 1, requests: 4 });
    let after = load(&client, &lab, "?reset=1").await;
    assert_eq!(after, Load { in_flight: 0, peak: 0, requests: 0 });
    assert_eq!(lab.load(), after);
}

#[tokio::test]
async fn a_client_that_leaves_is_no_longer_in_flight() {
    let lab =
        Lab::start(LabConfig { faults: Faults::NONE.with(Fault::Capacity, 3.0), ..quick(50) })
            .await
            .unwrap();
    let client = client();
    // More than the socket buffers hold, so the lab is still sending.
    let mut body = client.get(at(&lab, "bytes/100000000")).send().await.unwrap();
    body.chunk().await.unwrap();
    let drip = client.get(at(&lab, "drip?duration=60&numbytes=60")).send().await.unwrap();
    let waiting = client.get(at(&lab, "delay/60")).timeout(Duration::from_millis(30)).send();
    assert_eq!(load(&client, &lab, "").await.in_flight, 2);
    assert!(waiting.await.is_err());
    drop((body, drip));
    idle(&lab).await;
    // And their permits are free again.
    let all = (0..3).map(|_| client.get(at(&lab, "json")).send());
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn stopping_cuts_what_is_left() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let url = at(&lab, "delay/60");
    let waiting = tokio::spawn(client().get(url.as_str()).send());
    while lab.load().in_flight == 0 {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    lab.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(waiting.await.unwrap().is_err());
    assert!(client().get(url.as_str()).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn endpoints_answer_as_httpbin_does() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let (client, stay) = (client(), no_redirects());
    let get = |path: &str| client.get(at(&lab, path)).send();
    let body = |path: &'static str| async move { text(get(path).await.unwrap()).await };

    assert_eq!(get("status/418").await.unwrap().status().as_u16(), 418);
    assert_eq!(get("status/99").await.unwrap().status().as_u16(), 400);
    assert!(body("json").await.contains("slideshow"));
    assert!(body("html").await.contains("<h1>"));
    assert!(body("gzip").await.contains("gzipped"));
    assert!(body("brotli").await.contains("brotli"));
    assert_eq!(body("stream/1200").await.lines().count(), 1200);

    let start = Instant::now();
    assert!(body("delay/0.05").await.contains("0.05"));
    assert_eq!(body("drip?duration=0.05&numbytes=5").await, "*****");
    assert!(start.elapsed() >= Duration::from_millis(90));

    let bytes = get("bytes/200001").await.unwrap();
    assert_eq!(bytes.content_length(), Some(200_001));
    let bytes = bytes.bytes().await.unwrap();
    assert_eq!(bytes.len(), 200_001);
    assert_eq!(bytes, get("bytes/200001").await.unwrap().bytes().await.unwrap());

    let hop = stay.get(at(&lab, "redirect/3")).send().await.unwrap();
    assert_eq!(
        (hop.status().as_u16(), &hop.headers()["location"]),
        (302, &"/redirect/2".parse().unwrap())
    );
    let end = get("redirect/3").await.unwrap();
    assert_eq!((end.status().as_u16(), end.url().path()), (200, "/redirect/0"));

    let page = Url::parse(&at(&lab, "links/3/40")).unwrap();
    let found = links(&page, &body("links/3/40").await);
    let want = ["leaf/40", "leaf/41", "leaf/42"].map(|leaf| at(&lab, leaf));
    assert_eq!(found, HashSet::from(want));
    assert!(body("leaf/41").await.contains("Leaf 41"));
}

#[tokio::test]
async fn four_ports_in_a_row_or_a_clear_error() {
    // A run of free ports: others may take one in between, so try a few times.
    let (first, lab) = {
        let mut tries = 0;
        loop {
            let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let port = first.min(65_000);
            match Lab::start(LabConfig { port: Some(port), ..quick(10) }).await {
                Ok(lab) => break (port, lab),
                Err(LabError::PortInUse { .. }) if tries < 20 => tries += 1,
                Err(error) => panic!("{error}"),
            }
        }
    };
    for (offset, url) in (0..).zip(lab.urls()) {
        assert_eq!(*url, format!("http://127.0.0.1:{}/", first + offset));
    }
    let error = Lab::start(LabConfig { port: Some(first + 3), ..quick(10) }).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("port {} is in use: ", first + 3)), "{error}");
    let error = Lab::start(LabConfig { port: Some(65_534), ..quick(10) }).await.unwrap_err();
    assert!(error.to_string().contains("65532"), "{error}");
}

#[tokio::test]
async fn each_host_knows_when_it_was_requested() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let client = client();
    for path in ["json", "status/404", "leaf/1?x=y", "load.json", "truth.json"] {
        client.get(at(&lab, path)).send().await.unwrap().bytes().await.unwrap();
    }
    let log: RequestLog = {
        let answer = client.get(at(&lab, "times.json")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    assert_eq!(log, lab.times(0));
    let seen: Vec<_> =
        log.requests.iter().map(|request| (&*request.path, request.status)).collect();
    assert_eq!(
        seen,
        [("/json", Some(200)), ("/status/404", Some(404)), ("/leaf/1?x=y", Some(200))]
    );
    assert!(log.gaps(|_| true).iter().all(|gap| *gap > 0.0));
    assert_eq!((lab.times(1), lab.times(9)), (RequestLog::default(), RequestLog::default()));
    client.get(at(&lab, "times.json?reset=1")).send().await.unwrap();
    assert_eq!(lab.times(0), RequestLog::default());
}

#[tokio::test]
async fn a_connection_taken_over_ends_with_its_client_or_with_the_lab() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let client = client();
    // The pool's connection, used before, is the one that is taken over.
    for _ in 0..3 {
        client.get(at(&lab, "json")).send().await.unwrap().bytes().await.unwrap();
        let error = client.get(at(&lab, "hostile/wire/garbage")).send().await.unwrap_err();
        assert!(error.is_request(), "{error:?}");
        let odd = client.get(at(&lab, "hostile/wire/no-such-thing")).send().await.unwrap();
        assert_eq!(odd.status().as_u16(), 404);
    }
    idle(&lab).await;
    let url = at(&lab, "hostile/wire/slow-head");
    let waiting = tokio::spawn(client.get(url.as_str()).send());
    while lab.times(0).requests.last().is_none_or(|request| !request.path.ends_with("slow-head")) {
        tokio::task::yield_now().await;
    }
    lab.stop().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn every_lab_host_is_hostile_too() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let client = client();
    for host in lab.urls() {
        let get =
            async |path: &str| client.get(format!("{host}hostile/{path}")).send().await.unwrap();
        let month = get("calendar/2026/12").await.text().await.unwrap();
        let around = ["/hostile/calendar/2026/11", "/hostile/calendar/2027/01"];
        assert!(around.iter().all(|href| month.contains(href)), "{month}");
        assert_eq!(get("calendar/2026/13").await.status().as_u16(), 404);
        assert_eq!(get("redirect/hops/9").await.url().path(), "/hostile/redirect/hops/0");
        let index = get("sitemap/loop.xml").await.text().await.unwrap();
        assert!(index.contains(&format!("<loc>{host}hostile/sitemap/loop.xml</loc>")), "{index}");
        let mut bomb = get("body/gzip").await;
        assert_eq!(bomb.headers()["content-encoding"], "gzip");
        let mut decoder = flate2::write::MultiGzDecoder::new(Vec::new());
        while decoder.get_ref().len() < 4 << 20 {
            decoder.write_all(&bomb.chunk().await.unwrap().expect("more")).unwrap();
        }
        assert!(get("base/no-such-trick").await.status().is_client_error());
    }
}

/// Ten thousand hosts are one port of as many addresses, and need no name server.
#[cfg(target_os = "linux")]
#[test]
fn many_hosts_are_addresses_of_one_port() {
    let mut command = support::crawldeck(std::path::Path::new("/"));
    let lab = Running::start(command.args(["lab", "--hosts", "10000", "--latency", "0"]));
    support::wait_until("the lab listens", || lab.stdout().lines().count() == 2);
    let said = lab.stdout();
    let (first, last) = said.split_once('\n').unwrap();
    let port = Url::parse(first.strip_prefix("listening ").unwrap()).unwrap().port().unwrap();
    assert_eq!(first, format!("listening http://127.0.0.1:{port}/"));
    assert_eq!(last, format!("10000 hosts, up to http://127.0.39.16:{port}/\n"));
    let get = |address: &str, path: &str| {
        let mut stream = TcpStream::connect((address, port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: any\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for address in ["127.0.0.1", "127.0.1.0", "127.0.39.16"] {
        let robots = get(address, "/robots.txt");
        let sitemap = format!("Sitemap: http://{address}:{port}/sitemap.xml");
        assert!(robots.starts_with("HTTP/1.1 200 ") && robots.contains(&sitemap), "{robots}");
    }
    for address in ["127.0.39.17", "127.255.0.1"] {
        assert!(get(address, "/").starts_with("HTTP/1.1 421 "), "{address} is no host");
    }
    lab.signal(nix::sys::signal::Signal::SIGTERM);
    lab.end().exits(0);
}
