//! Promise: when the disk of the database is full in the middle of a crawl, what is done is kept, it is
//! said why nothing is saved, and the crawl continues by itself to a whole end when there is room again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use crate::server::{Server, SmallDisk, open_to_all};
use crate::stage::{REFUSED, Stage};
use crate::support::database::Database;
use crate::support::{self, Running, wait_until};
use nix::sys::signal::Signal;

const PAGES: u32 = 3000;

/// Room for all of it, with its log.
const DISK_MB: u32 = 96;

/// Slow enough to be met in the middle; that there is little room to begin with is meant.
const OPTIONS: [&str; 4] = ["--rate", "400", "--min-disk", "off"];

/// When a disk becomes full.
#[derive(Clone, Copy, PartialEq)]
enum Filled {
    /// To the last byte, while the crawl runs.
    Meanwhile,
    /// Almost, before it begins. `InnoDB` leaves holes in its files, and a server that cannot fill one
    /// ends itself; that it cannot make a file longer it survives.
    Before,
}

/// Takes the room that is left on a disk, but for so many MB.
fn fill(disk: &SmallDisk, but_mb: u32) -> PathBuf {
    let path = disk.0.join("filler");
    let mut file = File::create(&path).unwrap();
    if but_mb > 0 {
        file.write_all(&vec![1; ((DISK_MB - but_mb) as usize) << 20]).unwrap();
        return path;
    }
    for size in [1 << 20, 1 << 16, 1 << 12] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    path
}

/// A crawl that saved something and has no room for more, and what takes it.
fn full(stage: &Stage, disk: &SmallDisk, filled: Filled) -> (Running, PathBuf) {
    let (crawl, filler) = if filled == Filled::Before {
        let filler = fill(disk, 6);
        (stage.crawl(&OPTIONS), filler)
    } else {
        let crawl = stage.crawl(&OPTIONS);
        wait_until("something is saved", || stage.saved() > 20);
        (crawl, fill(disk, 0))
    };
    wait_until("it is refused", || crawl.stderr().contains(REFUSED));
    let said = crawl.stderr();
    assert!(said.contains("no room left to write "), "{said}");
    assert!(stage.saved() > 0);
    (crawl, filler)
}

/// Three times there is no room in the middle of a crawl, and then there is.
fn no_room_until_there_is(stage: &Stage, disk: &SmallDisk, filled: Filled) {
    let (crawl, mut filler) = full(stage, disk, filled);
    for time in 1..=3 {
        let full_at = stage.saved();
        std::fs::remove_file(filler).unwrap();
        wait_until("it continues", || stage.saved() > full_at);
        eprintln!("full {time}: {full_at} saved");
        if time == 3 || filled == Filled::Before {
            break;
        }
        filler = fill(disk, 0);
        wait_until("it is refused again", || crawl.stderr().matches(REFUSED).count() > time);
    }
    stage.assert_continued(crawl);
}

/// Told to stop while there is no room, it says what that costs.
fn stopped_without_room(stage: &Stage, disk: &SmallDisk, filled: Filled) {
    let (crawl, filler) = full(stage, disk, filled);
    crawl.signal(Signal::SIGTERM);
    let ended = crawl.end().exits(3);
    let unsaved = ended.json()["unsaved"].as_u64().unwrap();
    assert!(unsaved > 0, "{ended:?}");
    let reported = format!("crawldeck: {unsaved} finished pages could not be saved;");
    assert!(ended.stderr.contains(&reported), "{ended:?}");
    std::fs::remove_file(filler).unwrap();

    let resume = ["resume", &stage.url, "--json", "--headless", "--rate", "off"];
    let ended = support::run(stage.folder.path(), &resume).exits(0);
    assert_eq!(ended.json()["pages"], stage.lab.truth()["pages"]);
    stage.database.assert_whole();
    stage.database.assert_found(&stage.lab);
}

type Promise = fn(&Stage, &SmallDisk, Filled);

fn in_a_file(promise: Promise) {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::on(folder.path().to_owned(), DISK_MB);
    let stage = Stage::new(Database::file(&disk.0.join("crawldeck.db")), PAGES);
    promise(&stage, &disk, Filled::Meanwhile);
}

/// A tablespace of its own.
fn in_postgres(promise: Promise) {
    let server = Server::start("postgres");
    let folder = tempfile::tempdir().unwrap();
    let disk = server.small_disk(folder.path().to_owned(), DISK_MB);
    let tables = disk.0.join("tables");
    std::fs::create_dir(&tables).unwrap();
    open_to_all(&disk.0);
    open_to_all(&tables);
    server.give(&tables);
    let database = Database::on_postgres(&server.url);
    let location = tables.display();
    database.execute_on_server(&format!("CREATE TABLESPACE small LOCATION '{location}'"));
    database.execute_on_server(&format!("ALTER DATABASE {} SET TABLESPACE small", database.name()));
    promise(&Stage::new(database, PAGES), &disk, Filled::Meanwhile);
}

/// A database is a folder, and each of its tables a file in it.
fn in_mysql(promise: Promise) {
    let server = Server::start("mariadb");
    let database = Database::on_mysql(&server.url);
    database.execute_on_server(&format!("CREATE DATABASE {}", database.name()));
    let disk = server.small_disk(server.data().join(database.name()), DISK_MB);
    promise(&Stage::new(database, PAGES), &disk, Filled::Before);
}

macro_rules! promises {
    ($($room:ident, $on:ident, $needs:literal;)+) => {
        $(mod $room {
            #[test]
            #[ignore = $needs]
            fn no_room_until_there_is() {
                super::$on(super::no_room_until_there_is);
            }

            #[test]
            #[ignore = $needs]
            fn stopped_without_room() {
                super::$on(super::stopped_without_room);
            }
        })+
    };
}

promises! {
    on_sqlite, in_a_file, "needs the right to mount";
    on_postgres, in_postgres, "needs PostgreSQL, which it starts itself, and the right to mount";
    on_mysql, in_mysql, "needs MariaDB, which it starts itself, and the right to mount";
}
