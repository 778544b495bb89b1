//! One host: its queue, its pace, and why it waits.
//!
//! All reasons to wait are kept apart and the strictest wins: the user's hold, robots.txt not yet
//! known, a cooldown by `Retry-After` or after 429, an open breaker, a gap, a limit.
//! It knows its own state, no other host and no clock but the time that it is passed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::breaker::{Breaker, BreakerChange};
use crate::crawl::hosts::cooldown::Cooldown;
use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::lowered_limit::{LoweredLimit, Refusal};
use crate::crawl::hosts::outcome::{Outcome, OutcomeEffect};
use crate::crawl::hosts::pace::Pace;
use crate::crawl::hosts::refusals::Refusals;
use crate::crawl::hosts::robots_slot::{HostRobots, RobotsSlot};
use crate::crawl::hosts::slow_start::SlowStart;
use crate::crawl::hosts::stats::HostStats;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::crawl::protocol::host_view::{BreakerState, WaitReason};
use crate::model::ids::PageId;
use crate::settings::HostRule;

/// A host. Written under the frontier's lock alone.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts of their own, each with its writer")]
pub struct HostQueue {
    /// Host with port, as in URLs.
    pub(super) name: Arc<str>,
    /// URLs in memory.
    pub(super) queue: VecDeque<Box<UrlTask>>,
    /// URLs on disk only: the rows with an id above `cursor`.
    pub(super) on_disk: u64,
    /// See `on_disk`.
    pub(super) cursor: PageId,
    /// A refill found none of the rows that are to be on disk: they are not committed yet.
    pub(super) awaits_commit: bool,
    /// URLs between `take` and the end of their request.
    pub(super) handed_out: u32,
    /// URLs between `take` and the start of their request.
    pub(super) unstarted: u32,
    /// URLs waiting for another attempt.
    pub(super) retrying: u32,
    /// Whether it stands in the rotation.
    pub(super) listed: bool,
    /// Whether it is an active host: one that takes part in the rotation now, or could but for its
    /// limit.
    pub(super) is_active: bool,
    /// It has run out of URLs, and soon counts no longer as active.
    pub(super) draining: bool,
    /// It has all URLs on their way that its share allows.
    pub(super) at_share: bool,
    /// When the rotation looks at it again by itself: it is noted once, however often URLs are
    /// found for it while it waits.
    pub(super) wakes_at: Option<Instant>,
    /// The note of its idleness that holds, and the bytes counted with it.
    pub(super) idle_note: Option<(u64, usize)>,
    /// The user's rule.
    pub(super) rule: HostRule,
    /// Why all that waits ends unfetched.
    pub(super) give_up: Option<GiveUp>,
    /// Its robots.txt.
    pub(super) robots: HostRobots,
    /// Its breaker.
    pub(super) breaker: Breaker,
    /// Its numbers.
    pub(super) stats: HostStats,
    /// Whether the last request to it was not answered.
    pub(super) last_unanswered: bool,
    /// Requests it has answered in this run.
    pub(super) answers: u32,
    /// Since when nothing of what is in flight was answered.
    silent_since: Option<Instant>,
    /// The next start of a request, by the gap.
    next_start: Option<Instant>,
    /// How long it is left alone after 429 and 503.
    pub(super) cooldown: Cooldown,
    slow_start: SlowStart,
    /// Its limit, when it answers 503 to more requests at a time.
    pub(super) lowered: LoweredLimit,
    /// The status for which its limit was lowered last.
    pub(super) lowered_by: Option<u16>,
    /// Its last answers, while they are 429.
    pub(super) refusals: Refusals,
}

impl HostQueue {
    /// A host of which nothing was requested yet.
    #[must_use]
    pub fn new(name: Arc<str>, rule: HostRule, cursor: PageId) -> Self {
        Self {
            name,
            queue: VecDeque::new(),
            on_disk: 0,
            cursor,
            awaits_commit: false,
            handed_out: 0,
            unstarted: 0,
            retrying: 0,
            listed: false,
            is_active: false,
            draining: false,
            at_share: false,
            wakes_at: None,
            idle_note: None,
            rule,
            give_up: None,
            robots: HostRobots::default(),
            breaker: Breaker::default(),
            stats: HostStats::default(),
            last_unanswered: false,
            answers: 0,
            silent_since: None,
            next_start: None,
            cooldown: Cooldown::default(),
            slow_start: SlowStart::default(),
            lowered: LoweredLimit::default(),
            lowered_by: None,
            refusals: Refusals::default(),
        }
    }

