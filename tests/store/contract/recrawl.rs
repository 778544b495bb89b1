//! What an earlier crawl left, for a crawl that looks at it again.

use super::*;

/// Only a complete crawl can be recrawled; else one clear line says what to do.
pub(super) async fn only_complete_crawls_are_recrawled(store: &Db) {
    let none = store.complete_crawl(None).await.unwrap_err();
    assert!(matches!(none, StoreError::NoCompleteCrawl { .. }), "{none}");
    let states = [
        CrawlState::Complete,
        CrawlState::Complete,
        CrawlState::Stopped,
        CrawlState::Failed,
        CrawlState::Running,
    ];
    let mut crawls = Vec::new();
    for n in 0..states.len() {
        crawls.push(store.create_crawl(&format!("{{\"permits\":{n}}}")).await.unwrap());
    }
    let still_none = store.complete_crawl(None).await.unwrap_err();
    assert!(matches!(still_none, StoreError::NoCompleteCrawl { .. }), "{still_none}");
    for (&crawl, state) in crawls.iter().zip(states) {
        store.set_state(crawl, state).await.unwrap();
    }

    let complete = async |crawl| store.complete_crawl(crawl).await;
    for (named, n) in [(None, 1), (Some(crawls[0]), 0)] {
        let (crawl, settings) = complete(named).await.unwrap();
        assert_eq!((crawl, json(&settings)), (crawls[n], json!({ "permits": n })));
    }
    for &crawl in &crawls[2..] {
        let error = complete(Some(crawl)).await.unwrap_err();
        assert!(
            matches!(error, StoreError::CrawlIncomplete { crawl: named, .. } if named == crawl),
            "{error}"
        );
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let unknown = complete(Some(99)).await.unwrap_err();
    assert!(matches!(unknown, StoreError::NoSuchCrawl { crawl: 99, .. }), "{unknown}");
    assert!(none.to_string().contains("no complete crawl to look at again: "), "{none}");
    assert_eq!(none.to_string().lines().count(), 1);

    // Looking changes nothing: the newest unfinished one is what it was.
    assert_eq!(store.open_crawl(None).await.unwrap().id, crawls[4]);
}

/// A page is found by its URL, with all that a conditional request and a comparison need.
pub(super) async fn pages_as_they_were(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    let content = Content {
        etag: Some("W/\"a'b\"".to_owned()),
        last_modified: Some("Sun, 01 Nov 2026 12:00:00 GMT".to_owned()),
        body_hash: Some(*b"\0\x01\xff hash of body"),
        canonical: Some("http://h/ä?b=🦀".to_owned()),
        not_parsed: Some("text/html, with a broken charset".to_owned()),
    };
    let whole = PageRow {
        final_url: Some("http://h/x".to_owned()),
        content: Some(Box::new(content.clone())),
        change: Some(PageChange::Changed),
        ..page(crawl, 1)
    };
    let bare = PageRow {
        state: PageState::Failed,
        status: None,
        content_length: 0,
        content_type: None,
        title: None,
        links_found: 0,
        ..page(crawl, 2)
    };
    let half = Content { etag: Some(String::new()), ..Content::default() };
    let skipped = PageRow {
        state: PageState::Skipped,
        content: Some(Box::new(half.clone())),
        ..page(crawl, 3)
    };
    let batch = Batch {
        pages: vec![whole, bare, skipped],
        discovered: vec![open_url(crawl, 4)],
        links: vec![link(crawl, 3, 4)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    // The other crawl's page of the same number has its link.
    let links = vec![link(other, 1, 4)];
    store.commit(other, &Batch { links, ..Batch::default() }).await.unwrap();

    let previous = async |seq| store.previous_page(crawl, hash_of(&url(seq))).await.unwrap();
    let first = PreviousPage {
        id: page_id(crawl, 1),
        state: PageState::Ok,
        status: Some(200),
        content_length: 1000,
        content_type: Some("text/html".to_owned()),
        title: Some("Page 1".to_owned()),
        final_url: Some("http://h/x".to_owned()),
        content,
        links_missing: true,
    };
    assert_eq!(previous(1).await.as_ref(), Some(&first));
    let second = PreviousPage {
        id: page_id(crawl, 2),
        state: PageState::Failed,
        status: None,
        content_length: 0,
        content_type: None,
        title: None,
        final_url: None,
        content: Content::default(),
        links_missing: false,
    };
    assert_eq!(previous(2).await, Some(second));
    let third = previous(3).await.unwrap();
    assert_eq!((third.state, third.content), (PageState::Skipped, half));
    assert!(!third.links_missing, "one is stored");

    // Open, unknown, and of another crawl.
    for seq in [4, 5] {
        assert_eq!(previous(seq).await, None);
    }
    for crawl in [other, 99] {
        assert_eq!(store.previous_page(crawl, hash_of(&url(1))).await.unwrap(), None);
    }

    // Saved again, what is not known any more is not kept.
    store.commit(crawl, &Batch { pages: vec![page(crawl, 1)], ..Batch::default() }).await.unwrap();
    let again = PreviousPage { final_url: None, content: Content::default(), ..first };
    assert_eq!(previous(1).await, Some(again));
}

/// The links of a page come in order of their ids, as many as wanted.
pub(super) async fn links_of_a_page(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    for crawl in [crawl, other] {
        let links = [(1, 9), (1, 2), (1, 300), (2, 4), (1, 30), (1, 1), (1, 500)];
        let links = links.map(|(from, to)| link(crawl, from, to)).to_vec();
        let pages = (1..=300).map(|seq| page(crawl, seq)).collect();
        store.commit(crawl, &Batch { pages, links, ..Batch::default() }).await.unwrap();
    }
    let links = async |seq, limit| {
        let links = store.links_of(page_id(crawl, seq), limit).await.unwrap();
        for (link, to) in links.iter().zip([1, 2, 9, 30, 300]).filter(|_| seq == 1) {
            assert_eq!(link.anchor.as_deref(), Some(&*format!("from 1 to {to}")));
        }
        links.into_iter().map(|link| link.url).collect::<Vec<_>>()
    };
    // Number 500 was linked to, but is no page.
    assert_eq!(links(1, 100).await, [1, 2, 9, 30, 300].map(url));
    assert_eq!(links(1, 3).await, [1, 2, 9].map(url));
    assert_eq!(links(2, 100).await, [url(4)]);
    for (seq, limit) in [(1, 0), (3, 100), (700, 100), (u32::MAX, 100)] {
        assert!(links(seq, limit).await.is_empty(), "{seq}");
    }
    assert!(store.links_of(page_id(99, 1), 100).await.unwrap().is_empty());
}

/// Good pages are counted, whatever is saved again and whatever else is known of their hosts.
pub(super) async fn counts_good_pages(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    assert_eq!(store.count_ok(crawl).await.unwrap(), 0);
    let known = |host: &str, robots: Option<&str>| HostRow {
        host: host.into(),
        robots: robots.map(str::to_owned),
        incidents: 3,
    };
    let batch = Batch { hosts: vec![known(HOST, Some("none (404)"))], ..Batch::default() };
    store.commit(crawl, &batch).await.unwrap();
    assert_eq!(store.count_ok(crawl).await.unwrap(), 0);

    let mut pages: Vec<_> = (1..=10).map(|seq| page(crawl, seq)).collect();
    pages[0].state = PageState::Failed;
    pages[1].state = PageState::Skipped;
    pages[2].host = "other:1".into();
    let batch = Batch {
        pages,
        hosts: vec![known("other:1", None), known("third:1", None)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    assert_eq!(store.count_ok(crawl).await.unwrap(), 8);
    let pages = vec![
        page(crawl, 1),
        page(crawl, 4),
        PageRow { state: PageState::Failed, ..page(crawl, 5) },
        PageRow { state: PageState::Failed, ..page(crawl, 6) },
    ];
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    assert_eq!(store.count_ok(crawl).await.unwrap(), 7);
    for crawl in [store.create_crawl("{}").await.unwrap(), 99] {
        assert_eq!(store.count_ok(crawl).await.unwrap(), 0);
    }
}

/// Good pages come as the frontier rows that they were, in order, in portions, of one crawl alone.
pub(super) async fn good_pages_in_portions(store: &Db) {
    let crawls = [store.create_crawl("{}").await.unwrap(), store.create_crawl("{}").await.unwrap()];
    for crawl in crawls {
        let mut pages: Vec<_> = (1..=100).rev().map(|seq| page(crawl, seq)).collect();
        pages[0].state = PageState::Failed;
        pages[1].state = PageState::Skipped;
        pages.push(unlike_others(page(crawl, u32::MAX)));
        let discovered = vec![open_url(crawl, 500)];
        store.commit(crawl, &Batch { pages, discovered, ..Batch::default() }).await.unwrap();
    }
    for crawl in crawls {
        let read = async |after| store.ok_pages(crawl, after, 40).await;
        let (all, portions) = in_portions(read).await;
        assert_eq!(portions, [40, 40, 19]);
        let ids: Vec<_> = all.iter().map(|row| row.id).collect();
        let expected: Vec<_> = (1..=98).chain([u32::MAX]).map(|seq| page_id(crawl, seq)).collect();
        assert_eq!(ids, expected);
        assert_eq!(all[0], as_frontier_row(&page(crawl, 1)));
        assert_eq!(all[98], as_frontier_row(&unlike_others(page(crawl, u32::MAX))));
        assert!(store.ok_pages(crawl, 0, 0).await.unwrap().is_empty());
    }
    assert!(store.ok_pages(99, 0, 10).await.unwrap().is_empty());
}
