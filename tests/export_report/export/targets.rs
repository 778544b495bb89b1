//! Where an export goes, and what is there when it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use nix::sys::signal::Signal;

use super::test_db::TestDb;
use crate::support::{Running, crawldeck, wait_until};

#[test]
fn a_file_is_what_standard_output_would_be() {
    let test_db = TestDb::new();
    let file = test_db.folder.path().join("pages.csv");
    let ended = test_db.export(&["-o", "pages.csv"]).exits(0);
    assert!(ended.stdout.is_empty());
    assert_eq!(ended.stderr, "crawldeck: exported 1223 rows of pages of crawl 1 to pages.csv\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), test_db.exported(&["-o", "-"]));
    // As any other file, not for its owner alone.
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o444, 0o444);
}

#[test]
fn what_was_there_stays_when_an_export_fails() {
    let test_db = TestDb::new();
    let file = test_db.folder.path().join("x.csv");
    fs::write(&file, "kept").unwrap();
    test_db.export(&["-o", "x.csv", "--where", "nothing = 1"]).exits(2);
    test_db.export(&["-o", "x.csv", "--crawl", "7"]).exits(1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(fs::read_dir(test_db.folder.path()).unwrap().count(), 1, "nothing half done");
    test_db.export(&["-o", "x.csv"]).exits(0);
    assert_ne!(fs::read_to_string(&file).unwrap(), "kept");

    for place in ["no/such/folder.csv", "/dev/full"] {
        let said = test_db.export(&["-o", place]).exits(1).stderr;
        assert!(
            said.contains(&format!("cannot write {place} (")) && said.lines().count() == 1,
            "{said}"
        );
    }
}

#[test]
fn a_database_is_never_written_over() {
    let test_db = TestDb::new();
    let made = test_db.folder.path().join("made.db");
    crawldeck(test_db.folder.path())
        .args(["crawl", "http://127.0.0.1:1/", "--db", "made.db", "--headless", "--attempts", "1"])
        .output()
        .unwrap();
    let before = fs::read(&made).unwrap();
    fs::write(test_db.folder.path().join("made.db-wal"), "of it").unwrap();
    std::os::unix::fs::symlink("made.db", test_db.folder.path().join("link.db")).unwrap();
    for place in ["made.db", "link.db", "./made.db", "made.db-wal", "made.db-journal"] {
        let said = test_db.export(&["-o", place]).exits(1).stderr;
        assert!(said.contains("a SQLite database is there: choose another file"), "{said}");
    }
    assert_eq!(fs::read(&made).unwrap(), before);
    assert_eq!(fs::read(test_db.folder.path().join("made.db-wal")).unwrap(), b"of it");
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let test_db = TestDb::new();
    let mut command = crawldeck(test_db.folder.path());
    command.args(["export", &test_db.database.url(), "--format", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_signal_leaves_no_half_file() {
    let test_db = TestDb::new();
    let mut command = crawldeck(test_db.folder.path());
    let endless = "length(title) >= 0 AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 \
                   FROM n) SELECT count(*) FROM n) > 0";
    // A condition that is never done.
    command.args(["export", &test_db.database.url(), "-o", "x.csv", "--where", endless]);
    let running = Running::start(&mut command);
    let begun = || fs::read_dir(test_db.folder.path()).unwrap().count() == 1;
    wait_until("it is being written", begun);
    running.signal(Signal::SIGINT);
    let ended = running.end();
    assert_eq!(ended.code(), 3, "{ended:?}");
    assert_eq!(fs::read_dir(test_db.folder.path()).unwrap().count(), 0);
}
