//! Promise: certificates are verified against the system's and the user's authorities, unless
//! the user turns that off, and HTTP/2 is used where both sides support it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::tls_server::Secure;
use crate::web_server::{self, answer, fetch, fetcher, ok};
use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{FailureKind, FetchSetupError, Fetcher};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

/// A server that answers every request, and how many it has served.
async fn counted(protocols: &[&str]) -> (Secure, Arc<AtomicUsize>) {
    let requests = Arc::<AtomicUsize>::default();
    let count = requests.clone();
    let serve = move |stream, _, protocol: String| {
        let count = count.clone();
        async move {
            if protocol == "h2" {
                serve_two(stream, count).await;
            } else {
                serve_one(stream, count).await;
            }
        }
    };
    (Secure::start(protocols, serve).await, requests)
}

async fn serve_one(mut stream: TlsStream<TcpStream>, requests: Arc<AtomicUsize>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        requests.fetch_add(1, Ordering::SeqCst);
        let (bytes, _) = answer("set-cookie: s=1; Secure\r\n", b"secret");
        stream.write_all(&bytes).await.unwrap();
    }
}

async fn serve_two(stream: TlsStream<TcpStream>, requests: Arc<AtomicUsize>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        assert_eq!(request.version(), http::Version::HTTP_2);
        requests.fetch_add(1, Ordering::SeqCst);
        if request.uri().path() == "/refuse" {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        let head = http::Response::builder().header("content-type", "a/b").body(()).unwrap();
        respond.send_response(head, false).unwrap().send_data("secret".into(), true).unwrap();
    }
}

#[tokio::test]
async fn an_authority_of_the_user_is_trusted_besides() {
    let (server, requests) = counted(&["http/1.1"]).await;
    let folder = TempDir::new().unwrap();
    let seeds = [&server.url];

    let error = fetch(&fetcher(&Secure::settings(None), &seeds), &server.url).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Tls, "{error}");
    let message = format!("TLS with {} failed: ", server.url.authority());
    assert!(error.message.starts_with(&message), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 0);

    let trusting = fetcher(&Secure::settings(Some(&server.ca(&folder))), &seeds);
    assert_eq!(fetch(&trusting, &server.url).await.unwrap().body.concat(), b"secret");

    // Trusted, but for another name.
    let mut settings = Secure::settings(Some(&server.ca(&folder)));
    settings.resolve.push(("other.test".into(), "127.0.0.1".parse().unwrap()));
    let mut other = server.url.clone();
    other.set_host(Some("other.test")).unwrap();
    let error = fetch(&fetcher(&settings, &[&other]), &other).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Tls, "{error}");

    let insecure = FetchSettings { insecure: true, ..Secure::settings(None) };
    let response = fetch(&fetcher(&insecure, &seeds), &server.url).await.unwrap();
    assert_eq!(response.body.concat(), b"secret");
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let folder = TempDir::new().unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let table =
        [("missing", None), ("empty", Some("")), ("text", Some("hello")), ("broken", Some(broken))];
    for (name, content) in table {
        let path = folder.path().join(name);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let settings = FetchSettings { ca: Some(path.clone()), ..FetchSettings::default() };
        let error = Fetcher::new(&settings, &[]).unwrap_err();
        assert!(
            matches!(&error, FetchSetupError::Ca { path: reported, .. } if *reported == path),
            "{error:?}"
        );
        let message = format!("no certificates from {}: ", path.display());
        assert!(error.to_string().starts_with(&message), "{error}");
    }
}

#[tokio::test]
async fn http_2_is_spoken_where_both_do() {
    let folder = TempDir::new().unwrap();
    let (both, _) = counted(&["h2", "http/1.1"]).await;
    let settings = Secure::settings(Some(&both.ca(&folder)));
    let fetcher_two = fetcher(&settings, &[&both.url]);
    for _ in 0..3 {
        let response = fetch(&fetcher_two, &both.url).await.unwrap();
        assert_eq!(
            (response.body.concat(), response.content_type.as_deref()),
            (b"secret".to_vec(), Some("a/b"))
        );
    }
    assert_eq!(both.spoken(), ["h2"], "one connection, used again");

    let fetcher_one = fetcher(&FetchSettings { http2: false, ..settings }, &[&both.url]);
    fetch(&fetcher_one, &both.url).await.unwrap();
    assert_ne!(both.spoken()[1], "h2");

    let (old, _) = counted(&["http/1.1"]).await;
    let settings = Secure::settings(Some(&old.ca(&folder)));
    fetch(&fetcher(&settings, &[&old.url]), &old.url).await.unwrap();
    assert_eq!(old.spoken(), ["http/1.1"]);
}

#[tokio::test]
async fn a_refused_request_is_not_sent_again_behind_the_callers_back() {
    let folder = TempDir::new().unwrap();
    let (server, requests) = counted(&["h2"]).await;
    let fetcher = fetcher(&Secure::settings(Some(&server.ca(&folder))), &[&server.url]);
    let error = fetch(&fetcher, &server.url.join("/refuse").unwrap()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Unprocessed, "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    fetch(&fetcher, &server.url).await.unwrap();
    assert_eq!(server.spoken().len(), 1, "the connection is as good as before");
}

/// An HTTP proxy that opens every tunnel to 127.0.0.1; `asked` receives the requests for them.
async fn tunnels(asked: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let asked = asked.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                asked.lock().unwrap().push(head);
                if !target.starts_with("secure.test:") {
                    stream.write_all(&ok("not for you").0).await.unwrap();
                    return;
                }
                let port: u16 = target.rsplit(':').next().unwrap().parse().unwrap();
                let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut far).await;
            });
        }
    });
    authority
}

#[tokio::test]
async fn a_proxy_sees_no_more_than_the_host() {
    let (server, _) = counted(&["h2", "http/1.1"]).await;
    let folder = TempDir::new().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut settings = FetchSettings { ca: Some(server.ca(&folder)), ..FetchSettings::default() };
    settings.credentials.proxy =
        Some(format!("http://me:hunter2@{}", tunnels(asked.clone()).await));
    settings.credentials.bearer = Some("token".into());
    let fetcher = fetcher(&settings, &[&server.url]);
    let page = server.url.join("/private").unwrap();
    assert_eq!(fetch(&fetcher, &page).await.unwrap().body.concat(), b"secret");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    let port = server.url.port().unwrap();
    assert!(asked[0].starts_with(&format!("CONNECT secure.test:{port} HTTP/1.1\r\n")), "{asked:?}");
    assert!(asked[0].to_lowercase().contains("proxy-authorization: basic "), "{asked:?}");
    for secret in ["token", "/private"] {
        assert!(!asked[0].contains(secret), "{asked:?}");
    }
}

#[tokio::test]
async fn a_secure_cookie_does_not_leave_tls() {
    let (server, _) = counted(&["http/1.1"]).await;
    let folder = TempDir::new().unwrap();
    let plain = web_server::Server::start(|_| ok("")).await;
    let settings = FetchSettings { cookies: true, ..Secure::settings(Some(&server.ca(&folder))) };
    let mut same_host = server.url.clone();
    same_host.set_scheme("http").unwrap();
    same_host.set_port(plain.base.port()).unwrap();
    let fetcher = fetcher(&settings, &[&server.url, &same_host]);
    fetch(&fetcher, &server.url).await.unwrap();
    fetch(&fetcher, &same_host).await.unwrap();
    assert!(!plain.heads()[0].contains("cookie"), "{:?}", plain.heads());
}
