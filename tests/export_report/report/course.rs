//! How the crawl went: sessions, marks, pauses.

use super::content::{execute, of_rows};
use super::html::Html;
use crate::support::run;

/// Places of the bars, from the path that draws them.
fn bars(html: &Html) -> usize {
    let drawn = html.elements.iter().filter(|e| e.name == "path");
    let ok = drawn.filter(|e| e.attributes.get("class").is_some_and(|class| class == "ok"));
    ok.map(|e| e.attributes["d"].matches('M').count()).sum()
}

#[test]
fn days_of_silence_do_not_squash_the_chart() {
    let folder = tempfile::tempdir().unwrap();
    let (html, _) = of_rows(folder.path());
    assert_eq!(html.count("g", "break"), 1);
    // Two minutes at 10 pages/s, 20 a bar at least: the chart shows them and not the three days.
    assert!((40..=90).contains(&bars(&html)), "{} bars", bars(&html));
    html.says(&[
        "2026-11-01 12:00:00 UTC",
        "2026-11-04 12:00:00 UTC",
        "The axis leaves out times in which no page ended:",
        "2 d 23 h from 2026-11-01 12:01:00 to 2026-11-04 12:00:00 UTC: it was stopped.",
        "2 sessions of 1 min 59 s in all",
        "active for 1 min 59 s",
    ]);
}

#[test]
fn what_was_turned_is_marked_and_listed_with_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (html, _) = of_rows(folder.path());
    assert_eq!(html.count("g", "pause"), 1);
    html.says(&[
        "Changes while it ran 6",
        "no. at (UTC) what by pages/s then change p95 then effect",
        "1 2026-11-01 12:00:20 permits 10 → 16 key 10.0 12.5 +25 % ±6 100 ms – better permits were the limit",
        "2 2026-11-01 12:00:30 pause key – – – – –",
        "4 2026-11-01 12:00:40 seed http://***@h:1/s key",
        "6 2026-11-04 12:00:20 permits 16 → 24 key",
    ]);
    let mark = |text: &str| html.text.matches(text).count();
    assert!(mark("permits 10 → 16") == 1 && mark("permits 16 → 24") == 1);
}

#[test]
fn what_each_setting_gave_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (html, _) = of_rows(folder.path());
    html.says(&[
        "What each setting gave 4",
        // Runs cannot be compared with each other.
        "1 10 40 off 20.0 s 10.0 ±",
        "1 16 40 off 35.1 s 10.0 ±",
        "2 16 40 off 20.0 s 10.0 ±",
        "2 24 40 off 40.0 s 10.0 ±",
        "34 ms 57 ms × 1.0 0 0 0 0.0 ms 12 %",
        "crawldeck export --table timeline",
    ]);
}

#[test]
fn a_crawl_of_the_version_before_is_reported_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    of_rows(folder.path());
    let db = folder.path().join("rows.db");
    execute(&db, "DELETE FROM timeline");
    execute(&db, "UPDATE changes SET entry = json_remove(entry, '$.effect'), effect = NULL");
    let html = run(folder.path(), &["report", "rows.db", "-o", "-"]).exits(0).stdout;
    Html::read(&html).says(&[
        "no. at (UTC) what by held for pages/s median p95",
        "2026-11-01 12:00:00 as started 20.0 s 9.95 35 ms 57 ms",
        "1 2026-11-01 12:00:20 permits 10 → 16 key 10.0 s 10.0",
        "What each change gave was not measured while it ran: the times until the next change are compared.",
        "What each setting gave Nothing was measured while it ran",
    ]);
}
