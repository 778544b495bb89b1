//! What a report says is what the database holds.

use std::path::Path;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::settings::Settings;
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, OpenMode};

use super::html::Html;
use crate::crawl_rows::{PAGES, fill};
use crate::support::{LabProcess, number, rows, run, wait};

/// A report of the rows written by hand, and its text as it is.
pub fn of_rows(folder: &Path) -> (Html, String) {
    let db = folder.join("rows.db");
    wait(async {
        let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
        fill(&*store).await;
        store.close().await;
    });
    execute(&db, "UPDATE crawls SET created_at = '2026-11-01 12:00:00.000'");
    let html = run(folder, &["report", "rows.db", "-o", "-"]).exits(0).stdout;
    (Html::read(&html), html)
}

pub fn execute(db: &Path, sql: &'static str) {
    use sqlx::{ConnectOptions, Connection};
    wait(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(db);
        let mut connection = options.connect().await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// With commas, as a report writes numbers.
fn grouped(n: i64) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| std::str::from_utf8(group).unwrap());
    Some(head)
        .into_iter()
        .filter(|head| !head.is_empty())
        .chain(groups)
        .collect::<Vec<_>>()
        .join(",")
}

/// A crawl whose dials are turned while it runs.
async fn turned(db: &Path, entry: &str) {
    let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let moment = Duration::from_millis(20);
    let settings = Settings {
        seeds: vec![entry.parse().unwrap()],
        scope: ScopeKind::Any,
        depth: Some(6),
        backoff: Duration::from_millis(1),
        host_backoff: moment,
        max_host_backoff: 2 * moment,
        ..Settings::default()
    };
    let crawl = crawl::start(settings, store).await.unwrap();
    for command in [Command::Nudge(Dial::Permits, 6), Command::Set(Setting::Workers(32))] {
        crawl.commands.send((command, Origin::Api)).await.unwrap();
    }
    assert_eq!(crawl.wait().await.state, RunState::Complete);
}

#[test]
fn a_crawl_of_the_lab_is_reported_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let lab = LabProcess::start(&["--pages", "1500", "--latency", "0ms"]);
    let pace = ["--host-backoff", "20ms", "--max-host-backoff", "50ms", "--breaker-ratio", "off"];
    let db = folder.path().join("crawldeck.db");
    wait(turned(&db, lab.entry()));
    let said = run(folder.path(), &["report"]).exits(0);
    assert_eq!(said.stderr, "crawldeck: the report of crawl 1 is in crawldeck-report.html\n");
    let html = std::fs::read_to_string(folder.path().join("crawldeck-report.html")).unwrap();
    let html = Html::read(&html);
    let count = |sql| grouped(number(&db, sql));

    html.says(&[
        &format!("Crawl 1 of {}", lab.entry()),
        "complete Every URL that was found is in a final state.",
        &format!("pages {} in a final state", count("SELECT count(*) FROM scraped_pages")),
        &format!("ok {} ", count("SELECT count(*) FROM scraped_pages WHERE state = 'ok'")),
        &format!("failed {} ", count("SELECT count(*) FROM scraped_pages WHERE state = 'failed'")),
        &format!(
            "skipped {} ",
            count("SELECT count(*) FROM scraped_pages WHERE state = 'skipped'")
        ),
        &format!("links {} between pages", count("SELECT count(*) FROM links")),
        "Changes while it ran 2",
    ]);
    let changes: Vec<(i64, String, String)> =
        rows(&db, "SELECT seq, substr(at, 1, 19), what FROM changes ORDER BY seq");
    for (seq, at, what) in changes {
        html.says(&[&format!("{seq} {at} {what} api ")]);
    }
    assert!(html.count("g", "marks") == 1);
    let by_status: Vec<(String, i64, i64)> = rows(
        &db,
        "SELECT state, status, count(*) FROM scraped_pages WHERE status IS NOT NULL GROUP BY 1, 2",
    );
    assert!(by_status.len() > 3, "{by_status:?}");
    for (state, status, pages) in by_status {
        let name = http::StatusCode::from_u16(status as u16).unwrap().canonical_reason().unwrap();
        html.says(&[&format!("{state} {status} {name} {}", grouped(pages))]);
    }
    let hosts: Vec<(String, i64, i64, i64, i64)> =
        rows(&db, "SELECT host, pages, ok, failed, skipped FROM hosts ORDER BY pages DESC, host");
    assert_eq!(hosts.len(), 4);
    for (host, pages, ok, failed, skipped) in hosts {
        let [pages, ok, failed, skipped] = [pages, ok, failed, skipped].map(grouped);
        html.says(&[&format!("{host} {pages} {ok} {failed} {skipped}")]);
    }
    let reasons: Vec<(String, i64)> =
        rows(&db, "SELECT error, count(*) FROM scraped_pages WHERE state = 'skipped' GROUP BY 1");
    assert!(!reasons.is_empty());
    for (reason, pages) in reasons {
        html.says(&[&format!("{reason} {}", grouped(pages))]);
    }
    let slowest: Vec<(String,)> = rows(
        &db,
        "SELECT url FROM scraped_pages WHERE state <> 'skipped' ORDER BY elapsed_ms DESC, id LIMIT 50",
    );
    let links = |url: &str| {
        html.elements.iter().any(|e| e.attributes.get("href").is_some_and(|h| h == url))
    };
    for (url,) in slowest {
        assert!(links(&url), "{url}");
    }
    html.says(&[&format!(
        "Broken links {} links to {} pages",
        count("SELECT count(*) FROM broken_links"),
        count("SELECT count(DISTINCT link) FROM broken_links")
    )]);
    let most: Vec<(String, i64, i64)> = rows(
        &db,
        "SELECT link, status, count(*) FROM broken_links GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 1",
    );
    assert!(links(&most[0].0), "{most:?}");
    // In the recrawl nothing has changed.
    run(folder.path(), &[&["crawl", "--recrawl", "--headless"][..], &pace].concat()).exits(0);
    let html = Html::read(&run(folder.path(), &["report", "-o", "-"]).exits(0).stdout);
    let same =
        number(&db, "SELECT count(*) FROM scraped_pages WHERE crawl_id = 2 AND change = 'same'");
    html.says(&["Crawl 2 of", "recrawl of crawl 1", &format!("same {}", grouped(same))]);
    assert!(same > 100);
    let first = run(folder.path(), &["report", "crawldeck.db", "--crawl", "1", "-o", "-"]).exits(0);
    Html::read(&first.stdout).says(&["Crawl 1 of"]);
    lab.end();
}

