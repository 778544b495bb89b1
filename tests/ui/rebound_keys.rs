//! The promise: keys that were chosen do what they are chosen for, and everything on screen names them.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;

use crate::fixtures;
use crate::screen::{render, screen};
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::settings::key_settings::{KeyChoice, KeyPreset, KeySettings};
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::{App, Effect};
use crawldeck::ui::keys::{BoundKey, KEYS, KeyContext, KeyMap};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use regex::Regex;

fn settings(preset: KeyPreset, choices: &[&str]) -> KeySettings {
    let choices = choices.iter().map(|choice| choice.parse::<KeyChoice>().unwrap()).collect();
    KeySettings { preset, choices }
}

fn chosen(choices: &[&str]) -> Result<KeyMap, String> {
    KeyMap::new(&settings(KeyPreset::Standard, choices))
}

fn dashboard(keys: KeyMap) -> App {
    let mut app = App::new();
    app.keys = keys;
    app
}

fn event(key: BoundKey) -> KeyEvent {
    let held = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
    KeyEvent::new(key.code, held)
}

/// Another key for every action: Greek and Cyrillic letters, and function keys in the prompt.
fn all_others() -> KeyMap {
    let letters = ('α'..='ω').chain('а'..='я').chain('А'..='Я').chain('Α'..='Ρ');
    let mut letters = letters.filter(|c| *c != 'ς');
    let mut keys = 1..;
    let choices = KEYS.iter().map(|row| KeyChoice {
        action: row.name.to_owned(),
        keys: vec![match row.context {
            KeyContext::Prompt => format!("F{}", keys.next().unwrap()),
            _ => letters.next().unwrap().to_string(),
        }],
    });
    KeyMap::new(&KeySettings { preset: KeyPreset::Standard, choices: choices.collect() }).unwrap()
}

#[test]
fn every_action_has_a_name_of_its_own() {
    let names: BTreeSet<_> = KEYS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), KEYS.len());
    let form = Regex::new("^[a-z]+(-[a-z0-9]+)*$").unwrap();
    assert!(names.iter().all(|name| form.is_match(name)), "{names:?}");
}

#[test]
fn chosen_keys_do_what_those_of_the_table_did_and_those_nothing() {
    let map = all_others();
    for (row, before) in map.rows().iter().zip(KEYS) {
        for key in row.keys.iter() {
            assert_eq!(map.action_for(event(*key), row.context), Some(row.action), "{}", row.name);
        }
        for key in before.keys.iter().filter(|key| **key != BoundKey::INTERRUPT) {
            assert_eq!(map.action_for(event(*key), row.context), None, "{}", key.name());
        }
    }
    // Those that were not chosen stay.
    let map = chosen(&["pause=Y"]).unwrap();
    let action = |c| map.action_for(KeyEvent::from(KeyCode::Char(c)), KeyContext::Anywhere);
    assert_eq!(
        [action('Y'), action(' '), action('u')],
        [Some(Action::Pause), None, Some(Action::Undo)]
    );
    // Ctrl-C always stops; a stop by another key closes what lies open first, as `q` does.
    let mut app = dashboard(chosen(&["stop=X"]).unwrap());
    let snapshot = fixtures::permits_limited();
    app.update(Action::Help, &snapshot);
    assert_eq!(app.key(KeyEvent::from(KeyCode::Char('X')), &snapshot), None);
    assert_eq!(app.help, None);
    let interrupt = app.key(event(BoundKey::INTERRUPT), &snapshot);
    assert!(matches!(interrupt, Some(Effect::Send(_))), "{interrupt:?}");
}

