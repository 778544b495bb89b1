//! A site made of a function, crawled to its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use crawldeck::crawl;
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::Settings;
use crawldeck::store::{self, OpenMode};
use sqlx::FromRow;
use sqlx::sqlite::SqliteRow;
use url::Url;

use crate::support;

/// Far more than any crawl here takes; one that comes here did not end.
const TOO_LONG: Duration = Duration::from_mins(2);

/// A page with these links.
pub fn links<'a>(to: impl IntoIterator<Item = &'a str>) -> String {
    let link = |to| format!("<a href=\"{to}\">link</a>\n");
    to.into_iter().map(link).collect()
}

/// An answer with one header.
pub fn with(status: u16, header: HeaderName, value: &str, body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header, value.to_owned())], body.to_owned()).into_response()
}

pub fn html(body: &str) -> Response {
    with(200, CONTENT_TYPE, "text/html", body)
}

pub fn xml(body: &str) -> Response {
    with(200, CONTENT_TYPE, "application/xml", body)
}

pub fn busy(retry_after: &str) -> Response {
    with(503, RETRY_AFTER, retry_after, "busy")
}

pub fn redirect(to: &str) -> Response {
    with(302, LOCATION, to, "")
}

pub fn missing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// What came of a crawl.
pub struct Ended {
    folder: tempfile::TempDir,
    pub address: String,
    /// How often each path with its query was requested.
    pub asked: BTreeMap<String, u32>,
    pub last: Arc<Snapshot>,
}

impl Ended {
    pub async fn rows<T>(&self, sql: &'static str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static,
    {
        let db: PathBuf = self.folder.path().join("guards.db");
        tokio::task::spawn_blocking(move || support::rows(&db, sql)).await.unwrap()
    }

    /// Rows in this state, and how many of them have an error that begins like this.
    pub async fn count(&self, state: &str, error: &str) -> (usize, usize) {
        let rows: Vec<(String, Option<String>)> =
            self.rows("SELECT state, error FROM scraped_pages").await;
        let of: Vec<_> = rows.into_iter().filter(|row| row.0 == state).collect();
        let like = of.iter().filter(|row| row.1.as_deref().unwrap_or("").starts_with(error));
        (of.len(), like.count())
    }
}

/// Crawls a site from its `/`; `answer` is given path and query, and its own address.
pub async fn crawl(
    change: impl FnOnce(&mut Settings, &str),
    answer: impl Fn(&str, &str) -> Response + Clone + Send + Sync + 'static,
) -> Ended {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    let (record, own) = (Arc::clone(&asked), address.clone());
    let app = Router::new().fallback(move |uri: Uri| {
        let path = uri.to_string();
        let answer = answer(&path, &own);
        *record.lock().unwrap().entry(path).or_default() += 1;
        std::future::ready(answer)
    });
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut settings = Settings {
        seeds: vec![Url::parse(&address).unwrap()],
        ignore_robots: true,
        sitemaps: false,
        attempts: 3,
        backoff: Duration::from_millis(1),
        host_backoff: Duration::from_millis(1),
        max_host_backoff: Duration::from_millis(1),
        ..Settings::default()
    };
    change(&mut settings, &address);
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("guards.db");
    let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let crawl = crawl::start(settings, store).await.unwrap();
    let snapshots = crawl.snapshots.clone();
    tokio::time::timeout(TOO_LONG, crawl.wait()).await.expect("the crawl ends");
    let last = Arc::clone(&snapshots.borrow());
    server.abort();
    let whole = db.clone();
    tokio::task::spawn_blocking(move || support::assert_whole(&whole)).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    Ended { folder, address, asked, last }
}
