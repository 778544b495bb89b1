//! How fast batches are saved and known URLs are read back: `cargo bench --bench store`.
//!
//! A batch is 500 pages with 25 links each, half of which lead to URLs not known before. `MILLION`
//! in the environment sets how many million links, and frontier rows, are saved (1), `DB` where: an
//! empty database on a server, `postgres://…` or `mysql://…`. Without it, it is a file that is deleted
//! afterwards, in `DIR` or the system's directory for temporary files; `INDEX` adds an index on
//! `links.to_id` to it to see what it costs. `10k hosts` are frontier rows of as many hosts, in no
//! order; `content` are pages with validators, hash and verdict. `PART` names the one part to be measured.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crawldeck::model::ids::{CrawlId, PageId, host_id, page_id, seq_of};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::{
    Batch, Columns, Content, FrontierRow, LinkRow, OpenMode, PageChange, PageRow, Store, Value,
    open,
};
use sqlx::{Connection, SqliteConnection};

const PAGES: u32 = 500;
const LINKS: u32 = 25;
/// URLs found by a batch, until all are known.
const FOUND: u32 = PAGES * LINKS.div_ceil(2);

/// A crawl that finishes its URLs in order and finds new ones at half the rate of its links,
/// up to `total`.
struct Site {
    crawl: CrawlId,
    done: u32,
    known: u32,
    total: u32,
    random: fastrand::Rng,
    hosts: Vec<Arc<str>>,
    anchors: Vec<Arc<str>>,
}

/// Texts of links: 3 to 60 characters, most of them short.
fn anchors() -> Vec<Arc<str>> {
    let mut random = fastrand::Rng::with_seed(4);
    (0..5000)
        .map(|n| {
            let most = random.usize(0..=7);
            let words = random.usize(0..=most);
            format!("{n}{}", " crawled".repeat(words)).into()
        })
        .collect()
}

impl Site {
    fn host(&self, seq: u32) -> &Arc<str> {
        let spread = xxhash_rust::xxh3::xxh3_64(&seq.to_be_bytes());
        &self.hosts[(spread % self.hosts.len() as u64) as usize]
    }

    fn url(&self, seq: u32) -> Arc<str> {
        format!("http://{}/articles/{}/page-{seq}.html", self.host(seq), seq % 97).into()
    }

    fn hash(url: &str) -> UrlHash {
        UrlHash(xxhash_rust::xxh3::xxh3_128(url.as_bytes()).to_be_bytes())
    }

    fn next(&mut self) -> Batch {
        let mut batch = Batch { totals: Some("{\"pages\":1}".to_owned()), ..Batch::default() };
        for _ in 0..PAGES {
            self.done += 1;
            let id = page_id(self.crawl, self.done);
            batch.pages.push(self.page(id));
            for link in 0..LINKS {
                if link % 2 == 0 && self.known < self.total {
                    self.known += 1;
                    batch.discovered.push(self.found(page_id(self.crawl, self.known), id));
                    batch.links.push(self.link(id, self.known));
                } else {
                    let known = self.random.u32(1..=self.known.max(1));
                    batch.links.push(self.link(id, known));
                }
            }
        }
        batch
    }

    fn link(&self, from: PageId, to: u32) -> LinkRow {
        let anchor = Some(Arc::clone(&self.anchors[to as usize % self.anchors.len()]));
        LinkRow { from, to: page_id(self.crawl, to), anchor }
    }

    fn found(&self, id: PageId, found_on: PageId) -> FrontierRow {
        let url = self.url(seq_of(id));
        FrontierRow {
            id,
            url_hash: Self::hash(&url),
            url,
            depth: self.done.ilog2(),
            attempts: 0,
            resent: 0,
            not_before_ms: 0,
            found_on: Some(found_on),
            host_id: host_id(self.host(seq_of(id))),
            lastmod_ms: None,
        }
    }

    fn page(&self, id: PageId) -> PageRow {
        let url = self.url(seq_of(id));
        PageRow {
            id,
            url_hash: Self::hash(&url),
            url,
            host: Arc::clone(self.host(seq_of(id))),
            state: PageState::Ok,
            status: Some(200),
            content_length: 20_000 + u64::from(seq_of(id) % 5000),
            content_type: Some("text/html; charset=utf-8".to_owned()),
            title: Some(format!("An article with the number {}", seq_of(id))),
            depth: 4,
            elapsed_ms: 40,
            attempts: 1,
            resent: 0,
            final_url: None,
            redirects: None,
            error: None,
            found_on: Some(page_id(self.crawl, 1)),
            links_found: LINKS,
            created_at_ms: 1_793_534_400_000 + id % 100_000,
            content: None,
            lastmod_ms: None,
            change: None,
        }
    }
}

/// A page of a site that answers conditional requests, recrawled.
fn with_content(page: PageRow) -> PageRow {
    let content = Content {
        etag: Some(format!("\"{:x}-{:x}\"", page.id, page.content_length)),
        last_modified: Some("Sun, 01 Nov 2026 12:00:00 GMT".to_owned()),
        body_hash: Some(page.url_hash.0),
        canonical: None,
        not_parsed: None,
    };
    PageRow { content: Some(Box::new(content)), change: Some(PageChange::Same), ..page }
}

