//! Promise: while the database takes nothing, what is done is kept and it is said why; it goes on by
//! itself when the database is back, and whoever leaves before is told how many pages that costs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;
#[path = "common/gated.rs"]
mod gated;

use std::path::Path;

use common::{assert_whole, number, run, wait_until};
use gated::{PAGES, Site};
use nix::sys::signal::Signal;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Runtime;

/// Another program that holds the write lock.
struct Lock {
    runtime: Runtime,
    connection: SqliteConnection,
}

impl Lock {
    fn take(db: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(db);
            let mut connection = options.connect().await.unwrap();
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            connection
        });
        Self { runtime, connection }
    }

    fn release(self) {
        self.runtime.block_on(self.connection.close()).unwrap();
    }
}

const KEPT: &str = "is locked by another process";

#[test]
fn it_goes_on_by_itself_when_the_database_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let crawl = site.crawled(folder.path());
    let lock = Lock::take(&db);
    site.open();
    wait_until("it says what is wrong", || crawl.stderr().contains(KEPT));
    wait_until("and since when", || {
        let said = "limited by the database: crawldeck.db is locked by another process, for ";
        crawl.stderr().contains(said)
    });
    assert_eq!(number(&db, "SELECT count(*) FROM scraped_pages"), 1);
    lock.release();
    let ended = crawl.end().exits(0);
    let json = ended.json();
    assert_eq!((&json["pages"], &json["unsaved"]), (&(PAGES + 1).into(), &0.into()));
    // However often it was tried, it is an error once.
    let errors = ended.stderr.lines().filter(|line| line.contains("the database refused a batch"));
    assert_eq!(errors.count(), 1, "{ended:?}");
    assert_whole(&db);
}

#[test]
fn whoever_leaves_before_is_told_what_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let crawl = site.crawled(folder.path());
    let lock = Lock::take(&db);
    site.open();
    wait_until("it says what is wrong", || crawl.stderr().contains(KEPT));
    crawl.signal(Signal::SIGTERM);
    crawl.signal(Signal::SIGINT);
    let ended = crawl.end().exits(3);
    let json = ended.json();
    assert_eq!((&json["state"], &json["unsaved"]), (&"stopped".into(), &PAGES.into()));
    assert_eq!(json["ended_by"], serde_json::Value::Null);
    let told = format!(
        "crawldeck: {PAGES} finished pages could not be saved; a resumed crawl fetches them again"
    );
    assert!(ended.stderr.lines().any(|line| line == told), "{ended:?}");
    lock.release();

    let resumed = run(folder.path(), &["resume", "--json"]).exits(0);
    assert_eq!(resumed.json()["pages"], PAGES + 1);
    assert_whole(&db);
}
