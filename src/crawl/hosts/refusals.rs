//! Answers 429 without `Retry-After` that a rate answers instead of a cooldown, while the autopilot turns
//! the rate of the whole crawl.

use std::time::Duration;

use tokio::time::Instant;

/// A host that answers nothing but 429 for so long, and so often, needs a cooldown all the same.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST: u32 = 4;

/// Answers 429 of a host since its last other answer.
#[derive(Debug, Default)]
pub struct Refusals {
    since: Option<Instant>,
    count: u32,
}

impl Refusals {
    /// The host answered something else.
    pub fn end(&mut self) {
        *self = Self::default();
    }

    /// The host answered 429; whether a lower rate may be enough.
    pub fn is_excused(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        self.count += 1;
        let for_long = now.duration_since(since) > PATIENCE && self.count > MOST;
        if for_long {
            self.end();
        }
        !for_long
    }
}
