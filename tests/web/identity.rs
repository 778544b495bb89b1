//! Promise: headers that identify the user are sent only to the origins they were given for, and are
//! never shown.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::closed_port::ClosedPort;
use crate::web_server::{self, Server, answer, fetch, fetcher, ok, redirect, url};
use crawldeck::settings::{Credentials, FetchSettings};
use crawldeck::web::http::{
    FailureKind, FetchOutcome, FetchSetupError, Fetcher, PhaseSink, RedirectChain, RequestOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn settings(identity: Credentials) -> FetchSettings {
    FetchSettings { credentials: identity, ..FetchSettings::default() }
}

/// Whether the only request to `server` had all these lines.
fn sent(server: &Server, lines: &[&str]) {
    let heads = server.heads();
    let head = heads.last().unwrap();
    for line in lines {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line:?} in {head}");
    }
}

fn not_sent(server: &Server, texts: &[&str]) {
    for head in server.heads() {
        for text in texts {
            assert!(!head.contains(text), "{text:?} in {head}");
        }
    }
}

#[tokio::test]
async fn secrets_stay_with_the_seeds() {
    let stranger = Server::start(|_| ok("")).await;
    let target = stranger.base.to_string();
    let seed = Server::start(move |_| redirect(302, &target)).await;
    let with_user = Credentials {
        headers: vec![
            pair("X-Key", "hunter2"),
            pair("Cookie", "own=hunter2"),
            pair("Accept-Language", "de"),
            pair("DNT", "1"),
            pair("Accept", "text/plain"),
        ],
        basic: Some(("me".into(), "hunter2".into())),
        ..Credentials::default()
    };
    let with_token = Credentials {
        headers: vec![pair("Authorization", "hunter2"), pair("Accept-Language", "de")],
        bearer: Some("hunter2".into()),
        ..Credentials::default()
    };
    for (identity, own) in [
        (with_user, &["x-key: hunter2", "cookie: own=hunter2", "accept: text/plain"][..]),
        (with_token, &["authorization: bearer hunter2"][..]),
    ] {
        let fetcher = fetcher(&settings(identity), &[&seed.base]);
        fetch(&fetcher, &seed.base).await.unwrap();
        sent(&seed, own);
        sent(&seed, &["accept-language: de"]);
        assert_eq!(seed.heads().last().unwrap().matches("authorization").count(), 1);
        assert_eq!(seed.heads().last().unwrap().matches("accept: ").count(), 1);
        // Reached by the redirect, and by a link.
        fetch(&fetcher, &stranger.base).await.unwrap();
        sent(&stranger, &["accept-language: de"]);
    }
    // "me:hunter2" in base64.
    assert!(
        seed.heads()[0].contains("authorization: basic bwu6ahvudgvymg=="),
        "{:?}",
        seed.heads()
    );
    assert_eq!(stranger.heads().len(), 4);
    not_sent(&stranger, &["hunter2", "authorization", "cookie", "x-key", "bwu6ahvudgvymg"]);
}

#[tokio::test]
async fn a_password_in_a_url_is_for_its_origin() {
    let (one, two) = (Server::start(|_| ok("")).await, Server::start(|_| ok("")).await);
    let origin = one.base.origin().ascii_serialization();
    let identity = Credentials {
        by_origin: vec![(origin, ("me".into(), "hunter2".into()))],
        ..Credentials::default()
    };
    let fetcher = fetcher(&settings(identity), &[&one.base, &two.base]);
    for server in [&one, &two] {
        let mut with_user = server.base.clone();
        with_user.set_username("other").unwrap();
        with_user.set_password(Some("password")).unwrap();
        assert_eq!(RedirectChain::new(&with_user).url(), &server.base);
        fetch(&fetcher, &with_user).await.unwrap();
    }
    sent(&one, &["authorization: basic bwu6ahvudgvymg=="]);
    not_sent(&two, &["authorization"]);
}

