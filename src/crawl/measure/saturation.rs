//! Saturation: does more in flight bring more pages, or only more waiting?
//!
//! A pure function of the history. By Little's law pages/s is what is in flight divided by the
//! latency: where both have grown alike, nothing was won.

use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::snapshot::{HistoryPoint, Snapshot};
use crate::settings::dials::Setting;

/// How much more must be in flight to be compared.
const FAR: f64 = 1.5;
/// A gain of pages/s below this is none.
const NO_GAIN: f64 = 1.10;
/// Latency that has grown by this much has grown.
const LATER: f64 = 1.25;
/// Seconds that are compared, on either side: minimum, maximum.
const SECONDS: (usize, usize) = (3, 5);
/// What is in flight now, within these factors, counts as the same.
const ALIKE: (f64, f64) = (0.8, 1.25);
/// Share of the machine's cores in use from which it is not known whose fault it is.
const CPU_BUSY: f32 = 0.9;

/// What a comparison showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saturation {
    /// So many in flight brought as many pages/s as there are now.
    FewerWereEnough(u32),
    /// So many in flight brought no more pages/s than there are now.
    MoreBroughtNothing(u32),
}

/// The mean of some seconds.
#[derive(Debug, Clone, Copy)]
struct Mean {
    in_flight: f64,
    pages_per_s: f64,
    p50_ms: f64,
}

impl Mean {
    fn of(points: &[&HistoryPoint]) -> Option<Self> {
        if points.len() < SECONDS.0 {
            return None;
        }
        let mean = |of: fn(&HistoryPoint) -> f64| {
            points.iter().map(|point| of(point)).sum::<f64>() / points.len() as f64
        };
        // The median: a second on the way from one level to another is neither.
        let mut in_flight: Vec<_> = points.iter().map(|point| point.in_flight).collect();
        in_flight.sort_unstable();
        Some(Self {
            in_flight: f64::from(in_flight[points.len() / 2]),
            pages_per_s: mean(|point| f64::from(point.pages_per_s)),
            p50_ms: mean(|point| f64::from(point.p50_ms)),
        })
    }

    /// Whether there is nothing to be had by going from here to `more` in flight.
    fn gains_nothing_by(self, more: Self) -> bool {
        self.pages_per_s > 0.0
            && more.pages_per_s <= NO_GAIN * self.pages_per_s
            && more.p50_ms >= LATER * self.p50_ms
    }
}

/// Whether a change of this kind leaves seconds before and after it comparable: dials change how
/// many requests run at once, everything else changes what is requested or which host responds.
fn is_comparable(what: &ChangeAction) -> bool {
    match what {
        ChangeAction::Set { new, .. } => !matches!(new, Setting::Rate(_)),
        _ => false,
    }
}

/// Compares what is in flight now with more and with less, since what is crawled changed last.
#[must_use]
pub fn saturation(s: &Snapshot) -> Option<Saturation> {
    if s.process.cpu_percent >= CPU_BUSY * 100.0 * f32::from(s.process.cores.max(1)) {
        return None;
    }
    let since = s.changes.iter().find(|change| !is_comparable(&change.what));
    // The second in which it changed is neither.
    let since_s = since.map_or(f64::NEG_INFINITY, |change| change.at_s + 1.0);
    let newest_first = || s.history.iter().rev().take_while(|point| point.at_s > since_s + 1.0);
    let last: Vec<_> = newest_first().take(SECONDS.0).collect();
    let now = Mean::of(&last)?;
    // Not while it is changing.
    let alike = |point: &&HistoryPoint| {
        let of_now = f64::from(point.in_flight) / now.in_flight.max(1.0);
        (ALIKE.0..=ALIKE.1).contains(&of_now)
    };
    if !last.iter().all(alike) {
        return None;
    }
    let those = |wanted: &dyn Fn(f64) -> bool| {
        let points = newest_first().filter(|point| wanted(f64::from(point.in_flight)));
        Mean::of(&points.take(SECONDS.1).collect::<Vec<_>>())
    };
    if let Some(fewer) = those(&|n| n >= 1.0 && n * FAR <= now.in_flight)
        && fewer.gains_nothing_by(now)
    {
        return Some(Saturation::FewerWereEnough(fewer.in_flight.round() as u32));
    }
    let more = those(&|n| n >= FAR * now.in_flight)?;
    now.gains_nothing_by(more)
        .then_some(Saturation::MoreBroughtNothing(more.in_flight.round() as u32))
}
