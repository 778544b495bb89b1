//! The beat: every few seconds the crawl's holder gives a sign of life, also while there is nothing
//! to save. So nobody takes the crawl over who takes silence for death.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval_at};

use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::pipeline::saver::note_trouble;
use crate::lock::Lock;

/// Time between two beats; see [`crate::store::crawl_lease::DEAD_AFTER`].
const EVERY: Duration = Duration::from_secs(5);

/// Beats until it is aborted, or the crawl is held by somebody else.
pub async fn run(shared: Arc<CrawlContext>) {
    let mut tick = interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let trouble = &shared.saver.beat_trouble;
        match shared.store.heartbeat(shared.crawl).await {
            Ok(()) => *trouble.locked() = None,
            Err(error) if error.is_transient() => {
                note_trouble(&mut trouble.locked(), &error, shared.at_s());
            }
            Err(error) => return shared.saver.give_up(&error),
        }
    }
}
