//! Promise: the fault panel and the menu of scenes do what they say, and look like this.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::settings::dials::Dial;
use crawldeck::settings::faults::{Fault, FaultSetting};
use crawldeck::ui::action::Tab;
use crawldeck::ui::app::{App, Effect};
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Presses keys one after the other; the effect of the last.
fn press(app: &mut App, s: &Snapshot, keys: &[KeyCode]) -> Option<Effect> {
    keys.iter().fold(None, |_, key| app.key(KeyEvent::from(*key), s))
}

fn typed(app: &mut App, s: &Snapshot, text: &str) -> Option<Effect> {
    for c in text.chars() {
        app.key(KeyEvent::from(KeyCode::Char(c)), s);
    }
    app.key(KeyEvent::from(KeyCode::Enter), s)
}

fn said(app: &App, s: &Snapshot) -> String {
    app.feedback(s).map(|f| f.text).unwrap_or_default()
}

fn screen(app: &mut App, s: &Snapshot, (width, height): (u16, u16), theme: Theme) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, s, theme)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

use KeyCode as K;

#[test]
fn faults_are_chosen_made_worse_and_taken_away_by_keys() {
    let s = fixtures::staged();
    let mut app = App::new();
    let send = |command| Some(Effect::Send(command));
    assert_eq!(press(&mut app, &s, &[K::Char('F'), K::Down, K::Down]), None);
    assert_eq!(app.fault(), Fault::SlowTail);
    let right = press(&mut app, &s, &[K::Right]);
    assert_eq!(right, send(Command::NudgeFault(Fault::SlowTail, 1)));
    let left = press(&mut app, &s, &[K::Up, K::Left]);
    assert_eq!(left, send(Command::NudgeFault(Fault::Spread, -1)));
    let off = press(&mut app, &s, &[K::Home, K::Delete]);
    assert_eq!(off, send(Command::Fault(FaultSetting { fault: Fault::Latency, level: None })));
    press(&mut app, &s, &[K::End, K::Down]);
    assert_eq!(app.fault(), Fault::Queue);
    // Enter types a level for it.
    press(&mut app, &s, &[K::Enter]);
    let set = typed(&mut app, &s, "7");
    let command = Command::Fault("queue 7".parse().unwrap());
    assert_eq!(set, Some(Effect::SendTyped(command)));
    // Dials still work beside it, and all faults end with one key, open or not.
    assert_eq!(press(&mut app, &s, &[K::Char('+')]), send(Command::Nudge(Dial::Permits, 1)));
    assert_eq!(press(&mut app, &s, &[K::Char('0')]), send(Command::ClearFaults));
    press(&mut app, &s, &[K::Esc]);
    assert!(!app.faults.open);
    assert_eq!(press(&mut app, &s, &[K::Char('0')]), send(Command::ClearFaults));
    // Closed, nothing is selected.
    assert_eq!(press(&mut app, &s, &[K::Delete]), None);
    assert_eq!(said(&app, &s), "no fault is selected: F shows them");
    // From another tab it opens where it is seen.
    press(&mut app, &s, &[K::Char('4'), K::Char('F')]);
    assert!(app.shows_faults() && app.tab == Tab::Deck);
    press(&mut app, &s, &[K::Char('F')]);
    assert!(!app.shows_faults());
}

#[test]
fn faults_and_scenes_are_typed() {
    let s = fixtures::staged();
    let send = |command| Some(Effect::SendTyped(command));
    let of = |text: &str| {
        let mut app = App::new();
        app.key(KeyEvent::from(K::Char(':')), &s);
        let effect = typed(&mut app, &s, text);
        (effect, app)
    };
    let fault = |text: &str| send(Command::Fault(text.parse().unwrap()));
    assert_eq!(of("fault latency 200ms").0, fault("latency 200ms"));
    assert_eq!(of("fault 5xx=10%").0, fault("5xx 10%"));
    assert_eq!(of("Fault bandwidth 1MiB/s").0, fault("bandwidth 1MiB/s"));
    assert_eq!(of("fault saver off").0, fault("saver off"));
    assert_eq!(of("fault off").0, send(Command::ClearFaults));
    assert_eq!(of("scene slow-server").0, send(Command::Scene(Some(Scene::SlowServer))));
    assert_eq!(of("scene Slow Server").0, send(Command::Scene(Some(Scene::SlowServer))));
    assert_eq!(of("scene moving target").0, send(Command::Scene(Some(Scene::MovingTarget))));
    assert_eq!(of("scene off").0, send(Command::Scene(None)));
    assert!(of("faults").1.shows_faults());
    assert_eq!(of("scenes").1.scenes, Some(1), "the one that is on");
    let wrong = |text: &str| of(text).1.prompt.expect("still open").error.expect(text);
    assert!(wrong("fault flood 3").starts_with("no fault is called 'flood'"));
    assert!(wrong("fault capacity 0").starts_with("capacity takes 1 to"));
    assert!(wrong("scene dawn").starts_with("no scene is called 'dawn': there are slow-server,"));
}

