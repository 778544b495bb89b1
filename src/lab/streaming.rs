//! Responses whose bodies are made while they are sent.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

/// Rows made at a time, so that a long response is never whole in memory.
const ROWS: u64 = 500;

/// A response of these chunks; chunked, or with a `Content-Length` if the length is known.
pub fn streamed(
    content_type: &'static str,
    length: Option<u64>,
    chunks: impl Stream<Item = Bytes> + Send + 'static,
) -> Response {
    let body = Body::from_stream(chunks.map(Ok::<_, Infallible>));
    let mut response = ([(CONTENT_TYPE, content_type)], body).into_response();
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}

/// `count` rows in chunks of [`ROWS`], between `head` and `tail`.
pub fn rows(
    count: u64,
    head: &'static str,
    tail: &'static str,
    row: impl Fn(u64) -> String + Send + 'static,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let chunks = (0..count.div_ceil(ROWS)).map(move |at| {
        let first = at * ROWS;
        (first..count.min(first + ROWS)).map(&row).collect::<String>().into()
    });
    let ends = |text: &'static str| std::iter::once(Bytes::from_static(text.as_bytes()));
    stream::iter(ends(head).chain(chunks).chain(ends(tail)))
}
