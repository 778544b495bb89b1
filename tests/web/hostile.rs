//! Promise: a malicious server costs bounded time, memory and traffic.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::web_server::{Server, Then, answer, fetch, fetcher, ok, redirect};
use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{
    FailureKind, FetchError, FetchOutcome, OpenResponse, PhaseSink, RedirectChain, RequestOptions,
    Response,
};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorWriter::new(&mut encoded, 4096, 5, 22).write_all(body).unwrap();
    encoded
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Text that compresses moderately, not to almost nothing.
fn text(length: usize) -> Vec<u8> {
    (0..length as u32).map(|n| b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26).collect()
}

async fn from(server: &Server, settings: &FetchSettings) -> Result<Response, FetchError> {
    fetch(&fetcher(settings, &[&server.base]), &server.base).await
}

async fn failure(server: &Server, settings: &FetchSettings) -> FetchError {
    from(server, settings).await.unwrap_err()
}

async fn open(server: &Server, settings: &FetchSettings, ask: &RequestOptions<'_>) -> OpenResponse {
    let silent: Arc<dyn PhaseSink> = Arc::new(());
    let fetcher = fetcher(settings, &[&server.base]);
    let reply = fetcher.open(&mut RedirectChain::new(&server.base), ask, &silent).await.unwrap();
    let FetchOutcome::Response(opened) = reply else { panic!("{reply:?}") };
    opened
}

#[tokio::test]
async fn a_head_that_drips_is_left() {
    let settings =
        FetchSettings { timeout: Duration::from_millis(300), ..FetchSettings::default() };
    for head in ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nx: "] {
        let server = Server::bytes(head, || Then::Drip).await;
        let error = failure(&server, &settings).await;
        assert_eq!((error.kind, &*error.message), (FailureKind::Timeout, "no answer within 300ms"));
        server.left.notified().await;
    }
}

#[tokio::test]
async fn a_body_that_drips_is_left() {
    let settings =
        FetchSettings { timeout: Duration::from_millis(300), ..FetchSettings::default() };
    for head in ["content-length: 1000000\r\n", ""] {
        let head = format!("HTTP/1.1 503 OK\r\nretry-after: 7\r\n{head}\r\n");
        let server = Server::bytes(head, || Then::Drip).await;
        let error = failure(&server, &settings).await;
        assert_eq!(error.kind, FailureKind::Timeout, "{error}");
        assert!(error.message.starts_with("not complete within 300ms: "), "{error}");
        assert!(error.length > 0);
        // The fields of the head are kept.
        assert_eq!((error.status, error.retry_after), (Some(503), Some(Duration::from_secs(7))));
        server.left.notified().await;
    }
}

#[tokio::test]
async fn bombs_are_told_by_their_ratio_and_by_their_size() {
    type Encode = fn(&[u8]) -> Vec<u8>;
    let zeros = vec![0; 8 << 20];
    let table: [(&str, Encode); 4] = [
        ("gzip", gzip),
        ("br", brotli),
        ("deflate", zlib),
        ("zstd", |body| zstd::encode_all(body, 3).unwrap()),
    ];
    for (coding, encode) in table {
        let bomb = encode(&zeros);
        let lines = format!("content-encoding: {coding}\r\n");
        let sent = bomb.len() as u64;
        let server = Server::start(move |_| answer(&lines, &bomb)).await;
        let settings = FetchSettings { max_decompression_ratio: 50, ..FetchSettings::default() };
        let error = failure(&server, &settings).await;
        assert_eq!(error.kind, FailureKind::TooLarge, "{coding}: {error}");
        assert!(error.message.starts_with("decompression bomb: "), "{coding}: {error}");
        assert!(error.message.contains(" MiB out of "), "{coding}: {error}");
        assert!(error.length <= (50 * sent).max(1 << 20) + (32 << 10), "{}", error.length);
        let settings =
            FetchSettings { max_body: 2 << 20, max_decompression_ratio: u32::MAX, ..settings };
        let error = failure(&server, &settings).await;
        assert_eq!(error.message, "body larger than 2 MiB", "{coding}");
        assert!(error.length <= (2 << 20) + (32 << 10), "{}", error.length);
    }
    // Below 1 MiB any ratio is accepted.
    let harmless = gzip(&zeros[..1 << 20]);
    let server = Server::start(move |_| answer("content-encoding: gzip\r\n", &harmless)).await;
    let settings = FetchSettings { max_decompression_ratio: 2, ..FetchSettings::default() };
    assert_eq!(from(&server, &settings).await.unwrap().length, 1 << 20);
}

