//! The promise: in large type a hall reads what limits, at every size from 60×20 on.

use crate::fixtures;
use crate::keyboard::press;
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::action::Tab;
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn shown(app: &mut App, snapshot: &Snapshot, (width, height): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let theme = Theme::dark(ColorDepth::Ansi);
    terminal.draw(|frame| draw(frame, app, snapshot, theme)).unwrap();
    let buffer = terminal.backend().buffer();
    (0..height)
        .map(|y| {
            (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned()
        })
        .collect()
}

fn large(snapshot: &Snapshot, size: (u16, u16)) -> String {
    let mut app = App::new();
    app.see(snapshot);
    press(&mut app, snapshot, "L");
    shown(&mut app, snapshot, size).join("\n")
}

#[test]
fn a_hall_sees_two_numbers_six_vessels_and_what_limits() {
    let mut scene = fixtures::saver_limited();
    scene.scene = Some(Scene::SlowDatabase);
    for (name, snapshot) in [
        ("permits", fixtures::permits_limited()),
        ("saver", fixtures::saver_limited()),
        ("scene", scene),
        ("paused", fixtures::paused()),
        ("complete", fixtures::complete()),
    ] {
        insta::assert_snapshot!(format!("large_{name}_60x20"), large(&snapshot, (60, 20)));
    }
    insta::assert_snapshot!("large_permits_120x36", large(&fixtures::permits_limited(), (120, 36)));
}

#[test]
fn every_size_shows_the_names_and_the_verdict_whole() {
    let snapshot = fixtures::permits_limited();
    for width in (60..320).step_by(7) {
        for height in (20..110).step_by(5) {
            let text = large(&snapshot, (width, height));
            for words in [
                "frontier",
                "queue",
                "workers",
                "gate",
                "saver",
                "database",
                "LIMITED BY PERMITS",
                "a second",
            ] {
                assert!(text.contains(words), "{words} at {width}×{height}:\n{text}");
            }
        }
    }
}

#[test]
fn its_key_and_escape_lead_back_and_a_small_screen_shows_the_usual_deck() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "4L");
    assert_eq!((app.tab, app.large), (Tab::Deck, true));
    assert!(!shown(&mut app, &snapshot, (59, 20)).join("").contains("LIMITED"));
    press(&mut app, &snapshot, "\x1b");
    assert!(!app.large);
    press(&mut app, &snapshot, "LL");
    assert!(!app.large);
    press(&mut app, &snapshot, "L2");
    assert!(!app.large, "another tab is not in large type");
    // A prompt has the last row.
    press(&mut app, &snapshot, "L:perm");
    assert_eq!(shown(&mut app, &snapshot, (60, 20))[19].split("  ").next(), Some(" :perm"));
}
