//! Promise: a crawl is run by one process at a time. The second names the owner; a process that
//! died is taken over, and one that was taken over writes nothing any more.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::time::Duration;

use crate::gated_site::{PAGES, Site};
use crate::support::{Running, assert_whole, crawldeck, number, rows, run, wait, wait_until};
use nix::sys::signal::Signal;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

/// Runs a statement as another program would; false when the database is locked for long.
fn execute(db: &Path, sql: &'static str) -> bool {
    wait(async {
        let options = SqliteConnectOptions::new().filename(db);
        let options = options.busy_timeout(Duration::from_millis(500));
        let mut connection = options.connect().await.unwrap();
        let done = sqlx::query(sql).execute(&mut connection).await.is_ok();
        connection.close().await.unwrap();
        done
    })
}

#[test]
fn the_second_names_the_owner_until_that_one_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let first = site.crawled(folder.path());
    let owner: Vec<(i64, String, i64, String)> =
        rows(&db, "SELECT id, holder_host, holder_pid, substr(held_since, 1, 19) FROM crawls");
    let (crawl, host, pid, since) = &owner[0];
    let line = format!(
        "crawldeck: crawl {crawl} in crawldeck.db is being run by pid {pid} on {host} since {since} \
         UTC: stop it, or wait until it ends\n"
    );
    for args in
        [&["resume"][..], &["resume", "--crawl", "1"], &["rm", "crawldeck.db", "1", "--yes"]]
    {
        let refused = run(folder.path(), args).exits(1);
        let said = refused.stderr.replace("sqlite://crawldeck.db", "crawldeck.db");
        assert_eq!((said.as_str(), refused.stdout.as_str()), (line.as_str(), ""));
    }
    let listed = run(folder.path(), &["list"]).exits(0).stdout;
    assert!(listed.contains(&format!("(run by pid {pid} on {host})")), "{listed}");

    first.kill();
    let listed = run(folder.path(), &["list"]).exits(0).stdout;
    assert!(listed.contains("interrupted") && !listed.contains("run by"), "{listed}");
    site.open();
    let second = run(folder.path(), &["resume", "--json"]).exits(0);
    assert_eq!(second.json()["pages"], PAGES + 1);
    assert_whole(&db);
    assert_eq!(number(&db, "SELECT count(*) FROM crawls WHERE holder_token IS NULL"), 1);
}

#[test]
fn whoever_was_taken_over_stops_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let site = Site::start();
    let first = site.crawled(folder.path());
    // As if it had hung for long. It must not hang in the middle of a transaction, which nobody
    // could get past.
    wait_until("it is suspended outside of a transaction", || {
        first.signal(Signal::SIGSTOP);
        let silent = execute(&db, "UPDATE crawls SET beat_at = '2020-01-01 00:00:00.000'");
        if !silent {
            first.signal(Signal::SIGCONT);
        }
        silent
    });
    let second = Running::start(crawldeck(folder.path()).args(["resume", "--json"]));
    wait_until("it is taken over", || {
        number(&db, "SELECT count(*) FROM crawls WHERE beat_at > '2021'") == 1
    });
    wait_until("the second asks for pages", || site.web.paths().len() > PAGES + 1);
    first.signal(Signal::SIGCONT);
    site.open();
    let second = second.end().exits(0);
    assert_eq!(second.json()["pages"], PAGES + 1);
    let first = first.end().exits(3);
    let json = first.json();
    for said in ["crawl 1 in crawldeck.db ", ": nothing more is saved here"] {
        assert!(json["ended_by"].as_str().unwrap().contains(said), "{json}");
        assert!(first.stderr.contains(said), "{first:?}");
    }
    assert_eq!(json["state"], "stopped");
    assert_whole(&db);
}
