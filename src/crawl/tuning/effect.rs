//! What a change gave: the setting before it against the one after it.

use std::sync::Arc;

use crate::crawl::protocol::tuning::{ChangeEffect, EffectVerdict, Estimate};
use crate::crawl::tuning::measured_block::MeasuredBlock;
use crate::crawl::tuning::window::{BlockWindow, SettingsCompared, WindowStats};
use crate::settings::dials::{Dial, Dials};

/// Seconds after a change from which a clear difference is said,
const EARLIEST_S: f64 = 3.9;
/// from which any verdict is given, where it is precise enough,
const NEEDS_S: f64 = 10.0;
/// and at which it ends in any case.
const LONGEST_S: f64 = 30.0;
/// Ticks make ten blocks a little shorter or longer than ten seconds.
const TICKS_S: f64 = 0.5;
/// An early difference must be this many intervals wide: asked every second, chance gets more tries.
const EARLY: f64 = 1.6;
/// Half width in per cent that is precise enough after [`NEEDS_S`], and at least after [`LONGEST_S`].
const PRECISE: (f64, f64) = (15.0, 30.0);
/// Least blocks of a side.
const LEAST_BLOCKS: usize = 3;
/// Least pages of a side.
const LEAST_PAGES: u64 = 20;
/// Share of requests that failed which is worth a note.
const FAILED_SHARE: f64 = 0.01;
/// Share of the time without a URL that is worth a note.
const DRY_SHARE: f64 = 0.3;
/// Share of a limit in use from which it is the limit.
const AT_LIMIT: f64 = 0.9;
/// Changes within this many seconds are one.
const TOGETHER_S: f64 = 0.01;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A dial.
    Dial(Dial),
    /// A fault, a scene or a host's limit: what was measured before it cannot stand for what comes after.
    Conditions,
}

/// A new effect of the journal's entry `seq`.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectUpdate {
    /// The entry.
    pub seq: u64,
    /// What it gave so far.
    pub effect: ChangeEffect,
    /// Whether it will change no more.
    pub last: bool,
}

/// Blocks of a setting, and which one that was.
#[derive(Debug, Clone, Default)]
struct MeasuredSide {
    window: BlockWindow,
    dials: Dials,
}

impl MeasuredSide {
    fn is_enough(&self) -> bool {
        self.window.len() >= LEAST_BLOCKS && self.window.pages() >= LEAST_PAGES
    }
}

/// The change that is being measured.
#[derive(Debug, Clone)]
struct OpenChange {
    /// The entry, and those made together with it.
    entries: Vec<(u64, ChangeKind)>,
    at_s: f64,
    before: MeasuredSide,
    before_stats: WindowStats,
    /// The dials right before it.
    turned_from: Dials,
    said: EffectVerdict,
    /// It is measured no more.
    over: bool,
}

/// Follows changes and blocks; says what each change gave.
#[derive(Debug, Default)]
pub struct EffectTracker {
    now: MeasuredSide,
    open: Option<OpenChange>,
}

impl EffectTracker {
    /// A tracker that begins at these dials.
    #[must_use]
    pub fn new(dials: Dials) -> Self {
        Self { now: MeasuredSide { window: BlockWindow::default(), dials }, open: None }
    }

    /// What was measured since the last change.
    #[must_use]
    pub const fn present(&self) -> &BlockWindow {
        &self.now.window
    }

