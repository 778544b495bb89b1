//! One host: its queue, its pace, and why it waits.
//!
//! All reasons to wait are kept apart and the strictest wins: the user's hold, robots.txt not yet
//! known, a rest asked for by `Retry-After` or taken after 429, an open breaker, a gap, a limit.
//! It knows the host's own books, no other host and no clock but the time it is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::breaker::{Breaker, Turn, doubled};
use crate::crawl::hosts::give_up::GiveUp;
use crate::crawl::hosts::stats::HostStats;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::crawl::protocol::host_view::{BreakerState, HostView, HostWait, WaitReason};
use crate::model::ids::PageId;
use crate::settings::{BreakerSettings, HostRule};
use crate::web::robots::RobotsPolicy;

/// URLs of one host that may wait for another attempt before no fresh one is started.
pub const MOST_RETRIES_PER_HOST: u32 = 1_000;
/// A robots.txt is asked for again after this time (RFC 9309, 2.4: at most 24 hours).
pub const ROBOTS_EXPIRE: Duration = Duration::from_hours(24);
/// After 429 a host is asked carefully until it has this many requests in flight again.
const CAREFUL_UP_TO: u32 = 32;

/// Answers of 503 in a row, without `Retry-After`, after which a host counts as asking for rest.
const BUSY_IN_A_ROW: u32 = 2;
/// Rests after which a host that has answered nothing but 429 and 503 may be given up.
const LONG_REFUSED: u32 = 5;

/// What holds for every host alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Requests in flight at most.
    pub per_host: Option<u32>,
    /// Gap between two starts.
    pub delay: Duration,
    /// Longest gap that a robots.txt may ask for.
    pub max_robots_delay: Duration,
    /// First rest after 429 or 503.
    pub backoff: Duration,
    /// Longest rest after 429 or 503, and longest `Retry-After`.
    pub max_backoff: Duration,
    /// When a host counts as down.
    pub breaker: BreakerSettings,
    /// Time it may be down before it is given up.
    pub give_up: Duration,
    /// Failures after which one that never answered is given up.
    pub attempts: u32,
    /// Whether robots.txt is obeyed.
    pub robots: bool,
}

impl Default for Pace {
    fn default() -> Self {
        let usual = crate::settings::Settings { ignore_robots: true, ..Default::default() };
        Self::of(&usual)
    }
}

impl Pace {
    /// What the settings say.
    #[must_use]
    pub fn of(settings: &crate::settings::Settings) -> Self {
        Self {
            per_host: settings.per_host,
            delay: settings.delay,
            max_robots_delay: settings.max_robots_delay,
            backoff: settings.host_backoff,
            max_backoff: settings.max_host_backoff,
            breaker: settings.breaker.clone(),
            give_up: settings.host_give_up_after,
            attempts: settings.attempts,
            robots: !settings.ignore_robots,
        }
    }
}

/// How a request ended, as far as its host is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// It was answered.
    Answered {
        /// With this status.
        status: u16,
        /// The rest it asks for.
        retry_after: Option<Duration>,
        /// Start of the request to the end of the body.
        took: Duration,
    },
    /// It was not.
    Unanswered {
        /// Time until it was given up.
        took: Duration,
    },
}

/// What an outcome means for others than the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeEffect {
    /// Whether a failure counts among the attempts of its URL: not while the whole host is down
    /// or wants to be left alone.
    pub counts: bool,
    /// Whether the breaker opened, for the log.
    pub opened: Option<Duration>,
    /// Whether it closed.
    pub closed: bool,
    /// Whether the host wants to be left alone.
    pub refused: bool,
}

/// The robots.txt of one host and scheme.
#[derive(Debug, Clone, Default)]
pub enum RobotsSlot {
    /// Not asked for.
    #[default]
    Unknown,
    /// On its way; it failed so often before.
    Asking(u32),
    /// Known until then.
    Known(Arc<RobotsPolicy>, Instant),
    /// Could not be had so often; asked for again then.
    Unreachable(Arc<RobotsPolicy>, Instant, u32),
    /// Could not be had as often as it was tried: all that would need it ends so.
    Denied(Arc<RobotsPolicy>, GiveUp),
}

