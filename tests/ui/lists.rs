//! The promise: tables are filtered, sorted, walked through, copied from and frozen as they say.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crate::keyboard::press;
use std::sync::Arc;

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::ui::app::{App, Effect};

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
    assert_eq!(found("404"), found("4xx"), "not the page whose URL ends in 12404");
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
