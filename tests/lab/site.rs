//! The lab site keeps its promises: its truth is what a crawl finds, and its load is real.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::support::{LabProcess, number, rows, run};
use crawldeck::lab::origin::{Content, Origin, OriginConfig};
use crawldeck::lab::robots::Robots;
use crawldeck::lab::times::Times;
use crawldeck::lab::trouble::{Busy, Failing, Failure, Outage, RetryAfter, Trouble};
use crawldeck::lab::{Lab, LabConfig, LabError, Load, Truth};
use crawldeck::settings::faults::{Fault, Faults};
use regex::Regex;
use reqwest::{Client, Response};
use url::Url;

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

fn no_redirects() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let policy = reqwest::redirect::Policy::none();
    Client::builder().no_proxy().redirect(policy).build().unwrap()
}

fn quick(pages: u32) -> LabConfig {
    LabConfig { pages, faults: Faults::NONE.with(Fault::Latency, 0.0), ..LabConfig::default() }
}

fn at(lab: &Lab, path: &str) -> String {
    format!("{}{path}", lab.urls()[0])
}

async fn load(client: &Client, lab: &Lab, query: &str) -> Load {
    let body = client.get(at(lab, &format!("load.json{query}"))).send().await.unwrap();
    serde_json::from_str(&body.text().await.unwrap()).unwrap()
}

/// Waits until the site is idle; the lab sees a dropped connection a moment later.
async fn idle(lab: &Lab) {
    let end = Instant::now() + Duration::from_secs(10);
    while lab.load().in_flight > 0 {
        assert!(Instant::now() < end, "still in flight: {:?}", lab.load());
        tokio::task::yield_now().await;
    }
}

