//! Promise: a crawl from a public seed sends no request into the private network, however a page
//! refers to it; a seed with a private address allows that address and no other.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crate::web_server::{Server, fetch, fetcher, ok, redirect, url};
use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{FailureKind, FetchError, Response};
use url::Url;

fn refused(outcome: Result<Response, FetchError>) -> String {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind, FailureKind::Refused("private address"), "{error}");
    assert!(!error.kind.is_retryable());
    error.message
}

fn port(server: &Server) -> u16 {
    server.base.port().unwrap()
}

fn resolving(names: &[(&str, &str)]) -> FetchSettings {
    let resolve = names.iter().map(|(name, to)| ((*name).into(), to.parse().unwrap())).collect();
    FetchSettings { resolve, ..FetchSettings::default() }
}

#[tokio::test]
async fn a_neighbour_is_not_even_connected_to() {
    let other = Server::on("127.0.0.2", |_| ok("secret")).await;
    let target = other.base.to_string();
    let server = Server::start(move |_| redirect(302, &target)).await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);

    let by_link = refused(fetch(&fetcher, &other.base).await);
    assert_eq!(by_link, "private address refused: 127.0.0.2 (loopback)");
    assert_eq!(refused(fetch(&fetcher, &server.base).await), by_link);
    assert_eq!(fetcher.refuses_address(&other.base).unwrap(), by_link);
    assert_eq!(server.connections(), 1);
    assert_eq!(other.connections(), 0);
    // The same address is allowed while it is a seed.
    assert!(fetcher.add_seed(&other.base), "no seed had it before");
    assert_eq!(fetch(&fetcher, &other.base).await.unwrap().body.concat(), b"secret");
    assert_eq!(fetcher.refuses_address(&other.base), None);
    fetcher.remove_seed(&other.base, true);
    assert_eq!(refused(fetch(&fetcher, &other.base).await), by_link);
}

#[tokio::test]
async fn a_public_seed_allows_no_private_address() {
    let server = Server::start(|_| ok("secret")).await;
    let port = port(&server);
    let settings = resolving(&[("evil.test", "127.0.0.1"), ("mapped.test", "::ffff:127.0.0.1")]);
    let fetcher = fetcher(&settings, &[&url("http://8.8.8.8/")]);
    for host in ["2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "[2002:7f00:1::]"] {
        let url = url(&format!("http://{host}:{port}/"));
        refused(fetch(&fetcher, &url).await);
        assert!(fetcher.refuses_address(&url).is_some(), "{url}");
    }
    for name in ["evil.test", "EVIL.test.", "%65vil.test", "mapped.test"] {
        let message = refused(fetch(&fetcher, &url(&format!("http://{name}:{port}/"))).await);
        assert!(message.ends_with(".test leads to 127.0.0.1 (loopback)"), "{message}");
    }
    let message = refused(fetch(&fetcher, &url(&format!("http://localhost:{port}/"))).await);
    assert_eq!(message, "private address refused: localhost (loopback)");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_may_be_a_seed() {
    let server = Server::start(|_| ok("here")).await;
    let other = Server::on("127.0.0.2", |_| ok("secret")).await;
    let seed = url(&format!("http://localhost:{}/", port(&server)));
    // Its address is known from the first request on.
    for first in [&seed, &server.base] {
        let fetcher = fetcher(&FetchSettings::default(), &[&seed]);
        assert_eq!(fetch(&fetcher, first).await.unwrap().body.concat(), b"here");
        assert_eq!(fetch(&fetcher, &server.base).await.unwrap().body.concat(), b"here");
        refused(fetch(&fetcher, &other.base).await);
    }
    assert_eq!(other.connections(), 0);

    let settings = resolving(&[("intra.test", "127.0.0.1"), ("evil.test", "127.0.0.2")]);
    let seed = url(&format!("http://intra.test:{}/", port(&server)));
    let fetcher = fetcher(&settings, &[&seed]);
    fetch(&fetcher, &seed).await.unwrap();
    refused(fetch(&fetcher, &url(&format!("http://evil.test:{}/", port(&other)))).await);
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn all_may_be_allowed() {
    let server = Server::start(|_| ok("here")).await;
    let settings = FetchSettings { allow_private: true, ..FetchSettings::default() };
    let fetcher = fetcher(&settings, &[]);
    assert_eq!(fetcher.refuses_address(&server.base), None);
    fetch(&fetcher, &server.base).await.unwrap();
}

#[tokio::test]
async fn names_beyond_ascii_and_with_escapes_reach_their_host() {
    let server = Server::start(|_| ok("here")).await;
    let port = port(&server);
    let settings = resolving(&[("bücher.test", "127.0.0.1")]);
    let fetcher = fetcher(&settings, &[&server.base]);
    for host in ["bücher.test", "B%C3%BCcher.test", "xn--bcher-kva.test", "bu\u{308}cher。test"] {
        fetch(&fetcher, &url(&format!("http://{host}:{port}/"))).await.unwrap();
    }
    let host = format!("\r\nhost: xn--bcher-kva.test:{port}\r\n");
    assert!(server.heads().iter().all(|head| head.contains(&host)), "{:?}", server.heads());
    assert_eq!(server.heads().len(), 4);
    assert!(Url::parse("http://a%00b.test/").is_err());
}

#[tokio::test]
async fn what_a_proxy_is_asked_for_is_judged_as_far_as_it_can_be() {
    let proxy = Server::start(|_| ok("through")).await;
    let mut settings = FetchSettings::default();
    settings.credentials.proxy = Some(proxy.base.to_string());
    let fetcher = fetcher(&settings, &[&url("http://public.test/")]);
    for target in ["http://10.0.0.1/", "http://foo.localhost:9309/", "http://instance-data/"] {
        refused(fetch(&fetcher, &url(target)).await);
    }
    assert_eq!(proxy.connections(), 0);
    let response = fetch(&fetcher, &url("http://public.test/")).await.unwrap();
    assert_eq!(response.body.concat(), b"through");
}