#[test]
fn rows_are_reported_and_what_a_site_wrote_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let (html, text) = of_rows(folder.path());
    html.says(&[
        "stopped 0 URLs are known and not fetched yet; crawldeck resume --crawl 1 continues it.",
        "pages 1,210 in a final state",
        "ok 1,204 99.7 % of those fetched",
        "requests 2,713 5 retries, 1,500 resent, 2 redirect hops",
        "<script>alert('title')</script> & \"more\" \u{FFFD}drawkcab",
        "javascript:alert(document.domain)",
        "Why there was no response",
        "connection refused 1 100 %",
        "Broken links 42 links to 3 pages",
        "“ <b>here</b> ”",
        "30 pages not listed here",
        "30 more broken links: crawldeck export --table broken_links has them all.",
        "1 failed page is linked from nowhere",
        "robots.txt forbids it 2 100 % http://h:1/private/a",
        "1 page was redirected, 1 page more than once.",
        "301 http://h:1/old 302 http://h:1/older 200 OK http://h:1/new",
        "2 1000 B http://h:1/copy/a http://h:1/copy/b",
        "h:1 : 2 times",
        "permits 24",
        "header X-Key",
    ]);
    assert!(!text.contains("-secret") && !text.contains("pass-in-link"), "a password is shown");
    assert!(text.len() < 300_000, "{} bytes", text.len());
    assert_eq!(
        number(&folder.path().join("rows.db"), "SELECT count(*) FROM scraped_pages"),
        i64::from(2 * PAGES + 10)
    );
}

#[test]
fn a_crawl_without_pages_has_a_report_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("empty.db");
    wait(async {
        let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
        store.create_crawl("{}").await.unwrap();
        store.close().await;
    });
    let html = Html::read(&run(folder.path(), &["report", "empty.db", "-o", "-"]).exits(0).stdout);
    html.says(&[
        "pages 0 in a final state",
        "No page was fetched.",
        "No page is in a final state yet.",
        "No host has a page in a final state yet.",
        "No link leads to a page that failed.",
        "Nothing was skipped",
        "No page was redirected.",
        "No two pages have the same content.",
        "Every setting has its default.",
    ]);
    assert_eq!(html.elements.iter().filter(|e| e.name == "svg").count(), 0);
}

#[test]
fn links_that_are_not_stored_are_called_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let (_, stored) = of_rows(folder.path());
    assert!(!stored.contains("--store-links no"));
    let db = folder.path().join("rows.db");
    execute(&db, "DELETE FROM links");
    execute(&db, "UPDATE crawls SET settings = '{\"store_links\":false}'");
    let html = run(folder.path(), &["report", "rows.db", "-o", "-"]).exits(0).stdout;
    assert!(html.contains("The crawl ran with <code>--store-links no</code>"));
    for wrong in ["No link leads to a page that failed.", "linked from nowhere"] {
        assert!(!html.contains(wrong), "{wrong}");
    }
    for (table, said) in [("links", true), ("broken_links", true), ("pages", false)] {
        let exported = run(folder.path(), &["export", "rows.db", "--table", table]).exits(0);
        assert_eq!(exported.stderr.contains("ran with --store-links no"), said, "{table}");
    }
}
