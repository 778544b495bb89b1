//! Promise: options come from file, environment and flags in this order, `config` says from
//! which, and a secret is told to nobody but those it is for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::{self, Ended, Running, Web, crawldeck, html, rows, run, wait_until};
use clap::{CommandFactory, Parser};
use crawldeck::cli::{Cli, Command};
use crawldeck::settings::Settings;
use crawldeck::web::url::parse_seed;
use nix::sys::signal::Signal;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn file(folder: &TempDir, text: &str) {
    fs::write(folder.path().join("crawldeck.toml"), text).unwrap();
}

fn with(folder: &TempDir, variables: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut command = crawldeck(folder.path());
    command.envs(variables.iter().copied()).args(args);
    Running::start(&mut command).end()
}

/// The lines of `config`, by key: value and source.
fn settings(printed: &str) -> BTreeMap<String, (String, String)> {
    let lines = printed.lines().filter_map(|line| {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let (key, rest) = line.split_once(" = ")?;
        let (value, source) = rest.rsplit_once("  # ")?;
        Some((key.to_owned(), (value.trim_end().to_owned(), source.to_owned())))
    });
    lines.collect()
}

#[track_caller]
fn is(printed: &str, key: &str, value: &str, source: &str) {
    assert_eq!(settings(printed)[key], (value.to_owned(), source.to_owned()), "{key}");
}

// Sources ------------------------------------------------------------------------------------

#[test]
fn file_then_environment_then_flags() {
    let folder = folder();
    file(
        &folder,
        "permits = 20\nworkers = 21\nqueue = 22\nexclude = [\"a\", \"b\"]\njson = true\n",
    );
    let variables = [
        ("CRAWLDECK_WORKERS", "31"),
        ("CRAWLDECK_QUEUE", "32"),
        ("CRAWLDECK_EXCLUDE", "c\nd"),
        ("CRAWLDECK_MAX_BODY", "1MiB"),
        ("CRAWLDECK_PERMITS", ""),
    ];
    let args = ["config", "--queue", "42", "--json=false", "-vv"];
    let ended = with(&folder, &variables, &args).exits(0);
    assert_eq!(ended.stderr, "");
    let out = &ended.stdout;
    is(out, "permits", "20", "crawldeck.toml");
    is(out, "workers", "31", "environment CRAWLDECK_WORKERS");
    is(out, "queue", "42", "--queue");
    is(out, "rate", "\"off\"", "default");
    is(out, "exclude", "[\"c\", \"d\"]", "environment CRAWLDECK_EXCLUDE");
    is(out, "max-body", "\"1MiB\"", "environment CRAWLDECK_MAX_BODY");
    is(out, "json", "false", "--json");
    is(out, "verbose", "2", "--verbose");
    let columns: Vec<_> = out.lines().filter_map(|line| line.rfind("  # ")).collect();
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "not aligned:\n{out}");

    let json = with(&folder, &variables, &["config", "--json"]).exits(0).json();
    assert_eq!(json["permits"], serde_json::json!({"value": 20, "source": "crawldeck.toml"}));
}

/// All ways to log in end in one `Authorization`, so they are one matter too.
#[test]
fn of_two_logins_the_stronger_source_holds() {
    let web = Web::of_pages(&[("/", "home")]);
    let (basic, bearer) = ("basic dTpodXNo", "bearer token");
    let (own, plain) = ("own mine", "x-plain: 1");
    let sources = [
        ("auth = 'u:hush'", ("CRAWLDECK_AUTH", "u:hush"), "--auth=u:hush", basic),
        ("bearer = 'token'", ("CRAWLDECK_BEARER", "token"), "--bearer=token", bearer),
        (
            "header = ['Authorization: own mine', 'X-Plain: 1']",
            ("CRAWLDECK_HEADER", "X-Plain: 1\nauthorization : own mine"),
            "--header=AUTHORIZATION:own mine",
            own,
        ),
    ];
    let sent = |text: &str, variables: &[(&str, &str)], flags: &[&str]| {
        let folder = folder();
        file(&folder, text);
        let seed = web.url("/");
        with(&folder, variables, &[&["crawl", &seed][..], flags].concat()).exits(0);
        let head = web.requests().last().unwrap().head.to_lowercase();
        let lines = head.lines().filter_map(|line| line.strip_prefix("authorization: "));
        let logins: Vec<String> = lines.map(str::to_owned).collect();
        let printed = with(&folder, variables, &[&["config"][..], flags].concat()).exits(0).stdout;
        assert!(!printed.contains("hush") && !printed.contains("token"), "{printed}");
        let all = settings(&printed);
        let shown = all["header"].0.to_lowercase().matches("authorization").count()
            + usize::from(all["auth"].0 == "\"***\"")
            + usize::from(all["bearer"].0 == "\"***\"");
        assert_eq!(shown, logins.len(), "{printed}");
        (logins, head.contains(plain))
    };
    for (at, strong) in sources.iter().enumerate() {
        for (other, weak) in sources.iter().enumerate().filter(|(other, _)| *other != at) {
            let is = (vec![strong.3.to_lowercase()], other == 2);
            assert_eq!(sent(weak.0, &[], &[strong.2]), is, "{} < {}", weak.0, strong.2);
            assert_eq!(sent("", &[weak.1], &[strong.2]), is, "{:?} < {}", weak.1, strong.2);
            let (logins, _) = sent(weak.0, &[strong.1], &[]);
            assert_eq!(logins, is.0, "{} < {:?}", weak.0, strong.1);
            let together = with(&folder(), &[], &["config", strong.2, weak.2]).exits(2).stderr;
            assert!(together.contains(" cannot be used together"), "{together}");
            let together = with(&folder(), &[strong.1, weak.1], &["config"]).exits(2).stderr;
            assert!(together.contains(" cannot be used together"), "{together}");
            assert!(!together.contains("hush") && !together.contains("token"), "{together}");
        }
    }
    // Taking one away says nothing of the other.
    assert_eq!(sent(sources[0].0, &[], &["--bearer="]).0, [basic.to_lowercase()]);
    assert_eq!(sent("", &[], &["--bearer=", sources[0].2]).0, [basic.to_lowercase()]);
    let both = "auth = 'u:hush'\nbearer = 'token'";
    assert_eq!(sent(both, &[], &["--bearer=off"]).0, [basic.to_lowercase()]);
    assert_eq!(sent(both, &[], &[sources[2].2]).0, [own]);
}

