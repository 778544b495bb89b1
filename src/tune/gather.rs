//! Waits until enough URLs are known for a level, and until hosts take requests again.

use super::hold::{CLIMB_TARGET, Hold, HoldPurpose, recovers};
use super::limits::LONGEST_WAIT_S;
use super::sweep::{Sweep, SweepPhase, requests};
use crate::crawl::protocol::snapshot::Snapshot;

/// URLs that must wait before a level is held: so many, and so many for each permit.
const ENOUGH_URLS: (u64, u64) = (50, 8);

impl Sweep {
    /// Waits for URLs since then, or begins the hold.
    pub(super) fn gather(&mut self, s: &Snapshot, since_s: Option<f64>, then: Hold) {
        // The first few permits can be too many already.
        let mut so_far = Hold::new(s.dials.permits, HoldPurpose::Climb, CLIMB_TARGET, 0.0);
        so_far.rate = s.dials.rate;
        let is_known = s.latency.last_10s.count > 0;
        if self.levels.is_empty()
            && is_known
            && let Some(level) = so_far.refused(s, requests(s))
        {
            return self.step_back(s, &so_far, level, true);
        }
        let waiting = s.frontier.pending + u64::from(s.queue.len);
        let enough = ENOUGH_URLS.0 + ENOUGH_URLS.1 * u64::from(then.permits);
        let since = since_s.unwrap_or_else(|| {
            if waiting < enough {
                self.tell(format!(
                    "waits for URLs: {waiting} are known, {enough} are enough for {} permits",
                    then.permits
                ));
            }
            s.active_s
        });
        let waited = s.active_s - since;
        let [longest, in_all] = [LONGEST_WAIT_S.0, LONGEST_WAIT_S.1 - self.waited_s];
        // A host that was left alone a moment ago takes fewer requests than it will.
        let is_early = waiting < enough || s.hosts.iter().any(recovers);
        if is_early && waited < longest.min(in_all) {
            self.phase = SweepPhase::Gathering { since_s: Some(since), then };
            return;
        }
        self.waited_s += waited;
        self.begin(s, then);
    }

    /// Begins to hold a level once there are enough URLs for it.
    pub(super) fn begin_with_urls(&mut self, s: &Snapshot, hold: Hold) {
        self.gather(s, None, hold);
    }
}
