//! What the saver reports, and why the database refuses reads and writes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::crawl::pipeline::database_calls::PatienceOver;
use crate::crawl::protocol::snapshot::DatabaseOutage;
use crate::lock::Lock;
use crate::panics::Panic;
use crate::store::StoreError;

/// What the saver reports to viewers; written by the saver alone.
#[derive(Debug, Default)]
pub struct SaverGauge {
    /// Rows written.
    pub rows: AtomicU64,
    /// Pages in the last transaction.
    pub last_pages: AtomicU64,
    /// Length of the last transaction, in µs.
    pub last_us: AtomicU64,
    /// Length of the longest, in µs.
    pub worst_us: AtomicU64,
    /// Why the database refuses batches, while it does.
    pub batch_outage: Mutex<Option<DatabaseOutage>>,
    /// Why it refuses heartbeats; written by the heartbeat.
    pub heartbeat_outage: Mutex<Option<DatabaseOutage>>,
    /// Why it refuses to be read; written by the tasks that read.
    pub read_outage: Mutex<Option<DatabaseOutage>>,
    /// Why the crawl stops by itself: nothing can be saved any more, or a task panicked; written once.
    pub fatal_error: OnceLock<String>,
    /// Whether nothing can be saved any more, not even how the crawl ended.
    pub gone: AtomicBool,
    /// Cancelled when the saver has written or given up all there is.
    pub ended: CancellationToken,
    /// Cancelled when the crawl must stop for that reason.
    pub failed: CancellationToken,
}

impl SaverGauge {
    /// What is wrong with the database.
    pub fn outage(&self) -> Option<DatabaseOutage> {
        let of = |place: &Mutex<Option<DatabaseOutage>>| place.locked().clone();
        of(&self.batch_outage)
            .or_else(|| of(&self.heartbeat_outage))
            .or_else(|| of(&self.read_outage))
    }

    /// `what` could not be read: the error is logged once. The caller retries, unless the error is
    /// permanent: then the crawl stops.
    pub fn cannot_read(&self, what: &str, error: &StoreError, since_s: f64) {
        let first = note_outage(&mut self.read_outage.locked(), error, since_s);
        if matches!(error, StoreError::Internal { .. }) {
            // It was reported, and the crawl stops.
        } else if !error.is_transient() {
            self.give_up(error);
        } else if first {
            tracing::error!(%error, "{what} cannot be read; trying again");
        } else {
            tracing::debug!(%error, "{what} cannot be read yet");
        }
    }

    /// A read succeeded.
    pub fn could_read(&self) {
        *self.read_outage.locked() = None;
    }

    /// A task of the crawl panicked: the crawl stops, and saves what it can. `task` is what the user
    /// reads: `the producer`.
    pub fn task_panicked(&self, task: &str, panic: &Panic) {
        tracing::error!("{task} panicked: {panic}; the crawl stops");
        self.stop_because(format!("internal error: {task} panicked: {panic}; please report it"));
    }

    /// The database is waited for no longer.
    pub fn lost_patience(&self, why: PatienceOver) {
        tracing::error!("{why}; what is not saved is given up");
        if let PatienceOver::Silent(_) = why {
            self.gone.store(true, Relaxed);
            self.stop_because(why.to_string());
        }
    }

    /// The crawl stops for this reason; the first one counts.
    fn stop_because(&self, why: String) {
        let _ = self.fatal_error.set(why);
        self.failed.cancel();
    }

    /// Nothing can be saved any more: the crawl stops at once.
    pub fn give_up(&self, error: &StoreError) {
        if self.fatal_error.set(error.to_string()).is_ok() {
            tracing::error!(%error, "nothing more can be saved");
        }
        self.gone.store(true, Relaxed);
        self.failed.cancel();
    }
}

/// Records an error that began with the one in `place`, if there is one. Returns whether there was
/// none.
pub fn note_outage(place: &mut Option<DatabaseOutage>, error: &StoreError, since_s: f64) -> bool {
    let since_s = place.as_ref().map_or(since_s, |before| before.since_s);
    place.replace(DatabaseOutage { text: error.in_short().into(), since_s }).is_none()
}
