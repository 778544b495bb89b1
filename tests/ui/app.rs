//! The promise: every key does what the table says, and no key breaks the dashboard.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crate::keyboard::{press, said};
use std::collections::HashMap;

use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::{App, Effect};
use crawldeck::ui::keys::{self, Binding, BoundKey, KEYS, KeyContext, KeyMap};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

fn event(key: BoundKey) -> KeyEvent {
    let held = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
    KeyEvent::new(key.code, held)
}

#[test]
fn every_key_in_the_table_gives_its_action() {
    for binding in KEYS {
        for key in binding.keys.iter() {
            let action = KeyMap::default().action_for(event(*key), binding.context);
            assert_eq!(action, Some(binding.action), "{}", key.name());
        }
    }
}

#[test]
fn no_key_means_two_things_and_no_action_is_listed_twice() {
    let mut seen = HashMap::new();
    for binding in KEYS {
        for key in binding.keys.iter() {
            assert_eq!(
                seen.insert((*key, binding.context), binding.action),
                None,
                "{} is bound twice",
                key.name()
            );
        }
    }
    for (i, binding) in KEYS.iter().enumerate() {
        let is_same = |b: &Binding| {
            // A prompt and the race say for themselves which keys act.
            let is_here = b.context == binding.context || binding.context.falls_back();
            b.action == binding.action && is_here
        };
        assert!(!KEYS[..i].iter().any(is_same), "{:?}", binding.action);
        assert!(!binding.help.is_empty() && binding.help.len() <= 45, "{}", binding.help);
    }
}

#[test]
fn dials_turn_ten_times_as_far_with_a_modifier() {
    let with = |c, held| {
        KeyMap::default().action_for(KeyEvent::new(KeyCode::Char(c), held), KeyContext::Anywhere)
    };
    let ten = Some(Action::Turn(Dial::Permits, 10));
    assert_eq!(with('+', KeyModifiers::ALT), ten);
    assert_eq!(with('=', KeyModifiers::ALT | KeyModifiers::SHIFT), ten);
    assert_eq!(with('+', KeyModifiers::SHIFT), ten);
    assert_eq!(with('+', KeyModifiers::CONTROL), ten);
    assert_eq!(with('{', KeyModifiers::ALT), Some(Action::Turn(Dial::Queue, -100)));
    assert_eq!(with('q', KeyModifiers::ALT), None, "Alt makes another key of the rest");
    assert_eq!(with('u', KeyModifiers::CONTROL), None);
    assert_eq!(with('G', KeyModifiers::SHIFT), Some(Action::Last));
}

#[test]
fn keys_of_the_dashboard_are_text_in_a_prompt_and_nothing_in_the_race() {
    for context in [KeyContext::Prompt, KeyContext::Race] {
        for binding in KEYS.iter().filter(|b| b.context != context) {
            for key in binding.keys.iter() {
                let of_its_own = KEYS.iter().find(|b| b.context == context && b.keys.contains(key));
                let action = KeyMap::default().action_for(event(*key), context);
                assert_eq!(action, of_its_own.map(|b| b.action), "{} in {context:?}", key.name());
            }
        }
    }
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    let text: String = KEYS
        .iter()
        .flat_map(|b| b.keys.iter())
        .filter(|k| !k.ctrl)
        .filter_map(|k| k.code.as_char())
        .collect();
    assert_eq!(press(&mut app, &snapshot, &format!(":{text}")), None);
    assert_eq!(app.prompt.as_ref().unwrap().input.value(), text);
    for (c, effect) in
        [('c', Effect::Send(Command::Stop)), ('l', Effect::Redraw), ('z', Effect::Suspend)]
    {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(app.key(key, &snapshot), Some(effect), "Ctrl-{c}");
        assert!(app.prompt.is_some());
    }
    assert_eq!(press(&mut app, &snapshot, "\x1b"), None);
    assert!(app.prompt.is_none());
}

#[test]
fn every_action_does_what_it_says() {
    let snapshot = fixtures::permits_limited();
    let send = |command| Some(Effect::Send(command));
    for (action, effect) in [
        (Action::Turn(Dial::Permits, 1), send(Command::Nudge(Dial::Permits, 1))),
        (Action::Turn(Dial::Rate, -1), send(Command::Nudge(Dial::Rate, -1))),
        (Action::Turn(Dial::Queue, 100), send(Command::Nudge(Dial::Queue, 100))),
        (Action::Pause, send(Command::TogglePause)),
        (Action::Undo, send(Command::Undo)),
        (Action::Stop, send(Command::Stop)),
        (Action::Mouse, Some(Effect::Mouse(true))),
        (Action::Redraw, Some(Effect::Redraw)),
        (Action::Suspend, Some(Effect::Suspend)),
        (Action::Ask, None),
        (Action::Help, None),
        (Action::Freeze, None),
    ] {
        assert_eq!(App::new().update(action, &snapshot), effect, "{action:?}");
    }
    // The rest changes what is seen.
    for binding in KEYS {
        let mut app = App::new();
        app.update(binding.action, &snapshot);
        let expected = match binding.action {
            Action::Show(tab) => tab,
            Action::NextTab => Tab::Workers,
            Action::PreviousTab => Tab::Log,
            _ => Tab::Deck,
        };
        assert_eq!(app.tab, expected, "{:?}", binding.action);
    }
}

