//! The routes below `/hostile/`.

use axum::Router;
use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;

use super::page::page;
use super::{addresses, bodies, redirects, sitemaps, traps, wire};

/// All routes.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/hostile/leaf/{number}", get(leaf))
        .merge(redirects::routes())
        .merge(bodies::routes())
        .merge(traps::routes())
        .merge(addresses::routes())
        .merge(sitemaps::routes())
        .merge(wire::routes())
}

async fn leaf(Path(number): Path<u64>) -> Html<String> {
    page(&format!("Leaf {number}"), "<p>A leaf without links.</p>\n")
}
