//! Bodies that are too long, too slow or not what their headers declare.
//!
//! All are made while they are sent: a client that disconnects early costs little.

use std::io::{self, Write};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::super::streaming::{rows, streamed};

const HTML: &str = "text/html; charset=utf-8";
const HEAD: &str = "<!DOCTYPE html>\n<title>No end in sight</title>\n";
/// Time between two bytes of a slow body.
const BYTE_INTERVAL: Duration = Duration::from_millis(20);
/// Bytes of a piece of a bomb, and the number of pieces.
const PIECE: usize = 1 << 20;
const PIECES: u32 = 1 << 10;

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/hostile/body/endless", get(async || endless(HTML, HEAD, "<p>And on it goes.\n")))
        .route("/hostile/body/slow", get(slow))
        .route("/hostile/body/gzip", get(async || gzip_bomb(HTML, HEAD, "<p>And on it goes.\n")))
        .route("/hostile/body/brotli", get(brotli_bomb))
        .route("/hostile/body/undecodable", get(undecodable))
        .route("/hostile/body/links/{count}", get(links))
}

/// `head`, then `more` for ever.
pub(in crate::lab) fn endless(
    content_type: &'static str,
    head: &'static str,
    more: &'static str,
) -> Response {
    let block = Bytes::from(more.repeat((32 << 10) / more.len().max(1)));
    let head = stream::iter([Bytes::from_static(head.as_bytes())]);
    // The stream is always ready, so it yields to other tasks.
    let blocks = stream::repeat(block).then(async |block| {
        tokio::task::yield_now().await;
        block
    });
    streamed(content_type, None, head.chain(blocks))
}

async fn slow() -> Response {
    let head = stream::iter([Bytes::from_static(HEAD.as_bytes())]);
    let bytes = stream::repeat(Bytes::from_static(b".")).then(async |byte| {
        tokio::time::sleep(BYTE_INTERVAL).await;
        byte
    });
    streamed(HTML, None, head.chain(bytes))
}

/// A compressor whose output so far can be taken.
trait Compressor: Write + Send + 'static {
    fn take_output(&mut self) -> Vec<u8>;
    /// The rest of the output.
    fn finish_output(self) -> io::Result<Vec<u8>>;
}

impl Compressor for flate2::write::GzEncoder<Vec<u8>> {
    fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }

    fn finish_output(self) -> io::Result<Vec<u8>> {
        self.finish()
    }
}

impl Compressor for brotli::CompressorWriter<Vec<u8>> {
    fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }

    fn finish_output(self) -> io::Result<Vec<u8>> {
        Ok(self.into_inner())
    }
}

/// `head` and 1 GiB of `more`, through `compressor` while it is sent.
fn bomb(
    compressor: impl Compressor,
    head: &'static str,
    more: &'static str,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let piece = more.repeat(PIECE / more.len().max(1));
    let compressor = std::sync::Mutex::new(compressor);
    stream::unfold(Some((compressor, 0, piece)), move |state| async move {
        let (mut compressor, at, piece) = state?;
        tokio::task::yield_now().await;
        let inner = compressor.get_mut().ok()?;
        if at == 0 {
            inner.write_all(head.as_bytes()).ok()?;
        }
        if at < PIECES {
            inner.write_all(piece.as_bytes()).ok()?;
            let out = inner.take_output();
            return Some((Bytes::from(out), Some((compressor, at + 1, piece))));
        }
        let rest = compressor.into_inner().ok()?.finish_output().ok()?;
        Some((Bytes::from(rest), None))
    })
    .filter(|chunk| std::future::ready(!chunk.is_empty()))
}

fn encoded(mut response: Response, coding: &'static str) -> Response {
    response.headers_mut().insert(CONTENT_ENCODING, http::HeaderValue::from_static(coding));
    response
}

/// A gzip bomb by `Content-Encoding`.
pub(in crate::lab) fn gzip_bomb(
    content_type: &'static str,
    head: &'static str,
    more: &'static str,
) -> Response {
    encoded(gzip_bomb_file(content_type, head, more), "gzip")
}

/// A gzip bomb as a file.
pub fn gzip_bomb_file(
    content_type: &'static str,
    head: &'static str,
    more: &'static str,
) -> Response {
    let compressor = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    streamed(content_type, None, bomb(compressor, head, more))
}

async fn brotli_bomb() -> Response {
    let compressor = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoded(streamed(HTML, None, bomb(compressor, HEAD, "<p>And on it goes.\n")), "br")
}

async fn undecodable() -> Response {
    encoded(([(CONTENT_TYPE, HTML)], "<title>Plain text, in fact</title>").into_response(), "gzip")
}

async fn links(Path(count): Path<u64>) -> Response {
    let row = |at: u64| format!("<li><a href=\"/hostile/leaf/{at}\">{at}</a>\n");
    let head = "<!DOCTYPE html>\n<title>Links</title>\n<ul>\n";
    streamed(HTML, None, rows(count.min(1_000_000), head, "</ul>\n", row))
}