#[test]
fn releases_mean_nothing() {
    let snapshot = fixtures::permits_limited();
    let mut release = KeyEvent::from(KeyCode::Char('+'));
    release.kind = KeyEventKind::Release;
    assert_eq!(App::new().key(release, &snapshot), None);
    release.kind = KeyEventKind::Repeat;
    assert!(App::new().key(release, &snapshot).is_some());
}

#[test]
fn q_stops_gracefully_then_at_once_then_leaves() {
    let mut snapshot = fixtures::permits_limited();
    let mut app = App::new();
    assert_eq!(press(&mut app, &snapshot, "q"), Some(Effect::Send(Command::Stop)));
    assert!(!app.done(&snapshot));
    snapshot.run = RunState::Stopping;
    assert_eq!(press(&mut app, &snapshot, "q"), Some(Effect::Send(Command::StopNow)));
    snapshot.run = RunState::Stopped;
    assert!(app.done(&snapshot), "a stop that the user asked for ends the dashboard");
}

#[test]
fn a_crawl_that_ends_by_itself_stays_on_screen() {
    let snapshot = fixtures::complete();
    let mut app = App::new();
    assert!(!app.done(&snapshot));
    assert_eq!(press(&mut app, &snapshot, "+"), None);
    assert_eq!(said(&app, &snapshot), "the crawl is over: q leaves");
    assert_eq!(press(&mut app, &snapshot, "q"), None);
    assert!(app.done(&snapshot));
}

#[test]
fn a_crawl_that_completes_while_stopping_ends_the_dashboard() {
    let mut app = App::new();
    press(&mut app, &fixtures::permits_limited(), "q");
    assert!(app.done(&fixtures::complete()));
}

#[test]
fn a_busy_engine_did_not_hear_the_stop() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "q");
    app.busy(&Command::Stop, &snapshot);
    assert!(said(&app, &snapshot).starts_with("busy"));
    assert_eq!(press(&mut app, &snapshot, "q"), Some(Effect::Send(Command::Stop)));
}

#[test]
fn typed_values_are_set() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    let set = |s| Some(Effect::SendTyped(Command::Set(s)));
    assert_eq!(press(&mut app, &snapshot, ":permits 64\n"), set(Setting::Permits(64)));
    assert_eq!(press(&mut app, &snapshot, ":rate off\n"), set(Setting::Rate(None)));
    assert_eq!(press(&mut app, &snapshot, ":q\n"), Some(Effect::Send(Command::Stop)));
    assert!(app.prompt.is_none());
    assert_eq!(press(&mut app, &snapshot, ":permits 0\n"), None);
    let error = app.prompt.as_ref().unwrap().error.clone().unwrap();
    assert_eq!(error, "permits takes 1 to 4096, not 0");
    press(&mut app, &snapshot, "\x1b");
    assert!(app.prompt.is_none());
}

#[test]
fn refused_keys_say_why() {
    let snapshot = fixtures::empty();
    for (keys, why) in [
        ("u", "nothing to undo"),
        ("/", "filters work on the Hosts and Pages tabs"),
        ("s", "sorting works on the Workers, Hosts and Pages tabs"),
        ("\n", "details open on the Hosts and Pages tabs"),
        ("4\n", "no page to open"),
        ("3\n", "no host to open"),
        ("o", "hosts are selected on the Hosts tab"),
        ("3x", "no host is selected"),
        ("3+", "no host is selected"),
        ("y", "nothing to copy: Workers, Hosts and Pages have URLs"),
        ("v", "how much the log says is set on the Log tab"),
    ] {
        let mut app = App::new();
        assert_eq!(press(&mut app, &snapshot, keys), None);
        assert_eq!(said(&app, &snapshot), why);
        assert!(app.feedback(&snapshot).unwrap().refused);
    }
}

#[test]
fn an_answer_goes_with_the_next_key_or_after_five_seconds() {
    let mut snapshot = fixtures::empty();
    let mut app = App::new();
    press(&mut app, &snapshot, "u");
    snapshot.at_s += 4.0;
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "nothing to undo");
    snapshot.at_s += 2.0;
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "");
    press(&mut app, &snapshot, "u2");
    assert_eq!(said(&app, &snapshot), "");
}

