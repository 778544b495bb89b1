//! Promise: the links that a browser would follow from a page are found, whatever the page contains.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod base_and_refresh;
mod documents;
mod encodings;
mod following;
mod text;
mod xml;

use bytes::Bytes;
use crawldeck::web::html::parse_html;
use crawldeck::web::page_link::PageLink;
use crawldeck::web::parsed::{LinkOptions, Parsed};
use url::Url;

const PAGE: &str = "http://site.test/dir/page.html";

fn parse_as(html: impl AsRef<[u8]>, content_type: Option<&str>) -> Parsed {
    let body = [Bytes::copy_from_slice(html.as_ref())];
    parse_html(&body, content_type, &Url::parse(PAGE).unwrap(), &LinkOptions::default())
}

fn at_most(max_links: usize) -> LinkOptions {
    LinkOptions { max_links, ..LinkOptions::default() }
}

fn parse(html: impl AsRef<[u8]>) -> Parsed {
    parse_as(html, Some("text/html; charset=utf-8"))
}

fn links(html: impl AsRef<[u8]>) -> Vec<String> {
    parse(html).links.iter().map(ToString::to_string).collect()
}

/// The paths of the links, joined by spaces.
fn paths(parsed: &Parsed) -> String {
    let path = |url: &PageLink| url.as_str().strip_prefix("http://site.test").unwrap().to_owned();
    parsed.links.iter().map(path).collect::<Vec<_>>().join(" ")
}