#[test]
fn scenes_are_chosen_from_a_menu_where_there_is_a_stage() {
    let s = fixtures::staged();
    let scene = |scene| Some(Effect::Send(Command::Scene(scene)));
    let mut app = App::new();
    // It begins with the one that is on.
    let down = press(&mut app, &s, &[K::Char('D'), K::Down, K::Enter]);
    assert_eq!(down, scene(Some(Scene::TooFewWorkers)));
    assert_eq!(app.scenes, None);
    let seventh = press(&mut app, &s, &[K::Char('D'), K::Char('7')]);
    assert_eq!(seventh, scene(Some(Scene::Recovery)));
    let ninth = press(&mut app, &s, &[K::Char('D'), K::Char('9')]);
    assert_eq!(ninth, scene(Some(Scene::MovingTarget)));
    assert_eq!(press(&mut app, &s, &[K::Char('D'), K::Char('0')]), scene(None));
    let round = press(&mut app, &s, &[K::Char('D'), K::Up, K::Up, K::Enter]);
    assert_eq!(round, scene(None), "from the first upwards to the last");
    press(&mut app, &s, &[K::Char('D'), K::Esc]);
    assert_eq!(app.scenes, None);
    press(&mut app, &s, &[K::Char('D'), K::Char('D')]);
    assert_eq!(app.scenes, None);
    // Other keys mean what they always mean; `q` leaves the menu first.
    press(&mut app, &s, &[K::Char('D')]);
    let pause = press(&mut app, &s, &[K::Char(' ')]);
    assert_eq!(pause, Some(Effect::Send(Command::TogglePause)));
    assert_eq!(press(&mut app, &s, &[K::Char('q')]), None);
    assert_eq!(app.scenes, None);
    let stop = press(&mut app, &s, &[K::Char('q')]);
    assert_eq!(stop, Some(Effect::Send(Command::Stop)));

    let plain = fixtures::permits_limited();
    let mut app = App::new();
    assert_eq!(press(&mut app, &plain, &[K::Char('D')]), None);
    assert_eq!(said(&app, &plain), "scenes are played on the lab site: crawldeck demo");
    assert_eq!(app.scenes, None);
}

#[test]
fn nothing_is_made_worse_once_the_crawl_is_over() {
    let mut s = fixtures::staged();
    s.run = RunState::Complete;
    let mut app = App::new();
    for keys in [&[K::Char('F'), K::Right][..], &[K::Char('0')], &[K::Char('D'), K::Char('1')]] {
        assert_eq!(press(&mut app, &s, keys), None);
    }
}

const COLOR: Theme = Theme::dark(ColorDepth::Ansi);

#[test]
fn the_panel_at_every_size_of_interest() {
    let staged = fixtures::staged();
    let plain = fixtures::permits_limited();
    for (name, s) in [("staged", &staged), ("plain", &plain)] {
        for (width, height) in [(200, 60), (120, 36), (80, 24), (60, 15)] {
            let mut app = App::new();
            press(&mut app, s, &[K::Char('F'), K::Down]);
            let shown = screen(&mut app, s, (width, height), COLOR);
            insta::assert_snapshot!(format!("faults_{name}_{width}x{height}"), shown);
        }
    }
    let mut app = App::new();
    press(&mut app, &staged, &[K::Char('F')]);
    let ascii = screen(&mut app, &staged, (120, 36), Theme::mono().in_ascii());
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("faults_ascii_120x36", ascii);
}

#[test]
fn the_menu_and_a_stage_without_panel() {
    let s = fixtures::staged();
    for (width, height) in [(120, 36), (80, 24), (40, 12)] {
        let mut app = App::new();
        press(&mut app, &s, &[K::Char('D')]);
        let shown = screen(&mut app, &s, (width, height), COLOR);
        insta::assert_snapshot!(format!("scenes_{width}x{height}"), shown);
    }
    let shown = screen(&mut App::new(), &s, (120, 36), COLOR);
    insta::assert_snapshot!("stage_120x36", shown);
    let shown = screen(&mut App::new(), &s, (80, 24), COLOR);
    insta::assert_snapshot!("stage_80x24", shown);
}

#[test]
fn no_screen_is_too_small() {
    let s = fixtures::staged();
    for width in 0..90 {
        for height in 0..30 {
            let mut app = App::new();
            press(&mut app, &s, &[K::Char('F'), K::End]);
            screen(&mut app, &s, (width, height), COLOR);
            press(&mut app, &s, &[K::Char('D'), K::Up]);
            screen(&mut app, &s, (width, height), COLOR);
        }
    }
}
