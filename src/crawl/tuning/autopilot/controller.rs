//! The autopilot: a pure controller that finds the permits at which a crawl is fastest without a queue
//! at the server.
//!
//! It is fed with a [`TuningReading`] every 100 ms and answers with [`AutopilotStep`]s; it reads no clock, draws no
//! random number, and does no input or output. It climbs from a few permits until pages per second no
//! longer follow, settles at the best level measured, and then probes: a little more or fewer permits,
//! and back (A-B-A), so that a change of the server is not mistaken for the effect of a step. A setting
//! is believed only after it was measured.

use crate::crawl::tuning::autopilot::client_limit::ClientLimit;
use crate::crawl::tuning::autopilot::cruise::Cruise;
use crate::crawl::tuning::autopilot::goals::Goals;
use crate::crawl::tuning::autopilot::holding::Holding;
use crate::crawl::tuning::autopilot::level::{AutopilotLevel, compare};
use crate::crawl::tuning::autopilot::low_latency::LowLatency;
use crate::crawl::tuning::autopilot::noise::Noise;
use crate::crawl::tuning::autopilot::overload_answers::OverloadAnswers;
use crate::crawl::tuning::autopilot::parameters::{
    CLIMB, CLIMB_AGAIN, FIRST_PERMITS, KNEE_MARGIN, OVERLOAD_MEMORY,
};
use crate::crawl::tuning::autopilot::probe::Probe;
use crate::crawl::tuning::autopilot::rate_dial::RateDial;
use crate::crawl::tuning::autopilot::step::{
    AutopilotCommand, AutopilotHold, AutopilotState, AutopilotStatus, AutopilotStep,
    ComparedPermits,
};
use crate::crawl::tuning::autopilot::target::LatencyTarget;
use crate::crawl::tuning::autopilot::window::Window;
use crate::crawl::tuning::latency_buckets::LatencyBuckets;
use crate::crawl::tuning::reading::TuningReading;
use crate::settings::autopilot_learnt::AutopilotLearnt;
use crate::settings::autopilot_mode::AutopilotMode;

/// What the autopilot is doing, with what belongs to that alone.
#[derive(Debug, Clone)]
pub(super) enum AutopilotPhase {
    Climbing { previous: Option<AutopilotLevel> },
    Settling { measured: u32 },
    Cruising(Box<Cruise>),
    Probing(Probe),
    Confirming { before: AutopilotLevel, down: bool },
    Verifying { above: AutopilotLevel },
    Targeting(LatencyTarget),
    HandedOver,
}

/// What the user allows at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutopilotLimits {
    /// Permits.
    pub max_permits: u32,
    /// Request starts per second of the whole crawl; `None` for no limit.
    pub max_rate: Option<f64>,
}

/// The controller. Times are in seconds on the clock of [`TuningReading::at`].
#[expect(clippy::struct_excessive_bools, reason = "facts of their own")]
#[derive(Debug, Clone)]
pub struct Autopilot {
    pub(super) goals: Goals,
    pub(super) phase: AutopilotPhase,
    pub(super) permits: f64,
    pub(super) max_permits: f64,
    /// A lower ceiling after overload answers, and until when.
    pub(super) ceiling: Option<(f64, f64)>,
    /// How long the next such ceiling lasts: longer when overload answers come back soon.
    pub(super) ceiling_memory: f64,
    pub(super) ceiling_ended: f64,
    pub(super) host_cap: Option<u32>,
    pub(super) active_hosts: u32,
    pub(super) window: Window,
    /// Latencies of the last few hundred answers.
    pub(super) recent: LatencyBuckets,
    /// Levels of the present climb.
    pub(super) levels: Vec<AutopilotLevel>,
    pub(super) climb_factor: f64,
    /// Whether the first levels were measured again.
    pub(super) restarted: bool,
    pub(super) low: LowLatency,
    pub(super) noise: Noise,
    pub(super) client: ClientLimit,
    pub(super) holding: Holding,
    pub(super) overload: OverloadAnswers,
    pub(super) dial: RateDial,
    /// Whether the last probe whose direction nothing decided was up.
    pub(super) alternate_up: bool,
    /// What the last cruise at the present permits gave.
    pub(super) reference: Option<AutopilotLevel>,
    pub(super) out_of_reach: bool,
    pub(super) held_by: Option<AutopilotHold>,
    pub(super) now: f64,
    /// Whether there was a tick.
    pub(super) ticked: bool,
    pub(super) steps: Vec<AutopilotStep>,
    /// The comparison that the next step follows from.
    pub(super) compared: Option<ComparedPermits>,
}

