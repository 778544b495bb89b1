//! Promise: `config` shows every option, and what it prints reads back as a configuration file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;

use super::configured::{file, folder, is, settings};
use crate::support::run;
use clap::{CommandFactory, Parser};
use crawldeck::cli::{Cli, Subcommand};
use crawldeck::settings::Settings;

/// Each option with a value that is not its default.
const OTHER: &str = r#"
permits = 11
workers = 17
queue = 101
rate = 2.5
parse-threads = 3
autopilot = "gentle"
max-permits = 77
per-host = 2
delay = "2s"
max-robots-delay = "1m"
host-backoff = "2m"
max-host-backoff = "1h"
host-give-up-after = "1h"
ignore-robots = true
respect-nofollow = "links"
attempts = 4
backoff = "3s"
timeout = "1m30s"
max-body = "1025B"
max-decompression-ratio = 100
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
store-links = false
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
breaker-min-requests = 9
breaker-cooldown = "6s"
breaker-max-cooldown = "6m"
breaker-reset-after = "6m"
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
theme = 'light'
color = '256'
ascii = true
no-motion = true
window-title = true
bell = true
keys = 'altgr'
bind = { pause = 'F9', workers-up = ['F6', 'i'] }
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
        .filter(|a| !matches!(a.get_id().as_str(), "config" | "help" | "recrawl"));
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
    let args = ["config", "http://u:hush@h/", "--permits", "3", "other", "--recrawl"];
    let shown = run(folder.path(), &args).exits(0).stdout;
    let seeds = "# seeds = [\"http://***@h/\", \"http://other/\"]  # command line\n";
    assert_eq!(shown, format!("{seeds}# recrawl = true  # --recrawl\n\n{plain}"));
    let json = |args: &[&str]| run(folder.path(), args).exits(0).json();
    assert_eq!(json(&["config", "h", "--recrawl", "--json"]), json(&["config", "--json"]));
    let refused = run(folder.path(), &["config", "ftp://u:hush@h"]).exits(2).stderr;
    assert!(refused.contains("only http and https") && !refused.contains("hush"), "{refused}");
    assert!(!folder.path().join("crawldeck.db").exists());
}

/// The settings after `args`, with defaults for what is not given.
fn after(args: &[&str]) -> Settings {
    let all = ["crawldeck", "crawl", "h"].iter().chain(args);
    let Some(Subcommand::Crawl { options, .. }) = Cli::try_parse_from(all).unwrap().command else {
        panic!("{args:?}")
    };
    let mut settings = Settings::default();
    options.apply(&mut settings);
    settings
}

#[test]
fn stated_defaults_hold_and_every_option_has_an_effect_of_its_own() {
    assert_eq!(after(&[]), Settings::default());
    let others = "permits=9 workers=9 queue=9 rate=9 parse-threads=9 autopilot max-permits=9 per-host=9 delay=9s \
                  max-robots-delay=9s host-backoff=9s max-host-backoff=9s host-give-up-after=9s ignore-robots \
                  respect-nofollow=all attempts=9 backoff=9s timeout=9s max-body=9MiB max-decompression-ratio=9 \
                  max-redirects=9 user-agent=x contact=a@b header=a:b auth=a:b bearer=x \
                  proxy=http://h cookies http1 ca=x insecure allow-private resolve=h=127.0.0.1 \
                  depth=9 max-pages=9 max-links=9 store-links=no scope=any include=x exclude=x no-follow \
                  sitemap=http://h/ no-sitemaps max-sitemaps=9 breaker-ratio=0.9 \
                  breaker-window=9 breaker-min-requests=9 breaker-cooldown=9s breaker-max-cooldown=9s \
                  breaker-reset-after=9s trap-repeats=9 trap-segments=9 trap-length=9 trap-queries=9 \
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
        !matches!(heading, None | Some("Output" | "Dashboard" | "Logging"))
            && !matches!(option.get_id().as_str(), "list" | "recrawl")
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
