//! Permits that never change.

use super::{Controller, Finish, Settings, View};

/// So many permits.
pub(super) struct Fixed(pub u32);

impl Controller for Fixed {
    fn finished(&mut self, _finish: &Finish) {}

    fn tick(&mut self, _view: &View) -> Vec<String> {
        Vec::new()
    }

    fn settings(&self) -> Settings {
        Settings::of(self.0)
    }
}
