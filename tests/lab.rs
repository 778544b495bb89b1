//! The lab site keeps its promises: its truth is what a crawl finds, and its load is real.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crawldeck::lab::{Lab, LabConfig, LabError, Load, Truth};
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
    LabConfig { pages, latency: Some(Duration::ZERO), ..LabConfig::default() }
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

async fn text(response: Response) -> String {
    let by_header = response.headers()["content-type"].to_str().unwrap().contains("charset");
    if by_header {
        return response.text().await.unwrap();
    }
    let bytes = response.bytes().await.unwrap();
    let ascii = String::from_utf8_lossy(&bytes);
    let label = META_CHARSET.captures(&ascii).map_or("utf-8".to_owned(), |found| found[1].into());
    encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().decode(&bytes).0.into_owned()
}

#[derive(Default)]
struct Crawl {
    by_status: BTreeMap<String, u64>,
    /// Every link of every page, in the order found.
    links: Vec<String>,
    retried: u64,
    forms: HashSet<&'static str>,
}

async fn crawl(lab: &Lab) -> Crawl {
    let client = client();
    let mut crawl = Crawl::default();
    let mut known = HashSet::from([lab.urls()[0].clone()]);
    let mut queue = VecDeque::from([lab.urls()[0].clone()]);
    while let Some(url) = queue.pop_front() {
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
async fn the_sitemap_names_only_what_links_find() {
    let lab = Lab::start(quick(300)).await.unwrap();
    let client = client();
    let mut found = HashSet::from([lab.urls()[0].clone()]);
    found.extend(crawl(&lab).await.links);
    let mut listed = 0;
    let loc = regex("<loc>([^<]+)</loc>");
    for host in lab.urls() {
        let robots = client.get(format!("{host}robots.txt")).send().await.unwrap();
        assert!(robots.text().await.unwrap().contains(&format!("Sitemap: {host}sitemap.xml")));
        let index = client.get(format!("{host}sitemap.xml")).send().await.unwrap();
        for part in loc.captures_iter(&index.text().await.unwrap()) {
            let part = client.get(&part[1]).send().await.unwrap().text().await.unwrap();
            for page in loc.captures_iter(&part) {
                let page = unescape(&page[1]);
                assert!(page.starts_with(host) && found.contains(&page), "{page}");
                listed += 1;
            }
        }
    }
    assert!((200..300).contains(&listed), "{listed} listed");
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
        if client.get(url).send().await.map_or(0, |answer| answer.status().as_u16()) % 503 == 0 {
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
    let config = LabConfig { latency: Some(latency), capacity: Some(2), ..quick(50) };
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
    let lab = Lab::start(LabConfig { capacity: Some(3), ..quick(50) }).await.unwrap();
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
    let body = |path: &'static str| async move { get(path).await.unwrap().text().await.unwrap() };

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
