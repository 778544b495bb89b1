//! Whether saving limits a crawl: the same crawl into nothing, SQLite, PostgreSQL and MariaDB, and
//! pages/s of each against another: `cargo bench --bench saving`.
//!
//! It crawls the site at `SITE`, or a lab of `PAGES` pages (10,000) in a process of its own, with as
//! many permits as `PERMITS` (50), `ROUNDS` times (3) with each store in turn. `POSTGRES` and `MYSQL` are
//! URLs of empty databases; without them these are left out. What is printed is the median.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::doc_markdown, reason = "names of databases are no code")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::ops::Bound;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crawldeck::crawl;
use crawldeck::model::ids::{CrawlId, PageId};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{
    Batch, CrawlInfo, CrawlState, FrontierRow, OpenHost, OpenMode, PreviousLink, PreviousPage,
    RowSink, SeenSink, Store, StoreAdmin, StoreError, StoreReader, StoreWriter, StoredCrawl,
    StoredPages, TimelineRow, open,
};
use futures_util::future::BoxFuture;
use url::Url;

/// Takes everything and keeps nothing but what a crawl asks back: URLs that are not done.
#[derive(Default)]
struct Discard(Mutex<BTreeMap<PageId, FrontierRow>>);

impl Discard {
    fn waiting(&self, after: PageId, limit: u32, host: Option<i64>) -> Vec<FrontierRow> {
        let rows = self.0.lock().unwrap();
        let after = rows.range((Bound::Excluded(after), Bound::Unbounded)).map(|(_, row)| row);
        let these = after.filter(|row| host.is_none_or(|host| row.host_id == host));
        these.take(limit as usize).cloned().collect()
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

fn answer<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(async { Ok(value) })
}

/// What a new crawl does not read.
fn never<'a, T>() -> Answer<'a, T> {
    let why = "nothing is kept".to_owned();
    Box::pin(async { Err(StoreError::Usage { db: "nothing".to_owned(), why }) })
}

impl StoreReader for Discard {
    fn describe(&self) -> String {
        "nothing".to_owned()
    }
    fn frontier_after(
        &self,
        _: CrawlId,
        after: PageId,
        limit: u32,
    ) -> Answer<'_, Vec<FrontierRow>> {
        answer(self.waiting(after, limit, None))
    }
    fn frontier_of_host(
        &self,
        _: CrawlId,
        host: i64,
        after: PageId,
        limit: u32,
    ) -> Answer<'_, Vec<FrontierRow>> {
        answer(self.waiting(after, limit, Some(host)))
    }
    fn open_hosts(&self, _: CrawlId) -> Answer<'_, Vec<OpenHost>> {
        never()
    }
    fn skipped_because<'a>(
        &'a self,
        _: CrawlId,
        _: &'a str,
        _: PageId,
        _: u32,
    ) -> Answer<'a, Vec<FrontierRow>> {
        never()
    }
    fn complete_crawl(&self, _: Option<CrawlId>) -> Answer<'_, (CrawlId, String)> {
        never()
    }
    fn previous_page(&self, _: CrawlId, _: UrlHash) -> Answer<'_, Option<PreviousPage>> {
        answer(None)
    }
    fn links_of(&self, _: PageId, _: u32) -> Answer<'_, Vec<PreviousLink>> {
        never()
    }
    fn ok_pages(&self, _: CrawlId, _: PageId, _: u32) -> Answer<'_, Vec<FrontierRow>> {
        never()
    }
    fn count_ok(&self, _: CrawlId) -> Answer<'_, u64> {
        never()
    }
    fn timeline(&self, _: CrawlId, _: u32) -> Answer<'_, Vec<TimelineRow>> {
        never()
    }
    fn seen<'a>(&'a self, _: CrawlId, _: SeenSink<'a>) -> Answer<'a, ()> {
        never()
    }
    fn crawls(&self) -> Answer<'_, Vec<CrawlInfo>> {
        never()
    }
    fn select<'a>(&'a self, _: &'a str, _: RowSink<'a>) -> Answer<'a, ()> {
        never()
    }
    fn stored_pages(&self, _: CrawlId) -> Arc<dyn StoredPages> {
        unreachable!("nobody views it")
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl StoreWriter for Discard {
    fn create_crawl<'a>(&'a self, _: &'a str) -> Answer<'a, CrawlId> {
        answer(1)
    }
    fn open_crawl(&self, _: Option<CrawlId>) -> Answer<'_, StoredCrawl> {
        never()
    }
    fn commit<'a>(&'a self, _: CrawlId, batch: &'a Batch) -> Answer<'a, ()> {
        let mut rows = self.0.lock().unwrap();
        rows.extend(batch.discovered.iter().map(|row| (row.id, row.clone())));
        for page in &batch.pages {
            rows.remove(&page.id);
        }
        answer(())
    }
    fn free_space(&self) -> Option<u64> {
        None
    }
    fn set_state(&self, _: CrawlId, _: CrawlState) -> Answer<'_, ()> {
        answer(())
    }
    fn heartbeat(&self, _: CrawlId) -> Answer<'_, ()> {
        answer(())
    }
}

