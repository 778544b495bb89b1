//! An origin: one more host of this machine on a port of its own, with a `robots.txt`, content
//! and trouble as wanted, for crawls that need a host to behave in a certain way.
//!
//! It also serves the [`hostile`] endpoints and records when requests came.
//! It knows nothing of the generated web.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Query, State};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use tower_http::services::ServeDir;

use super::door::Cut;
use super::robots::{ORIGIN, Robots};
use super::server::Server;
use super::times::{self, Record, Times};
use super::trouble::{Switch, Trouble, meddle};
use super::{LabError, hostile, listen};

/// What an origin is like; a plain, healthy one by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginConfig {
    /// Its port; a free one if `None`. The port of one that was stopped can be taken again.
    pub port: Option<u16>,
    /// What it serves.
    pub content: Content,
    /// Its `robots.txt`.
    pub robots: Robots,
    /// When it does not answer as it should.
    pub trouble: Trouble,
    /// How long each answer takes to begin; `robots.txt` takes none.
    pub latency: Duration,
}

/// What an origin serves besides `robots.txt`, `/times.json` and `/hostile/…`; else 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// `/`, which links to `/page/1` … `/page/N`.
    Pages(u32),
    /// Path and body; HTML, but for paths that end in `.xml` or `.txt`. `{origin}` in a body
    /// stands for the origin's address, `http://127.0.0.1:PORT`. Each has an `ETag`, and whoever
    /// comes back with it gets 304.
    Files(Vec<(String, String)>),
    /// The files of a folder, by the types of their names; a folder's `index.html` as the folder.
    Folder(PathBuf),
}

impl Default for Content {
    fn default() -> Self {
        Self::Pages(0)
    }
}

impl Content {
    /// [`Content::Files`] of borrowed text.
    #[must_use]
    pub fn files(files: &[(&str, &str)]) -> Self {
        Self::Files(files.iter().map(|(path, body)| ((*path).into(), (*body).into())).collect())
    }
}

/// An origin being served; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Origin {
    url: String,
    server: Server,
    times: Arc<Record>,
    switch: Arc<Switch>,
}

impl Origin {
    /// Starts serving; it listens when this returns.
    ///
    /// # Errors
    /// The port is in use or refused.
    pub async fn start(config: OriginConfig) -> Result<Self, LabError> {
        let listener = listen(config.port.unwrap_or(0), 0).await?;
        let address: Arc<str> = format!("http://{}", listener.local_addr()?).into();
        let times = Arc::new(Record::default());
        let switch = Arc::new(Switch::new(config.trouble));
        let robots = Arc::new(config.robots);
        let own = Arc::clone(&address);
        let robots = move |Query(hop): Query<Hop>, cut: ConnectInfo<Cut>| {
            Arc::clone(&robots).answer(Arc::clone(&own), hop.hop, cut)
        };
        let router = content(config.content, &address)
            .merge(hostile::routes())
            .layer(middleware::from_fn_with_state(config.latency, think))
            .route("/robots.txt", get(robots))
            .layer(middleware::from_fn_with_state(Arc::clone(&switch), meddle))
            .layer(middleware::from_fn_with_state(Arc::clone(&times), times::record))
            .merge(times::route(Arc::clone(&times)));
        let mut server = Server::default();
        server.serve(listener, router);
        Ok(Self { url: format!("{address}/"), server, times, switch })
    }

    /// `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// When each of the newest requests came; `/times.json` says the same.
    #[must_use]
    pub fn times(&self) -> Times {
        self.times.read()
    }

    /// Forgets when requests came.
    pub fn forget_times(&self) {
        self.times.reset();
    }

    /// Goes down, so that every connection is closed at its first request, or comes back. To
    /// refuse connections, stop it and start another on its port.
    pub fn set_down(&self, down: bool) {
        self.switch.down.store(down, Ordering::Release);
    }

    /// Stops: requests in flight have a moment to end, then they are cut. No task is left.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[derive(Deserialize)]
struct Hop {
    #[serde(default)]
    hop: u32,
}

async fn think(
    State(latency): State<Duration>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    next.run(request).await
}

fn content(content: Content, address: &str) -> Router {
    match content {
        Content::Pages(count) => {
            Router::new().fallback(move |uri: Uri| std::future::ready(page(count, uri.path())))
        }
        Content::Files(mut files) => {
            for (_, body) in &mut files {
                *body = body.replace(ORIGIN, address);
            }
            let files = Arc::new(files);
            Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
                std::future::ready(file(&files, &uri, &headers))
            })
        }
        Content::Folder(folder) => Router::new().fallback_service(ServeDir::new(folder)),
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
    let asked = uri.path_and_query().map_or("/", |path| path.as_str());
    let Some((path, body)) = files.iter().find(|(path, _)| path == asked) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match path.rsplit_once('.') {
        Some((_, "xml")) => "application/xml",
        Some((_, "txt")) => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    let etag = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(body.as_bytes()));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
    }
    ([(CONTENT_TYPE, kind), (ETAG, etag.as_str())], body.clone()).into_response()
}
