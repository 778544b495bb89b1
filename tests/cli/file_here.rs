//! Promise: a configuration file that nobody named is announced, what it may harm is warned of, and no file
//! named or found holds up the start.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::io::Read;

use super::configured::{file, folder, with};
use super::small_site::small_site;
use crate::support::{run, wait_until};
use crate::terminal::Terminal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

const ANNOUNCED: &str = "crawldeck: settings from ./crawldeck.toml\n";

#[test]
fn the_file_here_is_announced_once() {
    let (web, folder) = (small_site(), folder());
    let seed = web.url("/");
    file(&folder, "permits = 3");
    let crawl = ["crawl", &seed, "--json"];
    assert_eq!(run(folder.path(), &crawl).exits(0).stderr, ANNOUNCED);
    let again = run(folder.path(), &["crawl", "--recrawl", "--json"]).exits(0);
    assert_eq!(again.stderr.matches(ANNOUNCED).count(), 1, "{}", again.stderr);
    let none = run(folder.path(), &["crawl", &seed, "--config", "none", "--json"]).exits(0);
    assert_eq!(none.stderr, "");
    let named = run(folder.path(), &["crawl", &seed, "--config", "crawldeck.toml", "--json"]);
    assert_eq!(named.exits(0).stderr, "");
}

#[test]
fn what_reaches_beyond_the_crawl_is_warned_of() {
    let (web, folder) = (small_site(), folder());
    let (seed, proxy) = (web.url("/"), web.url(""));
    let keys = [("proxy", proxy.as_str()), ("db", "here.db"), ("log-file", "here.log")];
    let line = |(key, value): (&str, &str)| format!("{key} = '{value}'\n");
    for (key, value) in keys {
        file(&folder, &line((key, value)));
        let said = run(folder.path(), &["crawl", &seed, "--json"]).stderr;
        let warned = format!("crawldeck: WARNING: ./crawldeck.toml sets {key}: ");
        assert!(said.starts_with(ANNOUNCED) && said.contains(&warned), "{said}");
        // A stronger source holds instead.
        let flag = format!("--{key}={value}");
        let said = run(folder.path(), &["crawl", &seed, "--json", &flag]).stderr;
        assert!(!said.contains("WARNING"), "{said}");
    }
    file(&folder, &keys.map(line).concat());
    let said = run(folder.path(), &["config"]).exits(0).stderr;
    assert!(said.contains("./crawldeck.toml sets proxy, db, log-file: "), "{said}");
    // Named, or the user's own.
    let text = fs::read(folder.path().join("crawldeck.toml")).unwrap();
    fs::remove_file(folder.path().join("crawldeck.toml")).unwrap();
    fs::create_dir(folder.path().join("crawldeck")).unwrap();
    fs::write(folder.path().join("crawldeck/crawldeck.toml"), text).unwrap();
    let home = ("XDG_CONFIG_HOME", folder.path().to_str().unwrap());
    assert_eq!(with(&folder, &[home], &["config"]).exits(0).stderr, "");
    let named = ["config", "--config", "crawldeck/crawldeck.toml"];
    assert_eq!(with(&folder, &[], &named).exits(0).stderr, "");
}

/// The dashboard covers what was said before it.
#[test]
fn the_log_tab_says_it_too() {
    let folder = folder();
    file(&folder, "log-file = 'here.log'");
    let command = ["crawldeck", "--pages", "2000", "--latency", "100ms"];
    let mut terminal = Terminal::start(&command, (120, 36), folder.path(), &[]);
    terminal.expect("RUNNING");
    terminal.send(b"6");
    terminal.expect(r"settings from \./crawldeck\.toml");
    terminal.expect(r"WARNING: \./crawldeck\.toml sets log-file");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 3);
    let log = fs::read_to_string(folder.path().join("here.log")).unwrap();
    assert!(log.contains("settings from ./crawldeck.toml"), "{log}");
}

#[test]
fn text_of_the_file_reaches_no_terminal() {
    let folder = folder();
    for (text, shown) in [
        (r#""\u001b]0;x\u0007\u202eyxorp" = 1"#, r"\u001b]0;x\u0007\u202eyxorp is no option"),
        (r#""\u009b31m" = []"#, r"\u009b31m is no option"),
        (r#""\u2066\u061c" = {}"#, r"\u2066\u061c is a table"),
    ] {
        file(&folder, text);
        let said = run(folder.path(), &["config"]).exits(2).stderr;
        assert!(said.contains(shown), "{said}");
        let obeyed =
            |c: char| c != '\n' && (c.is_control() || crawldeck::terminal_text::is_bidi(c));
        assert!(!said.contains(obeyed), "{said:?}");
    }
}

#[test]
fn no_file_is_read_without_end() {
    let folder = folder();
    let large = format!("permits = 3\n{}", "#".repeat(1 << 20));
    fs::write(folder.path().join("large.toml"), &large).unwrap();
    for (name, why) in [
        ("/dev/zero", "larger than 1048576 bytes"),
        ("large.toml", "larger than 1048576 bytes"),
        (".", "Is a directory"),
    ] {
        let said = run(folder.path(), &["config", "--config", name]).exits(2).stderr;
        assert!(said.contains(&format!("configuration file {name}: {why}")), "{said}");
    }
    file(&folder, &large);
    let said = run(folder.path(), &["config"]).exits(2).stderr;
    assert!(said.contains("crawldeck.toml: larger than"), "{said}");
    fs::remove_file(folder.path().join("crawldeck.toml")).unwrap();
    let crawl = ["crawl", "http://127.0.0.1:1/", "--ca", "/dev/zero"];
    let said = run(folder.path(), &crawl).exits(1).stderr;
    assert!(said.contains("/dev/zero") && said.contains("larger than"), "{said}");
}

#[test]
fn a_log_file_without_a_reader_is_refused() {
    let (web, folder) = (small_site(), folder());
    let seed = web.url("/");
    let fifo = folder.path().join("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let args = ["crawl", &seed, "--log-file", "fifo", "--json"];
    let said = run(folder.path(), &args).exits(1).stderr;
    assert_eq!(
        said,
        "crawldeck: --log-file fifo: nobody reads this FIFO: start its reader first\n"
    );
    assert_eq!(web.paths(), Vec::<String>::new());

    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || {
            let mut text = String::new();
            fs::File::open(fifo).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    // Refused until the reader is there.
    wait_until("it is read", || run(folder.path(), &args).code() == 0);
    assert!(reader.join().unwrap().contains("crawl"));
}
