//! The contract on SQLite, and what SQLite's own tables then hold.

use super::*;
use crawldeck::store::sqlite::{again, read};
use crawldeck::store::{OpenMode, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};
use tempfile::TempDir;

/// A row of `hosts`: host, pages, ok, failed, skipped, bytes, first and last time.
type Sums = (String, i64, i64, i64, i64, i64, Option<String>, Option<String>);

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

macro_rules! contract {
    ($($promise:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $promise() {
            let (_dir, store) = new().await;
            super::$promise(Arc::clone(&store)).await;
            store.close().await;
        }
    )+};
}

contract![
    resumes_where_it_was,
    finds_the_newest_unfinished,
    batches_are_atomic,
    pages_are_never_doubled,
    found_and_done_at_once,
    frontier_in_portions,
    sees_every_url_once,
    postpones,
    journal_entries_replace,
    odd_text_survives,
    frontier_of_one_host,
    hosts_that_wait,
    skipped_for_a_reason,
    revives,
    revival_is_atomic,
    only_complete_crawls_are_looked_at_again,
    pages_as_they_were,
    links_of_a_page,
    counts_good_pages,
    sitemaps_and_hosts_alone_are_a_batch,
    there_is_room,
    nothing_is_fine,
];

#[tokio::test]
async fn what_was_saved_is_there_after_reopening() {
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

#[tokio::test]
async fn a_page_row_holds_what_it_was_given() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let given = PageRow {
        state: RowState::Failed,
        status: None,
        title: Some("a\0b".to_owned()),
        error: Some("timed out".to_owned()),
        final_url: Some("http://h/x".to_owned()),
        redirects: Some("[]".to_owned()),
        found_on: Some(page_id(crawl, 1)),
        content: Some(Box::new(Content {
            etag: Some("\"e\0\"".to_owned()),
            last_modified: Some("yesterday".to_owned()),
            body_hash: Some([0xab; 16]),
            canonical: Some("http://h/c".to_owned()),
        })),
        lastmod_ms: Some(AT - 1),
        change: Some(PageChange::Gone),
        ..page(crawl, 2)
    };
    store.commit(crawl, &Batch { pages: vec![given], ..Batch::default() }).await.unwrap();
    let row = sqlx::query(
        "SELECT json_array(id, crawl_id, url, hex(url_hash), host, state, status, \
         content_length, content_type, title, depth, elapsed_ms, attempts, final_url, \
         redirects, error, found_on, links_found, created_at, \
         unixepoch(created_at), etag, last_modified, hex(body_hash), canonical, lastmod, \
         change) FROM scraped_pages",
    )
    .fetch_one(&mut look_into(&dir).await)
    .await
    .unwrap();
    let hash = format!("{:032X}", u128::from_be_bytes(hash_of(&url(2)).0));
    let expected = serde_json::json!([
        page_id(crawl, 2),
        crawl,
        &*url(2),
        hash,
        "127.0.0.1:8700",
        "failed",
        null,
        1000,
        "text/html",
        "a\u{fffd}b",
        1,
        12,
        1,
        "http://h/x",
        "[]",
        "timed out",
        page_id(crawl, 1),
        3,
        "2026-11-01 12:00:00.250",
        AT / 1000,
        "\"e\u{fffd}\"",
        "yesterday",
        "AB".repeat(16),
        "http://h/c",
        AT - 1,
        "gone"
    ]);
    assert_eq!(row.get::<serde_json::Value, _>(0), expected);
}

async fn sums(dir: &TempDir, crawl: CrawlId) -> Vec<Sums> {
    sqlx::query_as(
        "SELECT host, pages, ok, failed, skipped, bytes, first_at, last_at FROM hosts \
         WHERE crawl_id = ? ORDER BY host",
    )
    .bind(crawl)
    .fetch_all(&mut look_into(dir).await)
    .await
    .unwrap()
}