/// What need not be there, each with a value.
const REMOVABLE: &str = "contact = 'https://weak.site/'\nheader = ['X-A: weak']\nauth = 'u:weak'\n\
                         ca = 'weak.pem'\nresolve = ['weak.site=::1']\ninclude = ['weak']\n\
                         exclude = ['weak', 'er']\nlist = 'weak.txt'\nlog-file = 'weak.log'\n\
                         sitemap = ['http://weak.site/']\nproxy = 'http://weak:1'\n\
                         user-agent = 'weak'\n";

#[test]
fn what_need_not_be_there_can_be_taken_away() {
    let folder = folder();
    let usual = settings(&run(folder.path(), &["config"]).exits(0).stdout);
    let bearer = REMOVABLE.replace("auth = 'u:weak'", "bearer = 'weak'");
    let keys = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_once(" = ").unwrap().0.to_owned()).collect()
    };
    for text in [REMOVABLE, &bearer] {
        file(&folder, text);
        let there = settings(&run(folder.path(), &["config"]).exits(0).stdout);
        let empty = keys(text).into_iter().map(|key| (key, String::new()));
        let words = [("contact", "off"), ("header", "none"), ("auth", "off"), ("bearer", "off")];
        let words = words.iter().chain(&[("bearer", "none"), ("auth", "none"), ("ca", "off")]);
        let words = words.map(|(key, word)| ((*key).to_owned(), (*word).to_owned()));
        for (key, value) in empty.chain(words).filter(|(key, _)| keys(text).contains(key)) {
            let flag = format!("--{key}");
            let variable = format!("CRAWLDECK_{}", key.to_uppercase().replace('-', "_"));
            let is_usual = |ended: Ended, source: &str| {
                let is = &settings(&ended.exits(0).stdout)[&key];
                assert_eq!(*is, (usual[&key].0.clone(), source.to_owned()), "{key}={value}");
                assert_ne!(is.0, there[&key].0, "{key} was not there");
            };
            is_usual(run(folder.path(), &["config", &format!("{flag}={value}")]), &flag);
            is_usual(run(folder.path(), &["config", &flag, &value]), &flag);
            let ended = with(&folder, &[(&variable, &value)], &["config"]);
            is_usual(ended, &format!("environment {variable}"));
        }
    }
    // A file takes away what it would have had from no weaker source, so nothing.
    file(&folder, "header = []\nbearer = ''\nexclude = ['']\nca = ''\npermits = ''\ndb = ''");
    let all = settings(&run(folder.path(), &["config"]).exits(0).stdout);
    for key in ["header", "bearer", "exclude", "ca", "permits", "db"] {
        assert_eq!(all[key].0, usual[key].0, "{key}");
    }
    // What is empty beside others is no item.
    let args = ["config", "--exclude=", "--exclude", "a", "--exclude="];
    is(&run(folder.path(), &args).exits(0).stdout, "exclude", "[\"a\"]", "--exclude");
    let web = Web::of_pages(&[("/", "home")]);
    file(&folder, REMOVABLE.split_once("ca =").unwrap().0);
    let args = ["crawl", &web.url("/"), "--auth=off", "--header=", "--contact="];
    run(folder.path(), &args).exits(0);
    let head = web.requests().last().unwrap().head.to_lowercase();
    assert!(!head.contains("weak") && !head.contains("authorization"), "{head}");
}

