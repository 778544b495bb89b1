//! The cooldown of one host: how long it is left alone after 429 and 503, or by `Retry-After`.
//!
//! Cooldowns double from one incident to the next up to a ceiling; what was in flight when the host
//! demanded one belongs to the same incident. After a quiet time doubling begins anew.

use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::breaker::doubled;
use crate::crawl::hosts::pace::Pace;
use crate::crawl::protocol::host_view::WaitReason;

/// Cooldowns after which a host that has answered nothing but 429 and 503 may be given up.
const REFUSED_FOR_LONG: u32 = 5;

/// The cooldown of one host.
#[derive(Debug, Default)]
pub struct Cooldown {
    until: Option<(Instant, WaitReason)>,
    /// When the last incident began.
    began: Option<Instant>,
    /// How often the first cooldown was doubled.
    doublings: u32,
    /// Since when it has answered nothing but 429 and 503.
    refusing_since: Option<Instant>,
}

impl Cooldown {
    /// A request has ended: `demanded` tells whether the host demands a cooldown, `failed` whether it did
    /// not answer, or with 5xx.
    pub fn note(&mut self, demanded: bool, failed: bool, now: Instant) {
        if demanded {
            self.refusing_since.get_or_insert(now);
        } else if !failed {
            self.refusing_since = None;
        }
    }

    /// A host demands a cooldown in answer to a request that started at `started`. Returns
    /// whether a new incident begins with that.
    pub fn begin(
        &mut self,
        retry_after: Option<Duration>,
        started: Instant,
        pace: &Pace,
        now: Instant,
        random: f64,
    ) -> bool {
        let same = self.began.is_some_and(|began| started <= began);
        if !same {
            // Quiet begins when the cooldown is over.
            let quiet_since = self.until.map(|(until, _)| until).or(self.began);
            let reset = quiet_since.is_none_or(|since| {
                now.saturating_duration_since(since) >= pace.breaker.reset_after
            });
            self.doublings = if reset { 0 } else { self.doublings + 1 };
            self.began = Some(now);
        }
        let until = match retry_after {
            Some(time) => Some((now + time.min(pace.max_backoff), WaitReason::RetryAfter)),
            None if same => None,
            None => {
                let time = doubled(pace.backoff, self.doublings, pace.max_backoff, random);
                Some((now + time, WaitReason::Backoff))
            }
        };
        if let Some(until) = until
            && self.until.is_none_or(|(so_far, _)| so_far < until.0)
        {
            self.until = Some(until);
        }
        !same
    }

    /// Restores a cooldown that an earlier run stored.
    pub fn continue_until(&mut self, until: Instant) {
        self.until = Some((until, WaitReason::RetryAfter));
        self.began = Some(Instant::now());
    }

    /// Until when it lasts, or lasted, and why.
    #[must_use]
    pub const fn until(&self) -> Option<(Instant, WaitReason)> {
        self.until
    }

    /// Until when it lasts, if it is not over.
    #[must_use]
    pub fn lasts_until(&self, now: Instant) -> Option<Instant> {
        self.until.map(|(until, _)| until).filter(|until| *until > now)
    }

    /// Since when the host has answered nothing but 429 and 503, cooldown after cooldown.
    #[must_use]
    pub fn refusing_for_long(&self) -> Option<Instant> {
        self.refusing_since.filter(|_| self.doublings >= REFUSED_FOR_LONG)
    }

    /// Ends it, by hand.
    pub const fn end(&mut self) {
        self.until = None;
        self.refusing_since = None;
    }
}
