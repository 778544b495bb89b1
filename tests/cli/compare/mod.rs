//! Promise: `compare` measures each strategy in a process of its own, accounts for every fetch,
//! leaves no process behind, and says what is missing when something is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod interrupted;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::closed_port::ClosedPort;
use crate::support::{self, Ended, LabProcess, Running, Web, crawldeck, run};
use crawldeck::compare::progress::ComparisonProgress;
use crawldeck::compare::race::{self, ComparisonPlan};
use crawldeck::compare::result::Comparison;
use crawldeck::compare::workload::Workload;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const FOUR: [&str; 4] = ["sequential", "unlimited", "limited", "full"];

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs it on a list of the user.
fn compare_list(folder: &Path, urls: &[String], more: &[&str]) -> Ended {
    start_list(folder, urls, more).end()
}

fn start_list(folder: &Path, urls: &[String], more: &[&str]) -> Running {
    fs::write(folder.join("list.txt"), urls.join("\n")).unwrap();
    let mut command = crawldeck(folder);
    command.args(["compare", "--json", "--list", "list.txt"]).args(more);
    // Where `full` puts its database for as long as it runs.
    command.env("TMPDIR", folder);
    Running::start(&mut command)
}

/// The result of one strategy.
#[track_caller]
fn of<'a>(json: &'a Value, name: &str) -> &'a Value {
    let rows = json["strategies"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {json}"))
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} of {row}"))
}

/// Reasons in one text.
fn reasons(json: &Value) -> String {
    let lines = json["reasons"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap().to_owned() + "\n").collect()
}

/// Nothing that `full` made is left.
fn assert_clean(folder: &Path) {
    let mut names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.all(|name| name == "list.txt"), "{:?}", fs::read_dir(folder).unwrap());
}

#[test]
fn the_articles_list_is_accounted_for() {
    let folder = folder();
    let mut command = crawldeck(folder.path());
    command.args(["compare", "--scale", "0.02", "--json"]).env("TMPDIR", folder.path());
    // What is set for a crawl must not reach the strategies.
    command.env("CRAWLDECK_PERMITS", "1").env("CRAWLDECK_MAX_PAGES", "3");
    let json = Running::start(&mut command).end().exits(0).json();
    assert_eq!(
        (&json["partial"], &json["scale"], &json["permits"]),
        (&Value::from(false), &Value::from(0.02), &Value::from(10))
    );
    assert_eq!(json.get("cpu"), None);
    let names: Vec<_> = json["strategies"].as_array().unwrap().iter().map(|r| &r["name"]).collect();
    assert_eq!(names, FOUR);
    for (name, arithmetic_s, bound_s) in [
        ("sequential", 1.6, 1.6),
        ("unlimited", 0.04, 0.04),
        ("limited", 0.16, 0.1804),
        ("full", 0.16, 0.1804),
    ] {
        let row = of(&json, name);
        assert_eq!((&row["ok"], &row["failed"]), (&Value::from(100), &Value::from(0)), "{row}");
        assert!((number(row, "arithmetic_s") - arithmetic_s).abs() < 1e-9, "{row}");
        assert!((number(row, "bound_s") - bound_s).abs() < 1e-9, "{row}");
        assert!(number(row, "wall_s") >= arithmetic_s, "{row}");
        assert!(number(row, "rss_peak_bytes") > 1e6, "{row}");
        let rows = if name == "full" { 100 } else { 0 };
        assert_eq!((&row["saved"], &row["expected"]), (&rows.into(), &rows.into()), "{row}");
    }
    // The longest request takes 40 ms and blocks the loop of the first.
    assert!(number(of(&json, "sequential"), "stall_ms") >= 30.0, "{json}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the database is gone");
}

#[test]
fn the_table_is_for_people() {
    let folder = folder();
    let ended = run(folder.path(), &["compare", "--scale", "0.01", "-q"]).exits(0);
    assert_eq!(ended.stderr, "");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("strategy") && lines[0].ends_with("stall ms"), "{ended:?}");
    for (line, name) in lines[1..].iter().zip(FOUR) {
        assert!(line.starts_with(name), "{ended:?}");
    }
    assert!(lines[4].contains("100 of 100"), "{ended:?}");
    assert!(lines[5].contains("10 permits: 0.08 s by arithmetic, 0.09 s"), "{ended:?}");
    assert!(!ended.stdout.contains("partial"), "{ended:?}");
}

