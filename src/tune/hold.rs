//! A setting that is held while it is measured.

use super::level::SweepLevel;
use crate::crawl::protocol::snapshot::{HostView, Snapshot, WaitReason};
use crate::crawl::protocol::tuning::MeasuredRow;
use crate::crawl::protocol::verdict::Limit;
use crate::settings::dials::workers_for;

/// Half the width of an interval, as a share of the mean, that is narrow enough for a climb.
pub(super) const CLIMB_TARGET: f64 = 0.08;

/// Share of failed requests, beyond that of the lowest level, that a server may have.
pub(super) const MOST_OVERLOAD: f64 = 0.02;
/// Least answers 429 that are acted on, unless every host cools down for one.
const LEAST_REFUSED: u64 = 2;

/// Whether every host with URLs cools down or is down.
pub(super) fn all_cool_down(s: &Snapshot) -> bool {
    let mut asked = s.hosts.iter().filter(|host| host.queued > 0 || host.in_flight > 0).peekable();
    asked.peek().is_some() && asked.all(cools_down)
}

/// Whether a host cools down, is down, or was so a moment ago: then its limit is still low.
pub(super) fn recovers(host: &HostView) -> bool {
    cools_down(host) || host.lowered_limit.is_some()
}

fn cools_down(host: &HostView) -> bool {
    host.wait.is_some_and(|wait| {
        matches!(
            wait.why,
            WaitReason::Breaker
                | WaitReason::Probe
                | WaitReason::RetryAfter
                | WaitReason::Backoff
                | WaitReason::RobotsUnreachable
        )
    })
}

/// What a hold is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HoldPurpose {
    /// To see whether pages per second still follow.
    Climb,
    /// To know the neighbourhood of the knee.
    Refine,
    /// To see whether a rate is refused.
    Rate,
}

/// A setting that is held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hold {
    pub permits: u32,
    pub rate: Option<f64>,
    pub purpose: HoldPurpose,
    /// Half the width of the interval, as a share of the mean, that is narrow enough.
    pub target: f64,
    /// Its share of the budget, in seconds.
    pub share_s: f64,
    /// When the setting was in force, in seconds not paused, and the requests until then.
    pub from: Option<(f64, u64)>,
    /// Requests that did not count as attempts until then.
    pub from_resent: u64,
    pub samples: u32,
    in_use: f64,
    /// Samples with free permits because there was no URL, and because hosts may be asked no more.
    pub starved: u32,
    pub throttled: u32,
    /// Samples in which this machine was the limit, and how the verdict said so last.
    own: u32,
    own_text: String,
}

impl Hold {
    pub(super) fn new(permits: u32, purpose: HoldPurpose, target: f64, share_s: f64) -> Self {
        Self {
            permits,
            rate: None,
            purpose,
            target,
            share_s,
            from: None,
            from_resent: 0,
            samples: 0,
            in_use: 0.0,
            starved: 0,
            throttled: 0,
            own: 0,
            own_text: String::new(),
        }
    }

    /// Takes in how the gate and the queue are.
    pub(super) fn sample(&mut self, s: &Snapshot) {
        self.samples += 1;
        self.in_use += f64::from(s.gate.in_use.min(s.gate.limit));
        if matches!(s.verdict.limit, Limit::Cpu | Limit::Parsing | Limit::Saver) {
            self.own += 1;
            self.own_text.clone_from(&s.verdict.text);
        }
        if s.gate.in_use < s.gate.limit && s.queue.len == 0 {
            if s.producer.throttled > s.producer.idle {
                self.throttled += 1;
            } else {
                self.starved += 1;
            }
        }
    }

    /// The level, where the server answers 429 to more than it may: seen at once, before anything of the level
    /// is measured, since the host then cools down. `requests` ended at this level.
    pub(super) fn refused(&self, s: &Snapshot, requests: u64) -> Option<SweepLevel> {
        let resent = s.totals.resent - self.from_resent;
        let is_refused = s.hosts.iter().any(|host| host.last_status == Some(429));
        let share = resent as f64 / requests.max(1) as f64;
        let least = if all_cool_down(s) { 1 } else { LEAST_REFUSED };
        let many = is_refused && resent >= least && share > MOST_OVERLOAD;
        // A rate that is allowed is never refused, and a host that cools down gives few answers.
        let is_over_rate = self.purpose == HoldPurpose::Rate && resent > 0;
        if !many && !is_over_rate {
            return None;
        }
        let row = MeasuredRow {
            permits: self.permits,
            workers: workers_for(self.permits),
            rate: self.rate,
            mean_ms: s.latency.last_10s.p50,
            refused_share: share,
            ..MeasuredRow::default()
        };
        Some(SweepLevel { row, in_flight: self.in_flight(), overloaded: true })
    }

    /// How the verdict said it, where this machine was the limit for most of the time.
    pub(super) fn own_limit(&self) -> Option<&str> {
        (2 * self.own > self.samples).then_some(&self.own_text)
    }

    /// Mean of the requests in flight.
    pub(super) fn in_flight(&self) -> f64 {
        self.in_use / f64::from(self.samples.max(1))
    }
}
