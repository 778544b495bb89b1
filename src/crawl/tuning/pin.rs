//! The comparison of a pinned setting with another one: pinned, other, pinned again (A-B-A).
//!
//! Two measurements one after the other differ also where the server changed meanwhile. So the pinned setting is
//! measured once more at the end; if it does not give what it gave before, nothing can be said.

use std::sync::Arc;

use crate::crawl::protocol::tuning::{
    ChangeEffect, EffectVerdict, Estimate, PinPhase, PinnedComparison,
};
use crate::crawl::tuning::measured_block::MeasuredBlock;
use crate::crawl::tuning::open_change::words;
use crate::crawl::tuning::window::{BlockWindow, SettingsCompared};
use crate::settings::dials::Dials;

/// Least seconds of each of the three measurements,
const NEEDS_S: f64 = 6.0;
/// and most that the last one waits for enough pages.
const LONGEST_S: f64 = 30.0;
/// Ticks make blocks a little shorter or longer than a second.
const TICKS_S: f64 = 0.5;
/// Least pages of each measurement.
const LEAST_PAGES: u64 = 20;

/// What the comparison wants of the control task.
#[derive(Debug, Clone, PartialEq)]
pub enum PinStep {
    /// Nothing.
    None,
    /// Put these dials in force.
    Turn(Dials),
    /// Tell the user why the key did nothing.
    Refuse(Arc<str>),
}

/// A comparison under way, or a finished one that is still shown.
#[derive(Debug, Clone)]
struct PinState {
    phase: PinPhase,
    pinned: Dials,
    other: Option<Dials>,
    /// The pinned setting, before and after the other one.
    before: BlockWindow,
    after: BlockWindow,
    /// The other setting.
    between: BlockWindow,
    effect: Option<ChangeEffect>,
}

/// The comparison with a pinned setting; empty while nothing is pinned.
#[derive(Debug, Default)]
pub struct PinnedSetting {
    state: Option<PinState>,
}

fn is_enough(window: &BlockWindow) -> bool {
    window.seconds() >= NEEDS_S - TICKS_S && window.pages() >= LEAST_PAGES
}

impl PinnedSetting {
    /// The key was pressed while `dials` are in force; `held` is what they gave since they were turned.
    pub fn pressed(&mut self, dials: Dials, held: &BlockWindow) -> PinStep {
        let Some(state) = &mut self.state else {
            self.state = Some(PinState::new(dials, held.clone()));
            return PinStep::None;
        };
        match state.phase {
            PinPhase::Pinned | PinPhase::Done => {
                self.state = None;
                PinStep::None
            }
            PinPhase::Checking => PinStep::Refuse("the pinned setting is measured again".into()),
            PinPhase::Turned => {
                if !is_enough(&state.before) {
                    let seconds = state.before.seconds();
                    let why = format!(
                        "the pinned setting was measured for {seconds:.0} s only: turn back, wait for {NEEDS_S:.0} s"
                    );
                    return PinStep::Refuse(why.into());
                }
                if !is_enough(&state.between) {
                    let (seconds, pages) = (state.between.seconds(), state.between.pages());
                    let why = format!(
                        "too early to tell: {seconds:.0} of {NEEDS_S:.0} s, {pages} of {LEAST_PAGES} pages"
                    );
                    return PinStep::Refuse(why.into());
                }
                state.phase = PinPhase::Checking;
                PinStep::Turn(state.pinned)
            }
        }
    }

    /// Something was turned, and `dials` are in force now; not called for turns that this comparison wants.
    pub fn turned(&mut self, dials: Dials) {
        let Some(state) = &mut self.state else { return };
        match state.phase {
            PinPhase::Pinned | PinPhase::Turned => {
                let is_pinned = dials == state.pinned;
                state.phase = if is_pinned { PinPhase::Pinned } else { PinPhase::Turned };
                state.other = (!is_pinned).then_some(dials);
                state.between = BlockWindow::default();
            }
            PinPhase::Checking => state.cancel("cancelled: a dial was turned meanwhile"),
            PinPhase::Done => {}
        }
    }

    /// A fault, a scene or a host's limit changed: what was measured before does not count any more.
    pub fn conditions_changed(&mut self) {
        let Some(state) = &mut self.state else { return };
        match state.phase {
            PinPhase::Pinned => state.before = BlockWindow::default(),
            PinPhase::Turned | PinPhase::Checking => {
                state.cancel("a fault, a scene or a host's limit changed meanwhile");
            }
            PinPhase::Done => {}
        }
    }