/// More and less logging exclude each other on one command line, and not across sources.
#[test]
fn louder_and_quieter_are_one_matter() {
    let folder = folder();
    let quiet = ("CRAWLDECK_QUIET", "true");
    for (text, variables, args, verbose, is_quiet) in [
        ("quiet = true", &[][..], &["config", "-v"][..], "1", "false"),
        ("verbose = 2", &[quiet], &["config"], "0", "true"),
        ("verbose = 0", &[], &["config"], "0", "false"),
        ("quiet = true", &[], &["config", "-vvvvv"], "2", "false"),
        ("verbose = 1\nquiet = false", &[], &["config"], "1", "false"),
        ("verbose = 1", &[quiet], &["config", "--quiet=false"], "0", "false"),
    ] {
        file(&folder, text);
        let all = settings(&with(&folder, variables, args).exits(0).stdout);
        assert_eq!(
            (all["verbose"].0.as_str(), all["quiet"].0.as_str()),
            (verbose, is_quiet),
            "{text}"
        );
    }
}

#[test]
fn a_crawl_obeys_all_sources() {
    let (folder, web) = (folder(), Web::of_pages(&[("/", "<a href=/a>a</a>"), ("/a", "leaf")]));
    file(&folder, "permits = 7\nworkers = 7\nno-follow = true\njson = true\n");
    let json = with(&folder, &[("CRAWLDECK_WORKERS", "8")], &["crawl", &web.url("/")]);
    let json = json.exits(0).json();
    assert_eq!((&json["pages"], &json["settings"]["permits"]), (&1.into(), &7.into()));
    assert_eq!(json["settings"]["workers"], 8);
    // A switch is turned off by a stronger source.
    let json = run(folder.path(), &["crawl", &web.url("/"), "--no-follow=false"]).exits(0).json();
    assert_eq!(json["pages"], 2);
}

#[test]
fn the_file_is_here_or_the_users_or_named() {
    let (folder, home) = (folder(), folder());
    fs::create_dir(home.path().join("crawldeck")).unwrap();
    let users = home.path().join("crawldeck/crawldeck.toml");
    fs::write(&users, "permits = 2").unwrap();
    fs::write(folder.path().join("named.toml"), "permits = 4").unwrap();
    let xdg = ("XDG_CONFIG_HOME", home.path().to_str().unwrap());
    let shows = |variables: &[(&str, &str)], args: &[&str], value: &str, source: &str| {
        let mut all = vec!["config"];
        all.extend(args);
        is(&with(&folder, variables, &all).exits(0).stdout, "permits", value, source);
    };
    shows(&[xdg], &[], "2", users.to_str().unwrap());
    file(&folder, "permits = 3");
    shows(&[xdg], &[], "3", "crawldeck.toml");
    shows(&[xdg], &["--config", "named.toml"], "4", "named.toml");
    shows(&[xdg, ("CRAWLDECK_CONFIG", "named.toml")], &[], "4", "named.toml");
    shows(&[xdg, ("CRAWLDECK_CONFIG", "")], &[], "3", "crawldeck.toml");
    for none in ["none", ""] {
        shows(&[xdg, ("CRAWLDECK_CONFIG", "named.toml")], &["--config", none], "10", "default");
    }
    let ended = run(folder.path(), &["config", "--config", "missing.toml"]).exits(2);
    assert!(ended.stderr.contains("missing.toml"), "{ended:?}");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let folder = folder();
    for (text, reason) in [
        (
            "permits = 20\npermit = 3",
            "crawldeck.toml, line 2: permit is no option; the nearest is permits",
        ),
        ("max_body = '1MiB'", "line 1: max_body is no option; the nearest is max-body"),
        ("zzz = 1", "line 1: zzz is no option"),
        ("config = 'x'", "line 1: config is no option"),
        ("\npermits = 0", "line 2: permits: permits takes 1 to 4096"),
        ("delay = 2", "line 1: delay: "),
        ("delay = 'soon'", "300ms, 2s, 1m30s"),
        ("json = 'maybe'", "line 1: json: takes true or false"),
        ("scope = 'galaxy'", "line 1: scope: takes one of page, prefix, host, domain, any"),
        ("include = ['(']", "line 1: include: error: unclosed group"),
        ("permits = [1, 2]", "line 1: permits: takes one value, not a list"),
        ("[trap]\nrepeats = 1", "line 1: trap is a table"),
        ("exclude = [['a']]", "line 1: exclude is a list of lists"),
        ("verbose = 'much'", "line 1: verbose: takes 0, 1 or 2"),
        ("verbose = 7", "line 1: verbose: takes 0, 1 or 2"),
        ("verbose = -1", "line 1: verbose: takes 0, 1 or 2"),
        ("verbose = true", "line 1: verbose: takes 0, 1 or 2"),
        ("verbose = [1, 2]", "line 1: verbose: takes one value, not a list"),
        ("quiet = 2", "line 1: quiet: takes true or false"),
        ("verbose = 1\nquiet = true", "crawldeck.toml: quiet and verbose cannot be used together"),
        (
            "auth = 'u:hush'\nbearer = 'hush'",
            "crawldeck.toml: auth and bearer cannot be used together",
        ),
        (
            "bearer = 'hush'\nheader = ['authorization: hush']",
            "crawldeck.toml: bearer and header Authorization cannot be used together",
        ),
        ("permits = 1\npermits = 2", "line 2: duplicate key"),
        ("header = ['Authorization hush']", "line 1: header: headers are written 'Name: value'"),
        ("bearer = \"hush\\u0001\"", "line 1: bearer: not a header value"),
        ("bearer = \"hush", "line 1: "),
        ("proxy = 'ftp://u:hush@h'", "line 1: proxy: proxies are written"),
        ("sitemap = ['http://u:hush@[']", "http://***@["),
    ] {
        file(&folder, text);
        for args in [&["crawl", "http://127.0.0.1:1/"][..], &["resume"], &["config"]] {
            let ended = run(folder.path(), args).exits(2);
            assert!(ended.stderr.contains(reason), "{text}: {}", ended.stderr);
            assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
            assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{text}");
        }
    }
    fs::remove_file(folder.path().join("crawldeck.toml")).unwrap();
    let ended = with(&folder, &[("CRAWLDECK_PERMITS", "0")], &["config"]).exits(2);
    let said = "crawldeck: environment CRAWLDECK_PERMITS: permits takes 1 to 4096, not 0\n";
    assert_eq!(ended.stderr, said);
    for (variable, value, said) in [
        ("CRAWLDECK_VERBOSE", "7", "takes 0, 1 or 2"),
        ("CRAWLDECK_QUIET", "very", "takes true or false"),
    ] {
        let ended = with(&folder, &[(variable, value)], &["config"]).exits(2);
        assert_eq!(ended.stderr, format!("crawldeck: environment {variable}: {said}\n"));
    }
    let ended = with(&folder, &[("CRAWLDECK_PERMIT", "hush"), ("CRAWLDECK_LOG", "x")], &["config"]);
    let said =
        "crawldeck: environment CRAWLDECK_PERMIT is no option; the nearest is CRAWLDECK_PERMITS\n";
    assert_eq!(ended.exits(0).stderr, said);
}

