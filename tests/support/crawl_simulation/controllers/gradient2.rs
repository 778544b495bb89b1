//! Gradient2 of Netflix' concurrency-limits: the ratio of a slow and a fast mean of the latency.

use super::second_window::SecondWindow;
use super::{Controller, Finish, Settings, View};

/// Least and most permits (the library's defaults).
const RANGE: (f64, f64) = (20.0, 200.0);
/// Windows that the slow mean remembers, and those of its warm-up.
const LONG: f64 = 600.0;
const WARM_UP: f64 = 10.0;
/// Latency over the slow mean that is tolerated, permits for a queue, and weight of a new value.
const TOLERANCE: f64 = 1.5;
const QUEUE: f64 = 4.0;
const SMOOTHING: f64 = 0.2;

/// The controller.
pub(super) struct Gradient2 {
    limit: f64,
    slow: f64,
    windows: f64,
    window: SecondWindow,
}

impl Default for Gradient2 {
    fn default() -> Self {
        Self { limit: RANGE.0, slow: 0.0, windows: 0.0, window: SecondWindow::default() }
    }
}

impl Gradient2 {
    fn update(&mut self, latency: f64) {
        self.windows += 1.0;
        let weight = if self.windows <= WARM_UP { 1.0 / self.windows } else { 2.0 / (LONG + 1.0) };
        self.slow += (latency - self.slow) * weight;
        if self.slow / latency > 2.0 {
            self.slow *= 0.95;
        }
        if self.window.used_half(self.limit) {
            let gradient = (TOLERANCE * self.slow / latency).clamp(0.5, 1.0);
            let new = self.limit.mul_add(gradient, QUEUE);
            self.limit += (new - self.limit) * SMOOTHING;
            self.limit = self.limit.clamp(RANGE.0, RANGE.1);
        }
    }
}

impl Controller for Gradient2 {
    fn finished(&mut self, finish: &Finish) {
        self.window.add(finish);
    }

    fn tick(&mut self, view: &View) -> Vec<String> {
        if self.window.full(view.at) {
            if let Some(latency) = self.window.latency() {
                self.update(latency);
            }
            self.window.restart(view.at);
        }
        Vec::new()
    }

    fn settings(&self) -> Settings {
        Settings::of(self.limit as u32)
    }
}
