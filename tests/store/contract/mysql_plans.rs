//! Promise: with 1,000,000 URLs open and 1,000,000 done, a crawl in MySQL or MariaDB is resumed, its URLs
//! claimed and deduplicated by indexes that serve each question exactly: no table is scanned, no row is
//! read that is not asked for. Printed: how the server will run each statement, and how long resuming
//! takes.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

mod upserts;
mod viewing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crawldeck::model::ids::{CrawlId, host_id, page_id};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::mysql::{bulk, statements};
use crawldeck::store::{Batch, CrawlState, FrontierRow, LinkRow, OpenMode, PageRow, Store, open};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

const MILLION: u32 = 1_000_000;
const HOSTS: u32 = 100;
const REASON: &str = "excluded by a rule";
/// The index that serves the claims.
const BY_HOST: &str = "frontier_by_host";

fn url(seq: u32) -> String {
    format!("http://host-{}.test/articles/{}/page-{seq}.html", seq % HOSTS, seq % 97)
}

fn hash(seq: u32) -> UrlHash {
    UrlHash(xxhash_rust::xxh3::xxh3_128(url(seq).as_bytes()).to_be_bytes())
}

fn host(seq: u32) -> String {
    format!("host-{}.test", seq % HOSTS)
}

fn done(crawl: CrawlId, seq: u32) -> PageRow {
    let skipped = seq.is_multiple_of(50);
    PageRow {
        id: page_id(crawl, seq),
        url: url(seq).into(),
        url_hash: hash(seq),
        host: host(seq).into(),
        state: if skipped { PageState::Skipped } else { PageState::Ok },
        status: Some(200),
        content_length: 20_000,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        title: Some(format!("An article with the number {seq}")),
        depth: 4,
        elapsed_ms: 40,
        attempts: 1,
        resent: 0,
        final_url: None,
        redirects: None,
        error: skipped.then(|| REASON.to_owned()),
        found_on: None,
        links_found: 2,
        created_at_ms: 1_793_534_400_000 + i64::from(seq),
        content: None,
        lastmod_ms: None,
        change: None,
    }
}

fn waiting(crawl: CrawlId, seq: u32) -> FrontierRow {
    FrontierRow {
        id: page_id(crawl, seq),
        url: url(seq).into(),
        url_hash: hash(seq),
        depth: 5,
        attempts: 0,
        resent: 0,
        not_before_ms: 0,
        found_on: Some(page_id(crawl, 1)),
        host_id: host_id(&host(seq)),
        lastmod_ms: None,
    }
}

fn link(crawl: CrawlId, from: u32, to: u32) -> LinkRow {
    LinkRow { from: page_id(crawl, from), to: page_id(crawl, to), anchor: Some("text".into()) }
}

/// A crawl of which the first `count` URLs are done and as many wait.
async fn fill(store: &Arc<dyn Store>, count: u32) -> CrawlId {
    let crawl = store.create_crawl("{}").await.unwrap();
    for from in (1..=count).step_by(2500) {
        let to = (from + 2500).min(count + 1);
        let batch = Batch {
            pages: (from..to).map(|seq| done(crawl, seq)).collect(),
            discovered: (from..to).map(|seq| waiting(crawl, count + seq)).collect(),
            links: (from..to)
                .flat_map(|seq| [seq + 1, seq / 2 + 1].map(|to| link(crawl, seq, to)))
                .collect(),
            ..Batch::default()
        };
        store.commit(crawl, &batch).await.unwrap();
    }
    crawl
}

/// A statement with its parameters written out.
fn filled(statement: &str, parameters: &[String]) -> String {
    let mut parts = statement.split('?');
    let mut sql = parts.next().unwrap().to_owned();
    let mut parameters = parameters.iter();
    for part in parts {
        sql.push_str(parameters.next().expect("as many parameters as marks"));
        sql.push_str(part);
    }
    assert!(parameters.next().is_none(), "{statement}");
    sql
}

