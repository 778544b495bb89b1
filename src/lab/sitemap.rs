//! `robots.txt` and the sitemap of each host: an index and its parts, made for each request.
//!
//! It must list only pages that are found by links anyway, without the weakly linked ones and those
//! that `robots.txt` forbids.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

use super::plan::PageKind;
use super::site::LabHost;

/// Page numbers considered for one part; a host's share of them is well below the 50,000 URLs and
/// 50 MB that the protocol allows.
const PART: u32 = 40_000;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"";

/// The response, if the path is `robots.txt` or a sitemap.
pub fn respond(host: &LabHost, path: &str) -> Option<Response> {
    if path == "/robots.txt" {
        let name = host.name();
        let part = if host.site.plan.forbids() { " /private/" } else { "" };
        let body =
            format!("User-agent: *\nDisallow:{part}\n\nSitemap: http://{name}/sitemap.xml\n");
        return Some(typed("text/plain; charset=utf-8", body));
    }
    let part = path.strip_prefix("/sitemap")?.strip_suffix(".xml")?;
    let xml = match part.strip_prefix('-') {
        None if part.is_empty() => index(host),
        None => return None,
        Some(number) => urls(host, number.parse().ok().filter(|part| *part < part_count(host))?),
    };
    Some(typed("application/xml", xml))
}

fn typed(content_type: &'static str, body: String) -> Response {
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

fn part_count(host: &LabHost) -> u32 {
    host.site.plan.pages().div_ceil(PART)
}

fn index(host: &LabHost) -> String {
    let name = host.name();
    let mut xml = format!("{HEAD}<sitemapindex {NAMESPACE}>\n");
    for part in 0..part_count(host) {
        let _ = writeln!(xml, "<sitemap><loc>http://{name}/sitemap-{part}.xml</loc></sitemap>");
    }
    xml + "</sitemapindex>\n"
}

fn urls(host: &LabHost, number: u32) -> String {
    let plan = &host.site.plan;
    let name = host.name();
    let mut xml = format!("{HEAD}<urlset {NAMESPACE}>\n");
    let first = number * PART;
    for n in first..plan.pages().min(first.saturating_add(PART)) {
        let listed = matches!(plan.kind(n), PageKind::Page | PageKind::Flaky { .. });
        if listed && !plan.is_weakly_linked(n) && !plan.is_private(n) && plan.host(n) == host.index
        {
            let path = plan.path(n).replace('&', "&amp;");
            let _ = writeln!(xml, "<url><loc>http://{name}{path}</loc></url>");
        }
    }
    xml + "</urlset>\n"
}
