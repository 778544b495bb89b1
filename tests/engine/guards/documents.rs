//! Pages that are read by what their head says, and pages that are not read at all.

use axum::http::header::{
    CONTENT_TYPE, HeaderName, HeaderValue, LINK, REFRESH, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use super::stage::{crawl, html, links, missing};

const PAGE: &str = "<!doctype html><title>t</title><a href=/found>x</a>";

/// An answer with exactly these headers.
fn answer(headers: &[(HeaderName, &'static str)], body: &'static str) -> Response {
    let mut response = body.into_response();
    response.headers_mut().clear();
    for (name, value) in headers {
        response.headers_mut().append(name, HeaderValue::from_static(value));
    }
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_an_answer_leads_to_pages() {
    let ended = crawl(
        |_, _| (),
        |path, _| match path {
            "/" => html(&links(["/refreshed", "/listed", "/text", "/broken"])),
            "/refreshed" => answer(
                &[(CONTENT_TYPE, "text/html"), (REFRESH, "0; url=/by-refresh")],
                "<meta http-equiv=refresh content='0;url=/by-meta'>",
            ),
            "/listed" => answer(
                &[
                    (CONTENT_TYPE, "text/html"),
                    (LINK, "</s.css>; rel=preload, <?page=2>; rel=next"),
                    (LINK, "</in-both>; rel=alternate"),
                ],
                "<a href=/in-body>x</a><a href=/in-both>text</a>",
            ),
            // No document, but its head leads on.
            "/text" => answer(&[(CONTENT_TYPE, "text/plain"), (LINK, "</by-text>; rel=next")], "x"),
            "/broken" => {
                let mut response = missing();
                response.headers_mut().append(LINK, HeaderValue::from_static("</no>; rel=next"));
                response
            }
            _ => html("end"),
        },
    )
    .await;
    let found: Vec<(String, String, Option<String>)> = ended
        .rows(
            "SELECT page.url, target.url, links.anchor FROM links \
             JOIN scraped_pages page ON page.id = links.from_id \
             JOIN scraped_pages target ON target.id = links.to_id WHERE page.depth = 1 ORDER BY 1, 2",
        )
        .await;
    let short = |url: &str| url[url.rfind('/').unwrap()..].to_owned();
    let found: Vec<_> = found
        .iter()
        .map(|(page, target, anchor)| (short(page), short(target), anchor.as_deref()))
        .collect();
    let expected = [
        ("/listed", "/in-body", Some("x")),
        ("/listed", "/in-both", Some("text")),
        ("/listed", "/listed?page=2", None),
        ("/refreshed", "/by-meta", None),
        ("/refreshed", "/by-refresh", None),
        ("/text", "/by-text", None),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(a, b, text)| ((*a).to_owned(), (*b).to_owned(), *text)).collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_parsed_by_all_its_types_or_says_why_not() {
    let ended = crawl(
        |_, _| (),
        |path, _| match path {
            "/" => html(&links([
                "/list", "/two", "/invalid", "/none", "/picture", "/text", "/rss", "/nosniff",
                "/noise",
            ])),
            "/list" => answer(&[(CONTENT_TYPE, "text/html, text/html")], PAGE),
            "/two" => answer(&[(CONTENT_TYPE, "text/plain"), (CONTENT_TYPE, "text/html")], PAGE),
            "/invalid" => answer(&[(CONTENT_TYPE, "html")], PAGE),
            "/none" => answer(&[], PAGE),
            "/picture" => answer(&[(CONTENT_TYPE, "image/png; x=y")], PAGE),
            "/text" => answer(&[(CONTENT_TYPE, "text/html"), (CONTENT_TYPE, "text/plain")], PAGE),
            "/rss" => {
                answer(&[(CONTENT_TYPE, "application/rss+xml")], "<rss><link>/x</link></rss>")
            }
            "/nosniff" => answer(&[(X_CONTENT_TYPE_OPTIONS, "nosniff")], PAGE),
            "/noise" => answer(&[], "no markup"),
            _ => html("end"),
        },
    )
    .await;
    let mut pages: Vec<_> = ended
        .last
        .recent
        .iter()
        .filter(|page| page.depth == 1 && !page.url.ends_with("/found"))
        .map(|page| {
            let path = &page.url[page.url.rfind('/').unwrap()..];
            (path, page.title.as_deref(), page.not_parsed.as_deref(), page.links_found)
        })
        .collect();
    pages.sort_unstable();
    let expected = [
        ("/invalid", Some("t"), None, 1),
        ("/list", Some("t"), None, 1),
        (
            "/noise",
            None,
            Some("no valid Content-Type, and the body does not begin as HTML or XML"),
            0,
        ),
        ("/none", Some("t"), None, 1),
        ("/nosniff", None, Some("no valid Content-Type, and X-Content-Type-Options: nosniff"), 0),
        ("/picture", None, Some("image/png"), 0),
        ("/rss", None, Some("application/rss+xml without elements of XHTML or SVG"), 0),
        ("/text", None, Some("text/plain"), 0),
        ("/two", Some("t"), None, 1),
    ];
    assert_eq!(pages, expected);
}
