//! Part of `impl App`: arrows on the Deck, which select a dial and turn it.

use super::state::{App, Effect};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::settings::dials::Dial;
use crate::ui::action::{Action, Tab};
use crate::ui::keys;

impl App {
    /// Whether arrows mean the dials: on the Deck, with nothing open on it.
    pub(super) fn dials_listen(&self) -> bool {
        let open = self.help.is_some() || self.scenes.is_some() || self.shows_faults();
        self.tab == Tab::Deck && !open
    }

    /// Left and right select a dial, up and down turn it by the step of its key. The first arrow selects the
    /// permits.
    pub(super) fn dial_arrow(&mut self, action: Action, snapshot: &Snapshot) -> Option<Effect> {
        let Some(dial) = self.dial else {
            self.dial = Some(Dial::Permits);
            let [left, right] = [Action::Left, Action::Right].map(|a| self.keys.name_of(a));
            let [up, down] = self.turning_keys();
            self.say(format!("{left} {right} choose a dial, {up} {down} turn it"), snapshot);
            return None;
        };
        let all = Dial::ALL;
        let at = all.iter().position(|other| *other == dial).unwrap_or(0);
        match action {
            Action::Left | Action::Right => {
                let step = if action == Action::Left { all.len() - 1 } else { 1 };
                let dial = all[(at + step) % all.len()];
                self.dial = Some(dial);
                let value = snapshot.dials.get(dial).value_text();
                let [up, down] = self.turning_keys();
                self.say(format!("{dial} {value}: {up} {down} turn it"), snapshot);
            }
            _ => {
                let turn = keys::turning(dial, action == Action::Up);
                let turn =
                    turn.unwrap_or(Action::Turn(dial, if action == Action::Up { 1 } else { -1 }));
                return self.update(turn, snapshot);
            }
        }
        None
    }

    /// The keys that turn the selected dial.
    fn turning_keys(&self) -> [String; 2] {
        [Action::Up, Action::Down].map(|action| self.keys.name_of(action))
    }
}
