//! Promise: whatever the web serves, a crawl ends; each bad URL is one row with a clear reason,
//! and every good one is fetched.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use super::bad_site::answer;
use crate::closed_port::ClosedPort;
use crate::support::{Ended, Running, Web, assert_whole, crawldeck, html, number, rows};

/// URL, state, status, error.
type Stored = (String, String, Option<i64>, Option<String>);

/// What a row must say: state, status, and how its error begins.
type Row = (&'static str, Option<i64>, &'static str);

const EXPECTED: &[(&str, Row)] = &[
    ("/good/1", ("ok", Some(200), "")),
    ("/good/2", ("ok", Some(200), "")),
    ("/good/3", ("ok", Some(200), "")),
    ("/good/3%EF%BF%BD", ("failed", Some(404), "")),
    ("/short", ("failed", Some(200), "body cut short after 9 of 1000 bytes")),
    ("/chunk", ("failed", Some(200), "body cut short after 5 bytes")),
    ("/endless", ("failed", Some(200), "body larger than 2 MiB")),
    ("/zip", ("failed", Some(200), "decompression bomb: 1.0 MiB out of ")),
    ("/bomb/one", ("failed", None, "the response head is too large")),
    ("/bomb/many", ("failed", None, "the response head is too large")),
    ("/loop/a", ("failed", Some(302), "redirect loop at http://")),
    ("/loop/b", ("failed", Some(302), "redirect loop at http://")),
    ("/loop/self", ("failed", Some(301), "redirect loop at http://")),
    ("/chain/0", ("failed", Some(302), "more than 10 redirects")),
    ("/away", ("skipped", None, "redirect target not included: http://away.invalid/x")),
    ("/nowhere", ("failed", Some(302), "redirect to a malformed URL: http://[  31mevil")),
    ("/mail", ("failed", Some(302), "redirect to a URL that is neither http nor https: mailto:")),
    ("/bytes", ("ok", Some(200), "")),
    ("/links", ("ok", Some(200), "too much on one page: links beyond the limits were left out")),
    ("/evil", ("ok", Some(200), "")),
    ("/evil/type", ("failed", Some(500), "")),
    // The time for the whole and the time for a silence end together.
    ("/silent", ("failed", None, "no response ")),
    ("/slow", ("failed", None, "")),
    ("/slow/head", ("failed", None, "no response ")),
    ("/slow/body", ("failed", Some(200), "not complete within 2s: ")),
    ("/gzip", ("failed", Some(200), "body cannot be decoded: ")),
    ("/204", ("ok", Some(204), "")),
    ("/304", ("failed", Some(304), "")),
    ("/999", ("failed", Some(999), "")),
    ("/000", ("failed", None, "the response head is malformed")),
    ("/empty", ("ok", Some(200), "")),
    ("/nothing", ("failed", None, "connection closed by 127.0.0.1:")),
    ("/garbage", ("failed", None, "the response head is malformed")),
    ("/length/two", ("failed", None, "the response head is malformed")),
    ("/length/same", ("ok", Some(200), "")),
    ("/length/odd", ("failed", None, "the response head is malformed")),
];

/// A site whose seeds `/` and `/more` link to everything bad.
fn everything_bad() -> Web {
    let closed = ClosedPort::new();
    let long = "x".repeat(100_000);
    let mut index = String::from("<title>Everything bad</title>");
    for (path, _) in EXPECTED {
        if !["/good/2", "/good/3", "/good/3%EF%BF%BD", "/loop/b"].contains(path) {
            let _ = writeln!(index, "<a href='{path}'>x</a>");
        }
    }
    Web::start(move |request, stream| match request.path.as_str() {
        "/" => {
            let _ = stream.write_all(&html(200, &index));
        }
        "/more" => {
            let page = format!(
                "<a href='/long/{long}'>a<a href='http://{}/'>b<a href='https://{}/tls'>c\
                 <a href='http://nosuch.invalid/'>d<a href='http://127.0.0.1:99999/'>e\
                 <a href='javascript:alert(1)'>f<a href='http://['>g<a href='/loop/b'>h",
                closed.address(),
                request.head.split("host: ").nth(1).unwrap().lines().next().unwrap()
            );
            let _ = stream.write_all(&html(200, &page));
        }
        _ => answer(request, stream),
    })
}

