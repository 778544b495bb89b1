//! The heartbeat: every few seconds the owner of the crawl lease renews it, also while there is
//! nothing to save, so that no other process takes the crawl over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval_at};

use crate::crawl::pipeline::saver_gauge::note_outage;
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::Storage;
use crate::lock::Lock;

/// Time between two heartbeats; see [`crate::store::crawl_lease::DEAD_AFTER`].
const EVERY: Duration = Duration::from_secs(5);

/// Renews the lease until it is aborted, or another process owns the lease.
pub async fn run(storage: Arc<Storage>, signals: Arc<Signals>) {
    let mut tick = interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let outage = &storage.saver.heartbeat_outage;
        match storage.store.heartbeat(storage.crawl).await {
            Ok(()) => *outage.locked() = None,
            Err(error) if error.is_transient() => {
                note_outage(&mut outage.locked(), &error, signals.at_s());
            }
            Err(error) => return storage.saver.give_up(&error),
        }
    }
}