    /// The entry `seq` was made at `at_s`; `dials` are those in force from now on. Returns what ended with it,
    /// and what the new entry begins with.
    pub fn changed(
        &mut self,
        seq: u64,
        kind: ChangeKind,
        dials: Dials,
        at_s: f64,
    ) -> Vec<EffectUpdate> {
        let together = |open: &&mut OpenChange| at_s - open.at_s < TOGETHER_S;
        if let Some(open) = self.open.as_mut().filter(together) {
            open.entries.push((seq, kind));
            self.now.dials = dials;
            return open.updates(&self.now, (open.said, None), !open.is_measuring());
        }
        let mut updates = self.end(|after_s| format!("turned again after {after_s:.0} s"), at_s);
        let next = MeasuredSide { window: BlockWindow::default(), dials };
        let present = std::mem::replace(&mut self.now, next);
        let turned_from = present.dials;
        let before = match self.open.take() {
            // In a row of quick turns each is compared with what was measured before the first of them.
            Some(open) if !present.is_enough() && open.is_of_dials() => open.before,
            _ => present,
        };
        let said = EffectVerdict::Measuring;
        let entries = vec![(seq, kind)];
        let before_stats = before.window.stats();
        let open =
            OpenChange { entries, at_s, before, before_stats, turned_from, said, over: false };
        if open.before.is_enough() {
            updates.extend(open.updates(&self.now, (said, None), false));
        } else {
            let why = Some("too little was measured before".to_owned());
            updates.extend(open.updates(&self.now, (EffectVerdict::Void, why), true));
        }
        self.open = Some(open);
        updates
    }

    /// Adds a block that was measured since the last change.
    pub fn add(&mut self, block: MeasuredBlock) -> Vec<EffectUpdate> {
        self.now.window.add(block);
        let Some(open) = self.open.as_mut().filter(|open| open.is_measuring()) else {
            return Vec::new();
        };
        let compared = SettingsCompared::of(&open.before_stats, &self.now.window.stats());
        let (verdict, note) = open.verdict_so_far(&self.now, &compared);
        open.said = verdict;
        let seconds = self.now.window.seconds();
        let precise = compared.pages.ci <= PRECISE.0;
        let last = seconds >= LONGEST_S - TICKS_S
            || (seconds >= NEEDS_S - TICKS_S && self.now.is_enough() && precise);
        let updates = open.updates(&self.now, (verdict, note), last);
        open.over = last;
        updates
    }

    /// The crawl ends, or waits for good: nothing more is measured.
    pub fn stopped(&mut self, at_s: f64) -> Vec<EffectUpdate> {
        let updates = self.end(|after_s| format!("the crawl ended after {after_s:.0} s"), at_s);
        self.open = None;
        updates
    }

    /// Ends the open change, if it is still measured.
    fn end(&mut self, why: impl FnOnce(f64) -> String, at_s: f64) -> Vec<EffectUpdate> {
        let Some(open) = self.open.as_mut().filter(|open| open.is_measuring()) else {
            return Vec::new();
        };
        open.over = true;
        let note = why(at_s - open.at_s);
        let verdict = match open.said {
            EffectVerdict::Measuring => EffectVerdict::Void,
            said => said,
        };
        open.updates(&self.now, (verdict, Some(note)), true)
    }
}

impl OpenChange {
    fn is_measuring(&self) -> bool {
        !self.over && self.before.is_enough()
    }

    fn is_of_dials(&self) -> bool {
        self.entries.iter().all(|(_, kind)| matches!(kind, ChangeKind::Dial(_)))
    }

    /// What can be said now, and what explains it.
    fn verdict_so_far(
        &self,
        now: &MeasuredSide,
        compared: &SettingsCompared,
    ) -> (EffectVerdict, Option<String>) {
        let seconds = now.window.seconds();
        let enough = now.is_enough();
        let clear = compared.verdict(EARLY);
        let verdict = if enough && seconds >= NEEDS_S - TICKS_S && compared.pages.ci <= PRECISE.0 {
            compared.verdict(1.0)
        } else if enough && seconds >= EARLIEST_S && clear != EffectVerdict::NoDifference {
            clear
        } else if seconds >= LONGEST_S - TICKS_S {
            if !enough {
                return (EffectVerdict::Void, Some("too few pages to tell".into()));
            }
            if compared.pages.ci > PRECISE.1 {
                let note = format!("too noisy to tell: ±{:.0} %", compared.pages.ci);
                return (EffectVerdict::Void, Some(note));
            }
            compared.verdict(1.0)
        } else {
            return (EffectVerdict::Measuring, None);
        };
        (verdict, self.explained(now, verdict))
    }

