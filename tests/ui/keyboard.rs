//! Pressing keys on the dashboard's state, and reading its reply.

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::ui::app::{App, Effect};
use crossterm::event::{KeyCode, KeyEvent};

/// Presses keys one after the other; the effect of the last.
pub(crate) fn press(app: &mut App, snapshot: &Snapshot, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\x7f' => KeyCode::Backspace,
            c => KeyCode::Char(c),
        };
        effect = app.key(KeyEvent::from(code), snapshot);
    }
    effect
}

/// What the dashboard says in reply to the last key.
pub(crate) fn said(app: &App, snapshot: &Snapshot) -> String {
    app.feedback(snapshot).map(|f| f.text).unwrap_or_default()
}
