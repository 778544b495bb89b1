//! The heartbeat: every few seconds the owner of the crawl lease renews it, also while there is
//! nothing to save, so that no other process takes the crawl over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval_at};

use crate::crawl::pipeline::database_calls::DatabaseCall;
use crate::crawl::pipeline::saver_gauge::note_outage;
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::Storage;
use crate::lock::Lock;
use crate::panics;
use crate::settings::faults::PanicPoint;

/// Time between two heartbeats; see [`crate::store::crawl_lease::DEAD_AFTER`].
const EVERY: Duration = Duration::from_secs(5);

/// Renews the lease until it is aborted, or another process owns the lease. A panic stops the crawl.
pub async fn run(storage: Arc<Storage>, signals: Arc<Signals>) {
    if let Err(panic) = panics::caught(renew(&storage, &signals)).await {
        storage.saver.task_panicked("the heartbeat", &panic);
    }
}

async fn renew(storage: &Storage, signals: &Signals) {
    let mut tick = interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        signals.panic_points.pass(PanicPoint::Heartbeat);
        tick.tick().await;
        let outage = &storage.saver.heartbeat_outage;
        let beat = storage.store.heartbeat(storage.crawl);
        match storage.call(DatabaseCall::aside("the heartbeat"), beat).await {
            Ok(()) => *outage.locked() = None,
            Err(error) if error.is_transient() => {
                note_outage(&mut outage.locked(), &error, signals.at_s());
            }
            Err(error) => return storage.saver.give_up(&error),
        }
    }
}
