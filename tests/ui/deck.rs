//! The promise: the dashboard looks like this, at every size.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]
#![allow(clippy::cast_lossless, clippy::format_push_string, reason = "test code")]

use crate::fixtures;
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

const COLOR: Theme = Theme::dark(ColorDepth::Ansi);

fn render(app: &mut App, snapshot: &Snapshot, (width, height): (u16, u16), theme: Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, snapshot, theme)).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen as text, line ends kept by a bar so that no editor trims them.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        let mut line = String::new();
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn deck(snapshot: &Snapshot, size: (u16, u16)) -> String {
    text(&render(&mut App::new(), snapshot, size, COLOR))
}

const SIZES: [(u16, u16); 5] = [(200, 60), (120, 36), (80, 24), (60, 15), (30, 5)];

#[test]
fn deck_at_every_size_of_interest() {
    for (name, snapshot) in fixtures::all() {
        for (width, height) in SIZES {
            let once = matches!(name, "thousand" | "hostile" | "hosts" | "tuned" | "compared");
            if name == "two_hundred_hosts" || once && width != 120 {
                continue;
            }
            insta::assert_snapshot!(
                format!("deck_{name}_{width}x{height}"),
                deck(&snapshot, (width, height))
            );
        }
    }
}

#[test]
fn deck_without_unicode() {
    let snapshot = fixtures::permits_limited();
    for (width, height) in [(120, 36), (80, 24)] {
        let buffer = render(
            &mut App::new(),
            &snapshot,
            (width, height),
            Theme::dark(ColorDepth::Ansi).in_ascii(),
        );
        assert!(buffer.content.iter().all(|c| c.symbol().is_ascii()));
        insta::assert_snapshot!(format!("deck_ascii_{width}x{height}"), text(&buffer));
    }
}

#[test]
fn without_color_only_modifiers_are_left() {
    use ratatui::style::Color;
    for (_, snapshot) in fixtures::all() {
        for tab in Tab::ALL {
            let mut app = App::new();
            app.update(Action::Show(tab), &snapshot);
            let buffer = render(&mut app, &snapshot, (120, 36), Theme::mono());
            for cell in &buffer.content {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
            }
        }
    }
}

#[test]
fn no_background_is_ever_painted() {
    use ratatui::style::Color;
    for (_, snapshot) in fixtures::all() {
        for depth in [ColorDepth::Ansi, ColorDepth::Indexed, ColorDepth::True] {
            let theme = Theme::dark(depth);
            let buffer = render(&mut App::new(), &snapshot, (200, 60), theme);
            // A second colour in a cell of a chart is ink on ink, and never stands under text.
            let ink = |c: &&ratatui::buffer::Cell| "▁▂▃▄▅▆▇█▀".contains(c.symbol());
            let painted = buffer.content.iter().filter(|c| c.bg != Color::Reset);
            assert!(painted.clone().all(|c| ink(&c)), "{:?}", painted.clone().find(|c| !ink(c)));
        }
    }
}

#[test]
fn the_limiting_stage_alone_has_the_accent() {
    use ratatui::style::Color;
    let buffer = render(&mut App::new(), &fixtures::permits_limited(), (120, 36), COLOR);
    let accent: String = buffer
        .content
        .iter()
        .filter(|c| c.fg == Color::LightCyan && c.symbol() != " ")
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert!(accent.starts_with("┏━◆gate━"), "{accent}");
    assert!(accent.contains("16/16"), "{accent}");
    assert!(accent.contains("limitedbypermits"), "{accent}");
}

#[test]
fn failures_are_counted_where_not_every_class_of_answers_has_a_row() {
    let mut s = fixtures::staged();
    s.totals.by_class = [0, 6, 0, 0, 41];
    let mut few = 0;
    for height in 24..60 {
        let screen = deck(&s, (120, height));
        if screen.contains("─ answers ─") && !screen.contains("∅ none") {
            few += 1;
            assert!(screen.contains("2xx         6 "), "{height} rows:\n{screen}");
            assert!(screen.contains("5xx        41 "), "{height} rows:\n{screen}");
        }
    }
    assert!(few > 0, "every height has room for every class");
}

