//! Promise: an output that takes nothing decides no exit code but that of a command whose job it is to print.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs::File;
use std::process::{Output, Stdio};

use super::small_site::{db, folder, small_site};
use crate::support::{crawldeck, number};
use tempfile::TempDir;

/// A device that is full.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn run(folder: &TempDir, args: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = crawldeck(folder.path());
    command.args(args).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn a_crawl_ends_as_it_ended() {
    let web = small_site();
    let seed = web.url("/");
    for more in [&[][..], &["--json"], &["-vv"], &["--log-file", "/dev/full"]] {
        let args = [&["crawl", &seed], more].concat();
        for (stdout, stderr) in [(true, false), (false, true), (true, true)] {
            let folder = folder();
            let to = |is_full| if is_full { full() } else { Stdio::piped() };
            let output = run(&folder, &args, to(stdout), to(stderr));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{args:?} {stdout} {stderr}: {said}");
            assert!(!said.contains("panicked"), "{said}");
            if stdout && !stderr {
                let why = "crawldeck: standard output: No space left on device";
                assert!(said.contains(why), "{args:?}: {said}");
            }
            assert_eq!(number(&db(&folder), "SELECT count(*) FROM scraped_pages"), 6);
        }
    }
}

#[test]
fn a_failed_crawl_stays_a_failed_one() {
    let folder = folder();
    let args = ["crawl", "http://127.0.0.1:1/", "--attempts", "1"];
    assert_eq!(run(&folder, &args, full(), full()).status.code(), Some(1));
    assert_eq!(run(&folder, &["crawl"], full(), full()).status.code(), Some(2));
}

/// All crawls are removed, not only those before the first line that cannot be printed.
#[test]
fn rm_removes_all() {
    let (web, folder) = (small_site(), folder());
    for _ in 0..2 {
        let output = run(&folder, &["crawl", &web.url("/")], Stdio::null(), Stdio::null());
        assert_eq!(output.status.code(), Some(0));
    }
    let args = ["rm", "crawldeck.db", "1", "2", "--yes"];
    assert_eq!(run(&folder, &args, full(), Stdio::null()).status.code(), Some(0));
    assert_eq!(number(&db(&folder), "SELECT count(*) FROM crawls"), 0);
}

#[test]
fn what_is_there_to_print_must_be_printed() {
    let (web, folder) = (small_site(), folder());
    run(&folder, &["crawl", &web.url("/")], Stdio::null(), Stdio::null());
    for args in [&["list"][..], &["export"], &["report", "-o", "-"], &["config"], &["man"]] {
        let output = run(&folder, args, full(), Stdio::piped());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("standard output") && said.contains("No space left"), "{said}");
    }
}
