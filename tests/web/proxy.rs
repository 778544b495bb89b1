//! Promise: what a proxy answers for itself is no page of the site.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crawldeck::settings::FetchSettings;
use crawldeck::web::http::FailureKind;

use crate::web_server::{Server, Then, fetch, fetcher, url};

const WANTED: &str = "the proxy wants credentials (407)";

fn through(proxy: &str) -> FetchSettings {
    let mut settings = FetchSettings::default();
    settings.credentials.proxy = Some(proxy.to_owned());
    settings
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_is_named() {
    for response in [
        "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=x\r\ncontent-length: 4\r\n\r\nauth",
        "HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.0 407 \r\n\r\n<html>please log in</html>",
        "HTTP/1.1 407 No\r\nproxy-authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let proxy = Server::bytes(response, || Then::Close).await;
        let fetcher = fetcher(&through(proxy.base.as_str()), &[&url("http://a.test/")]);
        for target in
            ["http://a.test/", "http://b.test/x", "https://a.test/", "https://b.test:81/x"]
        {
            let error = fetch(&fetcher, &url(target)).await.unwrap_err();
            assert_eq!((error.kind, &*error.message), (FailureKind::Connect, WANTED), "{target}");
            // The site has not answered.
            assert_eq!((error.status, error.length), (None, 0));
        }
    }
}

#[tokio::test]
async fn a_site_that_answers_407_has_answered() {
    let site = Server::bytes("HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nno", || Then::Keep).await;
    let direct = fetcher(&FetchSettings::default(), &[&site.base]);
    let response = fetch(&direct, &site.base).await.unwrap();
    assert_eq!((response.status, response.length), (407, 2));
}

#[tokio::test]
async fn other_statuses_through_a_proxy_stay_what_they_are() {
    for status in [200, 401, 403, 502, 504] {
        let response = format!("HTTP/1.1 {status} x\r\ncontent-length: 2\r\n\r\nhi");
        let proxy = Server::bytes(response, || Then::Keep).await;
        let fetcher = fetcher(&through(proxy.base.as_str()), &[&url("http://a.test/")]);
        assert_eq!(fetch(&fetcher, &url("http://a.test/")).await.unwrap().status, status);
    }
}
