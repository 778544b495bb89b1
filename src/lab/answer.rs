//! Answers of the generated web: pages, redirects, failures, files.
//!
//! It must not decide what a number is; the plan does.

use axum::body::Body;
use axum::extract::{ConnectInfo, Extension, State};
use axum::response::{Html, IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{Method, StatusCode, Uri};
use serde_json::json;

use super::address::Place;
use super::dice::Topic;
use super::door::Cut;
use super::links::{Form, Link, Spot};
use super::plan::{Kind, Plan};
use super::prose::{Language, sentence};
use super::site::{Host, Site};
use super::stage::Fate;
use super::{page, sitemap};

/// Any path that is no endpoint.
pub async fn answer(
    State(host): State<Host>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    fate: Option<Extension<Fate>>,
    method: Method,
    uri: Uri,
) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if let Some(answer) = sitemap::answer(&host, path) {
        return answer;
    }
    let site = &*host.site;
    match site.plan.find(host.index, path) {
        Some(Place::Number(n)) => {
            site.think(n).await;
            refusal(fate).unwrap_or_else(|| number(site, n, &cut))
        }
        Some(Place::Hop(n, hop)) => refusal(fate).unwrap_or_else(|| redirect(site, n, hop)),
        None if path == "/" => doorstep(site),
        None => missing(StatusCode::NOT_FOUND),
    }
}

/// The answer to a request that is refused on purpose.
fn refusal(fate: Option<Extension<Fate>>) -> Option<Response> {
    let Some(Extension(Fate::Status(status, retry_after))) = fate else { return None };
    let mut response = (status, "on purpose\n").into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Some(response)
}

fn number(site: &Site, n: u32, cut: &Cut) -> Response {
    match site.plan.kind(n) {
        Kind::Flaky { failures, closes } if site.fails_now(n, failures) => {
            if closes {
                // The connection fails before this answer is written.
                cut.now();
            }
            (StatusCode::BAD_GATEWAY, "not now, try again\n").into_response()
        }
        Kind::Page | Kind::Flaky { .. } | Kind::Duplicate => {
            let page = page::render(&site.plan, n, site.ports);
            ([(CONTENT_TYPE, page.content_type)], page.body).into_response()
        }
        Kind::Redirect => redirect(site, n, 0),
        Kind::Missing => missing(StatusCode::NOT_FOUND),
        Kind::Gone => missing(StatusCode::GONE),
        Kind::Broken => missing(StatusCode::INTERNAL_SERVER_ERROR),
        Kind::Pdf => ([(CONTENT_TYPE, "application/pdf")], pdf(&site.plan, n)).into_response(),
        Kind::Text => {
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text(&site.plan, n)).into_response()
        }
        Kind::Json => {
            let title = site.plan.title(n);
            axum::Json(json!({ "number": n, "title": title, "text": text(&site.plan, n) }))
                .into_response()
        }
    }
}

/// Hop `hop` of redirect `n`.
fn redirect(site: &Site, n: u32, hop: u32) -> Response {
    let plan = &site.plan;
    let (here, next) = (plan.hop_host(n, hop), hop + 1);
    let location = if next < plan.hops(n) {
        let (host, path) = (plan.hop_host(n, next), plan.hop_path(n, next));
        if host == here { path } else { format!("http://127.0.0.1:{}{path}", site.ports[host]) }
    } else {
        let form = if n.is_multiple_of(2) { Form::Rooted } else { Form::Absolute };
        let link = Link { form, ..Link::plain(plan.target(n), Spot::Inline) };
        let base = super::href::Base { host: here, path: plan.hop_path(n, hop), declared: false };
        plan.href(link, &base, site.ports)
    };
    let status = StatusCode::from_u16(plan.hop_status(n, hop)).unwrap_or(StatusCode::FOUND);
    (status, [(LOCATION, location)]).into_response()
}

/// An error page; without a link, so that it adds nothing to what must be found.
fn missing(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let html = format!("<!DOCTYPE html>\n<title>{reason}</title>\n<h1>{status}</h1>\n");
    (status, Html(html)).into_response()
}

/// `/` of the other hosts, which no page links to.
fn doorstep(site: &Site) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<title>crawldeck lab</title>\n<p>One of the four hosts of the lab; the \
         entry is <code>http://127.0.0.1:{}/</code>.</p>\n",
        site.ports[0]
    );
    Html(html).into_response()
}

fn pdf(plan: &Plan, n: u32) -> Bytes {
    let mut dice = plan.dice(n, Topic::Size);
    let size = dice.log_normal(40_000.0, 0.8).clamp(2e3, 3e5) as usize;
    let mut body = BytesMut::with_capacity(size + 16);
    body.put_slice(b"%PDF-1.4\n");
    while body.len() < size {
        body.put_u64(dice.roll());
    }
    body.put_slice(b"\n%%EOF\n");
    body.freeze()
}

fn text(plan: &Plan, n: u32) -> String {
    let mut dice = plan.dice(n, Topic::Prose);
    let lines = 5 + dice.below(40);
    (0..lines).flat_map(|_| [sentence(Language::World, &mut dice), "\n"]).collect()
}

/// Plain XML or text, for the sitemap room.
pub fn typed(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, content_type)], body.into()).into_response()
}
