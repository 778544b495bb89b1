//! The promise: every key does what the table says, and no key breaks the dashboard.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use std::collections::HashMap;
use std::sync::Arc;

use crawldeck::crawl::protocol::command::{Command, HostCommand};
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::{App, Effect};
use crawldeck::ui::keys::{self, KEYS, Key};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

fn event(key: Key) -> KeyEvent {
    let held = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
    KeyEvent::new(key.code, held)
}

fn press(app: &mut App, snapshot: &Snapshot, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        effect = app.key(KeyEvent::from(code), snapshot);
    }
    effect
}

fn said(app: &App, snapshot: &Snapshot) -> String {
    app.feedback(snapshot).map(|f| f.text).unwrap_or_default()
}

#[test]
fn every_key_in_the_table_gives_its_action() {
    for binding in KEYS {
        let tab = binding.only.unwrap_or_default();
        for key in binding.keys {
            assert_eq!(keys::action_for(event(*key), tab), Some(binding.action), "{}", key.name());
        }
    }
}

#[test]
fn no_key_means_two_things_and_no_action_is_listed_twice() {
    let mut seen = HashMap::new();
    for binding in KEYS {
        for key in binding.keys {
            assert_eq!(
                seen.insert((*key, binding.only), binding.action),
                None,
                "{} is bound twice",
                key.name()
            );
        }
    }
    for (i, binding) in KEYS.iter().enumerate() {
        assert!(KEYS[..i].iter().all(|b| b.action != binding.action), "{:?}", binding.action);
        assert!(!binding.help.is_empty() && binding.help.len() <= 45, "{}", binding.help);
    }
}

#[test]
fn dials_turn_ten_times_as_far_with_a_modifier() {
    let with = |c, held| keys::action_for(KeyEvent::new(KeyCode::Char(c), held), Tab::Deck);
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
    let set = |s| Some(Effect::Send(Command::Set(s)));
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
        ("j", "nothing to scroll on the Deck"),
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
    snapshot.notice = None;
    app.see(&snapshot);
    snapshot.notice = Some("permits are at their least already".into());
    app.see(&snapshot);
    assert_eq!(said(&app, &snapshot), "permits are at their least already");
}

#[test]
fn the_filter_is_live_and_escape_clears_it() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "4/5xx");
    assert_eq!(app.filter, "5xx");
    assert!(app.prompt.is_some());
    press(&mut app, &snapshot, "\n");
    assert_eq!((app.filter.as_str(), app.prompt.is_some()), ("5xx", false));
    press(&mut app, &snapshot, "\n");
    assert_eq!(app.detail.as_ref().unwrap().status, Some(503));
    press(&mut app, &snapshot, "\x1b");
    assert!(app.detail.is_none());
    press(&mut app, &snapshot, "\x1b");
    assert_eq!(app.filter, "");
    press(&mut app, &snapshot, "/abc\x1b");
    assert_eq!(app.filter, "");
}

#[test]
fn filters_know_status_class_state_and_text() {
    use crawldeck::ui::tables::{TableState, pages};
    let snapshot = fixtures::permits_limited();
    let found = |filter: &str| pages(&snapshot, &TableState::default(), filter).0.len();
    assert_eq!(found(""), 40);
    let classes = found("2xx") + found("4xx") + found("5xx");
    assert_eq!(classes + found("skipped") + found("timed OUT"), 40);
    assert_eq!(found("404"), found("4xx") + 1, "and the page whose URL ends in 12404");
    assert_eq!(found("/p/12399"), 1);
    assert_eq!(found("no such thing"), 0);
}

#[test]
fn the_selection_follows_its_page() {
    let mut snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "4jj\n");
    let chosen = app.detail.as_ref().unwrap().id;
    assert_eq!(chosen, snapshot.recent[2].id);
    let mut recent = vec![Arc::new(fixtures::page(99_999, "http://h/new"))];
    recent.extend(snapshot.recent.iter().cloned());
    snapshot.recent = recent.into();
    press(&mut app, &snapshot, "\n");
    assert_eq!(app.detail.as_ref().unwrap().id, chosen);
    press(&mut app, &snapshot, "j");
    assert_eq!(app.detail.as_ref().unwrap().id, snapshot.recent[4].id, "detail follows it");
    press(&mut app, &snapshot, "\x1bg");
    assert_eq!(app.pages.selected, None, "the first row follows the newest");
}