#[test]
fn no_breaker_waits_for_more_than_it_looks_back_at() {
    let folder = folder();
    file(&folder, "breaker-least = 21");
    for args in [&["config"][..], &["crawl", "http://127.0.0.1:1/"], &["crawl", "--again"]] {
        let said = run(folder.path(), args).exits(2).stderr;
        let why = "breaker-least 21 (crawldeck.toml) is above breaker-window 20 (default)";
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    }
    let shows = |args: &[&str], least: &str, stderr: &str| {
        let ended = run(folder.path(), &[&["config"], args].concat()).exits(0);
        assert_eq!((&*settings(&ended.stdout)["breaker-least"].0, &*ended.stderr), (least, stderr));
    };
    shows(&["--breaker-window", "21"], "21", "");
    file(&folder, "");
    let said =
        "crawldeck: breaker-least is lowered from 8 to breaker-window 5 (--breaker-window)\n";
    shows(&["--breaker-window", "5"], "5", said);
    shows(&["--breaker-window", "8"], "8", "");
    let args = ["--breaker-window", "5", "--breaker-least", "6"];
    run(folder.path(), &args).exits(2);

    let web = endless();
    stopped(&folder, &web, &[], &["crawl", &web.url("/"), "--breaker-window=6", "--timeout=1h"]);
    let ended = stopped(&folder, &web, &[], &["resume", "--breaker-least", "7"]);
    assert!(ended.stderr.contains("--breaker-least is lowered to 6"), "{ended:?}");
    let stored = stored(&folder.path().join("crawldeck.db"));
    assert_eq!((&stored["breaker"]["window"], &stored["breaker"]["least"]), (&6.into(), &6.into()));
}

// The print-out ------------------------------------------------------------------------------

/// Each option with a value that is not its default.
const OTHER: &str = r#"
permits = 11
workers = 17
queue = 101
rate = 2.5
parse-threads = 3
per-host = 2
delay = "2s"
max-robots-delay = "1m"
host-backoff = "2m"
max-host-backoff = "1h"
give-up = "1h"
ignore-robots = true
nofollow = "links"
attempts = 4
backoff = "3s"
timeout = "1m30s"
max-body = "1025B"
max-ratio = 100
max-redirects = 3
user-agent = "me \"and\" you"
contact = "https://some.site/"
header = ["X-A: hush"]
bearer = "hush"
proxy = "http://u:hush@h:1"
cookies = true
http1 = true
ca = "ca.pem"
insecure = true
allow-private = true
resolve = ["some.site=192.0.2.1", "other.site=::1"]
depth = 0
max-pages = 5
max-links = 9
scope = "any"
include = ["a\\.b", "\u202e\u0007é"]
exclude = ["c"]
list = "urls.txt"
no-follow = true
sitemap = ["http://some.site/map.xml"]
no-sitemaps = true
max-sitemaps = 1
breaker-ratio = 1.0
breaker-window = 21
breaker-least = 9
breaker-rest = "6s"
breaker-longest-rest = "6m"
breaker-forgive = "6m"
trap-repeats = 0
trap-segments = 33
trap-length = 4097
trap-queries = 2001
trap-dates = 3001
trap-years-ahead = 3
trap-sessions = 2
trap-same-content = 26
trap-growth = 9
max-memory = "1GiB"
min-disk = "off"
db = "sqlite://other.db"
headless = true
json = true
log-file = "log.txt"
verbose = 1
"#;

