//! The limit of a host that answers 503 once too many requests are in flight to it.
//!
//! Answers of 503 without `Retry-After`, two in a row or some among the last ones, lower the limit to
//! half of what was in flight, once for all that was in flight then. Good answers raise it again, at
//! first up to the level that was refused; that level itself is tried again ever more rarely. Where the
//! level below was good, the limit goes back to that instead of to half.
//!
//! Lowering does not help a host that answers 503 to one request at a time: it needs a cooldown. Nor
//! does it help where the share of 503 stays the same, however few are in flight: those are failures
//! as any other, and the limit rises to where it was.

use std::time::Duration;

use tokio::time::Instant;

/// Good answers, for each request that may be in flight, after which more may be.
const GOOD_ANSWERS: u32 = 4;
/// Good answers at least, after which a limit counts as one that the host bears.
const PROVEN: u32 = 64;
/// The limit grows by an eighth, and by 1 at least.
const GROWTH: u32 = 8;
/// Answers of 503 in a row that are too many.
const IN_A_ROW: u32 = 2;
/// Likewise with one request at a time, when good answers came before the limit was lowered, and
const IN_A_ROW_BEFORE: u32 = 3;
/// when some came since.
const IN_A_ROW_SINCE: u32 = 4;
/// Answers of 503 among the last 32 that are too many.
const AMONG_LAST: u32 = 4;
/// Likewise just after the limit grew, besides those at the level below.
const MORE_THAN_BELOW: u32 = 2;
/// Answers at least from which a share of 503 is taken.
const MIN_ANSWERS: u32 = 16;
/// How often in a row lowering must leave the share of 503 as it was before they count as unrelated.
const UNHELPED: u32 = 2;
/// First time after which a level that was refused is tried again; doubled each time it is refused.
const FIRST_PROBE: Duration = Duration::from_secs(30);
/// Maximum time after which it is.
const LAST_PROBE: Duration = Duration::from_mins(10);
/// For how long 503 are believed to have nothing to do with the number in flight, and
const BELIEVED: Duration = Duration::from_mins(10);
/// for how long not, after so many came that the breaker opened.
const DOUBTED: Duration = Duration::from_mins(1);

/// The last 32 answers at most: the newest in the lowest bit, a 503 is 1.
#[derive(Debug, Clone, Copy, Default)]
struct LastAnswers {
    bits: u32,
    known: u32,
}

impl LastAnswers {
    const fn push(&mut self, refused: bool) {
        self.bits = self.bits << 1 | refused as u32;
        if self.known < u32::BITS {
            self.known += 1;
        }
    }

    const fn refused(self) -> u32 {
        self.bits.count_ones()
    }

    const fn in_a_row(self) -> u32 {
        self.bits.trailing_ones()
    }

    /// The share of 503, where it is known and below a half.
    fn small_share(self) -> Option<f64> {
        let known = self.known >= MIN_ANSWERS && 2 * self.refused() < self.known;
        known.then(|| f64::from(self.refused()) / f64::from(self.known))
    }
}

/// What an answer of 503 without `Retry-After` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A failure as any other.
    Failure,
    /// It belongs to a lowered limit: the URL is not to blame, and nothing changes.
    Excused,
    /// Too many were in flight: the limit is lowered.
    Lowered(LimitLowered),
    /// The host answers 503 however few are in flight: it needs a cooldown.
    Cooldown,
}

/// A host's limit was lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitLowered {
    /// Requests in flight that were too many.
    pub from: u32,
    /// The maximum from now on.
    pub to: u32,
}

