//! Promise: a machine out of file descriptors says so, and does not blame the server.
//!
//! A binary of its own: it lowers the limit on open files of the whole process and uses them all up,
//! so any other test in the same process would fail.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "support/web_server.rs"]
mod web_server;

use std::fs::File;

use crawldeck::settings::FetchSettings;
use crawldeck::web::http::FailureKind;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use web_server::{Server, fetch, fetcher, ok, url};

#[tokio::test]
async fn too_many_open_files() {
    let server = Server::start(|_| ok("here")).await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    let by_name = url("http://localhost:1/");
    let mut settings = FetchSettings::default();
    settings.credentials.proxy = Some(server.base.as_str().replace("http", "socks5h"));
    let through = web_server::fetcher(&settings, &[&by_name]);
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).take(64).collect();
    for (fetcher, url) in [(&fetcher, &server.base), (&fetcher, &by_name), (&through, &by_name)] {
        let error = fetch(fetcher, url).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Shortage, "{url}: {error}");
        assert_eq!(error.message, "too many open files here");
        assert!(error.kind.is_retryable());
    }
    drop(files);
    assert_eq!(fetch(&fetcher, &server.base).await.unwrap().body.concat(), b"here");
}
