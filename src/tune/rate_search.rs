//! Part of `impl Sweep`: the search for the rate that a server allows, where it answers 429.

use super::end::SweepEnd;
use super::hold::{Hold, HoldPurpose};
use super::level::SweepLevel;
use super::rate_range::{RateRange, round};
use super::sweep::Sweep;
use crate::crawl::protocol::snapshot::Snapshot;

/// Half the width of an interval that is narrow enough; a rate is held for its time in any case.
const TARGET: f64 = 0.05;
/// How long a rate is held, in seconds: a token bucket hides an excess for a while.
const HOLD_S: f64 = 8.0;
/// Rates closer than this factor are told apart no more.
const CLOSE: f64 = 1.12;
/// Share of what was asked for at the lowest level that is tried where that was refused.
const FIRST_SHARE: f64 = 0.3;

impl Sweep {
    /// Takes in that a level was refused; the rate that was allowed, to go back to.
    pub(super) fn refused_rate(&mut self, hold: &Hold, level: &SweepLevel) -> f64 {
        if let Some(search) = &mut self.rate_range {
            search.refused = hold.rate.unwrap_or(search.refused);
            if search.refused <= search.allowed {
                (search.allowed, search.is_known) = (search.refused * FIRST_SHARE, false);
            }
            return search.allowed;
        }
        let per_s = |in_flight: f64, mean_ms: f64| 1000.0 * in_flight / mean_ms.max(1.0);
        let lower = self.last_counting(hold.permits);
        let latency = lower.map_or(level.row.mean_ms, |lower| lower.row.mean_ms);
        let refused = per_s(f64::from(hold.permits), latency);
        let allowed = lower.map(|lower| per_s(lower.in_flight, lower.row.mean_ms));
        let search = RateRange {
            allowed: round(allowed.unwrap_or(FIRST_SHARE * refused)),
            refused,
            is_known: allowed.is_some(),
            permits: hold.permits,
        };
        self.rate_range = Some(search);
        search.allowed
    }

    /// A rate was held without being refused.
    pub(super) fn rate_kept(&mut self, s: &Snapshot, level: SweepLevel) {
        if let (Some(search), Some(rate)) = (&mut self.rate_range, level.row.rate) {
            (search.allowed, search.is_known) = (rate, true);
        }
        self.levels.push(level);
        self.search_rate(s);
    }

    /// Begins to hold the next rate, or ends.
    pub(super) fn search_rate(&mut self, s: &Snapshot) {
        let Some(search) = self.rate_range else { return self.end(SweepEnd::Done) };
        let ceiling = self.limits.rate.unwrap_or(f64::INFINITY);
        let rate = if search.is_known { search.middle() } else { search.allowed };
        let rate = rate.min(ceiling).max(0.1);
        let closes = search.is_known && search.refused / search.allowed < CLOSE;
        if closes || (search.is_known && rate <= search.allowed) {
            return self.end(SweepEnd::Done);
        }
        let mut hold = Hold::new(search.permits, HoldPurpose::Rate, TARGET, HOLD_S);
        hold.rate = Some(rate);
        self.begin(s, hold);
    }
}
