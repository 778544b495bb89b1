//! What every database promises the crawl, as functions over `Arc<dyn Store>`.
//!
//! A further database is added by opening it in a module of its own, as `sqlite` does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use std::collections::HashMap;
use std::sync::Arc;

use crawldeck::store::{
    Batch, ChangeRow, Columns, Content, CrawlId, CrawlState, FrontierRow, HostRow, LinkRow,
    OpenHost, PageChange, PageRow, PreviousPage, RowState, SitemapRow, Store, StoreError, Value,
    host_id, page_id,
};
use crawldeck::web::url::UrlHash;

#[path = "store_contract/again.rs"]
mod again;
#[path = "store_contract/by_host.rs"]
mod by_host;
#[path = "store_contract/look.rs"]
mod look;
#[path = "store_contract/migrated.rs"]
mod migrated;
#[path = "store_contract/sqlite.rs"]
mod sqlite;

use again::*;
use by_host::*;
use look::*;

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
        lastmod_ms: seq.is_multiple_of(2).then_some(AT - 1000),
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

fn link(crawl: CrawlId, from: u32, to: u32) -> LinkRow {
    let anchor = Some(format!("from {from} to {to}").into());
    LinkRow { from: page_id(crawl, from), to: page_id(crawl, to), anchor }
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
        links: vec![link(crawl, 1, 2)],
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
        links: vec![link(crawl, 2, 3)],
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
        let links = (2..=700).map(|seq| link(crawl, 1, seq)).collect();
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
