//! The same rows give the same report, whatever the database.

use crawldeck::report::{gather, render};
use crawldeck::store::{self, OpenMode};

use super::html::Html;
use crate::crawl_rows::fill;
use crate::support::database::Database;
use crate::support::wait;

/// Times that depend on when the test runs, as they would be.
const TIMES: &str = "UPDATE crawls SET created_at = '2026-11-01 12:00:00.000', \
                     updated_at = '2026-11-04 12:01:00.000'";

/// The report of a database that is filled here, without the database's name.
fn report(database: &Database) -> String {
    wait(async {
        let store = store::open(&database.url(), OpenMode::CreateIfMissing).await.unwrap();
        fill(&*store).await;
        store.close().await;
    });
    database.execute(TIMES);
    wait(async {
        let store = store::open(&database.url(), OpenMode::MustExist).await.unwrap();
        let html = render(&gather(&*store, None).await.unwrap());
        let name = store.describe();
        store.close().await;
        assert!(html.contains(&name), "{name}");
        Html::read(&html);
        html.replace(&name, "DB")
    })
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
fn postgres_gives_the_same_report() {
    assert_eq!(report(&Database::postgres()), report(&Database::sqlite()));
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
fn mysql_gives_the_same_report() {
    assert_eq!(report(&Database::mysql()), report(&Database::sqlite()));
}
