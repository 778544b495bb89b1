//! What is SQLite's own: files, the plans of its queries, what a kill leaves.

use super::*;
use crawldeck::store::sqlite::statements;
use crawldeck::store::{OpenMode, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};
use tempfile::TempDir;

async fn new() -> (TempDir, Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap();
    let name = format!("sqlite://{}/crawl.db", dir.path().display());
    let store = open(&name, OpenMode::CreateIfMissing).await.unwrap();
    (dir, store)
}

/// A connection of the test's own.
async fn look_into(dir: &TempDir) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.path().join("crawl.db"));
    options.connect().await.unwrap()
}

#[tokio::test]
async fn the_log_is_gone_after_closing_and_the_name_is_as_given() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let batch = Batch { discovered: vec![open_url(crawl, 1)], ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap();
    store.close().await;
    assert!(!dir.path().join("crawl.db-wal").exists());

    let name = dir.path().join("crawl.db");
    let store = open(name.to_str().unwrap(), OpenMode::MustExist).await.unwrap();
    assert_eq!(store.describe(), format!("sqlite://{}", name.display()));
    assert_eq!(store.open_crawl(None).await.unwrap().open, 1);
    store.close().await;
}

/// What a process that was killed leaves is all there: the files are copied while it is open.
#[tokio::test]
async fn hosts_and_revivals_outlive_a_kill() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let skipped =
        PageRow { state: PageState::Skipped, error: Some("excluded".to_owned()), ..page(crawl, 3) };
    let other = FrontierRow { host_id: host_id("other:1"), ..open_url(crawl, 2) };
    let batch = Batch {
        pages: vec![page(crawl, 1), skipped],
        discovered: vec![other.clone()],
        hosts: vec![HostRow { host: HOST.into(), robots: Some("r".to_owned()), incidents: 7 }],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let restored = store.skipped_because(crawl, "excluded", 0, 9).await.unwrap();
    let batch = Batch { restored: restored.clone(), ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap();

    let left = tempfile::tempdir().unwrap();
    for file in ["crawl.db", "crawl.db-wal"] {
        std::fs::copy(dir.path().join(file), left.path().join(file)).unwrap();
    }
    store.close().await;
    let name = left.path().join("crawl.db");
    let store = open(name.to_str().unwrap(), OpenMode::MustExist).await.unwrap();
    let opened = store.open_crawl(None).await.unwrap();
    assert_eq!((opened.id, opened.next_seq, opened.open), (crawl, 4, 2));
    assert_eq!(frontier(&store, crawl).await, [other.clone(), restored[0].clone()]);
    assert_eq!(store.frontier_of_host(crawl, other.host_id, 0, 9).await.unwrap(), [other]);
    let mut hosts = store.open_hosts(crawl).await.unwrap();
    hosts.sort_by(|a, b| a.url.cmp(&b.url));
    let hosts: Vec<_> = hosts.into_iter().map(|host| (host.host_id, host.open)).collect();
    assert_eq!(hosts, [(host_id("other:1"), 1), (host_id(HOST), 1)]);
    assert_eq!(store.count_ok(crawl).await.unwrap(), 1);
    store.close().await;
    let known: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT host, robots, incidents FROM hosts")
            .fetch_all(&mut look_into(&left).await)
            .await
            .unwrap();
    assert_eq!(known, [(HOST.to_owned(), "r".to_owned(), 7)]);
}

#[tokio::test]
async fn free_space_is_that_of_the_folder_of_the_file_itself() {
    let (dir, store) = new().await;
    let free = store.free_space().unwrap();
    assert!(free > 0);
    store.close().await;
    // Behind a link as well, and wherever the process is.
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("link.db");
    std::os::unix::fs::symlink(dir.path().join("crawl.db"), &link).unwrap();
    let store = open(link.to_str().unwrap(), OpenMode::MustExist).await.unwrap();
    assert!(store.free_space().is_some());
    store.close().await;
    // A folder that went away is not known to be full.
    dir.close().unwrap();
    assert_eq!(store.free_space(), None);
}

/// How SQLite will run a statement, one line per step.
async fn plan(db: &mut SqliteConnection, statement: &str) -> String {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
        .fetch_all(db)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
}

#[tokio::test]
async fn resuming_reads_ranges_and_never_a_whole_table() {
    let (dir, store) = new().await;
    store.close().await;
    let mut db = look_into(&dir).await;
    assert_plans(&mut db).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(MILLION_ROWS)).execute(&mut db).await.unwrap();
    assert_plans(&mut db).await;
    // Nor when somebody has had statistics made, in which most of it looks alike.
    sqlx::raw_sql("ANALYZE").execute(&mut db).await.unwrap();
    assert_plans(&mut db).await;
}