/// Everything that the dashboard can show of these snapshots, one screen after the other.
fn shown(keys: &KeyMap) -> String {
    let mut out = String::new();
    let mut snapshots: Vec<Snapshot> = fixtures::all().into_iter().map(|(_, s)| s).collect();
    snapshots.extend([
        fixtures::cruising(),
        fixtures::pinned(),
        fixtures::half_tuned(),
        fixtures::staged(),
    ]);
    let stopping = Snapshot { run: RunState::Stopping, ..fixtures::permits_limited() };
    snapshots.push(stopping);
    let opened = [
        None,
        Some(Action::Help),
        Some(Action::Open),
        Some(Action::Faults),
        Some(Action::Scenes),
        Some(Action::Ask),
        Some(Action::Filter),
        Some(Action::Exclude),
        Some(Action::Seed),
        Some(Action::Right),
        Some(Action::FaultOff),
    ];
    // What opens looks alike whatever the crawl does.
    let opens = [1, 5, 8, 12, snapshots.len() - 2].map(|at| std::ptr::from_ref(&snapshots[at]));
    for snapshot in &snapshots {
        for tab in Tab::ALL {
            let all = opens.contains(&std::ptr::from_ref(snapshot));
            for open in opened.into_iter().filter(|open| all || open.is_none()) {
                let mut app = dashboard(keys.clone());
                app.tab = tab;
                app.see(snapshot);
                if let Some(action) = open {
                    app.update(action, snapshot);
                }
                let pages = if open == Some(Action::Help) { 2 } else { 1 };
                let sizes = [(80, 24), (200, 60), (120, 36)];
                let sizes = sizes.into_iter().skip(if open.is_some() { 2 } else { 0 });
                for size in sizes.flat_map(|size| std::iter::repeat_n(size, pages)) {
                    let buffer = render(&mut app, snapshot, size);
                    let width = usize::from(size.0);
                    for line in buffer.content.chunks(width) {
                        out.extend(line.iter().map(ratatui::buffer::Cell::symbol));
                        out.push('\n');
                    }
                    if pages > 1 {
                        app.update(Action::Help, snapshot);
                    }
                }
            }
        }
    }
    out
}

#[test]
fn everything_on_screen_names_the_chosen_keys() {
    let others = all_others();
    let (before, after) = (shown(&KeyMap::default()), shown(&others));
    // What follows a key on screen.
    let said = "closes|leaves|undoes it|undo|redo|raises|lowers|copies|copy|excludes|keeps|clears|adds|\
                gives it the dials|gives the database|compares|drops it|take the three|\
                lets the autopilot|pins this|turn permits|choose a dial|shows them|offers the next";
    let named = Regex::new(&format!(r"(\S+) ({said})\b")).unwrap();
    let of = |text: &str| -> BTreeSet<(String, String)> {
        named.captures_iter(text).map(|c| (c[1].to_owned(), c[2].to_owned())).collect()
    };
    let old: BTreeSet<String> =
        KEYS.iter().flat_map(|row| row.keys.iter()).map(|key| key.name()).collect();
    let (before, named_after) = (of(&before), of(&after));
    let by_key = |all: &BTreeSet<(String, String)>, keys: &BTreeSet<String>| -> BTreeSet<String> {
        all.iter().filter(|(key, _)| keys.contains(key)).map(|(_, what)| what.clone()).collect()
    };
    let new: BTreeSet<String> =
        others.rows().iter().flat_map(|row| row.keys.iter()).map(|key| key.name()).collect();
    let sentences = by_key(&before, &old);
    assert!(sentences.len() >= 18, "{sentences:?}");
    assert_eq!(by_key(&named_after, &new), sentences);
    assert_eq!(by_key(&named_after, &old), BTreeSet::new());
    // Hints of the footer and on frames, and the help.
    for (row, before) in others.rows().iter().zip(KEYS) {
        let [key, old] = [row.keys[0].name(), before.keys[0].name()];
        if row.group.is_in_help() {
            assert!(after.contains(&key), "{} is named nowhere", row.name);
        }
        if !row.hint.is_empty() {
            let stale =
                Regex::new(&format!(r" {} {}\b", regex::escape(&old), regex::escape(row.hint)));
            assert_eq!(stale.unwrap().find(&after).map(|found| found.as_str()), None);
        }
    }
    for tab in Tab::ALL {
        let key = others.name_of(Action::Show(tab));
        assert!(after.contains(&format!("{key} {}", tab.name())), "{}", tab.name());
    }
}

