//! Redirects, which are requests of their own, and the phases of a request.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};

use crawldeck::web::http::{
    FailureKind, FetchOutcome, Phase, PhaseSink, RedirectChain, RequestOptions,
};

use super::{get, settings};
use crate::web_server::{Server, Then, fetcher, follow, ok, redirect};

#[tokio::test]
async fn redirects_are_followed_and_recorded() {
    let server = Server::start(|path| match path {
        "/a" => redirect(301, "b#part"),
        "/b" => redirect(302, "/c?x"),
        "/c?x" => redirect(303, "//127.0.0.1/d"),
        "/e" => redirect(307, "/f"),
        "/f" => redirect(308, "/end"),
        "/none" => (b"HTTP/1.1 302 Go\r\ncontent-length: 0\r\n\r\n".to_vec(), Then::Keep),
        _ => ok("end"),
    })
    .await;
    let fetched = get(&server.url("/e")).await;
    assert_eq!(fetched.outcome.unwrap().body.concat(), b"end");
    assert_eq!(fetched.final_url, server.url("/end"));
    let hops: Vec<_> = fetched.hops.iter().map(|hop| (hop.url.as_str(), hop.status)).collect();
    assert_eq!(hops, [(server.url("/e").as_str(), 307), (server.url("/f").as_str(), 308)]);
    assert_eq!(
        server.connections(),
        1,
        "small bodies of redirects are read to keep the connection"
    );

    let fetched = get(&server.url("/a")).await;
    let hops: Vec<_> = fetched.hops.iter().map(|hop| hop.url.clone()).collect();
    assert_eq!(hops, ["/a", "/b", "/c?x"].map(|path| server.url(path).to_string()));
    assert_eq!(fetched.final_url.as_str(), "http://127.0.0.1/d");

    let response = get(&server.url("/none")).await.outcome.unwrap();
    assert_eq!(response.status, 302, "nowhere to go, so this is the answer");
}

#[tokio::test]
async fn redirects_that_lead_nowhere() {
    let server = Server::start(|path| match path {
        "/loop" => redirect(302, "/pool"),
        "/pool" => redirect(302, "/loop#again"),
        "/self" => redirect(301, "/self"),
        "/mail" => redirect(302, "mailto:a@b.test"),
        "/bad" => redirect(302, "http://["),
        "/long" => redirect(302, &format!("/{}", "x".repeat(9_000))),
        "/n10" => ok("ten"),
        _ => {
            let n: u32 = path.trim_start_matches("/n").trim_start_matches("/m").parse().unwrap();
            redirect(302, &format!("{}{}", &path[..2], n + 1))
        }
    })
    .await;
    let looped = server.url("/loop");
    let table = [
        ("/loop", format!("redirect loop at {looped}"), 2),
        ("/self", format!("redirect loop at {}", server.url("/self")), 1),
        ("/m0", "more than 10 redirects".into(), 11),
        ("/mail", "redirect to a URL that is neither http nor https: mailto:a@b.test".into(), 0),
        ("/bad", "redirect to a malformed URL: http://[".into(), 0),
        ("/long", "redirect to a URL longer than 8192 bytes".into(), 0),
    ];
    for (path, message, hops) in table {
        let fetched = get(&server.url(path)).await;
        let error = fetched.outcome.unwrap_err();
        assert_eq!((error.kind, error.message), (FailureKind::Redirect, message));
        assert_eq!(fetched.hops.len(), hops, "{path}");
        assert!(matches!(error.status, Some(301 | 302)));
    }
    assert_eq!(get(&server.url("/n0")).await.outcome.unwrap().body.concat(), b"ten");
}

#[tokio::test]
async fn a_redirect_is_one_request_and_tells_where_it_leads() {
    let server = Server::start(|path| match path {
        "/1" => redirect(302, "http://user:password@127.0.0.1/x#y"),
        _ => redirect(308, "/1"),
    })
    .await;
    let fetcher = fetcher(&settings(), &[&server.base]);
    let silent: Arc<dyn PhaseSink> = Arc::new(());
    let mut chain = RedirectChain::new(&server.url("/0"));
    let reply = fetcher.get(&mut chain, &RequestOptions::default(), &silent).await.unwrap();
    let FetchOutcome::Redirect { status: 308, target, permanent: true } = reply else {
        panic!("{reply:?}")
    };
    assert_eq!((&target, chain.hops().len()), (&server.url("/1"), 1));
    let reply = fetcher.get(&mut chain, &RequestOptions::default(), &silent).await.unwrap();
    let FetchOutcome::Redirect { status: 302, target, permanent: false } = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(target.as_str(), "http://127.0.0.1/x", "neither password nor fragment");
    assert_eq!(chain.url(), &target);
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Phase>>);

impl PhaseSink for Recorder {
    fn phase(&self, phase: Phase) {
        self.0.lock().unwrap().push(phase);
    }
}

#[tokio::test]
async fn phases_come_in_order() {
    use Phase::{Body, Connect, FirstByte};
    let server =
        Server::start(|path| if path == "/go" { redirect(302, "/x") } else { ok("x") }).await;
    let fetcher = fetcher(&settings(), &[&server.base]);
    let phases = |path: &'static str| {
        let (fetcher, url) = (fetcher.clone(), server.url(path));
        async move {
            let recorder = Arc::new(Recorder::default());
            let sink: Arc<dyn PhaseSink> = recorder.clone();
            follow(&fetcher, &url, &sink).await.outcome.unwrap();
            recorder.0.lock().unwrap().clone()
        }
    };
    assert_eq!(phases("/").await, [Connect, FirstByte, Body]);
    assert_eq!(phases("/").await, [FirstByte, Body], "the connection is used again");
    assert_eq!(phases("/go").await, [FirstByte, Body, FirstByte, Body]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_start_is_reported_before_the_server_can_know() {
    let recorder = Arc::new(Recorder::default());
    let reported = Arc::new(Mutex::new(Vec::new()));
    let (seen, noted) = (recorder.clone(), reported.clone());
    let server = Server::start(move |_| {
        noted.lock().unwrap().push(std::mem::take(&mut *seen.0.lock().unwrap()));
        ok("x")
    })
    .await;
    let fetcher = fetcher(&settings(), &[&server.base]);
    let sink: Arc<dyn PhaseSink> = recorder.clone();
    for _ in 0..2 {
        follow(&fetcher, &server.base, &sink).await.outcome.unwrap();
        assert_eq!(std::mem::take(&mut *recorder.0.lock().unwrap()), [Phase::Body]);
    }
    let reported = reported.lock().unwrap();
    assert_eq!(*reported, [&[Phase::Connect, Phase::FirstByte][..], &[Phase::FirstByte]]);
}

#[tokio::test]
async fn a_connection_is_closed_where_that_is_wanted() {
    let server = Server::start(|_| ok("")).await;
    let fetcher = fetcher(&settings(), &[&server.base]);
    let silent: Arc<dyn PhaseSink> = Arc::new(());
    for close in [false, true, false] {
        let options = RequestOptions { close, ..RequestOptions::default() };
        let mut chain = RedirectChain::new(&server.base);
        fetcher.get(&mut chain, &options, &silent).await.unwrap();
        let head = server.heads().pop().unwrap();
        assert_eq!(head.contains("\r\nconnection: close\r\n"), close, "{head}");
    }
    assert_eq!(server.connections(), 2, "the second was the last on its connection");
}