/// The lowered limit of one host.
#[derive(Debug, Default)]
pub struct LoweredLimit {
    /// The limit, while there is one.
    limit: Option<u32>,
    /// Requests in flight at which it was first lowered: there it is over.
    top: u32,
    /// By how much the limit last grew; 0 when it was lowered last.
    step: u32,
    /// Good answers since it last changed, while it was (nearly) reached.
    good: u32,
    /// Maximum number in flight when a request started, since it last changed.
    peak: u32,
    /// When it last changed: what was started before says nothing about it.
    changed: Option<Instant>,
    /// Of what was in flight when it last changed: not ended yet.
    from_before: u32,
    /// Whether there was a good answer since it last changed, and between the two changes before.
    any_good: bool,
    any_good_before: bool,
    /// Answers to what was started since.
    last: LastAnswers,
    /// Those before it last changed.
    before: LastAnswers,
    /// Changes in a row that left the share of 503 as it was.
    unhelped: u32,
    /// Fewest requests in flight known to be too many.
    refused_at: Option<u32>,
    /// When that many are tried again, and how often that failed.
    probe_at: Option<Instant>,
    failed_probes: u32,
    /// Until when the 503 are believed to have nothing to do with the number in flight.
    unrelated_until: Option<Instant>,
    /// Until when that is not believed again.
    doubted_until: Option<Instant>,
}

impl LoweredLimit {
    /// Maximum number of requests in flight, while it is lowered.
    #[must_use]
    pub const fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// Fewest requests in flight known to be too many, while the limit is lowered.
    #[must_use]
    pub fn refused_at(&self) -> Option<u32> {
        self.limit.and(self.refused_at)
    }

    /// A request has started; with it `in_flight` are.
    pub fn started(&mut self, in_flight: u32) {
        self.peak = self.peak.max(in_flight);
    }

    /// A request that started at `started` ended without 503. `good`: it was answered, and not with
    /// another error of the server; `answered`: it was answered at all.
    pub fn ended(&mut self, good: bool, answered: bool, started: Instant, now: Instant) {
        self.any_good |= good;
        if self.is_from_before(started) {
            self.from_before = self.from_before.saturating_sub(1);
            return;
        }
        if answered {
            self.last.push(false);
        }
        let reached = |limit: &u32| good && 2 * self.peak > *limit;
        let Some(limit) = self.limit.filter(reached) else { return };
        self.good += 1;
        if self.is_unrelated(now) {
            if self.good >= limit {
                let next = limit + (limit / GROWTH).max(1);
                self.change(Some(next).filter(|next| *next < self.top), 0, now);
            }
        } else if self.good >= GOOD_ANSWERS * limit {
            self.grow(limit, now);
        }
    }

    /// More may be in flight, unless that many were refused and are not to be tried yet.
    fn grow(&mut self, limit: u32, now: Instant) {
        if self.refused_at.is_some_and(|refused| limit >= refused) {
            // It bears by now what it refused.
            (self.refused_at, self.probe_at, self.failed_probes) = (None, None, 0);
        }
        let mut next = limit + (limit / GROWTH).max(1);
        if let Some(refused) = self.refused_at {
            let probes = self.probe_at.is_none_or(|at| now >= at);
            next = next.min(if limit + 1 == refused && probes { refused } else { refused - 1 });
        }
        if next <= limit {
            return;
        }
        if next >= self.top && self.refused_at.is_none() {
            return self.lift();
        }
        self.step = next - limit;
        self.change(Some(next), 0, now);
    }

    /// A request that started at `started` was answered with 503, without `Retry-After`; with it
    /// `in_flight` are in flight.
    pub fn refused(&mut self, started: Instant, in_flight: u32, now: Instant) -> Refusal {
        if self.is_from_before(started) {
            self.from_before = self.from_before.saturating_sub(1);
            return self.lone_refusal(now);
        }
        self.last.push(true);
        if self.is_unrelated(now) {
            return Refusal::Failure;
        }
        let limit = self.limit;
        let level = limit.map_or(self.peak, |limit| self.peak.min(limit)).max(1);
        if level == 1 {
            return self.refused_alone(now);
        }
        if !self.are_too_many() {
            return self.lone_refusal(now);
        }
        if self.lowering_is_vain() && self.believe_unrelated(now) {
            return Refusal::Failure;
        }
        let proven = self.good >= PROVEN.max(GOOD_ANSWERS * level);
        let to = match limit {
            // The level below was good.
            Some(limit) if self.step > 0 || proven => {
                self.failed_probes += 1;
                let wait = FIRST_PROBE.saturating_mul(1 << self.failed_probes.min(10) >> 1);
                self.probe_at = Some(now + wait.min(LAST_PROBE));
                limit.saturating_sub(self.step).min(level - 1).max(1)
            }
            // Nothing that was in flight was answered well, before or after it was lowered.
            Some(_) if self.from_before == 0 && !self.any_good => 1,
            _ => level / 2,
        };
        if limit.is_none() {
            self.top = level;
        }
        self.refused_at = Some(self.refused_at.map_or(level, |refused| refused.min(level)));
        self.step = 0;
        self.change(Some(to), in_flight.saturating_sub(1), now);
        Refusal::Lowered(LimitLowered { from: level, to })
    }

