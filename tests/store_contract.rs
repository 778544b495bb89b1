//! What every database promises the crawl, as functions over `Arc<dyn Store>`.
//!
//! A further database is added by opening it in a module of its own, as `sqlite` does below.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use std::collections::HashMap;
use std::sync::Arc;

use crawldeck::store::{
    Batch, ChangeRow, Content, CrawlId, CrawlState, FrontierRow, HostRow, OpenHost, PageChange,
    PageRow, PreviousPage, RowState, SitemapRow, Store, StoreError, host_id, page_id,
};
use crawldeck::web::url::UrlHash;

#[path = "store_contract/again.rs"]
mod again;
#[path = "store_contract/by_host.rs"]
mod by_host;

use again::*;
use by_host::*;

/// The host of all URLs here, unless said otherwise.
const HOST: &str = "127.0.0.1:8700";

/// 2026-11-01 12:00:00.250.
const AT: i64 = 1_793_534_400_250;

fn hash_of(url: &str) -> UrlHash {
    UrlHash(xxhash_rust::xxh3::xxh3_128(url.as_bytes()).to_be_bytes())
}

fn url(seq: u32) -> Arc<str> {
    format!("http://127.0.0.1:8700/page/{seq}").into()
}

fn open_url(crawl: CrawlId, seq: u32) -> FrontierRow {
    FrontierRow {
        id: page_id(crawl, seq),
        url: url(seq),
        url_hash: hash_of(&url(seq)),
        depth: seq % 7,
        attempts: 0,
        not_before_ms: 0,
        found_on: (seq > 1).then(|| page_id(crawl, 1)),
        host_id: host_id(HOST),
        lastmod_ms: (seq % 2 == 0).then_some(AT - 1000),
    }
}

fn page(crawl: CrawlId, seq: u32) -> PageRow {
    PageRow {
        id: page_id(crawl, seq),
        url: url(seq),
        url_hash: hash_of(&url(seq)),
        host: HOST.into(),
        state: RowState::Ok,
        status: Some(200),
        content_length: 1000,
        content_type: Some("text/html".to_owned()),
        title: Some(format!("Page {seq}")),
        depth: 1,
        elapsed_ms: 12,
        attempts: 1,
        final_url: None,
        redirects: None,
        error: None,
        found_on: None,
        links_found: 3,
        created_at_ms: AT,
        content: None,
        lastmod_ms: None,
        change: None,
    }
}

fn change(seq: u64, what: &str) -> ChangeRow {
    let entry = format!("{{\"seq\":{seq},\"what\":\"{what}\"}}");
    ChangeRow { seq, at_ms: AT, by: "user", what: what.to_owned(), entry }
}

fn sitemap(url: &str) -> SitemapRow {
    SitemapRow {
        url: url.into(),
        url_hash: hash_of(url),
        state: RowState::Ok,
        status: Some(200),
        urls: 50,
        sitemaps: 2,
        depth: 1,
        error: None,
        created_at_ms: AT,
    }
}

async fn frontier(store: &Arc<dyn Store>, crawl: CrawlId) -> Vec<FrontierRow> {
    store.frontier_after(crawl, 0, u32::MAX).await.unwrap()
}

async fn seen(store: &Arc<dyn Store>, crawl: CrawlId) -> HashMap<UrlHash, i64> {
    let mut all = HashMap::new();
    let mut sink = |chunk: &[(UrlHash, i64)]| {
        assert!(chunk.len() <= 10_000);
        for &(hash, id) in chunk {
            assert!(all.insert(hash, id).is_none(), "{id} came twice");
        }
        true
    };
    store.seen(crawl, &mut sink).await.unwrap();
    all
}

