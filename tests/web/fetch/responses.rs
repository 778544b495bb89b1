//! Responses, complete or not: connection, TLS, head, body, decoding, time-outs, headers sent.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crawldeck::settings::{Credentials, FetchSettings};
use crawldeck::web::http::{FailureKind, FetchSetupError, Fetcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::{again, failure, get, get_with, settings};
use crate::closed_port::ClosedPort;
use crate::web_server::{Server, Then, ok};

#[tokio::test]
async fn an_answer_is_complete() {
    let server = Server::bytes(
        "HTTP/1.1 404 Nope\r\ncontent-type: Text/HTML; charset=x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        || Then::Keep,
    )
    .await;
    let fetched = get(&server.url("/x?y")).await;
    let response = fetched.outcome.unwrap();
    assert_eq!((response.status, response.length), (404, 5));
    assert_eq!(response.content_type.as_deref(), Some("Text/HTML; charset=x"));
    assert_eq!(response.retry_after, None);
    assert_eq!(response.body.concat(), b"abcde");
    assert_eq!((fetched.final_url, fetched.hops.len()), (server.url("/x?y"), 0));
}

#[tokio::test]
async fn no_connection() {
    let closed = ClosedPort::new();
    let address = closed.address();
    let error = failure(&Url::parse(&format!("http://{address}/")).unwrap()).await;
    assert_eq!(error.kind, FailureKind::Connect);
    assert_eq!(error.message, format!("connection refused by {address}"));
    assert_eq!((error.status, error.length), (None, 0));
    assert!(error.kind.is_retryable());
}

#[tokio::test]
async fn no_such_name() {
    let error = failure(&Url::parse("http://nosuch.invalid:8080/").unwrap()).await;
    assert_eq!(error.kind, FailureKind::Dns, "{error}");
    assert!(error.message.starts_with("name not found: nosuch.invalid"), "{error}");
}

#[tokio::test]
async fn no_tls_on_a_plain_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
        // The second client receives nothing.
        drop(listener.accept().await.unwrap());
    });
    let url = Url::parse(&format!("https://{address}/")).unwrap();
    let error = failure(&url).await;
    assert_eq!(error.kind, FailureKind::Tls, "{error}");
    assert!(error.message.starts_with(&format!("TLS with {address} failed: ")), "{error}");
    assert!(!error.kind.is_retryable());
    let error = failure(&url).await;
    assert!(matches!(error.kind, FailureKind::Tls | FailureKind::Reset), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_body_cut_short() {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: a/b\r\ncontent-length: 2048\r\n\r\n{}",
        "x".repeat(512)
    );
    let server = Server::bytes(head, || Then::Close).await;
    let error = failure(&server.base).await;
    assert_eq!(error.kind, FailureKind::Truncated);
    assert_eq!(error.message, "body cut short after 512 of 2048 bytes");
    assert_eq!((error.status, error.length), (Some(200), 512));
    assert_eq!(error.content_type.as_deref(), Some("a/b"));

    let server = Server::bytes(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        || Then::Close,
    )
    .await;
    let error = failure(&server.base).await;
    assert_eq!(
        (error.kind, &*error.message),
        (FailureKind::Truncated, "body cut short after 5 bytes")
    );
}

#[tokio::test]
async fn no_answer_at_all() {
    let server = Server::bytes("", || Then::Close).await;
    let error = failure(&server.base).await;
    assert_eq!(error.kind, FailureKind::Reset, "{error}");
    assert!(error.message.contains("before a response"), "{error}");
}

#[tokio::test]
async fn an_endless_body_is_left() {
    let settings = FetchSettings { max_body: 1 << 20, ..settings() };
    let server =
        Server::bytes("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n", || Then::Repeat).await;
    let error = get_with(&settings, &server.base).await.outcome.unwrap_err();
    assert_eq!((error.kind, &*error.message), (FailureKind::TooLarge, "body larger than 1 MiB"));
    assert_eq!(error.status, Some(200));
    assert!(error.length > 1 << 20 && error.length < 2 << 20, "{}", error.length);
    server.left.notified().await;

    // A body announced as too large is not read at all.
    let server =
        Server::bytes("HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n", || Then::Hang).await;
    let error = get_with(&settings, &server.base).await.outcome.unwrap_err();
    assert_eq!((error.kind, error.length), (FailureKind::TooLarge, 0));
    // The limit itself is allowed.
    let settings = FetchSettings { max_body: 5, ..settings };
    let server = Server::start(|_| ok("12345")).await;
    assert_eq!(get_with(&settings, &server.base).await.outcome.unwrap().length, 5);
}

#[tokio::test]
async fn one_byte_at_a_time_costs_no_memory() {
    let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    bytes.extend(b"1\r\nx\r\n".repeat(100_000));
    bytes.extend(b"0\r\n\r\n");
    let server = Server::bytes(bytes, || Then::Keep).await;
    let response = get(&server.base).await.outcome.unwrap();
    assert_eq!(response.length, 100_000);
    assert!(response.body.len() < 10, "{} chunks", response.body.len());
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(zipped: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        zipped.len()
    );
    [head.as_bytes(), zipped].concat()
}