#[tokio::test]
async fn the_contact_stands_behind_the_name() {
    let server = Server::start(|_| ok("")).await;
    let settings = FetchSettings {
        user_agent: "bot/1".into(),
        contact: Some("https://bot.test/".into()),
        ..FetchSettings::default()
    };
    fetch(&fetcher(&settings, &[&server.base]), &server.base).await.unwrap();
    sent(&server, &["user-agent: bot/1 (+https://bot.test/)"]);
    let settings = FetchSettings { contact: Some("a\nb".into()), ..settings };
    let error = Fetcher::new(&settings, &[]).unwrap_err();
    assert!(matches!(error, FetchSetupError::Header { name } if name == "user-agent"));
}

#[tokio::test]
async fn a_redirect_to_itself_that_sets_a_cookie_is_no_loop_while_cookies_are_kept() {
    let server = Server::on("127.0.0.1", |head| {
        if head.contains("cookie: seen=1") {
            return answer("set-cookie: seen=1\r\n", b"welcome");
        }
        let head = "HTTP/1.1 302 Go\r\nlocation: /a\r\nset-cookie: seen=1; Path=/\r\ncontent-length: 0\r\n\r\n";
        (head.into(), web_server::Then::Keep)
    })
    .await;
    let kept = FetchSettings { cookies: true, ..FetchSettings::default() };
    let fetcher_with = fetcher(&kept, &[&server.base]);
    let page = server.url("/a");
    assert_eq!(fetch(&fetcher_with, &page).await.unwrap().body.concat(), b"welcome");
    assert_eq!(server.heads().len(), 2);

    let fetcher_without = fetcher(&FetchSettings::default(), &[&server.base]);
    let error = fetch(&fetcher_without, &page).await.unwrap_err();
    assert_eq!(
        (error.kind, error.message),
        (FailureKind::Redirect, format!("redirect loop at {page}"))
    );
    assert_eq!(server.heads().len(), 3, "one request is enough to see it");
}