/// A crawl is created, saved, stopped, and goes on from where it was.
async fn resumes_where_it_was(store: Arc<dyn Store>) {
    assert!(matches!(
        store.open_crawl(None).await.unwrap_err(),
        StoreError::NoUnfinishedCrawl { .. }
    ));
    let crawl = store.create_crawl(r#"{"permits":10}"#).await.unwrap();
    let fresh = store.open_crawl(None).await.unwrap();
    assert_eq!((fresh.id, fresh.next_seq, fresh.open), (crawl, 1, 0));
    assert_eq!((fresh.settings.as_str(), fresh.totals), (r#"{"permits":10}"#, None));

    let batch = Batch {
        pages: vec![page(crawl, 1)],
        links: vec![(page_id(crawl, 1), page_id(crawl, 2))],
        discovered: (2..=9).map(|seq| open_url(crawl, seq)).collect(),
        changes: vec![change(1, "permits 10 → 16")],
        totals: Some(r#"{"pages":1}"#.to_owned()),
        settings: Some(r#"{"permits":16}"#.to_owned()),
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    store.set_state(crawl, CrawlState::Stopped).await.unwrap();

    let again = store.open_crawl(None).await.unwrap();
    assert_eq!((again.id, again.next_seq, again.open), (crawl, 10, 8));
    assert_eq!(again.settings, r#"{"permits":16}"#);
    assert_eq!(again.totals.as_deref(), Some(r#"{"pages":1}"#));
    assert_eq!(again.changes, [batch.changes[0].entry.clone()]);
    assert_eq!(frontier(&store, crawl).await, batch.discovered);

    // Later batches leave alone what they do not mention; the highest number may be a page's.
    let last = Batch {
        pages: (2..=12).map(|seq| page(crawl, seq)).collect(),
        totals: Some(r#"{"pages":12}"#.to_owned()),
        ..Batch::default()
    };
    store.commit(crawl, &last).await.unwrap();
    let again = store.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((again.next_seq, again.open), (13, 0));
    assert_eq!(again.settings, r#"{"permits":16}"#);

    store.set_state(crawl, CrawlState::Complete).await.unwrap();
    let error = store.open_crawl(None).await.unwrap_err();
    assert!(matches!(error, StoreError::NoUnfinishedCrawl { .. }), "{error}");
    let error = store.open_crawl(Some(crawl)).await.unwrap_err();
    assert!(matches!(error, StoreError::CrawlComplete { .. }), "{error}");
}

/// The newest unfinished crawl is found, whatever lies around it.
async fn finds_the_newest_unfinished(store: Arc<dyn Store>) {
    let mut crawls = Vec::new();
    for state in
        [CrawlState::Stopped, CrawlState::Running, CrawlState::Complete, CrawlState::Failed]
    {
        let crawl = store.create_crawl("{}").await.unwrap();
        store.set_state(crawl, state).await.unwrap();
        crawls.push(crawl);
    }
    assert_eq!(store.open_crawl(None).await.unwrap().id, crawls[1]);
    assert_eq!(store.open_crawl(Some(crawls[0])).await.unwrap().id, crawls[0]);
    for error in [
        store.open_crawl(Some(99)).await.unwrap_err(),
        store.set_state(99, CrawlState::Stopped).await.unwrap_err(),
        store
            .commit(99, &Batch { pages: vec![page(99, 1)], ..Batch::default() })
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoSuchCrawl { crawl: 99, .. }), "{error}");
    }
    assert!(seen(&store, 99).await.is_empty());
}

/// A batch that fails half-way leaves nothing behind, and the next one goes through.
async fn batches_are_atomic(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    store
        .commit(
            crawl,
            &Batch {
                pages: vec![page(crawl, 1)],
                discovered: vec![open_url(crawl, 2)],
                ..Batch::default()
            },
        )
        .await
        .unwrap();
    // The id of page 1 with another URL: no database takes that, and it comes last of 600.
    let mut bad = Batch {
        pages: (2..600).map(|seq| page(crawl, seq)).collect(),
        links: vec![(page_id(crawl, 2), page_id(crawl, 3))],
        discovered: vec![open_url(crawl, 700)],
        changes: vec![change(1, "permits 1 → 2")],
        totals: Some("{}".to_owned()),
        ..Batch::default()
    };
    bad.pages.push(PageRow { id: page_id(crawl, 1), ..page(crawl, 650) });
    store.commit(crawl, &bad).await.unwrap_err();

    let after = store.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((after.next_seq, after.open, after.totals), (3, 1, None));
    assert!(after.changes.is_empty());
    assert_eq!(seen(&store, crawl).await.len(), 2);
    assert_eq!(frontier(&store, crawl).await, [open_url(crawl, 2)]);

    bad.pages.pop();
    store.commit(crawl, &bad).await.unwrap();
    let after = store.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((after.next_seq, after.open), (701, 1));
}

/// Saving a page again replaces its row.
async fn pages_are_never_doubled(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    for state in [RowState::Failed, RowState::Ok] {
        let pages = (1..=700).map(|seq| PageRow { state, ..page(crawl, seq) }).collect();
        let links = (2..=700).map(|seq| (page_id(crawl, 1), page_id(crawl, seq))).collect();
        store.commit(crawl, &Batch { pages, links, ..Batch::default() }).await.unwrap();
    }
    // And twice in one batch.
    let twice = vec![page(crawl, 701), page(crawl, 701)];
    store.commit(crawl, &Batch { pages: twice, ..Batch::default() }).await.unwrap();
    assert_eq!(seen(&store, crawl).await.len(), 701);
}

/// A URL found and done in one batch is done, not open.
async fn found_and_done_at_once(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let batch = Batch {
        pages: vec![page(crawl, 1), page(crawl, 3)],
        discovered: (1..=4).map(|seq| open_url(crawl, seq)).collect(),
        postponed: vec![(page_id(crawl, 3), 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    assert_eq!(frontier(&store, crawl).await, [open_url(crawl, 2), open_url(crawl, 4)]);
    assert_eq!(seen(&store, crawl).await.len(), 4);
}

/// The frontier is read in order, in portions, and never from another crawl.
async fn frontier_in_portions(store: Arc<dyn Store>) {
    let crawls = [
        store.create_crawl("{}").await.unwrap(),
        store.create_crawl("{}").await.unwrap(),
        store.create_crawl("{}").await.unwrap(),
    ];
    for crawl in crawls {
        // Backwards, and with the lowest and highest number there is.
        let discovered = [u32::MAX, 1500, 1000, 3, 2, 1, 0].map(|seq| open_url(crawl, seq));
        let batch = Batch { discovered: discovered.into(), ..Batch::default() };
        store.commit(crawl, &batch).await.unwrap();
    }
    let seqs = async |after, limit| {
        let rows = store.frontier_after(crawls[1], after, limit).await.unwrap();
        rows.iter()
            .map(|row| {
                assert_eq!(row.id >> 32, crawls[1]);
                (row.id & 0xffff_ffff) as u32
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 100).await, [0, 1, 2, 3, 1000, 1500, u32::MAX]);
    assert_eq!(seqs(0, 2).await, [0, 1]);
    assert_eq!(seqs(page_id(crawls[1], 1), 3).await, [2, 3, 1000]);
    assert_eq!(seqs(page_id(crawls[1], 1500), 9).await, [u32::MAX]);
    assert!(seqs(page_id(crawls[1], u32::MAX), 9).await.is_empty());
    assert!(seqs(page_id(crawls[2], 1), 9).await.is_empty());
    assert_eq!(store.open_crawl(Some(crawls[0])).await.unwrap().open, 7);

    // Done in one crawl is not done in the other.
    let batch = Batch { pages: vec![page(crawls[0], 1000)], ..Batch::default() };
    store.commit(crawls[0], &batch).await.unwrap();
    assert_eq!(seqs(0, 100).await.len(), 7);
}

/// Every known URL once, open or done, in chunks; and the sink can stop it.
async fn sees_every_url_once(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    for crawl in [crawl, other] {
        let batch = Batch {
            pages: (1..=11_000).map(|seq| page(crawl, seq)).collect(),
            discovered: (10_990..=12_500).map(|seq| open_url(crawl, seq)).collect(),
            ..Batch::default()
        };
        store.commit(crawl, &batch).await.unwrap();
    }
    let all = seen(&store, crawl).await;
    assert_eq!(all.len(), 12_500);
    assert!((1..=12_500).all(|seq| all[&hash_of(&url(seq))] == page_id(crawl, seq)));

    let mut chunks = 0;
    let mut sink = |_: &[(UrlHash, i64)]| {
        chunks += 1;
        false
    };
    store.seen(crawl, &mut sink).await.unwrap();
    assert_eq!(chunks, 1);
}

/// A postponed URL keeps its place, with its new time and count.
async fn postpones(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let batch = Batch {
        discovered: (1..=3).map(|seq| open_url(crawl, seq)).collect(),
        postponed: vec![(page_id(crawl, 3), 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let batch = Batch {
        postponed: vec![(page_id(crawl, 1), 2, AT + 1), (page_id(crawl, 77), 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let expected = [
        FrontierRow { attempts: 2, not_before_ms: AT + 1, ..open_url(crawl, 1) },
        open_url(crawl, 2),
        FrontierRow { attempts: 1, not_before_ms: AT, ..open_url(crawl, 3) },
    ];
    assert_eq!(frontier(&store, crawl).await, expected);
}

/// A journal entry with a known number replaces the old one; order is by number.
async fn journal_entries_replace(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    for changes in [
        vec![change(10, "ten"), change(2, "two")],
        vec![change(2, "two, longer"), change(11, "eleven")],
    ] {
        store.commit(crawl, &Batch { changes, ..Batch::default() }).await.unwrap();
    }
    let entries = store.open_crawl(None).await.unwrap().changes;
    let expected =
        [change(2, "two, longer"), change(10, "ten"), change(11, "eleven")].map(|c| c.entry);
    assert_eq!(entries, expected);
}

/// URLs come back as they were, however odd; only NUL is replaced.
async fn odd_text_survives(store: Arc<dyn Store>) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let urls = [
        "http://h/a".to_owned(),
        "http://h/A".to_owned(),
        "http://h/a ".to_owned(),
        "http://h/ä".to_owned(),
        "http://h/a\u{308}".to_owned(),
        "http://h/🦀𝒳'\"\\%_?".to_owned(),
        format!("http://h/{}", "🦀".repeat(25_000)),
    ];
    let discovered: Vec<_> = (1..)
        .zip(&urls)
        .map(|(seq, url)| FrontierRow {
            url: url.as_str().into(),
            url_hash: hash_of(url),
            ..open_url(crawl, seq)
        })
        .collect();
    let batch = Batch { discovered: discovered.clone(), ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap();
    assert_eq!(frontier(&store, crawl).await, discovered);

    let pages = (1..)
        .zip(&urls)
        .map(|(seq, url)| PageRow {
            url: url.as_str().into(),
            url_hash: hash_of(url),
            title: Some("nul \0 🦀".to_owned()),
            error: Some("\0".to_owned()),
            final_url: Some(url.clone()),
            content_length: i64::MAX as u64 / 100,
            ..page(crawl, seq)
        })
        .collect();
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    assert!(frontier(&store, crawl).await.is_empty());
    assert_eq!(seen(&store, crawl).await.len(), urls.len());
}

/// Any field of a batch is enough to have it written, and a crawl that is not there is refused.
async fn sitemaps_and_hosts_alone_are_a_batch(store: Arc<dyn Store>) {
    let host = HostRow { host: HOST.into(), robots: None, incidents: 0 };
    for batch in [
        Batch { sitemaps: vec![sitemap("http://h/sitemap.xml")], ..Batch::default() },
        Batch { hosts: vec![host], ..Batch::default() },
        Batch { revived: vec![open_url(99, 1)], ..Batch::default() },
    ] {
        let error = store.commit(99, &batch).await.unwrap_err();
        assert!(matches!(error, StoreError::NoSuchCrawl { crawl: 99, .. }), "{error}");
    }
    assert!(frontier(&store, 99).await.is_empty());
}

/// A database on this machine knows how much room there is for it; another need not.
async fn there_is_room(store: Arc<dyn Store>) {
    assert!(store.free_space().is_none_or(|bytes| bytes > 0));
}

/// A batch with nothing in it is no work, and closing twice does no harm.
async fn nothing_is_fine(store: Arc<dyn Store>) {
    store.commit(1, &Batch::default()).await.unwrap();
    assert!(!store.describe().is_empty());
    store.close().await;
    store.close().await;
}

mod sqlite {
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
        let skipped = PageRow {
            state: RowState::Skipped,
            error: Some("excluded".to_owned()),
            ..page(crawl, 3)
        };
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
        let links = links.map(|(from, to)| (page_id(crawl, from), page_id(crawl, to))).to_vec();
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
}