impl Autopilot {
    /// An autopilot that keeps to `limits`, and begins with what an earlier run learnt. Its first tick
    /// says how many permits it begins with.
    #[must_use]
    pub fn new(
        mode: AutopilotMode,
        limits: AutopilotLimits,
        learnt: Option<&AutopilotLearnt>,
    ) -> Self {
        let mut new = Self {
            goals: Goals::from(mode),
            phase: AutopilotPhase::HandedOver,
            permits: FIRST_PERMITS,
            max_permits: f64::from(limits.max_permits.max(1)),
            ceiling: None,
            ceiling_memory: OVERLOAD_MEMORY.0,
            ceiling_ended: f64::NEG_INFINITY,
            host_cap: None,
            active_hosts: 0,
            window: Window::default(),
            recent: LatencyBuckets::default(),
            levels: Vec::new(),
            climb_factor: CLIMB,
            restarted: false,
            low: LowLatency::default(),
            noise: Noise::default(),
            client: ClientLimit::default(),
            holding: Holding::default(),
            overload: OverloadAnswers::default(),
            dial: RateDial::new(None, limits.max_rate),
            alternate_up: mode == AutopilotMode::Gentle,
            reference: None,
            out_of_reach: false,
            held_by: None,
            now: 0.0,
            ticked: false,
            steps: Vec::new(),
            compared: None,
        };
        if let Some(learnt) = learnt {
            new.recall(learnt, limits.max_rate);
        }
        new.permits = new.permits.min(new.max_permits);
        new.engage();
        new
    }

    /// Takes a reading; returns what to turn, each with its reason. Call it every 100 ms, also while
    /// the user has the dials.
    pub fn tick(&mut self, reading: &TuningReading) -> Vec<AutopilotStep> {
        if !std::mem::replace(&mut self.ticked, true) {
            self.window = Window::open(reading.at);
        }
        self.now = reading.at;
        self.observe(reading);
        if !matches!(self.phase, AutopilotPhase::HandedOver) {
            self.act(reading);
        }
        std::mem::take(&mut self.steps)
    }

    /// The user takes over: nothing is turned until [`Self::resume`].
    pub fn hand_over(&mut self) {
        self.phase = AutopilotPhase::HandedOver;
        self.held_by = None;
    }

    /// The user gives the dials back, at so many permits. What was learnt stays; the climb starts from
    /// the present permits.
    pub fn resume(&mut self, mode: AutopilotMode, permits: u32, limits: AutopilotLimits) {
        self.goals = Goals::from(mode);
        (self.reference, self.out_of_reach) = (None, false);
        self.max_permits = f64::from(limits.max_permits.max(1));
        self.dial.set_bound(limits.max_rate);
        self.permits = f64::from(permits.max(1)).min(self.max_permits);
        self.host_cap = None;
        self.engage();
    }

