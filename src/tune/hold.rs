//! A setting that is held while it is measured.

use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::verdict::Limit;

/// Half the width of an interval, as a share of the mean, that is narrow enough for a climb.
pub(super) const CLIMB_TARGET: f64 = 0.08;

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

    /// How the verdict said it, where this machine was the limit for most of the time.
    pub(super) fn own_limit(&self) -> Option<&str> {
        (2 * self.own > self.samples).then_some(&self.own_text)
    }

    /// Mean of the requests in flight.
    pub(super) fn in_flight(&self) -> f64 {
        self.in_use / f64::from(self.samples.max(1))
    }
}