#[test]
fn a_list_of_ones_own_is_fetched_as_it_stands() {
    let (folder, lab) = (folder(), LabProcess::start(&["--pages", "1"]));
    let path = |path: &str| format!("{}{path}", lab.entry());
    let mut urls = vec![path("delay/0.2"); 4];
    urls.extend(vec![path("json"); 3]);
    urls.push(String::from("# a comment"));
    let before = lab.requests();
    let json = compare_list(folder.path(), &urls, &["--permits", "2"]).exits(0).json();
    assert_eq!(json["partial"], false, "{json}");
    assert_eq!(lab.requests() - before, 4 * 7);
    for name in FOUR {
        let row = of(&json, name);
        assert_eq!((&row["ok"], &row["failed"]), (&Value::from(7), &Value::from(0)), "{row}");
    }
    // Two permits, so half of the sum; measured, so no less than the delays.
    let bound = |name, key| number(of(&json, name), key);
    assert!(bound("sequential", "bound_s") >= 0.8, "{json}");
    assert!(bound("sequential", "wall_s") >= bound("sequential", "bound_s"), "{json}");
    assert!(bound("unlimited", "bound_s") < bound("sequential", "bound_s"), "{json}");
    let half = bound("sequential", "bound_s") / 2.0;
    assert!((bound("limited", "arithmetic_s") - half).abs() < 1e-9, "{json}");
    assert_eq!(
        (&of(&json, "full")["saved"], &of(&json, "full")["expected"]),
        (&7.into(), &7.into())
    );
    assert_clean(folder.path());
    // All that wait were waited for at once, by the one without a limit.
    assert!(lab.load()["peak"].as_u64().unwrap() >= 4, "{}", lab.load());
}

#[test]
fn permits_are_kept() {
    let (folder, lab) = (folder(), LabProcess::start(&["--pages", "1"]));
    let urls = vec![format!("{}delay/0.01", lab.entry()); 12];
    let reset = || support::get_json(&format!("{}load.json?reset=1", lab.entry()));
    for strategy in ["limited", "full"] {
        reset();
        let job = serde_json::json!({"urls": urls, "permits": 3, "backoff_ms": 0});
        let mut command = crawldeck(folder.path());
        command.args(["strategy", strategy]).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Open until it has ended: closing it would stop the strategy.
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{job}\ngo").unwrap();
        let mut out = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut out).unwrap();
        assert!(child.wait().unwrap().success(), "{out}");
        let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(last["end"]["progress"]["ok"], 12, "{out}");
        assert_eq!(lab.load()["peak"], 3, "{strategy}");
    }
}

#[test]
fn a_site_that_refuses_makes_a_partial_table() {
    let folder = folder();
    let closed = ClosedPort::new();
    let urls = vec![format!("http://{}/", closed.address()); 3];
    let json = compare_list(folder.path(), &urls, &[]).exits(3).json();
    assert_eq!(json["partial"], true);
    let reasons = reasons(&json);
    for name in FOUR {
        let row = of(&json, name);
        assert_eq!((&row["ok"], &row["failed"]), (&Value::from(0), &Value::from(3)), "{row}");
        assert_eq!((&row["bound_s"], &row["ratio"]), (&Value::Null, &Value::Null), "{row}");
        assert!(reasons.contains(&format!("{name}: 3 of 3 URLs failed, the first ")), "{reasons}");
    }
    assert!(reasons.to_lowercase().contains("connection refused"), "{reasons}");
    assert_eq!(of(&json, "full")["saved"], 3, "a failed fetch is a row as well");
}

#[test]
fn answers_that_are_no_pages_count_as_failed() {
    let folder = folder();
    let web = Web::of_pages(&[("/", "home")]);
    let urls = vec![web.url("/"), web.url("/missing"), web.url("/")];
    let json = compare_list(folder.path(), &urls, &[]).exits(3).json();
    for name in FOUR {
        let row = of(&json, name);
        assert_eq!((&row["ok"], &row["failed"]), (&Value::from(2), &Value::from(1)), "{row}");
    }
    let reasons = reasons(&json);
    assert_eq!(reasons.matches("/missing: 404").count(), 4, "{reasons}");
    let table = run(folder.path(), &["compare", "-q", "--list", "list.txt"]).exits(3).stdout;
    assert_eq!(table.matches("\npartial: ").count(), 4, "{table}");
}

#[test]
fn what_a_crawl_would_skip_counts_as_failed_and_not_as_an_early_end() {
    let folder = folder();
    let web = Web::of_pages(&[("/", "home")]);
    let urls = vec![web.url("/"), web.url(&format!("/{}", "x".repeat(9_000)))];
    let json = compare_list(folder.path(), &urls, &[]).exits(3).json();
    let full = of(&json, "full");
    assert_eq!((&full["ok"], &full["failed"]), (&Value::from(1), &Value::from(1)), "{full}");
    let reasons = reasons(&json);
    assert!(reasons.contains("full: 1 of 2 URLs failed, the first http://"), "{reasons}");
    assert!(reasons.contains("longer than"), "{reasons}");
    assert!(reasons.lines().all(|line| line.len() < 400), "{reasons}");
}