#[test]
fn copied_urls_are_harmless() {
    let snapshot = fixtures::hostile();
    let mut app = App::new();
    let Some(Effect::Copy(url)) = press(&mut app, &snapshot, "4y") else { panic!("no copy") };
    assert_eq!(url, "http://h/escape�[2J�]0;gone�");
}

#[test]
fn a_frozen_view_holds_its_picture_and_still_takes_commands() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "f");
    let later = Snapshot { at_s: 200.0, ..snapshot.clone() };
    assert!((app.shown(&later).at_s - snapshot.at_s).abs() < f64::EPSILON);
    assert!(press(&mut app, &later, "+").is_some());
    press(&mut app, &later, "f");
    assert!((app.shown(&later).at_s - 200.0).abs() < f64::EPSILON);
}

#[test]
fn sorting_cycles_and_turns_round() {
    use crawldeck::ui::tables::workers;
    let snapshot = fixtures::thousand();
    let mut app = App::new();
    press(&mut app, &snapshot, "2ss");
    let (order, _) = workers(&snapshot, &app.workers);
    let times: Vec<_> = order.iter().map(|i| snapshot.workers[*i].for_ms).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    press(&mut app, &snapshot, "r");
    let (order, _) = workers(&snapshot, &app.workers);
    let times: Vec<_> = order.iter().map(|i| snapshot.workers[*i].for_ms).collect();
    assert!(times.is_sorted());
}

#[test]
fn the_table_for_the_readme_lists_every_key() {
    let table = keys::keys_table_markdown();
    for binding in KEYS {
        assert!(table.contains(binding.help), "{}", binding.help);
        for key in binding.keys {
            assert!(table.contains(&format!("`{}`", key.name())), "{}", key.name());
        }
    }
    assert!(table.contains("ten times the step"));
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what a key press gives")]
fn to(host: &str, command: HostCommand) -> Option<Effect> {
    Some(Effect::Send(Command::Host(host.into(), command)))
}

#[test]
fn keys_act_on_the_selected_host() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    // By name: api is the second.
    press(&mut app, &snapshot, "3j");
    let api = "api.example";
    assert_eq!(press(&mut app, &snapshot, "+"), to(api, HostCommand::NudgeLimit(1)));
    assert_eq!(press(&mut app, &snapshot, "="), to(api, HostCommand::NudgeLimit(1)));
    assert_eq!(press(&mut app, &snapshot, "-"), to(api, HostCommand::NudgeLimit(-1)));
    let ten = KeyEvent::new(KeyCode::Char('-'), KeyModifiers::ALT);
    assert_eq!(app.key(ten, &snapshot), to(api, HostCommand::NudgeLimit(-10)));
    assert_eq!(press(&mut app, &snapshot, "o"), to(api, HostCommand::ToggleHold));
    assert_eq!(press(&mut app, &snapshot, "b"), to(api, HostCommand::ResetBreaker));
    assert_eq!(press(&mut app, &snapshot, "x"), to(api, HostCommand::SkipRest));
    assert_eq!(said(&app, &snapshot), "the rest of api.example is skipped: u undoes");
    // Other dials are what they are everywhere, and elsewhere these are permits again.
    let workers = Some(Effect::Send(Command::Nudge(Dial::Workers, 1)));
    assert_eq!(press(&mut app, &snapshot, "]"), workers);
    let permits = Some(Effect::Send(Command::Nudge(Dial::Permits, 1)));
    for tab in ["1", "2", "4", "5"] {
        press(&mut app, &snapshot, tab);
        assert_eq!(press(&mut app, &snapshot, "+"), permits, "on tab {tab}");
    }
}

#[test]
fn a_host_that_is_skipped_is_not_skipped_again() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    press(&mut app, &snapshot, "3/left\n");
    assert_eq!(press(&mut app, &snapshot, "x"), None);
    assert_eq!(said(&app, &snapshot), "the rest of left-out.example is skipped already");
}