    /// What explains a verdict, in a few words.
    fn explained(&self, now: &MeasuredSide, verdict: EffectVerdict) -> Option<String> {
        let (before, after) = (&self.before.window, &now.window);
        let share = |of: fn(&MeasuredBlock) -> u64| (before.share(of), after.share(of));
        let worth_a_note = |(before, after): ((f64, f64), (f64, f64))| {
            let more = after.0 - before.0;
            after.0 >= FAILED_SHARE && more > before.0 && more > 2.0 * before.1.hypot(after.1)
        };
        let (refused, failed) = (share(|block| block.refused), share(|block| block.errors));
        if worth_a_note(refused) && refused.1.0 >= failed.1.0 {
            return Some(format!("{:.1} % answered 429", 100.0 * refused.1.0));
        }
        if worth_a_note(failed) {
            return Some(format!("{:.1} % failed: 5xx or no answer", 100.0 * failed.1.0));
        }
        let starved = after.mean(|block| block.starved);
        if starved >= DRY_SHARE {
            return Some("the frontier ran dry".into());
        }
        if verdict == EffectVerdict::NoDifference
            && let Some(limit) = self.other_limit(now)
        {
            return Some(format!("{limit} were the limit"));
        }
        let away = self.before.dials != self.turned_from;
        away.then(|| format!("against {}", words(&self.before.dials, Some(&now.dials))))
    }

    /// The dial that was the limit on both sides while another one was turned.
    fn other_limit(&self, now: &MeasuredSide) -> Option<&'static str> {
        let turned = |dial| self.entries.iter().any(|(_, kind)| *kind == ChangeKind::Dial(dial));
        let full = |side: &MeasuredSide| {
            let in_flight = side.window.mean(|block| block.in_flight);
            in_flight >= AT_LIMIT * f64::from(side.dials.permits)
        };
        let both_full = full(&self.before) && full(now);
        (both_full && self.is_of_dials() && !turned(Dial::Permits)).then_some("permits")
    }

    /// The same effect for every entry made together.
    fn updates(
        &self,
        now: &MeasuredSide,
        (verdict, note): (EffectVerdict, Option<String>),
        last: bool,
    ) -> Vec<EffectUpdate> {
        let after = now.window.stats();
        let compared = SettingsCompared::of(&self.before_stats, &after);
        let percent =
            |of: Estimate| if of.ci.is_finite() { of } else { Estimate { value: 0.0, ..of } };
        let longer = now.window.seconds() >= NEEDS_S - TICKS_S && !last;
        let effect = ChangeEffect {
            before: self.before_stats.side(),
            after: after.side(),
            pages_percent: percent(compared.pages),
            p95_percent: compared.p95.value,
            needs_s: if longer { LONGEST_S } else { NEEDS_S },
            verdict,
            note: note.map(Arc::from),
        };
        let update =
            |(seq, _): &(u64, ChangeKind)| EffectUpdate { seq: *seq, effect: effect.clone(), last };
        self.entries.iter().map(update).collect()
    }
}

