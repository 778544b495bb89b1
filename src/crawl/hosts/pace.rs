//! Politeness: what holds for every host alike.

use std::time::Duration;

use crate::crawl::hosts::limits::MAX_PAUSE;
use crate::settings::{BreakerSettings, Settings};

/// What holds for every host alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Maximum number of requests in flight.
    pub per_host: Option<u32>,
    /// Gap between two starts.
    pub delay: Duration,
    /// Longest gap that a robots.txt may demand.
    pub max_robots_delay: Duration,
    /// First cooldown after 429 or 503.
    pub backoff: Duration,
    /// Longest cooldown after 429 or 503, and longest `Retry-After`.
    pub max_backoff: Duration,
    /// When a host counts as down.
    pub breaker: BreakerSettings,
    /// Time it may be down before it is given up.
    pub give_up: Duration,
    /// Failures after which one that never answered is given up.
    pub attempts: u32,
    /// Whether robots.txt is obeyed.
    pub robots: bool,
    /// Maximum number of requests in flight to a host that the autopilot sets.
    pub automatic_limit: Option<u32>,
    /// Whether a rate answers 429 without `Retry-After`, and not a cooldown: the autopilot turns it.
    pub rate_answers_429: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self::of(&Settings { ignore_robots: true, ..Settings::default() })
    }
}

impl Pace {
    /// Longest time that a host may be left alone: what is stored of an earlier run and lies further
    /// ahead comes of a clock that was put back.
    #[must_use]
    pub fn longest_cooldown(&self) -> Duration {
        self.max_backoff.max(self.breaker.max_cooldown)
    }

    /// Likewise for the next attempt of a single URL.
    #[must_use]
    pub fn longest_pause(&self) -> Duration {
        self.max_backoff.max(MAX_PAUSE)
    }

    /// What the settings say.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            per_host: settings.per_host,
            delay: settings.delay,
            max_robots_delay: settings.max_robots_delay,
            backoff: settings.host_backoff,
            max_backoff: settings.max_host_backoff,
            breaker: settings.breaker.clone(),
            give_up: settings.host_give_up_after,
            attempts: settings.attempts,
            robots: !settings.ignore_robots,
            automatic_limit: None,
            rate_answers_429: false,
        }
    }
}
