//! The counters of a strategy: written by its tasks, read from another thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::ipc::StrategyProgress;
use crate::crawl::measure::loop_delay::LoopDelayGauge;
use crate::process_memory::resident;
use crate::web::url::shorten;

/// Period at which the delay of the event loop is measured.
pub const TICK: Duration = Duration::from_millis(2);

/// Maximum bytes of a URL in a message.
const MAX_URL: usize = 200;

/// Counters of one strategy.
#[derive(Debug, Default)]
pub struct Counters {
    started: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    saved: AtomicU64,
    start: OnceLock<Instant>,
    wall: OnceLock<Duration>,
    first_failure: Mutex<Option<String>>,
    /// How long the event loop was blocked.
    pub stall: Arc<LoopDelayGauge>,
}

impl Counters {
    /// The first request is about to begin. From here on the delay of the event loop is measured, for
    /// as long as the runtime exists.
    pub fn start(&self) {
        let _ = self.start.set(Instant::now());
        tokio::spawn(Arc::clone(&self.stall).probe_every(TICK));
    }

    /// One more request is in flight.
    pub fn request_started(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    /// A request has ended: its status, or the error.
    pub fn request_ended(&self, url: &str, outcome: Result<u16, String>) {
        let failure = match outcome {
            Ok(status) if (200..300).contains(&status) => {
                self.ok.fetch_add(1, Relaxed);
                return;
            }
            Ok(status) => status.to_string(),
            Err(error) => error,
        };
        self.failed.fetch_add(1, Relaxed);
        self.note_failure(url, &failure);
    }

    /// Keeps the failure of a URL if it is the first one.
    pub fn note_failure(&self, url: &str, what: &str) {
        self.note(|| format!("{}: {what}", shorten(url, MAX_URL)));
    }

    /// Keeps the failure if it is the first one.
    pub fn note(&self, what: impl FnOnce() -> String) {
        let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(what);
    }

    /// Sets the counts to those of the engine.
    pub fn set_counts(&self, ok: u64, failed: u64, in_flight: u64) {
        self.ok.store(ok, Relaxed);
        self.failed.store(failed, Relaxed);
        self.started.store(ok + failed + in_flight, Relaxed);
    }

    /// Sets the number of rows in the database.
    pub fn set_saved(&self, rows: u64) {
        self.saved.store(rows, Relaxed);
    }

    /// All URLs are done: stops the clock.
    pub fn finish(&self) {
        let _ = self.wall.set(self.elapsed());
    }

    fn elapsed(&self) -> Duration {
        let running = || self.start.get().map(Instant::elapsed).unwrap_or_default();
        self.wall.get().copied().unwrap_or_else(running)
    }

    /// The first failure.
    #[must_use]
    pub fn first_failure(&self) -> Option<String> {
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The figures now.
    #[must_use]
    pub fn read(&self) -> StrategyProgress {
        let (ok, failed) = (self.ok.load(Relaxed), self.failed.load(Relaxed));
        let (rss_bytes, rss_peak_bytes) = resident();
        StrategyProgress {
            ok,
            failed,
            in_flight: self.started.load(Relaxed).saturating_sub(ok + failed),
            elapsed_s: self.elapsed().as_secs_f64(),
            rss_bytes,
            rss_peak_bytes,
            stall_ms: self.stall.worst().as_secs_f64() * 1000.0,
            saved: self.saved.load(Relaxed),
        }
    }
}
