//! The saver: writes each batch in one transaction and gives its bytes back to the workers.
//!
//! A batch that the database refuses is kept and tried again with back-off; meanwhile the byte
//! budget holds the workers, so memory stays bounded. What can never succeed (the crawl was taken
//! over) is not tried again: then the crawl stops.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::{BatchCost, Frontier};
use crate::crawl::pipeline::database_calls::{DatabaseCall, LAST_STEP};
use crate::crawl::pipeline::saver_gauge::{SaverGauge, note_outage};
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::{SaverState, Storage};
use crate::lock::Lock;
use crate::panics;
use crate::settings::faults::{Fault, PanicPoint};
use crate::store::{Batch, CrawlState, StoreError};

/// First and longest pause before a refused batch is tried again.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// After a stop, a refused batch is tried this often, then given up; after a stop at once, once.
const TRIES_AFTER_STOP: u32 = 5;
/// A transaction longer than this is logged.
const SLOW: Duration = Duration::from_secs(1);
/// Times that the saver begins anew after a panic: once to save what it had in hand, and once to give the
/// bytes of what is lost back.
const FRESH_STARTS: u32 = 2;

/// Runs until the pending batch is closed and empty. A panic stops the crawl; what can still be saved is
/// saved.
pub async fn run(frontier: Arc<Frontier>, storage: Arc<Storage>, signals: Arc<Signals>) {
    let mut saver = Saver { frontier, storage, signals, in_hand: None, broken: false };
    let mut panicked = 0;
    while let Err(panic) = panics::caught(saver.save_all()).await {
        saver.storage.saver.task_panicked("the saver", &panic);
        panicked += 1;
        if panicked > FRESH_STARTS {
            break;
        }
        saver.broken |= panicked == FRESH_STARTS;
    }
    saver.storage.saver.ended.cancel();
}

/// The saver.
struct Saver {
    frontier: Arc<Frontier>,
    storage: Arc<Storage>,
    signals: Arc<Signals>,
    /// The batch that is being written; it outlives a panic.
    in_hand: Option<(Box<Batch>, BatchCost)>,
    /// A batch was given up: what refers to it must not be saved without it.
    broken: bool,
}

impl Saver {
    async fn save_all(&mut self) {
        let Self { frontier, storage, signals, in_hand, broken } = self;
        let enter = |state: SaverState| storage.saver_clock.enter(state as usize);
        loop {
            if in_hand.is_none() {
                enter(SaverState::Idle);
                *in_hand = frontier.next_batch().await;
            }
            let Some((batch, cost)) = in_hand else { return };
            enter(SaverState::Busy);
            signals.panic_points.pass(PanicPoint::Saver);
            if !*broken && write(storage, signals, batch).await {
                frontier.committed(*cost);
            } else {
                *broken = true;
            }
            storage.budget.give_back(cost.kib);
            *in_hand = None;
        }
    }
}

/// Writes a batch, and retries until it succeeds; false when it was given up after a stop.
async fn write(storage: &Storage, signals: &Signals, batch: &Batch) -> bool {
    let mut pause = TRY_AGAIN.0;
    let mut tries_left = TRIES_AFTER_STOP;
    loop {
        let begin = Instant::now();
        inject_delay(signals, begin).await;
        let committing = Instant::now();
        let commit = storage.store.commit(storage.crawl, batch);
        let done = storage.patient_call(signals, DatabaseCall::write("a batch"), commit).await;
        let done = match done {
            Ok(done) => done,
            Err(why) => {
                storage.saver.lost_patience(why);
                return false;
            }
        };
        match done {
            Ok(()) => {
                slow_down(signals, committing).await;
                let took = begin.elapsed();
                if let Some(outage) = storage.saver.batch_outage.locked().take() {
                    let after_s = signals.at_s() - outage.since_s;
                    tracing::warn!("the database takes batches again, after {after_s:.1} s");
                }
                // A batch is a heartbeat as well.
                *storage.saver.heartbeat_outage.locked() = None;
                note(&storage.saver, batch, took);
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
                if !refused(storage, signals, batch, &error, &mut tries_left) {
                    return false;
                }
                wait_before_retry(signals, pause).await;
                pause = (pause * 2).min(TRY_AGAIN.1);
            }
        }
    }
}

