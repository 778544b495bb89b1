//! The plan of a sweep, pure: snapshots in, settings out. No clock, no task, no randomness.
//!
//! It waits for enough URLs, climbs from few permits to more until pages per second no longer follow, then
//! refines around the knee. A level is held until its interval is narrow enough or its share of the budget is
//! used; one at which the server refuses or fails requests is left at once.

use std::sync::Arc;

use super::end::{ClimbEnd, SweepEnd};
use super::hold::{CLIMB_TARGET, Hold, HoldPurpose, recovers};
use super::level::{SweepLevel, is_full, relative_ci};
use super::limits::{LONGEST_WAIT_S, SweepBudget, SweepLimits};
use super::rate_range::RateRange;
use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::crawl::protocol::tuning::{Curve, MeasuredRow};
use crate::crawl::protocol::verdict::Limit;
use crate::settings::dials::{Dial, Setting, workers_for};

/// Permits with which the crawl begins, while URLs are gathered.
pub const FIRST_PERMITS: u32 = 4;
/// Least time for which a level is held, in seconds, and how much of it must be measured.
const LEAST_HOLD_S: (f64, f64) = (3.0, 2.5);
/// Least pages of a level.
const LEAST_PAGES: u64 = 8;
/// A level of the climb that leaves open whether pages per second follow gets so many times its share.
const DOUBT: f64 = 2.0;
/// A level is held no longer than so many times its share of the budget.
const PATIENCE: f64 = 3.0;
/// Share of the time in which nothing waits in the queue that makes it the reason for free permits.
const IDLE: f64 = 0.1;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum SweepPhase {
    /// Waits for URLs since then, before the hold.
    Gathering {
        since_s: Option<f64>,
        then: Hold,
    },
    Holding(Hold),
    /// Waits for hosts that cool down, since then.
    Recovering {
        since_s: f64,
    },
    Over(SweepEnd),
}

/// What follows from a snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SweepStep {
    /// Dials to turn, in this order.
    pub commands: Vec<Command>,
    /// What to tell the user, a line each.
    pub told: Vec<String>,
}

/// A sweep.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub(super) limits: SweepLimits,
    pub(super) phase: SweepPhase,
    pub(super) levels: Vec<SweepLevel>,
    pub(super) climb_end: Option<ClimbEnd>,
    pub(super) rate_range: Option<RateRange>,
    /// Permits that were held for refinement.
    pub(super) refined: Vec<u32>,
    /// When it began, in seconds not paused, and the pages until then.
    began: Option<(f64, u64)>,
    /// Seconds that were spent gathering URLs.
    pub(super) waited_s: f64,
    /// Levels of the climb of which nothing is known, for all the noise.
    pub(super) unknown: u32,
    /// The level that is held, as far as it is measured.
    open: Option<SweepLevel>,
    pub(super) curve: Arc<Curve>,
    pub(super) step: SweepStep,
}

impl Sweep {
    /// A sweep that has not begun; the crawl begins with [`FIRST_PERMITS`].
    #[must_use]
    pub fn new(limits: SweepLimits) -> Self {
        let first = (FIRST_PERMITS / 2).min(limits.max_permits);
        let then = Hold::new(first, HoldPurpose::Climb, CLIMB_TARGET, 0.0);
        Self {
            limits,
            phase: SweepPhase::Gathering { since_s: None, then },
            levels: Vec::new(),
            climb_end: None,
            rate_range: None,
            refined: Vec::new(),
            began: None,
            waited_s: 0.0,
            unknown: 0,
            open: None,
            curve: Arc::default(),
            step: SweepStep::default(),
        }
    }

    /// Why it ended, once it has.
    #[must_use]
    pub const fn ended(&self) -> Option<SweepEnd> {
        match self.phase {
            SweepPhase::Over(end) => Some(end),
            _ => None,
        }
    }

    /// What was measured, in the order of the sweep.
    #[must_use]
    pub fn levels(&self) -> &[SweepLevel] {
        &self.levels
    }

    /// Takes the next snapshot, and says what follows from it.
    pub fn see(&mut self, s: &Snapshot) -> SweepStep {
        if self.ended().is_none() {
            self.judge(s);
        }
        std::mem::take(&mut self.step)
    }

