//! Part of `impl App`: what the mouse means, while it is on.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::state::{App, Effect};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::clicks::ClickTarget;

/// Rows that one notch of the wheel scrolls.
const WHEEL_ROWS: isize = 3;

impl App {
    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn toggle_mouse(&mut self, snapshot: &Snapshot) -> Effect {
        self.mouse = !self.mouse;
        let text = if self.mouse {
            "click tabs, rows and titles, the wheel scrolls; hold Shift to select text"
        } else {
            "the mouse is the terminal's again"
        };
        self.say(text, snapshot);
        Effect::Mouse(self.mouse)
    }

    /// The wheel was turned, or a button pressed.
    pub fn mouse_event(&mut self, event: MouseEvent, snapshot: &Snapshot) -> Option<Effect> {
        match event.kind {
            MouseEventKind::ScrollUp => self.wheel(Action::Up, snapshot),
            MouseEventKind::ScrollDown => self.wheel(Action::Down, snapshot),
            MouseEventKind::Down(MouseButton::Left) => {
                let target = self.clicks.at(event.column, event.row)?;
                self.feedback = None;
                return self.click(target, snapshot);
            }
            _ => {}
        }
        None
    }

    fn wheel(&mut self, action: Action, snapshot: &Snapshot) {
        if self.dials_listen() {
            // The arrows turn dials there; a notch too many must not.
            return;
        }
        for _ in 0..WHEEL_ROWS {
            self.update(action, snapshot);
        }
        self.feedback = None;
    }

    fn click(&mut self, target: ClickTarget, snapshot: &Snapshot) -> Option<Effect> {
        match target {
            ClickTarget::Tab(tab) => return self.update(Action::Show(tab), snapshot),
            ClickTarget::Do(action) => return self.update(action, snapshot),
            ClickTarget::Column(column) => self.sort_by(column, snapshot),
            ClickTarget::Row(id) => {
                let table = self.table()?;
                let again = table.selected == Some(id);
                table.selected = Some(id);
                if again && matches!(self.tab, Tab::Hosts | Tab::Pages) {
                    return self.update(Action::Open, snapshot);
                }
                self.follow_selection(snapshot);
            }
            ClickTarget::Nothing => {}
        }
        None
    }
}