#[test]
fn every_option_is_shown_and_reads_back() {
    let folder = folder();
    let usual = settings(&run(folder.path(), &["config"]).exits(0).stdout);
    let mut cli = Cli::command();
    cli.build();
    let crawl = cli.find_subcommand("crawl").unwrap();
    let options = crawl
        .get_arguments()
        .filter(|a| !matches!(a.get_id().as_str(), "config" | "help" | "again"));
    let mut known = 0;
    for option in options.filter(|option| !option.is_positional()) {
        let key = option.get_long().unwrap();
        let (value, _) = usual.get(key).unwrap_or_else(|| panic!("{key} is not shown"));
        let help = option.get_help().unwrap().to_string();
        let said =
            help.split_once("[default: ").map(|(_, rest)| rest.split([']', ';']).next().unwrap());
        if let Some(said) = said.filter(|said| !said.contains("VERSION")) {
            assert_eq!(value.trim_matches('"'), said.trim_matches('`'), "help of {key}");
        }
        known += 1;
    }
    assert_eq!(usual.len(), known, "shown, and no option");

    file(&folder, OTHER);
    let printed = run(folder.path(), &["config"]).exits(0).stdout;
    assert!(!printed.contains("hush"), "{printed}");
    assert!(!printed.contains(['\u{202e}', '\u{7}']), "{printed}");
    let other = settings(&printed);
    for (key, (value, source)) in
        other.iter().filter(|(key, _)| !["quiet", "auth"].contains(&key.as_str()))
    {
        assert_ne!(*value, usual[key].0, "{key} has no effect");
        assert_eq!(source, "crawldeck.toml", "{key}");
    }
    for masked in ["header = [\"X-A: ***\"]", "bearer = \"***\"", "proxy = \"http://***@h:1\""] {
        assert!(printed.contains(&format!("\n# {masked}")), "{masked} can be fed back: {printed}");
    }
    assert_eq!(printed.lines().filter(|line| line.contains("***")).count(), 3, "{printed}");

    fs::write(folder.path().join("again.toml"), &printed).unwrap();
    let again =
        settings(&run(folder.path(), &["config", "--config", "again.toml"]).exits(0).stdout);
    for (key, (value, _)) in &other {
        let secret = matches!(key.as_str(), "header" | "auth" | "bearer" | "proxy");
        assert_eq!(
            again[key].0,
            if secret { usual[key].0.clone() } else { value.clone() },
            "{key}"
        );
    }
    file(
        &folder,
        "auth = 'u:hush'\ndb = 'postgres://u:hush@h/d'\nsitemap = ['http://u:hush@h/m', 'h/n']\nquiet = true",
    );
    let printed = run(folder.path(), &["config"]).exits(0).stdout;
    assert!(printed.contains("\n# db = \"postgres://***@h/d\""), "{printed}");
    assert!(printed.contains("\n# auth = \"***\""), "{printed}");
    assert!(printed.contains("\n# sitemap = [\"http://***@h/m\", \"http://h/n\"]"), "{printed}");
    is(&printed, "quiet", "true", "crawldeck.toml");
    let json = run(folder.path(), &["config", "--json"]).exits(0).json().to_string();
    assert!(!json.contains("hush") && json.contains("\"masked\":true"), "{json}");
}

/// Whatever `crawl` takes, so that one word of a command line tells what it would do.
#[test]
fn config_takes_what_crawl_takes() {
    let folder = folder();
    let mut cli = Cli::command();
    cli.build();
    let names = |command: &str| -> BTreeSet<String> {
        let arguments = cli.find_subcommand(command).unwrap().get_arguments();
        arguments.map(|argument| argument.get_id().to_string()).collect()
    };
    assert_eq!(names("config"), names("crawl"));
    let plain = run(folder.path(), &["config", "--permits", "3"]).exits(0).stdout;
    let args = ["config", "http://u:hush@h/", "--permits", "3", "other", "--again"];
    let shown = run(folder.path(), &args).exits(0).stdout;
    let seeds = "# seeds = [\"http://***@h/\", \"http://other/\"]  # command line\n";
    assert_eq!(shown, format!("{seeds}# again = true  # --again\n\n{plain}"));
    let json = |args: &[&str]| run(folder.path(), args).exits(0).json();
    assert_eq!(json(&["config", "h", "--again", "--json"]), json(&["config", "--json"]));
    let refused = run(folder.path(), &["config", "ftp://u:hush@h"]).exits(2).stderr;
    assert!(refused.contains("only http and https") && !refused.contains("hush"), "{refused}");
    assert!(!folder.path().join("crawldeck.db").exists());
}

