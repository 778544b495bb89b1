//! Responses with a flaw that browsers overlook, and those with one that they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::io::Write;

use crawldeck::web::http::FailureKind;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::{again, failure, get};
use crate::web_server::{Server, Then, answer};

/// `count` header lines made by `line`.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[tokio::test]
async fn many_header_fields_are_read() {
    let link = |n| format!("Link: </a{n}.js>; rel=preload; as=script\r\n");
    let cookie = |n| format!("Set-Cookie: c{n}={n}; Path=/\r\n");
    let tiny = |n| format!("x{n}: \r\n");
    let policy = format!("content-security-policy: {}\r\n", "x".repeat(200_000));
    let table = [
        ("as many as the client takes by itself", lines(99, link)),
        ("a few more", lines(101, link)),
        ("preloads", lines(120, link)),
        ("cookies", lines(150, cookie)),
        ("many names", lines(1_000, tiny)),
        ("one name", lines(3_000, |_| "x: y\r\n".into())),
        (
            "200 KiB of links",
            lines(4_000, |n| format!("Link: </p/{n}.css>; rel=preload; as=style\r\n")),
        ),
        ("one long field", policy),
    ];
    for (what, head) in table {
        let server = Server::start(move |_| answer(&head, b"here")).await;
        let response = again(&server.base).await.expect(what);
        assert_eq!(response.body.concat(), b"here", "{what}");
    }
    // The same after an interim response, and in the trailers of a chunked body.
    let head = lines(300, link);
    let interim = format!(
        "HTTP/1.1 103 Early Hints\r\n{head}\r\nHTTP/1.1 200 OK\r\n{head}content-length: 2\r\n\r\nhi"
    );
    let server = Server::bytes(interim, || Then::Keep).await;
    assert_eq!(again(&server.base).await.unwrap().body.concat(), b"hi");
    let trailers = lines(150, |n| format!("x-sum-{n}: {n}\r\n"));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{trailers}\r\n"
    );
    let server = Server::bytes(chunked, || Then::Keep).await;
    assert_eq!(get(&server.base).await.outcome.unwrap().body.concat(), b"hi");
}

#[tokio::test]
async fn heads_are_bounded_by_bytes() {
    for head in [
        lines(10, |n| format!("x{n}: {}\r\n", "y".repeat(60_000))),
        lines(3_500, |n| format!("x{n}: {}\r\n", "y".repeat(200))),
    ] {
        let server = Server::start(move |_| answer(&head, b"here")).await;
        let error = again(&server.base).await.unwrap_err();
        assert_eq!(
            (error.kind, &*error.message),
            (FailureKind::Header, "the response head is too large")
        );
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn without(mut bytes: Vec<u8>, cut: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - cut);
    bytes
}

fn bent(mut bytes: Vec<u8>, from_end: usize) -> Vec<u8> {
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    bytes
}

#[tokio::test]
async fn the_end_of_the_deflate_stream_is_the_end_of_the_body() {
    let body: Vec<u8> = (0..3_000_u32).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    let whole = Ok(body.clone());
    let table = [
        ("gzip", gzip(&body), whole.clone()),
        ("gzip", without(gzip(&body), 8), whole.clone()),
        ("gzip", without(gzip(&body), 5), whole.clone()),
        ("gzip", without(gzip(&body), 4), whole.clone()),
        ("gzip", without(gzip(&body), 1), whole.clone()),
        ("x-gzip", without(gzip(&body), 8), whole.clone()),
        ("gzip", [gzip(&body[..100]), without(gzip(&body[100..]), 8)].concat(), whole.clone()),
        ("gzip", [gzip(&body), b"\r\n\r\n".to_vec()].concat(), whole.clone()),
        ("deflate", zlib(&body), whole.clone()),
        ("deflate", without(zlib(&body), 4), whole.clone()),
        ("deflate", without(zlib(&body), 1), whole.clone()),
        ("deflate", deflate(&body), whole.clone()),
        ("gzip, gzip", without(gzip(&without(gzip(&body), 8)), 8), whole.clone()),
        ("deflate, gzip", gzip(&without(zlib(&body), 4)), whole),
        ("gzip", without(gzip(&body), 9), Err(FailureKind::Truncated)),
        ("gzip", without(gzip(&body), 100), Err(FailureKind::Truncated)),
        ("gzip", gzip(&body)[..7].to_vec(), Err(FailureKind::Truncated)),
        ("deflate", without(zlib(&body), 5), Err(FailureKind::Truncated)),
        ("deflate", without(deflate(&body), 1), Err(FailureKind::Truncated)),
        ("gzip, gzip", gzip(&without(gzip(&body), 20)), Err(FailureKind::Truncated)),
        ("gzip", bent(gzip(&body), 8), Err(FailureKind::Decode)),
        ("gzip", bent(gzip(&body), 1), Err(FailureKind::Decode)),
        ("gzip", bent(without(gzip(&body), 4), 1), Err(FailureKind::Decode)),
        ("deflate", bent(zlib(&body), 2), Err(FailureKind::Decode)),
    ];
    for (number, (coding, data, expected)) in table.into_iter().enumerate() {
        let head = format!("content-type: text/html\r\ncontent-encoding: {coding}\r\n");
        let server = Server::start(move |_| answer(&head, &data)).await;
        let outcome = get(&server.base).await.outcome;
        let outcome = outcome.map(|response| response.body.concat()).map_err(|error| error.kind);
        assert!(outcome == expected, "case {number}, {coding}: {:?}", outcome.err());
    }
}

#[tokio::test]
async fn chunks_after_an_http_1_0_status_line_are_named() {
    for head in [
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.0 404 No\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: identity\r\ncontent-length: 2\r\n\r\n",
    ] {
        let server = Server::bytes(format!("{head}2\r\nhi\r\n0\r\n\r\n"), || Then::Close).await;
        let error = failure(&server.base).await;
        assert_eq!(error.kind, FailureKind::Header, "{head}");
        assert_eq!(
            error.message,
            "the response head is malformed: HTTP/1.0 with Transfer-Encoding (RFC 9112, 6.1)"
        );
    }
}
