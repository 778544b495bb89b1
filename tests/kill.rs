//! Promise: after `kill -9` at any moment, `crawldeck resume` loses no URL, doubles no row, and
//! fetches again at most what was in flight or unsaved.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{
    LabProcess, Running, assert_whole, crawldeck, get_json, number, rows, try_rows, wait_until,
};

/// Kills per crawl.
const KILLS: u32 = 10;

/// A flaky page of the lab fails once or twice, then answers, and so on. An answer may be lost with
/// a kill, but a resumed crawl gives a URL all its attempts again, so these are always enough.
const ATTEMPTS: &str = "3";

fn seed() -> u64 {
    let given = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("KILL_SEED={seed} repeats these moments");
    seed
}

/// The number a query answers with; 0 while there is no such table, or no database at all.
fn count(db: &Path, sql: &'static str) -> u64 {
    try_rows::<(i64,)>(db, sql).map_or(0, |rows| rows[0].0 as u64)
}

fn saved(db: &Path) -> u64 {
    count(db, "SELECT count(*) FROM scraped_pages")
}

/// Kills one crawl again and again, each time once so many more pages are saved or requests
/// made as the dice say; then lets it end.
fn killed_again_and_again(lab: &LabProcess, dice: &mut fastrand::Rng, crawl: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let truth = lab.truth();
    let pages = truth["pages"].as_u64().unwrap();
    let mut args: Vec<&str> = crawl.to_vec();
    let mut over = None;
    for kill in 0..KILLS {
        let mut running = Running::start(crawldeck(folder.path()).args(&args));
        let share = pages / u64::from(2 * KILLS);
        let by_rows = dice.bool();
        // Now and then at the very start, while the database is made or read.
        let more = if dice.u8(..5) == 0 { dice.u64(..3) } else { dice.u64(1..share) };
        let (rows, requests) = (saved(&db), lab.requests());
        wait_until("the moment has come", || {
            let so_far =
                if by_rows { saved(&db).saturating_sub(rows) } else { lab.requests() - requests };
            so_far >= more || !running.is_running()
        });
        let ended = running.kill();
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        if !ended.stdout.is_empty() {
            assert!(kill >= KILLS / 2, "the crawl was over after {kill} kills: {ended:?}");
            over = Some(ended.exits(0));
            break;
        }
        let (rows, crawls) = (saved(&db), count(&db, "SELECT count(*) FROM crawls"));
        eprintln!("kill {kill}: {more} more by {by_rows}, {rows} rows, {}", lab.requests());
        // A crawl that has not begun cannot go on.
        if crawls > 0 {
            args = vec!["resume", "crawldeck.db", "--headless", "--json"];
        }
    }
    let ended =
        over.unwrap_or_else(|| Running::start(crawldeck(folder.path()).args(&args)).end().exits(0));
    let json = ended.json();
    assert_eq!((&json["state"], &json["pages"]), (&"complete".into(), &truth["pages"]));
    assert_eq!(json["unsaved"], 0);

    assert_whole(&db);
    assert_eq!(json["skipped"], truth["skipped"]);
    let statuses: Vec<(i64, i64)> = rows(
        &db,
        "SELECT status, count(*) FROM scraped_pages WHERE state <> 'skipped' GROUP BY status",
    );
    let by_status: BTreeMap<String, i64> =
        statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect();
    assert_eq!(serde_json::to_value(by_status).unwrap(), truth["by_status"]);
    // Depth 0 is the seed's alone, and every other page was found on a page that is there.
    let orphans = "SELECT count(*) FROM scraped_pages WHERE (depth = 0) != (found_on IS NULL) \
                   OR found_on NOT IN (SELECT id FROM scraped_pages)";
    assert_eq!(number(&db, orphans), 0);
    let found = "SELECT count(*) FROM scraped_pages p WHERE found_on IS NOT NULL AND NOT EXISTS \
                 (SELECT 1 FROM links WHERE from_id = p.found_on AND to_id = p.id)";
    assert_eq!(number(&db, found), 0, "found on a page that does not link to it");
    let kept = "SELECT coalesce(sum(attempts + coalesce(json_array_length(redirects), 0)), 0) \
                FROM scraped_pages";
    let (kept, made) = (number(&db, kept) as u64, lab.requests());
    eprintln!("{made} requests, {kept} of them in the database, {} made again", made - kept);
    assert!(made >= kept);
}

#[test]
fn a_crawl_that_is_killed_again_and_again_ends_whole() {
    let seed = seed();
    let mut dice = fastrand::Rng::with_seed(seed);
    // Slow enough to be caught, and much in flight when it is.
    let lab_seed = dice.u8(..).to_string();
    let lab = LabProcess::start(&["--pages", "1500", "--latency", "30ms", "--seed", &lab_seed]);
    let options = "--scope any --headless --json --backoff 0 --permits 40 --workers 50 --queue 20 \
                   --no-sitemaps";
    let mut crawl = vec!["crawl", lab.entry(), "--attempts", ATTEMPTS];
    crawl.extend(options.split_whitespace());
    killed_again_and_again(&lab, &mut dice, &crawl);
}

#[test]
fn settings_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let lab = LabProcess::start(&["--pages", "300", "--latency", "50ms"]);
    let begin = "--scope any --json --permits 7 --workers 9 --queue 11 --rate 900 --attempts 4 \
                 --backoff 7ms";
    let mut command = crawldeck(folder.path());
    command.args(["crawl", lab.entry()]).args(begin.split_whitespace());
    let running = Running::start(&mut command);
    wait_until("a few pages are saved", || saved(&db) > 3);
    running.kill();

    let mut command = crawldeck(folder.path());
    let running = Running::start(command.args(["resume", "--json"]));
    let before = saved(&db);
    wait_until("a few more are saved", || saved(&db) > before);
    running.signal(nix::sys::signal::Signal::SIGTERM);
    let json = running.end().exits(3).json();
    let settings = serde_json::json!({"permits": 7, "workers": 9, "queue": 11, "rate": 900.0});
    assert_eq!(json["settings"], settings);
    wait_until("the site is idle", || lab.load()["in_flight"] == 0);
    get_json(&format!("{}load.json?reset=1", lab.entry()));

    let overrides = "resume --json --permits 9 --workers 30 --rate off";
    let mut command = crawldeck(folder.path());
    let json = Running::start(command.args(overrides.split(' '))).end().exits(0).json();
    let settings = serde_json::json!({"permits": 9, "workers": 30, "queue": 11, "rate": null});
    assert_eq!(json["settings"], settings);
    assert_eq!(json["pages"], lab.truth()["pages"]);
    let peak = lab.load()["peak"].as_u64().unwrap();
    assert!((8..=9).contains(&peak), "peak {peak}");
}
