//! Promise: a terminal that is closed stops the crawl on it gracefully: what is in flight finishes, everything
//! is saved, and the exit code says that the crawl was stopped before its end.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::process::Command;

use super::small_site::{db, folder};
use crate::gated_site::{PAGES, Site};
use crate::support::{Running, assert_whole, crawldeck, number, rows, run, wait_until};
use crate::terminal::Terminal;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const IN_FLIGHT: usize = 3;

/// Closes the terminal of a crawl with requests in flight. They are answered when it was `noticed`, by a line of
/// the log.
fn closed_with_requests_in_flight(options: &[&str], noticed: &[&str]) {
    let (site, folder) = (Site::start(), folder());
    let (url, permits) = (site.web.url("/"), IN_FLIGHT.to_string());
    let mut command = vec!["crawldeck", "crawl", &url, "--permits", &permits, "--log-file", "log"];
    command.extend(options);
    let mut terminal = Terminal::start(&command, (120, 36), folder.path(), &[]);
    wait_until("requests are in flight", || site.web.paths().len() == 1 + IN_FLIGHT);
    let pid = Pid::from_raw(terminal.pid());
    terminal.close();
    let log = || fs::read_to_string(folder.path().join("log")).unwrap();
    for line in noticed {
        wait_until("it notices", || log().contains(line));
    }
    // The shell tells its jobs as well.
    kill(pid, Signal::SIGHUP).unwrap();
    site.open();
    assert_eq!(terminal.end(), 3, "{}", log());
    assert!(!log().contains("at once"), "{}", log());
    let db = db(&folder);
    assert_eq!(rows::<(String,)>(&db, "SELECT state FROM crawls")[0].0, "stopped");
    let finished = number(&db, "SELECT count(*) FROM scraped_pages WHERE state = 'ok'");
    assert_eq!(finished as usize, 1 + IN_FLIGHT, "{}", log());
    let open = number(&db, "SELECT count(*) FROM frontier");
    assert_eq!(open as usize, PAGES - IN_FLIGHT);

    let json = run(folder.path(), &["resume", "--json"]).exits(0).json();
    assert_eq!(json["pages"], 1 + PAGES);
    assert_whole(&db);
    assert_eq!(site.web.paths().len(), 1 + PAGES, "nothing is fetched again");
}

#[test]
fn with_a_dashboard() {
    let noticed = ["stop by=\"terminal\"", "the dashboard ended: the crawl stops"];
    closed_with_requests_in_flight(&[], &noticed);
}

/// Nor does a dashboard that panics take the crawl with it.
#[test]
fn a_panic_of_the_dashboard_stops_the_crawl_gracefully() {
    let (site, folder) = (Site::start(), folder());
    let (url, permits) = (site.web.url("/"), IN_FLIGHT.to_string());
    let command = ["crawldeck", "crawl", &url, "--permits", &permits, "--log-file", "log"];
    let panics = [("CRAWLDECK_PANIC_IN", "dashboard:15")];
    let mut terminal = Terminal::start(&command, (120, 36), folder.path(), &panics);
    let before = terminal.modes();
    let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    wait_until("it panics", || log().contains("it panicked: injected panic in dashboard at src/"));
    wait_until("the crawl stops", || log().contains("stop by=\"terminal\""));
    site.open();
    assert_eq!(terminal.end(), 3, "{}", log());
    terminal.assert_restored();
    assert_eq!(terminal.modes(), before);
    let said = terminal.text();
    assert!(
        said.contains("the dashboard ended (it panicked: injected panic in dashboard"),
        "{said}"
    );
    assert!(said.contains("stopped, resumable: "), "{said}");
    assert!(said.contains("crawldeck: next: crawldeck resume"), "{said}");
    let db = db(&folder);
    assert_eq!(rows::<(String,)>(&db, "SELECT state FROM crawls")[0].0, "stopped");
    let finished = number(&db, "SELECT count(*) FROM scraped_pages WHERE state = 'ok'");
    assert_eq!(finished as usize, site.web.paths().len());
}

/// Who starts it with `nohup` wants it to go on.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let (site, folder) = (Site::start(), folder());
    let command = crawldeck(folder.path());
    let mut nohup = Command::new("nohup");
    nohup.current_dir(folder.path()).arg(command.get_program());
    let (url, permits) = (site.web.url("/"), IN_FLIGHT.to_string());
    nohup.args(["crawl", &url, "--config=none", "--json", "--permits", &permits]);
    let crawl = Running::start(&mut nohup);
    wait_until("requests are in flight", || site.web.paths().len() == 1 + IN_FLIGHT);
    crawl.signal(Signal::SIGHUP);
    site.open();
    assert_eq!(crawl.end().exits(0).json()["pages"], 1 + PAGES);
}

#[test]
fn with_lines_of_progress() {
    closed_with_requests_in_flight(&["--headless"], &["stop by=\"terminal\""]);
    closed_with_requests_in_flight(&["--headless", "--json", "-vv"], &["stop by=\"terminal\""]);
}