#[test]
fn nothing_is_done_to_hosts_once_the_crawl_is_over() {
    let snapshot = Snapshot { run: RunState::Complete, ..fixtures::hosts() };
    for keys in ["3+", "3o", "3x", "3b", ":hold api.example\n", "3e\n", "aa.example\n"] {
        let mut app = App::new();
        assert_eq!(press(&mut app, &snapshot, keys), None, "{keys}");
        assert_eq!(said(&app, &snapshot), "the crawl is over: q leaves", "{keys}");
    }
}

#[test]
fn the_selection_stays_on_its_host_and_never_moves_to_another() {
    let mut snapshot = fixtures::hosts();
    let mut app = App::new();
    press(&mut app, &snapshot, "3jj");
    let name = |app: &App, s: &Snapshot| app.selected_host(s).map(|h| h.host.to_string());
    assert_eq!(name(&app, &snapshot).as_deref(), Some("busy.example"));
    let mut hosts = snapshot.hosts.to_vec();
    hosts.reverse();
    hosts.push(fixtures::host("aaa.example"));
    snapshot.hosts = hosts.clone().into();
    assert_eq!(name(&app, &snapshot).as_deref(), Some("busy.example"));
    // Sorting goes to the top; moving selects again.
    press(&mut app, &snapshot, "ssj");
    let second = name(&app, &snapshot).unwrap();
    press(&mut app, &snapshot, "r");
    press(&mut app, &snapshot, "gj");
    assert_ne!(name(&app, &snapshot).unwrap(), second);
    // A key that comes after its host went away must not reach the one that took its place.
    let gone = name(&app, &snapshot).unwrap();
    hosts.retain(|h| *h.host != *gone);
    snapshot.hosts = hosts.into();
    assert_eq!(press(&mut app, &snapshot, "x"), None);
    assert_eq!(said(&app, &snapshot), "no host is selected");
}

#[test]
fn sorted_by_state_trouble_comes_first() {
    use crawldeck::ui::tables::hosts;
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    let first = |app: &App| snapshot.hosts[hosts(&snapshot, &app.hosts, "").0[0]].host.clone();
    press(&mut app, &snapshot, "3s");
    assert_eq!(&*first(&app), "down.example:8443");
    press(&mut app, &snapshot, "s");
    assert_eq!(&*first(&app), "busy.example", "by what is queued");
    press(&mut app, &snapshot, "sssss");
    assert_eq!(&*first(&app), "closed.example", "by how long it waits");
}

#[test]
fn hosts_are_filtered_apart_from_pages() {
    use crawldeck::ui::tables::{TableState, hosts};
    let snapshot = fixtures::hosts();
    let found = |filter: &str| hosts(&snapshot, &TableState::default(), filter).0.len();
    assert_eq!(found(""), 13);
    assert_eq!((found("wait"), found("waits"), found("open"), found("idle")), (4, 4, 1, 1));
    assert_eq!(
        (found("example"), found("EXAMPLE:84"), found("429"), found("retry-after")),
        (12, 1, 1, 1)
    );
    assert_eq!((found("5xx"), found("delay 2 s"), found("nothing")), (2, 1, 0));
    let mut app = App::new();
    press(&mut app, &snapshot, "3/held\n");
    assert_eq!((app.host_filter.as_str(), app.filter.as_str()), ("held", ""));
    assert_eq!(press(&mut app, &snapshot, "o"), to("held.example", HostCommand::ToggleHold));
    press(&mut app, &snapshot, "\x1b");
    assert_eq!(app.host_filter, "");
}

#[test]
fn the_detail_of_a_host_opens_moves_and_closes() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    press(&mut app, &snapshot, "3j\n");
    assert!(app.host_open.is_some() && app.detail.is_none());
    press(&mut app, &snapshot, "j");
    assert_eq!(&*app.selected_host(&snapshot).unwrap().host, "busy.example");
    assert_eq!(press(&mut app, &snapshot, "o"), to("busy.example", HostCommand::ToggleHold));
    press(&mut app, &snapshot, "\x1b");
    assert!(app.host_open.is_none());
}

fn typed(app: &App) -> String {
    app.prompt.as_ref().map(|p| p.input.value().to_owned()).unwrap_or_default()
}

