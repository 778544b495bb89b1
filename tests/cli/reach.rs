//! Promise: lists, depth, patterns, scopes and limits decide what is fetched, exactly.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;

use super::small_site::{db, fetched, folder, set, small_site};
use crate::support::{self, LabProcess, Running, Web, assert_whole, crawldeck, number, run};

#[test]
fn a_list_is_crawled_from_a_file_and_from_standard_input() {
    let web = small_site();
    let list = format!("{}\n  {}  \n\n# no\nftp://h/\n{0}\n", web.url("/a"), web.url("/b"));
    let from_file = folder();
    fs::write(from_file.path().join("list"), &list).unwrap();
    let args = ["crawl", "--list", "list", "--no-follow", "--json"];
    let ended = run(from_file.path(), &args).exits(0);
    assert_eq!(ended.json()["pages"], 2);
    assert!(ended.stderr.contains("line 5 left out"), "{ended:?}");
    assert_eq!(fetched(&from_file), set(&["/a", "/b"]));
    assert_eq!(number(&db(&from_file), "SELECT count(*) FROM links"), 0);

    let from_input = folder();
    let mut command = crawldeck(from_input.path());
    command.args(["crawl", "--list", "-", "--json"]);
    let ended = Running::with_input(&mut command, &list).end().exits(0);
    assert_eq!(ended.json()["pages"], 6);
    let all = set(&["/", "/a", "/b", "/a/1", "/a/2", "/missing"]);
    assert_eq!(fetched(&from_input), all);
}

#[test]
fn lists_of_every_encoding_and_line_end_are_read() {
    let web = small_site();
    let [a, b] = ["/a", "/b"].map(|path| web.url(path));
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    };
    let lines = format!("{a}\r\n{b}\r\n");
    let marked = format!("\u{feff}{lines}");
    let bad = |line: &[u8]| [a.as_bytes(), b"\n", line, b"\n", b.as_bytes(), b"\n"].concat();
    let latin = [a.as_bytes(), b"/caf\xe9"].concat();
    let table: [(Vec<u8>, &[&str]); 11] = [
        (marked.clone().into(), &[]),
        (utf16(&marked, u16::to_le_bytes), &[]),
        (utf16(&marked, u16::to_be_bytes), &[]),
        (utf16(&lines, u16::to_le_bytes), &[]),
        (format!("{a}\r{b}\r").into(), &[]),
        (format!("\u{feff}# list\r\r{a}\n\r\n{b}").into(), &[]),
        (format!("\u{200b}{a}\u{200b}\n\u{feff}{b}\n").into(), &[]),
        (bad(&latin), &["line 2 left out: not UTF-8: byte E9 after "]),
        (bad(b"\xff\xfe\xfd\rftp://h/\r\xe9"), &["line 2 ", "line 3 ", "line 4 "]),
        (bad(b"# caf\xe9"), &[]),
        (bad(b"http://["), &["line 2 left out: "]),
    ];
    for (list, reasons) in table {
        let folder = folder();
        fs::write(folder.path().join("list"), &list).unwrap();
        let args = ["crawl", "--list", "list", "--no-follow", "--json"];
        let ended = run(folder.path(), &args).exits(0);
        assert_eq!(fetched(&folder), set(&["/a", "/b"]), "{list:?}");
        assert_eq!(ended.stderr.matches("left out").count(), reasons.len(), "{ended:?}");
        for reason in reasons {
            assert!(ended.stderr.contains(&format!("--list list: {reason}")), "{ended:?}");
        }
    }
}

fn crawled(web: &Web, options: &[&str]) -> BTreeSet<String> {
    let folder = folder();
    let seed = web.url("/");
    let mut args = vec!["crawl", &seed, "--json"];
    args.extend(options);
    let json = run(folder.path(), &args).exits(0).json();
    assert_whole(&db(&folder));
    assert_eq!(json["pages"], number(&db(&folder), "SELECT count(*) FROM scraped_pages"));
    fetched(&folder)
}