/// Robots and incidents of each host.
async fn known(dir: &TempDir) -> Vec<(String, Option<String>, i64)> {
    sqlx::query_as("SELECT host, robots, incidents FROM hosts ORDER BY crawl_id, host")
        .fetch_all(&mut look_into(dir).await)
        .await
        .unwrap()
}

#[tokio::test]
async fn hosts_are_sums_of_pages_even_of_pages_saved_again() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = |seq, state| PageRow { host: "other:1".into(), state, ..page(crawl, seq) };
    for pages in [
        vec![page(crawl, 1), page(crawl, 2), other(3, RowState::Failed)],
        // The same URL again: once with the same number, once with another, once doubled.
        vec![
            PageRow { content_length: 5, state: RowState::Skipped, ..page(crawl, 1) },
            PageRow { id: page_id(crawl, 99), created_at_ms: AT + 1, ..page(crawl, 2) },
            other(3, RowState::Failed),
            other(3, RowState::Ok),
            other(4, RowState::Ok),
        ],
    ] {
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    }
    let kept = sums(&dir, crawl).await;
    let at = |ms: u32| Some(format!("2026-11-01 12:00:00.{ms}"));
    assert_eq!(
        kept,
        [
            (HOST.to_owned(), 2, 1, 0, 1, 1005, at(250), at(251)),
            ("other:1".to_owned(), 2, 2, 0, 0, 2000, at(250), at(250)),
        ]
    );
}

#[tokio::test]
async fn revived_pages_leave_the_sums_of_their_hosts() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    let host = |host: &str, state, page| PageRow { host: host.into(), state, ..page };
    for crawl in [crawl, other] {
        let pages = vec![
            host("a", RowState::Skipped, page(crawl, 1)),
            host("a", RowState::Failed, page(crawl, 2)),
            host("a", RowState::Ok, page(crawl, 3)),
            host("b", RowState::Skipped, page(crawl, 4)),
            host("c", RowState::Skipped, page(crawl, 5)),
        ];
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    }
    let before = sums(&dir, other).await;
    // Number 4 is done at once, number 9 was never saved, number 2 twice.
    let revived = [1, 2, 2, 4, 9].map(|seq| open_url(crawl, seq)).to_vec();
    let pages = vec![host("b", RowState::Ok, page(crawl, 4))];
    store.commit(crawl, &Batch { revived, pages, ..Batch::default() }).await.unwrap();
    let at = Some("2026-11-01 12:00:00.250".to_owned());
    let row = |host: &str, pages, ok, skipped| {
        (host.to_owned(), pages, ok, 0, skipped, pages * 1000, at.clone(), at.clone())
    };
    let expected = [row("a", 1, 1, 0), row("b", 1, 1, 0), row("c", 1, 0, 1)];
    assert_eq!(sums(&dir, crawl).await, expected);
    assert_eq!(sums(&dir, other).await, before);
}

#[tokio::test]
async fn what_is_known_of_hosts_is_kept_beside_their_sums() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let host = |name: &str, robots: Option<&str>, incidents| HostRow {
        host: name.into(),
        robots: robots.map(str::to_owned),
        incidents,
    };
    let commit = async |batch: Batch| store.commit(crawl, &batch).await.unwrap();
    commit(Batch { hosts: vec![host(HOST, Some("12 rules\0"), 1)], ..Batch::default() }).await;
    assert_eq!(sums(&dir, crawl).await, [(HOST.to_owned(), 0, 0, 0, 0, 0, None, None)]);

    // Its first page gives it times; a page leaves alone what is known.
    commit(Batch { pages: vec![page(crawl, 1)], ..Batch::default() }).await;
    let at = Some("2026-11-01 12:00:00.250".to_owned());
    assert_eq!(
        sums(&dir, crawl).await,
        [(HOST.to_owned(), 1, 1, 0, 0, 1000, at.clone(), at.clone())]
    );
    assert_eq!(known(&dir).await, [(HOST.to_owned(), Some("12 rules\u{fffd}".to_owned()), 1)]);

    // The last of a batch counts, in a batch with pages as well; not known is not nothing.
    let hosts = vec![
        host("b", Some("none (404)"), 1),
        host(HOST, None, 2),
        host("b", Some("unreachable"), 4),
        host("c", None, 0),
    ];
    commit(Batch { pages: vec![page(crawl, 2)], hosts, ..Batch::default() }).await;
    assert_eq!(
        known(&dir).await,
        [
            (HOST.to_owned(), Some("12 rules\u{fffd}".to_owned()), 2),
            ("b".to_owned(), Some("unreachable".to_owned()), 4),
            ("c".to_owned(), None, 0),
        ]
    );
    let pages: Vec<_> = sums(&dir, crawl).await.into_iter().map(|host| host.1).collect();
    assert_eq!(pages, [2, 0, 0]);
}

