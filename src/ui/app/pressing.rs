//! Part of `impl App`: what a key press means.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::state::{App, Effect};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::keys::{BoundKey, KeyContext};

/// Whether it is Ctrl-C, which stops whatever lies open.
fn is_interrupt(event: KeyEvent) -> bool {
    BoundKey::INTERRUPT.code == event.code && event.modifiers.contains(KeyModifiers::CONTROL)
}

/// The Escape and the key that a key with Alt may be: terminals send both alike. Not those with which a
/// prompt is edited.
fn escape_and_key(event: KeyEvent) -> Option<(KeyEvent, KeyEvent)> {
    let edits = matches!(event.code, KeyCode::Char('b' | 'd' | 'f') | KeyCode::Backspace);
    if !event.modifiers.contains(KeyModifiers::ALT) || edits {
        return None;
    }
    let key = KeyEvent { modifiers: event.modifiers - KeyModifiers::ALT, ..event };
    Some((KeyEvent::from(KeyCode::Esc), key))
}

impl App {
    /// A key was pressed. Releases mean nothing.
    pub fn key(&mut self, event: KeyEvent, snapshot: &Snapshot) -> Option<Effect> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        self.feedback = None;
        if let Some((_, at_s)) = &mut self.notice {
            *at_s = f64::NEG_INFINITY;
        }
        match self.keys.action_for(event, self.context()) {
            // What lies on top of the tab is left first.
            Some(Action::Stop) if !is_interrupt(event) && self.lies_open() => {
                self.close();
                return None;
            }
            Some(action) => return self.update(action, snapshot),
            None => {}
        }
        if let Some((escape, key)) = escape_and_key(event) {
            // Escape and another key that came in one read.
            self.key(escape, snapshot);
            return self.key(key, snapshot);
        }
        // Ignored where no prompt is open.
        self.type_key(event);
        None
    }

    /// Whether help, a menu or a detail lies on top of the tab.
    fn lies_open(&self) -> bool {
        let detail = match self.tab {
            Tab::Hosts => self.host_open.is_some(),
            Tab::Pages => self.detail.is_some(),
            _ => false,
        };
        self.help.is_some() || self.scenes.is_some() || self.chooses_column() || detail
    }

    /// What the keys act on now.
    fn context(&self) -> KeyContext {
        match self.tab {
            _ if self.prompt.is_some() => KeyContext::Prompt,
            // The help lies over them.
            _ if self.help.is_none() && self.scenes.is_some() => KeyContext::SceneMenu,
            _ if self.help.is_none() && self.shows_faults() => KeyContext::FaultPanel,
            _ if self.help.is_none() && self.chooses_column() => KeyContext::ColumnChoice,
            tab => KeyContext::of(tab),
        }
    }
}