    /// Permits it wants now.
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.permits as u32
    }

    /// While it probes: permits before and during the probe.
    #[must_use]
    pub fn probed(&self) -> Option<(u32, u32)> {
        let AutopilotPhase::Probing(probe) = &self.phase else { return None };
        let there = probe.there.map_or(self.permits, |there| there.permits);
        Some((probe.base.permits as u32, there as u32))
    }

    /// The knee as it was measured, in permits: what is in flight at the most pages per second when nothing
    /// waits.
    #[must_use]
    pub fn measured_knee(&self) -> Option<f64> {
        let levels = self.levels.iter().map(|level| level.rate);
        let rate = self.reference.map_or_else(|| levels.fold(0.0, f64::max), |level| level.rate);
        (self.low.known() && rate > 0.0).then_some(rate * self.low.value)
    }

    /// What it does, for the screen.
    #[must_use]
    pub fn status(&self) -> AutopilotStatus {
        let (state, next_probe) = match &self.phase {
            AutopilotPhase::Climbing { .. } => (AutopilotState::Climbing, None),
            AutopilotPhase::Settling { .. } => (AutopilotState::Settling, None),
            AutopilotPhase::Cruising(_) if self.held_by.is_some() => {
                (AutopilotState::Holding, None)
            }
            AutopilotPhase::Cruising(cruise) => {
                (AutopilotState::Cruising, Some(cruise.probe_at() - self.now))
            }
            AutopilotPhase::Probing(probe) if probe.up() => (AutopilotState::ProbingUp, None),
            AutopilotPhase::Probing(_) => (AutopilotState::ProbingDown, None),
            AutopilotPhase::Confirming { .. } => (AutopilotState::Confirming, None),
            AutopilotPhase::Verifying { .. } => (AutopilotState::Verifying, None),
            AutopilotPhase::Targeting(_) => (AutopilotState::Targeting, None),
            AutopilotPhase::HandedOver => (AutopilotState::HandedOver, None),
        };
        AutopilotStatus {
            state,
            held_by: self.held_by,
            next_probe,
            permits: self.permits(),
            rate: self.dial.rate(),
            out_of_reach: self.out_of_reach,
        }
    }

    /// Begins to measure at the present permits.
    pub(super) fn engage(&mut self) {
        self.levels.clear();
        self.restarted = false;
        if self.low.known() {
            self.climb_factor = CLIMB_AGAIN;
        }
        self.phase = match self.goals.target {
            Some(p95) => AutopilotPhase::Targeting(LatencyTarget::new(p95)),
            None => AutopilotPhase::Climbing { previous: None },
        };
        self.window = Window::open(self.now);
        let command = Some(AutopilotCommand::Permits(self.permits()));
        let reason = format!("begins with {} permits", self.permits());
        self.push(command, reason);
        if let Some(rate) = self.dial.rate() {
            let reason = format!("rate {rate:.1}/s, as learnt from 429 answers");
            let command = Some(AutopilotCommand::Rate(Some(rate)));
            self.push(command, reason);
        }
    }

    /// Upper bound of the permits at present.
    pub(super) fn most(&self) -> f64 {
        self.ceiling.map_or(self.max_permits, |(ceiling, _)| ceiling.min(self.max_permits))
    }

    /// Sets the permits and opens a window.
    pub(super) fn move_to(&mut self, permits: f64, reason: String) {
        let permits = permits.round().clamp(1.0, self.most().max(1.0).floor());
        let command =
            (permits as u32 != self.permits()).then_some(AutopilotCommand::Permits(permits as u32));
        self.permits = permits;
        self.window = Window::open(self.now);
        self.push(command, reason);
    }

    /// Adds a step; a comparison that was just made belongs to it.
    pub(super) fn push(&mut self, command: Option<AutopilotCommand>, reason: String) {
        self.steps.push(AutopilotStep { command, reason, compared: self.compared.take() });
    }

    /// Compares two levels for the next step; as a line.
    pub(super) fn compare(
        &mut self,
        base: &AutopilotLevel,
        new: &AutopilotLevel,
        verdict: &str,
    ) -> String {
        let (compared, text) = compare(base, new, self.noise.dispersion, verdict);
        self.compared = Some(compared);
        text
    }

    /// Watches at the present permits; the first probe is due in so many seconds.
    pub(super) fn cruise(&mut self, probe_in: f64) {
        self.noise.forget_elasticities();
        self.cruise_same(probe_in);
        self.window = Window::open(self.now);
    }

    /// Likewise, with what was learnt from probes at these permits.
    pub(super) fn cruise_same(&mut self, probe_in: f64) {
        self.phase = AutopilotPhase::Cruising(Box::new(Cruise::new(self.now + probe_in)));
    }

    /// Cruise expects so many pages per second: a change is noticed from the first block on.
    pub(super) fn expect(&mut self, rate: f64) {
        if let AutopilotPhase::Cruising(cruise) = &mut self.phase {
            cruise.expected = Some(rate);
        }
    }

    /// The 95th percentile of the recent latencies, in seconds.
    pub(super) fn recent_p95(&self) -> f64 {
        if self.recent.total() < 4 { 0.3 } else { self.recent.p95().unwrap_or(0.3) }
    }

    /// The present level, how long it was measured, once the window measures.
    pub(super) fn measured(&self, reading: &TuningReading) -> Option<(AutopilotLevel, f64)> {
        self.window.level(self.permits, reading)
    }

    /// The knee by Little's law: what is in flight at that rate when nothing waits.
    pub(super) fn knee(&self, rate: f64) -> f64 {
        rate * self.low.value * KNEE_MARGIN
    }

    /// Worth of a level: pages per second less what its permits and its latency cost.
    pub(super) fn utility(&self, level: &AutopilotLevel) -> f64 {
        let ratio = self.low.ratio(level.latency);
        let bound = self.goals.latency_bound;
        let late = if ratio > 1.1 * bound { (ratio / bound).ln() } else { 0.0 };
        level.rate.max(1e-6).ln() - self.goals.permit_cost * level.permits.ln() - late
    }
}