    fn judge(&mut self, s: &Snapshot) {
        match s.run {
            RunState::Complete | RunState::Failed => return self.end(SweepEnd::Urls),
            RunState::Stopping | RunState::Stopped => return self.end(SweepEnd::Stopped),
            RunState::Starting | RunState::Paused => return,
            RunState::Running => {}
        }
        if s.changes.iter().any(is_by_hand) {
            return self.end(SweepEnd::TakenOver);
        }
        self.began.get_or_insert((s.active_s, s.totals.fetched()));
        if self.left_s(s) <= 0.0 {
            return self.end(SweepEnd::Budget);
        }
        self.curve = Arc::clone(&s.tuning.curve);
        let phase = std::mem::replace(&mut self.phase, SweepPhase::Over(SweepEnd::Done));
        match phase {
            SweepPhase::Gathering { since_s, then } => self.gather(s, since_s, then),
            SweepPhase::Holding(hold) => self.hold(s, hold),
            SweepPhase::Recovering { since_s } => self.recover(s, since_s),
            SweepPhase::Over(end) => self.phase = SweepPhase::Over(end),
        }
    }

    /// Ends the sweep; a level that was being measured counts as far as it was.
    pub(super) fn end(&mut self, end: SweepEnd) {
        self.levels.extend(self.open.take());
        self.phase = SweepPhase::Over(end);
    }

    /// Seconds left of the budget; infinite where nothing tells them yet.
    pub(super) fn left_s(&self, s: &Snapshot) -> f64 {
        let Some((began_s, pages)) = self.began else { return f64::INFINITY };
        match self.limits.budget {
            SweepBudget::Time(time) => time.as_secs_f64() - (s.active_s - began_s),
            SweepBudget::Pages(most) => {
                let left = most.saturating_sub(s.totals.fetched() - pages);
                if left == 0 { 0.0 } else { left as f64 / s.throughput.last_10s.max(0.1) }
            }
        }
    }

    /// Likewise, and no more than the URLs last that are known, where they grow fewer.
    pub(super) fn left_with_urls_s(&self, s: &Snapshot) -> f64 {
        let urls = if s.frontier.growth_per_s < 0.0 {
            s.frontier.open as f64 / s.throughput.last_10s.max(0.1)
        } else {
            f64::INFINITY
        };
        self.left_s(s).min(urls)
    }

    /// Begins to hold a level.
    pub(super) fn begin(&mut self, s: &Snapshot, mut hold: Hold) {
        if hold.share_s <= 0.0 {
            hold.share_s = self.climb_share_s(s, hold.permits);
        }
        self.set(s, hold.permits, hold.rate.or(self.limits.rate));
        self.phase = SweepPhase::Holding(hold);
    }

    /// Sets permits, workers with them, and the rate.
    pub(super) fn set(&mut self, s: &Snapshot, permits: u32, rate: Option<f64>) {
        let dials = &s.dials;
        let commands = &mut self.step.commands;
        if dials.rate != rate {
            commands.push(Command::Set(Setting::Rate(rate)));
        }
        if dials.workers == workers_for(dials.permits) {
            // One step of the journal.
            let by = i64::from(permits) - i64::from(dials.permits);
            if by != 0 {
                commands.push(Command::NudgeBoth(by as i32));
            }
        } else {
            commands.push(Command::Set(Setting::Workers(workers_for(permits))));
            commands.push(Command::Set(Setting::Permits(permits)));
        }
    }

    pub(super) fn tell(&mut self, text: String) {
        self.step.told.push(text);
    }

    fn hold(&mut self, s: &Snapshot, mut hold: Hold) {
        let rate = hold.rate.or(self.limits.rate);
        let in_force = s.dials.permits == hold.permits && s.dials.rate == rate;
        let Some((from_s, from_requests)) = hold.from else {
            if in_force {
                hold.from = Some((s.active_s, requests(s)));
                hold.from_resent = s.totals.resent;
            }
            self.phase = SweepPhase::Holding(hold);
            return;
        };
        hold.sample(s);
        if hold.purpose == HoldPurpose::Climb && self.left_with_urls_s(s) < self.left_s(s) {
            // The end of the URLs is in sight by now.
            hold.share_s = hold.share_s.min(self.climb_share_s(s, hold.permits));
        }
        let is_row = |row: &&MeasuredRow| {
            row.present && row.permits == hold.permits && row.rate == rate && row.held_s > 0.0
        };
        let row = s.tuning.rows.iter().find(is_row).cloned();
        if let Some(level) = hold.refused(s, requests(s) - from_requests) {
            self.open = None;
            return self.step_back(s, &hold, level, true);
        }
        let held_s = s.active_s - from_s;
        let Some(row) = row else {
            if held_s > PATIENCE * hold.share_s.max(LONGEST_WAIT_S.0) {
                // Nothing ends at this level.
                return self.end(SweepEnd::Budget);
            }
            self.phase = SweepPhase::Holding(hold);
            return;
        };
        let level = SweepLevel { row: row.clone(), in_flight: hold.in_flight(), overloaded: false };
        if let Some(refused) = self.overload(&row, requests(s) - from_requests) {
            let level = SweepLevel { overloaded: true, ..level };
            self.open = None;
            return self.step_back(s, &hold, level, refused);
        }
        if !self.is_enough(&hold, &level, held_s) {
            self.open = Some(level);
            self.phase = SweepPhase::Holding(hold);
            return;
        }
        self.open = None;
        self.tell(level.line());
        if !is_full(level.in_flight, hold.permits) && hold.purpose != HoldPurpose::Rate {
            return self.not_full(s, &hold, level);
        }
        match hold.purpose {
            HoldPurpose::Climb => self.climbed(s, &hold, level),
            HoldPurpose::Refine => self.refine(s, Some(level)),
            HoldPurpose::Rate => self.rate_kept(s, level),
        }
    }

