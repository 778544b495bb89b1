//! The promise: tables are filtered, sorted, walked through, copied from and frozen as they say.
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

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::ui::action::Tab;
use crawldeck::ui::app::{App, Effect};
use crawldeck::ui::tables;
use ratatui::style::Modifier;

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

/// The titles of the table, and the marked one.
fn titles(app: &mut App, snapshot: &Snapshot, size: (u16, u16)) -> (String, String) {
    let buffer = render(app, snapshot, size);
    let row: Vec<_> = (0..size.0).map(|x| &buffer[(x, 3)]).collect();
    let marked = row.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED));
    (
        row.iter().map(|cell| cell.symbol()).collect(),
        marked.map(|cell| cell.symbol()).collect::<String>().trim().to_owned(),
    )
}

#[test]
fn the_column_to_sort_by_is_chosen() {
    let snapshot = fixtures::thousand();
    let mut app = App::new();
    let times = |app: &App| -> Vec<_> {
        let (order, _) = tables::workers(&snapshot, &app.workers);
        order.iter().map(|i| snapshot.workers[*i].for_ms).collect()
    };
    let size = (120, 36);
    press(&mut app, &snapshot, "2jjs");
    assert_eq!(titles(&mut app, &snapshot, size).1, "▼worker");
    press(&mut app, &snapshot, "ll");
    assert_eq!(titles(&mut app, &snapshot, size).1, "for");
    assert_eq!(said(&app, &snapshot), "Enter sorts by for");
    assert_eq!(app.workers.sort, 0, "nothing is sorted yet");
    let footer = screen(&render(&mut app, &snapshot, size));
    assert!(
        footer.contains("← → column   Enter sort by it, again: reverse   Esc close"),
        "{footer}"
    );
    press(&mut app, &snapshot, "\n");
    assert!(times(&app).is_sorted_by(|a, b| a >= b));
    assert_eq!(app.workers.selected, None, "the view goes to the top");
    assert_eq!(titles(&mut app, &snapshot, size).1, "▼for");
    press(&mut app, &snapshot, "\n");
    assert!(times(&app).is_sorted());
    assert_eq!(titles(&mut app, &snapshot, size).1, "▲for");
    // Rows are still walked through, and the order still turns round by its own key.
    press(&mut app, &snapshot, "jr");
    assert!(times(&app).is_sorted_by(|a, b| a >= b));
    press(&mut app, &snapshot, "\x1b");
    let (row, marked) = titles(&mut app, &snapshot, size);
    assert!(row.contains("▼for") && marked.is_empty(), "{row}");
    // Around the edges, to the column of pages; `s` and `q` leave as well.
    press(&mut app, &snapshot, "shhh\ns");
    assert_eq!((app.workers.sort, app.chooses_column()), (5, false));
    let (order, _) = tables::workers(&snapshot, &app.workers);
    assert!(order.iter().map(|i| snapshot.workers[*i].pages).is_sorted_by(|a, b| a >= b));
    assert_eq!(press(&mut app, &snapshot, "sq"), None);
    assert!(!app.chooses_column());
    press(&mut app, &snapshot, "s12");
    assert!(!app.chooses_column(), "another tab ends it");
}

#[test]
fn every_column_of_every_table_can_be_chosen_and_clicked() {
    let snapshot = fixtures::hosts();
    for (tab, key) in [(Tab::Workers, "2"), (Tab::Hosts, "3"), (Tab::Pages, "4")] {
        let mut app = App::new();
        press(&mut app, &snapshot, key);
        let columns = app.sortable_columns();
        let mut marks = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            press(&mut app, &snapshot, if at == 0 { "s" } else { "l" });
            marks.push(titles(&mut app, &snapshot, (200, 60)).1);
            // Where its title has no room, it is still named.
            assert!(said(&app, &snapshot).contains(column), "{column}");
        }
        assert!(marks.iter().all(|mark| !mark.is_empty()), "{tab:?}: {marks:?}");
        press(&mut app, &snapshot, "\x1b");
        app.sort_by(columns.len() - 1, &snapshot);
        for (column, mark) in marks.iter().enumerate() {
            app.sort_by(column, &snapshot);
            let (row, _) = titles(&mut app, &snapshot, (200, 60));
            let mark = mark.trim_matches('▼');
            assert!(
                row.contains(&format!("▼{mark}")) || row.contains(&format!("{mark}▼")),
                "{row}"
            );
            app.sort_by(column, &snapshot);
            let (row, _) = titles(&mut app, &snapshot, (200, 60));
            assert!(row.contains('▲'), "{row}");
        }
        app.sort_by(columns.len(), &snapshot);
        assert!(titles(&mut app, &snapshot, (200, 60)).0.contains('▲'), "no such column");
    }
    let mut app = App::new();
    assert_eq!(press(&mut app, &snapshot, "s"), None);
    assert!(said(&app, &snapshot).contains("Workers, Hosts and Pages"));
}
