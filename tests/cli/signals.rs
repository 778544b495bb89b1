//! Promise: signals end a crawl gracefully or at once, or ask for a line; nobody reading is no failure.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::process::Stdio;

use super::small_site::{db, folder, small_site};
use crate::support::{
    self, LabProcess, Running, Web, assert_whole, crawldeck, number, rows, run, wait_until,
};
use nix::sys::signal::Signal;
use tempfile::TempDir;

#[test]
fn nobody_listening_is_no_panic() {
    let web = small_site();
    let seed = web.url("/");
    for args in [
        &["crawl", &seed, "--json"][..],
        &["crawl", &seed, "-vv"],
        &["crawl", "--list", "missing"],
        &["crawl", "http://127.0.0.1:1/", "--attempts", "1"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["lab", "--pages", "5"],
    ] {
        let folder = folder();
        let expected = match args {
            [_, "--list", ..] => 2,
            [_, "http://127.0.0.1:1/", ..] => 1,
            _ => 0,
        };
        let mut command = crawldeck(folder.path());
        let mut child = command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(expected), "{args:?}");
    }
}

/// A crawl of a lab that answers slowly, caught while requests are in flight.
fn caught(folder: &TempDir, lab: &LabProcess, more: &[&str]) -> Running {
    let mut command = crawldeck(folder.path());
    command.args(["crawl", lab.entry(), "--scope", "any", "--backoff", "10ms", "--json"]);
    command.arg("--no-sitemaps");
    let running = Running::start(command.args(more));
    wait_until("several requests in flight", || {
        lab.load()["in_flight"].as_u64().unwrap() >= 5 && lab.requests() >= 10
    });
    running
}

#[test]
fn a_signal_asks_for_a_line() {
    let lab = LabProcess::start(&["--pages", "200", "--latency", "300ms"]);
    let folder = folder();
    let running = caught(&folder, &lab, &[]);
    running.signal(Signal::SIGUSR1);
    wait_until("a line", || running.stderr().ends_with('\n'));
    let line = running.stderr();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("running ") && line.contains("/10 permits"), "{line}");
    running.signal(Signal::SIGTERM);
    running.end().exits(3);
}

#[test]
fn the_first_signal_finishes_what_is_in_flight() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let lab = LabProcess::start(&["--pages", "150", "--latency", "300ms", "--seed", "5"]);
        let folder = folder();
        let running = caught(&folder, &lab, &["--permits", "20", "--workers", "20"]);
        running.signal(signal);
        let json = running.end().exits(3).json();
        let db = db(&folder);
        assert_eq!(json["state"], "stopped");
        assert_eq!(json["open"], number(&db, "SELECT count(*) FROM frontier"));
        assert_eq!(json["pages"], number(&db, "SELECT count(*) FROM scraped_pages"));
        // Every request that reached the site is accounted for: it finished, and was saved. But
        // for one robots.txt a host, and for redirects whose next hop was yet to be asked.
        let (hosts, permits) = (4, 20);
        let hops = "SELECT coalesce(sum(attempts + resent + coalesce(json_array_length(redirects), 0)), 0) \
                    FROM scraped_pages";
        let waiting = "SELECT coalesce(sum(attempts + resent), 0) FROM frontier";
        let seen = number(&db, hops) + number(&db, waiting);
        let lost = lab.requests() - seen as u64;
        assert!(lost <= hosts + permits, "{signal}: {lost} requests lost");
        assert_eq!(rows::<(String,)>(&db, "SELECT state FROM crawls")[0].0, "stopped");

        let args = ["resume", "--json", "--permits", "100", "--workers", "100"];
        let json = run(folder.path(), &args).exits(0).json();
        assert_eq!(json["pages"], lab.truth()["pages"], "{signal}");
        assert_whole(&db);
        let again = lab.requests() - number(&db, hops) as u64;
        assert!(again <= lost + hosts, "{signal}: {again} fetched again");
    }
}

#[test]
fn the_second_signal_ends_at_once() {
    let folder = folder();
    let web = Web::start(|request, stream| {
        use std::io::Write;
        if request.path == "/" {
            let _ = stream.write_all(&support::html(200, "<a href=/1>1</a><a href=/2>2</a>"));
        } else {
            support::hang(stream);
        }
    });
    let mut command = crawldeck(folder.path());
    let seed = web.url("/");
    let running = Running::start(command.args(["crawl", &seed, "--timeout", "1h", "--json"]));
    wait_until("both pages requested", || web.paths() == ["/", "/1", "/2"]);
    running.signal(Signal::SIGINT);
    running.signal(Signal::SIGUSR1);
    wait_until("the first is taken", || {
        running.signal(Signal::SIGUSR1);
        running.stderr().contains("stopping ")
    });
    running.signal(Signal::SIGTERM);
    let json = running.end().exits(3).json();
    assert_eq!((&json["pages"], &json["open"]), (&1.into(), &2.into()));
    assert_eq!(number(&db(&folder), "SELECT count(*) FROM frontier"), 2);
    assert_eq!(number(&db(&folder), "SELECT sum(attempts) FROM frontier"), 0);
}
