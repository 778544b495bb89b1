//! Sitemaps that are not read at once, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::stage::{busy, crawl, html, missing, with, xml};

/// URL, state, error.
type Row = (String, String, Option<String>);
const ROWS: &str = "SELECT url, state, error FROM sitemaps ORDER BY url";

fn index<'a>(urls: impl IntoIterator<Item = &'a str>) -> String {
    let entry = |url| format!("<sitemap><loc>{url}</loc></sitemap>");
    let entries: String = urls.into_iter().map(entry).collect();
    format!("<sitemapindex>{entries}</sitemapindex>")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_sitemap_is_requested_again_up_to_the_attempts() {
    for (status, fails, read) in [(503, 2, true), (429, 2, true), (500, 1, true), (503, 3, false)] {
        let asked = Arc::new(AtomicU32::new(0));
        let ended = crawl(
            |s, _| s.sitemaps = true,
            move |path, own| match path {
                "/" => html("home"),
                "/sitemap.xml" if asked.fetch_add(1, Ordering::SeqCst) >= fails => {
                    xml(&format!("<urlset><url><loc>{own}/found</loc></url></urlset>"))
                }
                "/sitemap.xml" if status == 503 => busy("0"),
                "/sitemap.xml" => with(status, axum::http::header::CONTENT_TYPE, "text/plain", ""),
                "/found" => html("found"),
                _ => missing(),
            },
        )
        .await;
        let case = format!("{fails} times {status}");
        assert_eq!(ended.asked["/sitemap.xml"], (fails + 1).min(3), "{case}");
        assert_eq!(ended.asked.contains_key("/found"), read, "{case}");
        let rows: Vec<Row> = ended.rows(ROWS).await;
        let state = if read { "ok" } else { "failed" };
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].1, state, "{case}: {rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sitemaps_too_deep_or_too_many_say_so() {
    // Each index lists the next one, and itself.
    let ended = crawl(
        |s, _| s.sitemaps = true,
        |path, own| match path.strip_prefix("/sitemap") {
            _ if path == "/" => html("home"),
            Some(rest) => {
                let level = rest.trim_end_matches(".xml").parse::<u32>().unwrap_or(0);
                let next = format!("{own}/sitemap{}.xml", level + 1);
                xml(&index([&*format!("{own}{path}"), &next]))
            }
            None => missing(),
        },
    )
    .await;
    let rows: Vec<Row> = ended.rows(ROWS).await;
    let left: Vec<_> = rows.iter().filter(|row| row.1 == "skipped").collect();
    assert_eq!((rows.len(), left.len()), (5, 1), "{rows:?}");
    assert_eq!(left[0].0, format!("{}/sitemap4.xml", ended.address));
    assert_eq!(left[0].2.as_deref(), Some("more than 3 sitemap indexes deep"));

    let ended = crawl(
        |s, _| (s.sitemaps, s.max_sitemaps) = (true, 3),
        |path, own| match path {
            "/" => html("home"),
            "/sitemap.xml" => {
                let urls: Vec<_> = (0..6).map(|n| format!("{own}/part{n}.xml")).collect();
                xml(&index(urls.iter().map(|url| &**url)))
            }
            _ => xml("<urlset></urlset>"),
        },
    )
    .await;
    let rows: Vec<Row> = ended.rows(ROWS).await;
    let left = rows.iter().filter(|row| row.1 == "skipped");
    assert!(left.clone().all(|row| row.2.as_deref() == Some("more than 3 sitemaps")), "{rows:?}");
    assert_eq!((rows.len(), left.count()), (7, 4));
    assert_eq!(ended.asked.keys().filter(|path| path.contains("part")).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemap_that_may_not_be_read_is_skipped() {
    let ended = crawl(
        |s, address| {
            (s.sitemaps, s.ignore_robots) = (true, false);
            let urls = [&*format!("{address}/hidden/map.xml"), "http://127.0.0.2:9/map.xml"];
            s.sitemap_urls = urls.map(|url| url.parse().unwrap()).to_vec();
        },
        |path, _| match path {
            "/" => html("home"),
            "/robots.txt" => html("User-agent: *\nDisallow: /hidden/\n"),
            _ => missing(),
        },
    )
    .await;
    let rows: Vec<Row> = ended.rows(ROWS).await;
    let said = |end: &str| {
        let row = rows.iter().find(|row| row.0.ends_with(end)).unwrap();
        (row.1.as_str(), row.2.as_deref().unwrap_or("").split(':').next().unwrap())
    };
    assert_eq!(said("/hidden/map.xml"), ("skipped", "robots.txt"));
    assert_eq!(said("127.0.0.2:9/map.xml"), ("skipped", "private address refused"));
    assert_eq!(said("/sitemap.xml").0, "failed");
    assert!(!ended.asked.contains_key("/hidden/map.xml"));
}
