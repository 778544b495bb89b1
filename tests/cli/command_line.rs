//! Promise: the command line takes what it documents, refuses the rest with a reason, ends with
//! the documented exit codes, and its JSON says what is in the database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{
    self, LabProcess, Running, Web, assert_whole, crawldeck, number, rows, run, wait, wait_until,
};
use nix::sys::signal::Signal;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn db(folder: &TempDir) -> PathBuf {
    folder.path().join("crawldeck.db")
}

fn small_site() -> Web {
    Web::of_pages(&[
        ("/", "<title>Home</title><a href=/a>a</a> <a href=/b>b</a>"),
        ("/a", "<a href=/a/1>1</a> <a href=/b>b</a>"),
        ("/b", "<a href=/missing>none</a>"),
        ("/a/1", "<a href=/a/2>2</a>"),
        ("/a/2", "<a href=/>home</a>"),
    ])
}

fn fetched(folder: &TempDir) -> BTreeSet<String> {
    let paths = rows::<(String,)>(
        &db(folder),
        "SELECT substr(url, instr(substr(url, 8), '/') + 7) FROM scraped_pages WHERE attempts > 0",
    );
    paths.into_iter().map(|row| row.0).collect()
}

fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(ToString::to_string).collect()
}

// What is taken and what is refused ----------------------------------------------------------

#[test]
fn every_option_is_taken() {
    let (folder, web) = (folder(), small_site());
    fs::write(folder.path().join("list.txt"), format!("# seeds\n\n{}\n", web.url("/b"))).unwrap();
    let options = "--permits 3 --workers 4 --queue 5 --rate 1000 --parse-threads 1 --per-host 2 \
                   --delay 1ms --attempts 2 --backoff 10ms --timeout 1m30s --max-body 512KiB \
                   --depth 5 --max-pages 50 --scope host --include . --exclude nothing \
                   --list list.txt --no-follow --ignore-robots --user-agent x \
                   --max-robots-delay 10s --host-backoff 1s --max-host-backoff 2s --give-up 5s \
                   --nofollow all --max-ratio 50 --max-redirects 5 --contact me@some.site \
                   --auth u:p --bearer off --cookies --proxy off --http1 --insecure \
                   --allow-private --resolve some.site=127.0.0.1 --max-links 10 \
                   --sitemap some.site/map.xml --no-sitemaps --max-sitemaps 3 \
                   --breaker-ratio 0.9 --breaker-window 30 --breaker-least 9 --breaker-rest 1s \
                   --breaker-longest-rest 2s --breaker-forgive 3s --trap-repeats 0 \
                   --trap-segments 9 --trap-length 99 --trap-queries 9 --trap-dates off \
                   --trap-years-ahead 9 --trap-sessions 9 --trap-same-content 9 --trap-growth 9 \
                   --max-memory 4GiB --min-disk 0 --config none \
                   --db sqlite://other.db --headless --json --log-file log.txt -v";
    let seed = web.url("/");
    let mut args = vec!["crawl", &seed, "--header", "X-A: b"];
    args.extend(options.split_whitespace());
    let ended = run(folder.path(), &args).exits(0);
    let json = ended.json();
    assert_eq!(json["pages"], 2);
    let settings = serde_json::json!({"permits": 3, "workers": 4, "queue": 5, "rate": 1000.0});
    assert_eq!(json["settings"], settings);
    assert!(folder.path().join("other.db").exists() && !db(&folder).exists());
    assert!(folder.path().join("log.txt").exists());
    run(folder.path(), &["crawl", &seed, "-q", "--rate", "off", "--delay", "0"]).exits(0);
    run(folder.path(), &["crawl", &seed, "--rate", "0.5e3", "--max-body", "1MiB", "-vv"]).exits(0);
}

