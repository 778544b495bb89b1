//! Promise: the command line takes what it documents, refuses the rest with a reason, ends with
//! the documented exit codes, and its JSON says what is in the database.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::small_site::{db, folder, small_site};
use crate::closed_port::ClosedPort;
use crate::support::{self, LabProcess, Web, number, rows, run, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

#[test]
fn every_option_is_taken() {
    let (folder, web) = (folder(), small_site());
    fs::write(folder.path().join("list.txt"), format!("# seeds\n\n{}\n", web.url("/b"))).unwrap();
    let options = "--permits 3 --workers 4 --queue 5 --rate 1000 --parse-threads 1 --per-host 2 \
                   --delay 1ms --attempts 2 --backoff 10ms --timeout 1m30s --max-body 512KiB \
                   --depth 5 --max-pages 50 --scope host --include . --exclude nothing \
                   --list list.txt --no-follow --ignore-robots --user-agent x \
                   --max-robots-delay 10s --host-backoff 1s --max-host-backoff 2s --host-give-up-after 5s \
                   --respect-nofollow all --max-decompression-ratio 50 --max-redirects 5 --contact me@some.site \
                   --auth u:p --bearer off --cookies --proxy off --http1 --insecure \
                   --allow-private --resolve some.site=127.0.0.1 --max-links 10 \
                   --sitemap some.site/map.xml --no-sitemaps --max-sitemaps 3 \
                   --breaker-ratio 0.9 --breaker-window 30 --breaker-min-requests 9 --breaker-cooldown 1s \
                   --breaker-max-cooldown 2s --breaker-reset-after 3s --trap-repeats 0 \
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
fn the_autopilots_mode_follows_an_equals_sign_alone() {
    let folder = folder();
    let shown = |option: &str| {
        let ended = run(folder.path(), &["config", option, "http://h/", "--json"]).exits(0);
        ended.json()["autopilot"]["value"].as_str().unwrap_or_default().to_owned()
    };
    for (option, mode) in [
        ("--autopilot", "balanced"),
        ("--autopilot=gentle", "gentle"),
        ("--autopilot=latency:300ms", "latency:300ms"),
        ("--autopilot=off", "off"),
        ("--headless", "off"),
    ] {
        assert_eq!(shown(option), mode, "{option}");
    }
    fs::write(folder.path().join("crawldeck.toml"), "autopilot = true\nmax-permits = 64\n")
        .unwrap();
    assert_eq!(shown("--headless"), "balanced");
    assert_eq!(shown("--autopilot=off"), "off");
    // A word of its own is a URL, as the warning says.
    let ended = run(folder.path(), &["config", "--autopilot", "gentle"]).exits(0);
    assert!(ended.stderr.contains("'gentle' is taken as a URL"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--autopilot=gentle"), "{}", ended.stderr);
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
        (&["crawl", seed, "--autopilot=fast"], "balanced, gentle or latency:300ms"),
        (&["crawl", seed, "--max-permits", "0"], "permits takes 1 to 4096"),
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
        (&["crawl", seed, "--respect-nofollow", "some"], "none, pages, links, all"),
        (&["crawl", seed, "--max-decompression-ratio", "0"], "--max-decompression-ratio"),
        (&["crawl", seed, "--max-redirects=-1"], "--max-redirects"),
        (&["crawl", seed, "--breaker-ratio", "1.5"], "share"),
        (&["crawl", seed, "--breaker-cooldown", "0"], "above 0"),
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
    let closed = ClosedPort::new();
    let seed = format!("http://{}/", closed.address());
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
    let mut locking = wait(connect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sqlx::query("BEGIN IMMEDIATE").execute(&mut locking)).unwrap();
    refused_untouched(&folder, "used.db", "locked by another process");
    runtime.block_on(locking.close()).unwrap();

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
        ("resent", "SELECT sum(resent) FROM scraped_pages"),
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
