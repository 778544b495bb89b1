//! Promise: while the server takes nothing (read-only, rights taken away, locked, a deadlock), the
//! crawl keeps what is done, says what is wrong, asks the site for nothing more than it can keep, and
//! continues by itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

use crate::server::Server;
use crate::stage::{Kind, MYSQL, POSTGRES, REFUSED, Stage, peak_mib};
use crate::support::{Running, wait_until};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

/// More pages than the saver takes while nothing can be saved.
const PAGES: u32 = 5000;

/// As whom the crawl writes: nobody special, with a right to its own database.
const USER: &str = "limited";

/// A crawl as [`USER`] that has saved something.
fn staged(kind: Kind, pages: u32, more: &[&str]) -> (Server, Stage, Running) {
    let server = Server::start(kind.name);
    let mut stage = Stage::new((kind.database)(&server.url), pages);
    let name = stage.database.name();
    let mut url = url::Url::parse(&stage.url).unwrap();
    url.set_username(USER).unwrap();
    url.set_password(Some("limited")).unwrap();
    stage.url = url.into();
    if kind.name == POSTGRES.name {
        stage.database.execute(&format!("CREATE ROLE {USER} LOGIN"));
        stage.database.execute(&format!("GRANT ALL ON SCHEMA public TO {USER}"));
    } else {
        for sql in [
            format!("CREATE DATABASE {name}"),
            format!("CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY 'limited'"),
            format!("GRANT ALL ON {name}.* TO {USER}@'127.0.0.1'"),
        ] {
            stage.database.execute_on_server(&sql);
        }
    }
    let crawl = stage.crawl(more);
    wait_until("something is saved", || stage.saved() > 20);
    (server, stage, crawl)
}

/// While `failure` lasts.
fn waits(kind: Kind, said: &str, failure: impl FnOnce(&Stage) -> Box<dyn FnOnce(&Stage)>) {
    let (_server, stage, mut crawl) = staged(kind, PAGES, &[]);
    let over = failure(&stage);
    wait_until("it says what is wrong", || {
        let stderr = crawl.stderr();
        stderr.contains(REFUSED) && stderr.contains(said)
    });
    let requests = stage.held_back(&mut crawl);
    let saved = stage.saved();
    assert!(requests < u64::from(PAGES), "all of it was requested");
    let lines = |crawl: &Running| crawl.stderr().matches("limited by the database for ").count();
    let before = lines(&crawl);
    wait_until("it says so again", || lines(&crawl) > before);
    assert_eq!((stage.lab.requests(), stage.saved()), (requests, saved));
    let peak = peak_mib(&crawl);
    assert!(peak < 256, "{peak} MiB");
    eprintln!("{said}: {saved} saved, {requests} requests, {peak} MiB at most");
    over(&stage);
    let ended = stage.assert_continued(crawl);
    let refused = ended.stderr.lines().filter(|line| line.contains(REFUSED));
    assert!(refused.count() <= 2, "however often it was tried: {}", ended.stderr);
}

fn read_only(kind: Kind) {
    waits(kind, "cannot be written", |stage| {
        let name = stage.database.name();
        if kind.name == MYSQL.name {
            stage.database.execute("SET GLOBAL read_only = 1");
            return Box::new(|stage| stage.database.execute("SET GLOBAL read_only = 0"));
        }
        let set = |how: &str| format!("ALTER DATABASE {name} {how}");
        stage.database.execute(&set("SET default_transaction_read_only = on"));
        (kind.end_connections)(&stage.database);
        let reset = set("RESET default_transaction_read_only");
        Box::new(move |stage| stage.database.execute_on_server(&reset))
    });
}

fn rights_taken_away(kind: Kind) {
    waits(kind, "refuses access", |stage| {
        let (object, user) = if kind.name == MYSQL.name {
            (format!("{}.*", stage.database.name()), format!("{USER}@'127.0.0.1'"))
        } else {
            ("scraped_pages".to_owned(), USER.to_owned())
        };
        stage.database.execute(&format!("REVOKE INSERT ON {object} FROM {user}"));
        // MariaDB looks at rights when a connection begins.
        (kind.end_connections)(&stage.database);
        let grant = format!("GRANT INSERT ON {object} TO {user}");
        Box::new(move |stage| stage.database.execute(&grant))
    });
}

/// Somebody else in a transaction, over a connection of whichever kind.
enum Other {
    Postgres(tokio::runtime::Runtime, PgConnection),
    MySql(tokio::runtime::Runtime, MySqlConnection),
}

impl Other {
    fn begin(kind: Kind, stage: &Stage) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = stage.database.url();
        let mut other = if kind.name == MYSQL.name {
            let connection = runtime.block_on(MySqlConnection::connect(&url)).unwrap();
            Self::MySql(runtime, connection)
        } else {
            let connection = runtime.block_on(PgConnection::connect(&url)).unwrap();
            Self::Postgres(runtime, connection)
        };
        other.run("BEGIN");
        other
    }

    fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql);
        let done = match self {
            Self::Postgres(runtime, connection) => {
                runtime.block_on(sqlx::raw_sql(sql).execute(connection)).map(drop)
            }
            Self::MySql(runtime, connection) => {
                runtime.block_on(sqlx::raw_sql(sql).execute(connection)).map(drop)
            }
        };
        done.unwrap();
    }
}

fn locked(kind: Kind) {
    waits(kind, "is busy", |stage| {
        let mut other = Other::begin(kind, stage);
        other.run(if kind.name == MYSQL.name {
            "SELECT id FROM crawls FOR UPDATE"
        } else {
            "LOCK TABLE crawls IN ACCESS EXCLUSIVE MODE"
        });
        Box::new(move |_| other.run("ROLLBACK"))
    });
}

/// Each has what the other wants; the server ends the crawl's transaction.
fn deadlocked(kind: Kind) {
    let (_server, stage, crawl) = staged(kind, 2000, &["--rate", "200"]);
    let mut other = Other::begin(kind, &stage);
    let waiting = if kind.name == MYSQL.name {
        // The one that changed less gives way.
        other.run("CREATE TEMPORARY TABLE much (n INT) ENGINE = InnoDB");
        other.run("BEGIN");
        other.run("INSERT INTO much SELECT seq FROM seq_1_to_100000");
        "SELECT count(*) FROM information_schema.processlist \
         WHERE user = 'limited' AND command <> 'Sleep' AND time_ms > 300"
    } else {
        // The one that looks first gives way.
        other.run("SET deadlock_timeout = '1min'");
        "SELECT count(*) FROM pg_locks WHERE NOT granted"
    };
    other.run("UPDATE hosts SET incidents = incidents");
    wait_until("the crawl waits for it", || stage.database.number(waiting) > 0);
    // Comes back when the crawl has given way.
    other.run("UPDATE crawls SET updated_at = updated_at");
    wait_until("it says so", || crawl.stderr().to_lowercase().contains("deadlock"));
    other.run("ROLLBACK");
    let ended = stage.assert_continued(crawl);
    assert!(ended.stderr.contains("is busy"), "{}", ended.stderr);
}

on_each_server![deadlocked, locked, read_only, rights_taken_away];
