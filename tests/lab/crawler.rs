//! What the tests of the lab share: a client, a small lab, and an independent crawler that is as simple
//! as possible.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::Read as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::faults::{Fault, Faults};
use regex::Regex;
use reqwest::{Client, Response};
use url::Url;

pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

pub fn quick(pages: u32) -> LabConfig {
    LabConfig { pages, faults: Faults::NONE.with(Fault::Latency, 0.0), ..LabConfig::default() }
}

pub fn at(lab: &Lab, path: &str) -> String {
    format!("{}{path}", lab.urls()[0])
}

/// Waits until the site is idle; the lab sees a dropped connection a moment later.
pub async fn idle(lab: &Lab) {
    let end = Instant::now() + Duration::from_secs(10);
    while lab.load().in_flight > 0 {
        assert!(Instant::now() < end, "still in flight: {:?}", lab.load());
        tokio::task::yield_now().await;
    }
}

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
pub static LOC: LazyLock<Regex> = LazyLock::new(|| regex("<loc>([^<]+)</loc>"));
static CHARSET: LazyLock<Regex> = LazyLock::new(|| regex(r#"(?i)charset=["']?([a-zA-Z0-9-]+)"#));
static META_CHARSET: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)<meta[^>]*charset=["']?([a-zA-Z0-9-]+)"#));

pub fn unescape(text: &str) -> String {
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
pub fn links(page: &Url, html: &str) -> HashSet<String> {
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
pub async fn text(response: Response) -> String {
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
pub struct Crawl {
    pub by_status: BTreeMap<String, u64>,
    /// Every link of every page, in the order found.
    pub links: Vec<String>,
    pub retried: u64,
    /// Forbidden by robots.txt.
    pub skipped: u64,
    pub forms: HashSet<&'static str>,
}

/// Whether a host's robots.txt, which has a maximum of one rule, forbids the path.
async fn forbids(client: &Client, host: &str, path: &str) -> bool {
    let text = client.get(format!("{host}robots.txt")).send().await.unwrap().text().await.unwrap();
    let rule = text.lines().find_map(|line| line.strip_prefix("Disallow:")).unwrap().trim();
    !rule.is_empty() && path.starts_with(rule)
}

pub async fn crawl(lab: &Lab) -> Crawl {
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
