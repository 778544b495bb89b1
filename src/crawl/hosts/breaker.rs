//! The circuit breaker of one host: when it counts as down, and when it is requested again.
//!
//! Closed → open when the share of failures among its last requests reaches the limit; open →
//! half-open when its cooldown is over; half-open lets one request at a time through and closes with
//! the first that is answered. A burst counts once: what was started before the breaker opened
//! can neither open it again nor close it. Cooldowns double per incident up to a ceiling, with a
//! jitter of a tenth, and incidents are reset after a quiet time.
//!
//! It knows one host's outcomes and the time, nothing else.

use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::protocol::host_view::BreakerState;
use crate::settings::BreakerSettings;

/// Maximum number of requests looked back at: the outcomes are bits of one word.
pub const MAX_WINDOW: u32 = 64;

/// Jitter of a cooldown: it is multiplied by a random factor of 1 ± this.
pub const JITTER: f64 = 0.1;

/// The breaker of one host.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    /// The last outcomes, newest in the lowest bit, a failure is 1.
    outcomes: u64,
    /// How many of them are known.
    known: u32,
    state: BreakerPhase,
    incidents: u32,
    /// When the last incident began.
    last_incident: Option<Instant>,
    /// When it last opened, though it was closed and reset since.
    last_opened: Option<Instant>,
    /// When the outage began that is not over yet.
    down_since: Option<Instant>,
    /// Probes that failed since then.
    probes_failed: u32,
}

#[derive(Debug, Clone, Copy, Default)]
enum BreakerPhase {
    #[default]
    Closed,
    /// Opened then, until then.
    Open { since: Instant, until: Instant },
    /// Open since then; the cooldown is over.
    HalfOpen { since: Instant },
}

/// What an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerChange {
    /// Nothing.
    None,
    /// It opened (again), for so long.
    Opened(Duration),
    /// It closed.
    Closed,
}

/// `first` doubled `doublings` times, jittered by `random` in 0..1, limited to `longest`.
#[must_use]
pub fn doubled(first: Duration, doublings: u32, longest: Duration, random: f64) -> Duration {
    let whole = first.saturating_mul(1 << doublings.min(20)).min(longest);
    whole.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0)).min(longest)
}

