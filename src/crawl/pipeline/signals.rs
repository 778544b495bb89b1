//! Signals to the tasks of a run: pause, stop, and which faults are in force.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::settings::faults::{Faults, PanicPoints};

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
    /// When the stop was requested; written once, before [`Self::stop_requested`].
    pub stopped_at: OnceLock<Instant>,
    /// Cancelled when the user wants to stop at once, whatever is not saved.
    pub at_once: CancellationToken,
    /// When that was requested; written once, before [`Self::at_once`].
    pub at_once_since: OnceLock<Instant>,
    /// Faults in force; written by the control task.
    pub faults: watch::Sender<Faults>,
    /// How many times as long the saver takes, in slow motion; written by the control task.
    pub stretch: watch::Sender<f64>,
    /// Where tasks panic: nowhere, unless a test wants it.
    pub panic_points: Arc<PanicPoints>,
}

impl Signals {
    /// The signals of a run that begins now; `panic_points` are those of a test.
    #[must_use]
    pub fn new(panic_points: Arc<PanicPoints>) -> Self {
        Self {
            start: Instant::now(),
            paused: watch::Sender::new(false),
            seen_ready: watch::Sender::new(false),
            abort: CancellationToken::new(),
            stop_requested: CancellationToken::new(),
            stopped_at: OnceLock::new(),
            at_once: CancellationToken::new(),
            at_once_since: OnceLock::new(),
            faults: watch::Sender::new(Faults::NONE),
            stretch: watch::Sender::new(1.0),
            panic_points,
        }
    }

    /// Requests a stop.
    pub fn request_stop(&self) {
        let _ = self.stopped_at.set(Instant::now());
        self.stop_requested.cancel();
    }

    /// Requests a stop at once.
    pub fn request_stop_at_once(&self) {
        let _ = self.at_once_since.set(Instant::now());
        self.at_once.cancel();
    }

    /// Seconds since the start of this run.
    #[must_use]
    pub fn at_s(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