    /// Whether a level was held long enough.
    fn is_enough(&self, hold: &Hold, level: &SweepLevel, held_s: f64) -> bool {
        let least = LEAST_HOLD_S.0.max(2.0 * level.row.mean_ms / 1000.0);
        let least = if hold.purpose == HoldPurpose::Rate { least.max(hold.share_s) } else { least };
        if held_s < least || level.row.held_s < LEAST_HOLD_S.1 {
            return false;
        }
        let many = level.row.pages >= LEAST_PAGES || held_s >= PATIENCE * hold.share_s;
        let narrow = relative_ci(level.row.pages_per_s) <= hold.target;
        let uncertain = hold.purpose == HoldPurpose::Climb
            && self
                .last_counting(hold.permits)
                .is_some_and(|lower| lower.following(&level.row).is_uncertain());
        let share_s = if uncertain { DOUBT * hold.share_s } else { hold.share_s };
        many && (held_s >= share_s || (narrow && !uncertain) || !level.is_full())
    }

    /// Permits stayed free: says why. A frontier that was empty and hosts that were left alone get another chance.
    fn not_full(&mut self, s: &Snapshot, hold: &Hold, level: SweepLevel) {
        let (starved, throttled) = (hold.starved, hold.throttled);
        // Otherwise URLs wait in the queue.
        let is_idle = f64::from(starved + throttled) > IDLE * f64::from(hold.samples);
        let for_now = starved >= throttled || s.hosts.iter().any(recovers);
        if is_idle && for_now && self.waited_s < LONGEST_WAIT_S.1 {
            let again = Hold::new(hold.permits, hold.purpose, hold.target, hold.share_s);
            self.phase = SweepPhase::Gathering { since_s: None, then: again };
            return;
        }
        let why = match is_idle {
            true if starved >= throttled => ClimbEnd::Frontier(level.pages_per_s()),
            true => ClimbEnd::HostPace(host_pace(s)),
            false => ClimbEnd::OwnLimit(
                hold.own_limit()
                    .unwrap_or("URLs wait in the queue, and no worker takes them")
                    .to_owned(),
            ),
        };
        self.levels.push(level);
        self.stop_climbing(s, why);
    }

    /// Ends the climb, and begins to refine.
    pub(super) fn stop_climbing(&mut self, s: &Snapshot, why: ClimbEnd) {
        if self.climb_end.is_none() {
            self.tell(why.to_string());
            self.climb_end = Some(why);
        }
        self.refine(s, None);
    }

    /// The highest level below so many permits that counts.
    pub(super) fn last_counting(&self, below: u32) -> Option<&SweepLevel> {
        self.levels
            .iter()
            .filter(|level| level.counts() && level.permits() < below)
            .max_by_key(|level| level.permits())
    }
}

/// Why hosts may be asked no more, as the verdict has it where it names them.
fn host_pace(s: &Snapshot) -> String {
    if s.verdict.limit == Limit::HostPace {
        s.verdict.text.clone()
    } else {
        "the hosts may be asked no more now: their gap, their limit or a cooldown".to_owned()
    }
}

/// Requests that ended.
pub(super) const fn requests(s: &Snapshot) -> u64 {
    s.totals.fetched() + s.totals.retries + s.totals.resent
}

/// Whether a user turned a dial that the sweep turns, or gave it to the autopilot.
fn is_by_hand(change: &Change) -> bool {
    let ours = |dial| matches!(dial, Dial::Permits | Dial::Workers | Dial::Rate);
    let turned = match &change.what {
        ChangeAction::Set { new, .. } => ours(new.dial()),
        ChangeAction::SetBoth { .. } | ChangeAction::Autopilot { .. } => true,
        _ => false,
    };
    turned && matches!(change.by, Origin::Key | Origin::Typed | Origin::Api)
}
