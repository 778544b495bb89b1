//! Part of `impl Sweep`: levels at which the server refuses or fails requests are left at once.

use super::end::ClimbEnd;
use super::hold::{Hold, HoldPurpose, MOST_OVERLOAD, all_cool_down};
use super::level::SweepLevel;
use super::sweep::{Sweep, SweepPhase};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::MeasuredRow;

/// Failed or refused requests beyond the expected ones, in standard deviations, that are no chance.
const CHANCE: f64 = 2.5;
/// Longest wait for a host that cools down, in seconds.
const LONGEST_COOLDOWN_S: f64 = 60.0;

impl Sweep {
    /// Whether more requests of the present level fail or are refused than the server may have: `Some(true)`
    /// where it is 429. `requests` ended at this level.
    pub(super) fn overload(&self, row: &MeasuredRow, requests: u64) -> Option<bool> {
        let requests = requests as f64;
        let beyond = |share: f64, expected: f64, least: f64| {
            let chance = CHANCE * (requests * expected + least).sqrt();
            requests * share > requests * expected + chance
        };
        if beyond(row.refused_share, MOST_OVERLOAD, 0.25) {
            return Some(true);
        }
        // Pages that always fail do so at the lowest level too.
        let lowest = self.levels.iter().min_by_key(|level| level.permits());
        let usual = lowest.map_or(0.5 - MOST_OVERLOAD, |level| level.row.error_share);
        beyond(row.error_share, usual + MOST_OVERLOAD, 1.0).then_some(false)
    }

    /// Leaves a level at which the server refuses or fails requests.
    pub(super) fn step_back(
        &mut self,
        s: &Snapshot,
        hold: &Hold,
        level: SweepLevel,
        refused: bool,
    ) {
        let lower = self.last_counting(hold.permits);
        let back = lower.map_or((hold.permits / 2).max(1), SweepLevel::permits);
        let share = if refused { level.row.refused_share } else { level.row.error_share };
        let what = if refused { "answered 429" } else { "failed" };
        let at = hold.rate.map_or_else(String::new, |rate| format!(", rate {rate}/s"));
        self.tell(format!(
            "{} permits{at}: {:.1} % of the requests {what}; back to {back}",
            hold.permits,
            100.0 * share
        ));
        let rate = if refused { Some(self.refused_rate(hold, &level)) } else { hold.rate };
        let permits = hold.permits;
        self.levels.push(level);
        if hold.purpose == HoldPurpose::Climb {
            self.climb_end = Some(if refused {
                ClimbEnd::Refused { permits }
            } else {
                ClimbEnd::Overload { permits, share }
            });
        }
        self.set(s, back, rate.or(self.limits.rate));
        self.phase = SweepPhase::Recovering { since_s: s.active_s };
    }

    /// Waits until hosts cool down no more, then goes on.
    pub(super) fn recover(&mut self, s: &Snapshot, since_s: f64) {
        let waited = s.active_s - since_s;
        let cools_down = s.gate.in_use == 0 || all_cool_down(s);
        if waited < 1.0 || (cools_down && waited < LONGEST_COOLDOWN_S) {
            self.phase = SweepPhase::Recovering { since_s };
            return;
        }
        if self.rate_range.is_some() { self.search_rate(s) } else { self.refine(s, None) }
    }

    /// Fewest permits at which the server was overloaded.
    pub(super) fn ceiling(&self) -> Option<u32> {
        let overloaded = self.levels.iter().filter(|level| level.overloaded);
        overloaded.map(SweepLevel::permits).min()
    }
}
