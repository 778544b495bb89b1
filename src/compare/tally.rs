//! What a strategy has done so far: counted by its tasks, read from another thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::order::Progress;
use crate::crawl::measure::loop_delay::LoopDelayGauge;
use crate::process_memory::resident;
use crate::web::url::shorten;

/// How often the lateness of the event loop's timer is measured.
pub const TICK: Duration = Duration::from_millis(2);

/// Bytes of a URL that are told.
const LONGEST_URL: usize = 200;

/// Counters of one strategy.
#[derive(Debug, Default)]
pub struct Tally {
    started: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    saved: AtomicU64,
    begun: OnceLock<Instant>,
    wall: OnceLock<Duration>,
    first_failure: Mutex<Option<String>>,
    /// How long the event loop was blocked.
    pub stall: Arc<LoopDelayGauge>,
}

impl Tally {
    /// The first request is about to begin. From here on the event loop is watched, for as long as
    /// the runtime lives.
    pub fn begin(&self) {
        let _ = self.begun.set(Instant::now());
        tokio::spawn(Arc::clone(&self.stall).probe_every(TICK));
    }

    /// One more request is in flight.
    pub fn starts(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    /// A request is over: its status, or why there is none.
    pub fn ends(&self, url: &str, outcome: Result<u16, String>) {
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

    /// Keeps the first failure, of a URL.
    pub fn note_failure(&self, url: &str, what: &str) {
        self.note(|| format!("{}: {what}", shorten(url, LONGEST_URL)));
    }

    /// Keeps the first failure.
    pub fn note(&self, what: impl FnOnce() -> String) {
        let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(what);
    }

    /// Takes over what somebody else counted.
    pub fn counted(&self, ok: u64, failed: u64, in_flight: u64) {
        self.ok.store(ok, Relaxed);
        self.failed.store(failed, Relaxed);
        self.started.store(ok + failed + in_flight, Relaxed);
    }

    /// Rows are in the database.
    pub fn saved(&self, rows: u64) {
        self.saved.store(rows, Relaxed);
    }

    /// All is done: the clock stands still.
    pub fn over(&self) {
        let _ = self.wall.set(self.elapsed());
    }

    fn elapsed(&self) -> Duration {
        let running = || self.begun.get().map(Instant::elapsed).unwrap_or_default();
        self.wall.get().copied().unwrap_or_else(running)
    }

    /// What the first failure was.
    #[must_use]
    pub fn first_failure(&self) -> Option<String> {
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The figures now.
    #[must_use]
    pub fn read(&self) -> Progress {
        let (ok, failed) = (self.ok.load(Relaxed), self.failed.load(Relaxed));
        let (rss_bytes, rss_peak_bytes) = resident();
        Progress {
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
