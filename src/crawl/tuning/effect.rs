//! What a change gave: the setting before it against the one after it.

use crate::crawl::protocol::tuning::EffectVerdict;
use crate::crawl::tuning::measured_block::MeasuredBlock;
use crate::crawl::tuning::open_change::{
    EffectCause, EffectUpdate, LONGEST_S, MeasuredSide, NEEDS_S, OpenChange, PRECISE, TICKS_S,
};
use crate::crawl::tuning::window::{BlockWindow, SettingsCompared};
use crate::settings::dials::Dials;

/// Changes within this many seconds are one.
const TOGETHER_S: f64 = 0.01;

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
        kind: EffectCause,
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
        let last = open.not_its_own(&self.now.dials).is_some()
            || seconds >= LONGEST_S - TICKS_S
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use crate::settings::dials::{Dial, Dials};

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
        tracker.changed(seq, EffectCause::Dial(dial), to, at_s)
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
        assert_eq!(last.effect.whole.as_deref(), Some("permits 16 → 18"));
        // A fault between two turns: what was before it does not count.
        tracker.changed(3, EffectCause::Conditions, dials(18, 40), 40.0);
        let begun = turn(&mut tracker, 4, Dial::Permits, dials(20, 40), 41.0);
        assert_eq!(begun.last().unwrap().effect.verdict, EffectVerdict::Void);
        assert!(begun.iter().all(|update| update.last), "{begun:?}");
        assert_eq!(hold(&mut tracker, 10, |_| block(100, 170, 20)), None);
    }

    #[test]
    fn what_other_dials_gave_is_not_charged_to_the_last_turn() {
        let mut tracker = EffectTracker::new(dials(16, 40));
        hold(&mut tracker, 12, |_| block(100, 170, 16));
        // Permits fall, and a second later workers are turned.
        turn(&mut tracker, 1, Dial::Permits, dials(4, 40), 20.0);
        turn(&mut tracker, 2, Dial::Workers, dials(4, 41), 21.0);
        let last = hold(&mut tracker, 1, |_| block(25, 170, 4)).unwrap();
        assert_eq!((last.seq, last.last, last.effect.verdict), (2, true, EffectVerdict::Void));
        let note = "several dials were turned within a few seconds";
        assert_eq!((last.effect.note.as_deref(), last.effect.whole), (Some(note), None));
        assert_eq!(hold(&mut tracker, 12, |_| block(25, 170, 4)), None, "it is over");
        // Far down and one up again: more permits are not what gave fewer pages.
        turn(&mut tracker, 3, Dial::Permits, dials(1, 41), 40.0);
        turn(&mut tracker, 4, Dial::Permits, dials(2, 41), 41.0);
        let last = hold(&mut tracker, 1, |_| block(12, 170, 2)).unwrap();
        assert_eq!((last.seq, last.effect.note.as_deref()), (4, Some(note)));
        hold(&mut tracker, 12, |_| block(12, 170, 2));
        // There and back.
        turn(&mut tracker, 5, Dial::Permits, dials(3, 41), 60.0);
        turn(&mut tracker, 6, Dial::Permits, dials(2, 41), 61.0);
        let last = hold(&mut tracker, 1, |_| block(12, 170, 2)).unwrap();
        assert_eq!(last.effect.note.as_deref(), Some("turned back to the setting before"));
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
        let whole = Some("permits 16 → 32, workers 40 → 72");
        assert!(both.iter().all(|update| update.effect.whole.as_deref() == whole));
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
