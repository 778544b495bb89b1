//! What limits the crawl other than permits, for the screen.

use crate::crawl::tuning::reading::TuningReading;

/// Weight of a new tick in the means: they remember about two seconds.
const WEIGHT: f64 = 0.05;

/// Means of what holds requests back.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Holding {
    pub(super) starved: f64,
    pub(super) rate_limited: f64,
    /// Good answers per second.
    pub(super) answers: f64,
    pub(super) before: f64,
}

impl Holding {
    pub(super) fn observe(&mut self, reading: &TuningReading) {
        let share = |flag: bool| f64::from(u8::from(flag));
        self.starved += WEIGHT * (share(reading.pressure.starved) - self.starved);
        self.rate_limited += WEIGHT * (share(reading.pressure.rate_limited) - self.rate_limited);
        let time = reading.at - self.before;
        if time > 0.0 {
            let rate = f64::from(reading.finished.answers) / time;
            self.answers += WEIGHT * (rate - self.answers);
        }
        self.before = reading.at;
    }
}
