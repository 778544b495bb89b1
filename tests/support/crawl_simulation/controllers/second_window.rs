//! The window of one second that AIMD, Vegas and Gradient2 measure in.

use super::{Finish, Outcome};

/// Sums since the window began.
#[derive(Debug, Default)]
pub(super) struct SecondWindow {
    began: f64,
    answers: f64,
    latency_sum: f64,
    /// Whether a request failed.
    pub dropped: bool,
    most_in_flight: u32,
}

impl SecondWindow {
    pub(super) fn add(&mut self, finish: &Finish) {
        if finish.outcome == Outcome::Ok {
            self.answers += 1.0;
            self.latency_sum += finish.at - finish.sent_at;
        } else {
            self.dropped = true;
        }
        self.most_in_flight = self.most_in_flight.max(finish.in_flight);
    }

    /// Whether it is long enough: one second and ten answers, or three seconds and any.
    pub(super) fn full(&self, t: f64) -> bool {
        let age = t - self.began;
        let enough = self.answers >= 10.0 || (self.dropped && self.answers >= 1.0);
        (age >= 0.999 && enough) || (age >= 3.0 && (self.answers > 0.0 || self.dropped))
    }

    /// Mean latency of the good answers, if there were any.
    pub(super) fn latency(&self) -> Option<f64> {
        (self.answers > 0.0).then(|| self.latency_sum / self.answers)
    }

    /// Whether at least half of `limit` was in use.
    pub(super) fn used_half(&self, limit: f64) -> bool {
        2.0 * f64::from(self.most_in_flight) >= limit
    }

    pub(super) fn restart(&mut self, t: f64) {
        *self = Self { began: t, ..Self::default() };
    }
}
