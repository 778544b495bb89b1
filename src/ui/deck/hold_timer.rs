//! A measurement that holds for a second counts: what scenes and the tour tick their steps by.

/// Seconds that a measurement holds before it counts.
const HOLDS_S: f64 = 1.0;

/// Since when a measurement holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct HoldTimer {
    since_s: Option<f64>,
}

impl HoldTimer {
    /// Takes note of whether it holds now. Returns since when, once it has held for a second, and begins anew.
    pub fn note(&mut self, holds: bool, at_s: f64) -> Option<f64> {
        if !holds {
            self.since_s = None;
            return None;
        }
        let since_s = *self.since_s.get_or_insert(at_s);
        (at_s - since_s >= HOLDS_S).then(|| {
            self.since_s = None;
            since_s
        })
    }
}
