//! The promise: the log can be searched for a text: what matches is marked and counted, keys go from match to
//! match, and the search keeps no more lines than the log does.
//!
//! A binary of its own: the log is one for the whole process.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "support/fixtures/mod.rs"]
mod fixtures;

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::log_lines::MOST_LINES;
use crawldeck::ui::theme::Theme;
use crawldeck::ui::{log_layer, log_view};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use tracing_subscriber::layer::SubscriberExt as _;

fn press(app: &mut App, snapshot: &Snapshot, keys: &str) {
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '↑' => KeyCode::Up,
            '⇞' => KeyCode::PageUp,
            c => KeyCode::Char(c),
        };
        app.key(KeyEvent::from(code), snapshot);
    }
}

/// The rows of the screen, and the pieces of text in it that are in reverse and underlined.
struct Seen {
    rows: Vec<String>,
    current: Vec<(usize, String)>,
    others: Vec<(usize, String)>,
}

fn see(app: &mut App, snapshot: &Snapshot, size: (u16, u16)) -> Seen {
    log_view::gather();
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, app, snapshot, Theme::dark(ColorDepth::Ansi))).unwrap();
    let buffer = terminal.backend().buffer();
    let rows: Vec<Vec<_>> = buffer.content.chunks(size.0.into()).map(<[_]>::to_vec).collect();
    // Header and footer have marks of their own.
    let marked = |modifier: Modifier| {
        let body = rows.iter().enumerate().take(rows.len() - 2).skip(3);
        let marked = body.map(|(y, row)| {
            let cells = row.iter().filter(|cell| cell.modifier.contains(modifier));
            (y, cells.map(ratatui::buffer::Cell::symbol).collect::<String>())
        });
        marked.filter(|(_, text)| !text.is_empty()).collect()
    };
    Seen {
        current: marked(Modifier::REVERSED),
        others: marked(Modifier::UNDERLINED),
        rows: text(buffer),
    }
}

fn text(buffer: &Buffer) -> Vec<String> {
    let rows = buffer.content.chunks(buffer.area.width.into());
    rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect()).collect()
}

impl Seen {
    fn title(&self) -> &str {
        &self.rows[2]
    }

    /// The row that has what is looked at.
    fn looked_at(&self) -> &str {
        &self.rows[self.current[0].0]
    }
}