/// Neither the log nor the output holds what a terminal would obey.
fn nothing_is_obeyed(folder: &Path, db: &Path, ended: &Ended) {
    let title = rows::<(String,)>(db, "SELECT title FROM scraped_pages WHERE url LIKE '%/evil'");
    assert!(title[0].0.contains("evil") && !title[0].0.contains('\0'), "{title:?}");
    let log = fs::read_to_string(folder.join("log.txt")).unwrap();
    assert!(log.contains("body cut short"), "the log is not written: {log}");
    for (place, text) in [("log", &log), ("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        let bad = text.chars().find(|&c| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(bad, None, "in {place}: {text:?}");
    }
}

#[test]
fn one_crawl_of_everything_bad() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");
    let web = everything_bad();
    // Everything on this machine, and one name that does not exist; nothing beyond.
    let within = r"^https?://(127\.0\.0\.1:\d+|nosuch\.invalid)/";
    let (seed, more) = (web.url("/"), web.url("/more"));
    let mut command = crawldeck(folder.path());
    command.args(["crawl", &seed, &more, "--scope", "any", "--include", within]);
    // Most of what is asked fails, and all of it is to be asked.
    command.args(["--breaker-ratio", "off"]);
    let options = "--attempts 1 --timeout 2s --max-body 2MiB --depth 1 --permits 50 --workers 50 \
                   -vv --log-file log.txt --headless";
    let ended = Running::start(command.args(options.split_whitespace())).end().exits(0);
    assert_whole(&db);

    let sql = "SELECT url, state, status, error FROM scraped_pages";
    let stored: BTreeMap<String, Stored> = rows::<Stored>(&db, sql)
        .into_iter()
        .map(|row| (row.0.replace(&format!("http://{}", web.address), ""), row))
        .collect();
    let wrong = RefCell::new(Vec::new());
    let check = |url: &str, wanted: Row| {
        let (state, status, error) = wanted;
        let right = stored.get(url).is_some_and(|row| {
            let said = row.3.as_deref().unwrap_or_default();
            (row.1.as_str(), row.2) == (state, status)
                && said.starts_with(error)
                && said.lines().count() == usize::from(!error.is_empty())
        });
        if !right {
            let short: String = url.chars().take(200).collect();
            wrong.borrow_mut().push(format!("{short}: {wanted:?}, not {:?}", stored.get(url)));
        }
    };
    for (path, row) in EXPECTED {
        // Two links deep.
        if ["/good/2", "/good/3", "/good/3%EF%BF%BD"].contains(path) {
            check(path, ("skipped", None, "beyond the depth limit"));
        } else if *path == "/slow" {
            let row = &stored[*path];
            assert!(row.1 == "failed" && row.3.is_some(), "{row:?}");
        } else {
            check(path, *row);
        }
    }
    let long = format!("/long/{}", "x".repeat(100_000));
    check(&long, ("skipped", None, "url longer than 8 KiB"));
    let tls = format!("https://{}/tls", web.address);
    check(&tls, ("failed", None, "TLS with 127.0.0.1:"));
    check("http://nosuch.invalid/", ("failed", None, "name not found: nosuch.invalid"));
    assert!(wrong.borrow().is_empty(), "{:#?}", wrong.borrow());
    let closed = stored.values().filter(|row| {
        row.3.as_ref().is_some_and(|said| said.starts_with("connection refused by 127.0.0.1:"))
    });
    assert_eq!(closed.count(), 1);
    let leaves = "SELECT count(*) FROM scraped_pages WHERE url LIKE '%/leaf/%' \
                  AND state = 'skipped' AND error = 'beyond the depth limit'";
    assert_eq!(number(&db, leaves), 9_999 + 1);
    let others = stored.keys().filter(|url| !url.starts_with("/leaf/")).count();
    // The two seeds, everything expected, and the four of the second page alone.
    assert_eq!(others, 2 + EXPECTED.len() + 4, "{:?}", stored.keys());

    nothing_is_obeyed(folder.path(), &db, &ended);
}

