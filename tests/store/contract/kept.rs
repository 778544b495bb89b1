//! What the tables hold after a batch: the same in every database, seen the way everybody can.

use super::*;

/// A row of `hosts`: host, pages, ok, failed, skipped, bytes, first and last time.
type Sums = (String, i64, i64, i64, i64, i64, Option<String>, Option<String>);

async fn sums(store: &Db, crawl: CrawlId) -> Vec<Sums> {
    let sql = format!(
        "SELECT host, pages, ok, failed, skipped, bytes, first_at, last_at FROM hosts \
         WHERE crawl_id = {crawl} ORDER BY host"
    );
    let time = |value: &Value| value.as_text().map(str::to_owned);
    let rows = rows(store, &sql).await;
    rows.iter()
        .map(|row| {
            let n = |column: usize| row[column].as_int().unwrap();
            let host = row[0].as_text().unwrap().to_owned();
            (host, n(1), n(2), n(3), n(4), n(5), time(&row[6]), time(&row[7]))
        })
        .collect()
}

/// Robots and incidents of each host.
async fn known(store: &Db) -> Vec<(String, Option<String>, i64)> {
    let rows =
        rows(store, "SELECT host, robots, incidents FROM hosts ORDER BY crawl_id, host").await;
    rows.iter()
        .map(|row| {
            let text = |column: usize| row[column].as_text().map(str::to_owned);
            (text(0).unwrap(), text(1), row[2].as_int().unwrap())
        })
        .collect()
}

/// Times are UTC, durations ms, sizes bytes; NUL is replaced, at which others would end a text.
pub(super) async fn a_page_row_holds_what_it_was_given(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let given = PageRow {
        state: PageState::Failed,
        status: None,
        resent: 7,
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
            not_parsed: Some("image/\0png".to_owned()),
        })),
        lastmod_ms: Some(AT - 1),
        change: Some(PageChange::Gone),
        ..page(crawl, 2)
    };
    store.commit(crawl, &Batch { pages: vec![given], ..Batch::default() }).await.unwrap();
    let expected = [
        ("id", Value::Int(page_id(crawl, 2))),
        ("crawl_id", Value::Int(crawl)),
        ("url", text(&url(2))),
        ("url_hash", Value::Bytes(hash_of(&url(2)).0.to_vec())),
        ("host", text(HOST)),
        ("state", text("failed")),
        ("status", Value::Null),
        ("content_length", Value::Int(1000)),
        ("content_type", text("text/html")),
        ("not_parsed", text("image/\u{fffd}png")),
        ("title", text("a\u{fffd}b")),
        ("depth", Value::Int(1)),
        ("elapsed_ms", Value::Int(12)),
        ("attempts", Value::Int(1)),
        ("resent", Value::Int(7)),
        ("final_url", text("http://h/x")),
        ("redirects", text("[]")),
        ("error", text("timed out")),
        ("found_on", Value::Int(page_id(crawl, 1))),
        ("links_found", Value::Int(3)),
        ("created_at", text("2026-11-01 12:00:00.250")),
        ("etag", text("\"e\u{fffd}\"")),
        ("last_modified", text("yesterday")),
        ("body_hash", Value::Bytes(vec![0xab; 16])),
        ("canonical", text("http://h/c")),
        ("lastmod", Value::Int(AT - 1)),
        ("change", text("gone")),
    ];
    assert_eq!(only_row(store, "SELECT * FROM scraped_pages").await, named(expected));
    // The columns of the article's table, by its own query.
    assert_eq!(
        rows(store, "SELECT url, content_length, created_at FROM scraped_pages").await,
        [[text(&url(2)), Value::Int(1000), text("2026-11-01 12:00:00.250")]]
    );
}

/// So does a URL that waits.
pub(super) async fn a_frontier_row_holds_what_it_was_given(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let given = FrontierRow {
        depth: 3,
        attempts: 2,
        resent: u32::from(u16::MAX),
        not_before_ms: AT,
        found_on: Some(page_id(crawl, 9)),
        host_id: host_id("other:1"),
        lastmod_ms: None,
        ..open_url(crawl, 12)
    };
    store.commit(crawl, &Batch { discovered: vec![given], ..Batch::default() }).await.unwrap();
    let expected = [
        ("id", Value::Int(page_id(crawl, 12))),
        ("crawl_id", Value::Int(crawl)),
        ("url", text(&url(12))),
        ("url_hash", Value::Bytes(hash_of(&url(12)).0.to_vec())),
        ("depth", Value::Int(3)),
        ("attempts", Value::Int(2)),
        ("resent", Value::Int(0xffff)),
        ("not_before", Value::Int(AT)),
        ("found_on", Value::Int(page_id(crawl, 9))),
        ("host_id", Value::Int(host_id("other:1"))),
        ("lastmod", Value::Null),
    ];
    let mut row = only_row(store, "SELECT * FROM frontier").await;
    // What a database computes for its own index is its own matter.
    row.retain(|column, _| expected.iter().any(|(name, _)| name == column));
    assert_eq!(row, named(expected));
}

