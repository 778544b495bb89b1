//! Pages as sitemaps, read by the reader that reads those of other sites.

use crate::crawl_rows;
use crawldeck::store::{self, Batch, CrawlState, OpenMode, PageRow};

use super::test_db::{TITLES, TestDb};
use crate::support::database::Database;
use crate::support::wait;

/// What stands between `<loc>` and `</loc>`, as written.
fn addresses(xml: &str) -> Vec<&str> {
    xml.split("<loc>").skip(1).map(|rest| rest.split("</loc>").next().unwrap()).collect()
}

#[test]
fn pages_that_answered_for_themselves_are_in_it() {
    let test_db = TestDb::new();
    let xml = test_db.exported(&["--format", "sitemap"]);
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{xml:.60}");
    let found = addresses(&xml);
    // Of those that are odd, two copies: not what failed, was skipped or led elsewhere, nor a URL of 1 MiB.
    assert_eq!(found.len(), 2 * crawl_rows::PAGES as usize + TITLES.len() + 2);
    assert!(!xml.contains("/missing") && !xml.contains("/private/") && !xml.contains("/old<"));
    assert_eq!(found[0], "http://h:1/page/1");
    let some = test_db.exported(&["--format", "sitemap", "--where", "url LIKE '%/title/1_'"]);
    assert_eq!(addresses(&some), [10, 11, 12].map(|n| format!("http://h:1/title/{n}")));
}

#[test]
fn a_sitemap_is_made_of_pages() {
    let test_db = TestDb::new();
    let said = test_db.export(&["--format", "sitemap", "--table", "links"]).exits(2).stderr;
    assert!(said.contains("made of pages"), "{said}");
}

#[test]
fn more_than_a_sitemap_may_hold_become_several_with_an_index() {
    let test_db = TestDb::on(Database::sqlite());
    let many = 50_001;
    wait(async {
        let db = test_db.database.url();
        let store = store::open(&db, OpenMode::MustExist).await.unwrap();
        let crawl = store.create_crawl("{}").await.unwrap();
        let page = |n| PageRow {
            lastmod_ms: (n == 1).then_some(crawl_rows::AT),
            ..crawl_rows::page(crawl, n, &format!("http://h:1/p?n={n}&m=<>"))
        };
        let pages = (1..=many).map(page).collect();
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
        store.set_state(crawl, CrawlState::Complete).await.unwrap();
        store.close().await;
    });
    let said = test_db.export(&["-f", "sitemap"]).exits(1);
    assert!(said.stderr.contains("50001 URLs are more") && said.stdout.is_empty(), "{said:?}");

    test_db.export(&["-f", "sitemap", "-o", "map.xml"]).exits(0);
    let read = |name: &str| std::fs::read_to_string(test_db.folder.path().join(name)).unwrap();
    let index = read("map.xml");
    assert!(index.contains("<sitemapindex xmlns="), "{index}");
    assert_eq!(addresses(&index), ["http://h:1/map-1.xml", "http://h:1/map-2.xml"]);
    let (first, second) = (read("map-1.xml"), read("map-2.xml"));
    assert_eq!((addresses(&first).len(), addresses(&second).len()), (50_000, 1));
    assert_eq!(addresses(&first)[0], "http://h:1/p?n=1&amp;m=&lt;&gt;");
    assert_eq!(first.matches("<lastmod>2026-11-01T12:00:00Z</lastmod>").count(), 1);
    assert_eq!(std::fs::read_dir(test_db.folder.path()).unwrap().count(), 3);
}