#[tokio::test]
async fn sitemaps_replace_those_of_the_same_url() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let failed = SitemapRow {
        state: RowState::Failed,
        status: None,
        urls: 0,
        sitemaps: 0,
        depth: 3,
        error: Some("more than 50 MB\0".to_owned()),
        created_at_ms: AT + 1,
        ..sitemap("http://h/b.xml")
    };
    for sitemaps in [
        vec![sitemap("http://h/a.xml"), sitemap("http://h/b.xml")],
        vec![sitemap("http://h/b.xml"), failed],
    ] {
        store.commit(crawl, &Batch { sitemaps, ..Batch::default() }).await.unwrap();
    }
    let rows: Vec<serde_json::Value> = sqlx::query_scalar(
        "SELECT json_array(crawl_id, hex(url_hash), url, state, status, urls, sitemaps, \
         depth, error, created_at) FROM sitemaps ORDER BY url",
    )
    .fetch_all(&mut look_into(&dir).await)
    .await
    .unwrap();
    let hash = |url: &str| format!("{:032X}", u128::from_be_bytes(hash_of(url).0));
    let (a, b) = ("http://h/a.xml", "http://h/b.xml");
    let at = |ms: u32| format!("2026-11-01 12:00:00.{ms}");
    assert_eq!(
        rows,
        [
            serde_json::json!([crawl, hash(a), a, "ok", 200, 50, 2, 1, null, at(250)]),
            serde_json::json!([
                crawl,
                hash(b),
                b,
                "failed",
                null,
                0,
                0,
                3,
                "more than 50 MB\u{fffd}",
                at(251)
            ]),
        ]
    );
}

