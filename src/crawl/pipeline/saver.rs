//! The saver: writes each batch in one transaction and gives its bytes back to the workers.
//!
//! A batch that the database refuses is kept and tried again with back-off; meanwhile the byte
//! budget holds the workers, so memory stays bounded. What can never succeed (the crawl was taken
//! over) is not tried again: then the crawl stops.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::crawl::pipeline::context::{CrawlContext, SaverState};
use crate::crawl::protocol::snapshot::DatabaseTrouble;
use crate::lock::Lock;
use crate::settings::faults::Fault;
use crate::store::{Batch, CrawlState, StoreError};

/// First and longest pause before a refused batch is tried again.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// After a stop, a refused batch is tried this often, then given up; after a stop at once, once.
const TRIES_AFTER_STOP: u32 = 5;
/// A transaction longer than this is logged.
const SLOW: Duration = Duration::from_secs(1);

/// What the saver tells viewers; written by the saver alone.
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
    /// Pages that could not be saved before the end.
    pub lost: AtomicU64,
    /// Why the database refuses batches, while it does.
    pub batch_trouble: Mutex<Option<DatabaseTrouble>>,
    /// Why it refuses beats; written by the beat.
    pub beat_trouble: Mutex<Option<DatabaseTrouble>>,
    /// Why it refuses to be read; written by those who read.
    pub read_trouble: Mutex<Option<DatabaseTrouble>>,
    /// Why nothing can be saved any more; written once.
    pub last_word: OnceLock<String>,
    /// Cancelled when nothing can be saved any more.
    pub over: CancellationToken,
}

impl SaverGauge {
    /// What is wrong with the database.
    pub fn trouble(&self) -> Option<DatabaseTrouble> {
        let of = |place: &Mutex<Option<DatabaseTrouble>>| place.locked().clone();
        of(&self.batch_trouble)
            .or_else(|| of(&self.beat_trouble))
            .or_else(|| of(&self.read_trouble))
    }

    /// `what` could not be read: it is said once, and tried again by whoever wants it, unless that
    /// cannot help.
    pub fn cannot_read(&self, what: &str, error: &StoreError, at_s: f64) {
        let first = note_trouble(&mut self.read_trouble.locked(), error, at_s);
        if !error.is_transient() {
            self.give_up(error);
        } else if first {
            tracing::error!(%error, "{what} cannot be read; trying again");
        } else {
            tracing::debug!(%error, "{what} cannot be read yet");
        }
    }

    /// Something could be read.
    pub fn could_read(&self) {
        *self.read_trouble.locked() = None;
    }

    /// Nothing can be saved any more: the crawl stops at once.
    pub fn give_up(&self, error: &StoreError) {
        if self.last_word.set(error.to_string()).is_ok() {
            tracing::error!(%error, "nothing more can be saved");
        }
        self.over.cancel();
    }
}

/// Puts an error in the place of the one before, which it goes on from. Returns whether there was
/// none.
pub fn note_trouble(place: &mut Option<DatabaseTrouble>, error: &StoreError, at_s: f64) -> bool {
    let since_s = place.as_ref().map_or(at_s, |before| before.since_s);
    place.replace(DatabaseTrouble { text: error.in_short().into(), since_s }).is_none()
}

/// Runs until the outbox is closed and empty.
pub async fn run(shared: Arc<CrawlContext>) {
    let enter = |state: SaverState| shared.saver_clock.enter(state as usize);
    // What refers to a batch that was given up must not be saved without it.
    let mut broken = false;
    loop {
        enter(SaverState::Idle);
        let Some((batch, weight)) = shared.frontier.next_batch().await else { return };
        enter(SaverState::Busy);
        if !broken && write(&shared, &batch).await {
            shared.frontier.committed(weight);
        } else {
            broken = true;
            shared.saver.lost.fetch_add(u64::from(weight.pages), Relaxed);
        }
        shared.budget.give_back(weight.kib);
    }
}

