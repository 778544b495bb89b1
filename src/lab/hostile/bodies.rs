//! Bodies that are too long, too slow or not what they say.
//!
//! All are made while they are sent: a client that leaves early costs next to nothing.

use std::convert::Infallible;
use std::io::{self, Write};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::super::endpoints::rows;

const HTML: &str = "text/html; charset=utf-8";
const HEAD: &str = "<!DOCTYPE html>\n<title>No end in sight</title>\n";
/// Time between two bytes of a slow body.
const DROP: Duration = Duration::from_millis(20);
/// What a bomb is made of, and how many pieces.
const PIECE: usize = 1 << 20;
const PIECES: u32 = 1 << 10;

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/hostile/body/endless", get(async || endless(HTML, HEAD, "<p>And on it goes.\n")))
        .route("/hostile/body/slow", get(slow))
        .route("/hostile/body/gzip", get(async || gzip(HTML, HEAD, "<p>And on it goes.\n")))
        .route("/hostile/body/brotli", get(brotli))
        .route("/hostile/body/undecodable", get(undecodable))
        .route("/hostile/body/links/{count}", get(links))
}

fn streamed(
    content_type: &'static str,
    chunks: impl Stream<Item = Bytes> + Send + 'static,
) -> Response {
    let body = Body::from_stream(chunks.map(Ok::<_, Infallible>));
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

/// `head`, then `more` for ever.
pub(in crate::lab) fn endless(
    content_type: &'static str,
    head: &'static str,
    more: &'static str,
) -> Response {
    let block = Bytes::from(more.repeat((32 << 10) / more.len().max(1)));
    let head = stream::iter([Bytes::from_static(head.as_bytes())]);
    // It never waits, so it lets others run now and then.
    let blocks = stream::repeat(block).then(async |block| {
        tokio::task::yield_now().await;
        block
    });
    streamed(content_type, head.chain(blocks))
}

async fn slow() -> Response {
    let head = stream::iter([Bytes::from_static(HEAD.as_bytes())]);
    let drops = stream::repeat(Bytes::from_static(b".")).then(async |drop| {
        tokio::time::sleep(DROP).await;
        drop
    });
    streamed(HTML, head.chain(drops))
}

/// A compressor whose output so far can be taken.
trait Press: Write + Send + 'static {
    fn taken(&mut self) -> Vec<u8>;
    /// The rest, as far as it can be told.
    fn end(self) -> io::Result<Vec<u8>>;
}

impl Press for flate2::write::GzEncoder<Vec<u8>> {
    fn taken(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }

    fn end(self) -> io::Result<Vec<u8>> {
        self.finish()
    }
}

impl Press for brotli::CompressorWriter<Vec<u8>> {
    fn taken(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }

    fn end(self) -> io::Result<Vec<u8>> {
        Ok(self.into_inner())
    }
}

/// `head` and 1 GiB of `more`, through `press` while it is sent.
fn bomb(
    press: impl Press,
    head: &'static str,
    more: &'static str,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let piece = more.repeat(PIECE / more.len().max(1));
    let press = std::sync::Mutex::new(press);
    stream::unfold(Some((press, 0, piece)), move |state| async move {
        let (mut press, at, piece) = state?;
        tokio::task::yield_now().await;
        let inner = press.get_mut().ok()?;
        if at == 0 {
            inner.write_all(head.as_bytes()).ok()?;
        }
        if at < PIECES {
            inner.write_all(piece.as_bytes()).ok()?;
            let out = inner.taken();
            return Some((Bytes::from(out), Some((press, at + 1, piece))));
        }
        let rest = press.into_inner().ok()?.end().ok()?;
        Some((Bytes::from(rest), None))
    })
    .filter(|chunk| std::future::ready(!chunk.is_empty()))
}

fn encoded(mut response: Response, how: &'static str) -> Response {
    response.headers_mut().insert(CONTENT_ENCODING, http::HeaderValue::from_static(how));
    response
}

/// A gzip bomb by `Content-Encoding`.
pub(in crate::lab) fn gzip(
    content_type: &'static str,
    head: &'static str,
    more: &'static str,
) -> Response {
    encoded(gzipped(content_type, head, more), "gzip")
}

/// A gzip bomb as a file.
pub(super) fn gzipped(
    content_type: &'static str,
    head: &'static str,
    more: &'static str,
) -> Response {
    let press = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    streamed(content_type, bomb(press, head, more))
}

async fn brotli() -> Response {
    let press = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoded(streamed(HTML, bomb(press, HEAD, "<p>And on it goes.\n")), "br")
}

async fn undecodable() -> Response {
    encoded(([(CONTENT_TYPE, HTML)], "<title>Plain text, in fact</title>").into_response(), "gzip")
}

async fn links(Path(count): Path<u64>) -> Response {
    let row = |at: u64| format!("<li><a href=\"/hostile/leaf/{at}\">{at}</a>\n");
    let head = "<!DOCTYPE html>\n<title>Links</title>\n<ul>\n";
    streamed(HTML, rows(count.min(1_000_000), head, "</ul>\n", row))
}
