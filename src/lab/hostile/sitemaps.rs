//! Sitemaps that never end, or are not what they declare.
//!
//! It must not know how a client reads them.

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::bodies::gzip_bomb_file;
use super::page::origin_of;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const URLS: &str = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
const BOMB_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
/// URLs of a sitemap that is too long.
const MANY: u32 = 60_000;

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/hostile/sitemap/{name}", get(respond))
}

#[derive(Deserialize)]
struct HydraQuery {
    #[serde(default)]
    at: u64,
}

async fn respond(
    Path(name): Path<String>,
    Query(query): Query<HydraQuery>,
    headers: HeaderMap,
) -> Response {
    let origin = origin_of(&headers);
    let here = |name: &str| format!("{origin}/hostile/sitemap/{name}");
    let leaf = |n: u32| format!("{origin}/hostile/leaf/{n}");
    match name.as_str() {
        "loop.xml" => xml(index(&[here("loop.xml"), here("other.xml")])),
        "other.xml" => xml(index(&[here("loop.xml")])),
        "hydra.xml" => {
            let next = |n: u64| here(&format!("hydra.xml?at={}", query.at.wrapping_mul(2) + n));
            xml(index(&[next(1), next(2)]))
        }
        "bomb.xml.gz" => gzip_bomb_file(
            "application/gzip",
            BOMB_HEAD,
            "<url><loc>http://127.0.0.1/hostile/leaf/1</loc></url>\n",
        ),
        "many.xml" => xml(urls((0..MANY).map(leaf))),
        "away.xml" => xml(urls(
            ["http://away.invalid/".into(), leaf(1), "ftp://away.invalid/".into(), "/leaf".into()]
                .into_iter(),
        )),
        "broken.xml" => {
            let whole = urls((1..4).map(leaf));
            xml(whole.replace("</urlset>", "<url><loc>&nosuch;<</urlset"))
        }
        "list.txt" => {
            let text: String = (1..4).map(|n| leaf(n) + "\n").collect();
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn xml(text: String) -> Response {
    ([(CONTENT_TYPE, "application/xml")], text).into_response()
}

fn index(sitemaps: &[String]) -> String {
    let entry = |loc: &String| format!("<sitemap><loc>{loc}</loc></sitemap>\n");
    let namespace = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"";
    let entries: String = sitemaps.iter().map(entry).collect();
    format!("{HEAD}<sitemapindex {namespace}>\n{entries}</sitemapindex>\n")
}

fn urls(locs: impl Iterator<Item = String>) -> String {
    let entry = |loc| format!("<url><loc>{loc}</loc></url>\n");
    let entries: String = locs.map(entry).collect();
    format!("{HEAD}{URLS}{entries}</urlset>\n")
}