/// Writes the screen as HTML to look at: `SHOTS=dir cargo nextest run --run-ignored all shots`.
#[test]
#[ignore = "for the eye: needs SHOTS=directory"]
fn shots() {
    let Ok(dir) = std::env::var("SHOTS") else { return };
    let open = |tab, actions: &[Action], snapshot: &Snapshot, size| {
        let mut app = App::new();
        app.update(Action::Show(tab), snapshot);
        render(&mut app, snapshot, size, COLOR);
        for action in actions {
            app.update(*action, snapshot);
        }
        render(&mut app, snapshot, size, COLOR)
    };
    let mut shots = Vec::new();
    for (name, snapshot) in fixtures::all() {
        for size in SIZES {
            shots.push((
                format!("deck-{name}-{}x{}", size.0, size.1),
                open(Tab::Deck, &[], &snapshot, size),
            ));
        }
    }
    let permits = fixtures::permits_limited();
    shots.push((
        "deck-permits-300x100".into(),
        open(Tab::Deck, &[], &fixtures::thousand(), (300, 100)),
    ));
    shots.push(("deck-permits-80x50".into(), open(Tab::Deck, &[], &permits, (80, 50))));
    shots.push((
        "workers".into(),
        open(Tab::Workers, &[Action::Down], &fixtures::draining(), (120, 36)),
    ));
    shots.push(("pages".into(), open(Tab::Pages, &[Action::Down], &permits, (120, 36))));
    shots.push(("hostile".into(), open(Tab::Pages, &[], &fixtures::hostile(), (120, 36))));
    shots.push((
        "detail".into(),
        open(Tab::Pages, &[Action::PageDown, Action::Open], &permits, (160, 40)),
    ));
    shots.push(("help".into(), open(Tab::Deck, &[Action::Help], &permits, (150, 45))));
    shots.push(("prompt".into(), open(Tab::Deck, &[Action::Ask], &permits, (120, 36))));
    for (name, keys) in [("hosts", "3"), ("hosts-down", "3jjjjj")] {
        for (fixture, snapshot) in [
            ("states", fixtures::hosts()),
            ("one", permits.clone()),
            ("none", fixtures::empty()),
            ("many", fixtures::two_hundred_hosts()),
            ("hostile", fixtures::hostile()),
            ("overloaded", fixtures::overloaded()),
        ] {
            for size in [(200, 60), (150, 45), (120, 36), (80, 24)] {
                let name = format!("{name}-{fixture}-{}x{}", size.0, size.1);
                shots.push((name, typed(keys, &snapshot, size)));
            }
        }
    }
    let states = fixtures::hosts();
    shots.push(("host-detail-80x24".into(), typed("3jjjj\n", &states, (80, 24))));
    shots.push(("exclude-80x24".into(), typed("3e", &states, (80, 24))));
    shots.push(("host-filter-80x24".into(), typed("3/wait", &states, (80, 24))));
    for (name, buffer) in shots {
        std::fs::write(format!("{dir}/{name}.html"), html(&buffer)).unwrap();
    }
}

/// The screen after these keys.
fn typed(keys: &str, snapshot: &Snapshot, size: (u16, u16)) -> Buffer {
    let mut app = App::new();
    let mut buffer = render(&mut app, snapshot, size, COLOR);
    for c in keys.chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        app.key(KeyEvent::from(code), snapshot);
        buffer = render(&mut app, snapshot, size, COLOR);
    }
    buffer
}

fn html(buffer: &Buffer) -> String {
    use ratatui::style::{Color, Modifier};
    let mut out = String::from(
        "<meta charset=utf-8><body style='margin:8px;background:#16181d;color:#d8dae0'>\
         <pre style='font:15px/1.2 \"DejaVu Sans Mono\",monospace;margin:0'>",
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let mut css = String::new();
            css.push_str(match cell.fg {
                Color::Cyan => "color:#39c5cf;",
                Color::Yellow => "color:#e3b341;",
                Color::Red => "color:#ff7b72;",
                _ => "",
            });
            if cell.modifier.contains(Modifier::BOLD) {
                css.push_str("font-weight:bold;");
            }
            if cell.modifier.contains(Modifier::DIM) {
                css.push_str("opacity:.55;");
            }
            if cell.modifier.contains(Modifier::REVERSED) {
                css.push_str("background:#d8dae0;color:#16181d;");
            }
            let w = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
            let symbol = cell.symbol().replace('&', "&amp;").replace('<', "&lt;");
            out.push_str(&format!("<span style='display:inline-block;width:{w}ch;height:1.2em;overflow:hidden;vertical-align:top;{css}'>{symbol}</span>"));
            x += w as u16;
        }
        out.push('\n');
    }
    out
}
