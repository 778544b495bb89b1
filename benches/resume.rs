//! How soon a resumed crawl asks for something: `cargo bench --bench resume`.
//!
//! A crawl of `MILLION` (1; 0.01 is 10,000 rows) million rows that are done and as many in the frontier, of
//! one host and of 10,000, is written to a database of its own; then `crawldeck resume` continues it, and a proxy on
//! this machine says when the first request came, counted from the start of the process: for
//! robots.txt, and for a page. The database says when the first page was saved, which needs the set of
//! all known URLs. `POSTGRES` and `MYSQL` are URLs of empty databases; without them these
//! are left out.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::doc_markdown, reason = "names of databases are no code")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crawldeck::model::ids::{CrawlId, host_id, page_id};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::store::{
    Batch, Columns, CrawlState, FrontierRow, OpenMode, PageRow, Store, Value, open,
};
use url::Url;

/// Rows of a batch.
const ROWS: u32 = 5_000;

fn host(seq: u32, hosts: u32) -> Arc<str> {
    let spread = xxhash_rust::xxh3::xxh3_64(&seq.to_be_bytes());
    format!("host-{}.example", spread % u64::from(hosts)).into()
}

fn url(seq: u32, hosts: u32) -> Arc<str> {
    format!("http://{}/articles/{}/page-{seq}.html", host(seq, hosts), seq % 97).into()
}

fn done(crawl: CrawlId, seq: u32, hosts: u32) -> PageRow {
    let url = url(seq, hosts);
    PageRow {
        id: page_id(crawl, seq),
        url_hash: UrlHash::of(&Url::parse(&url).unwrap()),
        url,
        host: host(seq, hosts),
        state: PageState::Ok,
        status: Some(200),
        content_length: 20_000,
        content_type: Some("text/html".to_owned()),
        title: Some(format!("Page {seq}")),
        depth: 4,
        elapsed_ms: 40,
        attempts: 1,
        resent: 0,
        final_url: None,
        redirects: None,
        error: None,
        found_on: Some(page_id(crawl, 1)),
        links_found: 25,
        created_at_ms: 1_793_534_400_000 + i64::from(seq),
        content: None,
        lastmod_ms: None,
        change: None,
    }
}

fn waiting(crawl: CrawlId, seq: u32, hosts: u32) -> FrontierRow {
    let url = url(seq, hosts);
    FrontierRow {
        id: page_id(crawl, seq),
        url_hash: UrlHash::of(&Url::parse(&url).unwrap()),
        url,
        depth: 5,
        attempts: 0,
        resent: 0,
        not_before_ms: 0,
        found_on: Some(page_id(crawl, 1)),
        host_id: host_id(&host(seq, hosts)),
        lastmod_ms: None,
    }
}

/// A stopped crawl with as many rows in each table.
async fn prepare(store: &Arc<dyn Store>, rows: u32, hosts: u32) -> CrawlId {
    let settings = Settings {
        seeds: vec![Url::parse(&url(1, hosts)).unwrap()],
        permits: 10,
        workers: 10,
        ..Settings::default()
    };
    let crawl = store.create_crawl(&serde_json::to_string(&settings).unwrap()).await.unwrap();
    for first in (1..=rows).step_by(ROWS as usize) {
        let some = first..(first + ROWS).min(rows + 1);
        let batch = Batch {
            pages: some.clone().map(|seq| done(crawl, seq, hosts)).collect(),
            discovered: some.map(|seq| waiting(crawl, rows + seq, hosts)).collect(),
            ..Batch::default()
        };
        store.commit(crawl, &batch).await.unwrap();
    }
    store.set_state(crawl, CrawlState::Stopped).await.unwrap();
    crawl
}

/// Records what is requested and when, and responds with 404.
fn proxy(listener: &TcpListener, tell: &mpsc::Sender<(Instant, String)>) {
    for stream in listener.incoming() {
        let (stream, tell) = (stream.unwrap(), tell.clone());
        std::thread::spawn(move || answer(stream, &tell));
    }
}

fn answer(mut stream: TcpStream, tell: &mpsc::Sender<(Instant, String)>) {
    let Some(Ok(line)) = BufReader::new(&stream).lines().next() else { return };
    let url = line.split_whitespace().nth(1).unwrap_or_default();
    let _ = tell.send((Instant::now(), url.to_owned()));
    // Who asked may be gone by now.
    let _ = stream
        .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/// Pages of the rows that were open.
async fn saved(store: &Arc<dyn Store>, crawl: CrawlId, rows: u32) -> i64 {
    let (first, last) = (page_id(crawl, rows + 1), page_id(crawl, u32::MAX));
    let sql = format!("SELECT count(*) FROM scraped_pages WHERE id BETWEEN {first} AND {last}");
    let mut count = 0;
    let mut sink = |_: &Columns, row: &[Value]| {
        count = row[0].as_int().unwrap();
        true
    };
    store.select(&sql, &mut sink).await.unwrap();
    count
}

async fn resume(
    (db, store): (&str, &Arc<dyn Store>),
    (crawl, rows): (CrawlId, u32),
    proxy: &str,
    requests: &mpsc::Receiver<(Instant, String)>,
) {
    // What the earlier process requested.
    while requests.recv_timeout(Duration::from_millis(200)).is_ok() {}
    let before = saved(store, crawl, rows).await;
    let since = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_crawldeck"))
        .args(["resume", db, "--headless", "--proxy", proxy, "--crawl", &crawl.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = None;
    let page = loop {
        let (at, what) = requests.recv().unwrap();
        first.get_or_insert(at);
        if !what.ends_with("/robots.txt") {
            break at;
        }
    };
    while saved(store, crawl, rows).await == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let page_saved = Instant::now();
    let _ = child.kill();
    let _ = child.wait();
    let ms = |at: Instant| at.duration_since(since).as_millis();
    println!(
        "    first request {:5} ms, first page {:5} ms, saved {:5} ms",
        ms(first.unwrap()),
        ms(page),
        ms(page_saved)
    );
}

#[tokio::main]
async fn main() {
    // A test runner that asks for the tests in here: there are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let millions: f64 = std::env::var("MILLION").ok().and_then(|n| n.parse().ok()).unwrap_or(1.0);
    let rows = (millions * 1e6).round() as u32;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, requests) = mpsc::channel();
    std::thread::spawn(move || proxy(&listener, &tell));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crawl.db").to_str().unwrap().to_owned();
    for db in [Ok(file), std::env::var("POSTGRES"), std::env::var("MYSQL")].into_iter().flatten() {
        let store = open(&db, OpenMode::CreateIfMissing).await.unwrap();
        println!("{}", store.describe());
        for hosts in [1, 10_000] {
            let crawl = prepare(&store, rows, hosts).await;
            println!("  {rows} rows, {hosts} hosts, right after it was written, and again");
            for _ in 0..2 {
                resume((&db, &store), (crawl, rows), &at, &requests).await;
            }
        }
        store.close().await;
    }
}
