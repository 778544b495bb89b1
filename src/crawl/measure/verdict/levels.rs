//! What this run has measured at each level of requests in flight: pages/s and latency, so that levels can be
//! compared. By Little's law pages/s is what is in flight divided by the latency: where both have
//! grown alike, nothing was won.

use crate::crawl::measure::verdict::queueing::Starts;
use crate::crawl::measure::verdict::reading::{Reading, most_in_flight};
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::snapshot::{HistoryPoint, RunState, Snapshot};
use crate::settings::dials::Setting;

/// Levels kept.
const LEVELS: usize = 24;
/// A level that was not seen for so many seconds is forgotten: the site may be another by now.
const FORGOTTEN_S: f64 = 1_800.0;
/// Seconds that the mean of a level looks back at.
const LOOKS_BACK: f64 = 60.0;
/// Seconds at a level before it is compared.
const KNOWN: f64 = 3.0;
/// Of the requests that may be in flight, the share that must be for the level to be held.
const HELD: f64 = 0.85;
/// How much more must be in flight to be compared.
const FAR: f64 = 1.25;
/// Of the growth of what is in flight, the share by which pages/s must grow for it to help: 30 % are 8 % more
/// pages by 1.3 times as many requests, and 23 % more by twice as many.
const HELPS: f64 = 0.3;
/// Least spread of pages/s from second to second that is reckoned with.
const SPREAD: f64 = 0.05;
/// Latency that has grown by this factor has grown.
const LATER: f64 = 1.1;

/// What was measured at one level.
#[derive(Debug, Clone, Copy)]
struct MeasuredLevel {
    in_flight: u32,
    seconds: f64,
    /// Mean of pages/s, and its variance from second to second.
    pages: f64,
    variance: f64,
    /// Mean of the medians of the latency, in ms, and of how many seconds.
    p50_ms: f64,
    timed: f64,
    last_s: f64,
}

impl MeasuredLevel {
    const fn new(in_flight: u32) -> Self {
        Self {
            in_flight,
            seconds: 0.0,
            pages: 0.0,
            variance: 0.0,
            p50_ms: 0.0,
            timed: 0.0,
            last_s: 0.0,
        }
    }

    fn note(&mut self, point: &HistoryPoint) {
        let pages = f64::from(point.pages_per_s);
        self.seconds = (self.seconds + 1.0).min(LOOKS_BACK);
        let off = pages - self.pages;
        self.pages += off / self.seconds;
        self.variance += (off * (pages - self.pages) - self.variance) / self.seconds;
        if point.p50_ms > 0.0 {
            self.timed = (self.timed + 1.0).min(LOOKS_BACK);
            self.p50_ms += (f64::from(point.p50_ms) - self.p50_ms) / self.timed;
        }
        self.last_s = point.at_s;
    }

    /// Relative error of its pages/s.
    fn error(&self) -> f64 {
        let spread = self.variance.sqrt() / self.pages.max(0.01);
        spread.max(SPREAD) / self.seconds.sqrt()
    }
}

/// What a comparison of the level now with another showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// So many in flight brought as many pages/s as there are now.
    FewerWereEnough(u32),
    /// So many in flight brought no more pages/s than there are now.
    MoreBroughtNothing(u32),
    /// More pages/s came with more in flight than so many.
    MoreHelped(u32),
}

/// The levels measured since what is crawled last changed.
#[derive(Debug, Default)]
pub(super) struct Levels {
    known: Vec<MeasuredLevel>,
    /// Latency of requests that began while few were in flight.
    pub starts: Starts,
    /// The level of the last second, and how many seconds it was held.
    now: (u32, u32),
    newest_change: u64,
}

/// Whether a change of this kind leaves seconds before and after it comparable: dials change how
/// many requests run at once, everything else changes what is requested or which host responds.
const fn is_comparable(what: &ChangeAction) -> bool {
    match what {
        ChangeAction::Set { new, .. } => !matches!(new, Setting::Rate(_)),
        ChangeAction::SetBoth { .. } | ChangeAction::Pause | ChangeAction::Resume => true,
        _ => false,
    }
}