/// The settings after `args`, with defaults for what is not given.
fn after(args: &[&str]) -> Settings {
    let all = ["crawldeck", "crawl", "h"].iter().chain(args);
    let Some(Command::Crawl { options, .. }) = Cli::try_parse_from(all).unwrap().command else {
        panic!("{args:?}")
    };
    let mut settings = Settings::default();
    options.apply(&mut settings);
    settings
}

#[test]
fn stated_defaults_hold_and_every_option_has_an_effect_of_its_own() {
    assert_eq!(after(&[]), Settings::default());
    let others = "permits=9 workers=9 queue=9 rate=9 parse-threads=9 per-host=9 delay=9s \
                  max-robots-delay=9s host-backoff=9s max-host-backoff=9s give-up=9s ignore-robots \
                  nofollow=all attempts=9 backoff=9s timeout=9s max-body=9MiB max-ratio=9 \
                  max-redirects=9 user-agent=x contact=a@b header=a:b auth=a:b bearer=x \
                  proxy=http://h cookies http1 ca=x insecure allow-private resolve=h=127.0.0.1 \
                  depth=9 max-pages=9 max-links=9 scope=any include=x exclude=x no-follow \
                  sitemap=http://h/ no-sitemaps max-sitemaps=9 breaker-ratio=0.9 \
                  breaker-window=9 breaker-least=9 breaker-rest=9s breaker-longest-rest=9s \
                  breaker-forgive=9s trap-repeats=9 trap-segments=9 trap-length=9 trap-queries=9 \
                  trap-dates=9 trap-years-ahead=9 trap-sessions=9 trap-same-content=9 trap-growth=9 \
                  max-memory=9GiB min-disk=9MiB";
    let (mut seen, mut named): (Vec<(Settings, &str)>, _) = (Vec::new(), BTreeSet::new());
    for other in others.split_whitespace() {
        let changed = after(&[&format!("--{other}")]);
        assert_ne!(changed, Settings::default(), "--{other} changes nothing");
        if let Some((_, same)) = seen.iter().find(|(known, _)| *known == changed) {
            panic!("--{other} does what --{same} does");
        }
        seen.push((changed, other));
        named.insert(other.split('=').next().unwrap());
    }
    let cli = Cli::command();
    let crawl = cli.find_subcommand("crawl").unwrap();
    let of_settings = crawl.get_arguments().filter(|option| {
        let heading = option.get_help_heading();
        !matches!(heading, None | Some("Output" | "Logging"))
            && !matches!(option.get_id().as_str(), "list" | "again")
    });
    for option in of_settings {
        let key = option.get_long().unwrap();
        assert!(named.remove(key), "--{key} has no other value here");
        let help = option.get_help().unwrap().to_string();
        let stated = help.split_once("[default: ").map(|(_, rest)| rest);
        let default = match stated.and_then(|rest| rest.split([']', ';']).next()) {
            Some("crawldeck/VERSION") => concat!("crawldeck/", env!("CARGO_PKG_VERSION")),
            Some(stated) => stated,
            None if option.is_require_equals_set() => "false",
            None => "",
        };
        let settings = after(&[&format!("--{key}={default}")]);
        assert_eq!(settings, Settings::default(), "--{key}={default} is no default");
    }
    assert!(named.is_empty(), "no options: {named:?}");
}

// Other modes --------------------------------------------------------------------------------

/// A site whose `/hangs` never answers: what links to it can be stopped half-way.
fn endless() -> Web {
    Web::start(|request, stream| {
        if request.path.ends_with("/hangs") {
            support::hang(stream);
        } else {
            let _ = stream.write_all(&html(200, "<a href=/hangs>h</a><a href=/a>a</a>"));
        }
    })
}

/// Starts a crawl and stops it where it hangs.
fn stopped(folder: &TempDir, web: &Web, variables: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut command = crawldeck(folder.path());
    command.envs(variables.iter().copied()).args(args);
    let hanging = || web.paths().iter().filter(|path| path.ends_with("/hangs")).count();
    let before = hanging();
    let running = Running::start(&mut command);
    wait_until("it hangs", || hanging() > before);
    running.signal(Signal::SIGTERM);
    wait_until("it stops", || {
        running.signal(Signal::SIGUSR1);
        running.stderr().contains("stopping ")
    });
    running.signal(Signal::SIGTERM);
    running.end().exits(3)
}

fn stored(db: &Path) -> serde_json::Value {
    let text = rows::<(String,)>(db, "SELECT settings FROM crawls ORDER BY id DESC LIMIT 1");
    serde_json::from_str(&text[0].0).unwrap()
}

