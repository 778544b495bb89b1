//! Promise: keys of the dashboard come from file, environment and flags, and what cannot be is refused with its
//! place.
#![cfg(feature = "tui")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use super::configured::{file, folder, is, with};
use crate::support::run;

#[test]
fn keys_come_from_all_sources() {
    let folder = folder();
    file(&folder, "keys = 'altgr'\n[bind]\npause = 'F9'\nworkers-up = ['F6', 'i']\n");
    let printed = run(folder.path(), &["config"]).exits(0).stdout;
    is(&printed, "keys", "\"altgr\"", "crawldeck.toml");
    is(&printed, "bind", "{ pause = \"F9\", workers-up = \"F6 i\" }", "crawldeck.toml");
    // A list is replaced as a whole.
    let variables = [("CRAWLDECK_BIND", "pause=Z\nundo=F5"), ("CRAWLDECK_KEYS", "standard")];
    let printed = with(&folder, &variables, &["config"]).exits(0).stdout;
    is(&printed, "keys", "\"standard\"", "environment CRAWLDECK_KEYS");
    is(&printed, "bind", "{ pause = \"Z\", undo = \"F5\" }", "environment CRAWLDECK_BIND");
    let flags = ["config", "--bind", "permits-up==", "--bind=undo=Ctrl-x"];
    let printed = with(&folder, &variables, &flags).exits(0).stdout;
    is(&printed, "bind", "{ permits-up = \"=\", undo = \"Ctrl-x\" }", "--bind");
    is(&run(folder.path(), &["config", "--bind="]).exits(0).stdout, "bind", "{}", "--bind");
    // Other forms of the same.
    for text in [
        "bind.pause = 'F9'",
        "bind = { pause = ['F9'] }",
        "bind = ['pause=F9']",
        "bind = 'pause=F9'",
    ] {
        file(&folder, text);
        is(
            &run(folder.path(), &["config"]).exits(0).stdout,
            "bind",
            "{ pause = \"F9\" }",
            "crawldeck.toml",
        );
    }
}

#[test]
fn wrong_keys_are_refused_with_their_place() {
    let folder = folder();
    for (text, reason) in [
        (
            "[bind]\nundo = 'F5'\npauze = 'F9'",
            "crawldeck.toml, line 3: bind.pauze: no action is called 'pauze'; the nearest is pause",
        ),
        ("[bind]\npause = 'Hyper'", "crawldeck.toml, line 2: bind.pause: 'Hyper' is no key"),
        ("[bind]\npause = []", "crawldeck.toml, line 2: bind.pause: pause would have no key"),
        ("[bind]\npause = ' '", "pause would have no key: give it one (the space bar is Space)"),
        ("[bind]\npause = [['F9']]", "crawldeck.toml, line 2: bind.pause is a list of lists"),
        (
            "[bind]\npause = 'u'",
            "crawldeck.toml: bind: u would be two things at once: pause (pause, or resume) and undo",
        ),
        ("[bind]\nhost-limit-up = 'q'", "crawldeck.toml: bind: q would be two things at once"),
        (
            "[bind]\nprompt-submit = 'x'",
            "crawldeck.toml: bind: x cannot be prompt-submit: a prompt needs",
        ),
        ("keys = 'dvorak'", "line 1: keys: `dvorak` is none of standard, altgr"),
        ("bind = ['F9']", "line 1: bind: takes an action and its keys: pause=F9"),
        ("[keys]\npause = 'F9'", "line 1: keys is a table"),
    ] {
        file(&folder, text);
        for args in [
            &["crawl", "http://127.0.0.1:1/"][..],
            &["resume"],
            &["config"],
            &["demo"],
            &["tune", "h"],
        ] {
            let ended = run(folder.path(), args).exits(2);
            assert!(ended.stderr.contains(reason), "{text}: {}", ended.stderr);
            assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{text}");
        }
    }
    file(&folder, "");
    let clash = "--bind=pause=u";
    let said = run(folder.path(), &["compare", clash]).exits(2).stderr;
    assert!(said.contains("--bind: u would be two things at once"), "{said}");
    let said = with(&folder, &[("CRAWLDECK_BIND", "pause=u")], &["config"]).exits(2).stderr;
    assert!(said.contains("environment CRAWLDECK_BIND: u would be two things"), "{said}");
}
