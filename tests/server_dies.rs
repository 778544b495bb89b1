//! Promise: whatever happens to the server of the database in the middle of a crawl, the crawl keeps
//! what is done, says what is wrong, and goes on by itself to a whole end when the server is back.
//!
//! Each test has a server of its own, from `tests/servers.sh`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod common;
#[path = "common/server.rs"]
mod server;

use common::database::{Database, execute_on};
use common::{Ended, LabProcess, Running, crawldeck, run, wait_until};
use nix::sys::signal::Signal;
use server::Server;

/// How often the server dies in one crawl.
const DEATHS: u32 = 6;

/// How often all connections are ended in one crawl.
const DROPS: u32 = 12;

/// Requests that no row tells of: robots.txt of the four hosts of the lab.
const ROBOTS: u64 = 4;

const SAVED: &str = "SELECT count(*) FROM scraped_pages";

/// What is logged once, when the database begins to refuse.
const REFUSED: &str = "the database refused a batch; it is kept";

fn dice() -> fastrand::Rng {
    let given = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("KILL_SEED={seed} repeats these moments");
    fastrand::Rng::with_seed(seed)
}

/// A kind of server.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    database: fn(&url::Url) -> Database,
    /// Ends every connection to a database.
    end_connections: fn(&Server, &Database),
}

const POSTGRES: Kind = Kind {
    name: "postgres",
    database: Database::on_postgres,
    end_connections: |server, database| {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            database.name()
        );
        execute_on(&server.url, &sql);
    },
};

const MYSQL: Kind = Kind {
    name: "mariadb",
    database: Database::on_mysql,
    end_connections: |server, database| {
        let all = "SELECT cast(id AS char) FROM information_schema.processlist \
                   WHERE db = database() AND id <> connection_id()";
        for id in database.texts(all) {
            // It may be gone meanwhile.
            let _ = common::database::try_execute_on(&server.url, &format!("KILL CONNECTION {id}"));
        }
    },
};

/// A crawl of the lab into a database of a server.
struct Stage {
    server: Server,
    database: Database,
    lab: LabProcess,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(kind: Kind, pages: u32) -> Self {
        let server = Server::start(kind.name);
        let database = (kind.database)(&server.url);
        let lab = LabProcess::start(&["--pages", &pages.to_string(), "--latency", "30ms"]);
        Self { server, database, lab, folder: tempfile::tempdir().unwrap() }
    }

    fn crawl(&self) -> Running {
        let options = "--scope any --headless --json --backoff 0 --permits 20 --workers 30 \
                       --queue 20 --rate 300 --no-sitemaps";
        let mut command = crawldeck(self.folder.path());
        command.args(["crawl", self.lab.entry(), "--db", &self.database.url()]);
        Running::start(command.args(options.split_whitespace()))
    }

    fn saved(&self) -> u64 {
        self.database.number_so_far(SAVED)
    }

    /// The crawl ended by itself, with nothing lost, doubled or asked for twice.
    #[track_caller]
    fn assert_went_on(&self, running: Running) -> Ended {
        let ended = running.end().exits(0);
        let json = ended.json();
        assert_eq!((&json["state"], &json["unsaved"]), (&"complete".into(), &0.into()));
        self.database.assert_whole();
        self.database.assert_found(&self.lab);
        // A redirect to a page that is known asks for less than it tells.
        let (made, told) = (self.lab.requests(), self.database.requests() + ROBOTS);
        assert!(made <= told, "{made} requests, {told} told of");
        assert_eq!(json["retries"].as_u64(), Some(self.database.retries()));
        ended
    }
}

fn the_server_is_killed(kind: Kind) {
    let mut dice = dice();
    let stage = Stage::new(kind, 4000);
    let mut crawl = stage.crawl();
    for death in 1..=DEATHS {
        let (saved, more) = (stage.saved(), dice.u64(1..100));
        wait_until("the moment has come", || stage.saved() >= saved + more || !crawl.is_running());
        for _ in 0..dice.u32(..20) {
            stage.saved();
        }
        assert!(crawl.is_running(), "it was over before death {death}");
        let before = stage.saved();
        stage.server.kill();
        let after_kill = stage.lab.requests();
        stage.server.restart();
        assert!(stage.saved() >= before, "what was saved is gone");
        eprintln!("death {death}: {before} saved, {after_kill} requests");
    }
    let ended = stage.assert_went_on(crawl);
    assert!(ended.stderr.contains(REFUSED), "{}", ended.stderr);
    assert!(ended.stderr.contains("no connection to "), "{}", ended.stderr);
    eprintln!("{}: {DEATHS} deaths of the server, {} pages, whole", kind.name, stage.saved());
}

fn connections_are_dropped(kind: Kind) {
    let mut dice = dice();
    let stage = Stage::new(kind, 3000);
    let mut crawl = stage.crawl();
    for drop in 1..=DROPS {
        let (saved, more) = (stage.saved(), dice.u64(1..120));
        wait_until("the moment has come", || stage.saved() >= saved + more || !crawl.is_running());
        for _ in 0..dice.u32(..20) {
            stage.saved();
        }
        assert!(crawl.is_running(), "it was over before drop {drop}");
        (kind.end_connections)(&stage.server, &stage.database);
        eprintln!("drop {drop}: {} saved", stage.saved());
    }
    stage.assert_went_on(crawl);
}

/// The server is down when the crawl is told to stop.
fn whoever_leaves_is_told_what_is_not_saved(kind: Kind) {
    let stage = Stage::new(kind, 1000);
    let crawl = stage.crawl();
    wait_until("something is saved", || stage.saved() > 20);
    stage.server.kill();
    wait_until("it says what is wrong", || crawl.stderr().contains(REFUSED));
    crawl.signal(Signal::SIGTERM);
    let ended = crawl.end().exits(3);
    let json = ended.json();
    let unsaved = json["unsaved"].as_u64().unwrap();
    assert_eq!(json["state"], "stopped");
    assert!(unsaved > 0, "{json}");
    let told = format!(
        "crawldeck: {unsaved} finished pages could not be saved; a resumed crawl fetches them again"
    );
    assert!(ended.stderr.lines().any(|line| line == told), "{ended:?}");

    // Nothing of it can be gone on with meanwhile; that is one line.
    let refused = ["resume", &stage.database.url(), "--json", "--headless"];
    let down = run(stage.folder.path(), &refused).exits(1);
    assert_eq!((down.stdout.as_str(), down.stderr.lines().count()), ("", 1), "{down:?}");
    assert!(down.stderr.starts_with("crawldeck: no connection to "), "{down:?}");

    stage.server.restart();
    stage.database.assert_sound();
    let ended = run(stage.folder.path(), &refused).exits(0);
    assert_eq!(ended.json()["pages"], stage.lab.truth()["pages"]);
    stage.database.assert_whole();
    stage.database.assert_found(&stage.lab);
}

macro_rules! promises {
    ($($promise:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[test]
            #[ignore = "needs PostgreSQL, which it starts itself"]
            fn $promise() {
                super::$promise(super::POSTGRES);
            })+
        }
        mod on_mysql {
            $(#[test]
            #[ignore = "needs MariaDB, which it starts itself"]
            fn $promise() {
                super::$promise(super::MYSQL);
            })+
        }
    };
}

promises![connections_are_dropped, the_server_is_killed, whoever_leaves_is_told_what_is_not_saved,];
