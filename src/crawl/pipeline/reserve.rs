//! Room for a result in the saver's buffer: the backpressure of the database on the workers.

use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::{SAVER_BUDGET_KIB, Storage};
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;

/// Takes the bytes of a result from the saver's budget, waiting while it is used up, and for
/// the seen-set of a resumed crawl to be complete. Returns the KiB taken.
pub async fn reserve(storage: &Storage, signals: &Signals, slot: &WorkerSlot, bytes: usize) -> u32 {
    let wanted = (1 + bytes as u32 / 1024).min(SAVER_BUDGET_KIB);
    let kib = if let Some(taken) = storage.budget.try_take(wanted) {
        taken
    } else {
        slot.enter(WorkerState::Blocked);
        storage.budget.take(wanted).await
    };
    let mut ready = signals.seen_ready.subscribe();
    if !*ready.borrow() {
        slot.enter(WorkerState::Database);
        let _ = ready.wait_for(|ready| *ready).await;
    }
    kib
}
