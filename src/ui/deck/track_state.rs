//! How it goes on the way between two stages. It knows no drawing.

use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::crawl::protocol::verdict::Limit;
use crate::ui::palette::Role;

/// A way is full from this share of the last second on for which its lower end was awaited.
const FULL_FROM: f32 = 0.5;
/// It stays full down to this share.
const FULL_UNTIL: f32 = 0.3;

/// How it goes between two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrackState {
    /// Nothing is under way.
    #[default]
    Rest,
    /// Pages pass as they come.
    Free,
    /// Pages pass, and more wait for the lower end.
    Full,
    /// They wait, and nothing passed for a second.
    Blocked,
    /// The crawl is paused.
    Paused,
}

impl TrackState {
    /// The state of the way number `track`; `before` is what it was, as a full one stays full for longer
    /// than it takes to become so.
    #[must_use]
    pub fn of(s: &Snapshot, track: usize, before: Self) -> Self {
        if s.run == RunState::Paused {
            return Self::Paused;
        }
        let flows = s.flow.per_s[track] > 0.0;
        let was_full = matches!(before, Self::Full | Self::Blocked);
        let full = awaited(s, track) >= if was_full { FULL_UNTIL } else { FULL_FROM };
        match (full, flows) {
            _ if s.run.is_final() => Self::Rest,
            (true, true) => Self::Full,
            (true, false) => Self::Blocked,
            (false, true) => Self::Free,
            (false, false) => Self::Rest,
        }
    }

    /// Its hue.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Rest => Role::Faint,
            Self::Free => Role::Ok,
            Self::Full | Self::Blocked => Role::Blocked,
            Self::Paused => Role::Wait,
        }
    }

    /// The glyph at its lower end.
    #[must_use]
    pub const fn head(self) -> &'static str {
        match self {
            Self::Rest => "─",
            Self::Free | Self::Full => "▶",
            Self::Blocked => "┃",
            Self::Paused => "‖",
        }
    }
}

/// The share of the last second, 0..=1, for which something waited for the lower end of a way.
fn awaited(s: &Snapshot, track: usize) -> f32 {
    // How many waited on average.
    let workers = s.dials.workers as f32;
    match track {
        0 => s.producer.blocked,
        1 => s.queue.len as f32 / s.queue.capacity.max(1) as f32,
        2 => s.worker_shares.permit * workers,
        // Permits that were taken back wait for the saver as well.
        3 if s.verdict.limit == Limit::Saver => 1.0,
        3 => s.worker_shares.blocked * workers,
        _ if s.database_outage.is_some() => 1.0,
        _ => 0.0,
    }
    .min(1.0)
}