// An independent crawler, as plain as can be. ------------------------------------------------

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?is)<!--.*?-->|<script\b.*?</script>|<style\b.*?</style>|<title\b.*?</title>")
});
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?is)<(a|area|link|iframe|frame|base|meta)\b((?:[^>"']|"[^"]*"|'[^']*')*)>|<\w+(?:[^>"']|"[^"]*"|'[^']*')*>"#,
    )
});
static ATTRIBUTE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?s)([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))"#));
static ENTITY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(amp|lt|gt|quot));"));
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| regex("%[0-9a-fA-F]{2}"));
static LOC: LazyLock<Regex> = LazyLock::new(|| regex("<loc>([^<]+)</loc>"));
static CHARSET: LazyLock<Regex> = LazyLock::new(|| regex(r#"(?i)charset=["']?([a-zA-Z0-9-]+)"#));
static META_CHARSET: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)<meta[^>]*charset=["']?([a-zA-Z0-9-]+)"#));

fn unescape(text: &str) -> String {
    let replace = |found: &regex::Captures| {
        let code = |digits: &str, radix| {
            char::from_u32(u32::from_str_radix(digits, radix).unwrap()).unwrap().to_string()
        };
        match (found.get(1), found.get(2), found.get(3)) {
            (Some(hex), _, _) => code(hex.as_str(), 16),
            (_, Some(decimal), _) => code(decimal.as_str(), 10),
            (_, _, Some(name)) => match name.as_str() {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                _ => "\"",
            }
            .to_owned(),
            _ => unreachable!(),
        }
    };
    ENTITY.replace_all(text, replace).into_owned()
}

fn canonical(mut url: Url) -> String {
    url.set_fragment(None);
    ESCAPE.replace_all(url.as_str(), |found: &regex::Captures| found[0].to_uppercase()).into_owned()
}

/// The canonical URLs that a page links to.
fn links(page: &Url, html: &str) -> HashSet<String> {
    let html = HIDDEN.replace_all(html, "");
    let mut base = page.clone();
    let mut found = HashSet::new();
    for tag in TAG.captures_iter(&html) {
        let Some(name) = tag.get(1) else { continue };
        let attributes: HashMap<_, _> = ATTRIBUTE
            .captures_iter(&tag[2])
            .map(|a| {
                let value = a.get(2).or(a.get(3)).or(a.get(4)).unwrap().as_str();
                (a[1].to_lowercase(), unescape(value))
            })
            .collect();
        let get = |name: &str| attributes.get(name).cloned();
        let target = match name.as_str().to_lowercase().as_str() {
            "base" => {
                base = page.join(&get("href").unwrap()).unwrap();
                None
            }
            "a" | "area" => get("href"),
            "iframe" | "frame" => get("src"),
            "link" => match get("rel").unwrap().to_lowercase().as_str() {
                "next" | "canonical" => get("href"),
                "alternate" if get("type").is_none_or(|kind| kind == "text/html") => get("href"),
                _ => None,
            },
            _ => get("http-equiv")
                .filter(|kind| kind == "refresh")
                .and_then(|_| get("content")?.split_once("url=").map(|(_, url)| url.to_owned())),
        };
        if let Some(url) = target.and_then(|target| base.join(&target).ok())
            && url.scheme() == "http"
        {
            found.insert(canonical(url));
        }
    }
    found
}

/// The body without its `Content-Encoding`; the client takes none off.
async fn body(response: Response) -> Vec<u8> {
    let coding = response.headers().get("content-encoding").cloned();
    let bytes = response.bytes().await.unwrap();
    let mut plain = Vec::new();
    match coding.as_ref().map(|coding| coding.to_str().unwrap()) {
        None => return bytes.into(),
        Some("gzip") => flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut plain),
        Some("br") => brotli::Decompressor::new(&*bytes, 4096).read_to_end(&mut plain),
        Some(other) => panic!("no decoder for {other}"),
    }
    .unwrap();
    plain
}

/// The body as text: a byte order mark goes before the header's charset, that before the page's.
async fn text(response: Response) -> String {
    let kind = response.headers().get("content-type").cloned();
    let bytes = body(response).await;
    let ascii = String::from_utf8_lossy(&bytes);
    let found = kind
        .as_ref()
        .and_then(|kind| CHARSET.captures(kind.to_str().unwrap()))
        .or_else(|| META_CHARSET.captures(&ascii));
    let label = found.map_or("utf-8".to_owned(), |found| found[1].to_owned());
    encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().decode(&bytes).0.into_owned()
}

#[derive(Default)]
struct Crawl {
    by_status: BTreeMap<String, u64>,
    /// Every link of every page, in the order found.
    links: Vec<String>,
    retried: u64,
    /// Forbidden by robots.txt.
    skipped: u64,
    forms: HashSet<&'static str>,
}

/// Whether a host's robots.txt, which has one rule at most, forbids the path.
async fn forbids(client: &Client, host: &str, path: &str) -> bool {
    let text = client.get(format!("{host}robots.txt")).send().await.unwrap().text().await.unwrap();
    let rule = text.lines().find_map(|line| line.strip_prefix("Disallow:")).unwrap().trim();
    !rule.is_empty() && path.starts_with(rule)
}

async fn crawl(lab: &Lab) -> Crawl {
    let client = client();
    let mut crawl = Crawl::default();
    let mut known = HashSet::from([lab.urls()[0].clone()]);
    let mut queue = VecDeque::from([lab.urls()[0].clone()]);
    while let Some(url) = queue.pop_front() {
        let (host, path) = url.split_at(url.match_indices('/').nth(2).unwrap().0 + 1);
        if path.starts_with("private/") && forbids(&client, host, &format!("/{path}")).await {
            crawl.skipped += 1;
            continue;
        }
        let mut last = None;
        for attempt in 0..3 {
            crawl.retried += u64::from(attempt > 0);
            last = client.get(&url).send().await.ok();
            if last.as_ref().is_some_and(|answer| answer.status().as_u16() < 500) {
                break;
            }
        }
        let answer = last.unwrap_or_else(|| panic!("{url} never answers"));
        let (status, end) = (answer.status().as_u16(), answer.url().clone());
        *crawl.by_status.entry(status.to_string()).or_default() += 1;
        if end.as_str() != url {
            crawl.forms.insert("redirect");
        }
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        if !kind.starts_with("text/html") {
            crawl.forms.insert("file");
            continue;
        }
        let html = text(answer).await;
        let mut found: Vec<_> = links(&end, &html).into_iter().collect();
        found.sort();
        for (form, sign) in [
            ("base", "<base "),
            ("refresh", "http-equiv=\"refresh\""),
            ("area", "<area "),
            ("iframe", "<iframe "),
            ("shouted", "HTTP://0X7F"),
            ("russian", "windows-1251"),
        ] {
            if html.contains(sign) {
                crawl.forms.insert(form);
            }
        }
        for link in found {
            assert!(lab.urls().iter().any(|host| link.starts_with(host)), "{link} leaves the lab");
            crawl.links.push(link.clone());
            if known.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    crawl
}

#[tokio::test]
async fn the_truth_is_what_a_crawl_finds_again_and_again() {
    let lab = Lab::start(quick(700)).await.unwrap();
    let truth: Truth = {
        let answer = client().get(at(&lab, "truth.json")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    assert_eq!(truth, lab.truth());
    assert_eq!(truth.pages, 700);
    assert_eq!(truth.hosts.len(), 4);
    for status in ["200", "404", "410", "500"] {
        assert!(truth.by_status.contains_key(status), "no {status} in {truth:?}");
    }
    for _ in 0..2 {
        let crawl = crawl(&lab).await;
        assert_eq!(crawl.by_status, truth.by_status);
        assert_eq!(crawl.skipped, truth.skipped);
        assert!(crawl.retried > 0);
        let mut forms: Vec<_> = crawl.forms.into_iter().collect();
        forms.sort_unstable();
        let all = ["area", "base", "file", "iframe", "redirect", "refresh", "russian", "shouted"];
        assert_eq!(forms, all);
        let per_page = crawl.links.len() / 700;
        assert!((15..=30).contains(&per_page), "{per_page} links a page");
    }
    idle(&lab).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_forbidden_part_is_linked_and_counts_as_skipped() {
    let lab = Lab::start(quick(700)).await.unwrap();
    let truth = lab.truth();
    let found = crawl(&lab).await;
    assert_eq!((&found.by_status, found.skipped), (&truth.by_status, truth.skipped));
    assert!((3..50).contains(&truth.skipped), "{truth:?}");
    assert_eq!(truth.by_status.values().sum::<u64>() + truth.skipped, truth.pages);
    assert_eq!(truth.pages, 700);
    // The rest is the same web as without.
    let lab_open = Lab::start(LabConfig { forbidden: false, ..quick(700) }).await.unwrap();
    let (open, found) = (lab_open.truth(), crawl(&lab_open).await);
    assert_eq!((&found.by_status, found.skipped), (&open.by_status, 0));
    assert_eq!((open.pages, open.skipped), (700, 0));
    assert_eq!(truth.by_status["404"], open.by_status["404"]);
    let sitemap = client().get(at(&lab, "sitemap-0.xml")).send().await.unwrap();
    assert!(!sitemap.text().await.unwrap().contains("/private/"));
}

/// The pages that a host's robots.txt, sitemap index and parts list, by part.
async fn listed(client: &Client, host: &str) -> Vec<Vec<String>> {
    let get = async |url: &str| text(client.get(url).send().await.unwrap()).await;
    let locs = |xml: &str| -> Vec<String> {
        LOC.captures_iter(xml).map(|found| unescape(&found[1])).collect()
    };
    let robots = get(&format!("{host}robots.txt")).await;
    assert!(robots.contains(&format!("Sitemap: {host}sitemap.xml")), "{robots}");
    let mut parts = Vec::new();
    for part in locs(&get(&format!("{host}sitemap.xml")).await) {
        parts.push(locs(&get(&part).await));
    }
    parts
}

#[tokio::test]
async fn every_sitemap_names_only_pages_that_the_truth_counts() {
    for (seed, forbidden) in [(1, true), (1, false), (2, true)] {
        let lab = Lab::start(LabConfig { seed, forbidden, ..quick(300) }).await.unwrap();
        let mut known = HashSet::from([lab.urls()[0].clone()]);
        known.extend(crawl(&lab).await.links);
        // As many as the truth counts, found without a sitemap: they are those it counts.
        assert_eq!(known.len() as u64, lab.truth().pages);
        let client = client();
        let mut all = HashSet::new();
        for host in lab.urls() {
            for page in listed(&client, host).await.into_iter().flatten() {
                assert!(page.starts_with(host) && known.contains(&page), "{page}");
                assert!(!page[host.len()..].starts_with("private/"), "{page}");
                assert!(all.insert(page.clone()), "{page} is listed twice");
            }
        }
        assert!((200..300).contains(&all.len()), "{} listed", all.len());
    }
}

#[tokio::test]
async fn a_large_sitemap_has_parts_and_their_pages_are_there() {
    let lab = Lab::start(quick(40_400)).await.unwrap();
    // Every number is a page that the truth counts, so whatever page answers is one of them.
    assert_eq!(lab.truth().pages, 40_400);
    let client = client();
    let mut all = 0;
    for host in lab.urls() {
        let parts = listed(&client, host).await;
        assert_eq!(parts.len(), 2);
        assert!(parts[0].len() > 4_000, "{}", parts[0].len());
        for page in &parts[1] {
            assert!(page.starts_with(host), "{page}");
            let mut answers = 0;
            while client.get(page).send().await.map_or(0, |got| got.status().as_u16()) != 200 {
                answers += 1;
                assert!(answers < 3, "{page} is not there");
            }
            all += 1;
        }
    }
    assert!((250..400).contains(&all), "{all} in the second parts");
}

#[test]
fn a_crawl_with_all_defaults_finds_the_truth() {
    let lab = LabProcess::start(&["--pages", "700", "--latency", "0"]);
    let folder = tempfile::tempdir().unwrap();
    let args = ["crawl", lab.entry(), "--scope", "any", "--json"];
    let json = run(folder.path(), &args).exits(0).json();
    let truth = lab.truth();
    assert_eq!(json["state"], "complete");
    assert_eq!((&json["pages"], &json["skipped"]), (&truth["pages"], &truth["skipped"]));
    assert!(truth["skipped"].as_u64().unwrap() > 0, "{truth}");
    let db = folder.path().join("crawldeck.db");
    let statuses: Vec<(i64, i64)> = rows(
        &db,
        "SELECT status, count(*) FROM scraped_pages WHERE state <> 'skipped' GROUP BY status",
    );
    let by_status: BTreeMap<String, i64> =
        statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect();
    assert_eq!(serde_json::to_value(by_status).unwrap(), truth["by_status"]);
    let other = "SELECT count(*) FROM scraped_pages WHERE state = 'skipped' \
                 AND url NOT LIKE '%/private/%'";
    assert_eq!(number(&db, other), 0, "skipped for another reason than robots.txt");
}

#[tokio::test]
async fn the_web_follows_from_the_seed() {
    let (one, same) =
        (Lab::start(quick(300)).await.unwrap(), Lab::start(quick(300)).await.unwrap());
    let other = Lab::start(LabConfig { seed: 2, ..quick(300) }).await.unwrap();
    let mut found = Vec::new();
    for lab in [&one, &same, &other] {
        let mut links = crawl(lab).await.links;
        for (number, host) in lab.urls().iter().enumerate() {
            for link in &mut links {
                *link = link.replace(host.as_str(), &format!("host {number} "));
            }
        }
        // Sorted within a page by port; ports differ.
        links.sort();
        found.push(links);
    }
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0], found[2]);
    assert_eq!(one.truth().by_status, same.truth().by_status);
}

#[tokio::test]
async fn a_flaky_page_succeeds_at_the_third_attempt_at_the_latest_then_starts_over() {
    let lab = Lab::start(quick(700)).await.unwrap();
    let client = client();
    let mut pages = HashSet::new();
    let found: HashSet<_> = crawl(&lab).await.links.into_iter().collect();
    for url in &found {
        if client.get(url).send().await.map_or(0, |answer| answer.status().as_u16()) % 502 == 0 {
            pages.insert(url);
        }
    }
    let mut closed = 0;
    for url in &pages {
        // The first of the cycle has failed above.
        let mut ok = Vec::new();
        for _ in 0..8 {
            let answer = client.get(*url).send().await;
            closed += u32::from(answer.is_err());
            ok.push(answer.is_ok_and(|answer| answer.status().as_u16() == 200));
        }
        let once = [true, false, true, false, true, false, true, false];
        let twice = [false, true, false, false, true, false, false, true];
        assert!(ok == once || ok == twice, "{url}: {ok:?}");
    }
    assert!(pages.len() > 2 && closed > 0, "{} flaky, {closed} closed", pages.len());
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

// Times, hostile endpoints, origins. ----------------------------------------------------------

#[tokio::test]
async fn each_host_knows_when_it_was_asked() {
    let lab = Lab::start(quick(50)).await.unwrap();
    let client = client();
    for path in ["json", "status/404", "leaf/1?x=y", "load.json", "truth.json"] {
        client.get(at(&lab, path)).send().await.unwrap().bytes().await.unwrap();
    }
    let told: Times = {
        let answer = client.get(at(&lab, "times.json")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    assert_eq!(told, lab.times(0));
    let seen: Vec<_> = told.requests.iter().map(|came| (&*came.path, came.status)).collect();
    assert_eq!(
        seen,
        [("/json", Some(200)), ("/status/404", Some(404)), ("/leaf/1?x=y", Some(200))]
    );
    assert!(told.gaps(|_| true).iter().all(|gap| *gap > 0.0));
    assert_eq!((lab.times(1), lab.times(9)), (Times::default(), Times::default()));
    client.get(at(&lab, "times.json?reset=1")).send().await.unwrap();
    assert_eq!(lab.times(0), Times::default());
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
    while lab.times(0).requests.last().is_none_or(|came| !came.path.ends_with("slow-head")) {
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

async fn origin(config: OriginConfig) -> (Origin, Client) {
    (Origin::start(config).await.unwrap(), client())
}

async fn text_of(client: &Client, origin: &Origin, path: &str) -> (u16, String) {
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
    let (origin, client) = origin(OriginConfig {
        content: Content::Folder(folder.path().to_owned()),
        robots: Robots::crawl_delay(0.5),
        ..OriginConfig::default()
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
    for (said, every) in [(RetryAfter::Unsaid, 2), (RetryAfter::Seconds(7), 2), (date, 3)] {
        let busy = Some(Busy { every, status: 429, retry_after: said });
        let (origin, client) = origin(OriginConfig {
            content: Content::Pages(3),
            trouble: Trouble { busy, ..Trouble::default() },
            ..OriginConfig::default()
        })
        .await;
        for number in 1..=6 {
            // robots.txt is always there, and does not count.
            assert_eq!(text_of(&client, &origin, "robots.txt").await.0, 404);
            let answer = client.get(format!("{}page/1", origin.url())).send().await.unwrap();
            let expected = if number % every == 0 { 429 } else { 200 };
            assert_eq!(answer.status().as_u16(), expected, "request {number}");
            let told = answer.headers().get("retry-after").map(|told| told.to_str().unwrap());
            match said {
                _ if expected == 200 => assert_eq!(told, None),
                RetryAfter::Unsaid => assert_eq!(told, None),
                RetryAfter::Seconds(_) => assert_eq!(told, Some("7")),
                RetryAfter::Date(_) => {
                    let at = httpdate::parse_http_date(told.unwrap()).unwrap();
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
    let (one, client) = origin(OriginConfig {
        trouble: Trouble { outage, ..Trouble::default() },
        ..OriginConfig::default()
    })
    .await;
    let get = async |origin: &Origin| client.get(origin.url()).send().await;
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

    // Gone altogether, then another one in its place.
    let port = Url::parse(one.url()).unwrap().port();
    let url = one.url().to_owned();
    one.stop().await;
    assert!(client.get(&url).send().await.unwrap_err().is_connect());
    let failing = Some(Failing { percent: 40, how: Failure::Status(500) });
    let two = Origin::start(OriginConfig {
        port,
        trouble: Trouble { failing, ..Trouble::default() },
        ..OriginConfig::default()
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
        (Robots::Missing, 404),
        (Robots::Status(503), 503),
        (Robots::Huge, 200),
        (Robots::Binary, 200),
        (Robots::Redirects(5), 200),
    ] {
        let (origin, client) =
            origin(OriginConfig { robots: robots.clone(), ..OriginConfig::default() }).await;
        let (status, _) = {
            let answer = client.get(format!("{}robots.txt", origin.url())).send().await.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap())
        };
        assert_eq!(status, expected, "{robots:?}");
        let asked = origin.times().requests.len();
        assert_eq!(asked, if matches!(robots, Robots::Redirects(_)) { 6 } else { 1 });
    }
    let text = "Sitemap: {origin}/map.xml\n".to_owned();
    let (origin, client) = origin(OriginConfig {
        robots: Robots::Text(text),
        content: Content::files(&[("/map.xml", "<loc>{origin}/x?a=b</loc>"), ("/x?a=b", "x")]),
        ..OriginConfig::default()
    })
    .await;
    let robots = text_of(&client, &origin, "robots.txt").await.1;
    assert_eq!(robots, format!("Sitemap: {}map.xml\n", origin.url()));
    let map = text_of(&client, &origin, "map.xml").await.1;
    assert_eq!(map, format!("<loc>{}x?a=b</loc>", origin.url()));
    assert_eq!(text_of(&client, &origin, "x?a=b").await, (200, "x".into()));
    assert_eq!(text_of(&client, &origin, "x").await.0, 404);
}
