//! Sitemaps that never end, or are not what they say.
//!
//! It must not know how one is read.

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::bodies::gzipped;
use super::origin_of;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const URLS: &str = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
const BOMB_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
/// URLs of a sitemap that is too long.
const MANY: u32 = 60_000;

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/hostile/sitemap/{name}", get(answer))
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    at: u64,
}

async fn answer(
    Path(name): Path<String>,
    Query(head): Query<Head>,
    headers: HeaderMap,
) -> Response {
    let origin = origin_of(&headers);
    let here = |name: &str| format!("{origin}/hostile/sitemap/{name}");
    let leaf = |n: u32| format!("{origin}/hostile/leaf/{n}");
    match name.as_str() {
        "loop.xml" => xml(index(&[here("loop.xml"), here("other.xml")])),
        "other.xml" => xml(index(&[here("loop.xml")])),
        "hydra.xml" => {
            let next = |n: u64| here(&format!("hydra.xml?at={}", head.at.wrapping_mul(2) + n));
            xml(index(&[next(1), next(2)]))
        }
        "bomb.xml.gz" => gzipped(
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
    let space = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"";
    let entries: String = sitemaps.iter().map(entry).collect();
    format!("{HEAD}<sitemapindex {space}>\n{entries}</sitemapindex>\n")
}

fn urls(locs: impl Iterator<Item = String>) -> String {
    let entry = |loc| format!("<url><loc>{loc}</loc></url>\n");
    let entries: String = locs.map(entry).collect();
    format!("{HEAD}{URLS}{entries}</urlset>\n")
}
