//! Promise: the peak of memory in the summary is the process's own, not that of the process that
//! started it.
//!
//! A binary of its own: it uses much memory itself, which would show in other tests.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::process::Command;

/// Memory of the parent, in bytes.
const LARGE: usize = 400 << 20;
/// What a crawl of nothing stays below, in bytes.
const SMALL: u64 = 200 << 20;

#[test]
fn a_large_parent_does_not_show() {
    let ballast = vec![1_u8; LARGE];
    assert_eq!(
        ballast.iter().step_by(4096).map(|byte| usize::from(*byte)).sum::<usize>(),
        LARGE / 4096
    );
    let folder = tempfile::tempdir().unwrap();
    let db = format!("sqlite://{}", folder.path().join("crawl.db").display());
    let ended = Command::new(env!("CARGO_BIN_EXE_crawldeck"))
        .args(["crawl", "http://127.0.0.1:9/", "--attempts", "1", "--no-sitemaps", "--headless"])
        .args(["--json", "--config", "none", "--db", &db])
        .current_dir(folder.path())
        .output()
        .unwrap();
    drop(ballast);
    let summary: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    let peak = summary["rss_peak_bytes"].as_u64().unwrap();
    assert!((1 << 20..SMALL).contains(&peak), "{peak} bytes: {summary}");
}