impl StoreAdmin for Discard {
    fn remove(&self, _: CrawlId) -> Answer<'_, u64> {
        never()
    }
}

/// A lab in a process of its own.
struct LabProcess(Child);

impl LabProcess {
    fn start(pages: u64) -> (Self, Url) {
        let pages = pages.to_string();
        let mut child = Command::new(env!("CARGO_BIN_EXE_crawldeck"))
            .args(["lab", "--pages", &pages, "--latency", "0ms"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find_map(|word| Url::parse(word).ok()).unwrap();
        (Self(child), url)
    }
}

impl Drop for LabProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// One crawl: pages and seconds, to the last page saved.
async fn run(site: &Url, store: Arc<dyn Store>) -> (u64, f64) {
    let permits = number("PERMITS", 50) as u32;
    let settings = Settings {
        seeds: vec![site.clone()],
        scope: ScopeKind::Any,
        permits,
        workers: permits,
        ignore_robots: true,
        // The lab has pages that fail at first.
        backoff: Duration::ZERO,
        ..Settings::default()
    };
    let since = Instant::now();
    let summary = crawl::start(settings, store).await.unwrap().wait().await;
    assert_eq!(summary.unsaved, 0);
    (summary.pages, since.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() {
    // A test runner that asks for the tests in here: there are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_lab, site) = if let Ok(site) = std::env::var("SITE") {
        (None, Url::parse(&site).unwrap())
    } else {
        let (lab, url) = LabProcess::start(number("PAGES", 10_000));
        (Some(lab), url)
    };
    let names = ["nothing", "SQLite", "POSTGRES", "MYSQL"];
    let mut rates: [Vec<f64>; 4] = Default::default();
    for round in 0..number("ROUNDS", 3) {
        for (name, rates) in names.into_iter().zip(&mut rates) {
            let dir = tempfile::tempdir().unwrap();
            let store: Arc<dyn Store> = match (name, std::env::var(name)) {
                ("nothing", _) => Arc::<Discard>::default(),
                ("SQLite", _) => {
                    let file = dir.path().join("crawl.db");
                    open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap()
                }
                (_, Ok(url)) => open(&url, OpenMode::CreateIfMissing).await.unwrap(),
                _ => continue,
            };
            let (pages, took) = run(&site, store).await;
            println!("round {round}  {name:8}  {pages} pages  {:6.0} pages/s", pages as f64 / took);
            rates.push(pages as f64 / took);
        }
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    };
    let [nothing, sqlite, others @ ..] = rates.each_mut().map(median);
    println!("SQLite / nothing    {:.2}", sqlite.unwrap() / nothing.unwrap());
    for (name, rate) in names[2..].iter().zip(others) {
        if let Some(rate) = rate {
            println!("{name:8} / SQLite   {:.2}", rate / sqlite.unwrap());
        }
    }
}
