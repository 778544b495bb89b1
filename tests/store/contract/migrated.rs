//! A database of an older schema is brought up to date when it is opened, and nothing of it is lost.

use std::path::Path;

use super::*;
use crawldeck::store::{Between, OpenMode, open};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

/// A file as the first schema left it: a crawl with two pages, a link and an open URL.
async fn of_the_first_schema(path: &std::path::Path) -> SqliteConnection {
    let all = Migrator::new(Path::new("src/store/sqlite/migrations")).await.unwrap();
    let first = all.iter().filter(|migration| migration.version == 1).cloned().collect();
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    Migrator::with_migrations(first).run(&mut db).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO crawls (state, settings, totals, created_at, updated_at) VALUES
           ('stopped', '{\"seeds\":[\"http://h/\"]}', '{\"pages\":2}',
            '2026-11-01 12:00:00.250', '2026-11-01 12:00:01.250');
         INSERT INTO scraped_pages (id, crawl_id, url_hash, state, status, depth, attempts,
           elapsed_ms, content_length, links_found, created_at, host, url) VALUES
           (4294967297, 1, x'00000000000000000000000000000001', 'ok', 200, 0, 1, 12, 1000, 1,
            '2026-11-01 12:00:00.300', 'h', 'http://h/'),
           (4294967298, 1, x'00000000000000000000000000000002', 'failed', 404, 1, 1, 30, 9, 0,
            '2026-11-01 12:00:00.400', 'h', 'http://h/gone');
         INSERT INTO links (crawl_id, from_id, to_id) VALUES (1, 4294967297, 4294967298);
         INSERT INTO frontier (id, crawl_id, url_hash, depth, attempts, not_before, host_id, url)
           VALUES (4294967299, 1, x'00000000000000000000000000000003', 1, 0, 0, 7, 'http://h/b');",
    )
    .execute(&mut db)
    .await
    .unwrap();
    db
}

#[tokio::test]
async fn the_first_schema_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("crawl.db");
    of_the_first_schema(&path).await.close().await.unwrap();
    // The second time there is nothing left to do.
    for _ in 0..2 {
        let store = open(path.to_str().unwrap(), OpenMode::MustExist).await.unwrap();
        assert_eq!(
            rows(&store, "SELECT page, link, status, anchor FROM broken_links").await,
            [[text("http://h/"), text("http://h/gone"), Value::Int(404), Value::Null]]
        );
        assert_eq!(
            rows(&store, "SELECT resent, not_parsed FROM scraped_pages").await,
            [[Value::Int(0), Value::Null], [Value::Int(0), Value::Null]]
        );
        let crawl = store.open_crawl(None).await.unwrap();
        assert_eq!((crawl.id, crawl.next_seq, crawl.open), (1, 4, 1));
        assert_eq!(crawl.totals.as_deref(), Some(r#"{"pages":2}"#));
        let info = store.crawls().await.unwrap().remove(0);
        assert_eq!(info.created_at, "2026-11-01T12:00:00.250Z");
        assert_eq!(info.seeds, ["http://h/"]);
        assert!(info.held_by.is_some());
        store.set_state(1, CrawlState::Stopped).await.unwrap();
        store.close().await;
    }
    let store = open(path.to_str().unwrap(), OpenMode::MustExist).await.unwrap();
    store.open_crawl(None).await.unwrap();
    let batch = Batch { pages: vec![page(1, 3)], links: vec![link(1, 3, 2)], ..Batch::default() };
    store.commit(1, &batch).await.unwrap();
    let broken = rows(&store, "SELECT page, anchor FROM broken_links ORDER BY page DESC").await;
    assert_eq!(broken[0], [text("http://h/"), Value::Null]);
    assert_eq!(broken[1], [text(&url(3)), text("from 3 to 2")]);
    store.close().await;
}

#[tokio::test]
async fn an_older_schema_in_use_is_brought_up_to_date_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("crawl.db");
    let mut old = of_the_first_schema(&path).await;
    let store = open(path.to_str().unwrap(), OpenMode::MustExist).await.unwrap();
    // What an older crawldeck writes meanwhile still goes in.
    sqlx::raw_sql(
        "INSERT INTO links (crawl_id, from_id, to_id) VALUES (1, 4294967298, 4294967297)",
    )
    .execute(&mut old)
    .await
    .unwrap();
    assert_eq!(rows(&store, "SELECT count(*) FROM links").await, [[Value::Int(2)]]);
    store.close().await;
}

/// What takes the newest migrations back, newest first.
pub(super) const TAKEN_BACK: [&[&str]; 3] = [
    &[],
    &[
        "DROP TABLE timeline",
        "ALTER TABLE changes DROP COLUMN pages_per_s_before",
        "ALTER TABLE changes DROP COLUMN pages_per_s_after",
        "ALTER TABLE changes DROP COLUMN p95_ms_before",
        "ALTER TABLE changes DROP COLUMN p95_ms_after",
        "ALTER TABLE changes DROP COLUMN effect",
    ],
    &[
        "ALTER TABLE scraped_pages DROP COLUMN resent",
        "ALTER TABLE scraped_pages DROP COLUMN not_parsed",
        "ALTER TABLE frontier DROP COLUMN resent",
    ],
];

/// What takes the newest migration back in MySQL, which has a column for it.
pub(super) const LINKS_TAKEN_BACK: &str =
    "ALTER TABLE links DROP KEY links_by_target, DROP from_block";

