//! The judgement: what limits the crawl now, and which key would help.
//!
//! It is worked out once a second from the snapshots alone, so a recorded sequence of them gives the same
//! verdicts again. It remembers the last seconds, whose means it judges; what was measured at each level of
//! requests in flight, which says whether more of them helped; and what it said, which a sign must
//! outlast before something else is said.

mod levels;
mod queueing;
mod reading;
mod rules;
mod scales;
mod states;

use crate::crawl::measure::verdict::levels::Levels;
use crate::crawl::measure::verdict::reading::RecentSeconds;
use crate::crawl::measure::verdict::rules::weigh;
use crate::crawl::measure::verdict::scales::{Finding, Scales, Sign};
use crate::crawl::measure::verdict::states::at_once;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::verdict::{Advice, Limit, Verdict};

/// Seconds that are measured before anything is said.
const FIRST_SECONDS: usize = 2;
/// Seconds in a row that something else must be found before it is said.
const CONFIRMED: u32 = 3;
/// Likewise when a dial was turned, or anything else changed by command: something else is expected then.
const CONFIRMED_AFTER_CHANGE: u32 = 2;

/// Likewise after requests hung: they time out together, and then it takes a while until others hang.
const CONFIRMED_AFTER_HANGING: u32 = 10;

/// What makes two findings the same verdict, whatever figures their texts have.
type Key = (Limit, Advice, Sign);

/// Judges the snapshots of one run, in their order.
#[derive(Debug, Default)]
pub struct VerdictJudge {
    recent: RecentSeconds,
    levels: Levels,
    said: Option<(Key, Verdict)>,
    /// What was found instead of what is said, and how many seconds in a row.
    other: Option<(Key, u32)>,
}

impl VerdictJudge {
    /// What limits the crawl, by this snapshot and those before it (its own `verdict` is not read).
    ///
    /// States that need no measurement, such as a pause, are told at once. Everything else is judged when
    /// the snapshot has a new second of history, and stays until the next one.
    pub fn judge(&mut self, snapshot: &Snapshot) -> Verdict {
        let is_new = self.recent.note(snapshot);
        if is_new {
            self.levels.note(snapshot, self.recent.mean(1));
        }
        if let Some(verdict) = at_once(snapshot) {
            self.other = None;
            return verdict;
        }
        if is_new && self.recent.len() >= FIRST_SECONDS {
            let scales = Scales {
                snapshot,
                mean: self.recent.mean(self.recent.len()),
                levels: &self.levels,
                said: self.said.as_ref().map(|(key, _)| key.2),
            };
            self.consider(weigh(&scales));
        }
        match &self.said {
            Some((_, verdict)) => verdict.clone(),
            None => Verdict::new(Limit::Unknown, None, Advice::None, "measuring".into()),
        }
    }

    /// Says what was found, if it is what is said already or was found often enough in a row.
    fn consider(&mut self, found: Finding) {
        let key = (found.verdict.limit, found.verdict.advice, found.sign);
        let is_said = self.said.as_ref().is_none_or(|(said, _)| *said == key);
        let times = match self.other {
            Some((other, times)) if other == key => times + 1,
            _ => 1,
        };
        let enough = match &self.said {
            _ if self.recent.is_fresh() => CONFIRMED_AFTER_CHANGE,
            Some(((.., Sign::Hanging), _)) => CONFIRMED_AFTER_HANGING,
            _ => CONFIRMED,
        };
        if is_said || times >= enough {
            self.said = Some((key, found.verdict));
            self.other = None;
        } else {
            self.other = Some((key, times));
        }
    }
}
