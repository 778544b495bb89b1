//! What the autopilot answers: commands, each with its reason, and its state.

use std::fmt;

use crate::crawl::protocol::tuning::{ChangeEffect, EffectSide, EffectVerdict, Estimate};

/// A dial that is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AutopilotCommand {
    /// Requests that may be in flight; workers follow, as
    /// [`workers_for`](crate::settings::dials::workers_for) says.
    Permits(u32),
    /// Request starts per second; `None` removes the limit.
    Rate(Option<f64>),
    /// Requests that may be in flight to one host; `None` removes the cap.
    HostCap(Option<u32>),
}

/// One step: what is turned, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct AutopilotStep {
    /// What to turn; `None` where a decision leaves everything as it is.
    pub command: Option<AutopilotCommand>,
    /// One line: `48 → 58: +9 % ± 3, p95 +3 %, kept`.
    pub reason: String,
    /// What an earlier step gave, where this one follows from it.
    pub compared: Option<ComparedPermits>,
}

/// What a turn of the permits gave, as the autopilot measured it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ComparedPermits {
    /// Permits before and after.
    pub permits: (u32, u32),
    /// Good answers per second before and after.
    pub rate: (f64, f64),
    /// 95th percentile of the latency before and after, in seconds.
    pub p95: (f64, f64),
    /// Seconds measured before and after.
    pub seconds: (f64, f64),
    /// Half the width of the 95 % interval of the change of the rate, in per cent.
    pub ci_percent: f64,
}

impl From<&ComparedPermits> for ChangeEffect {
    fn from(compared: &ComparedPermits) -> Self {
        let side = |rate, p95: f64, seconds| EffectSide {
            pages_per_s: Estimate { value: rate, ci: f64::INFINITY },
            p95_ms: 1000.0 * p95,
            seconds,
        };
        let percent = |(before, after): (f64, f64)| {
            if before > 0.0 { 100.0 * (after / before - 1.0) } else { 0.0 }
        };
        let pages = Estimate { value: percent(compared.rate), ci: compared.ci_percent };
        let verdict = if pages.value > pages.ci {
            EffectVerdict::Better
        } else if pages.value < -pages.ci {
            EffectVerdict::Worse
        } else {
            EffectVerdict::NoDifference
        };
        Self {
            before: side(compared.rate.0, compared.p95.0, compared.seconds.0),
            after: side(compared.rate.1, compared.p95.1, compared.seconds.1),
            pages_percent: pages,
            p95_percent: percent(compared.p95),
            needs_s: compared.seconds.1,
            verdict,
            note: None,
            whole: None,
        }
    }
}

/// What the autopilot does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutopilotState {
    /// Permits rise quickly while pages per second follow.
    Climbing,
    /// It measures the last candidates after a climb.
    Settling,
    /// It watches at one setting until the next probe.
    Cruising,
    /// It tries more permits.
    ProbingUp,
    /// It tries fewer permits.
    ProbingDown,
    /// Pages per second changed: it looks again before it believes that.
    Confirming,
    /// It tries the knee that was computed after a drop.
    Verifying,
    /// It keeps the latency at the target.
    Targeting,
    /// It keeps everything as it is, because something else limits the crawl.
    Holding,
    /// The user has the dials.
    HandedOver,
}

impl fmt::Display for AutopilotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Climbing => "climbing",
            Self::Settling => "settling",
            Self::Cruising => "cruising",
            Self::ProbingUp => "probing up",
            Self::ProbingDown => "probing down",
            Self::Confirming => "confirming a drop",
            Self::Verifying => "verifying",
            Self::Targeting => "at the target",
            Self::Holding => "holding",
            Self::HandedOver => "off",
        })
    }
}

/// Why permits are not raised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AutopilotHold {
    /// The frontier gives so many pages per second.
    Frontier(f64),
    /// The rate of the whole crawl, in requests per second.
    Rate(f64),
    /// Our event loop is late by so many seconds.
    LoopDelay(f64),
    /// Our CPU: share in use.
    Cpu(f64),
    /// All our workers are busy.
    Workers,
    /// The saver.
    Saver,
    /// This machine is short of something, and the crawl slows itself down.
    Shortage,
    /// The most permits that are allowed.
    Ceiling(u32),
}

impl fmt::Display for AutopilotHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frontier(rate) => write!(f, "the frontier gives {rate:.0}/s"),
            Self::Rate(rate) => write!(f, "the rate is limited to {rate:.1}/s"),
            Self::LoopDelay(s) => {
                write!(f, "we are the limit: the event loop is {:.0} ms late", 1000.0 * s)
            }
            Self::Cpu(share) => write!(f, "we are the limit: CPU at {:.0} %", 100.0 * share),
            Self::Workers => f.write_str("we are the limit: all workers are busy"),
            Self::Shortage => f.write_str("we are the limit: this machine is short of something"),
            Self::Saver => f.write_str("we are the limit: the saver cannot keep up"),
            Self::Ceiling(permits) => write!(f, "{permits} permits are the most allowed"),
        }
    }
}

/// What stands on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct AutopilotStatus {
    /// What it does.
    pub state: AutopilotState,
    /// Why permits are not raised, if something other than the server limits.
    pub held_by: Option<AutopilotHold>,
    /// Seconds until the next probe, in cruise.
    pub next_probe: Option<f64>,
    /// Permits it wants.
    pub permits: u32,
    /// Rate it wants, in requests per second.
    pub rate: Option<f64>,
    /// Whether the target latency cannot be had.
    pub out_of_reach: bool,
}

impl fmt::Display for AutopilotStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        if let Some(held_by) = &self.held_by {
            write!(f, ": {held_by}")?;
        }
        if self.out_of_reach {
            f.write_str("; the target latency is out of reach")?;
        }
        match self.next_probe {
            Some(seconds) => write!(f, " (next probe in {:.0} s)", seconds.max(0.0).ceil()),
            None => Ok(()),
        }
    }
}