#[tokio::test]
async fn cookies_do_not_make_a_loop_endless() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let server = Server::start(move |path| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        let cookie = if path == "/same" { 0 } else { n };
        let head = format!("HTTP/1.1 302 Go\r\nlocation: {path}\r\nset-cookie: n={cookie}\r\ncontent-length: 0\r\n\r\n");
        (head.into(), web_server::Then::Keep)
    })
    .await;
    let kept = FetchSettings { cookies: true, ..FetchSettings::default() };
    let fetcher = fetcher(&kept, &[&server.base]);
    let error = fetch(&fetcher, &server.url("/new")).await.unwrap_err();
    assert_eq!(error.message, "more than 10 redirects");
    assert_eq!(count.swap(0, Ordering::SeqCst), 11);
    let error = fetch(&fetcher, &server.url("/same")).await.unwrap_err();
    assert!(error.message.starts_with("redirect loop at "), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_redirect_to_another_port_takes_no_cookie_along() {
    let other = Server::start(|_| ok("")).await;
    let target = other.base.to_string();
    let server = Server::start(move |_| {
        let head = format!("HTTP/1.1 302 Go\r\nlocation: {target}\r\nset-cookie: a=1; Path=/\r\ncontent-length: 0\r\n\r\n");
        (head.into(), web_server::Then::Keep)
    })
    .await;
    let kept = FetchSettings { cookies: true, ..FetchSettings::default() };
    let fetcher = fetcher(&kept, &[&server.base]);
    for _ in 0..2 {
        fetch(&fetcher, &server.base).await.unwrap();
    }
    fetch(&fetcher, &other.url("/robots.txt")).await.unwrap();
    sent(&server, &["cookie: a=1"]);
    assert_eq!(other.heads().len(), 3);
    not_sent(&other, &["cookie"]);
}

#[tokio::test]
async fn a_cookie_goes_back_to_its_origin_alone() {
    let other = Server::on("127.0.0.2", |_| ok("")).await;
    let server = Server::start(|_| answer("set-cookie: a=1; Path=/\r\n", b"")).await;
    let kept = FetchSettings { cookies: true, ..FetchSettings::default() };
    let fetcher_with = fetcher(&kept, &[&server.base, &other.base]);
    fetch(&fetcher_with, &server.base).await.unwrap();
    fetch(&fetcher_with, &server.base).await.unwrap();
    fetch(&fetcher_with, &other.base).await.unwrap();
    sent(&server, &["cookie: a=1"]);
    not_sent(&other, &["cookie"]);
    let fetcher_without = fetcher(&FetchSettings::default(), &[&server.base]);
    fetch(&fetcher_without, &server.base).await.unwrap();
    fetch(&fetcher_without, &server.base).await.unwrap();
    assert!(!server.heads().last().unwrap().contains("cookie"));
}

#[tokio::test]
async fn a_page_that_did_not_change_costs_no_body() {
    let server = Server::on("127.0.0.1", |head| {
        if head.to_ascii_lowercase().contains("if-none-match: w/\"v1\"\r\n") {
            let head = "HTTP/1.1 304 Same\r\netag: W/\"v1\"\r\n\r\n";
            return (head.into(), web_server::Then::Keep);
        }
        answer("etag: W/\"v1\"\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", b"body")
    })
    .await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    let silent: Arc<dyn PhaseSink> = Arc::new(());
    let first = fetch(&fetcher, &server.base).await.unwrap();
    assert_eq!(first.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    let again = RequestOptions {
        etag: first.etag.as_deref(),
        last_modified: first.last_modified.as_deref(),
        ..RequestOptions::default()
    };
    let mut chain = RedirectChain::new(&server.base);
    let reply = fetcher.get(&mut chain, &again, &silent).await.unwrap();
    let FetchOutcome::NotModified(head) = reply else { panic!("{reply:?}") };
    assert_eq!((head.status, head.etag.as_deref()), (304, Some("W/\"v1\"")));
    sent(&server, &["if-modified-since: sun, 06 nov 1994 08:49:37 gmt"]);
    // The page changed.
    let other = RequestOptions { etag: Some("\"v0\""), ..RequestOptions::default() };
    let reply = fetcher.get(&mut chain, &other, &silent).await.unwrap();
    let FetchOutcome::Response(second) = reply else { panic!("{reply:?}") };
    assert_eq!(second.body_hash, first.body_hash);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_answer() {
    let server = Server::bytes("HTTP/1.1 304 Same\r\n\r\n", || web_server::Then::Keep).await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    assert_eq!(fetch(&fetcher, &server.base).await.unwrap().status, 304);
}

fn through(proxy: &str) -> FetchSettings {
    settings(Credentials { proxy: Some(proxy.into()), ..Credentials::default() })
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_the_whole_url() {
    let proxy = Server::start(|_| ok("through")).await;
    let authority = proxy.base.authority();
    let fetcher = fetcher(&through(&format!("http://me:hunter2@{authority}")), &[]);
    let response = fetch(&fetcher, &url("http://far.test:81/x?y")).await.unwrap();
    assert_eq!(response.body.concat(), b"through");
    sent(&proxy, &["host: far.test:81", "proxy-authorization: basic bwu6ahvudgvymg=="]);
    assert!(proxy.heads()[0].starts_with("get http://far.test:81/x?y http/1.1\r\n"));
    assert!(!format!("{fetcher:?}").contains("hunter2"));
}

/// A SOCKS5 proxy that responds itself in place of the target; `asked` receives user, password and
/// target of each request.
async fn socks(asked: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_socks(stream, asked.clone()));
        }
    });
    authority
}

/// RFC 1928, with the password of RFC 1929.
async fn serve_socks(mut stream: TcpStream, asked: Arc<Mutex<Vec<String>>>) {
    async fn part(stream: &mut TcpStream) -> String {
        let mut part = vec![0; stream.read_u8().await.unwrap().into()];
        stream.read_exact(&mut part).await.unwrap();
        String::from_utf8(part).unwrap()
    }
    let mut target = String::new();
    assert_eq!(stream.read_u8().await.unwrap(), 5);
    if part(&mut stream).await.contains('\u{2}') {
        stream.write_all(&[5, 2]).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 1);
        for end in [':', '@'] {
            target += &part(&mut stream).await;
            target.push(end);
        }
        stream.write_all(&[1, 0]).await.unwrap();
    } else {
        stream.write_all(&[5, 0]).await.unwrap();
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await.unwrap();
    target += &match request {
        [5, 1, 0, 1] => Ipv4Addr::from(stream.read_u32().await.unwrap()).to_string(),
        [5, 1, 0, 3] => part(&mut stream).await,
        _ => panic!("{request:?}"),
    };
    let port = stream.read_u16().await.unwrap();
    asked.lock().unwrap().push(format!("{target}:{port}"));
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(&ok("through").0).await.unwrap();
}

