//! Promise: a machine out of file descriptors says so, and does not blame the server.
//!
//! A binary of its own: it lowers the limit on open files of the whole process and uses them all up,
//! so any other test in the same process would fail.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "support/mod.rs"]
mod support;
#[path = "support/test_db.rs"]
mod test_db;
#[path = "support/web_server.rs"]
mod web_server;

use std::fs::File;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::snapshot::{OverloadKind, RunState};
use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{FailureKind, Shortage};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use support::LabProcess;
use test_db::{TestDb, ended, seen, settings};
use tokio::sync::Mutex;
use web_server::{Server, fetch, fetcher, ok, url};

/// The tests of this file take turns.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Opens all files that this process may open.
fn take_all_files() -> Vec<File> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).take(64).collect()
}

#[tokio::test]
async fn too_many_open_files() {
    let _alone = ALONE.lock().await;
    let server = Server::start(|_| ok("here")).await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    let by_name = url("http://localhost:1/");
    let mut settings = FetchSettings::default();
    settings.credentials.proxy = Some(server.base.as_str().replace("http", "socks5h"));
    let through = web_server::fetcher(&settings, &[&by_name]);
    let files = take_all_files();
    for (fetcher, url) in [(&fetcher, &server.base), (&fetcher, &by_name), (&through, &by_name)] {
        let error = fetch(fetcher, url).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Shortage(Shortage::Files), "{url}: {error}");
        assert_eq!(error.message, "too many open files here");
        assert!(error.kind.is_retryable());
    }
    drop(files);
    assert_eq!(fetch(&fetcher, &server.base).await.unwrap().body.concat(), b"here");
}

/// A crawl that can open nothing waits, robots.txt and name look-ups as well; that is no attempt, and once
/// files are free all is fetched.
#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_waits_for_files() {
    let _alone = ALONE.lock().await;
    let lab = LabProcess::start(&["--pages", "40", "--latency", "2ms"]);
    for name in ["127.0.0.1", "localhost"] {
        let test_db = TestDb::new();
        let mut given = settings(&lab.entry().replace("127.0.0.1", name));
        (given.backoff, given.attempts, given.ignore_robots) =
            (Duration::from_millis(20), 1, false);
        let store = test_db.store().await;
        let permits = given.permits;
        let mut crawl = crawl::start(given, store).await.unwrap();
        // One connection may be open by now; each host of the lab needs its own.
        let files = take_all_files();
        let s = seen(&mut crawl, "it says so", |s| {
            s.overloads.iter().any(|overload| {
                overload.what == OverloadKind::Files && overload.text.contains("too many open")
            })
        })
        .await;
        assert!(s.gate.limit < permits && s.totals.no_answer == 0, "{:?}", s.overloads);
        // As often as it takes.
        let at_s = s.at_s + 0.5;
        seen(&mut crawl, "it goes on to wait", |s| s.at_s > at_s).await;
        drop(files);
        let summary = ended(crawl).await;
        assert_eq!(summary.state, RunState::Complete, "{summary:?}");
        assert!(summary.ok >= 20, "{summary:?}");
        let blamed = "SELECT count(*) FROM scraped_pages WHERE error LIKE '%files%'";
        assert_eq!(test_db.number(blamed).await, 0);
    }
}
