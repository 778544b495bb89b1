//! Vegas of Netflix' concurrency-limits: a queue estimated from the lowest latency.

use super::super::MAX_PERMITS;
use super::super::rng::Rng;
use super::second_window::SecondWindow;
use super::{Controller, Finish, Settings, View};

/// Windows, times a jitter of 0.5 to 1, after which the lowest latency is measured anew.
const PROBE_AFTER: f64 = 30.0;

/// The controller.
pub(super) struct Vegas {
    limit: f64,
    lowest: f64,
    windows: f64,
    jitter: f64,
    rng: Rng,
    window: SecondWindow,
}

impl Default for Vegas {
    fn default() -> Self {
        let window = SecondWindow::default();
        Self { limit: 10.0, lowest: 0.0, windows: 0.0, jitter: 0.75, rng: Rng::new(77), window }
    }
}

impl Vegas {
    fn update(&mut self, latency: f64) {
        self.windows += 1.0;
        if self.windows > self.jitter * PROBE_AFTER {
            self.jitter = self.rng.between(0.5, 1.0);
            self.windows = 0.0;
            self.lowest = latency;
            return;
        }
        if self.lowest == 0.0 || latency < self.lowest {
            self.lowest = latency;
            return;
        }
        let step = self.limit.log10().max(1.0).floor();
        let queue = (self.limit * (1.0 - self.lowest / latency)).ceil();
        if self.window.dropped {
            self.limit -= step;
        } else if self.window.used_half(self.limit) {
            if queue <= step {
                self.limit += 6.0 * step;
            } else if queue < 3.0 * step {
                self.limit += step;
            } else if queue > 6.0 * step {
                self.limit -= step;
            }
        }
    }
}

impl Controller for Vegas {
    fn finished(&mut self, finish: &Finish) {
        self.window.add(finish);
    }

    fn tick(&mut self, view: &View) -> Vec<String> {
        if self.window.full(view.at) {
            match self.window.latency() {
                Some(latency) => self.update(latency),
                None => self.limit -= 1.0,
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