/// How the server will run it: table, kind of access, key.
async fn plan(db: &mut MySqlConnection, sql: &str) -> Vec<(String, String, String, String)> {
    let explain = AssertSqlSafe(format!("EXPLAIN {sql}"));
    let rows = sqlx::raw_sql(explain).fetch_all(db).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let text = |row: &sqlx::mysql::MySqlRow, column: &str| {
        let bytes: Option<&[u8]> = row.try_get_unchecked(column).unwrap();
        bytes.map_or(String::new(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    rows.iter()
        .map(|row| (text(row, "table"), text(row, "type"), text(row, "key"), text(row, "Extra")))
        .collect()
}

/// How often rows were read in this session, by how.
async fn handlers(db: &mut MySqlConnection) -> HashMap<String, i64> {
    let rows =
        sqlx::raw_sql("SHOW SESSION STATUS LIKE 'Handler_read%'").fetch_all(db).await.unwrap();
    rows.iter()
        .map(|row| (row.get::<String, _>(0), row.get::<String, _>(1).parse().unwrap()))
        .collect()
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn nothing_is_scanned_at_a_million() {
    let server =
        std::env::var("CRAWLDECK_TEST_MYSQL").expect("CRAWLDECK_TEST_MYSQL names no server");
    let name = format!("crawldeck_million_{:08x}", fastrand::Rng::new().u32(..));
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    let store = open(url.as_str(), OpenMode::CreateIfMissing).await.unwrap();
    fill(&store, 5000).await;
    let since = Instant::now();
    let crawl = fill(&store, MILLION).await;
    println!("filled in {:.1?}", since.elapsed());
    fill(&store, 5000).await;
    store.set_state(crawl, CrawlState::Stopped).await.unwrap();
    store.close().await;

    let mut db = MySqlConnection::connect(url.as_str()).await.unwrap();
    plans(&mut db, crawl).await;
    resume(url.as_str(), crawl).await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name}"))).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// A statement, its parameters, the access to each table in order, and how many rows it may read at
/// most.
type Case<'a> = (&'a str, Vec<String>, &'a [(&'a str, &'a str, &'a str)], i64);

async fn plans(db: &mut MySqlConnection, crawl: CrawlId) {
    let known = claiming(crawl).into_iter().chain(resuming(crawl)).chain(looking_again(crawl));
    for case in known.chain(viewing::viewing(crawl)) {
        check(db, case).await;
    }
    upserts::upserts(db, crawl).await;
}

/// A number as a parameter.
fn n(n: i64) -> String {
    n.to_string()
}

/// A hash in hexadecimal digits.
fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// A hash as a parameter.
fn hash_literal(hash: [u8; 16]) -> String {
    format!("x'{}'", hex(hash))
}

/// A JSON array of 500 items as a parameter.
fn json(item: impl Fn(u32) -> String) -> String {
    let items: Vec<_> = (1..=500).map(item).collect();
    format!("'[{}]'", items.join(","))
}

fn claiming(crawl: CrawlId) -> Vec<Case<'static>> {
    let last = n(page_id(crawl, u32::MAX));
    let middle = n(page_id(crawl, MILLION + MILLION / 2));
    let one_host = n(host_id(&host(7)));
    let ids = json(|seq| n(page_id(crawl, MILLION + seq * 100)));
    let later = json(|seq| format!("[{},1,2,5]", page_id(crawl, MILLION + seq * 100)));
    let range = vec![middle.clone(), last, n(1000)];
    vec![
        (statements::FRONTIER_AFTER, range, &[("frontier", "range", "PRIMARY")], 1000),
        (
            statements::FRONTIER_OF_HOST,
            vec![n(crawl), one_host, middle, n(1000)],
            &[("frontier", "range", BY_HOST)],
            1000,
        ),
        (
            statements::OPEN_HOSTS,
            vec![n(crawl)],
            &[("derived", "ALL", ""), ("first", "eq_ref", "PRIMARY"), ("frontier", "ref", BY_HOST)],
            i64::from(MILLION) + 300,
        ),
        (
            statements::POSTPONE,
            vec![later],
            &[("json", "ALL", ""), ("frontier", "eq_ref", "PRIMARY")],
            1000,
        ),
        (
            statements::DELETE_FRONTIER,
            vec![ids],
            &[("json", "ALL", ""), ("frontier", "eq_ref", "PRIMARY")],
            1000,
        ),
    ]
}

fn resuming(crawl: CrawlId) -> Vec<Case<'static>> {
    let (first, last) = (n(page_id(crawl, 0)), n(page_id(crawl, u32::MAX)));
    let reason = hash_literal(bulk::hash_of(REASON));
    let ends = vec![first.clone(), last.clone(), first.clone(), last.clone()];
    vec![
        (statements::CRAWL, vec![n(crawl)], &[("crawls", "const", "PRIMARY")], 1),
        (statements::CHANGES, vec![n(crawl)], &[("changes", "ref", "PRIMARY")], 1),
        (statements::TIMELINE, vec![n(crawl), n(1000)], &[("timeline", "ref", "PRIMARY")], 1),
        (statements::LAST_ID, ends, &[], 4),
        (
            statements::OPEN_COUNT,
            vec![n(crawl)],
            &[("frontier", "ref", BY_HOST)],
            i64::from(MILLION) + 1,
        ),
        (
            statements::SEEN,
            vec![n(crawl), first, last],
            &[
                ("scraped_pages", "ref", "scraped_pages_by_hash"),
                ("frontier", "range", "PRIMARY"),
                ("union", "ALL", ""),
            ],
            2 * i64::from(MILLION),
        ),
        (
            statements::SKIPPED_BECAUSE,
            vec![n(crawl), reason, n(page_id(crawl, MILLION / 2)), n(1000)],
            &[("scraped_pages", "range", "scraped_pages_by_state")],
            1000,
        ),
    ]
}