/// A crawl of 1,000,000 open URLs, of 1,000 hosts, and 1,000,000 done ones, beside a small one.
const MILLION_ROWS: &str = "
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1000009)
    INSERT INTO scraped_pages (id, crawl_id, url_hash, state, status, depth, attempts, elapsed_ms,
      content_length, links_found, created_at, host, url, error)
    SELECT ((2 - (i > 999999)) << 32) + i, 2 - (i > 999999), CAST(printf('done%012d', i) AS BLOB),
      iif(i % 100, 'ok', 'skipped'), 200, 3, 1, 40, 20000, 25, '2026-11-01 12:00:00.000', 'h' || i % 1000,
      'http://h' || i % 1000 || '/' || i, iif(i % 100, NULL, 'excluded') FROM n;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1000009)
    INSERT INTO frontier (id, crawl_id, url_hash, depth, attempts, not_before, host_id, url)
    SELECT ((2 - (i > 999999)) << 32) + 1000000 + i, 2 - (i > 999999), CAST(printf('open%012d', i) AS BLOB), 4, 0, 0,
      i % 1000, 'http://h' || i % 1000 || '/open/' || i FROM n;
    INSERT INTO links (crawl_id, from_id, to_id)
    SELECT crawl_id, id, id + 1 FROM scraped_pages;
    INSERT INTO hosts (crawl_id, host, pages, ok, failed, skipped, bytes)
    SELECT crawl_id, host, count(*), count(*), 0, 0, 0 FROM scraped_pages GROUP BY crawl_id, host;";

async fn assert_plans(db: &mut SqliteConnection) {
    for (statement, tables) in [
        (statements::FRONTIER_AFTER, vec!["frontier"]),
        (statements::SEEN, vec!["scraped_pages", "frontier"]),
        (statements::LAST_ID, vec!["scraped_pages", "frontier"]),
        (statements::OPEN_COUNT, vec!["frontier"]),
        (statements::CHANGES, vec!["changes"]),
        (statements::CRAWL, vec!["crawls"]),
        (statements::FRONTIER_OF_HOST, vec!["frontier"]),
        (statements::OPEN_HOSTS, vec!["frontier", "first"]),
        (statements::SKIPPED_BECAUSE, vec!["scraped_pages"]),
        (statements::OK_PAGES, vec!["scraped_pages"]),
        (statements::CRAWL_WITH_STATE, vec!["crawls"]),
        (statements::PREVIOUS_PAGE, vec!["scraped_pages", "links"]),
        (statements::LINKS_OF, vec!["links", "scraped_pages"]),
        (statements::COUNT_OK, vec!["hosts"]),
        (statements::TIMELINE, vec!["timeline"]),
        (statements::NEWEST_PAGE, vec!["scraped_pages"]),
        (statements::STORED_PAGES, vec!["scraped_pages"]),
        (statements::STORED_PAGES_BY_STATUS, vec!["scraped_pages"]),
        (statements::STORED_PAGES_BY_TEXT, vec!["scraped_pages"]),
        (statements::LINKS_TO, vec!["links", "page"]),
    ] {
        let plan = plan(db, statement).await;
        for table in tables {
            let searched = ["INTEGER PRIMARY KEY", "PRIMARY KEY", "COVERING INDEX", "INDEX"]
                .iter()
                .any(|how| plan.contains(&format!("SEARCH {table} USING {how}")));
            assert!(searched, "{statement}: {plan}");
        }
        // The sums of the blocks are put together per host; no rows are sorted.
        if statement != statements::OPEN_HOSTS {
            assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
        }
        for scan in plan.lines().filter(|step| step.contains("SCAN ")) {
            // What the steps before made, no table.
            let made = ["CONSTANT ROW", "block", "host", "(subquery-1)"];
            assert!(made.iter().any(|what| scan == format!("SCAN {what}")), "{plan}");
        }
    }
    for (statement, step) in [
        (statements::LINKS_TO, "links USING INDEX links_by_target (<expr>=? AND to_id=?)"),
        (
            statements::FRONTIER_OF_HOST,
            "frontier USING INDEX frontier_by_host (<expr>=? AND host_id=? AND rowid>?)",
        ),
        (
            statements::OPEN_HOSTS,
            "frontier USING COVERING INDEX frontier_by_host (<expr>>? AND <expr><?)",
        ),
        (
            statements::OPEN_COUNT,
            "frontier USING COVERING INDEX frontier_by_host (<expr>>? AND <expr><?)",
        ),
        (
            statements::SKIPPED_BECAUSE,
            "scraped_pages USING INDEX scraped_pages_skipped \
             (crawl_id=? AND error=? AND rowid>?)",
        ),
    ] {
        let plan = plan(db, statement).await;
        assert!(plan.contains(&format!("SEARCH {step}")), "{statement}: {plan}");
    }
}
