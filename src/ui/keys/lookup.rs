//! Looking up the key table: from a key press to its action, and from an action to its key.

use crossterm::event::{KeyEvent, KeyModifiers};

use super::binding::{BoundKey, KeyContext};
use super::key_map::KeyMap;
use super::table::KEYS;
use crate::crawl::protocol::verdict::Advice;
use crate::settings::dials::Dial;
use crate::ui::action::Action;

impl KeyMap {
    /// What a key press means in a context; `None` for a key without a meaning.
    #[must_use]
    pub fn action_for(&self, event: KeyEvent, context: KeyContext) -> Option<Action> {
        let (code, held) = (event.code, event.modifiers);
        let with_ctrl = held.contains(KeyModifiers::CONTROL);
        let find = |ctrl: bool| {
            let means = |context: KeyContext| {
                let key = BoundKey { code, ctrl };
                self.rows().iter().find(|b| b.context == context && b.keys.contains(&key))
            };
            let anywhere = || means(KeyContext::Anywhere).filter(|_| context.falls_back());
            means(context).or_else(anywhere)
        };
        if let Some(binding) = find(with_ctrl) {
            let far = held.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT);
            return match binding.action {
                action if far && action.far().is_some() => action.far(),
                // Shift is part of `G` or Shift-Tab; Alt makes another key of it.
                action => (!held.contains(KeyModifiers::ALT)).then_some(action),
            };
        }
        find(false)?.action.far().filter(|_| with_ctrl)
    }

    /// The key that would help, and what it does: `("+", "raises permits")`.
    #[must_use]
    pub fn advice(&self, advice: Advice) -> Option<(String, String)> {
        let typed = |dial: Dial| self.typed(&format!("{dial} N"));
        match advice {
            Advice::None => None,
            Advice::Raise(dial) => Some((
                turning(dial, true).map_or_else(|| typed(dial), |action| self.name_of(action)),
                format!("raises {dial}"),
            )),
            Advice::Lower(dial) => Some((
                turning(dial, false).map_or_else(|| typed(dial), |action| self.name_of(action)),
                format!("lowers {dial}"),
            )),
            Advice::Resume => Some((self.name_of(Action::Pause), "resumes".to_owned())),
        }
    }

    /// A command as it is typed: after the key that opens the prompt.
    #[must_use]
    pub fn typed(&self, command: &str) -> String {
        let key = self.name_of(Action::Ask);
        let gap = if key.chars().count() > 1 { " " } else { "" };
        format!("{key}{gap}{command}")
    }
}

/// The action that turns a dial up (+1) or down (-1) by the step its key has.
#[must_use]
pub fn turning(dial: Dial, up: bool) -> Option<Action> {
    KEYS.iter()
        .map(|b| b.action)
        .find(|a| matches!(a, Action::Turn(d, steps) if *d == dial && (*steps > 0) == up))
}
