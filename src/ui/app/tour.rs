//! Part of `impl App`: the guided tour.

use super::state::App;
use crate::crawl::protocol::command::Command;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::deck::TourState;

impl App {
    /// Goes on, back or past a step. The step begins on the Deck, where it is told what to do.
    pub(super) fn tour_action(&mut self, action: Action, snapshot: &Snapshot) {
        let [leave, skip] = [Action::Stop, Action::TourSkip].map(|a| self.keys.name_of(a));
        let Some(tour) = &mut self.tour else {
            self.refuse("no tour is on: crawldeck tour", snapshot);
            return;
        };
        let waits = *tour.state() == TourState::Waits;
        match action {
            Action::TourNext if tour.step().is_none() => {
                self.refuse(format!("that was the last step: {leave} ends the crawl"), snapshot);
                return;
            }
            Action::TourNext if waits => {
                self.refuse(format!("this step has not happened yet: {skip} skips it"), snapshot);
                return;
            }
            Action::TourBack => {
                if !tour.back(snapshot) {
                    self.refuse("this is the first step", snapshot);
                    return;
                }
            }
            _ => tour.forward(snapshot),
        }
        self.tab = Tab::Deck;
        self.faults.open = false;
        self.frozen = None;
    }

    /// The next command that sets the stage of the tour, if one is to be sent.
    pub fn take_staging(&mut self) -> Option<Command> {
        self.tour.as_mut()?.take_command()
    }

    /// A command that sets the stage could not be sent yet.
    pub fn put_back_staging(&mut self, command: Command) {
        if let Some(tour) = &mut self.tour {
            tour.put_back(command);
        }
    }
}