/// Deduplicating, and looking at a crawl again.
fn looking_again(crawl: CrawlId) -> Vec<Case<'static>> {
    let last = n(page_id(crawl, u32::MAX));
    let pages = json(|seq| n(page_id(crawl, seq * 100)));
    let hashes = json(|seq| format!("\"{}\"", hex(hash(seq * 4000).0)));
    let range_of_done = vec![n(page_id(crawl, MILLION / 2)), last, n(1000)];
    vec![
        (
            statements::REPLACED,
            vec![hashes, n(crawl)],
            &[("json", "ALL", ""), ("page", "eq_ref", "scraped_pages_by_hash")],
            1000,
        ),
        (
            statements::RESTORED,
            vec![pages.clone(), n(crawl)],
            &[("json", "ALL", ""), ("page", "eq_ref", "PRIMARY")],
            1000,
        ),
        (
            statements::DELETE_PAGES,
            vec![pages, n(crawl)],
            &[("json", "ALL", ""), ("scraped_pages", "eq_ref", "PRIMARY")],
            1000,
        ),
        (
            statements::PREVIOUS_PAGE,
            vec![n(crawl), hash_literal(hash(77_777).0)],
            &[("scraped_pages", "const", "scraped_pages_by_hash"), ("links", "ref", "PRIMARY")],
            10,
        ),
        (
            statements::LINKS_OF,
            vec![n(crawl), n(page_id(crawl, 1000)), n(100)],
            &[("links", "ref", "PRIMARY"), ("scraped_pages", "eq_ref", "PRIMARY")],
            6,
        ),
        (statements::OK_PAGES, range_of_done, &[("scraped_pages", "range", "PRIMARY")], 1100),
        (statements::COUNT_OK, vec![n(crawl)], &[("hosts", "ref", "PRIMARY")], 101),
    ]
}

/// Checks the plan of a statement, and how many rows it really reads.
async fn check(db: &mut MySqlConnection, (statement, parameters, accesses, most): Case<'_>) {
    let sql = filled(statement, &parameters);
    let found = plan(db, &sql).await;
    println!("\n{}", statement.split_whitespace().collect::<Vec<_>>().join(" "));
    for (table, access, key, extra) in &found {
        println!("    {table:<16} {access:<8} {key:<24} {extra}");
    }
    let real = |kind: &str| !matches!(kind, "json" | "derived" | "union");
    for &(table, access, key) in accesses.iter().filter(|(table, ..)| real(table)) {
        let step = found.iter().find(|step| step.0 == table);
        let step = step.unwrap_or_else(|| panic!("{table}: {found:?}"));
        assert_eq!((step.1.as_str(), step.2.as_str()), (access, key), "{statement}");
        assert!(!step.3.contains("filesort") && !step.3.contains("temporary"), "{found:?}");
    }
    // Nothing else is scanned but what the statement itself has made.
    let made = accesses.iter().filter(|(table, ..)| !real(table)).count();
    let scans = found.iter().filter(|step| step.1 == "ALL" || step.1 == "index").count();
    assert!(scans <= made, "{statement}: {found:?}");

    // And what it really reads, undone afterwards.
    let mut transaction = db.begin().await.unwrap();
    let before = handlers(&mut transaction).await;
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut *transaction).await.unwrap();
    let after = handlers(&mut transaction).await;
    transaction.rollback().await.unwrap();
    let read: i64 = after
        .iter()
        // Rows of what was made, and of the answer to `SHOW STATUS` itself, are read so.
        .filter(|(how, _)| !how.contains("rnd"))
        .map(|(how, count)| count - before[how])
        .sum();
    println!("    {read} rows read");
    // Each search by a key is one, each row after it another.
    assert!(read <= most + 10, "{statement}: {read} rows read");
}

/// From opening to all that the first request needs.
async fn resume(url: &str, crawl: CrawlId) {
    let since = Instant::now();
    let store = open(url, OpenMode::MustExist).await.unwrap();
    let opened = since.elapsed();
    let since = Instant::now();
    let stored = store.open_crawl(Some(crawl)).await.unwrap();
    let taken = since.elapsed();
    assert_eq!((stored.open, stored.next_seq), (u64::from(MILLION), 2 * MILLION + 1));
    let since = Instant::now();
    let hosts = store.open_hosts(crawl).await.unwrap();
    let listed = since.elapsed();
    assert_eq!(hosts.len(), HOSTS as usize);
    assert!(hosts.iter().all(|host| host.open == u64::from(MILLION / HOSTS)));
    let since = Instant::now();
    let rows = store.frontier_of_host(crawl, hosts[0].host_id, 0, 1000).await.unwrap();
    let first = since.elapsed();
    assert_eq!(rows.len(), 1000);
    let since = Instant::now();
    let mut known = 0;
    let mut sink = |chunk: &[(UrlHash, i64)]| {
        known += chunk.len();
        true
    };
    store.seen(crawl, &mut sink).await.unwrap();
    assert_eq!(known, 2 * MILLION as usize);
    println!(
        "\nresumed with {MILLION} open and {MILLION} done: opened {opened:.0?}, taken and counted \
         {taken:.0?}, hosts {listed:.0?}, first thousand of a host {first:.1?}; all known URLs \
         {:.0?}",
        since.elapsed()
    );
    store.close().await;
}