#[test]
fn e_excludes_what_is_below_the_selection() {
    let mut snapshot = fixtures::hosts();
    let mut app = App::new();
    press(&mut app, &snapshot, "3e");
    assert_eq!(typed(&app), r"^https?://127\.0\.0\.1:8700/");
    let sent = press(&mut app, &snapshot, "cal/\n");
    let exclude = |re: &str| Some(Effect::Send(Command::Exclude(re.into())));
    assert_eq!(sent, exclude(r"^https?://127\.0\.0\.1:8700/cal/"));
    assert!(app.prompt.is_none());
    for (url, pattern) in [
        ("http://127.0.0.1:8700/dir/page?x=1", r"^https?://127\.0\.0\.1:8700/dir/"),
        ("https://a.example/", r"^https?://a\.example/"),
        ("http://a.example/b(c)/d.e/", r"^https?://a\.example/b\(c\)/d\.e/"),
        ("not a URL", ""),
    ] {
        snapshot.recent = vec![Arc::new(fixtures::page(1, url))].into();
        press(&mut app, &snapshot, "4e");
        assert_eq!(typed(&app), pattern, "{url}");
        press(&mut app, &snapshot, "\x1b");
    }
    // Without a selection it asks all the same; nothing typed is nothing done.
    press(&mut app, &snapshot, "1e");
    assert_eq!((typed(&app).as_str(), app.prompt.is_some()), ("", true));
    assert_eq!(press(&mut app, &snapshot, "\n"), None);
    assert!(app.prompt.is_none());
}

#[test]
fn an_invalid_pattern_or_seed_is_refused_with_the_reason() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    let error = |app: &App| app.prompt.as_ref().unwrap().error.clone().unwrap();
    assert_eq!(press(&mut app, &snapshot, "3e(\n"), None);
    assert_eq!(error(&app), "no regular expression: unclosed group");
    assert_eq!(typed(&app), r"^https?://127\.0\.0\.1:8700/(", "what was typed stays");
    assert_eq!(press(&mut app, &snapshot, "\x1baftp://a/\n"), None);
    assert!(error(&app).contains("only http and https"), "{}", error(&app));
    assert_eq!(press(&mut app, &snapshot, "\x1b:exclude [\n"), None);
    assert_eq!(error(&app), "no regular expression: unclosed character class");
}

#[test]
fn a_adds_a_seed() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    let seed = |url: &str| Some(Effect::Send(Command::AddSeed(url.parse().unwrap())));
    assert_eq!(press(&mut app, &snapshot, "aexample.org/A#b\n"), seed("http://example.org/A"));
    let sent = press(&mut app, &snapshot, ":seed https://example.org/A\n");
    assert_eq!(sent, seed("https://example.org/A"));
}

#[test]
fn typed_commands_reach_the_host_named_or_selected() {
    let mut snapshot = fixtures::hosts();
    let mut app = App::new();
    let api = "api.example";
    let mut enter = |keys: &str| {
        app = App::new();
        press(&mut app, &snapshot, keys)
    };
    assert_eq!(enter(":hold api.example\n"), to(api, HostCommand::ToggleHold));
    assert_eq!(enter("3j:hold\n"), to(api, HostCommand::ToggleHold));
    assert_eq!(enter("3j:release held.example\n"), to("held.example", HostCommand::ToggleHold));
    assert_eq!(enter("3j:limit 4\n"), to(api, HostCommand::SetLimit(Some(4))));
    assert_eq!(enter(":limit off api.example\n"), to(api, HostCommand::SetLimit(None)));
    assert_eq!(enter("3j:skip\n"), to(api, HostCommand::SkipRest));
    assert_eq!(enter("3j:reset\n"), to(api, HostCommand::ResetBreaker));
    for (keys, why) in [
        (":hold held.example\n", "held.example is held already"),
        (":release api.example\n", "api.example is not held"),
        (":hold\n", "which host? name it, or select it on the Hosts tab"),
        (":hold no.example\n", "no host 'no.example' here: with its port, as in URLs"),
    ] {
        let mut app = App::new();
        assert_eq!(press(&mut app, &snapshot, keys), None, "{keys}");
        assert_eq!(said(&app, &snapshot), why);
    }
    // Of many hosts a snapshot has the first: another one may be known.
    snapshot.hosts_known = 300;
    let mut app = App::new();
    let sent = press(&mut app, &snapshot, ":hold no.example\n");
    assert_eq!(sent, to("no.example", HostCommand::ToggleHold));
}