#[test]
fn the_log_is_searched() {
    let registry = tracing_subscriber::registry().with(log_layer());
    tracing::subscriber::set_global_default(registry).unwrap();
    for page in 0..300 {
        match page {
            20 => tracing::warn!("Timeout of host a"),
            150 => tracing::info!("one TIMEOUT, and one timeout more"),
            200 => tracing::debug!("timeout seen in detail"),
            280 => tracing::error!("a timeout\x1b[31m of host c"),
            page => tracing::info!("page {page} is done"),
        }
    }
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "n");
    assert_eq!(app.feedback(&snapshot).unwrap().text, "the log is searched on the Log tab");
    press(&mut app, &snapshot, "6n");
    assert_eq!(app.feedback(&snapshot).unwrap().text, "/ takes a text to search for");
    see(&mut app, &snapshot, (120, 36));

    // While it is typed, the newest match is looked at.
    press(&mut app, &snapshot, "/timeout");
    let seen = see(&mut app, &snapshot, (120, 36));
    assert!(seen.rows[35].contains("3 lines match · Enter keeps · Esc ends"), "{}", seen.rows[35]);
    assert!(seen.title().contains("3 of 3 lines with “timeout”"), "{}", seen.title());
    assert!(seen.looked_at().contains("of host c"), "{}", seen.looked_at());
    assert_eq!(seen.current[0].1, "timeout");
    assert_eq!(seen.others, [], "the others are out of sight");
    let hint = "n next match";
    press(&mut app, &snapshot, "\n");
    let seen = see(&mut app, &snapshot, (120, 36));
    assert!(seen.rows[35].contains(hint), "{}", seen.rows[35]);

    // From match to match, around the ends; the line stands in the middle, others around it.
    for (key, at, line) in [
        ("n", 2, "one TIMEOUT, and one timeout more"),
        ("n", 1, "Timeout of host a"),
        ("n", 3, "of host c"),
        ("N", 1, "Timeout of host a"),
        ("N", 2, "one TIMEOUT"),
    ] {
        press(&mut app, &snapshot, key);
        let seen = see(&mut app, &snapshot, (120, 36));
        assert!(seen.title().contains(&format!("{at} of 3 lines")), "{}", seen.title());
        assert!(seen.looked_at().contains(line), "{line}: {}", seen.looked_at());
    }
    let seen = see(&mut app, &snapshot, (120, 36));
    assert_eq!(seen.current[0].1, "TIMEOUTtimeout", "every match of the line");
    assert_eq!(seen.current[0].0, 2 + 16, "in the middle");
    assert!(seen.rows[17].contains("page 149 is done") && seen.rows[19].contains("page 151"));

    // More of the log has more of it; the newest one is looked at again.
    press(&mut app, &snapshot, "v");
    let seen = see(&mut app, &snapshot, (120, 36));
    assert!(seen.title().contains("4 of 4 lines"), "{}", seen.title());
    press(&mut app, &snapshot, "n");
    assert!(see(&mut app, &snapshot, (120, 36)).looked_at().contains("in detail"));
    press(&mut app, &snapshot, "V");

    lines_around_a_match(&mut app, &snapshot);
    // Another text, which nothing has; then Escape ends the search.
    press(&mut app, &snapshot, "/zzz\n");
    let seen = see(&mut app, &snapshot, (80, 24));
    assert!(seen.title().contains("no line with “timeoutzzz”"), "{}", seen.title());
    press(&mut app, &snapshot, "n\x1b");
    let seen = see(&mut app, &snapshot, (80, 24));
    assert!(app.log.search.is_none() && !seen.title().contains("with"), "{}", seen.title());
    assert!(seen.rows[20].contains("timeout at last"), "it follows the newest line again");
    press(&mut app, &snapshot, "/\n");
    assert!(app.log.search.is_none(), "nothing is no search");

    more_lines_than_are_kept(&mut app, &snapshot);
}

/// Lines around it can be scrolled to, and count as no match.
fn lines_around_a_match(app: &mut App, snapshot: &Snapshot) {
    press(app, snapshot, "n↑");
    let seen = see(app, snapshot, (120, 36));
    assert!(seen.title().contains(" 3 lines with"), "{}", seen.title());
    assert_eq!(seen.others[0].1, "TIMEOUTtimeout", "it is still marked");
    press(app, snapshot, "⇞");
    let seen = see(app, snapshot, (120, 36));
    assert!(seen.rows[18].contains("page 120 is done"), "{}", seen.rows[18]);
    // From there the next match is the next older one.
    press(app, snapshot, "n");
    assert!(see(app, snapshot, (120, 36)).looked_at().contains("host a"));

    // What is logged meanwhile is found, and moves nothing.
    tracing::info!("timeout at last");
    let seen = see(app, snapshot, (80, 24));
    assert!(seen.title().contains("1 of 4 lines"), "{}", seen.title());
    assert!(seen.looked_at().contains("host a"));
}

/// A log of more lines than are kept, at every size.
fn more_lines_than_are_kept(app: &mut App, snapshot: &Snapshot) {
    press(app, snapshot, "/page\n");
    for page in 0..12_000 {
        tracing::info!("page {page} again");
        if page % 500 == 0 {
            see(app, snapshot, (80, 24));
        }
    }
    let seen = see(app, snapshot, (80, 24));
    let hits = app.log.search.as_ref().unwrap().hits();
    assert!((9_000..=MOST_LINES).contains(&hits), "{hits}");
    assert!(seen.looked_at().contains("page 11999 again"), "{}", seen.looked_at());
    press(app, snapshot, "nnn");
    assert!(see(app, snapshot, (80, 24)).looked_at().contains("page 11996 again"));
    for (width, height) in [(0, 0), (1, 1), (24, 4), (30, 5), (60, 15), (300, 100)] {
        see_at(app, snapshot, width, height);
    }
}

fn see_at(app: &mut App, snapshot: &Snapshot, width: u16, height: u16) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, snapshot, Theme::dark(ColorDepth::Ansi))).unwrap();
}