    /// Whether URLs wait for it.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.on_disk > 0
    }

    /// Whether the next of its queue is on the way to a robots.txt.
    #[must_use]
    pub fn robots_is_next(&self) -> bool {
        self.queue.front().is_some_and(|task| matches!(task.purpose, FetchPurpose::Robots { .. }))
    }

    /// Whether nothing of it may be requested before its robots.txt is there, but for a robots.txt on its
    /// way: the redirect of one may lead back here.
    #[must_use]
    pub fn awaits_robots(&self) -> bool {
        self.robots.is_fetching() && !self.robots_is_next()
    }

    /// URLs that wait for it.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queue.len() as u64 + self.on_disk
    }

    /// Requests in flight.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.handed_out.saturating_sub(self.unstarted)
    }

    /// For how long nothing of what is in flight was answered: a host that has fallen silent is
    /// slow before its first request has timed out.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        self.silent_since.filter(|_| self.in_flight() > 0).map(|since| now.duration_since(since))
    }

    /// Maximum number of requests in flight.
    #[must_use]
    pub fn limit(&self, pace: &Pace) -> Option<u32> {
        let own = self.user_limit(pace).into_iter().chain(self.automatic_limit());
        own.chain(pace.automatic_limit).min()
    }

    /// Maximum number of requests in flight by the user's wish.
    fn user_limit(&self, pace: &Pace) -> Option<u32> {
        self.rule.per_host.or(pace.per_host)
    }

    /// Maximum number of requests in flight by what the host answers.
    fn automatic_limit(&self) -> Option<u32> {
        self.slow_start.limit().into_iter().chain(self.lowered.limit()).min()
    }

    /// Maximum number of requests in flight by what the host answers, where that is less than the
    /// user allows.
    #[must_use]
    pub fn lowered_limit(&self, pace: &Pace) -> Option<u32> {
        let allowed = self.user_limit(pace).unwrap_or(u32::MAX);
        self.automatic_limit().filter(|limit| *limit < allowed)
    }

    /// The gap between two starts, and whether it is the crawl delay of its robots.txt.
    #[must_use]
    pub fn gap(&self, pace: &Pace) -> (Duration, bool) {
        let crawl_delay = self.robots.crawl_delay().min(pace.max_robots_delay);
        if crawl_delay > pace.delay { (crawl_delay, true) } else { (pace.delay, false) }
    }

    /// Why nothing of it may be started now, and until when, where that is known: the strictest of
    /// all reasons that hold.
    #[must_use]
    pub fn waits(&self, pace: &Pace, now: Instant) -> Option<(WaitReason, Option<Instant>)> {
        if self.rule.held {
            return Some((WaitReason::Held, None));
        }
        if self.awaits_robots() {
            return Some((WaitReason::Robots, None));
        }
        let (gap, by_robots) = self.gap(pace);
        let delay = if by_robots { WaitReason::RobotsDelay } else { WaitReason::Delay };
        let mut strictest: Option<(WaitReason, Instant)> = None;
        let mut consider = |why, until: Option<Instant>| {
            if let Some(until) = until.filter(|until| *until > now)
                && strictest.is_none_or(|(_, so_far)| so_far < until)
            {
                strictest = Some((why, until));
            }
        };
        for until in self.robots.retries_at() {
            consider(WaitReason::RobotsUnreachable, Some(until));
        }
        if let Some((until, why)) = self.cooldown.until() {
            consider(why, Some(until));
        }
        consider(WaitReason::Breaker, self.breaker.open_until(now));
        if !gap.is_zero() {
            consider(delay, self.next_start);
        }
        if let Some((why, until)) = strictest {
            return Some((why, Some(until)));
        }
        if self.breaker.state(now) == BreakerState::HalfOpen && self.handed_out > 0 {
            return Some((WaitReason::Probe, None));
        }
        let is_reached = |limit: Option<u32>| limit.is_some_and(|limit| self.handed_out >= limit);
        if is_reached(self.user_limit(pace)) {
            return Some((WaitReason::Limit, None));
        }
        if is_reached(pace.automatic_limit) {
            return Some((WaitReason::AutopilotLimit, None));
        }
        if self.automatic_limit().is_some_and(|limit| self.handed_out >= limit) {
            return Some((WaitReason::LoweredLimit, None));
        }
        if !gap.is_zero() && self.unstarted > 0 {
            return Some((delay, None));
        }
        None
    }

    /// Whether a URL that was handed out may still be requested. While it stood in the queue the
    /// host may have demanded a cooldown or a (longer) gap, gone down, or been held or limited
    /// by the user.
    #[must_use]
    pub fn may_start(&self, pace: &Pace, now: Instant) -> bool {
        let in_flight = self.in_flight();
        let waits = self.cooldown.lasts_until(now).is_some()
            || (!self.gap(pace).0.is_zero() && self.next_start.is_some_and(|due| due > now));
        let state = self.breaker.state(now);
        !self.rule.held
            && self.give_up.is_none()
            && !waits
            && (state == BreakerState::Closed
                || (state == BreakerState::HalfOpen && in_flight == 0))
            && self.limit(pace).is_none_or(|limit| in_flight < limit)
    }

    /// A request has actually started: the next one is due a gap later.
    pub fn note_start(&mut self, pace: &Pace, now: Instant) {
        if self.in_flight() == 0 {
            self.silent_since = Some(now);
        }
        self.unstarted = self.unstarted.saturating_sub(1);
        self.lowered.started(self.in_flight());
        let (gap, _) = self.gap(pace);
        self.next_start = (!gap.is_zero()).then(|| now + gap);
    }

    /// Takes in what is known of a robots.txt; a (new) gap runs from the last start as well.
    pub fn set_robots(&mut self, https: bool, slot: RobotsSlot, pace: &Pace, now: Instant) {
        let before = self.gap(pace).0;
        self.robots.set(https, slot);
        let gap = self.gap(pace).0;
        let last = self.next_start.and_then(|next| next.checked_sub(before));
        // Requesting it was a request itself; without a gap its start was not kept.
        self.next_start = (!gap.is_zero()).then(|| last.unwrap_or(now) + gap);
    }

    /// A request that started at `started` has ended. `random` is uniform in 0..1.
    pub fn note_outcome(
        &mut self,
        outcome: Outcome,
        started: Instant,
        pace: &Pace,
        now: Instant,
        random: f64,
    ) -> OutcomeEffect {
        let (status, retry_after, took) = match outcome {
            Outcome::Answered { status, retry_after, took } => (Some(status), retry_after, took),
            Outcome::Unanswered { took } => (None, None, took),
        };
        let failed = status.is_none_or(|status| status >= 500);
        let refusal = self.note_refusal(status, retry_after, started, pace, now);
        let refused = refusal == Some(Refusal::Cooldown);
        self.cooldown.note(refused, failed, now);
        self.stats.note(status, failed || refusal.is_some(), took, now);
        if status.is_some() {
            self.answers = self.answers.saturating_add(1);
            self.silent_since = Some(now);
        }
        self.last_unanswered = status.is_none();
        if refused || matches!(refusal, Some(Refusal::Lowered(_))) {
            self.lowered_by = status;
        }
        if refused {
            if self.cooldown.begin(retry_after, started, pace, now, random) {
                self.slow_start.begin(self.handed_out);
            }
        } else if !failed && refusal.is_none() {
            self.slow_start.grow();
        }
        let was_down = self.breaker.down_since().is_some();
        let change = if refused {
            // It answers, and says what it wants.
            if was_down && started >= self.breaker.down_since().unwrap_or(now) {
                self.breaker.close();
                BreakerChange::Closed
            } else {
                BreakerChange::None
            }
        } else if refusal.is_some_and(|refusal| refusal != Refusal::Failure) && !was_down {
            BreakerChange::None
        } else {
            self.breaker.ended(failed, started, now, &pace.breaker, random)
        };
        let opened = match change {
            BreakerChange::Opened(time) => {
                self.lowered.doubt(now);
                Some(time)
            }
            _ => None,
        };
        let down = was_down || opened.is_some();
        let excused = refusal.is_some_and(|refusal| refusal != Refusal::Failure);
        OutcomeEffect {
            counts: !(excused || failed && down),
            opened,
            closed: change == BreakerChange::Closed,
            refused,
            lowered: match refusal {
                Some(Refusal::Lowered(lowered)) => Some(lowered),
                _ => None,
            },
        }
    }

    /// Until when it is to be left alone, because it demanded that or because it is down.
    #[must_use]
    pub fn left_alone_until(&self, now: Instant) -> Option<Instant> {
        self.cooldown.lasts_until(now).into_iter().chain(self.breaker.open_until(now)).max()
    }

    /// Since when it is down or has refused everything for long.
    #[must_use]
    pub fn down_since(&self) -> Option<Instant> {
        self.breaker.down_since().or(self.cooldown.refusing_for_long())
    }

    /// Ends its cooldown and closes its breaker.
    pub fn reset(&mut self) {
        self.breaker.close();
        self.cooldown.end();
        self.slow_start.end();
        self.lowered.lift();
        self.give_up = None;
        self.robots.reset();
    }

    /// Whether it has nothing to do and nothing to remember.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.has_work() && self.handed_out == 0 && self.retrying == 0
    }

    /// Whether forgetting it now would make the crawl impolite.
    #[must_use]
    pub fn must_be_remembered(&self, now: Instant) -> bool {
        !self.rule.is_empty()
            || self.next_start.is_some_and(|due| due > now)
            || self.left_alone_until(now).is_some()
    }
}
