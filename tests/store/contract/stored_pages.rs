//! The pages of a crawl as viewers read them: newest found first, filtered, with the pages that link to one.

use crawldeck::store::{
    Between, FilteredPage, InboundLink, LINK_BLOCK, MAX_LINK_BLOCKS, PageFilter, StoredPage,
    StoredPages,
};

use super::*;

/// All ids of a crawl.
fn whole(crawl: CrawlId) -> Between {
    Between { above: page_id(crawl, 0), below: page_id(crawl + 1, 0) }
}

/// Numbers of the pages that pass a filter.
async fn passing(pages: &dyn StoredPages, crawl: CrawlId, typed: &str) -> Vec<u32> {
    let read = pages.pages(whole(crawl), &PageFilter::new(typed), 1000).await.unwrap();
    read.pages.iter().map(|page| crawldeck::model::ids::seq_of(page.id)).collect()
}

async fn commit(store: &Arc<dyn Store>, crawl: CrawlId, pages: Vec<PageRow>, links: Vec<LinkRow>) {
    store.commit(crawl, &Batch { pages, links, ..Batch::default() }).await.unwrap();
}

/// Every column that a viewer sees is what was saved.
pub(super) async fn a_stored_page_is_what_was_saved(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let row = PageRow {
        state: PageState::Failed,
        status: Some(503),
        title: Some("Täg".to_owned()),
        attempts: 3,
        resent: 2,
        depth: 9,
        elapsed_ms: 1234,
        final_url: Some("http://h/led".to_owned()),
        redirects: Some(r#"[{"url":"http://h/a","status":301}]"#.to_owned()),
        error: Some("503 Service Unavailable".to_owned()),
        found_on: Some(page_id(crawl, 1)),
        content: Some(Box::new(Content {
            not_parsed: Some("image/png".to_owned()),
            ..Content::default()
        })),
        ..page(crawl, 2)
    };
    let bare = PageRow {
        status: None,
        content_type: None,
        title: None,
        state: PageState::Skipped,
        ..page(crawl, 1)
    };
    commit(store, crawl, vec![row.clone(), bare.clone()], Vec::new()).await;
    let as_stored = |row: PageRow| StoredPage {
        id: row.id,
        url: row.url,
        state: row.state,
        status: row.status,
        content_length: row.content_length,
        content_type: row.content_type,
        title: row.title,
        depth: row.depth,
        elapsed_ms: row.elapsed_ms,
        attempts: row.attempts,
        final_url: row.final_url,
        redirects: row.redirects,
        error: row.error,
        not_parsed: row.content.and_then(|content| content.not_parsed),
        found_on: row.found_on,
        links_found: row.links_found,
        created_at_ms: row.created_at_ms,
    };
    let pages = store.stored_pages(crawl);
    let read = pages.pages(whole(crawl), &PageFilter::default(), 10).await.unwrap();
    assert_eq!(read.pages, [as_stored(row), as_stored(bare)]);
    assert_eq!(read.ended_at, None);
    pages.close().await;
}

/// In portions, newest found first, each from where the one before ended; of one crawl alone.
pub(super) async fn stored_pages_in_portions(store: &Db) {
    let (first, second) =
        (store.create_crawl("{}").await.unwrap(), store.create_crawl("{}").await.unwrap());
    let last = store.create_crawl("{}").await.unwrap();
    for crawl in [first, second, last] {
        let pages = (1..=25).filter(|seq| seq % 5 != 0).map(|seq| page(crawl, seq)).collect();
        commit(store, crawl, pages, Vec::new()).await;
    }
    let pages = store.stored_pages(second);
    assert_eq!(pages.newest().await.unwrap(), Some(page_id(second, 24)));
    let (mut below, mut found) = (i64::MAX, Vec::new());
    loop {
        let ids = Between { above: 0, below };
        let read = pages.pages(ids, &PageFilter::default(), 6).await.unwrap();
        found.extend(read.pages.iter().map(|page| page.id));
        let Some(ended) = read.ended_at else { break };
        assert_eq!(read.pages.len(), 6);
        below = ended;
    }
    let expected: Vec<_> = (1..=25).rev().filter(|seq| seq % 5 != 0).collect();
    assert_eq!(found, expected.iter().map(|seq| page_id(second, *seq)).collect::<Vec<_>>());
    // Neither end is among them.
    let ids = Between { above: page_id(second, 3), below: page_id(second, 8) };
    let read = pages.pages(ids, &PageFilter::default(), 6).await.unwrap();
    let seqs: Vec<_> = read.pages.iter().map(|page| page.id - page_id(second, 0)).collect();
    assert_eq!(seqs, [7, 6, 4]);
    pages.close().await;
}

/// What passes in the database is what passes in memory.
pub(super) async fn stored_pages_are_filtered_as_those_in_memory(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let with = |seq: u32, path: &str, title: Option<&str>, error: Option<&str>, status: u16| {
        let url = format!("http://h/{path}");
        PageRow {
            url_hash: hash_of(&url),
            url: url.into(),
            title: title.map(str::to_owned),
            error: error.map(str::to_owned),
            state: if error.is_some() { PageState::Failed } else { PageState::Ok },
            status: (status > 0).then_some(status),
            ..page(crawl, seq)
        }
    };
    let rows = vec![
        with(1, "tide-404", Some("Tide Tables"), None, 200),
        with(2, "gone", None, Some("404 Not Found"), 404),
        with(3, "busy", None, Some("Connection refused"), 0),
        with(4, "50%_off!", Some("Été à la mer"), None, 200),
        with(5, "50x5off", Some("ETE"), None, 206),
        with(6, "4xx-list", Some("failed"), None, 200),
        PageRow { content_type: Some("Image/PNG".to_owned()), ..with(7, "x", None, None, 201) },
        with(8, "ok", Some("back\\slash"), None, 500),
        with(9, "y", Some("été"), Some("oops"), 503),
    ];
    let in_memory = |typed: &str| -> Vec<u32> {
        let filter = PageFilter::new(typed);
        let passes = |row: &&PageRow| {
            filter.passes(FilteredPage {
                state: row.state,
                status: row.status,
                url: &row.url,
                texts: [row.title.as_deref(), row.error.as_deref(), row.content_type.as_deref()],
            })
        };
        let seq = |row: &PageRow| crawldeck::model::ids::seq_of(row.id);
        rows.iter().rev().filter(passes).map(seq).collect()
    };
    commit(store, crawl, rows.clone(), Vec::new()).await;
    let pages = store.stored_pages(crawl);
    for (typed, expected) in [
        ("", &[9, 8, 7, 6, 5, 4, 3, 2, 1][..]),
        ("TIDE", &[1]),
        ("404", &[2]),
        ("4xx", &[6, 2]),
        ("5xx", &[9, 8]),
        ("failed", &[9, 6, 3, 2]),
        ("refused", &[3]),
        ("50%_", &[4]),
        ("!", &[4]),
        ("été", &[9, 4]),
        ("ÉTÉ", &[9, 4]),
        ("image/png", &[7]),
        ("k\\s", &[8]),
        ("' OR 1=1 --", &[]),
        ("nothing of it", &[]),
    ] {
        assert_eq!(in_memory(typed), expected, "{typed}, in memory");
        assert_eq!(passing(&*pages, crawl, typed).await, expected, "{typed}");
    }
    // A limit ends the search at the last row that was looked at, whatever passes.
    let read = pages.pages(whole(crawl), &PageFilter::new("2xx"), 2).await.unwrap();
    assert_eq!(read.ended_at, Some(read.pages.last().unwrap().id));
    pages.close().await;
}

/// All pages that link to one, from whatever block, in order, each with its text; in portions.
pub(super) async fn links_to_a_page_with_their_texts(store: &Db) {
    let (crawl, other) =
        (store.create_crawl("{}").await.unwrap(), store.create_crawl("{}").await.unwrap());
    let block = LINK_BLOCK as u32;
    let from = [1, 2, block - 1, block, block + 1, 5 * block, 5 * block + 7, 9 * block + 3];
    for crawl in [crawl, other] {
        let pages = from.iter().map(|seq| page(crawl, *seq)).collect();
        let mut links: Vec<_> = from.iter().map(|seq| link(crawl, *seq, 77)).collect();
        links.extend(from.iter().map(|seq| link(crawl, *seq, 76)));
        links.push(LinkRow { anchor: None, ..link(crawl, block, 78) });
        commit(store, crawl, pages, links).await;
    }
    let pages = store.stored_pages(crawl);
    let expected: Vec<_> = from
        .iter()
        .map(|seq| InboundLink {
            from: page_id(crawl, *seq),
            url: url(*seq),
            anchor: Some(format!("from {seq} to 77").into()),
        })
        .collect();
    let target = page_id(crawl, 77);
    assert_eq!(pages.links_to(target, whole(crawl), 100).await.unwrap(), expected);
    let (mut above, mut found) = (page_id(crawl, 0), Vec::new());
    loop {
        let ids = Between { above, below: page_id(crawl, 9 * block + 4) };
        let portion = pages.links_to(target, ids, 3).await.unwrap();
        let Some(last) = portion.last() else { break };
        above = last.from;
        found.extend(portion);
    }
    assert_eq!(found, expected);
    // The page at the end of the range is not in it.
    let ids = Between { above: page_id(crawl, 2), below: page_id(crawl, 5 * block + 7) };
    assert_eq!(pages.links_to(target, ids, 100).await.unwrap(), expected[2..6]);
    let without = pages.links_to(page_id(crawl, 78), whole(crawl), 10).await.unwrap();
    assert_eq!((without.len(), &without[0].anchor), (1, &None));
    assert!(pages.links_to(page_id(crawl, 5), whole(crawl), 10).await.unwrap().is_empty());
    // A call looks through so many blocks and no more.
    let far = page(crawl, (MAX_LINK_BLOCKS * LINK_BLOCK) as u32 + 9);
    let link_of_far = link(crawl, (far.id - page_id(crawl, 0)) as u32, 77);
    commit(store, crawl, vec![far.clone()], vec![link_of_far]).await;
    assert_eq!(pages.links_to(target, whole(crawl), 100).await.unwrap(), expected);
    let ids = Between { above: far.id - 3, ..whole(crawl) };
    assert_eq!(pages.links_to(target, ids, 100).await.unwrap()[0].from, far.id);
    let led: Vec<_> = pages.links_from(page_id(crawl, 1), 9).await.unwrap();
    assert!(led.is_empty(), "its targets are not stored: {led:?}");
    pages.close().await;
}

/// A viewer reads beside the crawl that writes, and when the store is closed; it connects again after that.
pub(super) async fn stored_pages_outlive_the_store(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let pages = store.stored_pages(crawl);
    assert_eq!(pages.newest().await.unwrap(), None);
    assert!(passing(&*pages, crawl, "").await.is_empty());
    commit(store, crawl, vec![page(crawl, 1)], Vec::new()).await;
    assert_eq!(passing(&*pages, crawl, "").await, [1]);
    commit(store, crawl, vec![page(crawl, 2)], vec![link(crawl, 2, 1)]).await;
    assert_eq!(passing(&*pages, crawl, "").await, [2, 1]);
    store.close().await;
    assert_eq!(passing(&*pages, crawl, "").await, [2, 1]);
    pages.close().await;
    let from: Vec<_> = pages.links_to(page_id(crawl, 1), whole(crawl), 10).await.unwrap();
    assert_eq!(from[0].from, page_id(crawl, 2));
    assert_eq!(pages.links_from(page_id(crawl, 2), 10).await.unwrap()[0].url, url(1));
    pages.close().await;
}
