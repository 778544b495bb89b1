//! What people ask a database: the views, and any other `SELECT`.

use super::*;

/// Every row of a view without its first column, the crawl, which is `crawl` in all of them.
async fn view(store: &Db, crawl: CrawlId, name: &str, order: &str) -> Vec<Vec<Value>> {
    let sql = format!("SELECT * FROM {name} WHERE crawl_id = {crawl} ORDER BY {order}");
    let mut found = rows(store, &sql).await;
    for row in &mut found {
        assert_eq!(row.remove(0), Value::Int(crawl), "{name}");
    }
    found
}

/// Names of a view's columns; it has a row at least.
async fn columns(store: &Db, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut sink = |columns: &Columns, _: &[Value]| {
        names.clone_from(&columns.0);
        false
    };
    store.select(&format!("SELECT * FROM {name}"), &mut sink).await.unwrap();
    names
}

fn with(page: PageRow, state: PageState, status: Option<u16>) -> PageRow {
    PageRow { state, status, ..page }
}

fn hashed(page: PageRow, hash: u8) -> PageRow {
    let content = Content { body_hash: Some([hash; 16]), ..Content::default() };
    PageRow { content: Some(Box::new(content)), ..page }
}

/// Two crawls alike, so that a view that mixes them is found out.
async fn in_two_crawls(store: &Db, batch: impl Fn(CrawlId) -> Batch) -> [CrawlId; 2] {
    let crawls = [store.create_crawl("{}").await.unwrap(), store.create_crawl("{}").await.unwrap()];
    for crawl in crawls {
        store.commit(crawl, &batch(crawl)).await.unwrap();
    }
    crawls
}

/// Each link to a page that failed, with the page that holds it and its text.
pub(super) async fn broken_links_name_the_pages_that_hold_them(store: &Db) {
    let crawls = in_two_crawls(store, |crawl| {
        let gone = with(page(crawl, 3), PageState::Failed, Some(404));
        let down = with(page(crawl, 4), PageState::Failed, None);
        let skipped = with(page(crawl, 5), PageState::Skipped, None);
        Batch {
            pages: vec![
                page(crawl, 1),
                page(crawl, 2),
                gone,
                PageRow { error: Some("timed out".to_owned()), ..down },
                PageRow { error: Some("robots.txt".to_owned()), ..skipped },
            ],
            links: vec![
                link(crawl, 1, 2),
                link(crawl, 1, 3),
                LinkRow { anchor: None, ..link(crawl, 2, 3) },
                link(crawl, 2, 4),
                link(crawl, 2, 5),
                // To a page that is not done.
                link(crawl, 2, 6),
                link(crawl, 3, 4),
            ],
            ..Batch::default()
        }
    })
    .await;
    assert_eq!(
        columns(store, "broken_links").await,
        ["crawl_id", "page", "link", "status", "error", "anchor"]
    );
    let row = |from, to, status, error, anchor| {
        vec![text(&url(from)), text(&url(to)), status, error, anchor]
    };
    let (gone, down) = (|| Value::Int(404), || text("timed out"));
    for crawl in crawls {
        assert_eq!(
            view(store, crawl, "broken_links", "page, link").await,
            [
                row(1, 3, gone(), Value::Null, text("from 1 to 3")),
                row(2, 3, gone(), Value::Null, Value::Null),
                row(2, 4, Value::Null, down(), text("from 2 to 4")),
                row(3, 4, Value::Null, down(), text("from 3 to 4")),
            ]
        );
    }
}

/// Where URLs led, over how many hops.
pub(super) async fn redirects_are_reported_with_their_hops(store: &Db) {
    let hops = r#"[{"url":"http://h/a","status":301},{"url":"http://h/b","status":302}]"#;
    let crawls = in_two_crawls(store, |crawl| {
        let led = |seq, hops: &str, to: Option<&str>| PageRow {
            redirects: Some(hops.to_owned()),
            final_url: to.map(str::to_owned),
            ..page(crawl, seq)
        };
        let too_many =
            with(led(3, r#"[{"url":"http://h/x","status":308}]"#, None), PageState::Failed, None);
        Batch {
            pages: vec![page(crawl, 1), led(2, hops, Some("http://h/c")), too_many],
            ..Batch::default()
        }
    })
    .await;
    assert_eq!(
        columns(store, "redirects").await,
        ["crawl_id", "url", "final_url", "status", "hops", "redirects"]
    );
    for crawl in crawls {
        let found = view(store, crawl, "redirects", "url").await;
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0][..4],
            [text(&url(2)), text("http://h/c"), Value::Int(200), Value::Int(2)]
        );
        assert_eq!(json(found[0][4].as_text().unwrap()), json(hops));
        assert_eq!(found[1][..4], [text(&url(3)), Value::Null, Value::Null, Value::Int(1)]);
    }
}

