//! The promise: the programs of examples/ work. Each is included here as it stands and run against the
//! lab on loopback, with a database of its own.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking")]

use std::path::Path;

use crate::support::{LabProcess, wait};

#[allow(dead_code, reason = "the example's `main` is for `cargo run --example`")]
#[path = "../../examples/crawl_list.rs"]
mod crawl_list;
#[allow(dead_code, reason = "the example's `main` is for `cargo run --example`")]
#[path = "../../examples/query_results.rs"]
mod query_results;
#[allow(dead_code, reason = "the example's `main` is for `cargo run --example`")]
#[path = "../../examples/watch_and_steer.rs"]
mod watch_and_steer;

/// Maximum pages of the crawl that is steered.
const STEERED_PAGES: u64 = 150;

fn database(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("example.db").display())
}

#[test]
fn a_list_is_crawled_and_its_database_is_queried() {
    let lab = LabProcess::start(&["--pages", "20", "--latency", "0"]);
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path());
    let missing = format!("{}no-such-page", lab.entry());

    let urls = [lab.entry().to_owned(), missing.clone()];
    let lines = wait(crawl_list::crawl_list(&urls, &db)).unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let line_of = |url: &str| lines.iter().find(|line| line.ends_with(&format!(" {url}"))).unwrap();
    assert!(line_of(lab.entry()).starts_with("200 "), "{lines:?}");
    assert!(line_of(&missing).starts_with("404 "), "{lines:?}");

    let rows = wait(query_results::query_results(&db)).unwrap();
    assert_eq!(rows[..2], ["200\t1", "404\t1"]);
}

#[test]
fn permits_are_doubled_while_they_are_the_limit() {
    let lab = LabProcess::start(&["--pages", "1000", "--latency", "50ms"]);
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path());

    let steered = watch_and_steer::watch_and_steer(lab.entry(), &db, STEERED_PAGES);
    let changes = wait(steered).unwrap();
    assert_eq!(changes.first().map(String::as_str), Some("permits 1 → 2"), "{changes:?}");

    // Rows without a status are the URLs beyond the limit: skipped, never requested.
    let rows = wait(query_results::query_results(&db)).unwrap();
    let by_status = rows.iter().map(|row| row.split('\t').collect::<Vec<_>>());
    let requested = by_status.filter(|row| row.len() == 2 && row[0] != "-");
    let pages = requested.map(|row| row[1].parse::<u64>().unwrap());
    assert_eq!(pages.sum::<u64>(), STEERED_PAGES, "{rows:?}");
}
