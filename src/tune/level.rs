//! One level of a sweep: a number of permits, and what it gave.

use crate::crawl::protocol::tuning::{Estimate, MeasuredRow};
use crate::units::{counted, milliseconds};

/// Pages per second that grow by more than this power of the permits follow them. The curve's knee needs a level
/// at which they plainly do not, so it is less than half.
const FOLLOWS: f64 = 0.3;
/// Half the width of an interval of that power beyond which it says nothing.
const SAYS_NOTHING: f64 = 1.5;
/// Share of the permits that must be in use, and how many may be free besides.
const IN_USE: (f64, f64) = (0.9, 0.5);

/// A setting that was held, and what it gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SweepLevel {
    /// What was measured.
    pub row: MeasuredRow,
    /// Mean of the requests in flight.
    pub in_flight: f64,
    /// Whether the server refused or failed more than it may: then it is no level to use.
    pub overloaded: bool,
}

/// By how much pages per second follow the permits from one level to a higher one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Following {
    /// Growth of the pages per second as a power of that of the permits: 1 follows wholly, 0 not at all;
    /// `ci` is half the width of its 95 % interval.
    pub pages: Estimate,
    /// Likewise, as the latency has it by Little's law.
    pub by_latency: f64,
}

impl Following {
    /// Whether more permits still bring more pages: plainly, or so far that chance explains the rest and the
    /// latency says so too.
    pub(super) fn follows(self) -> bool {
        let upper = self.pages.value + self.pages.ci.min(1.0);
        self.pages.value > FOLLOWS || (upper > FOLLOWS && self.by_latency > FOLLOWS)
    }

    /// Whether the interval is so wide that nothing follows from it.
    pub(super) fn says_nothing(self) -> bool {
        self.pages.ci > SAYS_NOTHING
    }

    /// Whether chance may have decided [`Self::follows`].
    pub(super) fn is_uncertain(self) -> bool {
        (self.pages.value - FOLLOWS).abs() < self.pages.ci
    }
}

impl SweepLevel {
    /// Maximum requests in flight.
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.row.permits
    }

    /// Pages per second.
    #[must_use]
    pub const fn pages_per_s(&self) -> f64 {
        self.row.pages_per_s.value
    }

    /// Half the width of the interval as a share of the mean.
    #[must_use]
    pub fn relative_ci(&self) -> f64 {
        relative_ci(self.row.pages_per_s)
    }

    /// Whether its permits were in use, so that they were what limited.
    #[must_use]
    pub fn is_full(&self) -> bool {
        is_full(self.in_flight, self.row.permits)
    }

    /// Whether it counts: its permits were in use, and the server was content.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.is_full() && !self.overloaded && self.pages_per_s() > 0.0
    }

    /// The level as a line of progress.
    pub(super) fn line(&self) -> String {
        let row = &self.row;
        let rate = row.rate.map_or_else(String::new, |rate| format!(", rate {rate:.1}/s"));
        let permits = counted(row.permits.into(), "permit", "permits");
        let ci = row.pages_per_s.ci;
        let ci = if ci.is_finite() { format!(" ± {ci:.1}") } else { String::new() };
        format!(
            "{permits}{rate}: {:.1} pages/s{ci}, p50 {}, p95 {}",
            row.pages_per_s.value,
            milliseconds(row.p50_ms),
            milliseconds(row.p95_ms)
        )
    }

    /// By how much pages per second follow the permits from this level to `higher`.
    pub(super) fn following(&self, higher: &MeasuredRow) -> Following {
        let steps = (f64::from(higher.permits) / f64::from(self.row.permits)).ln();
        let gain = (higher.pages_per_s.value / self.row.pages_per_s.value).ln();
        let ci = relative_ci(higher.pages_per_s).hypot(self.relative_ci());
        let latency = (higher.mean_ms / self.row.mean_ms).ln();
        Following {
            pages: Estimate { value: gain / steps, ci: ci / steps },
            by_latency: 1.0 - latency / steps,
        }
    }
}

/// Half the width of an interval as a share of the mean; infinite where there is none.
pub(super) fn relative_ci(of: Estimate) -> f64 {
    if of.value > 0.0 { of.ci / of.value } else { f64::INFINITY }
}

/// Whether so many requests in flight use all of the permits.
pub(super) fn is_full(in_flight: f64, permits: u32) -> bool {
    in_flight >= IN_USE.0 * f64::from(permits) - IN_USE.1
}