/// Takes note that the database refused a batch; false when it is given up.
fn refused(
    storage: &Storage,
    signals: &Signals,
    batch: &Batch,
    error: &StoreError,
    tries_left: &mut u32,
) -> bool {
    let (pages, since_s) = (batch.pages.len(), storage.failing_since_s(signals));
    let first = note_outage(&mut storage.saver.batch_outage.locked(), error, since_s);
    if !error.is_transient() {
        storage.saver.give_up(error);
        return false;
    }
    if matches!(error, StoreError::Internal { .. }) {
        // It was reported, and the crawl stops.
    } else if first {
        tracing::error!(%error, pages, "the database refused a batch; it is kept");
    } else {
        tracing::debug!(%error, pages, "the database refused a batch again");
    }
    if signals.stop_requested.is_cancelled() {
        *tries_left -= 1;
    }
    *tries_left > 0 && !signals.at_once.is_cancelled()
}

/// Waits for `pause`; a stop, and a stop at once after it, end the wait.
async fn wait_before_retry(signals: &Signals, pause: Duration) {
    let stopping = signals.stop_requested.is_cancelled();
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = signals.stop_requested.cancelled(), if !stopping => {}
        () = signals.at_once.cancelled() => {}
    }
}

/// Waits as long as the fault of the saver says, which may change meanwhile; a stop ends the wait.
async fn inject_delay(signals: &Signals, begin: Instant) {
    let mut faults = signals.faults.subscribe();
    let mut stretch = signals.stretch.subscribe();
    loop {
        let Some(wanted) = faults.borrow_and_update().time(Fault::Saver) else { return };
        let wanted = wanted.mul_f64(*stretch.borrow_and_update());
        tokio::select! {
            () = tokio::time::sleep_until(begin + wanted) => return,
            () = signals.stop_requested.cancelled() => return,
            // The senders live as long as `signals`.
            _ = faults.changed() => {}
            _ = stretch.changed() => {}
        }
    }
}

/// In slow motion, waits until what began at `begin` and is done has taken so many times as long. A stop ends
/// the wait.
async fn slow_down(signals: &Signals, begin: Instant) {
    let took = begin.elapsed();
    let mut stretch = signals.stretch.subscribe();
    loop {
        let times = *stretch.borrow_and_update();
        if times <= 1.0 {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep_until(begin + took.mul_f64(times)) => return,
            () = signals.stop_requested.cancelled() => return,
            // The sender lives as long as `signals`.
            _ = stretch.changed() => {}
        }
    }
}

/// Records how the crawl ended: after a stop it is tried as often as a batch, and otherwise until the
/// database takes it.
///
/// # Errors
/// The database's last error.
pub async fn record_end(
    storage: &Storage,
    signals: &Signals,
    state: CrawlState,
) -> Result<(), StoreError> {
    let mut pause = TRY_AGAIN.0;
    let mut tries_left = TRIES_AFTER_STOP;
    loop {
        let set = storage.store.set_state(storage.crawl, state);
        let over = async {
            let why = storage.patience_over(signals).await;
            tokio::time::sleep(LAST_STEP).await;
            why
        };
        let done = tokio::select! {
            done = storage.call(DatabaseCall::write("the crawl's end"), set) => done,
            why = over => {
                Err(StoreError::Unreachable { db: storage.store.describe(), why: why.to_string() })
            }
        };
        let Err(error) = done else {
            *storage.saver.batch_outage.locked() = None;
            return Ok(());
        };
        if signals.stop_requested.is_cancelled() {
            tries_left -= 1;
        }
        if !error.is_transient() || tries_left == 0 || signals.at_once.is_cancelled() {
            return Err(error);
        }
        let since_s = storage.failing_since_s(signals);
        let first = note_outage(&mut storage.saver.batch_outage.locked(), &error, since_s);
        if first {
            tracing::error!(%error, "the crawl's end cannot be recorded; trying again");
        }
        wait_before_retry(signals, pause).await;
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
