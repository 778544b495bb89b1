//! What keys do on the fault panel and in the menu of scenes.

use std::ops::ControlFlow;

use crossterm::event::{KeyCode, KeyEvent};

use super::action::{Action, Tab};
use super::app::{App, Effect};
use super::keys;
use super::prompt::{Asking, Prompt};
use crate::crawl::protocol::command::Command;
use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::settings::faults::{Fault, FaultSetting};

/// Rows of the menu: every scene, and off.
pub const SCENE_ROWS: usize = Scene::ALL.len() + 1;

/// The fault panel.
#[derive(Debug, Clone, Copy, Default)]
pub struct FaultPanel {
    /// Whether it stands beside the Deck.
    pub open: bool,
    /// The fault selected on it, by its place in [`Fault::ALL`].
    pub at: usize,
}

impl App {
    /// The fault selected on the panel.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::ALL[self.faults.at.min(Fault::ALL.len() - 1)]
    }

    /// Whether the fault panel is seen.
    #[must_use]
    pub fn shows_faults(&self) -> bool {
        self.faults.open && self.tab == Tab::Deck
    }

    /// Opens the fault panel, beside the Deck, or closes it.
    pub(super) fn toggle_faults(&mut self) {
        self.faults.open = !self.shows_faults();
        self.tab = Tab::Deck;
    }

    /// Opens the menu of scenes, where there can be any, or closes it.
    pub(super) fn toggle_scenes(&mut self, snapshot: &Snapshot) {
        if self.scenes.take().is_some() {
            return;
        }
        if !snapshot.site_takes_faults {
            self.refuse("scenes are played on the lab site: crawldeck demo", snapshot);
            return;
        }
        let on = snapshot.scene.and_then(|on| Scene::ALL.iter().position(|scene| *scene == on));
        self.scenes = Some(on.unwrap_or(0));
    }

    /// Turns the selected fault off.
    pub(super) fn fault_off(&mut self, snapshot: &Snapshot) -> Option<Effect> {
        if !self.shows_faults() {
            let open = keys::name_of(Action::Faults);
            self.refuse(format!("no fault is selected: {open} shows them"), snapshot);
            return None;
        }
        self.send(Command::Fault(FaultSetting { fault: self.fault(), level: None }), snapshot)
    }

    /// What an action means while the fault panel is seen; it goes on to what it always means.
    pub(super) fn fault_action(
        &mut self,
        action: Action,
        snapshot: &Snapshot,
    ) -> ControlFlow<Option<Effect>> {
        let last = Fault::ALL.len() - 1;
        let at = self.faults.at.min(last);
        let effect = match action {
            Action::Up => {
                self.faults.at = at.saturating_sub(1);
                None
            }
            Action::Down => {
                self.faults.at = (at + 1).min(last);
                None
            }
            Action::First => {
                self.faults.at = 0;
                None
            }
            Action::Last => {
                self.faults.at = last;
                None
            }
            Action::Left => self.send(Command::NudgeFault(self.fault(), -1), snapshot),
            Action::Right => self.send(Command::NudgeFault(self.fault(), 1), snapshot),
            Action::Open => {
                let text = format!("fault {} ", self.fault());
                self.prompt = Some(Prompt::new(Asking::Command, &text));
                None
            }
            Action::Close => {
                self.faults.open = false;
                None
            }
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(effect)
    }

    /// What a key means while the menu of scenes is open; it goes on to what it always means.
    pub(super) fn scene_key(
        &mut self,
        event: KeyEvent,
        snapshot: &Snapshot,
    ) -> ControlFlow<Option<Effect>> {
        let Some(at) = self.scenes else { return ControlFlow::Continue(()) };
        let chosen = match event.code {
            KeyCode::Up | KeyCode::Char('k') => {
                self.scenes = Some((at + SCENE_ROWS - 1) % SCENE_ROWS);
                return ControlFlow::Break(None);
            }
            KeyCode::Down | KeyCode::Char('j') => {
                self.scenes = Some((at + 1) % SCENE_ROWS);
                return ControlFlow::Break(None);
            }
            KeyCode::Esc => {
                self.scenes = None;
                return ControlFlow::Break(None);
            }
            KeyCode::Enter => at,
            KeyCode::Char('0') => SCENE_ROWS - 1,
            KeyCode::Char(number @ '1'..='7') => number as usize - '1' as usize,
            _ => return ControlFlow::Continue(()),
        };
        self.scenes = None;
        ControlFlow::Break(self.send(Command::Scene(Scene::ALL.get(chosen).copied()), snapshot))
    }
}
