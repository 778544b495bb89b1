//! Promise: the database of a demonstration is for its user alone, and does not outlive a process that was
//! killed for longer than to the next demonstration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::small_site::folder;
use crate::support::{Running, crawldeck, wait_until};
use nix::sys::signal::Signal;

fn folders(parent: &Path) -> Vec<PathBuf> {
    fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn demonstration(temporary: &Path, args: &[&str]) -> Running {
    let mut command = crawldeck(temporary);
    Running::start(command.args(args).env("TMPDIR", temporary))
}

#[test]
fn the_next_demonstration_cleans_up() {
    let temporary = folder();
    let temporary = temporary.path();
    let slow = ["--pages", "2000", "--latency", "1s"];
    let has_database = |folder: &PathBuf| folder.join("lab.db").exists();
    let killed = demonstration(temporary, &slow);
    wait_until("its database is there", || folders(temporary).first().is_some_and(has_database));
    let of_killed = folders(temporary).remove(0);
    assert_eq!(fs::metadata(&of_killed).unwrap().permissions().mode() & 0o777, 0o700);
    killed.signal(Signal::SIGKILL);
    killed.end();
    assert!(has_database(&of_killed), "else there is nothing to clean up");

    let lives = demonstration(temporary, &slow);
    let others = || folders(temporary).into_iter().filter(|folder| *folder != of_killed);
    wait_until("another is there", || others().any(|folder| has_database(&folder)));
    assert!(!of_killed.exists());
    let of_living = others().next().unwrap();
    demonstration(temporary, &["--pages", "5", "--latency", "0"]).end().exits(0);
    assert_eq!(folders(temporary), [of_living]);
    lives.signal(Signal::SIGTERM);
    lives.end().exits(3);
    assert_eq!(folders(temporary), Vec::<PathBuf>::new());
}
