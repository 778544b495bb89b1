//! Promise: while the database takes nothing, what is done is kept and it is said why; it continues by
//! itself when the database is back, and a stop before that reports how many pages are not saved.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;

use crate::gated_site::{PAGES, Site};
use crate::support::database::Database;
use crate::support::{Running, assert_whole, number, run, wait_until};
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
fn it_continues_by_itself_when_the_database_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let crawl = site.crawled(folder.path());
    let lock = Lock::take(&db);
    site.open();
    wait_until("it says what is wrong", || crawl.stderr().contains(KEPT));
    wait_until("and since when", || {
        let stderr = crawl.stderr();
        let mut said = stderr.split("limited by the database for ").skip(1);
        said.any(|said| said.contains(" s: crawldeck.db is locked by another process"))
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
fn a_stop_before_reports_what_is_not_saved() {
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
    let reported = format!(
        "crawldeck: {PAGES} finished pages could not be saved; a resumed crawl fetches them again"
    );
    assert!(ended.stderr.lines().any(|line| line == reported), "{ended:?}");
    lock.release();

    let resumed = run(folder.path(), &["resume", "--json"]).exits(0);
    assert_eq!(resumed.json()["pages"], PAGES + 1);
    assert_whole(&db);
}

/// Lets everything in but the end of the crawl, while it is there.
const NO_END: &str = "CREATE TRIGGER no_end BEFORE UPDATE OF state ON crawls \
                      WHEN new.state = 'complete' BEGIN SELECT raise(abort, 'not yet'); END";

/// A crawl whose pages are all saved, and whose end the database does not take.
fn without_an_end(folder: &Path, site: &Site) -> Running {
    let crawl = site.crawled(folder);
    Database::file(&folder.join("crawldeck.db")).execute(NO_END);
    site.open();
    wait_until("it says what is wrong", || {
        crawl.stderr().contains("the crawl's end cannot be recorded; trying again")
    });
    crawl
}

#[test]
fn the_end_is_recorded_when_the_database_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let crawl = without_an_end(folder.path(), &site);
    Database::file(&db).execute("DROP TRIGGER no_end");
    let ended = crawl.end().exits(0);
    assert_eq!(ended.stderr.matches("cannot be recorded").count(), 1, "{ended:?}");
    assert_whole(&db);
}

#[test]
fn a_stop_before_the_end_is_recorded_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let crawl = without_an_end(folder.path(), &site);
    crawl.signal(Signal::SIGTERM);
    let ended = crawl.end().exits(3);
    let json = ended.json();
    assert_eq!((&json["state"], &json["unsaved"]), (&"stopped".into(), &0.into()));
    let why = json["ended_by"].as_str().unwrap();
    assert!(why.starts_with("the crawl is complete, which could not be recorded: "), "{why}");
    Database::file(&db).execute("DROP TRIGGER no_end");

    let asked = site.web.requests().len();
    let resumed = run(folder.path(), &["resume", "--json"]).exits(0);
    assert_eq!(resumed.json()["pages"], PAGES + 1);
    assert_eq!(site.web.requests().len(), asked, "nothing was left to ask for");
    assert_whole(&db);
}
