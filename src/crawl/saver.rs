//! The saver: writes each batch in one transaction and gives its bytes back to the workers.
//!
//! A batch that the database refuses is kept and tried again with back-off; meanwhile the byte
//! budget holds the workers, so memory stays bounded.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::lock::Lock;
use super::shared::{SaverState, Shared};
use crate::store::Batch;

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
    /// Why the database refuses, while it does.
    pub trouble: Mutex<Option<Arc<str>>>,
}

/// Runs until the outbox is closed and empty.
pub async fn run(shared: Arc<Shared>) {
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
        shared.budget.add_permits(weight.kib as usize);
    }
}

/// Writes a batch, however often it takes; false when it was given up after a stop.
async fn write(shared: &Shared, batch: &Batch) -> bool {
    let mut pause = TRY_AGAIN.0;
    let mut tries_left = TRIES_AFTER_STOP;
    loop {
        let begin = Instant::now();
        match shared.store.commit(shared.crawl, batch).await {
            Ok(()) => {
                let took = begin.elapsed();
                shared.saver.trouble.locked().take();
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
                let stopping = shared.queue.is_closed();
                tracing::error!(%error, pages = batch.pages.len(), "the database refused a batch");
                *shared.saver.trouble.locked() = Some(error.to_string().into());
                if stopping {
                    tries_left -= 1;
                }
                if tries_left == 0 || shared.abort.is_cancelled() {
                    return false;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shared.queue.closed(), if !stopping => {}
                    () = shared.abort.cancelled() => {}
                }
                pause = (pause * 2).min(TRY_AGAIN.1);
            }
        }
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
