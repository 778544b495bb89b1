//! Promise: whatever happens to the server of the database in the middle of a crawl, the crawl keeps
//! what is done, says what is wrong, and continues by itself to a whole end when the server is back.
//!
//! Each test has a server of its own, from `tests/servers.sh`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

use crate::server::Server;
use crate::stage::{Kind, REFUSED, Stage};
use crate::support::{run, wait_until};
use nix::sys::signal::Signal;

/// How often the server dies in one crawl.
const DEATHS: u32 = 6;

/// How often all connections are ended in one crawl.
const DROPS: u32 = 12;

fn seeded_rng() -> fastrand::Rng {
    let given = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("KILL_SEED={seed} repeats these moments");
    fastrand::Rng::with_seed(seed)
}

fn staged(kind: Kind, pages: u32) -> (Server, Stage) {
    let server = Server::start(kind.name);
    let stage = Stage::new((kind.database)(&server.url), pages);
    (server, stage)
}

fn the_server_is_killed(kind: Kind) {
    let mut rng = seeded_rng();
    let (server, stage) = staged(kind, 4000);
    let mut crawl = stage.crawl(&["--rate", "300"]);
    for death in 1..=DEATHS {
        let (saved, more) = (stage.saved(), rng.u64(1..100));
        wait_until("the moment has come", || stage.saved() >= saved + more || !crawl.is_running());
        for _ in 0..rng.u32(..20) {
            stage.saved();
        }
        assert!(crawl.is_running(), "it was over before death {death}");
        let before = stage.saved();
        server.kill();
        let after_kill = stage.lab.requests();
        server.restart();
        assert!(stage.saved() >= before, "what was saved is gone");
        eprintln!("death {death}: {before} saved, {after_kill} requests");
    }
    let ended = stage.assert_continued(crawl);
    assert!(ended.stderr.contains(REFUSED), "{}", ended.stderr);
    assert!(ended.stderr.contains("no connection to "), "{}", ended.stderr);
    eprintln!("{}: {DEATHS} deaths of the server, {} pages, whole", kind.name, stage.saved());
}

fn connections_are_dropped(kind: Kind) {
    let mut rng = seeded_rng();
    let (_server, stage) = staged(kind, 3000);
    let mut crawl = stage.crawl(&["--rate", "300"]);
    for drop in 1..=DROPS {
        let (saved, more) = (stage.saved(), rng.u64(1..120));
        wait_until("the moment has come", || stage.saved() >= saved + more || !crawl.is_running());
        for _ in 0..rng.u32(..20) {
            stage.saved();
        }
        assert!(crawl.is_running(), "it was over before drop {drop}");
        (kind.end_connections)(&stage.database);
        eprintln!("drop {drop}: {} saved", stage.saved());
    }
    stage.assert_continued(crawl);
}

/// The server is down when the crawl is stopped.
fn a_stop_reports_what_is_not_saved(kind: Kind) {
    let (server, stage) = staged(kind, 1000);
    let crawl = stage.crawl(&["--rate", "300"]);
    wait_until("something is saved", || stage.saved() > 20);
    server.kill();
    wait_until("it says what is wrong", || crawl.stderr().contains(REFUSED));
    crawl.signal(Signal::SIGTERM);
    let ended = crawl.end().exits(3);
    let json = ended.json();
    let unsaved = json["unsaved"].as_u64().unwrap();
    assert_eq!(json["state"], "stopped");
    assert!(unsaved > 0, "{json}");
    let reported = format!(
        "crawldeck: {unsaved} finished pages could not be saved; a resumed crawl fetches them again"
    );
    assert!(ended.stderr.lines().any(|line| line == reported), "{ended:?}");

    // It cannot be resumed meanwhile; that is one line.
    let refused = ["resume", &stage.database.url(), "--json", "--headless"];
    let down = run(stage.folder.path(), &refused).exits(1);
    assert_eq!((down.stdout.as_str(), down.stderr.lines().count()), ("", 1), "{down:?}");
    assert!(down.stderr.starts_with("crawldeck: no connection to "), "{down:?}");

    server.restart();
    stage.database.assert_sound();
    let ended = run(stage.folder.path(), &refused).exits(0);
    assert_eq!(ended.json()["pages"], stage.lab.truth()["pages"]);
    stage.database.assert_whole();
    stage.database.assert_found(&stage.lab);
}

on_each_server![connections_are_dropped, the_server_is_killed, a_stop_reports_what_is_not_saved,];