/// The hundred slowest of each crawl, none that was not asked for.
pub(super) async fn slow_pages_are_the_slowest_of_each_crawl(store: &Db) {
    let crawls = in_two_crawls(store, |crawl| {
        let timed = |seq: u32| PageRow { elapsed_ms: u64::from(seq) * 10, ..page(crawl, seq) };
        let mut pages: Vec<_> = (1..=150).map(timed).collect();
        pages[149].state = PageState::Skipped;
        pages[148] = with(pages[148].clone(), PageState::Failed, None);
        Batch { pages, ..Batch::default() }
    })
    .await;
    assert_eq!(
        columns(store, "slow_pages").await,
        ["crawl_id", "url", "elapsed_ms", "content_length", "status"]
    );
    for crawl in crawls {
        let found = view(store, crawl, "slow_pages", "elapsed_ms DESC").await;
        assert_eq!(found.len(), 100);
        assert_eq!(found[0], [text(&url(149)), Value::Int(1490), Value::Int(1000), Value::Null]);
        assert_eq!(found[99], [text(&url(50)), Value::Int(500), Value::Int(1000), Value::Int(200)]);
    }
}

/// The same bytes under several URLs of one crawl.
pub(super) async fn duplicates_are_pages_with_the_same_bytes(store: &Db) {
    let crawls = in_two_crawls(store, |crawl| {
        let twice = |seq| hashed(page(crawl, seq), 0xab);
        Batch {
            pages: vec![
                twice(1),
                twice(2),
                hashed(page(crawl, 3), 0xcd),
                page(crawl, 4),
                page(crawl, 5),
                // It led to a page, and so is no copy of it; what is empty is no content.
                PageRow { final_url: Some(url(1).to_string()), ..twice(6) },
                PageRow { content_length: 0, ..twice(7) },
                with(twice(8), PageState::Failed, Some(500)),
            ],
            ..Batch::default()
        }
    })
    .await;
    assert_eq!(columns(store, "duplicates").await, ["crawl_id", "body_hash", "copies", "url"]);
    for crawl in crawls {
        let copy = |seq| vec![text(&"ab".repeat(16)), Value::Int(2), text(&url(seq))];
        assert_eq!(view(store, crawl, "duplicates", "url").await, [copy(1), copy(2)]);
    }
}

/// Pages and bytes per status and per host, and how long they took on average.
pub(super) async fn by_status_and_by_host_add_up(store: &Db) {
    let crawls = in_two_crawls(store, |crawl| {
        let timed = |seq, ms| PageRow { elapsed_ms: ms, ..page(crawl, seq) };
        let other = |page| PageRow { host: "other:1".into(), content_length: 5, ..page };
        Batch {
            pages: vec![
                timed(1, 10),
                timed(2, 11),
                other(with(timed(3, 40), PageState::Failed, Some(404))),
                other(with(timed(4, 1000), PageState::Failed, None)),
                other(with(timed(5, 0), PageState::Skipped, None)),
                PageRow { host: "third".into(), ..with(timed(6, 0), PageState::Skipped, None) },
            ],
            ..Batch::default()
        }
    })
    .await;
    assert_eq!(
        columns(store, "by_status").await,
        ["crawl_id", "status", "pages", "bytes", "mean_ms"]
    );
    assert_eq!(
        columns(store, "by_host").await,
        ["crawl_id", "host", "pages", "ok", "failed", "skipped", "bytes", "mean_ms"]
    );
    let ints = |numbers: &[i64]| numbers.iter().copied().map(Value::Int).collect::<Vec<_>>();
    for crawl in crawls {
        let found = view(store, crawl, "by_status", "coalesce(status, 0)").await;
        let none = [vec![Value::Null], ints(&[3, 1010, 333])].concat();
        // Halves are rounded up.
        assert_eq!(found, [none, ints(&[200, 2, 2000, 11]), ints(&[404, 1, 5, 40])]);
        let found = view(store, crawl, "by_host", "host").await;
        let third = [vec![text("third")], ints(&[1, 0, 0, 1, 1000]), vec![Value::Null]].concat();
        assert_eq!(
            found,
            [
                [vec![text(HOST)], ints(&[2, 2, 0, 0, 2000, 11])].concat(),
                [vec![text("other:1")], ints(&[3, 0, 2, 1, 15, 520])].concat(),
                third,
            ]
        );
    }
}