#[tokio::test]
async fn a_socks_proxy_is_asked_for_the_host() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let authority = socks(asked.clone()).await;
    let far = url("http://far.test:81/");
    let remote = fetcher(&through(&format!("socks5h://me:hunter2@{authority}")), &[]);
    assert_eq!(fetch(&remote, &far).await.unwrap().body.concat(), b"through");
    let resolve = |to: &str| {
        let resolve = vec![("far.test".into(), to.parse().unwrap())];
        FetchSettings { resolve, ..through(&format!("socks5://{authority}")) }
    };
    let local = fetcher(&resolve("8.8.4.4"), &[]);
    assert_eq!(fetch(&local, &far).await.unwrap().body.concat(), b"through");
    assert_eq!(*asked.lock().unwrap(), ["me:hunter2@far.test:81", "8.8.4.4:81"]);
    // A name resolved here is checked here.
    let private = fetcher(&resolve("10.0.0.1"), &[]);
    let error = fetch(&private, &far).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Refused("private address"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn errors_tell_no_secret() {
    let closed = ClosedPort::new();
    let free = closed.address();
    let closing = Server::bytes("", || web_server::Then::Close).await;
    let scolding =
        Server::bytes("HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n", || web_server::Then::Keep)
            .await;
    let (closing, scolding) = (closing.base.authority(), scolding.base.authority());
    let mut shown = Vec::new();
    for proxy in [
        format!("http://me:hunter2@{free}"),
        format!("socks5h://me:hunter2@{free}"),
        "socks5://me:hunter2@nosuch.invalid:1".to_owned(),
        format!("http://me:hunter2@{closing}"),
        format!("socks5h://me:hunter2@{closing}"),
        format!("http://me:hunter2@{scolding}"),
        format!("https://me:hunter2@{closing}"),
    ] {
        let identity = Credentials {
            headers: vec![pair("x-key", "hunter2")],
            basic: Some(("me".into(), "hunter2".into())),
            bearer: Some("hunter2".into()),
            by_origin: vec![("http://a.test".into(), ("me".into(), "hunter2".into()))],
            proxy: Some(proxy),
        };
        // Some of these proxies never respond.
        let connect_timeout = std::time::Duration::from_millis(200);
        let settings = FetchSettings { connect_timeout, ..settings(identity) };
        let fetcher = fetcher(&settings, &[&url("http://a.test/")]);
        shown.push(format!("{settings:?} {fetcher:?}"));
        for target in ["http://me:hunter2@a.test/", "https://me:hunter2@a.test/"] {
            if let Err(error) = fetch(&fetcher, &url(target)).await {
                shown.push(format!("{error} {error:?}"));
            }
        }
    }
    assert!(shown.iter().any(|text| text.contains("connection refused by the proxy")), "{shown:?}");
    for text in ["ftp://me:hunter2@a", "http://me:hunter2@[", "hunter2", "socks4://hunter2@a:1"] {
        let error = Fetcher::new(&through(text), &[]).unwrap_err();
        assert!(matches!(error, FetchSetupError::Proxy), "{text}");
        shown.push(format!("{error} {error:?}"));
    }
    let bearer =
        settings(Credentials { bearer: Some("hunter2\n!".into()), ..Credentials::default() });
    let error = Fetcher::new(&bearer, &[]).unwrap_err();
    shown.push(format!("{error} {error:?}"));
    // Credentials in a redirect are not the user's, but must not be shown either.
    let server = Server::start(|path| match path {
        "/bad" => redirect(302, "http://me:hunter2@["),
        "/ftp" => redirect(302, "ftp://me:hunter2@a.test/"),
        _ => redirect(302, "//me:hunter2@127.0.0.3/"),
    })
    .await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    for path in ["/bad", "/ftp", "/away"] {
        let error = fetch(&fetcher, &server.url(path)).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    for text in shown {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
