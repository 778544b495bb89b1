//! The promise: keys and typed commands do what they say to the selected host.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crate::keyboard::{press, said};
use crate::screen::{render, screen};
use std::sync::Arc;

use crawldeck::crawl::protocol::change::{Change, ChangeAction, SeedUndo};
use crawldeck::crawl::protocol::command::{Command, HostCommand};
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::settings::dials::Dial;
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::settings::seed_reach::{SeedGain, SeedReach};
use crawldeck::ui::app::{App, Effect};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what a key press gives")]
fn typed_to(host: &str, command: HostCommand) -> Option<Effect> {
    Some(Effect::SendTyped(Command::Host(host.into(), command)))
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
    assert_eq!(press(&mut app, &snapshot, "x"), to(api, HostCommand::SkipRemaining));
    assert_eq!(said(&app, &snapshot), "the remaining URLs of api.example are skipped: u undoes");
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
    assert_eq!(said(&app, &snapshot), "the remaining URLs of left-out.example are skipped already");
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
fn sorted_by_state_failing_hosts_come_first() {
    use crawldeck::ui::tables::hosts;
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    let first = |app: &App| snapshot.hosts[hosts(&snapshot, &app.hosts, "").0[0]].host.clone();
    press(&mut app, &snapshot, "3sl\n");
    assert_eq!(&*first(&app), "down.example:8443");
    press(&mut app, &snapshot, "l\n");
    assert_eq!(&*first(&app), "busy.example", "by what is queued");
    press(&mut app, &snapshot, "lllll\n");
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
    let exclude = |re: &str| Some(Effect::SendTyped(Command::Exclude(re.into())));
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
    // Nothing of a host is left without saying how much that is, and asking.
    for (asked, keys) in
        [("3e\n", "\n"), ("1:exclude ^http\n", "\n"), ("1:exclude .\n", "x\x7f\n\n")]
    {
        let mut app = App::new();
        assert_eq!(press(&mut app, &snapshot, asked), None, "{asked}");
        let error = app.prompt.as_ref().unwrap().error.clone().unwrap();
        let host = if asked.starts_with('3') { "127.0.0.1:8700" } else { "13 hosts" };
        assert!(error.starts_with(&format!("that is all of {host}, where ")), "{error}");
        assert!(error.contains(" URLs wait: Enter again excludes it"), "{error}");
        let sent = press(&mut app, &snapshot, keys);
        assert!(matches!(sent, Some(Effect::SendTyped(Command::Exclude(_)))), "{asked}: {sent:?}");
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
    let seed = |url: &str| Some(Effect::SendTyped(Command::AddSeed(url.parse().unwrap())));
    assert_eq!(press(&mut app, &snapshot, "aexample.org/A#b\n"), seed("http://example.org/A"));
    let sent = press(&mut app, &snapshot, ":seed https://example.org/A\n");
    assert_eq!(sent, seed("https://example.org/A"));
}

/// What the deck shows when a seed was added five seconds ago, and when it was undone two seconds ago.
fn with_seed(undone: bool) -> Snapshot {
    let mut snapshot = fixtures::permits_limited();
    let url: url::Url = "http://api.example/".parse().unwrap();
    let gain = SeedGain {
        scope: ScopeKind::Host,
        reach: SeedReach::Host("api.example".into()),
        absorbed: Vec::new(),
    };
    let undo = Some(Box::new(SeedUndo { gain, new_host: true }));
    let added = Change {
        seq: 1,
        at_s: snapshot.at_s - 5.0,
        what: ChangeAction::Seed { url: url.clone(), added: true, undo },
        undone,
        undoes: None,
        effect: None,
        ..snapshot.changes[0].clone()
    };
    let mut changes = vec![added.clone()];
    if undone {
        let what = ChangeAction::Seed { url, added: false, undo: None };
        let (at_s, undoes) = (snapshot.at_s - 2.0, Some(1));
        changes.insert(0, Change { seq: 2, at_s, what, undoes, undone: false, ..added });
    }
    snapshot.changes = changes.into();
    snapshot
}

#[test]
fn u_undoes_a_seed_and_says_so() {
    let mut app = App::new();
    let snapshot = with_seed(false);
    let sent = press(&mut app, &snapshot, "aapi.example\n");
    assert!(matches!(sent, Some(Effect::SendTyped(Command::AddSeed(_)))));
    let deck = screen(&render(&mut app, &snapshot, (120, 36)));
    assert!(deck.contains("seed http://api.example/   5 s ago"), "{deck}");
    assert!(deck.contains("▲s ") && deck.contains("u  undoes it"), "{deck}");
    assert_eq!(press(&mut app, &snapshot, "u"), Some(Effect::Send(Command::Undo)));
    let snapshot = with_seed(true);
    let deck = screen(&render(&mut app, &snapshot, (120, 36)));
    assert!(deck.contains("no longer seed http://api.example/, by undo   2 s ago"), "{deck}");
    // Another `u` would turn back what was before, of which there is nothing.
    assert!(!deck.contains("undoes it"), "{deck}");
    assert!(deck.contains("▲s off") && !deck.contains("▲s ▲"), "{deck}");
    assert_eq!(deck.matches("▲s").count(), deck.matches("▲s off").count(), "{deck}");
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
    assert_eq!(enter(":hold api.example\n"), typed_to(api, HostCommand::ToggleHold));
    assert_eq!(enter("3j:hold\n"), typed_to(api, HostCommand::ToggleHold));
    assert_eq!(
        enter("3j:release held.example\n"),
        typed_to("held.example", HostCommand::ToggleHold)
    );
    assert_eq!(enter("3j:limit 4\n"), typed_to(api, HostCommand::SetLimit(Some(4))));
    assert_eq!(enter(":limit off api.example\n"), typed_to(api, HostCommand::SetLimit(None)));
    assert_eq!(enter("3j:skip\n"), typed_to(api, HostCommand::SkipRemaining));
    assert_eq!(enter("3j:reset\n"), typed_to(api, HostCommand::ResetBreaker));
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
    assert_eq!(sent, typed_to("no.example", HostCommand::ToggleHold));
}
