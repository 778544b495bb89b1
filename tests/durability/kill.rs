//! Promise: after `kill -9` at any moment, `crawldeck resume` loses no URL, doubles no row, and
//! fetches again at most what was in flight or unsaved: in each of the three databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;

use crate::support::database::Database;
use crate::support::{LabProcess, Running, crawldeck, get_json, wait_until};

/// Kills per database, at least.
const KILLS: u32 = 20;

/// So many of them while the database is made, or so soon after it that it is read again.
const EARLY: u32 = 6;

/// A flaky page of the lab fails once or twice, then answers, and so on. An answer may be lost with
/// a kill, but a resumed crawl gives a URL all its attempts again, so these are always enough.
const OPTIONS: &str = "--attempts 3 --scope any --headless --json --backoff 0 --permits 40 \
                       --workers 50 --queue 20 --no-sitemaps";

/// Pages of the lab; slow enough to be caught, and much in flight when it is.
const LAB: [&str; 4] = ["--pages", "3000", "--latency", "30ms"];

const SAVED: &str = "SELECT count(*) FROM scraped_pages";
const CRAWLS: &str = "SELECT count(*) FROM crawls";

fn seed() -> u64 {
    let given = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("KILL_SEED={seed} repeats these moments");
    seed
}

/// When a crawl is killed.
#[derive(Debug)]
enum Moment {
    /// So many more pages are saved.
    Saved(u64),
    /// So many more requests have come.
    Asked(u64),
    /// The database was read so often since the start: while it is made, or read.
    Looks(u32),
}

impl Moment {
    fn of(rng: &mut fastrand::Rng, kills: u32, begun: bool, pages: u64) -> Self {
        let more = 1..pages / u64::from(2 * KILLS);
        match rng.u8(..4) {
            _ if kills < EARLY && begun => Self::Looks(rng.u32(..40)),
            _ if kills < EARLY => {
                // Mostly within the first few ms.
                let within = 1 << rng.u32(..4);
                Self::Looks(rng.u32(..within))
            }
            0 => Self::Looks(rng.u32(..80)),
            1 => Self::Asked(rng.u64(more)),
            _ => Self::Saved(rng.u64(more)),
        }
    }

    /// Waits for it, or for the end of the crawl.
    fn wait(&self, running: &mut Running, database: &Database, lab: &LabProcess) {
        if let Self::Looks(looks) = *self {
            // As fast as can be: opening takes a few ms.
            for _ in 0..looks {
                database.number_so_far(SAVED);
            }
            return;
        }
        let (saved, asked) = (database.number_so_far(SAVED), lab.requests());
        wait_until("the moment has come", || {
            let come = match *self {
                Self::Saved(more) => database.number_so_far(SAVED) >= saved + more,
                Self::Asked(more) => lab.requests() >= asked + more,
                Self::Looks(_) => true,
            };
            come || !running.is_running()
        });
    }
}

/// One crawl that was killed, in numbers.
struct Killed {
    database: &'static str,
    kills: u32,
    /// Of these before there was a crawl in the database.
    unborn: u32,
    pages: i64,
    links: i64,
    requests: u64,
    again: u64,
}