#[test]
fn no_answer_outlives_the_crawl() {
    let mut snapshot = fixtures::complete();
    snapshot.notice = Some("permits are at their least already".into());
    let mut app = App::new();
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "");
    press(&mut app, &snapshot, "+");
    assert_eq!(said(&app, &snapshot), "the crawl is over: q leaves");
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "", "its time stands still");
    press(&mut app, &snapshot, "+2");
    assert_eq!(said(&app, &snapshot), "");
}

#[test]
fn the_engine_s_notice_is_shown_once() {
    let mut snapshot = fixtures::permits_limited();
    let mut app = App::new();
    snapshot.notice = Some("permits are at their least already".into());
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "permits are at their least already");
    press(&mut app, &snapshot, "2");
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "", "a key press dismisses it");
    // A second refusal in the same words, with no snapshot in between.
    snapshot.notice = Some("permits are at their least already".into());
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "permits are at their least already");
    snapshot.notice = None;
    app.see(&snapshot);
    snapshot.notice = Some("permits are at their least already".into());
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "permits are at their least already");
}

#[test]
fn the_table_for_the_readme_lists_every_key() {
    let table = keys::keys_table_markdown();
    for binding in KEYS {
        assert!(table.contains(binding.help), "{}", binding.help);
        for key in binding.keys.iter() {
            assert!(table.contains(&format!("`{}`", key.name())), "{}", key.name());
        }
    }
    assert!(table.contains("ten times the step"));
}

/// Help, a menu and a detail are left before the crawl is.
#[test]
fn q_closes_what_lies_on_top_first() {
    let snapshot = fixtures::staged();
    let mut app = App::new();
    let q = KeyEvent::from(KeyCode::Char('q'));
    for open in [Action::Help, Action::Scenes] {
        app.update(open, &snapshot);
        assert_eq!(app.key(q, &snapshot), None, "{open:?}");
        assert!(app.help.is_none() && app.scenes.is_none());
    }
    app.update(Action::Show(Tab::Pages), &snapshot);
    app.update(Action::Open, &snapshot);
    assert!(app.detail.is_some());
    assert_eq!(app.key(q, &snapshot), None);
    assert!(app.detail.is_none());
    // Ctrl-C means the crawl whatever is open.
    app.update(Action::Help, &snapshot);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(app.key(interrupt, &snapshot), Some(Effect::Send(Command::Stop)));
    assert_eq!(app.key(q, &fixtures::permits_limited()), None, "the help");
    assert_eq!(App::new().key(q, &snapshot), Some(Effect::Send(Command::Stop)));
}

/// A terminal sends Escape and a key as it sends that key with Alt.
#[test]
fn an_escape_and_a_key_in_one_read_lose_neither() {
    let snapshot = fixtures::staged();
    let mut app = App::new();
    app.update(Action::Help, &snapshot);
    let both = KeyEvent::new(KeyCode::Char('2'), KeyModifiers::ALT);
    assert_eq!(app.key(both, &snapshot), None);
    assert_eq!((app.help, app.tab), (None, Tab::Workers));
    app.update(Action::Ask, &snapshot);
    let both = KeyEvent::new(KeyCode::Char('1'), KeyModifiers::ALT);
    app.key(both, &snapshot);
    assert!(app.prompt.is_none());
    assert_eq!(app.tab, Tab::Deck);
}

#[test]
fn arrows_on_the_deck_choose_a_dial_and_turn_it() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    let mut arrow = |code| app.key(KeyEvent::from(code), &snapshot);
    assert_eq!(arrow(KeyCode::Up), None, "the first one selects");
    let turn = |dial, steps| Some(Effect::Send(Command::Nudge(dial, steps)));
    assert_eq!(arrow(KeyCode::Up), turn(Dial::Permits, 1));
    assert_eq!(arrow(KeyCode::Down), turn(Dial::Permits, -1));
    arrow(KeyCode::Right);
    assert_eq!(arrow(KeyCode::Down), turn(Dial::Workers, -1));
    arrow(KeyCode::Right);
    assert_eq!(arrow(KeyCode::Up), turn(Dial::Queue, 10), "by the step of its key");
    for _ in 0..3 {
        arrow(KeyCode::Left);
    }
    assert_eq!(
        arrow(KeyCode::Up),
        turn(Dial::ParseThreads, 1),
        "round, and without a key of its own"
    );
    arrow(KeyCode::Esc);
    assert_eq!(app.dial, None);
    // On other tabs arrows move in lists.
    app.dial = Some(Dial::Permits);
    app.update(Action::Show(Tab::Pages), &snapshot);
    assert_eq!(app.key(KeyEvent::from(KeyCode::Up), &snapshot), None);
}