/// A host. Written under the frontier's lock alone.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts of their own, each with its writer")]
pub struct Host {
    /// Host with port, as in URLs.
    pub name: Arc<str>,
    /// URLs in memory.
    pub queue: VecDeque<Box<UrlTask>>,
    /// URLs on disk only: the rows with an id above `cursor`.
    pub on_disk: u64,
    /// See `on_disk`.
    pub cursor: PageId,
    /// A refill found none of the rows that are to be on disk: they are not committed yet.
    pub refill_waits: bool,
    /// URLs between `take` and the end of their request.
    pub active: u32,
    /// URLs between `take` and the start of their request.
    pub unstarted: u32,
    /// URLs waiting for another attempt.
    pub retrying: u32,
    /// Whether it stands in the rotation.
    pub listed: bool,
    /// Whether it takes part in the rotation now, or could but for its limit.
    pub contends: bool,
    /// When the rotation looks at it again by itself: it is noted once, however often URLs are
    /// found for it while it rests.
    pub wakes: Option<Instant>,
    /// The note of its idleness that holds, and the bytes counted with it.
    pub idle: Option<(u64, usize)>,
    /// What the user said.
    pub rule: HostRule,
    /// Why all that waits ends unfetched.
    pub doom: Option<GiveUp>,
    /// Its robots.txt, by http and https.
    pub robots: [RobotsSlot; 2],
    /// The gap that each of them wished when it was last known: it holds while it is asked for
    /// again.
    wished: [Duration; 2],
    /// Its breaker.
    pub breaker: Breaker,
    /// Its numbers.
    pub stats: HostStats,
    /// Whether the last request to it was not answered.
    pub silent: bool,
    /// Requests it has answered in this run.
    pub answers: u32,
    /// It is noted as leaving the contest, and as having had its share.
    pub leaving: bool,
    /// See above.
    pub served: bool,
    /// Since when nothing was heard of what is in flight.
    unheard: Option<Instant>,
    /// Answers of 503 in a row, and since when it has answered nothing but that and 429.
    busy: u32,
    /// See above.
    refusing_since: Option<Instant>,
    /// The next start of a request, by the gap.
    next_start: Option<Instant>,
    rest: Option<(Instant, WaitReason)>,
    rests: u32,
    last_rest: Option<Instant>,
    /// Requests in flight at most, after 429; and good answers since it last grew.
    careful: Option<(u32, u32)>,
}

impl Host {
    /// A host not yet asked for anything.
    #[must_use]
    pub fn new(name: Arc<str>, rule: HostRule, cursor: PageId) -> Self {
        Self {
            name,
            queue: VecDeque::new(),
            on_disk: 0,
            cursor,
            refill_waits: false,
            active: 0,
            unstarted: 0,
            retrying: 0,
            listed: false,
            contends: false,
            wakes: None,
            idle: None,
            rule,
            doom: None,
            robots: [RobotsSlot::Unknown, RobotsSlot::Unknown],
            wished: [Duration::ZERO; 2],
            breaker: Breaker::default(),
            stats: HostStats::default(),
            silent: false,
            answers: 0,
            leaving: false,
            served: false,
            unheard: None,
            busy: 0,
            refusing_since: None,
            next_start: None,
            rest: None,
            rests: 0,
            last_rest: None,
            careful: None,
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
        self.queue.front().is_some_and(|entry| matches!(entry.purpose, FetchPurpose::Robots { .. }))
    }

    /// URLs that wait for it.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queue.len() as u64 + self.on_disk
    }

