//! Promise: options come from file, environment and flags in this order, and `config` says from
//! which.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;

use super::configured::{endless, file, folder, is, settings, stopped, stored, with};
use crate::support::{Ended, Web, run};

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
    file(&folder, "breaker-min-requests = 21");
    for args in [&["config"][..], &["crawl", "http://127.0.0.1:1/"], &["crawl", "--recrawl"]] {
        let said = run(folder.path(), args).exits(2).stderr;
        let why = "breaker-min-requests 21 (crawldeck.toml) is above breaker-window 20 (default)";
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    }
    let shows = |args: &[&str], least: &str, stderr: &str| {
        let ended = run(folder.path(), &[&["config"], args].concat()).exits(0);
        assert_eq!(
            (&*settings(&ended.stdout)["breaker-min-requests"].0, &*ended.stderr),
            (least, stderr)
        );
    };
    shows(&["--breaker-window", "21"], "21", "");
    file(&folder, "");
    let said = "crawldeck: breaker-min-requests is lowered from 8 to breaker-window 5 (--breaker-window)\n";
    shows(&["--breaker-window", "5"], "5", said);
    shows(&["--breaker-window", "8"], "8", "");
    let args = ["--breaker-window", "5", "--breaker-min-requests", "6"];
    run(folder.path(), &args).exits(2);

    let web = endless();
    stopped(&folder, &web, &[], &["crawl", &web.url("/"), "--breaker-window=6", "--timeout=1h"]);
    let ended = stopped(&folder, &web, &[], &["resume", "--breaker-min-requests", "7"]);
    assert!(ended.stderr.contains("--breaker-min-requests is lowered to 6"), "{ended:?}");
    let stored = stored(&folder.path().join("crawldeck.db"));
    assert_eq!((&stored["breaker"]["window"], &stored["breaker"]["least"]), (&6.into(), &6.into()));
}

/// Options that were renamed, with the names of before.
const RENAMED: [(&str, &str, &str); 7] = [
    ("breaker-forgive", "breaker-reset-after", "1m"),
    ("breaker-least", "breaker-min-requests", "9"),
    ("breaker-longest-rest", "breaker-max-cooldown", "1m"),
    ("breaker-rest", "breaker-cooldown", "1s"),
    ("give-up", "host-give-up-after", "1h"),
    ("max-ratio", "max-decompression-ratio", "50"),
    ("nofollow", "respect-nofollow", "links"),
];

#[test]
fn a_name_of_before_is_refused_with_the_new_one() {
    let folder = folder();
    let variable = |key: &str| format!("CRAWLDECK_{}", key.to_uppercase().replace('-', "_"));
    for (old, new, value) in RENAMED {
        for mode in ["crawl", "config", "resume"] {
            for args in
                [vec![mode, &format!("--{old}={value}")], vec![mode, &format!("--{old}"), value]]
            {
                let ended = with(&folder, &[], &args).exits(2);
                assert_eq!(
                    ended.stderr,
                    format!("crawldeck: --{old} is now --{new}\n"),
                    "{args:?}"
                );
            }
        }
        let (was, is_now) = (variable(old), variable(new));
        let ended = with(&folder, &[(&was, value)], &["config"]).exits(2);
        assert_eq!(ended.stderr, format!("crawldeck: environment {was} is now {is_now}\n"));
        let config = format!("permits = 3\n{old} = '{value}'\n");
        fs::write(folder.path().join("old.toml"), config).unwrap();
        let ended = run(folder.path(), &["config", "--config", "old.toml"]).exits(2);
        assert!(
            ended.stderr.ends_with(&format!("old.toml, line 2: {old} is now {new}\n")),
            "{ended:?}"
        );
        // The new name is taken everywhere.
        let flag = format!("--{new}={value}");
        let ended = with(&folder, &[], &["config", &flag]).exits(0);
        assert_eq!(settings(&ended.stdout)[new].1, format!("--{new}"));
        let ended = with(&folder, &[(&is_now, value)], &["config"]).exits(0);
        assert_eq!(settings(&ended.stdout)[new].1, format!("environment {is_now}"));
    }
    let ended = run(folder.path(), &["crawl", "--again"]).exits(2);
    assert_eq!(ended.stderr, "crawldeck: --again is now --recrawl\n");
    // A flag alone: no source had it before.
    file(&folder, "again = true");
    let ended = run(folder.path(), &["config"]).exits(2);
    assert!(ended.stderr.contains("again is no option"), "{ended:?}");
}
