//! Endpoints to test a client with, as httpbin has them; no page of the generated site links here.
//!
//! It must not know the generated site.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::rng::{Rng, Topic};
use super::site::Site;
use super::streaming::{rows, streamed};

const MAX_SECONDS: f64 = 60.0;
const MAX_BYTES: u64 = 100_000_000;
const MAX_REDIRECTS: u32 = 1000;
const CHUNK: u64 = 64 * 1024;

/// The routes.
pub fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/delay/{seconds}", get(delay))
        .route("/json", get(slideshow))
        .route("/html", get(html))
        .route("/status/{code}", get(status))
        .route("/bytes/{count}", get(bytes))
        .route("/redirect/{count}", get(redirect))
        .route("/stream/{lines}", get(lines))
        .route("/drip", get(drip))
        .route("/gzip", get(gzip))
        .route("/brotli", get(brotli))
        .route("/links/{count}/{offset}", get(links))
        .route("/leaf/{number}", get(leaf))
}

fn bad_request(why: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, why).into_response()
}

fn seconds(requested: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(requested.min(MAX_SECONDS)).ok()
}

async fn delay(Path(requested): Path<f64>) -> Response {
    let Some(wait) = seconds(requested) else {
        return bad_request("seconds must be 0 to 60\n");
    };
    tokio::time::sleep(wait).await;
    Json(json!({ "delay": wait.as_secs_f64() })).into_response()
}

async fn slideshow() -> Response {
    Json(json!({ "slideshow": { "title": "Sample", "author": "the keepers", "slides": [
        { "type": "all", "title": "Wake up" },
        { "type": "all", "title": "Overview", "items": ["Why", "Who", "How"] },
    ] } }))
    .into_response()
}

async fn html() -> Html<&'static str> {
    Html(
        "<!DOCTYPE html>\n<html>\n<head><title>A sample</title></head>\n<body>\n<h1>The keeper's \
         log</h1>\n<p>Wind from the north, sea calm, three sails at noon.</p>\n</body>\n</html>\n",
    )
}

async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code) {
        Ok(status) if status.is_redirection() && code != 304 => {
            (status, [(LOCATION, "/json")]).into_response()
        }
        // 1xx are not final responses.
        Ok(status) if code >= 200 => status.into_response(),
        _ => bad_request("status must be 200 to 999\n"),
    }
}

/// 64 KiB that every response of `/bytes` repeats.
fn block() -> Bytes {
    static BLOCK: OnceLock<Bytes> = OnceLock::new();
    BLOCK
        .get_or_init(|| {
            let mut rng = Rng::new(0, 0, Topic::Size);
            (0..CHUNK / 8).flat_map(|_| rng.next_u64().to_le_bytes()).collect()
        })
        .clone()
}

async fn bytes(Path(count): Path<u64>) -> Response {
    let count = count.min(MAX_BYTES);
    let chunks = (0..count.div_ceil(CHUNK))
        .map(move |at| block().slice(..(count - at * CHUNK).min(CHUNK) as usize));
    streamed("application/octet-stream", Some(count), stream::iter(chunks))
}

async fn redirect(Path(count): Path<u32>) -> Response {
    match count {
        0 => Json(json!({ "redirected": true })).into_response(),
        1..=MAX_REDIRECTS => {
            (StatusCode::FOUND, [(LOCATION, format!("/redirect/{}", count - 1))]).into_response()
        }
        _ => bad_request("maximum 1000 redirects\n"),
    }
}

async fn lines(Path(count): Path<u64>) -> Response {
    let count = count.min(1_000_000);
    let row = |at| format!("{}\n", json!({ "id": at, "text": "wind from the north" }));
    streamed("application/json", None, rows(count, "", "", row))
}

async fn links(Path((count, offset)): Path<(u64, u64)>) -> Response {
    let count = count.min(1_000_000);
    let row = move |at: u64| {
        let at = offset.saturating_add(at);
        format!("<li><a href=\"/leaf/{at}\">leaf {at}</a></li>\n")
    };
    let head = "<!DOCTYPE html>\n<title>Links</title>\n<ul>\n";
    streamed("text/html; charset=utf-8", None, rows(count, head, "</ul>\n", row))
}

async fn leaf(Path(number): Path<u64>) -> Html<String> {
    Html(format!("<!DOCTYPE html>\n<title>Leaf {number}</title>\n<p>A leaf without links.</p>\n"))
}

#[derive(Deserialize)]
#[serde(default)]
struct Drip {
    duration: f64,
    numbytes: u64,
    delay: f64,
    code: u16,
}

impl Default for Drip {
    fn default() -> Self {
        Self { duration: 2.0, numbytes: 10, delay: 0.0, code: 200 }
    }
}

/// `numbytes` bytes spread over `duration` seconds, after `delay` seconds.
async fn drip(Query(drip): Query<Drip>) -> Response {
    let status = StatusCode::from_u16(drip.code).ok().filter(|status| status.as_u16() >= 200);
    let (Some(delay), Some(duration), Some(status)) =
        (seconds(drip.delay), seconds(drip.duration), status)
    else {
        return bad_request("delay and duration must be 0 to 60 seconds, code 200 to 999\n");
    };
    let count = drip.numbytes.min(10_000_000);
    // A maximum of 1,000 chunks, so that many bytes do not need many timers.
    let chunk_count = count.clamp(1, 1000);
    let pause = duration.div_f64(chunk_count as f64);
    tokio::time::sleep(delay).await;
    let chunks = stream::iter(0..chunk_count).then(move |at| async move {
        if at > 0 && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Bytes::from(vec![
            b'*';
            (count * (at + 1) / chunk_count - count * at / chunk_count) as usize
        ])
    });
    let mut response = streamed("application/octet-stream", Some(count), chunks);
    *response.status_mut() = status;
    response
}

fn encoded(coding: &'static str, body: std::io::Result<Vec<u8>>) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, coding)];
    match body {
        Ok(body) => (headers, body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn gzip() -> Response {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let written = writer.write_all(b"{\"gzipped\":true}\n");
    encoded("gzip", written.and_then(|()| writer.finish()))
}

async fn brotli() -> Response {
    let mut body = Vec::new();
    let written =
        brotli::CompressorWriter::new(&mut body, 4096, 5, 22).write_all(b"{\"brotli\":true}\n");
    encoded("br", written.map(|()| body))
}