/// Saves only what `part` leaves of each batch and says how long a million rows of it take.
async fn measure(
    store: &Arc<dyn Store>,
    name: &str,
    (hosts, batches, total): (u32, u32, u32),
    part: impl Fn(Batch) -> Batch,
) -> CrawlId {
    let crawl = store.create_crawl("{}").await.unwrap();
    if std::env::var("PART").is_ok_and(|part| part != name) {
        return crawl;
    }
    let mut site = Site {
        crawl,
        done: 0,
        known: 1,
        total,
        random: fastrand::Rng::with_seed(7),
        hosts: (0..hosts).map(|n| format!("host-{n}.example:8700").into()).collect(),
        anchors: anchors(),
    };
    let (mut spent, mut slowest) = (Duration::ZERO, Duration::ZERO);
    let (mut pages, mut links, mut found) = (0, 0, 0);
    for _ in 0..batches {
        let batch = part(site.next());
        let since = Instant::now();
        store.commit(crawl, &batch).await.unwrap();
        let took = since.elapsed();
        spent += took;
        slowest = slowest.max(took);
        pages += batch.pages.len();
        links += batch.links.len();
        found += batch.discovered.len();
    }
    let rate = |rows: usize| rows as f64 / spent.as_secs_f64();
    println!(
        "{name:10} {:8.2} s  {:9.0} rows/s  {:9.0} links/s  {:8.0} pages/s  slowest batch {:4} ms",
        spent.as_secs_f64(),
        rate(pages + links + found),
        rate(links),
        rate(pages),
        slowest.as_millis()
    );
    crawl
}

#[tokio::main]
async fn main() {
    // A test runner that asks for the tests in here: there are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let millions: u32 = std::env::var("MILLION").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let dir = std::env::var_os("DIR").map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    let path = dir.path().join("crawl.db");
    let name = std::env::var("DB").unwrap_or_else(|_| path.to_str().unwrap().to_owned());
    let store = open(&name, OpenMode::CreateIfMissing).await.unwrap();
    println!("{}", store.describe());
    if std::env::var_os("INDEX").is_some() {
        let mut db = SqliteConnection::connect(&name).await.unwrap();
        sqlx::query("CREATE INDEX links_to ON links (to_id, from_id)")
            .execute(&mut db)
            .await
            .unwrap();
        db.close().await.unwrap();
    }

    let batches = millions * 1_000_000 / (PAGES * LINKS);
    let part = batches.min(80);
    let some = (1, part, part * PAGES * 2);
    let found = |all: Batch| Batch { discovered: all.discovered, ..Batch::default() };
    let most = millions * 1_000_000;
    measure(&store, "pages", some, |all| Batch { pages: all.pages, ..Batch::default() }).await;
    measure(&store, "content", some, |all| Batch {
        pages: all.pages.into_iter().map(with_content).collect(),
        ..Batch::default()
    })
    .await;
    measure(&store, "links", some, |all| Batch { links: all.links, ..Batch::default() }).await;
    measure(&store, "frontier", (1, most / FOUND, most), found).await;
    let many = measure(&store, "10k hosts", (10_000, most / FOUND, most), found).await;
    let crawl = measure(&store, "all", (1, batches, batches * PAGES * 2), |all| all).await;
    measure(&store, "all, 10k", (10_000, batches, batches * PAGES * 2), |all| all).await;

    let since = Instant::now();
    let hosts = store.open_hosts(many).await.unwrap();
    println!("open_hosts {:?}, {} hosts", since.elapsed(), hosts.len());
    let since = Instant::now();
    let mut rows = 0;
    for host in hosts.iter().take(100) {
        rows += store.frontier_of_host(many, host.host_id, 0, 100).await.unwrap().len();
    }
    println!("frontier_of_host, 100 times {:?}, {rows} rows", since.elapsed());
    let since = Instant::now();
    let stored = store.open_crawl(Some(crawl)).await.unwrap();
    println!("open_crawl {:?}, {} open", since.elapsed(), stored.open);
    let since = Instant::now();
    let mut known = 0;
    let mut sink = |chunk: &[(UrlHash, PageId)]| {
        known += chunk.len();
        true
    };
    store.seen(crawl, &mut sink).await.unwrap();
    let took = since.elapsed();
    println!("seen {took:?}, {:.0} URLs/s", f64::from(known as u32) / took.as_secs_f64());
    let since = Instant::now();
    let (mut after, mut rows) = (0, 0);
    loop {
        let portion = store.frontier_after(crawl, after, 1000).await.unwrap();
        let Some(last) = portion.last() else { break };
        after = last.id;
        rows += portion.len();
    }
    println!("frontier {:?}, {rows} rows", since.elapsed());
    let since = Instant::now();
    let mut linking = 0;
    let mut sink = |_: &Columns, row: &[Value]| {
        linking = row[0].as_int().unwrap();
        true
    };
    let sql = format!(
        "SELECT count(*) FROM links JOIN scraped_pages page ON page.id = links.from_id \
         WHERE links.to_id = {}",
        page_id(crawl, 100)
    );
    store.select(&sql, &mut sink).await.unwrap();
    println!("who links to one page {:?}, {linking} pages", since.elapsed());
    store.close().await;
    if let Ok(file) = std::fs::metadata(&path) {
        println!("file {} MB", file.len() / 1_000_000);
    }
}
