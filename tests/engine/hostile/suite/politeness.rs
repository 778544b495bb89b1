//! What a site asks for is given: two documentation sites, and the lab with a forbidden part.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::lab::request_log::RequestLog;
use crawldeck::lab::response_faults::{Busy, ResponseFaults, RetryAfter};
use crawldeck::lab::robots::OriginRobots;
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, OpenMode};
use url::Url;

use crate::support::{assert_whole, rows};

/// Pages of a documentation besides its first.
const CHAPTERS: usize = 5;

fn write_documentation(folder: &Path, name: &str) {
    let mut index = format!("<title>{name}</title>\n");
    for n in 1..=CHAPTERS {
        let _ = writeln!(index, "<a href=\"chapter-{n}.html\">Chapter {n}</a>");
        let chapter = format!("<title>{name}, chapter {n}</title>\n<a href=\"./\">Contents</a>\n");
        fs::write(folder.join(format!("chapter-{n}.html")), chapter).unwrap();
    }
    fs::write(folder.join("index.html"), index).unwrap();
}

async fn crawled(settings: Settings, db: &Path) -> crawldeck::crawl::protocol::summary::Summary {
    let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let crawl = crawl::start(settings, store).await.unwrap();
    let summary = tokio::time::timeout(Duration::from_mins(2), crawl.wait()).await.expect("an end");
    let db = db.to_owned();
    tokio::task::spawn_blocking(move || assert_whole(&db)).await.unwrap();
    summary
}

fn report(name: &str, times: &RequestLog) {
    println!("{name}\n  {:>8}  {:>8}  status  path", "at ms", "gap ms");
    let mut before = None;
    for came in &times.requests {
        let gap = before.map_or(String::new(), |before| format!("{:.0}", came.ms - before));
        let status = came.status.map_or("-".to_owned(), |status| status.to_string());
        println!("  {:>8.0}  {gap:>8}  {status:>6}  {}", came.ms, came.path);
        before = Some(came.ms);
    }
}

/// `--nocapture` shows what the two servers saw.
#[tokio::test(flavor = "multi_thread")]
async fn two_documentation_sites_get_what_they_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut origins = Vec::new();
    let busy = Some(Busy { every: 4, status: 429, retry_after: RetryAfter::Seconds(1) });
    for (name, robots, busy) in
        [("slow", OriginRobots::crawl_delay(1.0), None), ("busy", OriginRobots::Missing, busy)]
    {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        write_documentation(&path, name);
        let faults = ResponseFaults { busy, ..ResponseFaults::default() };
        let content = OriginContent::Folder(path);
        let config = TestOriginConfig { content, robots, faults, ..TestOriginConfig::default() };
        origins.push(TestOrigin::start(config).await.unwrap());
    }
    let settings = Settings {
        seeds: origins.iter().map(|origin| Url::parse(origin.url()).unwrap()).collect(),
        attempts: 10,
        backoff: Duration::from_millis(10),
        sitemaps: false,
        ..Settings::default()
    };
    let summary = crawled(settings, &folder.path().join("crawl.db")).await;
    assert_eq!(summary.ok as usize, 2 * (CHAPTERS + 1));

    let (slow, busy) = (origins[0].times(), origins[1].times());
    report("Crawl-delay: 1", &slow);
    report("429 with Retry-After: 1 at every 4th request", &busy);
    let gaps = slow.gaps(|came| came.path != "/robots.txt");
    assert_eq!(gaps.len(), CHAPTERS);
    assert!(gaps.iter().all(|gap| *gap >= 1000.0), "{gaps:?}");
    // Requests already on their way may still arrive right after a refusal; the next one that knows of it
    // comes a second after the refusal at the earliest.
    let refusals: Vec<f64> =
        busy.requests.iter().filter(|came| came.status == Some(429)).map(|came| came.ms).collect();
    let waits = refusals.iter().filter_map(|refused| {
        let later = busy.requests.iter().map(|came| came.ms - refused).filter(|ms| *ms > 500.0);
        later.min_by(f64::total_cmp)
    });
    let waits: Vec<f64> = waits.collect();
    assert!(!refusals.is_empty() && !waits.is_empty(), "{refusals:?}, {waits:?}");
    assert!(waits.iter().all(|wait| *wait >= 1000.0), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forbidden_part_of_the_lab_is_skipped() {
    let config = LabConfig {
        pages: 700,
        faults: Faults::NONE.with(Fault::Latency, 0.0),
        forbidden: true,
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("lab.db");
    let settings = Settings {
        seeds: vec![Url::parse(&lab.urls()[0]).unwrap()],
        scope: ScopeKind::Any,
        backoff: Duration::ZERO,
        ..Settings::default()
    };
    let (summary, truth) = (crawled(settings, &db).await, lab.truth());
    assert_eq!((summary.pages, summary.skipped), (truth.pages, truth.skipped));
    assert!(truth.skipped > 0);
    let found = tokio::task::spawn_blocking(move || {
        let sql =
            "SELECT status, count(*) FROM scraped_pages WHERE state <> 'skipped' GROUP BY status";
        let statuses: Vec<(i64, i64)> = rows(&db, sql);
        let why: Vec<(String, String)> =
            rows(&db, "SELECT url, error FROM scraped_pages WHERE state = 'skipped'");
        (statuses, why)
    });
    let (statuses, why) = found.await.unwrap();
    let found: BTreeMap<String, u64> =
        statuses.into_iter().map(|(status, count)| (status.to_string(), count as u64)).collect();
    assert_eq!(found, truth.by_status);
    assert!(
        why.iter().all(|(url, error)| url.contains("/private/") && error.contains("robots.txt")),
        "{why:?}"
    );
    let asked =
        |host| lab.times(host).requests.iter().any(|came| came.path.starts_with("/private/"));
    assert!(!(0..4).any(asked));
}