/// With one attempt for each URL: a refusal of the host takes none away, and every request is counted.
#[test]
fn requests_that_the_host_refuses_are_resent() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Mutex::new(BTreeMap::<String, u32>::new());
    let web = Web::start(move |request, stream| {
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(request.path.clone()).or_default();
        *times += 1;
        let response = match request.path.as_str() {
            "/" => html(200, "<a href=/1>1</a> <a href=/2>2</a> <a href=/3>3</a>"),
            _ if *times % 2 == 1 => html(429, "later"),
            _ => html(200, "here"),
        };
        let _ = stream.write_all(&response);
    });
    let seed = web.url("/");
    let crawl = |more: &[&str]| {
        let mut command = crawldeck(folder.path());
        command.args(["crawl", &seed, "--no-sitemaps", "--attempts", "1", "--backoff", "1ms"]);
        command.args(["--host-backoff", "2ms", "--max-host-backoff", "2ms"]).args(more);
        Running::start(&mut command).end().exits(0)
    };
    let json = crawl(&["--json"]).json();
    assert_eq!((&json["ok"], &json["pages"]), (&4.into(), &4.into()), "{json}");
    assert_eq!((&json["retries"], &json["resent"]), (&0.into(), &3.into()));
    let db = folder.path().join("crawldeck.db");
    let said = rows::<(i64, i64)>(&db, "SELECT attempts, resent FROM scraped_pages ORDER BY id");
    assert_eq!(said, [(1, 0), (1, 1), (1, 1), (1, 1)]);
    assert_eq!(web.paths().len(), 7, "as many as attempts and resent");
    assert_whole(&db);

    let report = crawldeck(folder.path()).args(["report", "-o", "-"]).output().unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(report.contains("0 retries, 3 resent, 0 redirect hops"), "{report}");
    let words = crawl(&["--db", "other.db"]).stdout;
    assert!(words.contains(" links, 3 requests resent, "), "{words}");
}

#[test]
fn good_pages_behind_bad_ones_are_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::start(answer);
    let seeds: Vec<_> = ["/bytes", "/good/1", "/garbage", "/short", "/away"]
        .iter()
        .map(|path| web.url(path))
        .collect();
    let mut command = crawldeck(folder.path());
    command.arg("crawl").args(&seeds).args(["--backoff", "1ms", "--json"]);
    let json = Running::start(&mut command).end().exits(0).json();
    // What may end better is tried three times; what cannot is not.
    let asked = |path: &str| web.paths().iter().filter(|asked| *asked == path).count();
    assert_eq!((asked("/short"), asked("/garbage")), (3, 1));
    assert_eq!(["/good/1", "/good/2", "/good/3", "/bytes"].map(asked), [1; 4]);
    assert_eq!((&json["ok"], &json["failed"]), (&4.into(), &3.into()));
    assert_eq!((&json["skipped"], &json["retries"]), (&1.into(), &2.into()));
    let db = folder.path().join("crawldeck.db");
    let why = rows::<(String,)>(&db, "SELECT error FROM scraped_pages WHERE state = 'skipped'");
    assert_eq!(why[0].0, "redirect target out of scope: http://away.invalid/x");
    assert_whole(&db);
}

#[test]
fn a_seed_too_long_is_skipped_like_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::start(answer);
    let list =
        format!("{}\n{}\n", web.url(&format!("/{}", "x".repeat(200_000))), web.url("/good/1"));
    fs::write(folder.path().join("list"), list).unwrap();
    let mut command = crawldeck(folder.path());
    command.args(["crawl", "--list", "list", "--json"]);
    let json = Running::start(&mut command).end().exits(0).json();
    assert_eq!((&json["ok"], &json["skipped"]), (&2.into(), &1.into()));
    let db = folder.path().join("crawldeck.db");
    let why = rows::<(String,)>(&db, "SELECT error FROM scraped_pages WHERE state = 'skipped'");
    assert_eq!(why, [("url longer than 8 KiB".to_owned(),)]);
    assert_whole(&db);
    assert_eq!(web.paths(), ["/good/1", "/good/2"]);
}
