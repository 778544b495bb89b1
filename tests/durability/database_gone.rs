//! Promise: what cannot come back by itself (a file deleted, moved or replaced, a table or a database
//! dropped) ends the crawl at once: it says what happened and how many pages that costs, and writes
//! nothing into the void.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::PathBuf;

use crate::closed_port::ClosedPort;
use crate::stage::Stage;
use crate::support::database::Database;
use crate::support::{self, assert_whole, run, wait_until};

/// Slow enough to be met in the middle.
const PAGES: u32 = 1000;
const SLOW: [&str; 2] = ["--rate", "200"];

/// The crawl ends with exit code 3, the reason and the number of pages that it costs.
#[track_caller]
fn ends_at_once(stage: &Stage, said: &str, harm: impl FnOnce()) {
    let crawl = stage.crawl(&SLOW);
    wait_until("something is saved", || stage.saved() > 20);
    harm();
    let ended = crawl.end().exits(3);
    let json = ended.json();
    let why = json["ended_by"].as_str().unwrap_or_else(|| panic!("{ended:?}"));
    assert!(why.contains(said) && why.contains("nothing more is saved"), "{why}");
    assert_eq!(json["state"], "stopped");
    let unsaved = json["unsaved"].as_u64().unwrap();
    assert!(unsaved > 0, "{json}");
    assert!(json["pages"].as_u64().unwrap() < u64::from(PAGES), "it ran to the end: {json}");
    for line in [
        format!("crawldeck: {why}"),
        format!(
            "crawldeck: {unsaved} finished pages could not be saved; a resumed crawl fetches them \
             again"
        ),
    ] {
        assert_eq!(ended.stderr.lines().filter(|shown| *shown == line).count(), 1, "{ended:?}");
    }
}

/// A crawl into a file of its own folder.
fn in_a_file() -> (Stage, PathBuf) {
    let stage = Stage::new(Database::sqlite(), PAGES);
    let path = PathBuf::from(stage.database.name());
    (stage, path)
}

#[test]
fn a_file_that_is_deleted() {
    let (stage, path) = in_a_file();
    ends_at_once(&stage, "crawldeck.db was deleted or moved away", || {
        fs::remove_file(&path).unwrap();
    });
    assert!(!path.exists(), "it came back");
}

#[test]
fn a_file_that_is_moved_is_whole_where_it_is_and_continues_there() {
    let (stage, path) = in_a_file();
    let away = path.with_file_name("away.db");
    ends_at_once(&stage, "crawldeck.db was deleted or moved away", || {
        fs::rename(&path, &away).unwrap();
    });
    Database::file(&away).assert_sound();
    let resumed = run(path.parent().unwrap(), &["resume", "away.db", "--json", "--rate", "off"]);
    assert_eq!(resumed.exits(0).json()["pages"], stage.lab.truth()["pages"]);
    assert_whole(&away);
    Database::file(&away).assert_found(&stage.lab);
}

#[test]
fn a_file_that_is_replaced_is_left_alone() {
    let (stage, path) = in_a_file();
    let other = path.with_file_name("other.db");
    let text = "a diary, or whatever was put in its place";
    ends_at_once(&stage, "crawldeck.db was replaced by another file", || {
        fs::write(&other, text).unwrap();
        fs::rename(&other, &path).unwrap();
    });
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

/// The crawl of somebody else is in its place.
#[test]
fn a_file_that_is_replaced_by_another_crawl_is_left_alone() {
    let (stage, path) = in_a_file();
    let other = path.with_file_name("other.db");
    let site = support::Web::of_pages(&[("/", "<p>alone")]);
    let folder = path.parent().unwrap().to_owned();
    ends_at_once(&stage, "crawldeck.db was replaced by another file", || {
        run(&folder, &["crawl", &site.url("/"), "--db", "other.db", "--json"]).exits(0);
        fs::rename(&other, &path).unwrap();
    });
    assert_whole(&path);
    assert_eq!(support::number(&path, "SELECT count(*) FROM scraped_pages"), 1);
}

fn a_table_that_is_dropped(database: Database) {
    let stage = Stage::new(database, PAGES);
    ends_at_once(&stage, "is not as crawldeck made it", || {
        // Views and all that hangs on it go with it.
        let cascade = if stage.database.kind() == "PostgreSQL" { " CASCADE" } else { "" };
        stage.database.execute(&format!("DROP TABLE links{cascade}"));
    });
}

fn a_column_that_is_dropped(database: Database) {
    let stage = Stage::new(database, PAGES);
    ends_at_once(&stage, "is not as crawldeck made it", || {
        stage.database.execute("ALTER TABLE frontier RENAME COLUMN depth TO deepness");
    });
}

fn a_database_that_is_dropped(database: Database) {
    let stage = Stage::new(database, PAGES);
    let name = stage.database.name();
    let force = if stage.database.kind() == "PostgreSQL" { " WITH (FORCE)" } else { "" };
    let crawl = stage.crawl(&SLOW);
    wait_until("something is saved", || stage.saved() > 20);
    stage.database.execute_on_server(&format!("DROP DATABASE {name}{force}"));
    let ended = crawl.end().exits(3);
    let json = ended.json();
    assert!(json["unsaved"].as_u64().unwrap() > 0, "{json}");
    let why = json["ended_by"].as_str().unwrap();
    let said = [format!("{name} does not exist on its server"), "is not as crawldeck".to_owned()];
    assert!(said.iter().any(|said| why.contains(said)), "{why}");
}

/// What cannot be opened at all is one line, the same with `--json`, and exit code 1.
#[expect(clippy::needless_pass_by_value, reason = "given as to the others")]
fn what_cannot_be_opened(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = url::Url::parse(&database.url()).unwrap();
    let changed = |change: &dyn Fn(&mut url::Url)| {
        let mut url = url.clone();
        url.set_password(Some("secret")).unwrap();
        change(&mut url);
        String::from(url)
    };
    let closed = ClosedPort::new();
    for (url, said) in [
        (changed(&|url| url.set_port(Some(closed.port())).unwrap()), "no connection to "),
        (changed(&|url| url.set_username("nobody").unwrap()), "refuses access"),
        (changed(&|url| url.set_path("no_such")), " "),
    ] {
        for args in [&["resume", &url, "--json"][..], &["list", &url, "--json"]] {
            let ended = run(folder.path(), args).exits(1);
            assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{ended:?}");
            assert!(ended.stderr.starts_with("crawldeck: "), "{ended:?}");
            assert!(ended.stderr.contains(said), "{ended:?}");
            assert!(!ended.stderr.contains("secret"), "{ended:?}");
        }
    }
}

#[test]
fn a_table_of_a_file_that_is_dropped() {
    a_table_that_is_dropped(Database::sqlite());
}

#[test]
fn a_column_of_a_file_that_is_dropped() {
    a_column_that_is_dropped(Database::sqlite());
}

macro_rules! on_servers {
    ($($promise:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[test]
            #[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
            fn $promise() {
                super::$promise(super::Database::postgres());
            })+
        }
        mod on_mysql {
            $(#[test]
            #[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
            fn $promise() {
                super::$promise(super::Database::mysql());
            })+
        }
    };
}

on_servers![
    a_column_that_is_dropped,
    a_database_that_is_dropped,
    a_table_that_is_dropped,
    what_cannot_be_opened,
];