#[tokio::test]
async fn a_bomb_in_a_bomb() {
    let bomb = gzip(&gzip(&vec![0; 64 << 20]));
    assert!(bomb.len() < 2000);
    let server = Server::start(move |_| answer("content-encoding: gzip, gzip\r\n", &bomb)).await;
    let error = failure(&server, &FetchSettings::default()).await;
    assert_eq!(error.kind, FailureKind::TooLarge);
    assert!(error.message.starts_with("decompression bomb: 1.0 MiB out of "), "{error}");
}

#[tokio::test]
async fn what_decodes_to_nothing_has_an_end() {
    // Endless gzip members without content.
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    let empty = gzip(b"").repeat(100_000);
    let server = Server::bytes([head.as_bytes(), &empty].concat(), || Then::Hang).await;
    let settings = FetchSettings { max_body: 1 << 20, ..FetchSettings::default() };
    let error = failure(&server, &settings).await;
    assert_eq!((error.message.as_str(), error.length), ("body larger than 1 MiB", 0));
}

#[tokio::test]
async fn codings_right_and_wrong() {
    let body = text(100_000);
    let cases: [(&str, Vec<u8>); 8] = [
        ("gzip", gzip(&body)),
        ("X-Gzip", gzip(&body)),
        ("gzip, gzip", gzip(&gzip(&body))),
        ("br, gzip", gzip(&brotli(&body))),
        ("deflate", zlib(&body)),
        ("utf-8", body.clone()),
        ("identity", body.clone()),
        ("", body.clone()),
    ];
    for (coding, sent) in cases {
        let (lines, wire) = (format!("content-encoding: {coding}\r\n"), sent.len() as u64);
        let server = Server::start(move |_| answer(&lines, &sent)).await;
        let response = from(&server, &FetchSettings::default()).await.unwrap();
        assert!(response.body.concat() == body, "{coding}");
        assert_eq!((response.length, response.wire_length), (100_000, wire), "{coding}");
        let hash = xxhash_rust::xxh3::xxh3_128(&body).to_be_bytes();
        assert_eq!(response.body_hash, hash, "{coding}");
    }
    for (coding, sent) in [("gzip", &b"<html>"[..]), ("compress", b"x"), ("gzip, gzip, gzip", b"x")]
    {
        let lines = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_| answer(&lines, sent)).await;
        let error = failure(&server, &FetchSettings::default()).await;
        assert_eq!(error.kind, FailureKind::Decode, "{coding}: {error}");
    }
    for coding in ["gzip", "br", "zstd", "deflate", "gzip, br", "compress"] {
        let lines = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_| answer(&lines, b"")).await;
        assert_eq!(from(&server, &FetchSettings::default()).await.unwrap().length, 0, "{coding}");
    }
}

#[tokio::test]
async fn a_coded_body_cut_short() {
    for (coding, whole) in [("gzip", gzip(&text(50_000))), ("br", brotli(&text(50_000)))] {
        let lines = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_| answer(&lines, &whole[..whole.len() / 2])).await;
        let error = failure(&server, &FetchSettings::default()).await;
        assert_eq!(error.kind, FailureKind::Truncated, "{coding}: {error}");
        assert_eq!(error.message, format!("body cut short after {} bytes", error.length));
    }
}

#[tokio::test]
async fn a_length_that_is_wrong() {
    let server =
        Server::bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", || Then::Close).await;
    let error = failure(&server, &FetchSettings::default()).await;
    assert_eq!(
        (error.kind, &*error.message),
        (FailureKind::Truncated, "body cut short after 3 of 100 bytes")
    );
    // Bytes after the announced length are dropped and do not affect a later response.
    let more = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let server = Server::bytes(more, || Then::Keep).await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    for _ in 0..3 {
        assert_eq!(fetch(&fetcher, &server.base).await.unwrap().body.concat(), b"abc");
    }
}

#[tokio::test]
async fn a_reset_in_the_body() {
    let server =
        Server::bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", || Then::Reset).await;
    let error = failure(&server, &FetchSettings::default()).await;
    assert!(matches!(error.kind, FailureKind::Reset | FailureKind::Truncated), "{error:?}");
    assert!(error.kind.is_retryable());
}

