//! The front of the frontier: its lock, and the signals to those who wait for a change.
//!
//! A method takes the lock once, changes the state, releases the lock and then wakes the producer,
//! the saver or the control task.

use std::sync::{Mutex, MutexGuard};

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};

use crate::crawl::frontier::start::FrontierStart;
use crate::crawl::frontier::state::FrontierState;
use crate::lock::Lock;

/// The frontier. See the module's page.
#[derive(Debug)]
pub struct Frontier {
    state: Mutex<FrontierState>,
    /// Something changed that the producer may wait for.
    changed: Notify,
    /// Something changed that the saver may wait for.
    pub(super) batch_changed: Notify,
    /// The last open URL was saved.
    drained: Notify,
    /// Batches committed.
    pub(super) commits: watch::Sender<u64>,
}

impl Frontier {
    /// The frontier of a new or resumed crawl.
    #[must_use]
    pub fn new(start: FrontierStart) -> Self {
        Self {
            state: Mutex::new(FrontierState::new(start)),
            changed: Notify::new(),
            batch_changed: Notify::new(),
            drained: Notify::new(),
            commits: watch::Sender::new(0),
        }
    }

    /// The state, for as short a time as possible; never across an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, FrontierState> {
        self.state.locked()
    }

    pub(super) fn wake_producer(&self) {
        self.changed.notify_one();
    }

    pub(super) fn wake_saver(&self) {
        self.batch_changed.notify_one();
    }

    pub(super) fn wake_both(&self) {
        self.wake_producer();
        self.wake_saver();
    }

    pub(super) fn signal_drained(&self) {
        self.drained.notify_one();
    }

    /// Ends when something changed since the last call of [`Self::next`] that may let a URL go.
    /// Only the producer waits for it.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Ends when the last open URL was saved. Only the control task waits for it.
    pub fn drained(&self) -> Notified<'_> {
        self.drained.notified()
    }

    /// Whether every known URL is in a final state and saved, and no background work is running.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.lock().is_drained()
    }

    /// No URL goes out any more.
    pub fn stop(&self) {
        self.lock().stopping = true;
        self.wake_producer();
    }

    /// Background work begins that must be over before the crawl is; it ends with
    /// [`Self::end_background`].
    pub fn begin_background(&self) {
        self.lock().begin_background();
    }

    /// Background work is over; see [`Self::begin_background`].
    pub fn end_background(&self) {
        let mut state = self.lock();
        state.end_background();
        state.batch.flush();
        let drained = state.is_drained();
        drop(state);
        self.wake_both();
        if drained {
            self.signal_drained();
        }
    }
}
