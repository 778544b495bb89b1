//! The database of a run: its lease on the crawl, the bytes that wait for the saver, and reads that
//! are repeated until they succeed.

use std::sync::Arc;
use std::time::Duration;

use crate::crawl::measure::stage_clock::StageClock;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::saver_gauge::SaverGauge;
use crate::crawl::pipeline::signals::{Signals, Stopping};
use crate::model::ids::CrawlId;
use crate::semaphore::ResizableSemaphore;
use crate::store::{StoreError, StoreWriter};

/// Bytes of results that may wait for the saver, in KiB.
pub const SAVER_BUDGET_KIB: u32 = 8 << 10;
/// Pause before the database is read again after it refused.
pub const RETRY_READ_AFTER: Duration = Duration::from_millis(500);

/// States of the saver's clock, in this order.
#[derive(Debug, Clone, Copy)]
pub enum SaverState {
    /// Nothing to write yet.
    Idle,
    /// In a transaction.
    Busy,
}

/// The database of a run.
pub struct Storage {
    /// Number of the crawl in its database.
    pub crawl: CrawlId,
    /// The database; written by the saver alone.
    pub store: Arc<dyn StoreWriter>,
    /// KiB that may still wait for the saver; given back by the saver.
    pub budget: Arc<ResizableSemaphore>,
    /// What the saver reports.
    pub saver: SaverGauge,
    /// The saver's clock.
    pub saver_clock: StageClock<2>,
    /// Held by a task that reads rows of the frontier from disk, until what follows from it is
    /// committed: two readers would both act on one row.
    pub disk: tokio::sync::Mutex<()>,
}

impl Storage {
    /// The database of a run of `crawl`.
    #[must_use]
    pub fn new(crawl: CrawlId, store: Arc<dyn StoreWriter>) -> Self {
        Self {
            crawl,
            store,
            budget: ResizableSemaphore::new(SAVER_BUDGET_KIB),
            saver: SaverGauge::default(),
            saver_clock: StageClock::new(SaverState::Idle as usize),
            disk: tokio::sync::Mutex::default(),
        }
    }

    /// Reads from the database, and repeats it until it succeeds. `what` is named in the log.
    ///
    /// # Errors
    /// When the crawl is stopping.
    pub async fn read<T, F>(
        &self,
        flow: &Flow,
        signals: &Signals,
        what: &str,
        reading: impl Fn() -> F,
    ) -> Result<T, Stopping>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            let read = tokio::select! {
                read = reading() => read,
                () = flow.queue.closed() => return Err(Stopping),
            };
            match read {
                Ok(read) => {
                    self.saver.could_read();
                    return Ok(read);
                }
                Err(error) => {
                    self.saver.cannot_read(what, &error, signals.at_s());
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_READ_AFTER) => {}
                        () = flow.queue.closed() => return Err(Stopping),
                    }
                }
            }
        }
    }
}
