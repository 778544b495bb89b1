//! What the rules weigh, and what they find.

use crate::crawl::measure::verdict::levels::Levels;
use crate::crawl::measure::verdict::reading::Reading;
use crate::crawl::protocol::snapshot::{Overload, OverloadKind, Snapshot};
use crate::crawl::protocol::verdict::{Advice, Limit, Stage, Verdict};

/// Of the mark that a share must reach for something to be said, the part at which it is no longer said.
const STAYS: f64 = 0.6;

/// The sign by which a limit was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Workers wait for the saver, or it falls behind.
    Saving,
    /// Workers wait for rows of the database.
    Reading,
    /// Requests have no answer.
    Hanging,
    /// The processor is busy.
    Cpu,
    /// Workers parse.
    Parsing,
    /// Workers wait for the rate.
    Rate,
    /// Permits were taken away by ourselves.
    Overload,
    /// Fewer in flight brought as many pages.
    FewerWereEnough,
    /// More in flight brought no more pages.
    MoreBroughtNothing,
    /// More in flight brought more pages, or requests take no longer than the first ones did.
    MoreHelps,
    /// Requests wait in line at the server.
    Line,
    /// Bodies take most of the time.
    Bodies,
    /// Nothing is known of another level.
    Untried,
    /// Hosts refuse more than so many requests at once.
    Refusing,
    /// Hosts are left alone.
    HostPace,
    /// Only retries are left.
    Retries,
    /// There are no URLs.
    NoUrls,
    /// Workers fetch, and nothing else is to be seen.
    Fetching,
}

impl Sign {
    /// Whether it is of all that may be in flight being in flight.
    const fn is_of_levels(self) -> bool {
        use Sign as S;
        matches!(
            self,
            S::FewerWereEnough
                | S::MoreBroughtNothing
                | S::MoreHelps
                | S::Line
                | S::Bodies
                | S::Untried
        )
    }
}

/// A verdict, and the sign that it was found by.
#[derive(Debug)]
pub(super) struct Finding {
    pub verdict: Verdict,
    pub sign: Sign,
}

impl Finding {
    pub(super) const fn new(
        sign: Sign,
        limit: Limit,
        stage: Stage,
        advice: Advice,
        text: String,
    ) -> Self {
        Self { verdict: Verdict::new(limit, Some(stage), advice, text), sign }
    }
}

/// What the rules weigh.
pub(super) struct Scales<'a> {
    /// The newest snapshot.
    pub snapshot: &'a Snapshot,
    /// The mean of the last seconds.
    pub mean: Reading,
    /// What is known of the levels of requests in flight.
    pub levels: &'a Levels,
    /// The sign of what is said now.
    pub said: Option<Sign>,
}

impl Scales<'_> {
    /// Whether a share reaches a mark, or is near it and this sign is said already.
    pub(super) fn reaches(&self, sign: Sign, share: f64, mark: f64) -> bool {
        share >= if self.said == Some(sign) { STAYS * mark } else { mark }
    }

    /// Likewise of the signs by which all that may be in flight is in flight.
    pub(super) fn reaches_level(&self, share: f64, mark: f64) -> bool {
        share >= if self.said.is_some_and(Sign::is_of_levels) { STAYS * mark } else { mark }
    }

    /// The first overload of such a kind.
    pub(super) fn overload(&self, is_meant: impl Fn(OverloadKind) -> bool) -> Option<&Overload> {
        self.snapshot.overloads.iter().find(|overload| is_meant(overload.what))
    }
}