/// A row that is written again has what the last writing said of its requests and of its body.
pub(super) async fn requests_are_those_of_the_last_row(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let image = Content { not_parsed: Some("image/png".to_owned()), ..Content::default() };
    let image = Some(Box::new(image));
    let first = PageRow { attempts: 3, resent: 1, content: image.clone(), ..page(crawl, 1) };
    let open = FrontierRow { attempts: 1, resent: 8, ..open_url(crawl, 2) };
    for batch in [
        Batch { pages: vec![first], discovered: vec![open], ..Batch::default() },
        Batch {
            pages: vec![PageRow { attempts: 2, resent: 5, ..page(crawl, 1) }],
            discovered: vec![FrontierRow { attempts: 1, resent: 9, ..open_url(crawl, 2) }],
            ..Batch::default()
        },
    ] {
        store.commit(crawl, &batch).await.unwrap();
    }
    let said = "SELECT attempts, resent, not_parsed FROM scraped_pages ORDER BY id";
    assert_eq!(rows(store, said).await, [[Value::Int(2), Value::Int(5), Value::Null]]);
    assert_eq!(frontier(store, crawl).await[0].resent, 9);

    // Done, skipped and restored, it still says so.
    let skipped = PageRow {
        attempts: 1,
        resent: 9,
        state: PageState::Skipped,
        error: Some("excluded".to_owned()),
        ..page(crawl, 2)
    };
    store.commit(crawl, &Batch { pages: vec![skipped], ..Batch::default() }).await.unwrap();
    let restored = store.skipped_because(crawl, "excluded", 0, 10).await.unwrap();
    assert_eq!((restored.len(), restored[0].attempts, restored[0].resent), (1, 1, 9));
    store.commit(crawl, &Batch { restored, ..Batch::default() }).await.unwrap();
    let again = store.frontier_of_host(crawl, host_id(HOST), 0, 10).await.unwrap();
    assert_eq!((again.len(), again[0].attempts, again[0].resent), (1, 1, 9));
    let done = PageRow { attempts: 2, resent: 10, content: image, ..page(crawl, 2) };
    store.commit(crawl, &Batch { pages: vec![done], ..Batch::default() }).await.unwrap();
    assert_eq!(rows(store, said).await[1], [Value::Int(2), Value::Int(10), text("image/png")]);
}

/// A link that is there stays as it is, and of two in a batch the first counts.
pub(super) async fn links_are_kept_once_with_their_first_text(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    let texts = |texts: &[Option<&str>]| -> Vec<LinkRow> {
        (2..)
            .zip(texts)
            .map(|(to, text)| LinkRow { anchor: text.map(Into::into), ..link(crawl, 1, to) })
            .collect()
    };
    let first = texts(&[Some("two"), None, Some(""), Some("five 🦀\0")]);
    let second = texts(&[Some("again"), Some("again"), Some("again"), None, Some("six")]);
    let both: Vec<_> = first.iter().chain(&second).cloned().collect();
    for links in [both, second] {
        store.commit(crawl, &Batch { links, ..Batch::default() }).await.unwrap();
    }
    let links = vec![link(other, 1, 2)];
    store.commit(other, &Batch { links, ..Batch::default() }).await.unwrap();
    let kept = rows(
        store,
        "SELECT crawl_id, from_id, to_id, anchor FROM links ORDER BY crawl_id, from_id, to_id",
    )
    .await;
    let row = |to, anchor: Value| {
        vec![
            Value::Int(crawl),
            Value::Int(page_id(crawl, 1)),
            Value::Int(page_id(crawl, to)),
            anchor,
        ]
    };
    assert_eq!(
        kept[..5],
        [
            row(2, text("two")),
            row(3, Value::Null),
            row(4, text("")),
            row(5, text("five 🦀\u{fffd}")),
            row(6, text("six")),
        ]
    );
    assert_eq!(kept.len(), 6);
    assert_eq!(kept[5][0], Value::Int(other));
}

/// What is saved again is not counted twice.
pub(super) async fn hosts_are_sums_of_pages_even_of_pages_saved_again(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = |seq, state| PageRow { host: "other:1".into(), state, ..page(crawl, seq) };
    for pages in [
        vec![page(crawl, 1), page(crawl, 2), other(3, PageState::Failed)],
        // The same URL again: once with the same number, once with another, once doubled.
        vec![
            PageRow { content_length: 5, state: PageState::Skipped, ..page(crawl, 1) },
            PageRow { id: page_id(crawl, 99), created_at_ms: AT + 1, ..page(crawl, 2) },
            other(3, PageState::Failed),
            other(3, PageState::Ok),
            other(4, PageState::Ok),
        ],
    ] {
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    }
    let kept = sums(store, crawl).await;
    let at = |ms: u32| Some(format!("2026-11-01 12:00:00.{ms}"));
    assert_eq!(
        kept,
        [
            (HOST.to_owned(), 2, 1, 0, 1, 1005, at(250), at(251)),
            ("other:1".to_owned(), 2, 2, 0, 0, 2000, at(250), at(250)),
        ]
    );
}