#[test]
fn what_is_wrong_is_refused_with_a_reason() {
    let folder = folder();
    fs::write(folder.path().join("empty.txt"), "\n# nothing\n\n").unwrap();
    fs::write(folder.path().join("bad.txt"), "ftp://u:secret@h/\nhttp://u:secret@[\n").unwrap();
    fs::write(folder.path().join("bytes.txt"), b"http://h/\xff\n").unwrap();
    let seed = "http://127.0.0.1:1/";
    let table: &[(&[&str], &str)] = &[
        (&["crawl"], "no URL to begin with"),
        (&["crawl", "--headless", "--json"], "no URL to begin with"),
        (&["crawl", "http://["], "http://["),
        (&["crawl", ""], "empty"),
        (&["crawl", "ftp://h/"], "only http and https"),
        (&["crawl", "javascript:alert(1)"], "only http and https"),
        (&["crawl", seed, "--timeout", "5x"], "300ms, 2s, 1m30s"),
        (&["crawl", seed, "--timeout", "0"], "above 0"),
        (&["crawl", seed, "--timeout=-1s"], "300ms, 2s, 1m30s"),
        (&["crawl", seed, "--delay", "2"], "300ms, 2s, 1m30s"),
        (&["crawl", seed, "--delay", "99999999999years"], "year"),
        (&["crawl", seed, "--backoff", "soon"], "300ms, 2s, 1m30s"),
        (&["crawl", seed, "--max-body", "10Q"], "512KiB, 10MiB"),
        (&["crawl", seed, "--max-body", "0"], "above 0"),
        (&["crawl", seed, "--max-body=-5MiB"], "512KiB, 10MiB"),
        (&["crawl", seed, "--include", "("], "unclosed group"),
        (&["crawl", seed, "--exclude", "[z-a]"], "invalid"),
        (&["crawl", seed, "--rate", "fast"], "rate takes"),
        (&["crawl", seed, "--rate=-1"], "rate takes"),
        (&["crawl", seed, "--rate", "NaN"], "rate takes"),
        (&["crawl", seed, "--rate", "inf"], "rate takes"),
        (&["crawl", seed, "--permits", "0"], "permits takes 1 to 4096"),
        (&["crawl", seed, "--permits", "1.5"], "permits takes a whole number"),
        (&["crawl", seed, "--permits", "99999999999"], "permits takes"),
        (&["crawl", seed, "--workers", "0"], "workers takes 1 to 4096"),
        (&["crawl", seed, "--queue", "0"], "queue takes 1 to 100000"),
        (&["crawl", seed, "--parse-threads", "0"], "parse-threads takes"),
        (&["crawl", seed, "--per-host", "0"], "--per-host"),
        (&["crawl", seed, "--attempts", "0"], "--attempts"),
        (&["crawl", seed, "--max-pages", "0"], "--max-pages"),
        (&["crawl", seed, "--depth", "deep"], "--depth"),
        (&["crawl", seed, "--scope", "galaxy"], "page, prefix, host, domain, any"),
        (&["crawl", seed, "--header", "no colon"], "Name: value"),
        (&["crawl", seed, "--header", "X Y: v"], "header"),
        (&["crawl", seed, "--header", "X: a\nb"], "header value"),
        (&["crawl", seed, "--user-agent", "a\nb"], "user-agent"),
        (&["crawl", seed, "--header", "secret"], "Name: value"),
        (&["crawl", seed, "--header", "X secret: v"], "header name"),
        (&["crawl", seed, "--auth", "secret"], "USER:PASSWORD"),
        (&["crawl", seed, "--bearer", "secret\n"], "header value"),
        (&["crawl", seed, "--proxy", "ftp://u:secret@h"], "socks5"),
        (&["crawl", seed, "--proxy", "u:secret@h"], "socks5"),
        (&["crawl", "http://u:secret@["], "http://***@["),
        (&["crawl", "ftp://u:secret@h/"], "only http and https"),
        (&["crawl", seed, "--sitemap", "http://u:secret@["], "http://***@["),
        (&["crawl", seed, "--contact", "no address"], "mail address"),
        (&["crawl", seed, "--resolve", "h=name"], "HOST=ADDRESS"),
        (&["crawl", seed, "--nofollow", "some"], "none, pages, links, all"),
        (&["crawl", seed, "--max-ratio", "0"], "--max-ratio"),
        (&["crawl", seed, "--max-redirects=-1"], "--max-redirects"),
        (&["crawl", seed, "--breaker-ratio", "1.5"], "share"),
        (&["crawl", seed, "--breaker-rest", "0"], "above 0"),
        (&["crawl", seed, "--trap-repeats", "many"], "whole number"),
        (&["crawl", seed, "--max-memory", "much"], "512KiB, 10MiB"),
        (&["crawl", seed, "--json=maybe"], "true or false"),
        (&["crawl", seed, "--config", "missing.toml"], "missing.toml"),
        (&["http://u:secret@h/"], "http://***@h/"),
        (&["lab", "http://u:secret@h/"], "http://***@h/"),
        (&["config", "ftp://u:secret@h/"], "ftp://***@h/"),
        (&["crawl", "--list", "missing.txt"], "missing.txt"),
        (&["crawl", "--list", "empty.txt"], "no URL in it"),
        (&["crawl", "--list", "bad.txt"], "line 2 left out"),
        (&["crawl", "--list", "bytes.txt"], "UTF-8"),
        (&["crawl", "--list", "."], "--list"),
        (&["crawl", seed, "-q", "-v"], "cannot be used with"),
        (&["crawl", seed, "--no-such"], "--no-such"),
        (&["crawl", seed, "--db", "redis://u:secret@h/0"], "unknown kind of database"),
        (&["resume", "--list", "bad.txt"], "no URL in it"),
        (&["lab", "--pages", "0"], "--pages"),
        (&["lab", "--port", "70000"], "--port"),
        (&["lab", "--latency", "1"], "latency takes 0ms to 60s, or 'off'"),
        (&["completions", "tcsh"], "bash"),
        (&["fly"], "fly"),
    ];
    for (args, reason) in table {
        let ended = run(folder.path(), args);
        let said = ended.stderr.clone();
        assert!(said.contains(reason), "{args:?} does not say {reason:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
        assert_eq!(ended.exits(2).stdout, "", "{args:?}");
    }
    assert!(!db(&folder).exists(), "a refused command line made a database");
}

// Exit codes ---------------------------------------------------------------------------------

#[test]
fn there_is_nothing_to_resume_without_a_database() {
    let folder = folder();
    for args in [&["resume"][..], &["resume", "crawldeck.db"]] {
        let ended = run(folder.path(), args).exits(1);
        assert!(ended.stderr.contains("crawldeck.db does not exist"), "{}", ended.stderr);
    }
    assert!(!db(&folder).exists());
}

#[test]
fn a_host_that_nobody_reaches_is_a_failed_crawl() {
    let folder = folder();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let seed = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let args = ["crawl", &seed, "--attempts", "1", "--json"];
    let ended = run(folder.path(), &args).exits(1);
    assert!(ended.stderr.contains("no seed could be reached"), "{ended:?}");
    let json = ended.json();
    assert_eq!((&json["state"], &json["failed"]), (&"failed".into(), &1.into()));
    assert_eq!(rows::<(String,)>(&db(&folder), "SELECT state FROM crawls")[0].0, "failed");
}

/// Some large sites do this: the host was reached, so the crawl is complete.
#[test]
fn an_odd_status_is_an_answer() {
    let folder = folder();
    let web = Web::start(|_, stream| {
        use std::io::Write;
        let _ = stream.write_all(&support::html(999, "go away"));
    });
    let ended = run(folder.path(), &["crawl", &web.url("/"), "--json"]).exits(0);
    assert_eq!(ended.json()["failed"], 1);
}

#[track_caller]
fn refused_untouched(folder: &TempDir, name: &str, reason: &str) {
    let path = folder.path().join(name);
    let before = fs::read(&path).ok();
    for args in [&["crawl", "http://127.0.0.1:1/", "--db", name][..], &["resume", name]] {
        let ended = run(folder.path(), args).exits(1);
        assert!(ended.stderr.contains(reason), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.starts_with("crawldeck: "), "{ended:?}");
    }
    assert!(fs::read(&path).ok() == before, "{name} was changed");
}

#[test]
fn a_database_that_cannot_be_used_is_refused_and_left_as_it_is() {
    let folder = folder();
    fs::create_dir(folder.path().join("dir")).unwrap();
    refused_untouched(&folder, "dir", "is a directory");
    fs::write(folder.path().join("letter.txt"), "Dear reader, this is no database.").unwrap();
    refused_untouched(&folder, "letter.txt", "not a SQLite database");

    let web = small_site();
    run(folder.path(), &["crawl", &web.url("/"), "--db", "used.db"]).exits(0);
    let used = folder.path().join("used.db");
    let connect = || async { SqliteConnectOptions::new().filename(&used).connect().await.unwrap() };
    let mut holder = wait(connect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sqlx::query("BEGIN IMMEDIATE").execute(&mut holder)).unwrap();
    refused_untouched(&folder, "used.db", "locked by another process");
    runtime.block_on(holder.close()).unwrap();

    wait(async {
        let mut connection = connect().await;
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                     execution_time) VALUES (9999, 'later', 1, x'00', 0)";
        sqlx::query(newer).execute(&mut connection).await.unwrap();
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    refused_untouched(&folder, "used.db", "newer crawldeck");
}

#[test]
fn a_complete_crawl_is_not_resumed() {
    let (folder, web) = (folder(), small_site());
    run(folder.path(), &["crawl", &web.url("/")]).exits(0);
    let ended = run(folder.path(), &["resume"]).exits(1);
    assert!(ended.stderr.contains("has no unfinished crawl"), "{ended:?}");
}

// JSON ---------------------------------------------------------------------------------------

#[test]
fn json_says_what_is_in_the_database() {
    let folder = folder();
    let lab = LabProcess::start(&["--pages", "400", "--latency", "0", "--seed", "3"]);
    let args = "--scope any --backoff 0 --depth 6 --json --headless --permits 20 --workers 24 \
                --queue 30";
    let mut all = vec!["crawl", lab.entry()];
    all.extend(args.split_whitespace());
    let json = run(folder.path(), &all).exits(0).json();
    let count = |sql| serde_json::Value::from(number(&db(&folder), sql));
    for (field, sql) in [
        ("crawl_id", "SELECT id FROM crawls"),
        ("pages", "SELECT count(*) FROM scraped_pages"),
        ("ok", "SELECT count(*) FROM scraped_pages WHERE state = 'ok'"),
        ("failed", "SELECT count(*) FROM scraped_pages WHERE state = 'failed'"),
        ("skipped", "SELECT count(*) FROM scraped_pages WHERE state = 'skipped'"),
        ("retries", "SELECT sum(max(attempts - 1, 0)) FROM scraped_pages"),
        ("bytes", "SELECT sum(content_length) FROM scraped_pages"),
        ("links", "SELECT count(*) FROM links"),
    ] {
        assert_eq!(json[field], count(sql), "{field}: {json}");
    }
    let sum = ["ok", "failed", "skipped"].map(|f| json[f].as_u64().unwrap()).iter().sum::<u64>();
    assert_eq!(json["pages"], sum);
    assert_eq!((&json["state"], &json["open"]), (&"complete".into(), &0.into()));
    assert!(json["retries"].as_u64().unwrap() > 0, "{json}");
    assert!(json["elapsed_s"].as_f64().unwrap() > 0.0 && json["pages_per_s"].is_f64(), "{json}");
    let latency = &json["latency_ms"];
    let [p50, p95, p99] = ["p50", "p95", "p99"].map(|p| latency[p].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{json}");
    assert!(json["rss_peak_bytes"].as_u64().unwrap() > 1 << 20, "{json}");
    assert!(json["db"].as_str().unwrap().contains("crawldeck.db"), "{json}");
    let settings = serde_json::json!({"permits": 20, "workers": 24, "queue": 30, "rate": null});
    assert_eq!(json["settings"], settings);
    let depth = "SELECT count(*) FROM scraped_pages \
                 WHERE (depth > 6) != (coalesce(error, '') = 'beyond the depth limit')";
    assert_eq!(number(&db(&folder), depth), 0);
    lab.end().exits(0);
}

// What is crawled ----------------------------------------------------------------------------

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
    let told = std::sync::Arc::clone(&name);
    let far = other.url("");
    let web = Web::start(move |request, stream| {
        use std::io::Write;
        let name: &String = told.get().unwrap();
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

// Other modes --------------------------------------------------------------------------------

#[test]
fn completions_and_manual_name_the_options() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(folder.path(), &["completions", shell]).exits(0).stdout;
        for word in ["permits", "max-pages", "resume", "latency"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let man = run(folder.path(), &["man"]).exits(0).stdout;
    assert!(man.contains(".TH crawldeck 1") && man.contains("Exit codes"), "{man}");
    for args in [&["--help"][..], &["-h"], &["crawl", "--help"], &["--version"]] {
        assert!(run(folder.path(), args).exits(0).stdout.contains("crawl"));
    }
}

#[test]
fn the_lab_says_where_it_listens_and_serves() {
    let lab = LabProcess::start(&["--pages", "50", "--latency", "0"]);
    let ports: BTreeSet<_> = lab.urls.iter().collect();
    assert_eq!(ports.len(), 4);
    for url in &lab.urls {
        let truth = support::get_json(&format!("{url}truth.json"));
        let by_status = truth["by_status"].as_object().unwrap();
        let sum = by_status.values().map(|count| count.as_u64().unwrap()).sum::<u64>();
        assert_eq!(truth["pages"], sum + truth["skipped"].as_u64().unwrap());
        assert_eq!(truth["hosts"].as_array().unwrap().len(), 4);
    }
    assert_eq!(lab.requests(), 0);
    support::get_json(&format!("{}json", lab.entry()));
    assert_eq!(lab.requests(), 1);
    support::get_json(&format!("{}load.json?reset=1", lab.urls[3]));
    assert_eq!(lab.requests(), 0);
    let port = lab.entry().rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    let taken = run(Path::new("/"), &["lab", "--port", &port]).exits(1);
    assert!(taken.stderr.contains("is in use"), "{taken:?}");
    let ended = lab.end().exits(0);
    assert_eq!(ended.stdout.lines().count(), 4, "{ended:?}");
}

#[test]
fn without_a_command_the_lab_is_crawled() {
    let folder = folder();
    let ended = run(folder.path(), &["--pages", "60", "--latency", "0", "--json"]).exits(0);
    let json = ended.json();
    assert_eq!(json["state"], "complete");
    assert!(json["pages"].as_u64().unwrap() >= 50, "{json}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "files were left behind");
}

// Pipes and signals --------------------------------------------------------------------------

#[test]
fn nobody_listening_is_no_panic() {
    let web = small_site();
    let seed = web.url("/");
    for args in [
        &["crawl", &seed, "--json"][..],
        &["crawl", &seed, "-vv"],
        &["crawl", "--list", "missing"],
        &["crawl", "http://127.0.0.1:1/", "--attempts", "1"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["lab", "--pages", "5"],
    ] {
        let folder = folder();
        let expected = match args {
            [_, "--list", ..] => 2,
            [_, "http://127.0.0.1:1/", ..] => 1,
            _ => 0,
        };
        let mut command = crawldeck(folder.path());
        let mut child = command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(expected), "{args:?}");
    }
}

/// A crawl of a lab that answers slowly, caught while requests are in flight.
fn caught(folder: &TempDir, lab: &LabProcess, more: &[&str]) -> Running {
    let mut command = crawldeck(folder.path());
    command.args(["crawl", lab.entry(), "--scope", "any", "--backoff", "10ms", "--json"]);
    command.arg("--no-sitemaps");
    let running = Running::start(command.args(more));
    wait_until("several requests in flight", || {
        lab.load()["in_flight"].as_u64().unwrap() >= 5 && lab.requests() >= 10
    });
    running
}

#[test]
fn a_signal_asks_for_a_line() {
    let lab = LabProcess::start(&["--pages", "200", "--latency", "300ms"]);
    let folder = folder();
    let running = caught(&folder, &lab, &[]);
    running.signal(Signal::SIGUSR1);
    wait_until("a line", || running.stderr().ends_with('\n'));
    let line = running.stderr();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("running ") && line.contains("/10 permits"), "{line}");
    running.signal(Signal::SIGTERM);
    running.end().exits(3);
}

#[test]
fn the_first_signal_finishes_what_is_in_flight() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let lab = LabProcess::start(&["--pages", "150", "--latency", "300ms", "--seed", "5"]);
        let folder = folder();
        let running = caught(&folder, &lab, &["--permits", "20", "--workers", "20"]);
        running.signal(signal);
        let json = running.end().exits(3).json();
        let db = db(&folder);
        assert_eq!(json["state"], "stopped");
        assert_eq!(json["open"], number(&db, "SELECT count(*) FROM frontier"));
        assert_eq!(json["pages"], number(&db, "SELECT count(*) FROM scraped_pages"));
        // Every request that reached the site is accounted for: it finished, and was saved. But
        // for one robots.txt a host, and for redirects whose next hop was yet to be asked.
        let (hosts, permits) = (4, 20);
        let hops = "SELECT coalesce(sum(attempts + coalesce(json_array_length(redirects), 0)), 0) \
                    FROM scraped_pages";
        let waiting = "SELECT coalesce(sum(attempts), 0) FROM frontier";
        let seen = number(&db, hops) + number(&db, waiting);
        let lost = lab.requests() - seen as u64;
        assert!(lost <= hosts + permits, "{signal}: {lost} requests lost");
        assert_eq!(rows::<(String,)>(&db, "SELECT state FROM crawls")[0].0, "stopped");

        let args = ["resume", "--json", "--permits", "100", "--workers", "100"];
        let json = run(folder.path(), &args).exits(0).json();
        assert_eq!(json["pages"], lab.truth()["pages"], "{signal}");
        assert_whole(&db);
        let again = lab.requests() - number(&db, hops) as u64;
        assert!(again <= lost + hosts, "{signal}: {again} fetched again");
    }
}

#[test]
fn the_second_signal_ends_at_once() {
    let folder = folder();
    let web = Web::start(|request, stream| {
        use std::io::Write;
        if request.path == "/" {
            let _ = stream.write_all(&support::html(200, "<a href=/1>1</a><a href=/2>2</a>"));
        } else {
            support::hang(stream);
        }
    });
    let mut command = crawldeck(folder.path());
    let seed = web.url("/");
    let running = Running::start(command.args(["crawl", &seed, "--timeout", "1h", "--json"]));
    wait_until("both pages asked for", || web.paths() == ["/", "/1", "/2"]);
    running.signal(Signal::SIGINT);
    running.signal(Signal::SIGUSR1);
    wait_until("the first is taken", || {
        running.signal(Signal::SIGUSR1);
        running.stderr().contains("stopping ")
    });
    running.signal(Signal::SIGTERM);
    let json = running.end().exits(3).json();
    assert_eq!((&json["pages"], &json["open"]), (&1.into(), &2.into()));
    assert_eq!(number(&db(&folder), "SELECT count(*) FROM frontier"), 2);
    assert_eq!(number(&db(&folder), "SELECT sum(attempts) FROM frontier"), 0);
}

// Several crawls in one database -------------------------------------------------------------

#[test]
fn crawls_are_listed_and_removed() {
    let (folder, web) = (folder(), small_site());
    for _ in 0..3 {
        run(folder.path(), &["crawl", &web.url("/")]).exits(0);
    }
    let listed = run(folder.path(), &["list", "crawldeck.db"]).exits(0);
    let lines: Vec<_> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{listed:?}");
    assert!(lines[0].starts_with("crawl  state"), "{listed:?}");
    let pages = number(&db(&folder), "SELECT count(*) FROM scraped_pages WHERE crawl_id = 3");
    assert!(lines[3].trim_start().starts_with("3  complete"), "{listed:?}");
    assert!(lines[3].ends_with(&format!("{pages:>5}     0  {}", web.url("/"))), "{listed:?}");
    // The variable names it as well, and there is nothing else on standard output.
    let named = Running::start(
        crawldeck(folder.path()).args(["list", "--json"]).env("CRAWLDECK_DB", "crawldeck.db"),
    );
    let json: serde_json::Value = serde_json::from_str(&named.end().exits(0).stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert_eq!((&json[1]["id"], &json[1]["totals"]["pages"]), (&2.into(), &pages.into()));
    assert_eq!((&json[1]["held_by"], &json[1]["open"]), (&serde_json::Value::Null, &0.into()));

    // Nobody can be asked.
    let refused = run(folder.path(), &["rm", "crawldeck.db", "2"]).exits(2);
    assert!(refused.stderr.contains("say --yes where nobody can be asked"), "{refused:?}");
    // One that is not there: then none is removed.
    let refused = run(folder.path(), &["rm", "crawldeck.db", "1", "9", "--yes"]).exits(1);
    assert!(refused.stderr.contains("has no crawl 9"), "{refused:?}");
    assert_eq!(number(&db(&folder), "SELECT count(*) FROM crawls"), 3);

    let removed = run(folder.path(), &["rm", "crawldeck.db", "3", "1", "1", "-y"]).exits(0);
    assert_eq!(removed.stdout.lines().count(), 2, "{removed:?}");
    assert!(removed.stdout.starts_with("removed crawl 1, "), "{removed:?}");
    for table in ["scraped_pages", "links", "hosts", "changes", "frontier", "sitemaps"] {
        let others = format!("SELECT count(*) FROM {table} WHERE crawl_id <> 2");
        let others: &'static str = others.leak();
        assert_eq!(number(&db(&folder), others), 0, "{table}");
    }
    assert_whole(&db(&folder));
    run(folder.path(), &["rm", "crawldeck.db", "2", "-y"]).exits(0);
    let none = run(folder.path(), &["list"]).exits(0);
    assert_eq!(none.stdout, "");
    assert!(none.stderr.contains("has no crawls"), "{none:?}");
}

#[test]
fn a_crawl_is_resumed_by_its_number() {
    let (folder, web) = (folder(), small_site());
    for _ in 0..2 {
        run(folder.path(), &["crawl", &web.url("/")]).exits(0);
    }
    wait(async {
        let options = SqliteConnectOptions::new().filename(db(&folder));
        let mut connection = options.connect().await.unwrap();
        let stopped = "UPDATE crawls SET state = 'stopped'";
        sqlx::query(stopped).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    for crawl in [1, 2] {
        let number = crawl.to_string();
        let ended = run(folder.path(), &["resume", "--crawl", &number, "--json"]).exits(0);
        assert_eq!(ended.json()["crawl_id"], crawl);
    }
    for (number, said) in [("1", "crawl 1 in "), ("7", "has no crawl 7")] {
        let ended = run(folder.path(), &["resume", "--crawl", number]).exits(1);
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
    run(folder.path(), &["resume", "--crawl", "0"]).exits(2);
}