#[test]
fn a_resumed_crawl_takes_secrets_and_output_alone() {
    let (folder, web) = (folder(), endless());
    let seed = web.url("/").replace("http://", "http://me:pw@");
    let secrets =
        ["--header", "X-Key: hush", "--bearer", "hush", "--permits", "5", "--workers", "6"];
    let mut args = vec!["crawl", &seed, "--timeout", "1h"];
    args.extend(secrets);
    stopped(&folder, &web, &[], &args);
    let db = folder.path().join("crawldeck.db");
    let names =
        serde_json::json!(["header X-Key", "bearer", format!("basic http://{}", web.address)]);
    assert_eq!(stored(&db)["credential_names"], names);

    let missing = format!("not stored: header X-Key, bearer, basic http://{} (", web.address);
    let ended = stopped(&folder, &web, &[], &["resume"]);
    assert!(ended.stderr.contains(&missing), "{ended:?}");
    assert!(!web.requests().last().unwrap().head.to_lowercase().contains("x-key"));

    file(
        &folder,
        "permits = 50\nworkers = 60\nheader = ['x-key: new']\njson = true\ndb = 'crawldeck.db'",
    );
    let variables = [("CRAWLDECK_BEARER", "new"), ("CRAWLDECK_QUEUE", "70")];
    let ended = stopped(&folder, &web, &variables, &["resume", "--workers", "9"]);
    assert!(!ended.stderr.contains("not stored"), "{ended:?}");
    let settings = ended.json()["settings"].clone();
    assert_eq!(
        settings,
        serde_json::json!({"permits": 5, "workers": 9, "queue": 100, "rate": null})
    );
    let head = web.requests().last().unwrap().head.to_lowercase();
    assert!(
        head.contains("x-key: new\r\n") && head.contains("authorization: bearer new\r\n"),
        "{head}"
    );
    assert_eq!(stored(&db)["credential_names"], names, "names of what it began with");
}

#[test]
fn the_demonstration_leaves_databases_alone() {
    let folder = folder();
    file(&folder, "db = 'mine.db'\nmax-pages = 3\njson = true");
    let args = ["--pages", "50", "--latency", "0", "--max-pages", "5"];
    let json = run(folder.path(), &args).exits(0).json();
    assert!(
        json["pages"].as_u64().unwrap() >= 5 && !folder.path().join("mine.db").exists(),
        "{json}"
    );
}

#[test]
fn what_others_may_suffer_from_is_said_aloud() {
    let (folder, web) = (folder(), Web::of_pages(&[("/", "home")]));
    let seed = web.url("/");
    for (variables, args) in [
        (&[][..], &["crawl", &seed, "--ignore-robots", "--insecure", "-q"][..]),
        (&[("CRAWLDECK_IGNORE_ROBOTS", "1"), ("CRAWLDECK_INSECURE", "yes")], &["crawl", &seed]),
    ] {
        let ended = with(&folder, variables, args).exits(0);
        assert!(ended.stderr.contains("robots.txt is IGNORED"), "{ended:?}");
        assert!(ended.stderr.contains("NOT VERIFIED"), "{ended:?}");
        let mut off = args.to_vec();
        off.retain(|arg| !arg.starts_with("--i"));
        off.extend(["--ignore-robots=false", "--insecure=false"]);
        assert_eq!(with(&folder, variables, &off).exits(0).stderr, "");
    }
}

#[test]
fn looking_again_needs_no_url() {
    for (args, count) in [(&["crawl", "--again"][..], 0), (&["crawl", "h", "--again"], 1)] {
        let cli = Cli::try_parse_from([&["crawldeck"], args].concat()).unwrap();
        let Some(Command::Crawl { seeds, again, .. }) = cli.command else { panic!("{args:?}") };
        assert!(again && seeds.len() == count, "{args:?}");
    }
}

// Secrets ------------------------------------------------------------------------------------

/// What must be found nowhere, as given and as Basic authentication writes it.
const SECRETS: [&str; 6] = [
    "hush",
    "bGlzdDpsaXN0aHVzaA",   // list:listhush
    "c2VlZDpzZWVkQGh1c2g",  // seed:seed@hush
    "bWFwOm1hcGh1c2g",      // map:maphush
    "YXV0aDphdXRoaHVzaA",   // auth:authhush
    "cHJveHk6cHJveHlodXNo", // proxy:proxyhush
];

#[track_caller]
fn silent(what: &str, bytes: &[u8]) {
    for secret in SECRETS {
        let told = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!told, "{what} tells {secret}: {}", String::from_utf8_lossy(bytes));
    }
}

/// The dashboard's prompt says what is wrong with a seed as the command line does.
#[test]
fn what_is_said_of_a_seed_tells_no_password() {
    for text in ["ftp://u:hush@h/", "u:hush@h", "hush:x@h", "http://u:hush@[", "//u:hu/sh@["] {
        let mut said = vec![parse_seed(text).unwrap_err().to_string()];
        #[cfg(feature = "tui")]
        said.push(crawldeck::ui::prompt::seed(text).unwrap_err());
        for said in said {
            assert!(!said.contains("hush") && !said.contains("hu/sh"), "{text}: {said}");
        }
    }
}

