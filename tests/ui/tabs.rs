//! The promise: Workers, Pages, detail, help and prompts look like this.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use unicode_width::UnicodeWidthStr as _;

/// The screen after these keys, as text.
fn after(keys: &str, snapshot: &Snapshot, (width, height): (u16, u16)) -> String {
    let mut app = App::new();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let theme = Theme::dark(ColorDepth::Ansi);
    app.see(snapshot);
    terminal.draw(|frame| draw(frame, &mut app, snapshot, theme)).unwrap();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        app.key(KeyEvent::from(code), snapshot);
        terminal.draw(|frame| draw(frame, &mut app, snapshot, theme)).unwrap();
    }
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += symbol.width().max(1) as u16;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

macro_rules! screens {
    ($($name:ident: $keys:expr, $snapshot:expr, $size:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(after($keys, &$snapshot, $size));
        })*
    };
}

screens! {
    workers_of_a_thousand: "2jjjsll\n\u{1b}", fixtures::thousand(), (120, 36);
    workers_leaving: "2sl\nsG", fixtures::draining(), (80, 24);
    workers_before_the_start: "2", fixtures::empty(), (80, 24);
    pages_newest_first: "4jj", fixtures::permits_limited(), (120, 36);
    pages_narrow: "4", fixtures::permits_limited(), (80, 24);
    pages_hostile: "4", fixtures::hostile(), (120, 20);
    pages_filtered: "4/5xx", fixtures::permits_limited(), (120, 24);
    pages_filter_finds_nothing: "4/nothing\n", fixtures::permits_limited(), (80, 24);
    pages_scrolled_horizontally: "4l", fixtures::hostile(), (120, 20);
    detail_beside: "4jjjjj\n", fixtures::permits_limited(), (160, 40);
    detail_below: "4jjjj\n", fixtures::permits_limited(), (80, 30);
    detail_alone: "4\n", fixtures::hostile(), (80, 18);
    help_of_words: "?", fixtures::permits_limited(), (120, 36);
    help_of_words_narrow: "3?jjj", fixtures::hosts(), (80, 24);
    help_of_both: "?", fixtures::permits_limited(), (200, 60);
    help_in_two_columns: "??", fixtures::permits_limited(), (150, 45);
    help_scrolled: "??jjjjjj", fixtures::permits_limited(), (80, 24);
    prompt_open: ":", fixtures::permits_limited(), (120, 36);
    prompt_refused: ":warp 9\n", fixtures::permits_limited(), (80, 24);
    frozen: "f", fixtures::permits_limited(), (120, 24);
    log_of_nothing: "6", fixtures::permits_limited(), (80, 24);
    tuning_probing: "5", fixtures::tuned(), (120, 36);
    tuning_probing_narrow: "5", fixtures::tuned(), (80, 24);
    tuning_probing_between: "5", fixtures::tuned(), (96, 26);
    tuning_probing_wide: "5jj", fixtures::tuned(), (200, 60);
    tuning_holding: "5", fixtures::cruising(), (120, 36);
    tuning_holding_narrow: "5", fixtures::cruising(), (80, 24);
    tuning_half_a_sweep: "5", fixtures::half_tuned(), (120, 36);
    tuning_half_a_sweep_narrow: "5", fixtures::half_tuned(), (80, 24);
    tuning_compared: "5", fixtures::compared(), (120, 36);
    tuning_compared_wide: "5", fixtures::compared(), (200, 60);
    tuning_compared_narrow: "5j", fixtures::compared(), (80, 24);
    tuning_pinned: "5", fixtures::pinned(), (120, 36);
    tuning_before_the_start: "5", fixtures::empty(), (120, 36);
    tuning_before_the_start_narrow: "5", fixtures::empty(), (80, 24);
    deck_with_the_autopilot: "", fixtures::tuned(), (120, 36);
    deck_with_the_autopilot_narrow: "", fixtures::tuned(), (80, 24);
    deck_with_the_autopilot_held: "", fixtures::cruising(), (120, 36);
    key_without_use: "u", fixtures::empty(), (80, 24);
    hosts_in_every_state_wide: "3jjjjj", fixtures::hosts(), (200, 60);
    hosts_in_every_state: "3jjjjj", fixtures::hosts(), (120, 36);
    hosts_in_every_state_narrow: "3jjjjj", fixtures::hosts(), (80, 24);
    hosts_sorted_by_state: "3sl\n", fixtures::hosts(), (120, 36);
    hosts_filtered: "3/waits", fixtures::hosts(), (80, 24);
    hosts_filter_finds_nothing: "3/nothing\n", fixtures::hosts(), (80, 24);
    hosts_one: "3", fixtures::permits_limited(), (120, 36);
    hosts_one_narrow: "3", fixtures::permits_limited(), (80, 24);
    hosts_none: "3", fixtures::empty(), (120, 36);
    hosts_two_hundred: "3G", fixtures::two_hundred_hosts(), (150, 45);
    hosts_hostile: "3", fixtures::hostile(), (120, 36);
    hosts_under_loud_flags: "3", fixtures::overloaded(), (80, 24);
    host_alone: "3jjj\n", fixtures::hosts(), (80, 24);
    host_too_small: "3jjj", fixtures::hosts(), (60, 15);
    exclude_prompt: "3e", fixtures::hosts(), (80, 24);
    exclude_refused: "4e(\n", fixtures::hosts(), (80, 24);
    seed_prompt: "a", fixtures::hosts(), (80, 24);
    tiny_with_prompt: ":permits 64", fixtures::permits_limited(), (20, 3);
}
