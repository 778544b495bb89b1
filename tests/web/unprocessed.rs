//! Promise: a request that the server never processed is told from a failure of the server, by the
//! typed cause and by whether the connection was reused.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::tls_server::Secure;
use crate::web_server::{Server, Then, answer, fetch, fetcher, ok};
use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{FailureKind, Response};

const UNPROCESSED: Result<u16, FailureKind> = Err(FailureKind::Unprocessed);
const RESET: Result<u16, FailureKind> = Err(FailureKind::Reset);

/// The second response of a connection over HTTP/1 (its path), and what is expected: of a request on
/// the reused connection, and of the same on a new one.
type Http1Case = (&'static str, fn() -> (Vec<u8>, Then), [Result<u16, FailureKind>; 2]);

const CLOSED_408: &str =
    "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const KEPT_408: &str = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n";

const HTTP1: &[Http1Case] = &[
    ("closed", || (Vec::new(), Then::Close), [UNPROCESSED, RESET]),
    ("reset", || (Vec::new(), Then::Reset), [UNPROCESSED, RESET]),
    ("408-close", || (CLOSED_408.into(), Then::Close), [UNPROCESSED, Ok(408)]),
    ("408-keep", || (KEPT_408.into(), Then::Keep), [Ok(408), Ok(408)]),
    (
        "500-close",
        || ("HTTP/1.1 500 No\r\nconnection: close\r\n\r\n".into(), Then::Close),
        [Ok(500), Ok(500)],
    ),
    (
        "body-cut",
        || ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".into(), Then::Close),
        [Err(FailureKind::Truncated); 2],
    ),
    (
        "body-reset",
        || ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".into(), Then::Reset),
        [RESET; 2],
    ),
    ("no-http", || ("nonsense\r\n\r\n".into(), Then::Close), [Err(FailureKind::Header); 2]),
    ("fine", || ok("fine"), [Ok(200); 2]),
];

fn kind(result: Result<Response, crawldeck::web::http::FetchError>) -> Result<u16, FailureKind> {
    result.map(|response| response.status).map_err(|error| error.kind)
}

#[tokio::test]
async fn over_http_1_a_reused_connection_decides() {
    for &(name, second, expected) in HTTP1 {
        let server = Server::start(move |path| if path == "/" { ok("") } else { second() }).await;
        let reusing = fetcher(&FetchSettings::default(), &[&server.base]);
        fetch(&reusing, &server.base).await.unwrap();
        let reused = kind(fetch(&reusing, &server.url("/x")).await);
        assert_eq!(server.connections(), 1, "{name}");
        let new = fetcher(&FetchSettings::default(), &[&server.base]);
        let new = kind(fetch(&new, &server.url("/x")).await);
        assert_eq!([reused, new], expected, "{name}");
    }
}

#[tokio::test]
async fn a_proxy_that_closes_its_connection_is_a_reused_connection_as_well() {
    let proxy =
        Server::start(
            |target| {
                if target.ends_with("/x") { (Vec::new(), Then::Close) } else { ok("") }
            },
        )
        .await;
    let mut settings = FetchSettings::default();
    settings.credentials.proxy = Some(proxy.base.to_string());
    let site = crate::web_server::url("http://site.test/");
    let fetcher = fetcher(&settings, &[&site]);
    fetch(&fetcher, &site).await.unwrap();
    let error = fetch(&fetcher, &site.join("/x").unwrap()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Unprocessed, "{error}");
    assert!(error.message.contains("closed a reused connection"), "{error}");
}

#[tokio::test]
async fn a_connection_that_closes_between_responses_is_no_event() {
    let server = Server::start(|_| answer("connection: close\r\n", b"x").0.pipe_closed()).await;
    let fetcher = fetcher(&FetchSettings::default(), &[&server.base]);
    for n in 1..=5 {
        assert_eq!(fetch(&fetcher, &server.base).await.unwrap().status, 200);
        assert_eq!(server.connections(), n);
    }
}

/// Bytes after which the server closes.
trait PipeClosed {
    fn pipe_closed(self) -> (Vec<u8>, Then);
}

impl PipeClosed for Vec<u8> {
    fn pipe_closed(self) -> (Vec<u8>, Then) {
        (self, Then::Close)
    }
}

// Frames of HTTP/2, RFC 9113 sections 4 and 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = &u32::try_from(payload.len()).unwrap().to_be_bytes()[1..];
    [length, &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// `:status: 200` and `content-length: 4`, without compression of the latter.
fn head(stream: u32, flags: u8) -> Vec<u8> {
    let fields = [&[0x88, 0x0f, 0x0d, 1][..], b"4"].concat();
    frame(HEADERS, END_HEADERS | flags, stream, &fields)
}

fn whole(stream: u32) -> Vec<u8> {
    [head(stream, 0), frame(DATA, END_STREAM, stream, b"full")].concat()
}

/// Reads the frames of a client, and writes what `respond` gives for each request, by its number on
/// the connection and its stream; closes the connection after `None`.
async fn serve_frames(
    mut stream: TlsStream<TcpStream>,
    respond: impl Fn(usize, u32) -> (Vec<u8>, bool),
) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.ok()?;
    let mut requests = 0;
    loop {
        let mut begin = [0; 9];
        stream.read_exact(&mut begin).await.ok()?;
        let length =
            usize::from(begin[0]) << 16 | usize::from(begin[1]) << 8 | usize::from(begin[2]);
        let id = u32::from_be_bytes(begin[5..9].try_into().unwrap());
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.ok()?;
        match begin[3] {
            SETTINGS if begin[4] & ACK == 0 => {
                stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await.ok()?;
            }
            HEADERS => {
                requests += 1;
                let (bytes, keep) = respond(requests, id);
                stream.write_all(&bytes).await.ok()?;
                if !keep {
                    stream.shutdown().await.ok()?;
                    return None;
                }
            }
            _ => {}
        }
    }
}

/// What the server does with a request (its stream; whether it keeps the connection), and what is
/// expected: of the second request on a connection, and of the first.
type Http2Case = (&'static str, fn(u32) -> (Vec<u8>, bool), [Result<u16, FailureKind>; 2]);

const HTTP2: &[Http2Case] = &[
    ("goaway-before", |id| (go_away(id - 1, NO_ERROR), true), [UNPROCESSED; 2]),
    ("goaway-before-and-closed", |id| (go_away(id - 1, NO_ERROR), false), [UNPROCESSED; 2]),
    ("goaway-nothing-processed", |_| (go_away(0, NO_ERROR), false), [UNPROCESSED; 2]),
    ("goaway-for-an-error", |id| (go_away(id - 1, INTERNAL_ERROR), false), [UNPROCESSED; 2]),
    ("goaway-calm", |id| (go_away(id - 1, ENHANCE_YOUR_CALM), false), [RESET; 2]),
    ("goaway-behind", |id| ([go_away(id, NO_ERROR), whole(id)].concat(), false), [Ok(200); 2]),
    (
        "goaway-in-two-steps",
        |id| ([go_away(u32::MAX >> 1, NO_ERROR), go_away(id - 1, NO_ERROR)].concat(), false),
        [UNPROCESSED; 2],
    ),
    ("refused", |id| (reset(id, REFUSED_STREAM), true), [UNPROCESSED; 2]),
    ("reset-for-an-error", |id| (reset(id, INTERNAL_ERROR), true), [RESET; 2]),
    ("cancelled", |id| (reset(id, CANCEL), true), [RESET; 2]),
    ("reset-without-a-response", |id| (reset(id, NO_ERROR), true), [RESET; 2]),
    (
        "reset-behind-the-response",
        |id| ([whole(id), reset(id, NO_ERROR)].concat(), true),
        [Ok(200); 2],
    ),
    (
        "reset-behind-the-data",
        |id| ([head(id, 0), frame(DATA, 0, id, b"full"), reset(id, NO_ERROR)].concat(), true),
        [Ok(200); 2],
    ),
    (
        "reset-within-the-data",
        |id| ([head(id, 0), frame(DATA, 0, id, b"fu"), reset(id, NO_ERROR)].concat(), true),
        [Err(FailureKind::Truncated); 2],
    ),
    ("closed", |_| (Vec::new(), false), [UNPROCESSED, RESET]),
    ("closed-in-the-data", |id| (head(id, 0), false), [RESET; 2]),
];

#[tokio::test]
async fn over_http_2_the_code_decides() {
    let folder = TempDir::new().unwrap();
    for &(name, action, expected) in HTTP2 {
        let mut found = Vec::new();
        for position in [2, 1] {
            let server = Secure::start(&["h2"], move |stream, _, _| async move {
                let respond = |n, id| if n < position { (whole(id), true) } else { action(id) };
                serve_frames(stream, respond).await;
            })
            .await;
            let fetcher = fetcher(&Secure::settings(Some(&server.ca(&folder))), &[&server.url]);
            for _ in 1..position {
                fetch(&fetcher, &server.url).await.unwrap();
            }
            found.push(kind(fetch(&fetcher, &server.url).await));
            assert_eq!(server.spoken().len(), 1, "{name}: one connection");
        }
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn an_origin_that_requires_http_1_gets_it() {
    requires_http_1(|id| (reset(id, HTTP_1_1_REQUIRED), true)).await;
    requires_http_1(|id| (go_away(id - 1, HTTP_1_1_REQUIRED), false)).await;
}

/// `refuse` is what the server does with a request over HTTP/2.
async fn requires_http_1(refuse: fn(u32) -> (Vec<u8>, bool)) {
    let folder = TempDir::new().unwrap();
    let requests = Arc::<AtomicUsize>::default();
    let count = requests.clone();
    let server = Secure::start(&["h2", "http/1.1"], move |mut stream, _, protocol| {
        let count = count.clone();
        async move {
            if protocol == "h2" {
                serve_frames(stream, |_, id| refuse(id)).await;
                return;
            }
            loop {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    head.push(byte);
                }
                count.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&ok("one").0).await.unwrap();
            }
        }
    })
    .await;
    let fetcher = fetcher(&Secure::settings(Some(&server.ca(&folder))), &[&server.url]);
    // Those in flight at the same time are told alike.
    let all = (0..5).map(|_| fetch(&fetcher, &server.url));
    for result in futures_util::future::join_all(all).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind, FailureKind::Unprocessed, "{error}");
        assert!(error.message.contains("requires HTTP/1.1"), "{error}");
    }
    let negotiated = server.spoken().len();
    for _ in 0..3 {
        assert_eq!(fetch(&fetcher, &server.url).await.unwrap().body.concat(), b"one");
    }
    assert_eq!(server.spoken().len(), negotiated + 1);
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_server_that_ends_connections_often_is_sent_one_handshake_at_a_time() {
    const ENDED: usize = 9;
    let folder = TempDir::new().unwrap();
    let server = Secure::start(&["h2", "http/1.1"], |stream, number, _| async move {
        let respond = |_, id| {
            let ends = number <= ENDED;
            let end = if ends { go_away(id, NO_ERROR) } else { Vec::new() };
            ([end, whole(id)].concat(), !ends)
        };
        serve_frames(stream, respond).await;
    })
    .await;
    let fetcher = fetcher(&Secure::settings(Some(&server.ca(&folder))), &[&server.url]);
    while server.spoken().len() < ENDED {
        fetch(&fetcher, &server.url).await.unwrap();
    }
    let all = (0..20).map(|_| fetch(&fetcher, &server.url));
    for result in futures_util::future::join_all(all).await {
        result.unwrap();
    }
    assert_eq!(server.spoken().len(), ENDED + 1);
}
