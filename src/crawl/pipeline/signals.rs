//! Signals to the tasks of a run: pause, stop, and which faults are in force.

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::settings::faults::Faults;

/// The crawl is stopping: what cannot be done at once is left to the resumed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping;

/// Signals of the control task to all others, and the time of the run.
#[derive(Debug)]
pub struct Signals {
    /// When this run began.
    pub start: Instant,
    /// Whether the crawl is paused; written by the control task.
    pub paused: watch::Sender<bool>,
    /// Whether the seen-set is complete; written once by the loader.
    pub seen_ready: watch::Sender<bool>,
    /// Cancelled by a stop at once.
    pub abort: CancellationToken,
    /// Cancelled by any stop that was requested: a batch that the database refuses is retried a few
    /// times only from then on.
    pub stop_requested: CancellationToken,
    /// Faults in force; written by the control task.
    pub faults: watch::Sender<Faults>,
}

impl Signals {
    /// The signals of a run that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            paused: watch::Sender::new(false),
            seen_ready: watch::Sender::new(false),
            abort: CancellationToken::new(),
            stop_requested: CancellationToken::new(),
            faults: watch::Sender::new(Faults::NONE),
        }
    }

    /// Seconds since the start of this run.
    #[must_use]
    pub fn at_s(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

impl Default for Signals {
    fn default() -> Self {
        Self::new()
    }
}