#[test]
fn what_a_scene_waits_for_is_named_by_its_keys() {
    let map = chosen(&["faults=F6", "faults-off=ö", "command=F2"]).unwrap();
    let words = "{faults} {faults-off} gives the database back";
    assert_eq!(map.filled(words), "F6 ö gives the database back");
    assert_eq!(map.filled("a { b"), "a { b");
    assert_eq!(map.typed("rate N"), "F2 rate N");
    assert_eq!(KeyMap::default().typed("rate N"), ":rate N");
    // What stands in braces is an action.
    let braces = Regex::new(r"\{([a-z-]+)\}").unwrap();
    let text = include_str!("../../src/ui/deck/scene_steps.rs");
    let used: Vec<&str> = braces
        .captures_iter(text)
        .map(|found| found.get(1).unwrap().as_str())
        .filter(|name| name.contains('-') || KEYS.iter().any(|row| row.name == *name))
        .collect();
    assert!(used.len() >= 6, "{used:?}");
    assert!(used.iter().all(|name| KEYS.iter().any(|row| row.name == *name)), "{used:?}");
}

#[test]
fn presets_are_single_presses_and_clash_with_nothing() {
    for preset in KeyPreset::ALL {
        KeyMap::new(&settings(preset, &[])).unwrap();
    }
    let map = KeyMap::new(&settings(KeyPreset::AltGr, &[])).unwrap();
    for row in map.rows() {
        for key in row.keys.iter().filter_map(|key| key.code.as_char()) {
            assert!(!r"[]{}\|@~^`".contains(key), "{} needs AltGr or a dead key: {key}", row.name);
        }
    }
    let changed = map.rows().iter().zip(KEYS).filter(|(row, before)| row.keys != before.keys);
    for (row, _) in changed {
        let [key] = &row.keys[..] else { panic!("{}", row.name) };
        assert!(key.code.as_char().is_some_and(|c| c.is_ascii_lowercase()), "{}", row.name);
    }
    let mut app = dashboard(map);
    let text = screen(&render(&mut app, &fixtures::draining(), (140, 36)));
    assert!(text.contains("i d workers 24") && text.contains("t c queue 50"), "{text}");
    // A choice stands above its preset.
    let own = settings(KeyPreset::AltGr, &["workers-up=F6"]);
    assert_eq!(KeyMap::new(&own).unwrap().name_of(KEYS[2].action), "F6");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    for (choices, says) in [
        (
            &["pauze=p"][..],
            "no action is called 'pauze'; the nearest is pause (docs/keys.md lists them)",
        ),
        (&["pause=Hyper"], "'Hyper' is no key: x, X, +, Ctrl-x, F5"),
        (&["pause="], "pause would have no key: give it one"),
        (
            &["pause=u"],
            "u would be two things at once: pause (pause, or resume) and undo (undo the last change); \
             give one of them another key",
        ),
        (&["pause=Y", "undo=Y"], "Y would be two things at once: pause"),
        // Of a context and of everywhere else.
        (&["host-limit-up=q"], "and host-limit-up (on the Hosts tab: host's limit up)"),
        (&["pause=0"], "0 would be two things at once: pause"),
        (&["fault-up=F", "fault-down=n"], "F would be two things at once: faults"),
        // What typing needs.
        (&["submit=x"], "x cannot be submit: a prompt needs that key for typing"),
        (&["prompt-close=Ctrl-w"], "Ctrl-W cannot be prompt-close"),
        (&["prompt-redraw=Left"], "← cannot be prompt-redraw"),
        (&["redo=Ctrl-c"], "Ctrl-C would be two things at once: redo"),
    ] {
        let name = |text: &&str| text.replace("submit", "prompt-submit");
        let choices: Vec<String> = choices.iter().map(name).collect();
        let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
        let said = chosen(&choices).expect_err(says);
        let says = says.replace("be submit", "be prompt-submit");
        assert!(said.contains(&says), "{choices:?}: {said}");
        assert_eq!(said.lines().count(), 1);
    }
    // What shares a key on purpose may go on to do so, and two actions may change places.
    for choices in [
        &["permits-up=i", "host-limit-up=i"][..],
        &["pause=u", "undo=Space"],
        &["tab-deck=6", "tab-log=1"],
        &["up=i", "fault-up=i"],
        &["prompt-submit=Enter F5"],
        &["race-stop=x"],
    ] {
        chosen(choices).unwrap_or_else(|said| panic!("{choices:?}: {said}"));
    }
}
