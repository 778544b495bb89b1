//! Promise: crawls are listed, removed and resumed by number.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use super::small_site::{db, folder, small_site};
use crate::support::{Running, assert_whole, crawldeck, number, run, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

#[test]
fn crawls_are_listed_and_removed() {
    let (folder, web) = (folder(), small_site());
    for _ in 0..3 {
        run(folder.path(), &["crawl", &web.url("/")]).exits(0);
    }
    let listed = run(folder.path(), &["list", "crawldeck.db"]).exits(0);
    let lines: Vec<_> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{listed:?}");
    assert!(lines[0].starts_with("crawl  state"), "{listed:?}");
    let pages = number(&db(&folder), "SELECT count(*) FROM scraped_pages WHERE crawl_id = 3");
    assert!(lines[3].trim_start().starts_with("3  complete"), "{listed:?}");
    assert!(lines[3].ends_with(&format!("{pages:>5}     0  {}", web.url("/"))), "{listed:?}");
    // The variable names it as well, and there is nothing else on standard output.
    let named = Running::start(
        crawldeck(folder.path()).args(["list", "--json"]).env("CRAWLDECK_DB", "crawldeck.db"),
    );
    let json: serde_json::Value = serde_json::from_str(&named.end().exits(0).stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert_eq!((&json[1]["id"], &json[1]["totals"]["pages"]), (&2.into(), &pages.into()));
    assert_eq!((&json[1]["held_by"], &json[1]["open"]), (&serde_json::Value::Null, &0.into()));

    // Nobody can be asked.
    let refused = run(folder.path(), &["rm", "crawldeck.db", "2"]).exits(2);
    assert!(refused.stderr.contains("without a terminal it takes --yes"), "{refused:?}");
    // One that is not there: then none is removed.
    let refused = run(folder.path(), &["rm", "crawldeck.db", "1", "9", "--yes"]).exits(1);
    assert!(refused.stderr.contains("has no crawl 9"), "{refused:?}");
    assert_eq!(number(&db(&folder), "SELECT count(*) FROM crawls"), 3);

    let removed = run(folder.path(), &["rm", "crawldeck.db", "3", "1", "1", "-y"]).exits(0);
    assert_eq!(removed.stdout.lines().count(), 2, "{removed:?}");
    assert!(removed.stdout.starts_with("removed crawl 1, "), "{removed:?}");
    for table in ["scraped_pages", "links", "hosts", "changes", "frontier", "sitemaps"] {
        let others = format!("SELECT count(*) FROM {table} WHERE crawl_id <> 2");
        let others: &'static str = others.leak();
        assert_eq!(number(&db(&folder), others), 0, "{table}");
    }
    assert_whole(&db(&folder));
    run(folder.path(), &["rm", "crawldeck.db", "2", "-y"]).exits(0);
    let none = run(folder.path(), &["list"]).exits(0);
    assert_eq!(none.stdout, "");
    assert!(none.stderr.contains("has no crawls"), "{none:?}");
}

#[test]
fn a_crawl_is_resumed_by_its_number() {
    let (folder, web) = (folder(), small_site());
    for _ in 0..2 {
        run(folder.path(), &["crawl", &web.url("/")]).exits(0);
    }
    wait(async {
        let options = SqliteConnectOptions::new().filename(db(&folder));
        let mut connection = options.connect().await.unwrap();
        let stopped = "UPDATE crawls SET state = 'stopped'";
        sqlx::query(stopped).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    for crawl in [1, 2] {
        let number = crawl.to_string();
        let ended = run(folder.path(), &["resume", "--crawl", &number, "--json"]).exits(0);
        assert_eq!(ended.json()["crawl_id"], crawl);
    }
    for (number, said) in [("1", "crawl 1 in "), ("7", "has no crawl 7")] {
        let ended = run(folder.path(), &["resume", "--crawl", number]).exits(1);
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
    run(folder.path(), &["resume", "--crawl", "0"]).exits(2);
}
