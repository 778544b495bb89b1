//! Promise: when this machine has not enough of something, such as open files, that is nobody's failure: no page
//! fails for it, the crawl takes permits back, says so, and ends whole.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::support::{Ended, Running, Web, crawldeck, html};

const PAGES: usize = 120;

/// A site of so many pages, all linked from the first.
fn site() -> Web {
    let links = (1..PAGES).fold(String::new(), |mut links, n| {
        let _ = write!(links, "<a href=/{n}>{n}</a>");
        links
    });
    Web::start(move |request, stream| {
        let body = if request.path == "/" { &links } else { "<title>page</title>" };
        let _ = stream.write_all(&html(200, body));
    })
}

/// Crawls `seed` with 300 permits, in a process that may have so many files open.
fn crawl(seed: &str, files: u32, backoff: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let program = crawldeck(folder.path());
    let mut command = std::process::Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -n {files}; exec \"$0\" \"$@\""))
        .arg(program.get_program());
    command.current_dir(folder.path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["crawl", seed, "--headless", "--json", "--permits", "300", "--workers", "320"]);
    Running::start(command.args(["--backoff", backoff])).end()
}

fn all_pages_are_ok(files: u32, backoff: &str) {
    let site = site();
    let port = site.address.rsplit(':').next().unwrap();
    // By its address, and by a name that is looked up.
    for seed in [site.url("/"), format!("http://localhost:{port}/")] {
        let ended = crawl(&seed, files, backoff).exits(0);
        let summary = ended.json();
        assert_eq!(summary["state"], "complete", "{ended:?}");
        assert_eq!([&summary["pages"], &summary["ok"]], [PAGES, PAGES], "{ended:?}");
        let told = format!("no more than {files} files may be open here");
        assert!(ended.stderr.contains(&told), "{ended:?}");
    }
    let requests = site.requests().len();
    assert_eq!(requests, 2 * PAGES, "each page is requested once");
}

#[test]
fn with_24_files() {
    all_pages_are_ok(24, "50ms");
}

#[test]
fn with_24_files_patiently() {
    all_pages_are_ok(24, "1s");
}

#[test]
fn with_40_files() {
    all_pages_are_ok(40, "50ms");
}

#[test]
fn with_40_files_patiently() {
    all_pages_are_ok(40, "1s");
}

#[test]
fn with_64_files() {
    all_pages_are_ok(64, "50ms");
}

#[test]
fn with_64_files_patiently() {
    all_pages_are_ok(64, "1s");
}