    /// Adds a block that was measured at the dials in force.
    pub fn add(&mut self, block: &MeasuredBlock) -> PinStep {
        let Some(state) = &mut self.state else { return PinStep::None };
        match state.phase {
            PinPhase::Pinned => state.before.add(block.clone()),
            PinPhase::Turned => state.between.add(block.clone()),
            PinPhase::Checking => {
                state.after.add(block.clone());
                let longest = state.after.seconds() >= LONGEST_S - TICKS_S;
                if is_enough(&state.after) || longest {
                    state.finish();
                    return state.other.map_or(PinStep::None, PinStep::Turn);
                }
            }
            PinPhase::Done => {}
        }
        PinStep::None
    }

    /// What is shown; `None` while nothing is pinned.
    #[must_use]
    pub fn view(&self) -> Option<PinnedComparison> {
        let state = self.state.as_ref()?;
        let window = match state.phase {
            PinPhase::Pinned => &state.before,
            PinPhase::Turned | PinPhase::Done => &state.between,
            PinPhase::Checking => &state.after,
        };
        let text = |dials: &Dials, than: &Dials| {
            let queue = (dials.queue, dials.parse_threads) != (than.queue, than.parse_threads);
            Arc::from(words(dials, queue.then_some(than)))
        };
        Some(PinnedComparison {
            phase: state.phase,
            pinned: text(&state.pinned, &state.other.unwrap_or(state.pinned)),
            other: state.other.map(|other| text(&other, &state.pinned)),
            measured_s: window.seconds(),
            needs_s: NEEDS_S,
            effect: state.effect.clone(),
        })
    }
}

impl PinState {
    fn new(pinned: Dials, before: BlockWindow) -> Self {
        Self {
            phase: PinPhase::Pinned,
            pinned,
            other: None,
            before,
            after: BlockWindow::default(),
            between: BlockWindow::default(),
            effect: None,
        }
    }

    /// Ends without a verdict.
    fn cancel(&mut self, why: &str) {
        self.phase = PinPhase::Done;
        self.effect = Some(self.effect(EffectVerdict::Void, Some(why.into())));
    }

    /// Compares, unless the pinned setting gave something else the second time.
    fn finish(&mut self) {
        self.phase = PinPhase::Done;
        let (first, again) = (self.before.stats(), self.after.stats());
        let (verdict, note) = if !is_enough(&self.after) {
            (EffectVerdict::Void, Some("too few pages to tell".to_owned()))
        } else if first.rate.agrees_with(again.rate) {
            let pinned = self.before.joined(&self.after).stats();
            (SettingsCompared::of(&pinned, &self.between.stats()).verdict(1.0), None)
        } else {
            let (first, again) = (first.rate.mean, again.rate.mean);
            let note = format!("the server drifted: {first:.1}, then {again:.1} pages/s");
            (EffectVerdict::Void, Some(note))
        };
        self.effect = Some(self.effect(verdict, note));
    }

