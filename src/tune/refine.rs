//! Part of `impl Sweep`: the levels around the knee.

use super::end::{ClimbEnd, SweepEnd};
use super::hold::{Hold, HoldPurpose};
use super::level::SweepLevel;
use super::sweep::Sweep;
use crate::crawl::protocol::snapshot::Snapshot;

/// Half the width of an interval, as a share of the mean, that is narrow enough beside the knee.
const TARGET: f64 = 0.04;
/// Levels that are held for refinement at most.
const MOST_LEVELS: usize = 6;
/// Share of the rest of the budget that the next level gets.
const SHARE: f64 = 0.3;
/// Least share of a level in seconds.
const LEAST_SHARE_S: f64 = 3.0;
/// Where levels are wanted around the knee.
const AROUND: [f64; 3] = [1.0, 0.8, 1.25];
/// Permits this close, as a quotient less one, are the same level.
const SAME: f64 = 0.08;
/// Mean latencies this close, as a quotient less one, are the same.
const SAME_LATENCY: f64 = 0.08;
/// Share of the permits at which the server was overloaded that a level may have.
const BELOW_CEILING: f64 = 0.9;

impl Sweep {
    /// Takes in a level that was held, and begins to hold the next, or ends.
    pub(super) fn refine(&mut self, s: &Snapshot, held: Option<SweepLevel>) {
        self.levels.extend(held);
        if matches!(self.climb_end, Some(ClimbEnd::Refused { .. }))
            || self.refined.len() >= MOST_LEVELS
        {
            return self.end(SweepEnd::Done);
        }
        let Some(permits) = self.wanted() else { return self.end(SweepEnd::Done) };
        self.refined.push(permits);
        let share = (SHARE * self.left_with_urls_s(s)).max(LEAST_SHARE_S);
        self.begin_with_urls(s, Hold::new(permits, HoldPurpose::Refine, TARGET, share));
    }

    /// The level that is wanted next.
    fn wanted(&self) -> Option<u32> {
        let counting: Vec<&SweepLevel> =
            self.levels.iter().filter(|level| level.counts()).collect();
        let lowest = counting.iter().min_by_key(|level| level.permits())?;
        let second = counting
            .iter()
            .filter(|level| level.permits() > lowest.permits())
            .min_by_key(|level| level.permits());
        // The latency without a queue is that of the lowest levels, if it rises no more below them.
        let rises = second
            .is_none_or(|second| second.row.mean_ms > (1.0 + SAME_LATENCY) * lowest.row.mean_ms);
        if rises && lowest.permits() > 1 {
            return self.fresh(lowest.permits() / 2);
        }
        let knee = self.knee_permits();
        let around = AROUND.into_iter().filter_map(|factor| {
            let permits = (knee * factor).round().max(1.0) as u32;
            let known = counting.iter().any(|level| is_same(level.permits(), permits));
            let may = permits > lowest.permits() && !known && self.may_hold(permits);
            may.then_some(permits)
        });
        let wide = |level: &&&SweepLevel| level.relative_ci() > TARGET;
        let most = counting.iter().max_by(|a, b| a.pages_per_s().total_cmp(&b.pages_per_s()));
        let again = [most, Some(lowest)].into_iter().flatten().filter(wide);
        around
            .chain(again.map(|level| level.permits()))
            .find(|permits| !self.refined.contains(permits))
    }

    fn fresh(&self, permits: u32) -> Option<u32> {
        (!self.refined.contains(&permits)).then_some(permits)
    }

    fn may_hold(&self, permits: u32) -> bool {
        let ceiling = self.ceiling().map_or(f64::INFINITY, f64::from);
        permits <= self.limits.max_permits && f64::from(permits) <= BELOW_CEILING * ceiling
    }

    /// Lowest mean latency of the levels that count, in ms; where none does, since a rate is what limits, that of
    /// the others that were not refused.
    pub(super) fn low_latency_ms(&self) -> f64 {
        let lowest = |counts: fn(&SweepLevel) -> bool| {
            let levels = self.levels.iter().filter(|level| counts(level));
            levels.map(|level| level.row.mean_ms).fold(f64::INFINITY, f64::min)
        };
        let counting = lowest(SweepLevel::counts);
        if counting.is_finite() {
            counting
        } else {
            lowest(|level| !level.overloaded && level.row.mean_ms > 0.0)
        }
    }

    /// The knee in permits as far as it is known: that of the curve, or most pages per second times the lowest
    /// latency; 0 where nothing is known.
    pub(super) fn knee_permits(&self) -> f64 {
        if let Some(knee) = self.curve.knee {
            return knee.permits.value;
        }
        let counting = self.levels.iter().filter(|level| level.counts());
        // By Little's law, requests per second are requests in flight over the mean latency.
        let most = counting.map(|level| 1000.0 * level.in_flight / level.row.mean_ms);
        let most = most.fold(0.0, f64::max);
        if most > 0.0 { most * self.low_latency_ms() / 1000.0 } else { 0.0 }
    }
}

fn is_same(a: u32, b: u32) -> bool {
    let (a, b) = (f64::from(a), f64::from(b));
    (a / b).ln().abs() <= SAME
}
