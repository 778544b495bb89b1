//! Bytes that no HTTP library would send: a script takes over the connection and writes to it.
//!
//! | below `/hostile/wire/` | what it does |
//! |---|---|
//! | `silent` | accepts the request and sends nothing |
//! | `slow-line` | the first letter of a status line, repeatedly, one every 20 ms |
//! | `slow-head` | a header every 20 ms, for ever |
//! | `endless-head` | headers for ever, as fast as the client reads |
//! | `interim` | `103 Early Hints` for ever, as fast as the client reads |
//! | `huge-head` | one header of 1 MiB |
//! | `many-heads` | 5,000 headers |
//! | `bad-bytes` | control and non-ASCII bytes in headers' names and values, then a page |
//! | `no-colon` | a header line without a colon, then a page |
//! | `garbage` | the greeting of an SSH server |
//! | `escapes` | terminal escapes in reason and content type of a 500 |
//! | `bidi` | bidi and C1 controls in reason and content type of a 500 |
//! | `location` | a redirect to a malformed address with C1 and bidi controls |
//! | `long-length` | `Content-Length: 1000`, of which 9 bytes come |
//! | `short-length` | `Content-Length: 30` of a longer page |
//! | `two-lengths` | two `Content-Length`s that differ |
//! | `odd-length` | a negative `Content-Length` |
//! | `both-lengths` | `Content-Length` and `Transfer-Encoding: chunked` |
//! | `bad-chunk` | a chunk whose length is not a number |
//! | `cut-chunk` | a chunk that is not complete |
//! | `close` | closes the connection without a response |
//! | `reset` | resets the connection without a response |
//! | `reset-body` | resets the connection in the middle of the body |

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Path};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::listener::ConnectionHandle;
use super::page::HOSTILE_TEXT;

/// Time between two repetitions.
const REPEAT_INTERVAL: Duration = Duration::from_millis(20);
/// Time before a reset for the client to read what was sent: the reset discards unread bytes.
const RESET_DELAY: Duration = Duration::from_millis(100);

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\n";
const PAGE: &str = "<!DOCTYPE html>\n<title>A page after all</title>\n";

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/hostile/wire/{case}", get(respond))
}

/// What happens on a connection.
enum Script {
    /// Sent once; then the connection is closed.
    Once(Vec<u8>),
    /// The first part is sent once, then the second part repeatedly, with this pause.
    Repeat(&'static str, &'static str, Duration),
    /// Sent once, then reset.
    Reset(&'static str),
    /// Nothing is ever sent.
    Silent,
}

async fn respond(
    Path(case): Path<String>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
) -> Response {
    let Some(script) = script(&case) else { return StatusCode::NOT_FOUND.into_response() };
    connection.take_over(|stream| play(script, stream));
    // The script owns the connection now; this future is dropped with it.
    std::future::pending().await
}

fn script(case: &str) -> Option<Script> {
    let after = |head: &str| Script::Once(format!("{OK}{head}\r\n{PAGE}").into_bytes());
    Some(match case {
        "silent" => Script::Silent,
        "slow-line" => Script::Repeat("", "H", REPEAT_INTERVAL),
        "slow-head" => Script::Repeat(OK, "x: y\r\n", REPEAT_INTERVAL),
        "endless-head" => Script::Repeat(OK, "x: y\r\n", Duration::ZERO),
        "interim" => Script::Repeat("", "HTTP/1.1 103 Early Hints\r\n\r\n", Duration::ZERO),
        "huge-head" => after(&format!("x: {}\r\n", "y".repeat(1 << 20))),
        "many-heads" => {
            let mut many = String::new();
            for n in 0..5000 {
                let _ = write!(many, "x-{n}: y\r\n");
            }
            after(&many)
        }
        "bad-bytes" => {
            let head = b"x-\x1b[31m: y\r\nx-\xff: y\r\nx: \x1b[2J\x07\xfe\r\n\x01: y\r\n\r\n";
            Script::Once([OK.as_bytes(), head, PAGE.as_bytes()].concat())
        }
        "no-colon" => after("there is no colon here\r\n"),
        "garbage" => Script::Once(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        "escapes" => {
            // A header must not contain a NUL or a line end.
            let evil = HOSTILE_TEXT.replace(['\0', '\r'], "");
            let head = format!("content-type: text/{evil}\r\nconnection: close\r\n");
            Script::Once(format!("HTTP/1.1 500 {evil}\r\n{head}\r\n").into_bytes())
        }
        "bidi" => {
            let evil = "\u{202e}\u{9b}31mevil";
            let head = format!("content-type: text/{evil}\r\nconnection: close\r\n");
            Script::Once(format!("HTTP/1.1 500 {evil}\r\n{head}\r\n").into_bytes())
        }
        "location" => {
            // An escape character would make the header invalid.
            let to = "http://[\u{202e}\u{9b}31mevil";
            let head = format!("location: {to}\r\nconnection: close\r\n");
            Script::Once(format!("HTTP/1.1 302 Found\r\n{head}\r\n").into_bytes())
        }
        "long-length" => Script::Once(format!("{OK}content-length: 1000\r\n\r\nonly this").into()),
        "short-length" => after("content-length: 30\r\n"),
        "two-lengths" => after("content-length: 5\r\ncontent-length: 50\r\n"),
        "odd-length" => after("content-length: -5\r\n"),
        "both-lengths" => {
            let head = "content-length: 3\r\ntransfer-encoding: chunked\r\n";
            let chunk = format!("{:x}\r\n{PAGE}\r\n0\r\n\r\n", PAGE.len());
            Script::Once(format!("{OK}{head}\r\n{chunk}").into())
        }
        "bad-chunk" => {
            Script::Once(format!("{OK}transfer-encoding: chunked\r\n\r\nmany\r\nhello").into())
        }
        "cut-chunk" => {
            let chunk = "5\r\nhello\r\nfff\r\nnot so many";
            Script::Once(format!("{OK}transfer-encoding: chunked\r\n\r\n{chunk}").into())
        }
        "close" => Script::Once(Vec::new()),
        "reset" => Script::Reset(""),
        "reset-body" => Script::Reset(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1000\r\n\r\n\
             only this",
        ),
        _ => return None,
    })
}

async fn play(script: Script, mut stream: TcpStream) -> io::Result<()> {
    match script {
        Script::Once(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
            // Closing before the client has read everything would reset the connection.
            drain(&mut stream).await
        }
        Script::Repeat(head, more, pause) => {
            stream.write_all(head.as_bytes()).await?;
            let block = if pause.is_zero() { more.repeat(1000) } else { more.to_owned() };
            loop {
                stream.write_all(block.as_bytes()).await?;
                if pause.is_zero() {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Script::Reset(bytes) => {
            stream.write_all(bytes.as_bytes()).await?;
            if !bytes.is_empty() {
                tokio::time::sleep(RESET_DELAY).await;
            }
            stream.set_zero_linger()
        }
        Script::Silent => drain(&mut stream).await,
    }
}

/// Reads until the client closes the connection.
async fn drain(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}