/// Kills one crawl again and again, at most so often; then lets it end.
fn killed(database: &Database, rng: &mut fastrand::Rng, most: u32) -> Killed {
    let lab_seed = rng.u8(..).to_string();
    let lab = LabProcess::start(&[&LAB[..], &["--seed", &lab_seed]].concat());
    let pages = lab.truth()["pages"].as_u64().unwrap();
    let (folder, url) = (tempfile::tempdir().unwrap(), database.url());
    let start = || {
        // A crawl that has not begun cannot go on.
        let mut command = crawldeck(folder.path());
        if database.number_so_far(CRAWLS) > 0 {
            command.args(["resume", &url, "--headless", "--json"]);
        } else {
            command.args(["crawl", lab.entry(), "--db", &url]).args(OPTIONS.split_whitespace());
        }
        Running::start(&mut command)
    };
    let (mut kills, mut unborn) = (0, 0);
    let over = loop {
        let mut running = start();
        if kills == most {
            break running.end();
        }
        let begun = database.number_so_far(CRAWLS) > 0;
        let moment = Moment::of(rng, kills, begun, pages);
        moment.wait(&mut running, database, &lab);
        let ended = running.kill();
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        if ended.status.signal().is_none() {
            break ended;
        }
        kills += 1;
        let begun = database.number_so_far(CRAWLS) > 0;
        unborn += u32::from(!begun);
        if begun {
            database.assert_sound();
        }
        let saved = database.number_so_far(SAVED);
        eprintln!("kill {kills}: {moment:?}, {saved} saved, {} requests", lab.requests());
    };
    let json = over.exits(0).json();
    assert_eq!((&json["state"], json["pages"].as_u64()), (&"complete".into(), Some(pages)));
    assert_eq!(json["unsaved"], 0);

    database.assert_whole();
    database.assert_found(&lab);
    let requests = lab.requests();
    // The same crawl, undisturbed.
    let other = Database::sqlite();
    let mut command = crawldeck(folder.path());
    command.args(["crawl", lab.entry(), "--db", &other.url()]).args(OPTIONS.split_whitespace());
    Running::start(&mut command).end().exits(0);
    for state in ["ok", "failed", "skipped"] {
        let urls = format!("SELECT url FROM scraped_pages WHERE state = '{state}'");
        // As it was first found to be written, `%c3` or `%C3`: who was first differs.
        let urls = |database: &Database| {
            database.texts(&urls).iter().map(|url| url.to_lowercase()).collect::<BTreeSet<_>>()
        };
        let (here, there) = (urls(database), urls(&other));
        let differ: Vec<_> = here.symmetric_difference(&there).collect();
        assert!(differ.is_empty(), "{state}: {differ:?}");
    }
    let needed = lab.requests() - requests;
    Killed {
        database: database.kind(),
        kills,
        unborn,
        pages: database.number(SAVED),
        links: database.number("SELECT count(*) FROM links"),
        requests,
        again: requests.saturating_sub(needed),
    }
}

/// As many crawls as it takes to kill often enough.
fn killed_again_and_again(new: fn() -> Database) {
    let seed = seed();
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut left = KILLS;
    let mut table =
        "database    seed    kills  at the start  pages  links   requests  made again  \
                     whole\n"
            .to_owned();
    while left > 0 {
        let crawl = killed(&new(), &mut rng, left);
        left -= crawl.kills;
        let Killed { database, kills, unborn, pages, links, requests, again } = crawl;
        let _ = writeln!(
            table,
            "{database:<10}  {seed:<6}  {kills:>5}  {unborn:>12}  {pages:>5}  {links:>5}  \
             {requests:>8}  {again:>10}  yes"
        );
    }
    eprint!("{table}");
}

fn settings_survive_a_kill(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let lab = LabProcess::start(&["--pages", "300", "--latency", "50ms"]);
    let begin = "--scope any --json --permits 7 --workers 9 --queue 11 --rate 900 --attempts 4 \
                 --backoff 7ms";
    let mut command = crawldeck(folder.path());
    command.args(["crawl", lab.entry(), "--db", &url]).args(begin.split_whitespace());
    let running = Running::start(&mut command);
    let saved = || database.number_so_far(SAVED);
    wait_until("a few pages are saved", || saved() > 3);
    running.kill();

    let mut command = crawldeck(folder.path());
    let running = Running::start(command.args(["resume", &url, "--json"]));
    let before = saved();
    wait_until("a few more are saved", || saved() > before);
    running.signal(nix::sys::signal::Signal::SIGTERM);
    let json = running.end().exits(3).json();
    let settings = serde_json::json!({"permits": 7, "workers": 9, "queue": 11, "rate": 900.0});
    assert_eq!(json["settings"], settings);
    wait_until("the site is idle", || lab.load()["in_flight"] == 0);
    get_json(&format!("{}load.json?reset=1", lab.entry()));

    let overrides = "--json --permits 9 --workers 30 --rate off";
    let mut command = crawldeck(folder.path());
    command.args(["resume", &url]).args(overrides.split(' '));
    let json = Running::start(&mut command).end().exits(0).json();
    let settings = serde_json::json!({"permits": 9, "workers": 30, "queue": 11, "rate": null});
    assert_eq!(json["settings"], settings);
    assert_eq!(json["pages"], lab.truth()["pages"]);
    let peak = lab.load()["peak"].as_u64().unwrap();
    assert!((8..=9).contains(&peak), "peak {peak}");
}

macro_rules! promises {
    ($($room:ident, $new:ident $(, $ignored:meta)?;)+) => {
        $(mod $room {
            use super::*;

            #[test]
            $(#[$ignored])?
            fn a_crawl_that_is_killed_again_and_again_ends_whole() {
                killed_again_and_again(Database::$new);
            }

            #[test]
            $(#[$ignored])?
            fn settings_survive_a_kill() {
                super::settings_survive_a_kill(&Database::$new());
            }
        })+
    };
}

promises! {
    on_sqlite, sqlite;
    on_postgres, postgres, ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT";
    on_mysql, mysql, ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT";
}
