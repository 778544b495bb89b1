//! Part of `impl App`: the fault panel and the menu of scenes.

use super::state::{App, Effect};
use crate::crawl::protocol::command::Command;
use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::settings::faults::{Fault, FaultSetting};
use crate::ui::action::{Action, Tab};
use crate::ui::prompt::{Asking, Prompt};

/// Rows of the menu: every scene, and off.
pub const SCENE_ROWS: usize = Scene::ALL.len() + 1;

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
        if !self.has_selected_fault(snapshot) {
            return None;
        }
        self.send(Command::Fault(FaultSetting { fault: self.fault(), level: None }), snapshot)
    }

    /// Moves the selection on the fault panel by so many faults.
    pub(super) fn select_fault(&mut self, rows: isize) {
        let last = Fault::ALL.len() - 1;
        self.faults.at = self.faults.at.min(last).saturating_add_signed(rows).min(last);
    }

    /// Makes the selected fault worse by so many levels, or milder.
    pub(super) fn nudge_fault(&mut self, levels: i32, snapshot: &Snapshot) -> Option<Effect> {
        if !self.has_selected_fault(snapshot) {
            return None;
        }
        self.send(Command::NudgeFault(self.fault(), levels), snapshot)
    }

    /// Opens a prompt for the level of the selected fault.
    pub(super) fn type_fault(&mut self, snapshot: &Snapshot) {
        if self.has_selected_fault(snapshot) {
            let text = format!("fault {} ", self.fault());
            self.prompt = Some(Prompt::new(Asking::Command, &text));
        }
    }

    /// Whether a fault is selected; says how to select one if none is.
    fn has_selected_fault(&mut self, snapshot: &Snapshot) -> bool {
        let selected = self.shows_faults();
        if !selected {
            let open = self.keys.name_of(Action::Faults);
            self.refuse(format!("no fault is selected: {open} shows them"), snapshot);
        }
        selected
    }

    /// Starts the scene on this row of the open menu; the last row ends the one that is on.
    pub(super) fn start_scene(&mut self, row: usize, snapshot: &Snapshot) -> Option<Effect> {
        self.scenes.take()?;
        self.send(Command::Scene(Scene::ALL.get(row).copied()), snapshot)
    }
}
