//! A resumed crawl knows where its pages were found, and all that its earlier runs have stored.

use crawldeck::store::{Between, PageFilter, StoredPages};

use super::*;

/// All pages that pass a filter.
async fn stored(pages: &dyn StoredPages, typed: &str) -> Vec<crawldeck::store::StoredPage> {
    let newest = pages.newest().await.unwrap().unwrap();
    let ids = Between { above: 0, below: newest + 1 };
    pages.pages(ids, &PageFilter::new(typed), u32::MAX).await.unwrap().pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_crawl_tells_where_its_pages_were_found_and_what_is_stored() {
    let bench = Bench::new(400, Duration::from_millis(10)).await;
    let mut crawl = bench.start(|_| {}).await;
    seen(&mut crawl, "under way", |s| s.totals.pages > 60).await;
    stopped(crawl, Command::Stop).await;
    let before: Vec<(i64,)> = query(&bench.db(), "SELECT id FROM scraped_pages").await;
    assert!(before.len() > 60 && before.len() < 400, "{}", before.len());

    let mut crawl = crawl::resume(bench.store().await, None, |_| {}).await.unwrap();
    let pages = crawl.stored_pages();
    assert!(crawl.stores_links());
    // Beside the crawl: what the run before has stored is there from the first moment.
    let earlier = stored(&*pages, "").await;
    assert!(earlier.len() >= before.len());
    let s = seen(&mut crawl, "a page of this run, found in the one before", |s| {
        s.recent.iter().any(|page| page.found_on.is_none() && page.found_on_id.is_some())
    })
    .await;
    let page = s.recent.iter().find(|page| page.found_on.is_none() && page.found_on_id.is_some());
    let found_on = page.unwrap().found_on_id.unwrap();
    assert!(before.contains(&(found_on,)), "its page is of the run before");
    let ids = Between { above: found_on - 1, below: found_on + 1 };
    let parent = pages.pages(ids, &PageFilter::default(), 1).await.unwrap().pages;
    assert_eq!(parent[0].id, found_on);
    let summary = crawl.wait().await;
    assert_eq!(summary.state, RunState::Complete);

    // The crawl is over and its store closed: all is there, that of both runs.
    let all = stored(&*pages, "").await;
    assert_eq!(all.len() as u64, summary.pages);
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id), "newest found first");
    // Every page but the seed has links to it, that of the page it was found on among them.
    let newest = all[0].id;
    let mut texts = 0;
    for page in all.iter().filter(|page| page.found_on.is_some()) {
        let ids = Between { above: 0, below: newest + 1 };
        let links = pages.links_to(page.id, ids, u32::MAX).await.unwrap();
        let on_parent = links.iter().find(|link| Some(link.from) == page.found_on);
        assert!(on_parent.is_some(), "{}: {links:?}", page.url);
        texts += usize::from(on_parent.is_some_and(|link| link.anchor.is_some()));
    }
    assert!(texts > all.len() / 2, "most links have a text: {texts} of {}", all.len());
    pages.close().await;
    // Nothing lies beside the file.
    let beside = |end: &str| std::path::PathBuf::from(format!("{}{end}", bench.db().display()));
    assert!(!beside("-wal").exists() && !beside("-shm").exists());
}
