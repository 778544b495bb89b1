//! A change that is being measured: what can be said of it so far, and what explains that.

use std::sync::Arc;

use crate::crawl::protocol::tuning::{ChangeEffect, EffectVerdict, Estimate};
use crate::crawl::tuning::measured_block::MeasuredBlock;
use crate::crawl::tuning::window::{BlockWindow, SettingsCompared, WindowStats};
use crate::settings::dials::{Dial, Dials, Setting};

/// Seconds after a change from which a clear difference is said,
const EARLIEST_S: f64 = 3.9;
/// from which any verdict is given, where it is precise enough,
pub(super) const NEEDS_S: f64 = 10.0;
/// and at which it ends in any case.
pub(super) const LONGEST_S: f64 = 30.0;
/// Ticks make ten blocks a little shorter or longer than ten seconds.
pub(super) const TICKS_S: f64 = 0.5;
/// An early difference must be this many intervals wide: asked every second, chance gets more tries.
const EARLY: f64 = 1.6;
/// Half width in per cent that is precise enough after [`NEEDS_S`], and at least after [`LONGEST_S`].
pub(super) const PRECISE: (f64, f64) = (15.0, 30.0);
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
/// Turns in quick succession that are no single change.
const SEVERAL_TURNS: &str = "several dials were turned within a few seconds";
/// They led back to the setting before the first of them.
const TURNED_BACK: &str = "turned back to the setting before";

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectCause {
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
pub(super) struct MeasuredSide {
    pub(super) window: BlockWindow,
    pub(super) dials: Dials,
}

impl MeasuredSide {
    pub(super) fn is_enough(&self) -> bool {
        self.window.len() >= LEAST_BLOCKS && self.window.pages() >= LEAST_PAGES
    }
}

/// The change that is being measured.
#[derive(Debug, Clone)]
pub(super) struct OpenChange {
    /// The entry, and those made together with it.
    pub(super) entries: Vec<(u64, EffectCause)>,
    pub(super) at_s: f64,
    pub(super) before: MeasuredSide,
    pub(super) before_stats: WindowStats,
    /// The dials right before it.
    pub(super) turned_from: Dials,
    pub(super) said: EffectVerdict,
    /// It is measured no more.
    pub(super) over: bool,
}

impl OpenChange {
    pub(super) fn is_measuring(&self) -> bool {
        !self.over && self.before.is_enough()
    }

    pub(super) fn is_of_dials(&self) -> bool {
        self.entries.iter().all(|(_, kind)| matches!(kind, EffectCause::Dial(_)))
    }

    /// What can be said now, and what explains it.
    pub(super) fn verdict_so_far(
        &self,
        now: &MeasuredSide,
        compared: &SettingsCompared,
    ) -> (EffectVerdict, Option<String>) {
        if let Some(why) = self.not_its_own(&now.dials) {
            return (EffectVerdict::Void, Some(why.to_owned()));
        }
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
    pub(super) fn explained(&self, now: &MeasuredSide, verdict: EffectVerdict) -> Option<String> {
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
        None
    }

    /// Whether a difference from what was measured before cannot be called the effect of this change, and why:
    /// turns before it that were not measured moved other dials, or the same ones the other way.
    pub(super) fn not_its_own(&self, now: &Dials) -> Option<&'static str> {
        let (before, from) = (&self.before.dials, &self.turned_from);
        if !self.is_of_dials() || before == from {
            return None;
        }
        if before == now {
            return Some(TURNED_BACK);
        }
        let goes = |dial: &Dial, of: &Dials| level(of.get(*dial)).total_cmp(&level(now.get(*dial)));
        Dial::ALL.iter().any(|dial| goes(dial, before) != goes(dial, from)).then_some(SEVERAL_TURNS)
    }

    /// The change as a whole, where it was made in several turns: `permits 16 → 24`.
    fn whole(&self, now: &Dials) -> Option<Arc<str>> {
        let before = &self.before.dials;
        let is_several = self.entries.len() > 1 || before != &self.turned_from;
        if !is_several || !self.is_of_dials() || self.not_its_own(now).is_some() {
            return None;
        }
        let turned = Dial::ALL.iter().filter(|dial| before.get(**dial) != now.get(**dial));
        let word = |dial: &Dial| {
            let (old, new) = (before.get(*dial).value_text(), now.get(*dial).value_text());
            format!("{dial} {old} → {new}")
        };
        Some(turned.map(word).collect::<Vec<_>>().join(", ").into())
    }

    /// The dial that was the limit on both sides while another one was turned.
    pub(super) fn other_limit(&self, now: &MeasuredSide) -> Option<&'static str> {
        let turned = |dial| self.entries.iter().any(|(_, kind)| *kind == EffectCause::Dial(dial));
        let full = |side: &MeasuredSide| {
            let in_flight = side.window.mean(|block| block.in_flight);
            in_flight >= AT_LIMIT * f64::from(side.dials.permits)
        };
        let both_full = full(&self.before) && full(now);
        (both_full && self.is_of_dials() && !turned(Dial::Permits)).then_some("permits")
    }

    /// The same effect for every entry made together.
    pub(super) fn updates(
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
            whole: self.whole(&now.dials).filter(|_| verdict != EffectVerdict::Void),
        };
        let update = |(seq, _): &(u64, EffectCause)| EffectUpdate {
            seq: *seq,
            effect: effect.clone(),
            last,
        };
        self.entries.iter().map(update).collect()
    }
}

/// The value of a dial as a number; no limit is above all of them.
fn level(setting: Setting) -> f64 {
    match setting {
        Setting::Permits(n)
        | Setting::Workers(n)
        | Setting::Queue(n)
        | Setting::ParseThreads(n) => f64::from(n),
        Setting::Rate(rate) => rate.unwrap_or(f64::INFINITY),
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