/// Writes a batch, however often it takes; false when it was given up after a stop.
async fn write(shared: &CrawlContext, batch: &Batch) -> bool {
    let mut pause = TRY_AGAIN.0;
    let mut tries_left = TRIES_AFTER_STOP;
    loop {
        let begin = Instant::now();
        dawdle(shared, begin).await;
        match shared.store.commit(shared.crawl, batch).await {
            Ok(()) => {
                let took = begin.elapsed();
                if let Some(trouble) = shared.saver.batch_trouble.locked().take() {
                    let after_s = shared.at_s() - trouble.since_s;
                    tracing::warn!("the database takes batches again, after {after_s:.1} s");
                }
                note(&shared.saver, batch, took);
                if took > SLOW {
                    tracing::warn!(
                        ms = took.as_millis(),
                        pages = batch.pages.len(),
                        links = batch.links.len(),
                        "slow transaction"
                    );
                }
                return true;
            }
            Err(error) => {
                let stopping = shared.hurry.is_cancelled();
                let (pages, at_s) = (batch.pages.len(), shared.at_s());
                let first = note_trouble(&mut shared.saver.batch_trouble.locked(), &error, at_s);
                if !error.is_transient() {
                    shared.saver.give_up(&error);
                    return false;
                }
                if first {
                    tracing::error!(%error, pages, "the database refused a batch; it is kept");
                } else {
                    tracing::debug!(%error, pages, "the database refused a batch again");
                }
                if stopping {
                    tries_left -= 1;
                }
                if tries_left == 0 || shared.abort.is_cancelled() {
                    return false;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shared.hurry.cancelled(), if !stopping => {}
                    () = shared.abort.cancelled() => {}
                }
                pause = (pause * 2).min(TRY_AGAIN.1);
            }
        }
    }
}

/// Takes as long as the saver's fault says, which may change meanwhile; a stop that was asked for
/// need not wait for it.
async fn dawdle(shared: &CrawlContext, begin: Instant) {
    let mut faults = shared.faults.subscribe();
    loop {
        let Some(wanted) = faults.borrow_and_update().time(Fault::Saver) else { return };
        tokio::select! {
            () = tokio::time::sleep_until(begin + wanted) => return,
            () = shared.hurry.cancelled() => return,
            // The sender is in what is shared.
            _ = faults.changed() => {}
        }
    }
}

/// Records how the crawl ended: after a stop it is tried as often as a batch, and otherwise until the
/// database takes it.
///
/// # Errors
/// What the database said last.
pub async fn record_end(shared: &CrawlContext, state: CrawlState) -> Result<(), StoreError> {
    let mut pause = TRY_AGAIN.0;
    let mut tries_left = TRIES_AFTER_STOP;
    loop {
        let Err(error) = shared.store.set_state(shared.crawl, state).await else {
            *shared.saver.batch_trouble.locked() = None;
            return Ok(());
        };
        let stopping = shared.hurry.is_cancelled();
        if stopping {
            tries_left -= 1;
        }
        if !error.is_transient() || tries_left == 0 || shared.abort.is_cancelled() {
            return Err(error);
        }
        let first = note_trouble(&mut shared.saver.batch_trouble.locked(), &error, shared.at_s());
        if first {
            tracing::error!(%error, "the crawl's end cannot be recorded; trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.hurry.cancelled(), if !stopping => {}
            () = shared.abort.cancelled() => {}
        }
        pause = (pause * 2).min(TRY_AGAIN.1);
    }
}

fn note(gauge: &SaverGauge, batch: &Batch, took: Duration) {
    let rows = batch.pages.len() + batch.links.len() + batch.discovered.len();
    let micros = took.as_micros() as u64;
    gauge.rows.fetch_add(rows as u64, Relaxed);
    gauge.last_pages.store(batch.pages.len() as u64, Relaxed);
    gauge.last_us.store(micros, Relaxed);
    gauge.worst_us.fetch_max(micros, Relaxed);
}