/// What a process that was killed leaves is all there: the files are copied while it is open.
#[tokio::test]
async fn hosts_and_revivals_outlive_a_kill() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let skipped =
        PageRow { state: RowState::Skipped, error: Some("excluded".to_owned()), ..page(crawl, 3) };
    let other = FrontierRow { host_id: host_id("other:1"), ..open_url(crawl, 2) };
    let batch = Batch {
        pages: vec![page(crawl, 1), skipped],
        discovered: vec![other.clone()],
        hosts: vec![HostRow { host: HOST.into(), robots: Some("r".to_owned()), incidents: 7 }],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let revived = store.skipped_because(crawl, "excluded", 0, 9).await.unwrap();
    let batch = Batch { revived: revived.clone(), ..Batch::default() };
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
    assert_eq!(frontier(&store, crawl).await, [other.clone(), revived[0].clone()]);
    assert_eq!(store.frontier_of_host(crawl, other.host_id, 0, 9).await.unwrap(), [other]);
    let mut hosts = store.open_hosts(crawl).await.unwrap();
    hosts.sort_by(|a, b| a.url.cmp(&b.url));
    let hosts: Vec<_> = hosts.into_iter().map(|host| (host.host_id, host.open)).collect();
    assert_eq!(hosts, [(host_id("other:1"), 1), (host_id(HOST), 1)]);
    assert_eq!(store.count_ok(crawl).await.unwrap(), 1);
    store.close().await;
    assert_eq!(known(&left).await, [(HOST.to_owned(), Some("r".to_owned()), 7)]);
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

#[tokio::test]
async fn who_links_to_this_404_is_one_query() {
    let (dir, store) = new().await;
    let crawl = store.create_crawl("{}").await.unwrap();
    let mut pages: Vec<_> = (1..=4).map(|seq| page(crawl, seq)).collect();
    pages[3].status = Some(404);
    let links = [(1, 2), (1, 4), (2, 4), (2, 4), (3, 1)];
    let links = links.map(|(from, to)| link(crawl, from, to)).to_vec();
    store.commit(crawl, &Batch { pages, links, ..Batch::default() }).await.unwrap();
    let linking: Vec<String> = sqlx::query_scalar(
        "SELECT page.url FROM scraped_pages gone \
         JOIN links ON links.to_id = gone.id AND links.crawl_id = gone.crawl_id \
         JOIN scraped_pages page ON page.id = links.from_id \
         WHERE gone.status = 404 ORDER BY page.id",
    )
    .fetch_all(&mut look_into(&dir).await)
    .await
    .unwrap();
    assert_eq!(linking, [url(1).to_string(), url(2).to_string()]);
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
    for (statement, tables) in [
        (read::FRONTIER_AFTER, vec!["frontier"]),
        (read::SEEN, vec!["scraped_pages", "frontier"]),
        (read::LAST_ID, vec!["scraped_pages", "frontier"]),
        (read::OPEN_COUNT, vec!["frontier"]),
        (read::CHANGES, vec!["changes"]),
        (read::CRAWL, vec!["crawls"]),
        (read::FRONTIER_OF_HOST, vec!["frontier"]),
        (read::OPEN_HOSTS, vec!["frontier", "first"]),
        (read::SKIPPED_BECAUSE, vec!["scraped_pages"]),
        (again::CRAWL, vec!["crawls"]),
        (again::PREVIOUS_PAGE, vec!["scraped_pages"]),
        (again::LINKS_OF, vec!["links", "scraped_pages"]),
        (again::COUNT_OK, vec!["hosts"]),
    ] {
        let plan = plan(&mut db, statement).await;
        for table in tables {
            let searched = ["INTEGER PRIMARY KEY", "PRIMARY KEY", "COVERING INDEX", "INDEX"]
                .iter()
                .any(|how| plan.contains(&format!("SEARCH {table} USING {how}")));
            assert!(searched, "{statement}: {plan}");
        }
        // The sums of the blocks are put together per host; no rows are sorted.
        if statement != read::OPEN_HOSTS {
            assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
        }
        for scan in plan.lines().filter(|step| step.contains("SCAN ")) {
            // What the steps before made, no table.
            let made = ["CONSTANT ROW", "block", "host", "(subquery-1)"];
            assert!(made.iter().any(|what| scan == format!("SCAN {what}")), "{plan}");
        }
    }
    for (statement, step) in [
        (
            read::FRONTIER_OF_HOST,
            "frontier USING INDEX frontier_by_host (<expr>=? AND host_id=? AND rowid>?)",
        ),
        (
            read::OPEN_HOSTS,
            "frontier USING COVERING INDEX frontier_by_host (<expr>>? AND <expr><?)",
        ),
        (
            read::OPEN_COUNT,
            "frontier USING COVERING INDEX frontier_by_host (<expr>>? AND <expr><?)",
        ),
        (
            read::SKIPPED_BECAUSE,
            "scraped_pages USING INDEX scraped_pages_skipped \
             (crawl_id=? AND error=? AND rowid>?)",
        ),
    ] {
        let plan = plan(&mut db, statement).await;
        assert!(plan.contains(&format!("SEARCH {step}")), "{statement}: {plan}");
    }
}