impl Levels {
    /// Takes in a second.
    pub(super) fn note(&mut self, s: &Snapshot, second: Reading) {
        let newest = s.changes.first().map_or(0, |change| change.seq);
        let mut changes = s.changes.iter().take_while(|change| change.seq > self.newest_change);
        if changes.any(|change| !is_comparable(&change.what)) {
            (self.known, self.starts) = (Vec::new(), Starts::since(s));
        }
        self.newest_change = newest;
        self.starts.note(s);
        let most = most_in_flight(s);
        let in_flight = second.fetch * f64::from(s.dials.workers);
        let is_held = s.run == RunState::Running
            && s.gate.draining == 0
            && in_flight >= HELD * f64::from(most);
        self.now = match self.now {
            (level, seconds) if is_held && level == most => (most, seconds + 1),
            _ => (most, 0),
        };
        let Some(point) = s.history.last() else { return };
        self.known.retain(|level| point.at_s - level.last_s < FORGOTTEN_S);
        // Pages that end within one latency of a change were requested before it.
        let settles = (point.p50_ms / 1000.0).ceil().max(1.0) as u32;
        if !is_held || self.now.1 < settles {
            return;
        }
        if let Some(level) = self.known.iter_mut().find(|level| level.in_flight == most) {
            return level.note(point);
        }
        if self.known.len() >= LEVELS {
            let oldest =
                self.known.iter().enumerate().min_by(|a, b| a.1.last_s.total_cmp(&b.1.last_s));
            if let Some((at, _)) = oldest {
                self.known.swap_remove(at);
            }
        }
        let mut level = MeasuredLevel::new(most);
        level.note(point);
        self.known.push(level);
    }

    /// Compares the level now with the nearest ones below and above that are known. What was concluded
    /// before (`before`) holds while the difference is within the error.
    pub(super) fn compare(&self, before: Option<bool>) -> Option<Compared> {
        let known = |level: &&MeasuredLevel| level.seconds >= KNOWN;
        let now = self.known.iter().filter(known).find(|level| level.in_flight == self.now.0)?;
        let n = f64::from(now.in_flight);
        let others = || self.known.iter().filter(known);
        let above = others().filter(|level| f64::from(level.in_flight) >= FAR * n);
        let below = others().filter(|level| f64::from(level.in_flight) * FAR <= n);
        let below = below.max_by_key(|level| level.in_flight);
        let above = above.min_by_key(|level| level.in_flight);
        let helped = below.and_then(|fewer| helps(fewer, now, before));
        if let (Some(fewer), Some(false)) = (below, helped) {
            return Some(Compared::FewerWereEnough(fewer.in_flight));
        }
        if let Some(more) = above
            && helps(now, more, before) == Some(false)
        {
            return Some(Compared::MoreBroughtNothing(more.in_flight));
        }
        let fewer = below.filter(|_| helped == Some(true))?;
        Some(Compared::MoreHelped(fewer.in_flight))
    }
}

/// Whether going from one level to one above it brings pages; `None` when that cannot be told.
fn helps(fewer: &MeasuredLevel, more: &MeasuredLevel, before: Option<bool>) -> Option<bool> {
    if fewer.pages <= 0.0 || more.pages <= 0.0 {
        return None;
    }
    let growth = (f64::from(more.in_flight) / f64::from(fewer.in_flight)).ln();
    let gain = (more.pages / fewer.pages).ln() / growth;
    let error = fewer.error().hypot(more.error()) / growth;
    let helps = match before {
        Some(before) if (gain - HELPS).abs() < error => before,
        _ => gain >= HELPS,
    };
    // As many pages, but not because they took longer: something else was asked of the site.
    let is_later = more.p50_ms >= LATER * fewer.p50_ms;
    (helps || is_later).then_some(helps)
}
