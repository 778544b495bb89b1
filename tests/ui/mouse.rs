//! The promise: while the mouse is on, what is seen can be clicked, and nothing behind what lies on top.

use crate::fixtures;
use crate::keyboard::press;
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::action::Tab;
use crawldeck::ui::app::{App, Effect};
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZE: (u16, u16) = (120, 36);

/// Draws, and finds the first cell of a text.
fn find(app: &mut App, snapshot: &Snapshot, text: &str) -> (u16, u16) {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let theme = Theme::dark(ColorDepth::Ansi);
    terminal.draw(|frame| draw(frame, app, snapshot, theme)).unwrap();
    let buffer = terminal.backend().buffer();
    for y in 0..SIZE.1 {
        let row: Vec<&str> = (0..SIZE.0).map(|x| buffer[(x, y)].symbol()).collect();
        for x in 0..SIZE.0 {
            if row[usize::from(x)..].concat().starts_with(text) {
                return (x, y);
            }
        }
    }
    panic!("{text} is not there");
}

fn event(kind: MouseEventKind, (column, row): (u16, u16)) -> MouseEvent {
    MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }
}

fn click(app: &mut App, snapshot: &Snapshot, text: &str) -> Option<Effect> {
    let place = find(app, snapshot, text);
    app.mouse_event(event(MouseEventKind::Down(MouseButton::Left), place), snapshot)
}

#[test]
fn tabs_open() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    for tab in Tab::ALL {
        assert_eq!(click(&mut app, &snapshot, tab.name()), None);
        assert_eq!(app.tab, tab);
    }
}

#[test]
fn a_row_is_selected_and_opens_at_the_second_click() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    press(&mut app, &snapshot, "3");
    click(&mut app, &snapshot, "down.example");
    let selected = app.selected_host(&snapshot).unwrap().host.to_string();
    assert_eq!((selected.as_str(), app.host_open), ("down.example:8443", None));
    click(&mut app, &snapshot, "down.example");
    assert_eq!(app.host_open, Some(0));
}

#[test]
fn a_title_sorts_and_once_more_the_other_way_round() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    press(&mut app, &snapshot, "3");
    click(&mut app, &snapshot, "queued");
    assert_eq!((app.hosts.sort, app.hosts.reverse), (2, false));
    click(&mut app, &snapshot, "▼queued");
    assert_eq!((app.hosts.sort, app.hosts.reverse), (2, true));
}

#[test]
fn what_lies_on_top_takes_the_click() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "?");
    click(&mut app, &snapshot, "4 Pages");
    assert_eq!(app.tab, Tab::Deck, "the help lies over the tabs");
    let snapshot = fixtures::staged();
    press(&mut app, &snapshot, "\x1bD");
    let started = click(&mut app, &snapshot, "2 slow database");
    assert_eq!(started, Some(Effect::Send(Command::Scene(Some(Scene::SlowDatabase)))));
}

#[test]
fn the_wheel_scrolls_tables_and_turns_no_dial() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    let notch = |app: &mut App, kind| app.mouse_event(event(kind, (40, 20)), &snapshot);
    for _ in 0..3 {
        assert_eq!(notch(&mut app, MouseEventKind::ScrollDown), None);
    }
    assert!(app.dial.is_none(), "the Deck has nothing to scroll");
    press(&mut app, &snapshot, "3");
    let first = app.selected_host(&snapshot).unwrap().host.clone();
    notch(&mut app, MouseEventKind::ScrollDown);
    assert_ne!(app.selected_host(&snapshot).unwrap().host, first);
    notch(&mut app, MouseEventKind::ScrollUp);
    assert_eq!(app.selected_host(&snapshot).unwrap().host, first);
}