/// Takes migrations back, as if an earlier version had made the database.
async fn take_back(place: &Place, migrations: usize) {
    let newest = if matches!(place, Place::Sqlite(_)) { 5 } else { 4 };
    place
        .execute(match place {
            Place::Sqlite(_) | Place::Postgres(..) => "DROP INDEX links_by_target",
            Place::MySql(..) => LINKS_TAKEN_BACK,
        })
        .await;
    for (version, statements) in (1..=newest).rev().zip(&TAKEN_BACK[..migrations]) {
        for sql in *statements {
            place.execute(sql).await;
        }
        place.execute(&format!("DELETE FROM _sqlx_migrations WHERE version = {version}")).await;
    }
}

/// A crawl of the version before has its journal, of which nothing was measured, and goes on to measure.
pub(super) async fn the_schema_before_is_brought_up_to_date(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let changes = vec![change(1, "permits 8 → 16"), change(2, "permits 16 → 24")];
    store.commit(crawl, &Batch { changes, ..Batch::default() }).await.unwrap();
    store.close().await;
    take_back(&store.place, 2).await;
    let store = store.another().await;
    assert_eq!(store.open_crawl(None).await.unwrap().changes.len(), 2);
    assert!(store.timeline(crawl, 10).await.unwrap().is_empty());
    let gave = "SELECT pages_per_s_before, pages_per_s_after, p95_ms_before, p95_ms_after, effect \
                FROM changes ORDER BY seq";
    assert_eq!(rows(&store, gave).await, vec![vec![Value::Null; 5]; 2]);
    let effect = EffectColumns {
        pages_per_s_before: 10.5,
        pages_per_s_after: 12.25,
        p95_ms_before: Some(30.0),
        p95_ms_after: None,
        word: "better",
    };
    let batch = Batch {
        changes: vec![ChangeRow { effect: Some(effect), ..change(2, "permits 16 → 24") }],
        timeline: vec![timeline(1)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let better = [Value::Real(10.5), Value::Real(12.25), Value::Real(30.0)];
    let better = [better.as_slice(), &[Value::Null, text("better")]].concat();
    assert_eq!(rows(&store, gave).await, [vec![Value::Null; 5], better]);
    assert_eq!(store.timeline(crawl, 10).await.unwrap(), [timeline(1)]);
    store.close().await;
}

/// A crawl of an earlier version resumes with what its rows say: no request was resent, and what its
/// totals called a retry is one only where a row says so.
pub(super) async fn an_earlier_schema_is_brought_up_to_date(store: &Db) {
    let totals = r#"{"pages":2,"retries":9,"links":4}"#;
    let mut crawls = Vec::new();
    for state in [CrawlState::Complete, CrawlState::Stopped] {
        let crawl = store.create_crawl("{}").await.unwrap();
        let batch = Batch {
            pages: vec![PageRow { attempts: 3, ..page(crawl, 1) }, page(crawl, 2)],
            discovered: vec![
                FrontierRow { attempts: 2, ..open_url(crawl, 3) },
                FrontierRow { attempts: 1, ..open_url(crawl, u32::MAX) },
            ],
            totals: Some(totals.to_owned()),
            ..Batch::default()
        };
        store.commit(crawl, &batch).await.unwrap();
        store.set_state(crawl, state).await.unwrap();
        crawls.push(crawl);
    }
    store.close().await;
    take_back(&store.place, 3).await;
    let store = store.another().await;
    let stopped = store.open_crawl(None).await.unwrap();
    assert_eq!((stopped.id, stopped.open), (crawls[1], 2));
    let corrected = json!({"pages": 2, "retries": 5, "links": 4});
    assert_eq!(json(&stopped.totals.unwrap()), corrected);
    let kept = format!("SELECT totals FROM crawls WHERE id = {}", crawls[0]);
    assert_eq!(rows(&store, &kept).await, [[text(totals)]]);
    let said = "SELECT attempts, resent, not_parsed FROM scraped_pages ORDER BY id";
    let none = |attempts| vec![Value::Int(attempts), Value::Int(0), Value::Null];
    assert_eq!(rows(&store, said).await, [none(3), none(1), none(3), none(1)]);
    let open = frontier(&store, crawls[1]).await;
    assert_eq!((open[0].attempts, open[0].resent, open[1].resent), (2, 0, 0));
    let batch = Batch { postponed: vec![postponed(crawls[1], 3, 3, AT)], ..Batch::default() };
    store.commit(crawls[1], &batch).await.unwrap();
    assert_eq!(frontier(&store, crawls[1]).await[0].resent, 7);
    store.close().await;
}

/// Links that the version before has stored are found by where they lead, and so are those that follow.
pub(super) async fn links_of_before_are_found_by_their_targets(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let far = 3000;
    let batch = Batch {
        pages: vec![page(crawl, 1), page(crawl, far)],
        links: vec![link(crawl, 1, 2), link(crawl, far, 2)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    store.close().await;
    take_back(&store.place, 1).await;
    let store = store.another().await;
    store.open_crawl(Some(crawl)).await.unwrap();
    let batch = Batch {
        pages: vec![page(crawl, far + 1)],
        links: vec![link(crawl, far + 1, 2)],
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    let pages = store.stored_pages(crawl);
    let ids = Between { above: page_id(crawl, 0), below: page_id(crawl, 9000) };
    let found = pages.links_to(page_id(crawl, 2), ids, 10).await.unwrap();
    let from: Vec<_> = found.iter().map(|link| link.from - page_id(crawl, 0)).collect();
    assert_eq!(from, [1, i64::from(far), i64::from(far) + 1]);
    pages.close().await;
    store.close().await;
}
