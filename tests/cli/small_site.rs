//! A small site, and what a crawl of it fetched.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::{Web, rows};
use tempfile::TempDir;

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn db(folder: &TempDir) -> PathBuf {
    folder.path().join("crawldeck.db")
}

pub(crate) fn small_site() -> Web {
    Web::of_pages(&[
        ("/", "<title>Home</title><a href=/a>a</a> <a href=/b>b</a>"),
        ("/a", "<a href=/a/1>1</a> <a href=/b>b</a>"),
        ("/b", "<a href=/missing>none</a>"),
        ("/a/1", "<a href=/a/2>2</a>"),
        ("/a/2", "<a href=/>home</a>"),
    ])
}

pub(crate) fn fetched(folder: &TempDir) -> BTreeSet<String> {
    let paths = rows::<(String,)>(
        &db(folder),
        "SELECT substr(url, instr(substr(url, 8), '/') + 7) FROM scraped_pages WHERE attempts > 0",
    );
    paths.into_iter().map(|row| row.0).collect()
}

pub(crate) fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(ToString::to_string).collect()
}
