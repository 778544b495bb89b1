//! Text of any kind and length: all of it comes back, none of it is confused.

use super::*;

/// URLs come back as they were, however odd; only NUL is replaced.
pub(super) async fn odd_text_survives(store: &Db) {
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
    assert_eq!(frontier(store, crawl).await, discovered);

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
    assert!(frontier(store, crawl).await.is_empty());
    assert_eq!(seen(store, crawl).await.len(), urls.len());
}

/// URLs that an index or a collation would take for the same are as many rows as there are, found by
/// their hashes; neither length nor what is at the end makes a difference.
pub(super) async fn hashes_tell_urls_apart_and_texts_do_not(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let long = "x".repeat(100_000);
    let urls = [
        "http://h/path".to_owned(),
        "http://h/PATH".to_owned(),
        "http://h/path ".to_owned(),
        "http://h/path\t".to_owned(),
        "http://h/ße".to_owned(),
        "http://h/sse".to_owned(),
        "http://h/é".to_owned(),
        "http://h/e\u{301}".to_owned(),
        "http://h/🦀".to_owned(),
        "http://h/🦁".to_owned(),
        format!("http://h/{long}"),
        format!("http://h/{long}1"),
        format!("http://h/{long}2"),
    ];
    let row = |seq: u32, url: &String| PageRow {
        url: url.as_str().into(),
        url_hash: hash_of(url),
        ..page(crawl, seq)
    };
    // Each twice: an upsert, no second row.
    for _ in 0..2 {
        let pages = (1..).zip(&urls).map(|(seq, url)| row(seq, url)).collect();
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    }
    let kept = rows(store, "SELECT url FROM scraped_pages ORDER BY id").await;
    assert_eq!(kept, urls.iter().map(|url| [text(url)]).collect::<Vec<_>>());
    for (seq, url) in (1..).zip(&urls) {
        let found = store.previous_page(crawl, hash_of(url)).await.unwrap().unwrap();
        assert_eq!(found.id, page_id(crawl, seq));
        // Compared as texts they differ as well.
        let quoted = url.replace('\'', "''");
        let same = format!("SELECT count(*) FROM scraped_pages WHERE url = '{quoted}'");
        assert_eq!(rows(store, &same).await, [[Value::Int(1)]], "{url:.40}");
    }
}

/// The text of a link is text like any other.
pub(super) async fn links_have_texts_of_any_kind(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let texts = [
        "=HYPERLINK(\"http://h/\")".to_owned(),
        "tab\tand 'quotes' \\ and %s {} $1 :name ?".to_owned(),
        "🦀".repeat(200),
        "nul \0".to_owned(),
        "\u{202e}rtl".to_owned(),
        " ".to_owned(),
    ];
    // Few links, then as many as are written in another way; every seventh has no text.
    for (page_seq, count) in [(1, 6), (2, 700)] {
        let of = |to: u32| (to % 7 != 6).then(|| &texts[to as usize % 7 % texts.len()]);
        let row = |to| LinkRow {
            anchor: of(to).map(|t| t.as_str().into()),
            ..link(crawl, page_seq, to + 1)
        };
        let links = (0..count).map(row).collect();
        let pages = vec![page(crawl, page_seq)];
        store.commit(crawl, &Batch { pages, links, ..Batch::default() }).await.unwrap();
        let from = page_id(crawl, page_seq);
        let sql = format!(
            "SELECT anchor FROM links WHERE from_id = {from} AND anchor IS NOT NULL ORDER BY to_id"
        );
        let expected: Vec<_> =
            (0..count).filter_map(of).map(|t| [text(&t.replace('\0', "\u{fffd}"))]).collect();
        assert_eq!(rows(store, &sql).await, expected);
        let all = rows(store, &format!("SELECT to_id FROM links WHERE from_id = {from}")).await;
        assert_eq!(all.len(), count as usize);
    }
    let pages = (3..=7).map(|seq| page(crawl, seq)).collect();
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    let links = store.links_of(page_id(crawl, 1), 100).await.unwrap();
    assert_eq!(links[2].anchor.as_deref(), Some(texts[2].as_str()));
}