    fn effect(&self, verdict: EffectVerdict, note: Option<String>) -> ChangeEffect {
        let pinned = self.before.joined(&self.after).stats();
        let other = self.between.stats();
        let compared = SettingsCompared::of(&pinned, &other);
        let unknown = Estimate { value: 0.0, ..compared.pages };
        ChangeEffect {
            before: pinned.side(),
            after: other.side(),
            pages_percent: if compared.pages.ci.is_finite() { compared.pages } else { unknown },
            p95_percent: compared.p95.value,
            needs_s: NEEDS_S,
            verdict,
            note: note.map(Arc::from),
            whole: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    const fn dials(permits: u32) -> Dials {
        Dials { permits, workers: 40, queue: 100, rate: None, parse_threads: 2 }
    }

    /// So many seconds of these pages; returns the last step that is wanted.
    fn hold(pin: &mut PinnedSetting, seconds: u64, pages: u64) -> PinStep {
        let mut step = PinStep::None;
        for second in 0..seconds {
            let mut block = MeasuredBlock {
                seconds: 1.0,
                pages: pages + second % 3,
                ..MeasuredBlock::default()
            };
            (0..pages).for_each(|n| {
                block.latencies.record(1000 * (100 + n % 20));
            });
            step = pin.add(&block);
        }
        step
    }

    fn pinned_and_turned() -> PinnedSetting {
        let mut pin = PinnedSetting::default();
        assert_eq!(
            (pin.view(), pin.pressed(dials(16), &BlockWindow::default())),
            (None, PinStep::None)
        );
        hold(&mut pin, 8, 100);
        pin.turned(dials(24));
        pin
    }

    #[test]
    fn the_pinned_setting_is_measured_before_and_after_the_other() {
        let mut pin = pinned_and_turned();
        let view = pin.view().unwrap();
        assert_eq!((&*view.pinned, view.phase), ("permits 16, workers 40", PinPhase::Turned));
        assert_eq!(view.other.as_deref(), Some("permits 24, workers 40"));
        hold(&mut pin, 3, 130);
        let PinStep::Refuse(why) = pin.pressed(dials(24), &BlockWindow::default()) else {
            panic!("too early")
        };
        assert!(why.contains("3 of 6 s"), "{why}");
        hold(&mut pin, 4, 130);
        assert_eq!(pin.pressed(dials(24), &BlockWindow::default()), PinStep::Turn(dials(16)));
        assert_eq!(hold(&mut pin, 5, 100), PinStep::None);
        assert_eq!(pin.view().unwrap().phase, PinPhase::Checking);
        assert!(matches!(pin.pressed(dials(16), &BlockWindow::default()), PinStep::Refuse(_)));
        assert_eq!(hold(&mut pin, 1, 100), PinStep::Turn(dials(24)));
        let view = pin.view().unwrap();
        let effect = view.effect.unwrap();
        assert_eq!((view.phase, effect.verdict), (PinPhase::Done, EffectVerdict::Better));
        assert!((effect.pages_percent.value - 30.0).abs() < 2.0, "{effect:?}");
        assert_eq!((effect.before.seconds, effect.after.seconds), (14.0, 7.0));
        assert_eq!(
            (pin.pressed(dials(24), &BlockWindow::default()), pin.view()),
            (PinStep::None, None)
        );
    }

    #[test]
    fn what_the_pinned_setting_gave_before_the_key_counts() {
        let mut held = BlockWindow::default();
        for pages in 100..108 {
            held.add(MeasuredBlock { seconds: 1.0, pages, ..MeasuredBlock::default() });
        }
        let mut pin = PinnedSetting::default();
        pin.pressed(dials(16), &held);
        assert!((pin.view().unwrap().measured_s - 8.0).abs() < 1e-9);
        pin.turned(dials(24));
        hold(&mut pin, 8, 130);
        assert_eq!(pin.pressed(dials(24), &held), PinStep::Turn(dials(16)));
    }

    #[test]
    fn a_drift_of_the_server_voids_it() {
        let mut pin = pinned_and_turned();
        hold(&mut pin, 8, 130);
        pin.pressed(dials(24), &BlockWindow::default());
        hold(&mut pin, 8, 70);
        let effect = pin.view().unwrap().effect.unwrap();
        assert_eq!(effect.verdict, EffectVerdict::Void);
        assert!(effect.note.as_deref().unwrap().starts_with("the server drifted: 100.9, then 7"));
    }

    #[test]
    fn what_is_turned_meanwhile_cancels_it() {
        let mut pin = pinned_and_turned();
        pin.turned(dials(16));
        assert_eq!(pin.view().unwrap().phase, PinPhase::Pinned, "turned back by hand");
        pin.turned(dials(32));
        hold(&mut pin, 8, 130);
        pin.pressed(dials(32), &BlockWindow::default());
        pin.turned(dials(17));
        let view = pin.view().unwrap();
        let effect = view.effect.unwrap();
        assert_eq!((view.phase, effect.verdict), (PinPhase::Done, EffectVerdict::Void));
        assert_eq!(effect.note.as_deref(), Some("cancelled: a dial was turned meanwhile"));
        assert_eq!(hold(&mut pin, 9, 100), PinStep::None, "nothing is turned any more");
        let mut pin = pinned_and_turned();
        pin.conditions_changed();
        assert_eq!(pin.view().unwrap().effect.unwrap().verdict, EffectVerdict::Void);
    }

    #[test]
    fn a_setting_that_was_hardly_measured_cannot_be_compared() {
        let mut pin = PinnedSetting::default();
        pin.pressed(dials(16), &BlockWindow::default());
        hold(&mut pin, 2, 100);
        assert!((pin.view().unwrap().measured_s - 2.0).abs() < 1e-9);
        pin.turned(dials(24));
        hold(&mut pin, 8, 100);
        let PinStep::Refuse(why) = pin.pressed(dials(24), &BlockWindow::default()) else {
            panic!("not measured")
        };
        assert!(why.contains("measured for 2 s only"), "{why}");
        pin.turned(dials(16));
        hold(&mut pin, 8, 100);
        assert_eq!(
            (pin.pressed(dials(16), &BlockWindow::default()), pin.view()),
            (PinStep::None, None),
            "dropped"
        );
    }
}