#[test]
fn bad_lines_are_named_and_left_out() {
    let folder = folder();
    let web = Web::of_pages(&[("/", "home")]);
    let urls = vec![web.url("/"), "ftp://somewhere/".into(), web.url("/")];
    let ended = compare_list(folder.path(), &urls, &[]).exits(3);
    let json = ended.json();
    assert_eq!(of(&json, "full")["saved"], 2);
    let reasons = reasons(&json);
    assert!(reasons.starts_with("--list list.txt: line 2 left out: "), "{reasons}");
    assert_eq!(reasons.lines().count(), 1, "{reasons}");
    assert!(ended.stderr.contains("--list list.txt: line 2 left out: "), "{ended:?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("empty.txt"), "# nothing\n\n").unwrap();
    fs::write(folder.path().join("bad.txt"), "ftp://somewhere/\n").unwrap();
    let table: &[(&[&str], &str)] = &[
        (&["--list", "empty.txt"], "no URL in it"),
        (&["--list", "bad.txt"], "no URL in it"),
        (&["--list", "missing.txt"], "missing.txt"),
        (&["--list", "-"], "no URL in it"),
        (&["--list", "bad.txt", "--scale", "0.1"], "cannot be used with"),
        (&["--scale", "0"], "above 0"),
        (&["--scale=-1"], "above 0"),
        (&["--scale", "NaN"], "above 0"),
        (&["--scale", "inf"], "above 0"),
        (&["--permits", "0"], "permits takes 1 to 4096"),
        (&["more"], "unexpected argument"),
    ];
    for (args, why) in table {
        let mut command = vec!["compare"];
        command.extend(*args);
        let ended = run(folder.path(), &command).exits(2);
        assert!(ended.stderr.contains(why), "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
    }
}

#[test]
fn a_list_comes_from_standard_input_as_well() {
    let folder = folder();
    let web = Web::of_pages(&[("/", "home")]);
    let mut command = crawldeck(folder.path());
    command.args(["compare", "--json", "--list", "-"]);
    let json = Running::with_input(&mut command, &web.url("/")).end().exits(0).json();
    assert_eq!(of(&json, "full")["saved"], 1);
}

#[test]
fn parsing_in_the_event_loop_blocks_it() {
    let (folder, web) = (folder(), Web::of_pages(&[("/", "home")]));
    let json = compare_list(folder.path(), &[web.url("/")], &["--cpu"]).exits(0).json();
    let cpu = json["cpu"].as_array().unwrap();
    let [inline, pool] = &cpu[..] else { panic!("{json}") };
    assert_eq!((&inline["name"], &pool["name"]), (&Value::from("inline"), &Value::from("pool")));
    for row in cpu {
        assert_eq!((&row["ok"], &row["failed"]), (&Value::from(40), &Value::from(0)), "{row}");
    }
    assert!(number(inline, "stall_ms") > number(pool, "stall_ms"), "{json}");
}

#[test]
fn a_strategy_alone_says_who_starts_it() {
    let folder = folder();
    let ended = run(folder.path(), &["strategy", "full"]).exits(2);
    assert!(ended.stderr.contains("no job on standard input"), "{ended:?}");
    let help = run(folder.path(), &["--help"]).exits(0).stdout;
    assert!(help.contains("compare") && !help.contains("\n  strategy"), "{help}");
    // A script that completes commands would offer it after one of these.
    for (shell, offer) in [("bash", " NAME "), ("zsh", "'NAME:"), ("fish", "-a \"NAME\"")] {
        let script = run(folder.path(), &["completions", shell]).exits(0).stdout;
        let offers = |name: &str| script.contains(&offer.replace("NAME", name));
        assert!(offers("compare") && !offers("strategy"), "{shell}");
        assert!(script.contains("max-pages"), "{shell}");
    }
}

/// The final progress of a comparison with `program` in place of crawldeck.
fn race(program: &str, together: bool) -> ComparisonProgress {
    let workload = Workload::article(&url::Url::parse("http://127.0.0.1:1/").unwrap(), 0.01);
    let plan = ComparisonPlan {
        program: program.into(),
        workload,
        scale: 0.01,
        permits: 10,
        cpu: None,
        concurrent: together,
    };
    let (publisher, progress) = watch::channel(Arc::new(plan.initial_progress()));
    support::wait(race::run(&plan, &publisher, &CancellationToken::new()));
    ComparisonProgress::clone(&progress.borrow())
}

#[test]
fn a_program_that_does_not_work_keeps_nobody_waiting() {
    let words = [
        ("/nowhere/crawldeck", "could not be started: "),
        // It takes no order.
        ("/bin/false", "ended with code 1"),
        // It ends well, and has done nothing.
        ("/bin/true", "ended early"),
    ];
    for (program, why) in words {
        for together in [true, false] {
            let progress = race(program, together);
            assert!(progress.finished && !progress.stopping);
            let comparison = Comparison::of(&progress, &[]);
            assert_eq!((comparison.partial, comparison.reasons.len()), (true, 4), "{comparison:?}");
            for (reason, name) in comparison.reasons.iter().zip(FOUR) {
                assert!(reason.starts_with(&format!("{name}: {why}")), "{reason}");
                assert!(reason.ends_with(" after 0 of 100 URLs"), "{reason}");
            }
        }
    }
}