#[tokio::test]
async fn heads_with_what_should_not_be_there() {
    let head = b"HTTP/1.1 200 \xff\xfe\r\netag: \"\xff\"\r\nx-robots-tag: no\xffindex\r\nlink: <\xff>; rel=canonical\r\nset-cookie: \xff=\xff\r\nretry-after: -1\r\ncontent-length: 0\r\n\r\n";
    let server = Server::bytes(*head, || Then::Keep).await;
    let settings = FetchSettings { cookies: true, ..FetchSettings::default() };
    let response = from(&server, &settings).await.unwrap();
    assert_eq!((response.etag, response.retry_after), (None, None));
    assert_eq!(response.canonical, Some(server.url("/%FF")));
    assert_eq!(response.robots_tag.as_deref(), Some("no\u{fffd}index"));

    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(2 << 20));
    let server = Server::bytes(head, || Then::Hang).await;
    let error = failure(&server, &FetchSettings::default()).await;
    assert_eq!(
        (error.kind, &*error.message),
        (FailureKind::Header, "the head of the answer is too large")
    );
}

#[tokio::test]
async fn fifty_hops() {
    let server = Server::start(|path| match path[1..].parse::<u32>() {
        Ok(50) => ok("end"),
        Ok(n) => redirect(302, &format!("/{}", n + 1)),
        Err(_) => redirect(301, "/0"),
    })
    .await;
    let start = server.url("/0");
    let most = |max_redirects| FetchSettings { max_redirects, ..FetchSettings::default() };
    let error = fetch(&fetcher(&most(10), &[&start]), &start).await.unwrap_err();
    assert_eq!(error.message, "more than 10 redirects");
    let error = fetch(&fetcher(&most(49), &[&start]), &start).await.unwrap_err();
    assert_eq!(error.message, "more than 49 redirects");
    let fetcher = fetcher(&most(50), &[&start]);
    assert_eq!(fetch(&fetcher, &start).await.unwrap().body.concat(), b"end");
}

#[tokio::test]
async fn a_body_can_be_read_piece_by_piece() {
    let body = text(3 << 20);
    let zipped = gzip(&body);
    let sent = zipped.clone();
    let server =
        Server::start(move |_| answer("content-encoding: gzip\r\nx-robots-tag: a\r\n", &sent))
            .await;
    // Larger than the limit of the settings, which is for pages.
    let settings = FetchSettings { max_body: 1 << 20, ..FetchSettings::default() };
    let ask = RequestOptions { max_body: Some(50 << 20), ..RequestOptions::default() };
    let mut opened = open(&server, &settings, &ask).await;
    assert_eq!((opened.head.status, opened.head.robots_tag.as_deref()), (200, Some("a")));
    let mut read = Vec::new();
    while let Some(chunk) = opened.chunk().await.unwrap() {
        assert!(!chunk.is_empty() && chunk.len() <= 32 << 10);
        read.extend_from_slice(&chunk);
        assert_eq!(opened.length(), read.len() as u64);
    }
    assert!(read == body);
    assert_eq!(opened.wire_length(), zipped.len() as u64);
    assert_eq!(opened.chunk().await.unwrap(), None);

    // The body is dropped when half of it is read.
    let server = Server::bytes("HTTP/1.1 200 OK\r\n\r\n", || Then::Repeat).await;
    let mut opened = open(&server, &settings, &ask).await;
    opened.chunk().await.unwrap().unwrap();
    drop(opened);
    server.left.notified().await;

    let ask =
        RequestOptions { timeout: Some(Duration::from_millis(100)), ..RequestOptions::default() };
    let server = Server::bytes("HTTP/1.1 200 OK\r\n\r\nx", || Then::Hang).await;
    let mut opened = open(&server, &settings, &ask).await;
    assert_eq!(opened.chunk().await.unwrap().unwrap(), &b"x"[..]);
    let error = opened.chunk().await.unwrap_err();
    assert_eq!(error.message, "not complete within 100ms: 1 bytes read");
}

#[tokio::test]
async fn a_redirect_with_an_endless_body_is_not_read_away() {
    let server = Server::on("127.0.0.1", |head| {
        if head.starts_with("GET /end") {
            return ok("end");
        }
        ("HTTP/1.1 302 Go\r\nlocation: /end\r\n\r\n".into(), Then::Repeat)
    })
    .await;
    assert_eq!(from(&server, &FetchSettings::default()).await.unwrap().body.concat(), b"end");
    server.left.notified().await;
    assert_eq!(server.connections(), 2);
}
