//! Runs of the program with a configuration file and variables.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::{self, Ended, Running, Web, crawldeck, html, rows, wait_until};
use nix::sys::signal::Signal;
use tempfile::TempDir;

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn file(folder: &TempDir, text: &str) {
    fs::write(folder.path().join("crawldeck.toml"), text).unwrap();
}

pub(crate) fn with(folder: &TempDir, variables: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut command = crawldeck(folder.path());
    command.envs(variables.iter().copied()).args(args);
    Running::start(&mut command).end()
}

/// The lines of `config`, by key: value and source.
pub(crate) fn settings(printed: &str) -> BTreeMap<String, (String, String)> {
    let lines = printed.lines().filter_map(|line| {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let (key, rest) = line.split_once(" = ")?;
        let (value, source) = rest.rsplit_once("  # ")?;
        Some((key.to_owned(), (value.trim_end().to_owned(), source.to_owned())))
    });
    lines.collect()
}

#[track_caller]
pub(crate) fn is(printed: &str, key: &str, value: &str, source: &str) {
    assert_eq!(settings(printed)[key], (value.to_owned(), source.to_owned()), "{key}");
}

/// A site whose `/hangs` never answers: what links to it can be stopped half-way.
pub(crate) fn endless() -> Web {
    Web::start(|request, stream| {
        if request.path.ends_with("/hangs") {
            support::hang(stream);
        } else {
            let _ = stream.write_all(&html(200, "<a href=/hangs>h</a><a href=/a>a</a>"));
        }
    })
}

/// Starts a crawl and stops it where it hangs.
pub(crate) fn stopped(
    folder: &TempDir,
    web: &Web,
    variables: &[(&str, &str)],
    args: &[&str],
) -> Ended {
    let mut command = crawldeck(folder.path());
    command.envs(variables.iter().copied()).args(args);
    let hanging = || web.paths().iter().filter(|path| path.ends_with("/hangs")).count();
    let before = hanging();
    let running = Running::start(&mut command);
    wait_until("it hangs", || hanging() > before);
    running.signal(Signal::SIGTERM);
    wait_until("it stops", || {
        running.signal(Signal::SIGUSR1);
        running.stderr().contains("stopping ")
    });
    running.signal(Signal::SIGTERM);
    running.end().exits(3)
}

pub(crate) fn stored(db: &Path) -> serde_json::Value {
    let text = rows::<(String,)>(db, "SELECT settings FROM crawls ORDER BY id DESC LIMIT 1");
    serde_json::from_str(&text[0].0).unwrap()
}
