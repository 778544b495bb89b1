//! Part of `impl Sweep`: the climb from few permits to where pages per second no longer follow.

use super::end::ClimbEnd;
use super::hold::{CLIMB_TARGET, Hold, HoldPurpose};
use super::level::SweepLevel;
use super::sweep::Sweep;
use crate::crawl::protocol::snapshot::Snapshot;

/// Share of the budget for the climb.
const SHARE: f64 = 0.7;
/// Levels that a climb takes at most to be shared out among.
const MOST_LEVELS: f64 = 7.0;
/// Least share of a level in seconds.
const LEAST_SHARE_S: f64 = 3.0;
/// Factors by which permits rise: while pages per second follow wholly, and while they follow less.
const FACTORS: (f64, f64) = (2.0, 1.5);
/// Power of the permits from which pages per second follow wholly.
const WHOLLY: f64 = 0.85;
/// A knee so many times beyond the highest level contradicts that pages per second have stopped following.
const BEYOND: f64 = 1.15;
/// Levels of which nothing is known, for all the noise, that a climb passes.
const MOST_UNKNOWN: u32 = 3;
/// Rise of the mean latency in ms that may be that of this machine, and not of the server.
const LEAST_RISE_MS: f64 = 50.0;
/// Mean latency as a multiple of the lowest that is enough.
const MOST_LATENCY: f64 = 4.0;

impl Sweep {
    /// The share of the budget that a level of the climb has, in seconds.
    pub(super) fn climb_share_s(&self, s: &Snapshot, permits: u32) -> f64 {
        let doublings = (f64::from(self.limits.max_permits) / f64::from(permits)).log2();
        let levels = (doublings.max(0.0).ceil() + 1.0).min(MOST_LEVELS);
        (SHARE * self.left_with_urls_s(s) / levels).max(LEAST_SHARE_S)
    }

    /// A level of the climb was held.
    pub(super) fn climbed(&mut self, s: &Snapshot, hold: &Hold, level: SweepLevel) {
        let permits = level.permits();
        let following = self.last_counting(permits).map(|lower| lower.following(&level.row));
        let latency = level.row.mean_ms;
        self.levels.push(level);
        let factor = match following {
            None => FACTORS.0,
            Some(gain) if gain.follows() && gain.pages.value > WHOLLY => FACTORS.0,
            Some(gain) if gain.follows() => FACTORS.1,
            Some(gain) if gain.says_nothing() && self.unknown < MOST_UNKNOWN => {
                self.unknown += 1;
                FACTORS.0
            }
            Some(_) if self.knee_permits() > BEYOND * f64::from(permits) => FACTORS.1,
            Some(_) => {
                let own = hold.own_limit().map(|text| ClimbEnd::OwnLimit(text.to_owned()));
                return self.stop_climbing(s, own.unwrap_or(ClimbEnd::Plateau));
            }
        };
        let low = self.low_latency_ms();
        if latency > MOST_LATENCY * low && latency > low + LEAST_RISE_MS {
            return self.stop_climbing(s, ClimbEnd::Latency);
        }
        let most = self.limits.max_permits;
        if permits >= most {
            return self.stop_climbing(s, ClimbEnd::MostPermits(most));
        }
        let next = ((f64::from(permits) * factor).ceil() as u32).min(most);
        let hold = Hold::new(next, HoldPurpose::Climb, CLIMB_TARGET, self.climb_share_s(s, next));
        self.begin_with_urls(s, hold);
    }
}
