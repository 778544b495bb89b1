//! Redirects without an end, and redirects to targets that a crawler must refuse.
//!
//! It must not know how many of them a client follows.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::page::page;

/// The name of the cookies set here.
const NAME: &str = "lab";

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/hostile/redirect/hops/{count}", get(hops))
        .route("/hostile/redirect/loop/a", get(async || to("/hostile/redirect/loop/b")))
        .route("/hostile/redirect/loop/b", get(async || to("/hostile/redirect/loop/a")))
        .route("/hostile/redirect/self", get(itself))
        .route("/hostile/redirect/cookie", get(cookie))
        .route("/hostile/redirect/cookies", get(cookies))
        .route("/hostile/redirect/longer", get(longer))
        .route("/hostile/redirect/away", get(async || to("http://away.invalid/")))
        .route("/hostile/redirect/neighbour", get(async || to("http://127.0.0.2:9/")))
        .route("/hostile/redirect/private", get(async || to("http://169.254.169.254/latest/")))
        .route("/hostile/redirect/gates", get(gates))
        .route("/hostile/redirect/gate/{n}", get(async || to("/hostile/redirect/login")))
        .route("/hostile/redirect/login", get(async || page("Log in", "<p>Who are you?</p>\n")))
        .route("/hostile/redirect/forbidden", get(async || to("/private/page")))
}

fn to(target: &str) -> Response {
    (StatusCode::FOUND, [(LOCATION, target)]).into_response()
}

async fn hops(Path(count): Path<u32>) -> Response {
    match count.checked_sub(1) {
        None => page("The end", "<p>That was the last redirect.</p>\n").into_response(),
        Some(left) => to(&format!("/hostile/redirect/hops/{left}")),
    }
}

/// Fifty links that all lead to one page.
async fn gates() -> Response {
    let links = (1..=50).fold(String::new(), |mut links, n| {
        let _ = writeln!(links, "<a href=/hostile/redirect/gate/{n}>{n}</a>");
        links
    });
    page("Gates", &links).into_response()
}

async fn itself() -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(LOCATION, "/hostile/redirect/self")]).into_response()
}

fn setting(path: &str, value: u64) -> Response {
    let cookie = format!("{NAME}={value}; Path=/hostile/redirect");
    (StatusCode::FOUND, [(LOCATION, path), (SET_COOKIE, &cookie)]).into_response()
}

async fn cookie(headers: HeaderMap) -> Response {
    let has_cookie = |cookies: &str| cookies.split(';').any(|pair| pair.trim() == "lab=1");
    let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok());
    if cookies.is_some_and(has_cookie) {
        page("Welcome back", "<p>You kept the cookie.</p>\n").into_response()
    } else {
        setting("/hostile/redirect/cookie", 1)
    }
}

async fn cookies() -> Response {
    static COUNT: AtomicU64 = AtomicU64::new(2);
    setting("/hostile/redirect/cookies", COUNT.fetch_add(1, Ordering::Relaxed))
}

#[derive(Deserialize)]
struct Longer {
    #[serde(default)]
    so_far: String,
}

async fn longer(Query(Longer { so_far }): Query<Longer>) -> Response {
    to(&format!("/hostile/redirect/longer?so_far={so_far}and-on"))
}