/// The journal is a table of its own.
pub(super) async fn changes_are_the_journal(store: &Db) {
    let crawls = in_two_crawls(store, |crawl| Batch {
        changes: vec![change(2, "permits 8 → 16"), change(1, &format!("crawl {crawl}"))],
        ..Batch::default()
    })
    .await;
    for crawl in crawls {
        let sql = format!(
            "SELECT seq, at, by_whom, what, entry FROM changes WHERE crawl_id = {crawl} ORDER BY seq"
        );
        let found = rows(store, &sql).await;
        assert_eq!(found.len(), 2);
        let at = text("2026-11-01 12:00:00.250");
        assert_eq!(found[1][..4], [Value::Int(2), at, text("user"), text("permits 8 → 16")]);
        assert_eq!(json(found[1][4].as_text().unwrap())["seq"], json!(2));
    }
}

/// Each kind of value comes as the same, whatever the database counts in.
pub(super) async fn a_select_gives_every_kind_of_value(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let pages = vec![
        PageRow { elapsed_ms: 1, ..page(crawl, 1) },
        PageRow { elapsed_ms: 2, content_length: (1 << 53) + 1, ..page(crawl, 2) },
    ];
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    let row = only_row(
        store,
        "SELECT NULL AS nil, 42 AS whole, -9007199254740993 AS large, 1.5 AS part, 0 AS zero, \
         'ä🦀' AS words, '' AS no_words, (1 = 1) AS truth, (1 = 2) AS untruth, \
         sum(content_length) AS added, avg(elapsed_ms) AS middle, count(*) AS counted, \
         min(created_at) AS first_at, max(title) AS title, \
         sum(status) AS statuses, max(found_on) AS none, \
         (SELECT url_hash FROM scraped_pages ORDER BY id LIMIT 1) AS bytes FROM scraped_pages",
    )
    .await;
    let expected = named([
        ("nil", Value::Null),
        ("whole", Value::Int(42)),
        ("large", Value::Int(-9_007_199_254_740_993)),
        ("part", Value::Real(1.5)),
        ("zero", Value::Int(0)),
        ("words", text("ä🦀")),
        ("no_words", text("")),
        ("truth", Value::Int(1)),
        ("untruth", Value::Int(0)),
        ("added", Value::Int((1 << 53) + 1001)),
        ("middle", Value::Real(1.5)),
        ("counted", Value::Int(2)),
        ("bytes", Value::Bytes(hash_of(&url(1)).0.to_vec())),
        ("first_at", text("2026-11-01 12:00:00.250")),
        ("title", text("Page 2")),
        ("statuses", Value::Int(400)),
        ("none", Value::Null),
    ]);
    assert_eq!(row, expected);
    assert!(rows(store, "SELECT url FROM scraped_pages WHERE 1 = 2").await.is_empty());
}

/// The sink ends it whenever it wants, and everything continues as before.
pub(super) async fn a_select_can_be_ended(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let pages = (1..=5000).map(|seq| page(crawl, seq)).collect();
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    let mut urls = Vec::new();
    let mut sink = |_: &Columns, row: &[Value]| {
        urls.push(row[0].clone());
        urls.len() < 3
    };
    store.select("SELECT url FROM scraped_pages ORDER BY id", &mut sink).await.unwrap();
    assert_eq!(urls, [1, 2, 3].map(|seq| text(&url(seq))));
    let all = rows(store, "SELECT url FROM scraped_pages ORDER BY id").await;
    assert_eq!(all.len(), 5000);
    store
        .commit(crawl, &Batch { pages: vec![page(crawl, 9000)], ..Batch::default() })
        .await
        .unwrap();
    assert_eq!(rows(store, "SELECT count(*) FROM scraped_pages").await, [[Value::Int(5001)]]);
}

/// Whatever else it is given is refused in one line.
pub(super) async fn a_select_changes_nothing(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let pages = vec![page(crawl, 1), page(crawl, 2)];
    store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
    for sql in [
        "DELETE FROM scraped_pages",
        "UPDATE scraped_pages SET status = 7",
        "INSERT INTO links (crawl_id, from_id, to_id) VALUES (1, 2, 3)",
        "DROP TABLE links",
        "SELECT 1; DELETE FROM scraped_pages",
        "SELEKT url FROM scraped_pages",
        "SELECT no_such_column FROM scraped_pages",
        "SELECT url FROM no_such_table",
    ] {
        let mut sink = |_: &Columns, _: &[Value]| true;
        let error = store.select(sql, &mut sink).await.expect_err(sql);
        assert!(matches!(error, StoreError::Query { .. }), "{sql}: {error}");
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
    assert_eq!(
        rows(store, "SELECT count(*), sum(status) FROM scraped_pages").await,
        [[Value::Int(2), Value::Int(400)]]
    );
    assert_eq!(rows(store, "SELECT count(*) FROM links").await, [[Value::Int(0)]]);
}
