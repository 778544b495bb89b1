//! What sets the permits of a simulated crawl: the autopilot, and what it is compared with.

mod aimd;
mod fixed;
mod gradient2;
mod hill_climb;
mod pilot;
mod second_window;
mod vegas;

use crawldeck::settings::autopilot_learnt::AutopilotLearnt;
use crawldeck::settings::autopilot_mode::AutopilotMode;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A good answer.
    Ok,
    /// 5xx or a time-out.
    Overload,
    /// 429.
    Refused,
}

/// A finished request; times in seconds since the start of the simulation.
#[derive(Debug, Clone, Copy)]
pub struct Finish {
    /// Now.
    pub at: f64,
    /// When it was sent.
    pub sent_at: f64,
    /// How it ended.
    pub outcome: Outcome,
    /// Number of its host.
    pub host: usize,
    /// Requests of the crawl in flight when it was sent, with it.
    pub in_flight: u32,
    /// Whether its host's breaker is open.
    pub broken: bool,
}

/// What a controller sees ten times a second.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Now.
    pub at: f64,
    /// Requests in flight.
    pub in_flight: u32,
    /// Integral of the requests in flight, since the start.
    pub in_flight_seconds: f64,
    /// No URL can be requested.
    pub starved: bool,
    /// The rate holds requests back.
    pub rate_limited: bool,
    /// All workers are busy.
    pub workers_full: bool,
    /// How late the event loop is, in seconds.
    pub loop_delay: f64,
    /// Share of the core that was used.
    pub cpu: f64,
    /// Hosts that are asked.
    pub active_hosts: u32,
}

/// What a controller sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Requests that may be in flight.
    pub permits: u32,
    /// Request starts per second; `None` for no limit.
    pub rate: Option<f64>,
    /// Requests that may be in flight to one host; `None` for no limit.
    pub host_cap: Option<u32>,
}

impl Settings {
    /// So many permits and no other limit.
    #[must_use]
    pub const fn of(permits: u32) -> Self {
        Self { permits, rate: None, host_cap: None }
    }
}

/// Sets the permits of a simulated crawl.
pub trait Controller {
    /// A request finished.
    fn finished(&mut self, finish: &Finish);
    /// A tenth of a second passed; returns what the controller says about its steps.
    fn tick(&mut self, view: &View) -> Vec<String>;
    /// What it sets now.
    fn settings(&self) -> Settings;
    /// Whether it answers a 429 itself, so that the host need not cool down.
    fn replaces_cooldown(&self) -> bool {
        false
    }
}

/// The controllers of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The autopilot.
    Autopilot(AutopilotMode),
    /// The autopilot, with what an earlier run learnt.
    Resumed(AutopilotMode, AutopilotLearnt),
    /// A measured hill-climb, as proposed for crawlee-python.
    HillClimb,
    /// Netflix' concurrency-limits, Gradient2.
    Gradient2,
    /// Netflix' concurrency-limits, Vegas.
    Vegas,
    /// Netflix' concurrency-limits, AIMD.
    Aimd,
    /// Always the same.
    Fixed(u32),
}

impl Kind {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Autopilot(mode) => format!("autopilot {mode}"),
            Self::Resumed(mode, _) => format!("autopilot {mode}, resumed"),
            Self::HillClimb => "hill-climb".to_owned(),
            Self::Gradient2 => "Gradient2".to_owned(),
            Self::Vegas => "Vegas".to_owned(),
            Self::Aimd => "AIMD".to_owned(),
            Self::Fixed(permits) => format!("fixed {permits}"),
        }
    }

    /// A new one.
    #[must_use]
    pub fn build(self) -> Box<dyn Controller> {
        match self {
            Self::Autopilot(mode) => Box::new(pilot::Pilot::new(mode, None)),
            Self::Resumed(mode, learnt) => Box::new(pilot::Pilot::new(mode, Some(&learnt))),
            Self::HillClimb => Box::new(hill_climb::HillClimb::default()),
            Self::Gradient2 => Box::new(gradient2::Gradient2::default()),
            Self::Vegas => Box::new(vegas::Vegas::default()),
            Self::Aimd => Box::new(aimd::Aimd::default()),
            Self::Fixed(permits) => Box::new(fixed::Fixed(permits)),
        }
    }
}
