//! Promise: `tune` prints what it measured, the knee or why there is none, and the flags to use; it leaves
//! nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::small_site::{folder, small_site};
use crate::support::{Running, Web, crawldeck, hang, html, run, wait_until};
use nix::sys::signal::Signal;
use serde_json::Value;

/// A site whose pages link to ten further ones each, and take a moment.
fn endless_site() -> Web {
    Web::start(|request, stream| {
        let n: u64 = request.path.trim_start_matches('/').parse().unwrap_or(0);
        let links: Vec<_> = (1..=10).map(|i| format!("<a href=/{}>x</a>", 10 * n + i)).collect();
        sleep(Duration::from_millis(20));
        let _ = stream.write_all(&html(200, &links.join(" ")));
    })
}

fn tune(temporary: &Path, args: &[&str]) -> Running {
    let mut command = crawldeck(temporary);
    Running::start(command.arg("tune").args(args).env("TMPDIR", temporary))
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn assert_shape(json: &Value) {
    let rows = json["table"].as_array().unwrap();
    let permits: Vec<_> = rows.iter().map(|row| row["permits"].as_u64().unwrap()).collect();
    assert!(permits.is_sorted() && !permits.is_empty(), "{json}");
    for row in rows {
        assert_eq!(row["workers"].as_u64().unwrap(), 2 * row["permits"].as_u64().unwrap() + 8);
        for number in ["pages_per_s", "p50_ms", "p95_ms", "held_s", "error_share"] {
            assert!(row[number].is_f64() || row[number].is_u64(), "{number} in {row}");
        }
        assert!(row["ci"].is_null() || row["ci"].as_f64().unwrap() > 0.0, "{row}");
    }
    assert!(json["knee"]["permits"].is_null() || json["knee"]["permits"].as_f64().unwrap() > 0.0);
    assert!(!json["knee"]["how"].as_str().unwrap().is_empty(), "{json}");
    let flags = json["flags"].as_str().unwrap();
    assert!(flags.starts_with("--permits ") && flags.contains(" --workers "), "{flags}");
}

#[test]
fn a_budget_of_pages_ends_it_and_json_has_all_of_it() {
    let (temporary, web) = (folder(), endless_site());
    // Two permits and 20 ms a page: at least 2.5 s, of which something is measured.
    let ended = tune(temporary.path(), &[&web.url("/"), "--budget", "300", "--json"]).end();
    let json = ended.exits(0).json();
    assert_shape(&json);
    assert_eq!(json["partial"], false, "{json}");
    assert!(is_empty(temporary.path()), "the database is gone");
}

#[test]
fn a_site_of_a_few_pages_is_too_small_to_tell() {
    let (temporary, web) = (folder(), small_site());
    let said = tune(temporary.path(), &[&web.url("/")]).end().exits(0).stdout;
    assert!(said.contains("knee: too few pages to tell"), "{said}");
    assert!(said.contains("every URL of the site is done"), "{said}");
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_signal_prints_what_there_is_and_leaves_nothing() {
    let (temporary, web) = (folder(), endless_site());
    let running = tune(temporary.path(), &[&web.url("/"), "--json"]);
    wait_until("pages are fetched", || web.paths().len() > 50);
    assert!(!is_empty(temporary.path()), "a throw-away database");
    running.signal(Signal::SIGINT);
    let json = running.end().exits(3).json();
    assert_eq!(json["partial"], true, "{json}");
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_database_that_is_named_stays_and_can_be_resumed() {
    let (folder, web) = (folder(), endless_site());
    let args = [&web.url("/"), "--budget", "200", "--db", "kept.db", "--json"];
    tune(folder.path(), &args).end().exits(0);
    let listed = run(folder.path(), &["list", "kept.db"]).exits(0).stdout;
    assert!(listed.contains("stopped"), "{listed}");
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let folder = folder();
    let refused = |args: &[&str], code: i32, why: &str| {
        let said = run(folder.path(), args).exits(code).stderr;
        assert!(said.contains(why), "{args:?}: {said}");
    };
    refused(&["tune"], 2, "no URL to begin with");
    let url = "http://127.0.0.1:9/";
    refused(&["tune", url, "--budget", "soon"], 2, "such as 2m, or a number of pages, not 'soon'");
    refused(&["tune", url, "--permits", "3"], 2, "tune turns permits and workers itself");
    refused(&["tune", url, "--workers", "3"], 2, "takes no --workers");
    refused(&["tune", url, "--autopilot"], 2, "takes no --autopilot");
    refused(&["tune", url, "--attempts", "1"], 1, "no seed could be reached");
}

#[test]
fn requests_that_hang_do_not_hold_up_the_end() {
    let (temporary, web) = (folder(), Web::start(|_, stream| hang(stream)));
    let running = tune(temporary.path(), &[&web.url("/"), "--json"]);
    wait_until("the page is requested", || web.paths().iter().any(|path| path == "/"));
    running.signal(Signal::SIGTERM);
    running.end().exits(3);
    assert!(is_empty(temporary.path()));
}
