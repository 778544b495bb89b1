//! A test origin: one more host of this machine on a port of its own, with configurable `robots.txt`,
//! content and faults, for tests that need a host to behave in a certain way.
//!
//! It also serves the [`hostile`] endpoints and records its requests.
//! It knows nothing of the generated site.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use tower_http::services::ServeDir;

use super::error::LabError;
use super::hostile;
use super::listener::{ConnectionHandle, bind};
use super::request_log::{self, RequestLog, RequestRecorder};
use super::response_faults::{FaultState, ResponseFaults, inject};
use super::robots::{ORIGIN_PLACEHOLDER, OriginRobots};
use super::server::LabServer;

/// The configuration of an origin; by default it has no pages and no faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestOriginConfig {
    /// Its port; a free one if `None`. The port of a stopped origin can be used again.
    pub port: Option<u16>,
    /// What it serves.
    pub content: OriginContent,
    /// Its `robots.txt`.
    pub robots: OriginRobots,
    /// Its faults.
    pub faults: ResponseFaults,
    /// Time before each response; `robots.txt` has none.
    pub latency: Duration,
}

/// What an origin serves besides `robots.txt`, `/times.json` and `/hostile/…`; else 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginContent {
    /// `/`, which links to `/page/1` … `/page/N`.
    Pages(u32),
    /// Path and body; HTML, but for paths that end in `.xml` or `.txt`. `{origin}` in a body
    /// stands for the origin's address, `http://127.0.0.1:PORT`. Each has an `ETag`; a request with
    /// that `If-None-Match` gets 304.
    Files(Vec<(String, String)>),
    /// The files of a folder, with content types by their names; a folder's `index.html` as the folder.
    Folder(PathBuf),
}

impl Default for OriginContent {
    fn default() -> Self {
        Self::Pages(0)
    }
}

impl OriginContent {
    /// [`OriginContent::Files`] of borrowed text.
    #[must_use]
    pub fn files(files: &[(&str, &str)]) -> Self {
        Self::Files(files.iter().map(|(path, body)| ((*path).into(), (*body).into())).collect())
    }
}

/// An origin being served; dropping it stops it without waiting.
#[derive(Debug)]
pub struct TestOrigin {
    url: String,
    server: LabServer,
    requests: Arc<RequestRecorder>,
    faults: Arc<FaultState>,
}

impl TestOrigin {
    /// Starts serving; it listens when this returns.
    ///
    /// # Errors
    /// The port is in use or refused.
    pub async fn start(config: TestOriginConfig) -> Result<Self, LabError> {
        let listener = bind(config.port.unwrap_or(0), 0).await?;
        let address: Arc<str> = format!("http://{}", listener.local_addr()?).into();
        let requests = Arc::new(RequestRecorder::default());
        let faults = Arc::new(FaultState::new(config.faults));
        let robots = Arc::new(config.robots);
        let robots_address = Arc::clone(&address);
        let robots = move |Query(query): Query<RedirectQuery>,
                           connection: ConnectInfo<ConnectionHandle>| {
            Arc::clone(&robots).respond(Arc::clone(&robots_address), query.hop, connection)
        };
        let router = content(config.content, &address)
            .merge(hostile::routes())
            .layer(middleware::from_fn_with_state(config.latency, inject_latency))
            .route("/robots.txt", get(robots))
            .layer(middleware::from_fn_with_state(Arc::clone(&faults), inject))
            .layer(middleware::from_fn_with_state(Arc::clone(&requests), record))
            .merge(request_log::route(Arc::clone(&requests)));
        let mut server = LabServer::default();
        server.serve(listener, router);
        Ok(Self { url: format!("{address}/"), server, requests, faults })
    }

    /// `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The newest requests with their times; `/times.json` has the same.
    #[must_use]
    pub fn times(&self) -> RequestLog {
        self.requests.read()
    }

    /// Drops the recorded requests.
    pub fn reset_times(&self) {
        self.requests.reset();
    }

    /// Goes down, so that every connection is closed at its first request, or up again. To refuse
    /// connections, stop the origin, and later start another on its port.
    pub fn set_down(&self, down: bool) {
        self.faults.down.store(down, Ordering::Release);
    }

    /// Stops: requests in flight have 300 ms to end, then their connections are closed. No task is left.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// The layer that records every request.
async fn record(
    State(recorder): State<Arc<RequestRecorder>>,
    request: Request,
    next: Next,
) -> Response {
    let number = recorder.request(request.uri());
    let response = next.run(request).await;
    recorder.response(number, response.status());
    response
}

#[derive(Deserialize)]
struct RedirectQuery {
    #[serde(default)]
    hop: u32,
}

async fn inject_latency(
    State(latency): State<Duration>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    next.run(request).await
}

fn content(content: OriginContent, address: &str) -> Router {
    match content {
        OriginContent::Pages(count) => {
            Router::new().fallback(move |uri: Uri| std::future::ready(page(count, uri.path())))
        }
        OriginContent::Files(mut files) => {
            for (_, body) in &mut files {
                *body = body.replace(ORIGIN_PLACEHOLDER, address);
            }
            let files = Arc::new(files);
            Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
                std::future::ready(file(&files, &uri, &headers))
            })
        }
        OriginContent::Folder(folder) => Router::new().fallback_service(ServeDir::new(folder)),
    }
}

fn page(count: u32, path: &str) -> Response {
    if path == "/" {
        let link = |n| format!("<li><a href=\"/page/{n}\">page {n}</a></li>\n");
        let links: String = (1..=count).map(link).collect();
        return Html(format!("<!DOCTYPE html>\n<title>Pages</title>\n<ul>\n{links}</ul>\n"))
            .into_response();
    }
    let number = path.strip_prefix("/page/").and_then(|n| n.parse::<u32>().ok());
    match number.filter(|n| (1..=count).contains(n)) {
        Some(n) => Html(format!(
            "<!DOCTYPE html>\n<title>Page {n}</title>\n<p>The text of page {n}. <a \
             href=\"/\">Back</a></p>\n"
        ))
        .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(files: &[(String, String)], uri: &Uri, headers: &HeaderMap) -> Response {
    let requested = uri.path_and_query().map_or("/", |path| path.as_str());
    let Some((path, body)) = files.iter().find(|(path, _)| path == requested) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let content_type = match path.rsplit_once('.') {
        Some((_, "xml")) => "application/xml",
        Some((_, "txt")) => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    let etag = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(body.as_bytes()));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
    }
    ([(CONTENT_TYPE, content_type), (ETAG, etag.as_str())], body.clone()).into_response()
}