/// A setting in words: `permits 16, workers 40`; of the dials that differ from `other`, if there is one.
#[must_use]
pub fn words(dials: &Dials, other: Option<&Dials>) -> String {
    let named = |dial: &Dial| match other {
        Some(other) => dials.get(*dial) != other.get(*dial),
        None => match dial {
            Dial::Permits | Dial::Workers => true,
            Dial::Rate => dials.rate.is_some(),
            Dial::Queue | Dial::ParseThreads => false,
        },
    };
    let named = Dial::ALL.iter().filter(|dial| named(dial));
    named.map(|dial| dials.get(*dial).to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    const fn dials(permits: u32, workers: u32) -> Dials {
        Dials { permits, workers, queue: 100, rate: None, parse_threads: 2 }
    }

    /// A second with so many pages and this latency in ms, all permits in use.
    fn block(pages: u64, ms: u64, permits: u32) -> MeasuredBlock {
        let mut block = MeasuredBlock {
            seconds: 1.0,
            pages,
            requests: pages,
            in_flight: f64::from(permits),
            ..MeasuredBlock::default()
        };
        (0..pages).for_each(|n| {
            block.latencies.record(1000 * (ms - 10 + n % 21));
        });
        block
    }

    /// Holds a setting for so many seconds; returns what was said last.
    fn hold(
        tracker: &mut EffectTracker,
        seconds: u64,
        block: impl Fn(u64) -> MeasuredBlock,
    ) -> Option<EffectUpdate> {
        (0..seconds).flat_map(|second| tracker.add(block(second))).last()
    }

    fn turn(
        tracker: &mut EffectTracker,
        seq: u64,
        dial: Dial,
        to: Dials,
        at_s: f64,
    ) -> Vec<EffectUpdate> {
        tracker.changed(seq, ChangeKind::Dial(dial), to, at_s)
    }

    #[test]
    fn a_clear_difference_is_said_after_four_seconds_and_measured_for_ten() {
        let mut tracker = EffectTracker::new(dials(16, 40));
        assert_eq!(hold(&mut tracker, 12, |s| block(100 + s % 3, 170, 16)), None);
        let begun = turn(&mut tracker, 7, Dial::Permits, dials(24, 40), 20.0);
        assert_eq!((begun.len(), begun[0].seq, begun[0].last), (1, 7, false));
        assert_eq!(begun[0].effect.verdict, EffectVerdict::Measuring);
        let early = hold(&mut tracker, 3, |s| block(131 + s % 3, 180, 24)).unwrap();
        assert_eq!((early.effect.verdict, early.last), (EffectVerdict::Measuring, false));
        assert_eq!((early.effect.after.seconds, early.effect.needs_s), (3.0, 10.0));
        let said = hold(&mut tracker, 1, |_| block(132, 180, 24)).unwrap();
        assert_eq!((said.effect.verdict, said.last), (EffectVerdict::Better, false));
        let last = hold(&mut tracker, 6, |s| block(131 + s % 3, 180, 24)).unwrap();
        assert!(last.last && last.effect.verdict == EffectVerdict::Better, "{last:?}");
        let effect = &last.effect;
        assert!((effect.pages_percent.value - 30.7).abs() < 1.0, "{effect:?}");
        assert!(effect.pages_percent.ci < 10.0 && effect.p95_percent > 3.0, "{effect:?}");
        assert_eq!((effect.before.seconds, effect.after.seconds), (12.0, 10.0));
        assert_eq!(hold(&mut tracker, 5, |_| block(300, 180, 24)), None, "it is over");
    }

    #[test]
    fn the_same_again_is_no_difference() {
        let mut tracker = EffectTracker::new(dials(64, 40));
        hold(&mut tracker, 12, |s| block(200 + s % 5, 300, 64));
        turn(&mut tracker, 1, Dial::Workers, dials(64, 90), 20.0);
        let last = hold(&mut tracker, 10, |s| block(200 + s % 5, 300, 64)).unwrap();
        assert!(last.last && last.effect.verdict == EffectVerdict::NoDifference, "{last:?}");
        assert_eq!(last.effect.note.as_deref(), Some("permits were the limit"));
    }

    #[test]
    fn failures_and_an_empty_frontier_explain_a_loss() {
        let mut tracker = EffectTracker::new(dials(64, 40));
        hold(&mut tracker, 12, |_| block(200, 300, 64));
        turn(&mut tracker, 1, Dial::Permits, dials(96, 40), 20.0);
        let failing = |_| MeasuredBlock { requests: 150, errors: 6, ..block(100, 300, 96) };
        let last = hold(&mut tracker, 10, failing).unwrap();
        assert_eq!(last.effect.verdict, EffectVerdict::Worse);
        assert_eq!(last.effect.note.as_deref(), Some("4.0 % failed: 5xx or no answer"));
        turn(&mut tracker, 2, Dial::Permits, dials(128, 40), 40.0);
        let dry = |_| MeasuredBlock { starved: 0.6, ..block(40, 300, 30) };
        let last = hold(&mut tracker, 10, dry).unwrap();
        assert_eq!(last.effect.note.as_deref(), Some("the frontier ran dry"));
    }

    #[test]
    fn quick_turns_are_compared_with_what_was_before_the_first() {
        let mut tracker = EffectTracker::new(dials(16, 40));
        hold(&mut tracker, 12, |_| block(100, 170, 16));
        turn(&mut tracker, 1, Dial::Permits, dials(17, 40), 20.0);
        let ended = turn(&mut tracker, 2, Dial::Permits, dials(18, 40), 20.3);
        assert_eq!((ended[0].seq, ended[0].last), (1, true));
        assert_eq!(ended[0].effect.verdict, EffectVerdict::Void);
        assert_eq!(ended[0].effect.note.as_deref(), Some("turned again after 0 s"));
        let last = hold(&mut tracker, 10, |_| block(113, 170, 18)).unwrap();
        assert_eq!((last.seq, last.effect.verdict), (2, EffectVerdict::Better));
        assert_eq!(last.effect.note.as_deref(), Some("against permits 16"));
        // A fault between two turns: what was before it does not count.
        tracker.changed(3, ChangeKind::Conditions, dials(18, 40), 40.0);
        let begun = turn(&mut tracker, 4, Dial::Permits, dials(20, 40), 41.0);
        assert_eq!(begun.last().unwrap().effect.verdict, EffectVerdict::Void);
        assert!(begun.iter().all(|update| update.last), "{begun:?}");
        assert_eq!(hold(&mut tracker, 10, |_| block(100, 170, 20)), None);
    }

    #[test]
    fn turns_at_one_moment_are_one_change() {
        let mut tracker = EffectTracker::new(dials(16, 40));
        hold(&mut tracker, 12, |_| block(100, 170, 16));
        turn(&mut tracker, 1, Dial::Permits, dials(32, 40), 20.0);
        turn(&mut tracker, 2, Dial::Workers, dials(32, 72), 20.0001);
        (0..9).for_each(|_| drop(tracker.add(block(200, 170, 32))));
        let both = tracker.add(block(200, 170, 32));
        assert_eq!(
            both.iter().map(|u| (u.seq, u.last)).collect::<Vec<_>>(),
            [(1, true), (2, true)]
        );
        assert!(both.iter().all(|update| update.effect.verdict == EffectVerdict::Better));
    }

    #[test]
    fn few_pages_take_longer_and_end_without_a_verdict() {
        let mut tracker = EffectTracker::new(dials(2, 12));
        hold(&mut tracker, 30, |_| block(1, 900, 2));
        turn(&mut tracker, 1, Dial::Permits, dials(3, 12), 40.0);
        let at_ten = hold(&mut tracker, 10, |s| block(s % 2, 900, 3)).unwrap();
        assert_eq!((at_ten.last, at_ten.effect.needs_s), (false, 30.0));
        let last = hold(&mut tracker, 20, |s| block(s % 2, 900, 3)).unwrap();
        assert!(last.last && last.effect.verdict == EffectVerdict::Void, "{last:?}");
        assert_eq!(last.effect.note.as_deref(), Some("too few pages to tell"));
        let stopped = tracker.stopped(80.0);
        assert!(stopped.is_empty(), "it was over");
    }

    #[test]
    fn the_end_of_the_crawl_ends_the_measuring() {
        let mut tracker = EffectTracker::new(dials(16, 40));
        hold(&mut tracker, 12, |_| block(100, 170, 16));
        turn(&mut tracker, 1, Dial::Permits, dials(32, 40), 20.0);
        hold(&mut tracker, 2, |_| block(100, 170, 32));
        let last = &tracker.stopped(23.0)[0];
        assert!(last.last && last.effect.verdict == EffectVerdict::Void, "{last:?}");
        assert_eq!(last.effect.note.as_deref(), Some("the crawl ended after 3 s"));
    }
}
