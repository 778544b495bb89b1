//! Crawler traps: pages that link to more pages for ever, without useful content; and unusual
//! `<base>` elements.
//!
//! Each page follows from its address alone; the server keeps no state.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Router;
use axum::extract::{OriginalUri, Path, Query};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

use super::page::page;

/// Pages of a site with session ids.
const SESSION_PAGES: u32 = 6;
const FILTERS: [&str; 8] =
    ["colour", "size", "brand", "sort", "view", "price", "stock", "material"];
const VALUES: u32 = 8;
/// Pages with the same content.
const COPIES: u32 = 200;

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/hostile/calendar", get(month_in_query))
        .route("/hostile/calendar/{year}/{month}", get(month_in_path))
        .route("/hostile/session/{how}/{*rest}", get(session))
        .route("/hostile/grow/{how}/", get(grow))
        .route("/hostile/grow/{how}/{*rest}", get(grow))
        .route("/hostile/query", get(query))
        .route("/hostile/same/", get(async || copies("same")))
        .route("/hostile/same/{number}", get(same))
        .route("/hostile/canonical/", get(async || copies("canonical")))
        .route("/hostile/canonical/{number}", get(canonical))
        .route("/hostile/base/{trick}", get(base))
        .route("/hostile/base/{trick}/", get(base))
        .route("/hostile/base/{trick}/{*rest}", get(base))
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

// Calendars -----------------------------------------------------------------------------------

/// A month as the number of months since the year 0.
fn months(year: u32, month: u32) -> Option<u32> {
    (1..=12).contains(&month).then(|| year.checked_mul(12)?.checked_add(month - 1)).flatten()
}

fn month(at: u32, link: impl Fn(u32, u32) -> String) -> Response {
    let name = |at: u32| format!("{:04}-{:02}", at / 12, at % 12 + 1);
    let anchor = |at: u32| {
        let href = link(at / 12, at % 12 + 1);
        format!("<a href=\"{href}\">{}</a> ", name(at))
    };
    let (before, after) = (at.saturating_sub(1), at.saturating_add(1));
    let body =
        format!("{}{}<p>Nothing happens in {}.</p>\n", anchor(before), anchor(after), name(at));
    page(&format!("Calendar {}", name(at)), &body).into_response()
}

async fn month_in_path(Path((year, number)): Path<(u32, u32)>) -> Response {
    let link = |year, month| format!("/hostile/calendar/{year}/{month:02}");
    months(year, number).map_or_else(not_found, |at| month(at, link))
}

#[derive(Deserialize)]
struct Month {
    month: Option<String>,
}

async fn month_in_query(Query(query): Query<Month>) -> Response {
    let month_text = query.month.unwrap_or_else(|| "2026-01".into());
    let at = month_text
        .split_once('-')
        .and_then(|(year, month)| months(year.parse().ok()?, month.parse().ok()?));
    let link = |year, month| format!("/hostile/calendar?month={year}-{month:02}");
    at.map_or_else(not_found, |at| month(at, link))
}

// Sessions ------------------------------------------------------------------------------------

async fn session(
    Path((how, rest)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let shelf = rest.split(';').next().and_then(|rest| rest.rsplit('/').next());
    let shelf = shelf.and_then(|shelf| shelf.parse::<u32>().ok()).filter(|n| *n < SESSION_PAGES);
    let Some(shelf) = shelf else { return not_found() };
    let mut body = String::new();
    for to in 0..SESSION_PAGES {
        // A new session for every link of every page.
        let id = xxh3_128(format!("{uri} {to}").as_bytes());
        let href = match how.as_str() {
            "suffix" => format!("/hostile/session/suffix/{to};jsessionid={id:032X}"),
            "segment" => format!("/hostile/session/segment/(S({:016x}))/{to}", id as u64),
            "query" => format!("/hostile/session/query/{to}?PHPSESSID={id:032x}"),
            _ => return not_found(),
        };
        let _ = writeln!(body, "<a href=\"{href}\">Shelf {to}</a>");
    }
    page(&format!("Shelf {shelf}"), &body).into_response()
}

// Growing paths -------------------------------------------------------------------------------

async fn grow(Path(parts): Path<BTreeMap<String, String>>) -> Response {
    let rest = parts.get("rest").map_or("", String::as_str);
    if !rest.is_empty() && !rest.ends_with('/') {
        return not_found();
    }
    let word = format!("w{}/", rest.matches('/').count());
    let next = match parts.get("how").map_or("", String::as_str) {
        "one" => "a/",
        "pair" => "b/c/",
        "word" => &word,
        _ => return not_found(),
    };
    page("Deeper", &format!("<p><a href=\"{next}\">Go deeper</a></p>\n")).into_response()
}

// Queries -------------------------------------------------------------------------------------

async fn query(Query(chosen): Query<BTreeMap<String, String>>) -> Html<String> {
    let mut body = String::new();
    for filter in FILTERS {
        for value in 0..VALUES {
            let mut next = chosen.clone();
            next.retain(|name, value| {
                FILTERS.contains(&name.as_str()) && value.bytes().all(|b| b.is_ascii_digit())
            });
            next.insert(filter.into(), value.to_string());
            let next: Vec<_> = next.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let href = next.join("&amp;");
            let _ = writeln!(body, "<a href=\"/hostile/query?{href}\">{filter} {value}</a>");
        }
    }
    page(&format!("{} filters", chosen.len()), &body)
}

// Copies ---------------------------------------------------------------------------------

fn copies(of: &str) -> Html<String> {
    let link = |n| format!("<a href=\"/hostile/{of}/{n}\">copy {n}</a>\n");
    page("Copies", &(1..=COPIES).map(link).collect::<String>())
}

async fn same(Path(_): Path<u32>) -> Html<String> {
    let text = "<p>You have read this before. You will read it again.</p>\n".repeat(20);
    page("The same", &text)
}

async fn canonical(Path(number): Path<u32>) -> Html<String> {
    let link = "<link rel=\"canonical\" href=\"/hostile/canonical/0\">";
    page(&format!("Copy {number}"), &format!("{link}\n<p>Copy {number} of the original.</p>\n"))
}

// Base ----------------------------------------------------------------------------------------

async fn base(Path(parts): Path<BTreeMap<String, String>>) -> Response {
    let elements = match parts.get("trick").map_or("", String::as_str) {
        "script" => "<base href=\"javascript:alert(1)\">".to_owned(),
        "data" => "<base href=\"data:text/html,evil/\">".to_owned(),
        "away" => "<base href=\"http://away.invalid/deep/\">".to_owned(),
        "two" => {
            "<base href=\"/hostile/base/first/\"><base href=\"http://away.invalid/\">".to_owned()
        }
        "deeper" => "<base href=\"below/\">".to_owned(),
        "long" => format!("<base href=\"/{}/\">", "long".repeat(25_000)),
        "empty" => "<base href=\"\">".to_owned(),
        // Where the links of the others lead.
        "x" | "first" => String::new(),
        _ => return not_found(),
    };
    if elements.is_empty() {
        return page("Arrived", "<p>A page without links.</p>\n").into_response();
    }
    page("Base", &format!("{elements}\n<p><a href=\"x/\">Go on</a></p>\n")).into_response()
}