    /// Requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.active.saturating_sub(self.unstarted)
    }

    /// How long nothing was heard of what is in flight: a host that has fallen silent is slow
    /// before its first request has timed out.
    #[must_use]
    pub fn unheard(&self, now: Instant) -> Option<Duration> {
        self.unheard.filter(|_| self.in_flight() > 0).map(|since| now.duration_since(since))
    }

    /// Requests in flight at most.
    #[must_use]
    pub fn limit(&self, pace: &Pace) -> Option<u32> {
        let own = self.rule.per_host.or(pace.per_host);
        let careful = self.careful.map(|(limit, _)| limit);
        own.into_iter().chain(careful).min()
    }

    /// The gap between two starts, and whether it is the wish of its robots.txt.
    #[must_use]
    pub fn gap(&self, pace: &Pace) -> (Duration, bool) {
        let asked = self.wished[0].max(self.wished[1]).min(pace.max_robots_delay);
        if asked > pace.delay { (asked, true) } else { (pace.delay, false) }
    }

    /// Why nothing of it may be started now, and until when, where that is known: the strictest of
    /// all reasons that hold.
    #[must_use]
    pub fn waits(&self, pace: &Pace, now: Instant) -> Option<(WaitReason, Option<Instant>)> {
        if self.rule.held {
            return Some((WaitReason::Held, None));
        }
        // But for a robots.txt on its way: the redirect of one may lead back here.
        let asking = self.robots.iter().any(|slot| matches!(slot, RobotsSlot::Asking(_)));
        if asking && !self.robots_is_next() {
            return Some((WaitReason::Robots, None));
        }
        let (gap, by_robots) = self.gap(pace);
        let delay = if by_robots { WaitReason::RobotsDelay } else { WaitReason::Delay };
        let mut strictest: Option<(WaitReason, Instant)> = None;
        let mut hold = |why, until: Option<Instant>| {
            if let Some(until) = until.filter(|until| *until > now)
                && strictest.is_none_or(|(_, so_far)| so_far < until)
            {
                strictest = Some((why, until));
            }
        };
        for slot in &self.robots {
            if let RobotsSlot::Unreachable(_, until, _) = slot {
                hold(WaitReason::RobotsUnreachable, Some(*until));
            }
        }
        if let Some((until, why)) = self.rest {
            hold(why, Some(until));
        }
        hold(WaitReason::Breaker, self.breaker.rests_until(now));
        if !gap.is_zero() {
            hold(delay, self.next_start);
        }
        if let Some((why, until)) = strictest {
            return Some((why, Some(until)));
        }
        if self.breaker.state(now) == BreakerState::HalfOpen && self.active > 0 {
            return Some((WaitReason::Probe, None));
        }
        if self.limit(pace).is_some_and(|limit| self.active >= limit) {
            return Some((WaitReason::Limit, None));
        }
        if !gap.is_zero() && self.unstarted > 0 {
            return Some((delay, None));
        }
        None
    }

    /// Whether a URL that was handed out may still be asked. While it stood in the queue the host
    /// may have asked for rest or for a (longer) gap, gone down, or been held or limited by the
    /// user.
    #[must_use]
    pub fn may_start(&self, pace: &Pace, now: Instant) -> bool {
        let in_flight = self.in_flight();
        let rests = self.rest.is_some_and(|(until, _)| until > now)
            || (!self.gap(pace).0.is_zero() && self.next_start.is_some_and(|due| due > now));
        let state = self.breaker.state(now);
        !self.rule.held
            && self.doom.is_none()
            && !rests
            && (state == BreakerState::Closed
                || (state == BreakerState::HalfOpen && in_flight == 0))
            && self.limit(pace).is_none_or(|limit| in_flight < limit)
    }

    /// A request has actually started: the next one is due a gap later.
    pub fn started(&mut self, pace: &Pace, now: Instant) {
        if self.in_flight() == 0 {
            self.unheard = Some(now);
        }
        self.unstarted = self.unstarted.saturating_sub(1);
        let (gap, _) = self.gap(pace);
        self.next_start = (!gap.is_zero()).then(|| now + gap);
    }

    /// The robots.txt says something (new) about the gap: it runs from the last start as well.
    pub fn robots_known(&mut self, https: bool, slot: RobotsSlot, pace: &Pace, now: Instant) {
        let before = self.gap(pace).0;
        if let RobotsSlot::Known(fate, _) = &slot {
            self.wished[usize::from(https)] = fate.delay().unwrap_or_default();
        }
        self.robots[usize::from(https)] = slot;
        let gap = self.gap(pace).0;
        let last = self.next_start.and_then(|next| next.checked_sub(before));
        // Asking for it was a request itself; without a gap its start was not kept.
        self.next_start = (!gap.is_zero()).then(|| last.unwrap_or(now) + gap);
    }

    /// A request that started at `began` has ended.
    pub fn ended(
        &mut self,
        outcome: Outcome,
        began: Instant,
        pace: &Pace,
        now: Instant,
        random: f64,
    ) -> OutcomeEffect {
        let (status, asked, took) = match outcome {
            Outcome::Answered { status, retry_after, took } => (Some(status), retry_after, took),
            Outcome::Unanswered { took } => (None, None, took),
        };
        let failed = status.is_none_or(|status| status >= 500);
        self.busy = match status {
            Some(503) => self.busy.saturating_add(1),
            Some(_) => 0,
            None => self.busy,
        };
        // One 503 may be a broken page; two in a row are a host that wants to be left alone.
        let slow_down = status == Some(429)
            || (status == Some(503) && (asked.is_some() || self.busy >= BUSY_IN_A_ROW));
        if slow_down {
            self.refusing_since.get_or_insert(now);
        } else if !failed {
            self.refusing_since = None;
        }
        self.stats.note(status, failed || slow_down, took);
        if status.is_some() {
            self.answers = self.answers.saturating_add(1);
            self.unheard = Some(now);
        }
        self.silent = status.is_none();
        if slow_down {
            self.slow_down(asked, began, pace, now, random);
        } else if !failed {
            self.speed_up();
        }
        let was_down = self.breaker.down_since().is_some();
        let turn = if slow_down {
            // It answers, and says what it wants.
            if was_down && began >= self.breaker.down_since().unwrap_or(now) {
                self.breaker.close();
                Turn::Closed
            } else {
                Turn::None
            }
        } else {
            self.breaker.ended(failed, began, now, &pace.breaker, random)
        };
        let opened = match turn {
            Turn::Opened(rest) => Some(rest),
            _ => None,
        };
        let down = was_down || opened.is_some();
        let counts = !(slow_down || failed && down);
        OutcomeEffect { counts, opened, refused: slow_down, closed: turn == Turn::Closed }
    }

    fn slow_down(
        &mut self,
        asked: Option<Duration>,
        began: Instant,
        pace: &Pace,
        now: Instant,
        random: f64,
    ) {
        // What was in flight when the host said so belongs to the same incident.
        let same = self.last_rest.is_some_and(|last| began <= last);
        if !same {
            // Quiet begins when the rest is over.
            let quiet_since = self.rest.map(|(until, _)| until).or(self.last_rest);
            let forgiven = quiet_since.is_none_or(|since| {
                now.saturating_duration_since(since) >= pace.breaker.reset_after
            });
            self.rests = if forgiven { 0 } else { self.rests + 1 };
            self.last_rest = Some(now);
            let half = (self.active / 2).clamp(1, CAREFUL_UP_TO);
            self.careful = Some((self.careful.map_or(half, |(limit, _)| (limit / 2).max(1)), 0));
        }
        let (until, why) = match asked {
            Some(asked) => (now + asked.min(pace.max_backoff), WaitReason::RetryAfter),
            None if same => return,
            None => {
                let rest = doubled(pace.backoff, self.rests, pace.max_backoff, random);
                (now + rest, WaitReason::Backoff)
            }
        };
        if self.rest.is_none_or(|(so_far, _)| so_far < until) {
            self.rest = Some((until, why));
        }
    }

    /// A good answer: after some of them one more request may be in flight.
    fn speed_up(&mut self) {
        if let Some((limit, good)) = &mut self.careful {
            *good += 1;
            if *good >= 4 * *limit {
                (*limit, *good) = (*limit + 1, 0);
            }
            if *limit > CAREFUL_UP_TO {
                self.careful = None;
            }
        }
    }

    /// Until when it is to be left alone, by its own wish or because it is down.
    #[must_use]
    pub fn rests_until(&self, now: Instant) -> Option<Instant> {
        let rest = self.rest.map(|(until, _)| until).filter(|until| *until > now);
        rest.into_iter().chain(self.breaker.rests_until(now)).max()
    }

    /// An earlier run was told to leave it alone until then.
    pub fn continue_cooldown(&mut self, until: Instant) {
        self.rest = Some((until, WaitReason::RetryAfter));
        self.last_rest = Some(Instant::now());
    }

    /// Since when it has answered nothing but 429 and 503, rest after rest.
    #[must_use]
    pub fn refused_since(&self) -> Option<Instant> {
        self.refusing_since.filter(|_| self.rests >= LONG_REFUSED)
    }

    /// Ends its rest and closes its breaker.
    pub fn reset(&mut self) {
        self.breaker.close();
        self.rest = None;
        self.careful = None;
        self.doom = None;
        (self.busy, self.refusing_since) = (0, None);
        for slot in &mut self.robots {
            if matches!(slot, RobotsSlot::Unreachable(..) | RobotsSlot::Denied(..)) {
                *slot = RobotsSlot::Unknown;
            }
        }
    }

    /// Whether it has nothing to do and nothing to remember.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.has_work() && self.active == 0 && self.retrying == 0
    }

    /// Whether forgetting it now would make us impolite.
    #[must_use]
    pub fn must_be_remembered(&self, now: Instant) -> bool {
        !self.rule.is_empty()
            || self.next_start.is_some_and(|due| due > now)
            || self.rest.is_some_and(|(due, _)| due > now)
            || self.breaker.rests_until(now).is_some()
    }

    /// Bytes held by its robots.txt, about.
    #[must_use]
    pub fn robots_bytes(&self) -> usize {
        self.robots
            .iter()
            .map(|slot| match slot {
                RobotsSlot::Known(fate, _)
                | RobotsSlot::Unreachable(fate, ..)
                | RobotsSlot::Denied(fate, _) => fate.bytes(),
                _ => 0,
            })
            .sum()
    }

    /// Its robots.txt in a few words.
    fn robots_text(&self, pace: &Pace) -> Arc<str> {
        if !pace.robots {
            return "ignored".into();
        }
        let known = self.robots.iter().find_map(|slot| match slot {
            RobotsSlot::Known(fate, _)
            | RobotsSlot::Unreachable(fate, ..)
            | RobotsSlot::Denied(fate, _) => Some(fate),
            _ => None,
        });
        known.map_or_else(|| "not asked for".into(), |fate| fate.to_string().into())
    }

    /// Why all of it that waits ends without being fetched.
    fn doom(&self) -> Option<&GiveUp> {
        let denied = self.robots.iter().find_map(|slot| match slot {
            RobotsSlot::Denied(_, doom) => Some(doom),
            _ => None,
        });
        self.doom.as_ref().or(denied)
    }

    /// What viewers see of it.
    #[must_use]
    pub fn view(&self, pace: &Pace, now: Instant) -> HostView {
        let (gap, gap_by_robots) = self.gap(pace);
        let over = self.doom().is_some() || self.rule.skipped;
        let wait = if over { None } else { self.waits(pace, now) };
        HostView {
            host: Arc::clone(&self.name),
            queued: self.queued(),
            in_flight: self.in_flight(),
            retrying: self.retrying,
            limit: self.limit(pace),
            gap_ms: gap.as_millis() as u64,
            gap_by_robots,
            requests: self.stats.requests(),
            failures: self.stats.failures(),
            error_ratio: self.breaker.ratio(),
            p50_ms: self.stats.percentile(0.50),
            p95_ms: self.stats.percentile(0.95),
            last_status: self.stats.last_status(),
            breaker: self.breaker.state(now),
            incidents: self.breaker.incidents(),
            wait: wait.map(|(why, until)| HostWait {
                why,
                for_s: until.map(|until| until.duration_since(now).as_secs_f64()),
            }),
            held: self.rule.held,
            skipped: self.rule.skipped,
            ended: self.doom().filter(|doom| !doom.by_user).map(|doom| Arc::clone(&doom.reason)),
            robots: self.robots_text(pace),
        }
    }
}