#[test]
fn depth_patterns_and_following_bound_what_is_fetched() {
    let web = small_site();
    assert_eq!(crawled(&web, &["--no-follow"]), set(&["/"]));
    assert_eq!(crawled(&web, &["--depth", "0"]), set(&["/"]));
    assert_eq!(crawled(&web, &["--depth", "1"]), set(&["/", "/a", "/b"]));
    let two = set(&["/", "/a", "/b", "/a/1", "/missing"]);
    assert_eq!(crawled(&web, &["--depth", "2"]), two);
    assert_eq!(crawled(&web, &["--include", "/a"]), set(&["/", "/a", "/a/1", "/a/2"]));
    let or = ["--include", "/b$", "--include", "missing$"];
    assert_eq!(crawled(&web, &or), set(&["/", "/b", "/missing"]));
    assert_eq!(crawled(&web, &["--exclude", "/a"]), set(&["/", "/b", "/missing"]));
    let both = ["--include", "/a", "--exclude", "2$"];
    assert_eq!(crawled(&web, &both), set(&["/", "/a", "/a/1"]));
}

#[test]
fn exactly_so_many_pages_are_fetched() {
    let lab = LabProcess::start(&["--pages", "500", "--latency", "0"]);
    for (limit, permits) in [("1", "10"), ("37", "10"), ("200", "50")] {
        let folder = folder();
        let args = ["--max-pages", limit, "--permits", permits, "--workers", "50"];
        let mut all = vec!["crawl", lab.entry(), "--scope", "any", "--backoff", "0", "--json"];
        all.extend(args);
        run(folder.path(), &all).exits(0);
        let fetched = "SELECT count(*) FROM scraped_pages WHERE attempts > 0";
        assert_eq!(number(&db(&folder), fetched), limit.parse::<i64>().unwrap());
        let beyond = "SELECT count(*) FROM scraped_pages WHERE attempts = 0 \
                      AND NOT (state = 'skipped' AND (error = 'beyond the page limit' \
                      OR url LIKE '%/private/%' AND error LIKE '%robots.txt%'))";
        assert_eq!(number(&db(&folder), beyond), 0);
        assert_whole(&db(&folder));
    }
}

#[test]
fn scopes_reach_as_far_as_they_say() {
    let other = Web::of_pages(&[("/x", "far")]);
    let index = "<a href=a>a</a> <a href=/other>o</a> <a href=PORT/x>x</a> <a href=NAME/y>y</a>";
    let name = std::sync::Arc::new(std::sync::OnceLock::new());
    let shared = std::sync::Arc::clone(&name);
    let far = other.url("");
    let web = Web::start(move |request, stream| {
        use std::io::Write;
        let name: &String = shared.get().unwrap();
        let body = match request.path.as_str() {
            "/dir/index" => index.replace("PORT", &far).replace("NAME", name),
            _ => "leaf".to_owned(),
        };
        let _ = stream.write_all(&support::html(200, &body));
    });
    let port = web.address.rsplit_once(':').unwrap().1;
    name.set(format!("http://localhost:{port}")).unwrap();
    let reached = |scope: &str| {
        let folder = folder();
        let seed = web.url("/dir/index");
        run(folder.path(), &["crawl", &seed, "--scope", scope, "--timeout", "10s"]).exits(0);
        fetched(&folder)
    };
    assert_eq!(reached("page"), set(&["/dir/index"]));
    assert_eq!(reached("prefix"), set(&["/dir/index", "/dir/a"]));
    assert_eq!(reached("host"), set(&["/dir/index", "/dir/a", "/other"]));
    assert_eq!(reached("domain"), set(&["/dir/index", "/dir/a", "/other", "/x"]));
    assert_eq!(reached("any"), set(&["/dir/index", "/dir/a", "/other", "/x", "/y"]));
}

#[test]
fn headers_and_user_agent_are_sent_and_not_stored() {
    let (folder, web) = (folder(), small_site());
    let seed = web.url("/");
    let mut args = vec!["crawl", &seed, "--user-agent", "lighthouse/2 (+http://keeper.test)"];
    args.extend(["--header", "X-Keeper:  of the light ", "--header", "authorization: Bearer hush"]);
    run(folder.path(), &args).exits(0);
    assert_eq!(web.requests().len(), 6);
    for request in web.requests() {
        let head = request.head.to_ascii_lowercase();
        assert!(head.contains("\r\nuser-agent: lighthouse/2 (+http://keeper.test)\r\n"), "{head}");
        assert!(head.contains("\r\nx-keeper: of the light\r\n"), "{head}");
        assert!(head.contains("\r\nauthorization: bearer hush\r\n"), "{head}");
    }
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|part| part == b"hush"), "the secret is on disk");
    }
    let plain = support::run(folder.path(), &["crawl", &seed, "--no-follow"]).exits(0);
    assert_eq!(plain.stderr, "");
    let agent = format!("user-agent: crawldeck/{}", env!("CARGO_PKG_VERSION"));
    assert!(web.requests().last().unwrap().head.contains(&agent));
}
