//! Saving, and going on from what was saved.

use super::*;

/// A crawl is created, saved, stopped, and resumes where it was.
pub(super) async fn resumes_where_it_was(store: &Db) {
    assert!(matches!(
        store.open_crawl(None).await.unwrap_err(),
        StoreError::NoUnfinishedCrawl { .. }
    ));
    let crawl = store.create_crawl(r#"{"permits":10}"#).await.unwrap();
    let fresh = store.open_crawl(None).await.unwrap();
    assert_eq!((fresh.id, fresh.next_seq, fresh.open), (crawl, 1, 0));
    assert_eq!((json(&fresh.settings), fresh.totals), (json!({"permits": 10}), None));

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
    assert_eq!(json(&again.settings), json!({"permits": 16}));
    assert_eq!(json(&again.totals.unwrap()), json!({"pages": 1}));
    assert_eq!(again.changes.len(), 1);
    assert_eq!(json(&again.changes[0]), json(&batch.changes[0].entry));
    assert_eq!(frontier(store, crawl).await, batch.discovered);

    // Later batches leave alone what they do not mention; the highest number may be a page's.
    let last = Batch {
        pages: (2..=12).map(|seq| page(crawl, seq)).collect(),
        totals: Some(r#"{"pages":12}"#.to_owned()),
        ..Batch::default()
    };
    store.commit(crawl, &last).await.unwrap();
    let again = store.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((again.next_seq, again.open), (13, 0));
    assert_eq!(json(&again.settings), json!({"permits": 16}));

    store.set_state(crawl, CrawlState::Complete).await.unwrap();
    let error = store.open_crawl(None).await.unwrap_err();
    assert!(matches!(error, StoreError::NoUnfinishedCrawl { .. }), "{error}");
    let error = store.open_crawl(Some(crawl)).await.unwrap_err();
    assert!(matches!(error, StoreError::CrawlComplete { .. }), "{error}");
}

/// The newest unfinished crawl is found, whatever lies around it.
pub(super) async fn finds_the_newest_unfinished(store: &Db) {
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
    assert!(seen(store, 99).await.is_empty());
}

/// A batch that fails half-way leaves nothing behind, and the next one goes through.
pub(super) async fn batches_are_atomic(store: &Db) {
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
    assert_eq!(seen(store, crawl).await.len(), 2);
    assert_eq!(frontier(store, crawl).await, [open_url(crawl, 2)]);

    bad.pages.pop();
    store.commit(crawl, &bad).await.unwrap();
    let after = store.open_crawl(Some(crawl)).await.unwrap();
    assert_eq!((after.next_seq, after.open), (701, 1));
}

/// Saving a page again replaces its row.
pub(super) async fn pages_are_never_doubled(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    for state in [PageState::Failed, PageState::Ok] {
        let pages = (1..=700).map(|seq| PageRow { state, ..page(crawl, seq) }).collect();
        let links = (2..=700).map(|seq| link(crawl, 1, seq)).collect();
        store.commit(crawl, &Batch { pages, links, ..Batch::default() }).await.unwrap();
    }
    // And twice in one batch.
    let twice = vec![page(crawl, 701), page(crawl, 701)];
    store.commit(crawl, &Batch { pages: twice, ..Batch::default() }).await.unwrap();
    assert_eq!(seen(store, crawl).await.len(), 701);
}

/// A URL found and done in one batch is done, not open.
pub(super) async fn found_and_done_at_once(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let batch = Batch {
        pages: vec![page(crawl, 1), page(crawl, 3)],
        discovered: (1..=4).map(|seq| open_url(crawl, seq)).collect(),
        postponed: vec![postponed(crawl, 3, 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    assert_eq!(frontier(store, crawl).await, [open_url(crawl, 2), open_url(crawl, 4)]);
    assert_eq!(seen(store, crawl).await.len(), 4);
}

/// The frontier is read in order, in portions, and never from another crawl.
pub(super) async fn frontier_in_portions(store: &Db) {
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
pub(super) async fn sees_every_url_once(store: &Db) {
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
    let all = seen(store, crawl).await;
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

/// A postponed URL keeps its place, with its new time and counts.
pub(super) async fn postpones(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let batch = Batch {
        discovered: (1..=3).map(|seq| open_url(crawl, seq)).collect(),
        postponed: vec![postponed(crawl, 3, 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let batch = Batch {
        postponed: vec![postponed(crawl, 1, 2, AT + 1), postponed(crawl, 77, 1, AT)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let expected = [
        FrontierRow { attempts: 2, resent: 6, not_before_ms: AT + 1, ..open_url(crawl, 1) },
        open_url(crawl, 2),
        FrontierRow { attempts: 1, resent: 5, not_before_ms: AT, ..open_url(crawl, 3) },
    ];
    assert_eq!(frontier(store, crawl).await, expected);
}

/// A journal entry with a known number replaces the old one; order is by number.
pub(super) async fn journal_entries_replace(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    for changes in [
        vec![change(10, "ten"), change(2, "two")],
        vec![change(2, "two, longer"), change(11, "eleven")],
    ] {
        store.commit(crawl, &Batch { changes, ..Batch::default() }).await.unwrap();
    }
    let entries = store.open_crawl(None).await.unwrap().changes;
    let expected = [change(2, "two, longer"), change(10, "ten"), change(11, "eleven")];
    let entries: Vec<_> = entries.iter().map(|entry| json(entry)).collect();
    assert_eq!(entries, expected.map(|change| json(&change.entry)));
}

/// Any field of a batch is enough to have it written, and a crawl that is not there is refused.
pub(super) async fn sitemaps_and_hosts_alone_are_a_batch(store: &Db) {
    let host = HostRow { host: HOST.into(), robots: None, incidents: 0 };
    for batch in [
        Batch { sitemaps: vec![sitemap("http://h/sitemap.xml")], ..Batch::default() },
        Batch { hosts: vec![host], ..Batch::default() },
        Batch { restored: vec![open_url(99, 1)], ..Batch::default() },
        Batch { timeline: vec![timeline(1)], ..Batch::default() },
    ] {
        let error = store.commit(99, &batch).await.unwrap_err();
        assert!(matches!(error, StoreError::NoSuchCrawl { crawl: 99, .. }), "{error}");
    }
    assert!(frontier(store, 99).await.is_empty());
}

/// A database on this machine knows how much room there is for it; another need not.
pub(super) async fn there_is_room(store: &Db) {
    assert!(store.free_space().is_none_or(|bytes| bytes > 0));
}

/// A batch with nothing in it is no work, and closing twice does no harm.
pub(super) async fn nothing_is_fine(store: &Db) {
    store.commit(1, &Batch::default()).await.unwrap();
    assert!(!store.describe().is_empty());
    store.close().await;
    store.close().await;
}

/// Members of the patch take the place of the stored ones as a whole; null takes one away.
pub(super) async fn settings_are_patched(store: &Db) {
    let stored = json!({
        "seeds": ["http://h/\u{1f980}'\"\\"], "permits": 10, "rate": null,
        "hosts": {"a": {"held": true}}, "gone": 1,
    });
    let crawl = store.create_crawl(&stored.to_string()).await.unwrap();
    let patch = json!({
        "permits": 16, "hosts": {"b": {"skipped": true, "per_host": null}}, "gone": null,
        "new": [1, {"x": null}],
    });
    let batch = Batch { settings: Some(patch.to_string()), ..Batch::default() };
    for _ in 0..2 {
        store.commit(crawl, &batch).await.unwrap();
    }
    let kept = json(&store.open_crawl(Some(crawl)).await.unwrap().settings);
    // Whether a null inside a member stays is all the same: it reads as a member that is missing.
    assert_eq!(kept["seeds"], stored["seeds"]);
    assert_eq!((&kept["permits"], &kept["gone"]), (&json!(16), &json!(null)));
    assert!(kept.as_object().unwrap().get("gone").is_none());
    assert_eq!(kept["hosts"].as_object().unwrap().len(), 1);
    assert_eq!(kept["hosts"]["b"]["skipped"], json!(true));
    assert_eq!(kept["new"][0], json!(1));
}

/// Closed and opened again, all is there; what was opened first does not matter.
pub(super) async fn what_was_saved_is_there_after_reopening(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let batch = Batch { discovered: vec![open_url(crawl, 1)], ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap();
    store.close().await;
    let store = store.another().await;
    assert_eq!(store.open_crawl(None).await.unwrap().open, 1);
    assert_eq!(frontier(&store, crawl).await, [open_url(crawl, 1)]);
    store.close().await;
}
