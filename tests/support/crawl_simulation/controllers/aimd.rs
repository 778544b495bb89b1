//! AIMD of Netflix' concurrency-limits: one more per window, a tenth less after a failure.

use super::super::MAX_PERMITS;
use super::second_window::SecondWindow;
use super::{Controller, Finish, Settings, View};

/// A mean latency beyond this counts as a failure, in seconds.
const TIME_OUT: f64 = 5.0;

/// The controller.
pub(super) struct Aimd {
    limit: f64,
    window: SecondWindow,
}

impl Default for Aimd {
    fn default() -> Self {
        Self { limit: 10.0, window: SecondWindow::default() }
    }
}

impl Controller for Aimd {
    fn finished(&mut self, finish: &Finish) {
        self.window.add(finish);
    }

    fn tick(&mut self, view: &View) -> Vec<String> {
        if self.window.full(view.at) {
            if self.window.dropped || self.window.latency().is_some_and(|l| l > TIME_OUT) {
                self.limit *= 0.9;
            } else if self.window.used_half(self.limit) {
                self.limit += 1.0;
            }
            self.limit = self.limit.clamp(1.0, f64::from(MAX_PERMITS));
            self.window.restart(view.at);
        }
        Vec::new()
    }

    fn settings(&self) -> Settings {
        Settings::of(self.limit as u32)
    }
}
