//! The promise: no sequence of keys and no text from the web breaks the dashboard.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crate::screen::render;
use crawldeck::crawl::protocol::change::ChangeAction;
use crawldeck::crawl::protocol::snapshot::{ExclusionProgress, TrapView};
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        8 => prop::sample::select("+-=_][}{>< u:qfv?mV12345hjklgG/sSryeaoxb\u{7f}é日👩".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up,
            KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown,
            KeyCode::Home, KeyCode::End, KeyCode::Backspace, KeyCode::Delete, KeyCode::F(1),
        ]),
    ];
    let held = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::SHIFT,
        KeyModifiers::ALT,
        KeyModifiers::CONTROL,
    ]);
    (code, held).prop_map(|(code, held)| KeyEvent::new(code, held))
}

/// What no cell may ever hold.
fn is_harmful(symbol: &str) -> bool {
    symbol.chars().any(|c| c.is_control() || text::is_bidi(c) || text::is_invisible(c))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_keys_panics(
        keys in prop::collection::vec(any_key(), 0..60),
        which in 0..12_usize,
        size in (0..150_u16, 0..50_u16),
    ) {
        let snapshot = fixtures::all().swap_remove(which).1;
        let mut app = App::new();
        for (i, key) in keys.into_iter().enumerate() {
            app.see(&snapshot);
            app.key(key, &snapshot);
            if i % 3 == 0 {
                let buffer = render(&mut app, &snapshot, size);
                prop_assert!(!buffer.content.iter().any(|c| is_harmful(c.symbol())));
            }
        }
        render(&mut app, &snapshot, size);
    }

    #[test]
    fn no_text_reaches_the_terminal_unclean(words in "\\PC{0,20}|.{0,20}|[\u{200B}-\u{202F}\u{0}-\u{1F}\u{7F}-\u{9F}a日\u{301}👩]{0,20}") {
        let mut snapshot = fixtures::hostile();
        snapshot.target = words.as_str().into();
        let mut host = fixtures::host(&words);
        host.robots = words.as_str().into();
        snapshot.hosts = vec![host].into();
        snapshot.traps = vec![TrapView {
            kind: "calendar".into(),
            pattern: words.as_str().into(),
            skipped: 1,
            example: words.as_str().into(),
        }]
        .into();
        snapshot.exclusions =
            vec![ExclusionProgress { what: words.as_str().into(), undoing: false, urls: 1, running: true }]
                .into();
        snapshot.overloads[0].text.clone_from(&words);
        let mut change = snapshot.changes[0].clone();
        change.what = ChangeAction::Excluded { pattern: words.as_str().into(), excluded: true };
        snapshot.changes = vec![change].into();
        snapshot.db = words.as_str().into();
        snapshot.verdict.text.clone_from(&words);
        snapshot.notice = Some(words.as_str().into());
        let mut page = fixtures::page(1, &words);
        page.title = Some(words.clone());
        page.error = Some(words.clone());
        page.final_url = Some(words.clone());
        page.links = vec![words.as_str().into()];
        snapshot.recent = vec![std::sync::Arc::new(page)].into();
        for worker in &mut snapshot.workers {
            worker.url = Some(words.as_str().into());
        }
        for tab in Tab::ALL {
            let mut app = App::new();
            app.see(&snapshot);
            app.update(Action::Show(tab), &snapshot);
            // As it is at first, with what opens, and wide.
            for size in [(120, 36), (120, 36), (200, 60)] {
                let buffer = render(&mut app, &snapshot, size);
                for cell in &buffer.content {
                    prop_assert!(!is_harmful(cell.symbol()), "{:?}", cell.symbol());
                }
                app.update(Action::Open, &snapshot);
            }
        }
    }

    #[test]
    fn cleaned_text_takes_the_columns_it_says(words in ".{0,30}", columns in 0..20_usize) {
        let clean = text::clean(&words);
        prop_assert!(!is_harmful(&clean), "{clean:?}");
        prop_assert!(text::width(&text::cut(&clean, columns)) <= columns);
        prop_assert_eq!(text::clean(&clean), clean.clone());
    }
}