/// What is open again is not counted as done.
pub(super) async fn restored_pages_leave_the_sums_of_their_hosts(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let other = store.create_crawl("{}").await.unwrap();
    let host = |host: &str, state, page| PageRow { host: host.into(), state, ..page };
    for crawl in [crawl, other] {
        let pages = vec![
            host("a", PageState::Skipped, page(crawl, 1)),
            host("a", PageState::Failed, page(crawl, 2)),
            host("a", PageState::Ok, page(crawl, 3)),
            host("b", PageState::Skipped, page(crawl, 4)),
            host("c", PageState::Skipped, page(crawl, 5)),
        ];
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    }
    let before = sums(store, other).await;
    // Number 4 is done at once, number 9 was never saved, number 2 twice.
    let restored = [1, 2, 2, 4, 9].map(|seq| open_url(crawl, seq)).to_vec();
    let pages = vec![host("b", PageState::Ok, page(crawl, 4))];
    store.commit(crawl, &Batch { restored, pages, ..Batch::default() }).await.unwrap();
    let at = Some("2026-11-01 12:00:00.250".to_owned());
    let row = |host: &str, pages, ok, skipped| {
        (host.to_owned(), pages, ok, 0, skipped, pages * 1000, at.clone(), at.clone())
    };
    let expected = [row("a", 1, 1, 0), row("b", 1, 1, 0), row("c", 1, 0, 1)];
    assert_eq!(sums(store, crawl).await, expected);
    assert_eq!(sums(store, other).await, before);
}

/// Robots and incidents stand beside the sums, whichever comes first.
pub(super) async fn what_is_known_of_hosts_is_kept_beside_their_sums(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let host = |name: &str, robots: Option<&str>, incidents| HostRow {
        host: name.into(),
        robots: robots.map(str::to_owned),
        incidents,
    };
    let commit = async |batch: Batch| store.commit(crawl, &batch).await.unwrap();
    commit(Batch { hosts: vec![host(HOST, Some("12 rules\0"), 1)], ..Batch::default() }).await;
    assert_eq!(sums(store, crawl).await, [(HOST.to_owned(), 0, 0, 0, 0, 0, None, None)]);

    // Its first page gives it times; a page leaves alone what is known.
    commit(Batch { pages: vec![page(crawl, 1)], ..Batch::default() }).await;
    let at = Some("2026-11-01 12:00:00.250".to_owned());
    assert_eq!(
        sums(store, crawl).await,
        [(HOST.to_owned(), 1, 1, 0, 0, 1000, at.clone(), at.clone())]
    );
    assert_eq!(known(store).await, [(HOST.to_owned(), Some("12 rules\u{fffd}".to_owned()), 1)]);

    // The last of a batch counts, in a batch with pages as well; not known is not nothing.
    let hosts = vec![
        host("b", Some("none (404)"), 1),
        host(HOST, None, 2),
        host("b", Some("unreachable"), 4),
        host("c", None, 0),
    ];
    commit(Batch { pages: vec![page(crawl, 2)], hosts, ..Batch::default() }).await;
    assert_eq!(
        known(store).await,
        [
            (HOST.to_owned(), Some("12 rules\u{fffd}".to_owned()), 2),
            ("b".to_owned(), Some("unreachable".to_owned()), 4),
            ("c".to_owned(), None, 0),
        ]
    );
    let pages: Vec<_> = sums(store, crawl).await.into_iter().map(|host| host.1).collect();
    assert_eq!(pages, [2, 0, 0]);
}

/// A sitemap read again replaces what was known of it.
pub(super) async fn sitemaps_replace_those_of_the_same_url(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let failed = SitemapRow {
        state: PageState::Failed,
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
    let rows = rows(
        store,
        "SELECT crawl_id, url_hash, url, state, status, urls, sitemaps, depth, error, created_at \
         FROM sitemaps ORDER BY url",
    )
    .await;
    let head = |url: &str, state: &str| {
        vec![Value::Int(crawl), Value::Bytes(hash_of(url).0.to_vec()), text(url), text(state)]
    };
    let a = [
        head("http://h/a.xml", "ok"),
        [200, 50, 2, 1].map(Value::Int).to_vec(),
        vec![Value::Null, text("2026-11-01 12:00:00.250")],
    ];
    let b = [
        head("http://h/b.xml", "failed"),
        vec![Value::Null, Value::Int(0), Value::Int(0), Value::Int(3)],
        vec![text("more than 50 MB\u{fffd}"), text("2026-11-01 12:00:00.251")],
    ];
    assert_eq!(rows, [a.concat(), b.concat()]);
}