    /// Whether the last answers tell that too many are in flight.
    fn are_too_many(&self) -> bool {
        let measured_below = self.step > 0 && self.before.known >= MIN_ANSWERS;
        let below = self.before.refused() + MORE_THAN_BELOW;
        let most = if measured_below { AMONG_LAST.min(below) } else { AMONG_LAST };
        self.last.in_a_row() >= IN_A_ROW || self.last.refused() >= most
    }

    /// One request at a time was in flight: fewer is none.
    fn refused_alone(&mut self, now: Instant) -> Refusal {
        let most = match self.limit {
            Some(_) if self.any_good => IN_A_ROW_SINCE,
            Some(_) if self.any_good_before => IN_A_ROW_BEFORE,
            _ => IN_A_ROW,
        };
        if self.last.in_a_row() >= most {
            // What comes after the cooldown is in a row with this.
            *self = Self { doubted_until: self.doubted_until, ..Self::default() };
            self.last.push(true);
            return Refusal::Cooldown;
        }
        let several = self.limit.is_some() && self.last.refused() >= AMONG_LAST && self.any_good;
        if several && self.believe_unrelated(now) {
            return Refusal::Failure;
        }
        self.lone_refusal(now)
    }

    /// Whether the share of 503 has stayed the same through several changes of the limit.
    fn lowering_is_vain(&mut self) -> bool {
        let same = match (self.before.small_share(), self.last.small_share()) {
            (Some(before), Some(last)) if self.limit.is_some() => {
                2.0 * before.min(last) > before.max(last)
            }
            _ => false,
        };
        self.unhelped = if same { self.unhelped + 1 } else { 0 };
        self.unhelped >= UNHELPED
    }

    fn is_unrelated(&self, now: Instant) -> bool {
        self.unrelated_until.is_some_and(|until| now < until)
    }

    /// Takes the 503 as unrelated to the number in flight, unless that is in doubt; returns whether it
    /// does. The limit rises soon.
    fn believe_unrelated(&mut self, now: Instant) -> bool {
        let believes = self.doubted_until.is_none_or(|until| now >= until);
        if believes {
            self.unrelated_until = Some(now + BELIEVED);
            (self.refused_at, self.probe_at, self.failed_probes) = (None, None, 0);
            (self.unhelped, self.good) = (0, 0);
        }
        believes
    }

    /// The breaker opens: if the 503 were taken as unrelated, that is in doubt.
    pub fn doubt(&mut self, now: Instant) {
        if self.is_unrelated(now) {
            (self.unrelated_until, self.doubted_until) = (None, Some(now + DOUBTED));
        }
    }

    fn lone_refusal(&self, now: Instant) -> Refusal {
        let excused = self.limit.is_some() && !self.is_unrelated(now);
        if excused { Refusal::Excused } else { Refusal::Failure }
    }

    fn is_from_before(&self, started: Instant) -> bool {
        self.changed.is_some_and(|changed| started <= changed)
    }

    fn change(&mut self, limit: Option<u32>, in_flight: u32, now: Instant) {
        self.limit = limit;
        self.changed = Some(now);
        self.from_before = in_flight;
        self.before = std::mem::take(&mut self.last);
        self.any_good_before = std::mem::take(&mut self.any_good);
        (self.good, self.peak) = (0, 0);
    }

    /// Ends it: by hand, or because it is not needed any more.
    pub fn lift(&mut self) {
        *self = Self { peak: self.peak, doubted_until: self.doubted_until, ..Self::default() };
    }
}
