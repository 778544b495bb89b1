//! What the saver takes: the next batch, and what follows from its commit.

use tokio::time::Instant;

use crate::crawl::frontier::dispatch::MAX_UNSAVED;
use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::frontier::write_batch::{BatchCost, BatchReady};
use crate::store::{Batch, TimelineRow};

impl Frontier {
    /// Waits for the next batch; `None` when the frontier is closed and nothing waits. The counters
    /// that go with the batch are in it.
    pub async fn next_batch(&self) -> Option<(Box<Batch>, BatchCost)> {
        loop {
            let changed = self.batch_changed.notified();
            match self.take_batch() {
                BatchReady::Batch(batch, cost) => return Some((batch, cost)),
                BatchReady::Closed => return None,
                BatchReady::Nothing => changed.await,
                BatchReady::At(due) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }

    fn take_batch(&self) -> BatchReady {
        let mut state = self.lock();
        let mut ready = state.batch.take(Instant::now());
        if let BatchReady::Batch(batch, _) = &mut ready {
            batch.totals = serde_json::to_string(&state.totals).ok();
            state.in_transit = true;
        }
        ready
    }

    /// A batch is in the database.
    pub fn committed(&self, cost: BatchCost) {
        let mut state = self.lock();
        let pages = u64::from(cost.pages);
        state.in_transit = false;
        state.open = state.open.saturating_sub(pages);
        state.unsaved = state.unsaved.saturating_sub(pages);
        state.saved = (state.saved + pages).saturating_sub(u64::from(cost.restored));
        state.commits += 1;
        let full = state.batch.pages() >= MAX_UNSAVED;
        let refills = state.hosts.committed();
        let (drained, commits) = (state.is_drained(), state.commits);
        drop(state);
        self.commits.send_replace(commits);
        if refills || full {
            self.wake_producer();
        }
        if drained {
            self.signal_drained();
        }
    }

    /// Asks the saver to write what was handed in so far, however little it is.
    #[cfg(feature = "internals")]
    pub fn flush(&self) {
        self.lock().batch.flush();
        self.wake_saver();
    }

    /// Waits until all that was handed in so far is in the database.
    pub async fn flushed(&self) {
        let all = {
            let mut state = self.lock();
            state.batch.flush();
            state.commits_to_come()
        };
        self.wake_saver();
        let mut commits = self.commits.subscribe();
        // The sender lives as long as this.
        let _ = commits.wait_for(|commits| *commits >= all).await;
    }

    /// Pages that were handed in and are not in the database.
    pub fn unsaved(&self) -> u64 {
        self.lock().unsaved
    }

    /// Nothing will be handed in any more: the saver writes what there is and ends.
    pub fn close(&self) {
        self.lock().batch.close();
        self.wake_saver();
    }

    /// What was measured: it goes with the next batch that is written anyway.
    pub fn note_measured(&self, row: TimelineRow) {
        self.lock().batch.timeline(row);
    }

    /// Stores the settings now in force with the next batch; see [`Batch::settings`].
    pub fn store_settings(&self, patch: String) {
        self.lock().batch.settings(patch);
        self.wake_saver();
    }
}

impl FrontierState {
    /// How many batches will be committed when all that was handed in is.
    pub(super) fn commits_to_come(&self) -> u64 {
        self.commits + u64::from(!self.batch.is_empty()) + u64::from(self.in_transit)
    }
}
