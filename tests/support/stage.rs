//! A crawl of the lab by the real program into a database that fails.

#![allow(dead_code, reason = "no test file uses everything")]

use url::Url;

use crate::support::database::Database;
use crate::support::{Ended, LabProcess, Running, crawldeck, wait_until};

/// What is logged once, when the database begins to refuse.
pub const REFUSED: &str = "the database refused a batch; it is kept";

/// Requests that no row tells of: robots.txt of the four hosts of the lab.
const ROBOTS: u64 = 4;

/// A kind of server.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// A new database on a server.
    pub database: fn(&Url) -> Database,
    /// Ends every connection to a database.
    pub end_connections: fn(&Database),
}

pub const POSTGRES: Kind = Kind {
    name: "postgres",
    database: Database::on_postgres,
    end_connections: |database| {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.number(sql);
    },
};

pub const MYSQL: Kind = Kind {
    name: "mariadb",
    database: Database::on_mysql,
    end_connections: |database| {
        let all = "SELECT cast(id AS char) FROM information_schema.processlist \
                   WHERE db = database() AND id <> connection_id()";
        for id in database.texts(all) {
            // It may be gone meanwhile.
            let _ = database.try_execute(&format!("KILL CONNECTION {id}"));
        }
    },
};

/// A test on each kind of server for every promise, a function of its [`Kind`].
macro_rules! on_each_server {
    ($($promise:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[test]
            #[ignore = "needs PostgreSQL, which it starts itself"]
            fn $promise() {
                super::$promise(crate::stage::POSTGRES);
            })+
        }
        mod on_mysql {
            $(#[test]
            #[ignore = "needs MariaDB, which it starts itself"]
            fn $promise() {
                super::$promise(crate::stage::MYSQL);
            })+
        }
    };
}

/// The lab, and where a crawl of it goes.
pub struct Stage {
    pub database: Database,
    pub lab: LabProcess,
    pub folder: tempfile::TempDir,
    /// What `--db` is given.
    pub url: String,
}

impl Stage {
    pub fn new(database: Database, pages: u32) -> Self {
        let lab = LabProcess::start(&["--pages", &pages.to_string(), "--latency", "30ms"]);
        let url = database.url();
        Self { database, lab, folder: tempfile::tempdir().unwrap(), url }
    }

    /// Begins it.
    pub fn crawl(&self, more: &[&str]) -> Running {
        let options = "--scope any --headless --json --backoff 0 --permits 20 --workers 30 \
                       --queue 20 --no-sitemaps";
        let mut command = crawldeck(self.folder.path());
        command.args(["crawl", self.lab.entry(), "--db", &self.url]);
        Running::start(command.args(options.split_whitespace()).args(more))
    }

    /// Pages saved so far.
    pub fn saved(&self) -> u64 {
        self.database.number_so_far("SELECT count(*) FROM scraped_pages")
    }

    /// Waits until the site gets no more requests although the crawl continues; returns how
    /// often it was asked.
    pub fn held_back(&self, crawl: &mut Running) -> u64 {
        // In a row; a pause of the crawl's own is shorter.
        const LOOKS: u32 = 100;
        let (mut requests, mut looks) = (0, 0);
        wait_until("the workers are held back", || {
            assert!(crawl.is_running(), "it was over before: {}", crawl.stderr());
            let load = self.lab.load();
            let now = load["requests"].as_u64().unwrap();
            looks = if load["in_flight"] == 0 && now == requests { looks + 1 } else { 0 };
            requests = now;
            looks >= LOOKS
        });
        requests
    }

    /// The crawl ended by itself, with nothing lost, doubled or requested twice.
    #[track_caller]
    pub fn assert_continued(&self, running: Running) -> Ended {
        let ended = running.end().exits(0);
        let json = ended.json();
        assert_eq!((&json["state"], &json["unsaved"]), (&"complete".into(), &0.into()));
        self.database.assert_whole();
        self.database.assert_found(&self.lab);
        // A redirect to a page that is known asks for less than it tells.
        let (made, reported) = (self.lab.requests(), self.database.requests() + ROBOTS);
        assert!(made <= reported, "{made} requests, {reported} reported");
        assert_eq!(json["retries"].as_u64(), Some(self.database.retries()));
        assert_eq!(json["resent"].as_u64(), Some(self.database.resent()));
        ended
    }
}

/// Most memory that a process ever had, in MiB.
pub fn peak_mib(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}