impl Breaker {
    /// Its state at `now`.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            BreakerPhase::Closed => BreakerState::Closed,
            BreakerPhase::Open { until, .. } if until > now => BreakerState::Open,
            BreakerPhase::Open { .. } | BreakerPhase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// When its cooldown is over, while it lasts.
    #[must_use]
    pub fn open_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            BreakerPhase::Open { until, .. } if until > now => Some(until),
            _ => None,
        }
    }

    /// Incidents that are not reset.
    #[must_use]
    pub const fn incidents(&self) -> u32 {
        self.incidents
    }

    /// Since when it has been down, if it is.
    #[must_use]
    pub const fn down_since(&self) -> Option<Instant> {
        self.down_since
    }

    /// Probes that failed since it went down.
    #[must_use]
    pub const fn probes_failed(&self) -> u32 {
        self.probes_failed
    }

    /// Share of failures among the last requests.
    #[must_use]
    pub fn ratio(&self) -> f32 {
        if self.known == 0 { 0.0 } else { self.failures() as f32 / self.known as f32 }
    }

    const fn failures(&self) -> u32 {
        let mask = if self.known >= 64 { u64::MAX } else { (1 << self.known) - 1 };
        (self.outcomes & mask).count_ones()
    }

    /// When it opened, unless it is closed.
    const fn opened(&self) -> Option<Instant> {
        match self.state {
            BreakerPhase::Closed => None,
            BreakerPhase::Open { since, .. } | BreakerPhase::HalfOpen { since } => Some(since),
        }
    }

    /// A request started at `started` has ended. `random` is uniform in 0..1.
    pub fn ended(
        &mut self,
        failed: bool,
        started: Instant,
        now: Instant,
        settings: &BreakerSettings,
        random: f64,
    ) -> BreakerChange {
        if self.last_incident.is_some_and(|last| now.duration_since(last) >= settings.reset_after)
            && matches!(self.state, BreakerPhase::Closed)
        {
            self.incidents = 0;
            self.last_incident = None;
        }
        if let Some(opened) = self.opened() {
            // Of the burst that opened it, or of an earlier cooldown.
            if started < opened {
                return BreakerChange::None;
            }
            if failed {
                self.probes_failed += 1;
                return BreakerChange::Opened(self.open(now, settings, random));
            }
            self.close();
            // Quiet begins now: the cooldown does not count.
            self.last_incident = Some(now);
            return BreakerChange::Closed;
        }
        // What is left of a burst that has counted, though the breaker was closed since.
        if self.last_opened.is_some_and(|last| started < last) {
            return BreakerChange::None;
        }
        self.outcomes = self.outcomes << 1 | u64::from(failed);
        self.known = (self.known + 1).min(settings.window.clamp(1, MAX_WINDOW));
        let reached = self.known >= settings.min_requests.min(settings.window)
            && f64::from(self.failures()) >= settings.ratio * f64::from(self.known);
        if failed && reached && settings.ratio <= 1.0 {
            self.down_since = Some(now);
            return BreakerChange::Opened(self.open(now, settings, random));
        }
        BreakerChange::None
    }

    fn open(&mut self, now: Instant, settings: &BreakerSettings, random: f64) -> Duration {
        let longest = settings.max_cooldown;
        let cooldown = doubled(settings.cooldown.min(longest), self.incidents, longest, random);
        self.incidents += 1;
        (self.last_incident, self.last_opened) = (Some(now), Some(now));
        self.state = BreakerPhase::Open { since: now, until: now + cooldown };
        cooldown
    }

    /// The cooldown is over and a probe goes out.
    pub const fn probe(&mut self) {
        if let BreakerPhase::Open { since, .. } = self.state {
            self.state = BreakerPhase::HalfOpen { since };
        }
    }

    /// Closes it, by an answer or by hand: what was before is forgotten, incidents are not.
    pub const fn close(&mut self) {
        self.state = BreakerPhase::Closed;
        self.outcomes = 0;
        self.known = 0;
        self.down_since = None;
        self.probes_failed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn settings() -> BreakerSettings {
        BreakerSettings {
            window: 10,
            min_requests: 4,
            ratio: 0.5,
            cooldown: 5 * S,
            max_cooldown: 60 * S,
            reset_after: 300 * S,
        }
    }

    fn end(breaker: &mut Breaker, failed: bool, started: Instant, now: Instant) -> BreakerChange {
        breaker.ended(failed, started, now, &settings(), 0.5)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_at_the_ratio_and_a_burst_counts_once() {
        let (mut breaker, t) = (Breaker::default(), Instant::now());
        for failed in [true, true, true] {
            assert_eq!(end(&mut breaker, failed, t, t), BreakerChange::None, "too few to conclude");
        }
        assert_eq!(end(&mut breaker, true, t, t + S), BreakerChange::Opened(5 * S));
        // What remains of the burst, good or bad, was started before.
        assert_eq!(end(&mut breaker, true, t, t + S), BreakerChange::None);
        assert_eq!(end(&mut breaker, false, t, t + 2 * S), BreakerChange::None);
        assert_eq!(breaker.incidents(), 1);
        assert_eq!(breaker.state(t + 2 * S), BreakerState::Open);
        assert_eq!(breaker.open_until(t + 2 * S), Some(t + 6 * S));
        assert_eq!(breaker.state(t + 6 * S), BreakerState::HalfOpen);
    }

    #[tokio::test(start_paused = true)]
    async fn below_the_ratio_it_stays_closed() {
        let (mut breaker, t) = (Breaker::default(), Instant::now());
        for round in 0..100 {
            let failed = round % 5 == 2 || round % 5 == 4;
            assert_eq!(end(&mut breaker, failed, t, t), BreakerChange::None, "{round}");
        }
        assert!((breaker.ratio() - 0.4).abs() < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn cooldowns_double_up_to_the_ceiling_and_are_reset_after_quiet() {
        let (mut breaker, t) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            end(&mut breaker, true, t, t);
        }
        let mut now = t;
        let mut cooldowns = Vec::new();
        for _ in 0..5 {
            now = breaker.open_until(now).expect("open");
            breaker.probe();
            let BreakerChange::Opened(cooldown) = end(&mut breaker, true, now, now) else {
                panic!("opens")
            };
            cooldowns.push(cooldown.as_secs());
        }
        assert_eq!(cooldowns, [10, 20, 40, 60, 60]);
        assert_eq!(breaker.probes_failed(), 5);
        assert_eq!(breaker.down_since(), Some(t));
        now = breaker.open_until(now).expect("open");
        breaker.probe();
        assert_eq!(end(&mut breaker, false, now, now), BreakerChange::Closed);
        assert_eq!((breaker.down_since(), breaker.incidents()), (None, 6));
        // Down again soon: the cooldown continues to double. After quiet: from the beginning.
        let mut soon = breaker.clone();
        for _ in 0..3 {
            end(&mut soon, true, now, now);
        }
        assert_eq!(end(&mut soon, true, now, now), BreakerChange::Opened(60 * S));
        now += 300 * S;
        for _ in 0..3 {
            end(&mut breaker, true, now, now);
        }
        assert_eq!(end(&mut breaker, true, now, now), BreakerChange::Opened(5 * S));
    }

    #[test]
    fn jitter_is_a_tenth_and_stays_below_the_ceiling() {
        assert_eq!(doubled(10 * S, 0, 100 * S, 0.0), 9 * S);
        assert_eq!(doubled(10 * S, 0, 100 * S, 1.0), 11 * S);
        assert_eq!(doubled(10 * S, 30, 100 * S, 1.0), 100 * S);
    }

    #[tokio::test(start_paused = true)]
    async fn a_ratio_above_one_never_opens() {
        let never = BreakerSettings { ratio: 1.1, ..settings() };
        let (mut breaker, t) = (Breaker::default(), Instant::now());
        for _ in 0..50 {
            assert_eq!(breaker.ended(true, t, t, &never, 0.5), BreakerChange::None);
        }
    }
}