#[tokio::test]
async fn compressed_bodies_are_bounded_after_decoding() {
    let server = Server::bytes(gzipped(&gzip(&vec![b'a'; 300_000])), || Then::Keep).await;
    let response = get(&server.base).await.outcome.unwrap();
    assert_eq!((response.length, response.body.concat().len()), (300_000, 300_000));

    let settings = FetchSettings { max_body: 1 << 20, ..settings() };
    let bomb = gzipped(&gzip(&vec![0; 64 << 20]));
    assert!(bomb.len() < 100_000);
    let server = Server::bytes(bomb, || Then::Keep).await;
    let error = get_with(&settings, &server.base).await.outcome.unwrap_err();
    assert_eq!(error.kind, FailureKind::TooLarge);
    assert!(error.length < 2 << 20, "{}", error.length);

    let server = Server::bytes(gzipped(b"this is not compressed"), || Then::Keep).await;
    let error = failure(&server.base).await;
    assert_eq!(error.kind, FailureKind::Decode, "{error}");
    assert!(error.message.starts_with("body cannot be decoded: "), "{error}");

    let whole = gzip(&(0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    let server = Server::bytes(gzipped(&whole[..whole.len() / 2]), || Then::Keep).await;
    assert_eq!(failure(&server.base).await.kind, FailureKind::Truncated);
}

#[tokio::test]
async fn heads_that_are_no_heads() {
    let bomb = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(2 << 20));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    let table = [
        (bomb, "the response head is too large"),
        (many, "the response head is too large"),
        ("HELLO\r\n\r\n".into(), "the response head is malformed"),
        ("HTTP/1.1 2x0 OK\r\n\r\n".into(), "the response head is malformed"),
    ];
    for (head, message) in table {
        let server = Server::bytes(head, || Then::Hang).await;
        let error = again(&server.base).await.unwrap_err();
        assert_eq!((error.kind, &*error.message), (FailureKind::Header, message));
    }
}

#[tokio::test]
async fn header_lines_that_browsers_read_are_read() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/\xe9\r\nb\xffd name: x\r\nno colon\r\nspaced : x\r\nfolded: a\r\n b\r\ncontent-length: 2\r\n\r\nhi";
    let server = Server::bytes(*head, || Then::Keep).await;
    let response = get(&server.base).await.outcome.unwrap();
    assert_eq!(response.body.concat(), b"hi");
    assert_eq!(response.content_type.as_deref(), Some("text/\u{fffd}"));
}

#[tokio::test]
async fn silence_has_an_end() {
    let short = FetchSettings { read_timeout: Duration::from_millis(100), ..settings() };
    let server = Server::bytes("", || Then::Hang).await;
    let error = get_with(&short, &server.base).await.outcome.unwrap_err();
    assert_eq!(error.kind, FailureKind::Timeout);
    let host = server.base.authority();
    assert_eq!(error.message, format!("no response from {host} within 100ms"));

    let server =
        Server::bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", || Then::Hang).await;
    let error = get_with(&short, &server.base).await.outcome.unwrap_err();
    assert_eq!(error.kind, FailureKind::Timeout);
    assert_eq!(error.message, "silent for 100ms after 3 of 9 bytes of the body");
    assert_eq!((error.status, error.length), (Some(200), 3));

    let short = FetchSettings { timeout: Duration::from_millis(100), ..settings() };
    let error = get_with(&short, &server.base).await.outcome.unwrap_err();
    assert_eq!(error.kind, FailureKind::Timeout);
    assert_eq!(error.message, "not complete within 100ms: 3 bytes read");
    let server = Server::bytes("", || Then::Hang).await;
    let error = get_with(&short, &server.base).await.outcome.unwrap_err();
    assert_eq!((error.kind, &*error.message), (FailureKind::Timeout, "no response within 100ms"));
}

#[tokio::test]
async fn retry_after_comes_in_two_forms() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (value, expected) in
        [("120", Some(120..=120)), (&date, Some(80..=90)), (past, Some(0..=0)), ("soon", None)]
    {
        let head =
            format!("HTTP/1.1 429 Slow\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let server = Server::bytes(head, || Then::Keep).await;
        let found = get(&server.base).await.outcome.unwrap().retry_after;
        match expected {
            Some(range) => assert!(range.contains(&found.unwrap().as_secs()), "{value}: {found:?}"),
            None => assert_eq!(found, None, "{value}"),
        }
    }
}

#[tokio::test]
async fn headers_are_sent_and_checked() {
    let seen = Arc::new(Mutex::new(String::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let written = seen.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        *written.lock().unwrap() = String::from_utf8(head).unwrap();
        stream.write_all(b"HTTP/1.1 204 Done\r\n\r\n").await.unwrap();
    });
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let with = |headers| FetchSettings {
        credentials: Credentials { headers, ..Credentials::default() },
        user_agent: "test/1".into(),
        ..settings()
    };
    let response = get_with(&with(header("X-Key", "secret")), &url).await.outcome.unwrap();
    assert_eq!((response.status, response.length), (204, 0));
    let seen = seen.lock().unwrap().to_ascii_lowercase();
    for line in ["x-key: secret\r\n", "user-agent: test/1\r\n", "accept: text/html", "gzip"] {
        assert!(seen.contains(line), "{line:?} in {seen}");
    }
    assert!(!seen.contains("cookie") && !seen.contains("referer"));

    for (name, value) in [("bad name", "x"), ("x-key", "top\nsecret")] {
        let error = Fetcher::new(&with(header(name, value)), &[]).unwrap_err();
        assert!(matches!(&error, FetchSetupError::Header { name: reported } if reported == name));
        assert!(!error.to_string().contains("secret"));
    }
    let debug = format!("{:?}", Fetcher::new(&with(header("X-Key", "secret")), &[]).unwrap());
    assert!(!debug.contains("secret"), "{debug}");
}
