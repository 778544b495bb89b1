//! Pages without end: what stops at a rule, which says so; and `<base>` tricks.

use super::case::{Case, Want};
use super::cases;
use Want::{AtLeast, AtMost, Row, Rows, Unknown};

/// What no rule stops would be stopped far beyond what the rule allows.
fn maze(path: &'static str, what: &'static str) -> Case {
    Case::at(path, what).set(|s| s.max_pages = Some(300)).want(AtLeast(1, "skipped", "trap: "))
}

cases! {
    calendar_in_path => maze("/hostile/calendar/2026/11", "a calendar without end, the month in the path")
        .set(|s| s.traps.dates = 20)
        .want(AtMost(60, "ok"));
    calendar_in_query => maze("/hostile/calendar?month=2026-11", "likewise, in the query")
        .set(|s| s.traps.dates = 20)
        .want(AtMost(60, "ok"));
    calendar_years_ahead => maze("/hostile/calendar/2026/11", "likewise, stopped by how far ahead it is")
        .set(|s| (s.traps.dates, s.traps.years_ahead, s.max_pages) = (0, 2, Some(3000)))
        .want(Unknown("/calendar/2040/"));
    session_suffix => maze("/hostile/session/suffix/0", "6 pages, a new `;jsessionid` for every link")
        .want(AtMost(20, "ok"));
    session_segment => maze("/hostile/session/segment/0", "likewise, as a path segment `(S(…))`")
        .want(AtMost(20, "ok"));
    session_query => maze("/hostile/session/query/0", "likewise, in the query")
        .want(AtMost(20, "ok"));
    repeated_segment => maze("/hostile/grow/one/", "`/a/a/a/…` by a relative link")
        .want(AtMost(6, "ok"));
    repeated_group => maze("/hostile/grow/pair/", "`/b/c/b/c/…`")
        .want(AtMost(8, "ok"));
    ever_deeper => maze("/hostile/grow/word/", "a new segment each time")
        // Else the same text would stop it first.
        .set(|s| (s.traps.segments, s.traps.same_content) = (16, 0))
        .want(AtMost(16, "ok"));
    exploding_queries => maze("/hostile/query", "8 filters of 8 values: 43 million queries")
        // Caught once 64 values stand in more than 512 queries; fetched is what was found before.
        .set(|s| s.traps.queries = 50)
        .want(AtLeast(1000, "skipped", "trap: query combinations"))
        .want(AtMost(300, "ok"));
    same_content => maze("/hostile/same/", "200 addresses of one page")
        .set(|s| (s.queue, s.workers) = (10, 10))
        // Those already in flight when the rule strikes are fetched.
        .want(AtMost(60, "ok"));
    canonical => maze("/hostile/canonical/", "200 pages that name one as canonical")
        .set(|s| (s.queue, s.workers) = (10, 10))
        .want(AtMost(60, "ok"))
        .want(Row("/hostile/canonical/0", "ok", Some(200), ""));
    ever_longer_url => Case::at("/hostile/base/long", "a `<base>` of 100 KB: not used")
        .row("ok", Some(200), "")
        .want(Rows(2));
    base_script => Case::at("/hostile/base/script", "`<base href=\"javascript:…\">`: not used")
        .want(Row("/hostile/base/x/", "ok", Some(200), ""))
        .want(Rows(2));
    base_data => Case::at("/hostile/base/data", "`<base href=\"data:…\">`: not used")
        .want(Row("/hostile/base/x/", "ok", Some(200), ""))
        .want(Rows(2));
    base_elsewhere => Case::at("/hostile/base/away", "a `<base>` on another host: links out of scope")
        .row("ok", Some(200), "")
        .want(Rows(1));
    base_twice => Case::at("/hostile/base/two", "two `<base>` elements: the first counts")
        .want(Row("/hostile/base/first/x/", "ok", Some(200), ""))
        .want(Rows(2));
    base_empty => Case::at("/hostile/base/empty", "an empty `<base>`")
        .want(Row("/hostile/base/x/", "ok", Some(200), ""))
        .want(Rows(2));
    base_deeper => maze("/hostile/base/deeper/", "a relative `<base>`: each page one deeper")
        .want(AtMost(20, "ok"));
}
