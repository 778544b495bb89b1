//! Several crawls in one database: listed, and removed.

use super::*;

const TABLES: [&str; 7] =
    ["scraped_pages", "links", "frontier", "changes", "hosts", "sitemaps", "timeline"];

/// Something in every table.
fn everything(crawl: CrawlId, pages: u32) -> Batch {
    Batch {
        pages: (1..=pages).map(|seq| page(crawl, seq)).collect(),
        links: (1..=pages).flat_map(|n| [link(crawl, n, n + 1), link(crawl, n, n + 2)]).collect(),
        discovered: (pages + 1..=2 * pages).map(|seq| open_url(crawl, seq)).collect(),
        changes: vec![change(1, "one"), change(2, "two")],
        timeline: vec![timeline(1), timeline(2), timeline(3)],
        sitemaps: vec![sitemap("http://h/a.xml"), sitemap("http://h/b.xml")],
        hosts: vec![HostRow { host: "other:1".into(), robots: None, incidents: 1 }],
        totals: Some(format!("{{\"pages\":{pages}}}")),
        ..Batch::default()
    }
}

async fn count(store: &Db, table: &str, crawl: CrawlId) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE crawl_id = {crawl}");
    rows(store, &sql).await[0][0].as_int().unwrap()
}

/// Every crawl is there with what people ask for first.
pub(super) async fn crawls_are_listed(store: &Db) {
    assert!(store.crawls().await.unwrap().is_empty());
    let settings = r#"{"seeds":["http://me:secret@h/ä?b","http://h/2"],"permits":3}"#;
    let first = store.create_crawl(settings).await.unwrap();
    let second = store.create_crawl("{}").await.unwrap();
    store.commit(first, &everything(first, 5)).await.unwrap();
    store.set_state(second, CrawlState::Failed).await.unwrap();
    let other = store.another().await;
    let third = other.create_crawl("{}").await.unwrap();

    let crawls = store.crawls().await.unwrap();
    let ids: Vec<_> = crawls.iter().map(|crawl| crawl.id).collect();
    assert_eq!(ids, [first, second, third]);
    let states: Vec<_> = crawls.iter().map(|crawl| crawl.state.as_str()).collect();
    assert_eq!(states, ["running", "failed", "running"]);
    assert_eq!(crawls[0].seeds, ["http://***@h/%C3%A4?b", "http://h/2"]);
    assert_eq!(crawls.iter().map(|crawl| crawl.open).collect::<Vec<_>>(), [5, 0, 0]);
    assert_eq!(json(crawls[0].totals.as_deref().unwrap()), json!({"pages": 5}));
    assert_eq!(crawls[1].totals, None);
    assert!(crawls[1].held_by.is_none());
    for held in [&crawls[0].held_by, &crawls[2].held_by] {
        assert_eq!(held.as_ref().unwrap().pid, std::process::id());
    }
    for crawl in &crawls {
        for at in [&crawl.created_at, &crawl.updated_at] {
            let at: jiff::Timestamp = at.parse().unwrap();
            assert!(at.duration_until(jiff::Timestamp::now()).as_hours().abs() < 1, "{at}");
        }
    }
    // Dead owners hold nothing.
    other.close().await;
    assert!(store.crawls().await.unwrap()[2].held_by.is_none());
    store.place.execute("UPDATE crawls SET beat_at = '2020-01-01 00:00:00.000'").await;
    let silent = store.another().await;
    assert!(silent.crawls().await.unwrap().iter().all(|crawl| crawl.held_by.is_none()));
    silent.close().await;
}

/// Nothing of it is left, and nothing of another crawl is missing.
pub(super) async fn a_crawl_is_removed_with_all_its_rows(store: &Db) {
    let crawls = [
        store.create_crawl("{}").await.unwrap(),
        store.create_crawl("{}").await.unwrap(),
        store.create_crawl("{}").await.unwrap(),
    ];
    for crawl in crawls {
        store.commit(crawl, &everything(crawl, 700)).await.unwrap();
    }
    let before: Vec<_> = {
        let mut counts = Vec::new();
        for table in TABLES {
            counts.push(count(store, table, crawls[1]).await);
        }
        counts
    };
    assert_eq!(before, [700, 1400, 700, 2, 2, 2, 3]);
    // Its own row as well.
    assert_eq!(store.remove(crawls[1]).await.unwrap(), before.iter().sum::<i64>() as u64 + 1);
    for table in TABLES {
        assert_eq!(count(store, table, crawls[1]).await, 0, "{table}");
    }
    for (crawl, n) in [(crawls[0], 0), (crawls[2], 1)] {
        for (table, rows) in TABLES.into_iter().zip(&before) {
            assert_eq!(count(store, table, crawl).await, *rows, "{table}");
        }
        assert_eq!(store.crawls().await.unwrap()[n].id, crawl);
        assert_eq!(seen(store, crawl).await.len(), 1400);
    }
    for error in [
        store.remove(crawls[1]).await.unwrap_err(),
        store.open_crawl(Some(crawls[1])).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoSuchCrawl { .. }), "{error}");
    }
    // Not even the highest number is given out again.
    store.remove(crawls[2]).await.unwrap();
    assert!(store.create_crawl("{}").await.unwrap() > crawls[2]);
}

/// The owner of a crawl keeps it.
pub(super) async fn a_running_crawl_is_not_removed(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    store.commit(crawl, &everything(crawl, 3)).await.unwrap();
    let other = store.another().await;
    let error = other.remove(crawl).await.unwrap_err();
    assert!(matches!(error, StoreError::Held { .. }), "{error}");
    assert_eq!(count(store, "scraped_pages", crawl).await, 3);
    store.commit(crawl, &everything(crawl, 4)).await.unwrap();
    store.set_state(crawl, CrawlState::Complete).await.unwrap();
    assert!(other.remove(crawl).await.unwrap() > 10);
    other.close().await;
}

/// Broken off in the middle, a removal leaves nothing that looks like a crawl.
pub(super) async fn half_removed_crawls_can_only_be_removed(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    store.commit(crawl, &everything(crawl, 3)).await.unwrap();
    store.set_state(crawl, CrawlState::Removing).await.unwrap();
    store.place.execute("DELETE FROM links").await;
    let error = store.open_crawl(None).await.unwrap_err();
    assert!(matches!(error, StoreError::NoUnfinishedCrawl { .. }), "{error}");
    let error = store.open_crawl(Some(crawl)).await.unwrap_err();
    assert!(matches!(error, StoreError::HalfRemoved { .. }), "{error}");
    assert!(error.to_string().contains(&format!("{crawl}")), "{error}");
    let error = store.complete_crawl(Some(crawl)).await.unwrap_err();
    assert!(matches!(error, StoreError::CrawlIncomplete { .. }), "{error}");
    assert_eq!(store.crawls().await.unwrap()[0].state, "removing");
    store.remove(crawl).await.unwrap();
    assert!(store.crawls().await.unwrap().is_empty());
}
