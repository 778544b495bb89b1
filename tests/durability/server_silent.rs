//! Promise: a database server that is stopped in its tracks (SIGSTOP) is named after seconds, a stop
//! waits for it for a bounded time and counts what is not saved, a second stop ends at once, and the
//! resumed crawl is whole.
//!
//! Each test has a server of its own, from `tests/servers.sh`. Times are real here: the bounds are those
//! that are promised.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::server::{Frozen, Server};
use crate::stage::{Kind, Stage};
use crate::support::{Ended, Running, run, wait_until};

/// What is said of a stop that lost its patience.
const GAVE_UP: &str = "crawldeck: the database has completed nothing for ";

/// A crawl whose server does not answer any more, which it has said.
fn silent(kind: Kind) -> (Server, Stage, Running, Frozen) {
    let server = Server::start(kind.name);
    let stage = Stage::new((kind.database)(&server.url), 1000);
    let crawl = stage.crawl(&["--rate", "300", "-v"]);
    wait_until("something is saved", || stage.saved() > 20);
    let frozen = server.freeze();
    says(&crawl, "limited by the database for 3 s: silent while ");
    (server, stage, crawl, frozen)
}

/// Asks for its line until this is in it.
fn says(crawl: &Running, what: &str) {
    wait_until(what, || {
        crawl.signal(Signal::SIGUSR1);
        crawl.stderr().contains(what)
    });
}

/// It ended with exit code 3, and everything that was finished is saved or counted.
#[track_caller]
fn assert_counted(ended: &Ended, frozen: Frozen, stage: &Stage) {
    let json = ended.json();
    let unsaved = json["unsaved"].as_u64().unwrap();
    assert!(unsaved > 0, "{json}");
    assert_eq!(json["state"], "stopped");
    let reported = format!("crawldeck: {unsaved} finished pages could not be saved");
    assert!(ended.stderr.contains(&reported), "{}", ended.stderr);
    drop(frozen);
    assert_eq!(stage.saved() + unsaved, json["pages"].as_u64().unwrap(), "{json}");
    stage.database.assert_sound();
    let resume = ["resume", &stage.database.url(), "--json", "--headless"];
    let ended = run(stage.folder.path(), &resume).exits(0);
    assert_eq!(ended.json()["pages"], stage.lab.truth()["pages"]);
    stage.database.assert_whole();
    stage.database.assert_found(&stage.lab);
}

fn a_silent_server_holds_up_a_stop_no_longer_than_is_promised(kind: Kind) {
    let (_server, stage, crawl, frozen) = silent(kind);
    let begin = Instant::now();
    crawl.signal(Signal::SIGINT);
    let ended = crawl.end().exits(3);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(16), "{took:?}");
    assert!(ended.stderr.lines().any(|line| line.starts_with(GAVE_UP)), "{}", ended.stderr);
    assert_counted(&ended, frozen, &stage);
}

fn a_second_stop_does_not_wait_for_a_silent_server(kind: Kind) {
    let (_server, stage, crawl, frozen) = silent(kind);
    crawl.signal(Signal::SIGINT);
    says(&crawl, "stopping");
    let begin = Instant::now();
    crawl.signal(Signal::SIGINT);
    let ended = crawl.end().exits(3);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_counted(&ended, frozen, &stage);
}

/// An answer in time: nothing is lost.
fn a_server_that_answers_before_the_end_of_a_stop_gets_everything(kind: Kind) {
    let (_server, stage, crawl, frozen) = silent(kind);
    crawl.signal(Signal::SIGINT);
    says(&crawl, "stopping");
    drop(frozen);
    let ended = crawl.end().exits(3);
    assert_eq!(ended.json()["unsaved"], 0);
    assert_eq!(stage.database.texts("SELECT state FROM crawls"), ["stopped"]);
}

on_each_server![
    a_silent_server_holds_up_a_stop_no_longer_than_is_promised,
    a_second_stop_does_not_wait_for_a_silent_server,
    a_server_that_answers_before_the_end_of_a_stop_gets_everything,
];
