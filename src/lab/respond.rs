//! Responses of the generated site: pages, redirects, failures, files.
//!
//! It must not decide what a number is; the plan does.

use axum::extract::{ConnectInfo, Extension};
use axum::response::{Html, IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{Method, StatusCode, Uri};
use serde_json::json;

use super::address::ResolvedPath;
use super::fault_injector::RequestFault;
use super::href::Base;
use super::links::{HrefForm, LinkPosition, PlannedLink};
use super::listener::ConnectionHandle;
use super::plan::{PageKind, SitePlan};
use super::prose::{Language, sentence};
use super::rng::Topic;
use super::site::{LabHost, Site};
use super::{page, sitemap};

/// Responds to any path that is not an endpoint.
pub async fn respond(
    host: LabHost,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    fault: Option<Extension<RequestFault>>,
    method: Method,
    uri: Uri,
) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if let Some(response) = sitemap::respond(&host, path) {
        return response;
    }
    let site = &*host.site;
    match site.plan.find(host.index, path) {
        Some(ResolvedPath::Page(n)) => {
            site.wait_latency(n).await;
            fault_response(fault).unwrap_or_else(|| page_response(site, n, &connection))
        }
        Some(ResolvedPath::RedirectHop(n, hop)) => {
            fault_response(fault).unwrap_or_else(|| redirect(site, n, hop))
        }
        None if path == "/" => pointer_to_entry(site),
        None => error_page(StatusCode::NOT_FOUND),
    }
}

/// The response that an injected fault gives instead of the page.
fn fault_response(fault: Option<Extension<RequestFault>>) -> Option<Response> {
    let Some(Extension(RequestFault::Status(status, retry_after))) = fault else { return None };
    let mut response = (status, "on purpose\n").into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Some(response)
}

fn page_response(site: &Site, n: u32, connection: &ConnectionHandle) -> Response {
    match site.plan.kind(n) {
        PageKind::Flaky { failures, closes } if site.fails_now(n, failures) => {
            if closes {
                // The connection fails before this response is written.
                connection.close();
            }
            (StatusCode::BAD_GATEWAY, "not now, try again\n").into_response()
        }
        PageKind::Page | PageKind::Flaky { .. } | PageKind::Duplicate => {
            let page = page::render(&site.plan, n, &site.hosts);
            ([(CONTENT_TYPE, page.content_type)], page.body).into_response()
        }
        PageKind::Redirect => redirect(site, n, 0),
        PageKind::Missing => error_page(StatusCode::NOT_FOUND),
        PageKind::Gone => error_page(StatusCode::GONE),
        PageKind::Broken => error_page(StatusCode::INTERNAL_SERVER_ERROR),
        PageKind::Pdf => ([(CONTENT_TYPE, "application/pdf")], pdf(&site.plan, n)).into_response(),
        PageKind::Text => {
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text(&site.plan, n)).into_response()
        }
        PageKind::Json => {
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
        if host == here { path } else { format!("http://{}{path}", site.hosts.authority(host)) }
    } else {
        let form = if n.is_multiple_of(2) { HrefForm::RootRelative } else { HrefForm::Absolute };
        let link = PlannedLink { form, ..PlannedLink::plain(plan.target(n), LinkPosition::Inline) };
        let base = Base { host: here, path: plan.hop_path(n, hop), declared: false };
        plan.href(link, &base, &site.hosts)
    };
    let status = StatusCode::from_u16(plan.hop_status(n, hop)).unwrap_or(StatusCode::FOUND);
    (status, [(LOCATION, location)]).into_response()
}

/// An error page; without a link, so that it adds nothing to the truth.
fn error_page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let html = format!("<!DOCTYPE html>\n<title>{reason}</title>\n<h1>{status}</h1>\n");
    (status, Html(html)).into_response()
}

/// `/` of the other hosts, which no page links to: it names the entry.
fn pointer_to_entry(site: &Site) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<title>crawldeck lab</title>\n<p>One of the hosts of the lab; the \
         entry is <code>http://{}/</code>.</p>\n",
        site.hosts.authority(0)
    );
    Html(html).into_response()
}

fn pdf(plan: &SitePlan, n: u32) -> Bytes {
    let mut rng = plan.rng(n, Topic::Size);
    let size = rng.log_normal(40_000.0, 0.8).clamp(2e3, 3e5) as usize;
    let mut body = BytesMut::with_capacity(size + 16);
    body.put_slice(b"%PDF-1.4\n");
    while body.len() < size {
        body.put_u64(rng.next_u64());
    }
    body.put_slice(b"\n%%EOF\n");
    body.freeze()
}

fn text(plan: &SitePlan, n: u32) -> String {
    let mut rng = plan.rng(n, Topic::Prose);
    let lines = 5 + rng.below(40);
    (0..lines).flat_map(|_| [sentence(Language::World, &mut rng), "\n"]).collect()
}