#[test]
fn a_secret_that_begins_with_a_dash_is_a_value() {
    let (folder, web) = (folder(), Web::of_pages(&[("/", "home")]));
    for (args, sent) in [
        (["--bearer", "--hush"], "authorization: bearer --hush\r\n"),
        (["--bearer", "-hush"], "authorization: bearer -hush\r\n"),
        (["--auth", "--u:-hush"], "authorization: basic lS11Oi1odXNo"),
    ] {
        let seed = web.url("/");
        let db = tempfile::tempdir().unwrap();
        let ended = run(db.path(), &[&["crawl", &seed][..], &args].concat()).exits(0);
        let head = web.requests().last().unwrap().head.to_lowercase();
        assert!(head.contains(&sent.to_lowercase()), "{args:?}: {head}");
        assert!(!ended.stderr.contains("hush"), "{ended:?}");
    }
    for (args, said) in [
        (&["--header", "--hush"][..], "headers are written 'Name: value'"),
        (&["--header", "-hush"], "headers are written 'Name: value'"),
        (&["--header", "-x: \u{1}hush"], "not a header value"),
        (&["--auth", "--hush"], "logins are written USER:PASSWORD"),
        (&["--bearer", "--hush\u{1}"], "not a header value"),
        (&["--proxy", "--hush"], "proxies are written"),
        (&["--barer=--hush"], "unexpected argument"),
        (&["--barer", "hush", "--hosts"], "unexpected argument"),
    ] {
        for command in [&["crawl", "h"][..], &["config"], &["resume"], &[]] {
            let ended = run(folder.path(), &[command, args].concat()).exits(2);
            assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
            assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
        }
    }
}

#[test]
fn secrets_are_told_to_nobody() {
    // It is the proxy, and through it all sites.
    let web = endless();
    let proxy = format!("http://proxy:proxyhush@{}", web.address);
    let secrets = [
        ("header", "X-Key: hush"),
        ("proxy", proxy.as_str()),
        ("sitemap", "http://map:maphush@map.test/map.xml"),
    ];
    let seed = "http://seed:seed%40hush@seed.test/";
    let usual =
        ["crawl", seed, "--list", "list.txt", "--timeout", "1h", "--log-file", "log.txt", "-vv"];
    let logins = [("auth", "auth:authhush"), ("bearer", "bearerhush")];
    for (kind, login) in ["flags", "environment", "file"]
        .map(|kind| logins.map(|login| (kind, login)))
        .as_flattened()
    {
        let (kind, secrets) = (*kind, secrets.iter().chain([login]));
        let folder = folder();
        fs::write(
            folder.path().join("list.txt"),
            "http://list:listhush@list.test/\nhttp://list:hush@[\n",
        )
        .unwrap();
        let (mut args, mut variables, mut lines) = (Vec::new(), Vec::new(), String::new());
        for &(key, value) in secrets {
            match kind {
                "flags" => args.push(format!("--{key}={value}")),
                "environment" => {
                    variables.push((format!("CRAWLDECK_{}", key.to_uppercase()), value));
                }
                _ => lines.extend([key, " = '", value, "'\n"]),
            }
        }
        // Outside the folder, whose files are looked through.
        let config = tempfile::NamedTempFile::new().unwrap();
        fs::write(config.path(), lines).unwrap();
        let mut variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        variables.push(("CRAWLDECK_CONFIG", config.path().to_str().unwrap()));
        let all = |more: &[&'static str]| -> Vec<String> {
            more.iter().map(|arg| (*arg).to_owned()).chain(args.clone()).collect()
        };
        let look = |ended: &Ended| {
            silent("standard output", ended.stdout.as_bytes());
            silent("standard error", ended.stderr.as_bytes());
            for entry in fs::read_dir(folder.path()).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap() != "list.txt" {
                    silent(&path.display().to_string(), &fs::read(&path).unwrap());
                }
            }
        };
        let run = |args: &[String], variables: &[(&str, &str)]| {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ended = stopped(&folder, &web, variables, &args);
            look(&ended);
        };
        run(&all(&usual), &variables);
        let heads: Vec<String> =
            web.requests().iter().map(|request| request.head.clone()).collect();
        let sent = |what: &str| heads.iter().any(|head| head.contains(what));
        assert!(sent("cHJveHk6cHJveHlodXNo"), "{kind}: the proxy is not told: {heads:?}");
        assert!(
            sent("hush") && sent("c2VlZDpzZWVkQGh1c2g"),
            "{kind}: the seed is not told: {heads:?}"
        );
        assert!(sent("bGlzdDpsaXN0aHVzaA"), "{kind}: the list's host is not told");
        // Other programs' parts log too, if asked to.
        let mut traced = variables.clone();
        traced.push(("CRAWLDECK_LOG", "trace"));
        run(&all(&["resume", "--log-file", "log.txt", "-vv"]), &traced);
        let log = fs::read_to_string(folder.path().join("log.txt")).unwrap();
        assert!(log.contains("seed.test"), "{kind}: the log says nothing: {log}");
        for more in [
            &["config"][..],
            &["config", "--json"],
            &["crawl", "--help"],
            &["crawl", seed, "--db", "redis://u:hush@h"],
        ] {
            let args = all(more);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            if more[1..] == ["--help"] && kind == "flags" {
                continue;
            }
            look(&with(&folder, &variables, &args));
        }
    }
}
