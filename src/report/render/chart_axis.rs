//! The chart's geometry: where its panels are, and where a time or a value is in them.

use crate::report::timeline::{Session, Timeline};

/// Size of the picture, in its own units.
pub(super) const WIDTH: f64 = 1080.0;
pub(super) const HEIGHT: f64 = 426.0;

/// Where the panels are.
pub(super) const LEFT: f64 = 58.0;
pub(super) const RIGHT: f64 = 1068.0;
pub(super) const RATE: Panel = Panel { top: 34.0, bottom: 204.0 };
pub(super) const LATENCY: Panel = Panel { top: 232.0, bottom: 382.0 };

/// Steps of the time axis, in ms.
pub(super) const STEPS: [i64; 24] = [
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
    5000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// A panel's place.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Panel {
    pub(super) fn y(self, value: f64, most: f64) -> f64 {
        self.bottom - (value / most).clamp(0.0, 1.0) * (self.bottom - self.top)
    }
}

/// Time to place: sessions side by side, as wide as they are long.
pub(super) struct Axis<'a> {
    pub(super) sessions: &'a [Session],
    /// Where each session begins.
    pub(super) starts: Vec<f64>,
    /// Units of the picture per ms.
    pub(super) per_ms: f64,
}

impl<'a> Axis<'a> {
    pub(super) fn new(timeline: &'a Timeline) -> Self {
        let sessions = &timeline.sessions;
        let breaks = sessions.len().saturating_sub(1) as f64;
        let gap = if sessions.len() <= 5 { 64.0 } else { 28.0 };
        let room = RIGHT - LEFT - gap * breaks;
        let per_ms = room / timeline.active_ms().max(1) as f64;
        let mut starts = Vec::with_capacity(sessions.len());
        let mut x = LEFT;
        for session in sessions {
            starts.push(x);
            x += (session.to_ms - session.from_ms) as f64 * per_ms + gap;
        }
        Self { sessions, starts, per_ms }
    }

    pub(super) fn end(&self, n: usize) -> f64 {
        let session = &self.sessions[n];
        self.starts[n] + (session.to_ms - session.from_ms) as f64 * self.per_ms
    }

    /// What falls between two sessions is shown in the middle of the gap.
    pub(super) fn x(&self, at_ms: i64) -> f64 {
        for (n, session) in self.sessions.iter().enumerate() {
            if at_ms < session.from_ms {
                return if n == 0 { LEFT } else { f64::midpoint(self.end(n - 1), self.starts[n]) };
            }
            if at_ms <= session.to_ms {
                return self.starts[n] + (at_ms - session.from_ms) as f64 * self.per_ms;
            }
        }
        RIGHT
    }
}
