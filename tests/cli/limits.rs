//! Promise: limits that the system sets a process are named, and none of them ends it without a word.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::small_site::{db, folder};
use crate::support::{LabProcess, Running, assert_whole, crawldeck, run, wait_until};

/// Pages whose rows take more than [`FEW_BYTES`].
const PAGES: &str = "400";
/// Room for an empty database, and not for these pages.
const FEW_BYTES: &str = "250000";

/// The program under `prlimit`, which sets a soft limit that can be raised again.
fn limited(folder: &Path, limit: &str) -> Command {
    let mut command = crawldeck(folder);
    let program = command.get_program().to_owned();
    let environment: Vec<_> =
        command.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
    command = Command::new("prlimit");
    command.current_dir(folder).arg(limit).arg("--").arg(program);
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[test]
fn a_limit_of_file_sizes_is_a_full_disk() {
    let lab = LabProcess::start(&["--pages", PAGES, "--latency", "0"]);
    let folder = folder();
    let limit = format!("--fsize={FEW_BYTES}:");
    let mut command = limited(folder.path(), &limit);
    command.args(["crawl", lab.entry(), "--scope", "any", "--backoff", "1ms", "--json"]);
    let crawl = Running::start(&mut command);
    let said = "no room left to write crawldeck.db, which is as large as `ulimit -f` allows";
    wait_until("it is refused", || crawl.stderr().contains(said));
    let pid = format!("--pid={}", crawl.pid());
    let raised = Command::new("prlimit").args([&pid, "--fsize=unlimited:"]).status().unwrap();
    assert!(raised.success());
    let json = crawl.end().exits(0).json();
    assert_eq!((&json["pages"], &json["unsaved"]), (&lab.truth()["pages"], &0.into()));
    assert_whole(&db(&folder));

    // An export likewise, with room for what SQLite needs to read, and a database that cannot be made.
    let mut command = limited(folder.path(), "--fsize=40000:");
    let ended = Running::start(command.args(["export", "-o", "rows.csv"])).end().exits(1);
    assert!(ended.stderr.contains("cannot write rows.csv (File too large"), "{ended:?}");
    let mut command = limited(folder.path(), "--fsize=1000:");
    command.args(["crawl", lab.entry(), "--log-file", "log", "--db", "none.db"]);
    let ended = Running::start(&mut command).end().exits(1);
    assert!(ended.stderr.contains("as large as `ulimit -f` allows"), "{ended:?}");
    run(folder.path(), &["list"]).exits(0);
}

/// Whether this is root, for whom limits of threads do not hold.
fn is_root(folder: &Path) -> bool {
    fs::metadata(folder).unwrap().uid() == 0
}

/// The program where a user without rights can start it, if that takes a copy.
fn for_everybody(folder: &Path) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_crawldeck"));
    if !is_root(folder) {
        return program;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let copy = folder.join("crawldeck");
    if fs::hard_link(&program, &copy).is_err() {
        fs::copy(&program, &copy).unwrap();
    }
    copy
}

#[test]
fn no_more_threads_is_a_message() {
    let folder = folder();
    let program = for_everybody(folder.path());
    for args in [&["list"][..], &["crawl", "http://127.0.0.1:1/"], &["compare"], &["--headless"]] {
        let mut command = if is_root(folder.path()) {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "prlimit"]);
            command
        } else {
            Command::new("prlimit")
        };
        command.args(["--nproc=1", "--"]).arg(&program).args(args);
        command.current_dir(folder.path()).env("XDG_CONFIG_HOME", folder.path().join("none"));
        let ended = Running::start(&mut command).end().exits(1);
        let said = "crawldeck: the system allows too few threads (ulimit -u): ";
        assert!(ended.stderr.starts_with(said), "{args:?}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}
