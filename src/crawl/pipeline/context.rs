//! What the pipeline's tasks share. Each field says who writes it.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::crawl::fetch::retry::RetryPolicy;
use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::UrlTask;
use crate::crawl::measure::loop_delay::LoopDelayGauge;
use crate::crawl::measure::stage_clock::StageClock;
use crate::crawl::pipeline::budget::Budget;
use crate::crawl::pipeline::gate::Gate;
use crate::crawl::pipeline::queue::Queue;
use crate::crawl::pipeline::rate::Rate;
use crate::crawl::pipeline::saver::SaverGauge;
use crate::crawl::pipeline::workers::Pool;
use crate::crawl::protocol::snapshot::ExclusionProgress;
use crate::model::ids::CrawlId;
use crate::model::url_identity::UrlHash;
use crate::settings::Settings;
use crate::settings::faults::Faults;
use crate::store::{PreviousPage, StoreError, StoreWriter};
use crate::web::http::Fetcher;
use crate::web::robots::RobotsAgents;
use crate::web::scope::Scope;

/// Bytes of results that may wait for the saver, in KiB.
pub const SAVER_BUDGET_KIB: u32 = 8 << 10;
/// Pause before the database is read again after it refused.
pub const READ_AGAIN: Duration = Duration::from_millis(500);

/// States of the producer's clock, in this order.
#[derive(Debug, Clone, Copy)]
pub enum ProducerState {
    /// The frontier has nothing to take.
    Idle,
    /// All that waits must wait longer.
    Throttled,
    /// Choosing.
    Busy,
    /// The queue is full.
    Blocked,
    /// Paused.
    Paused,
}

/// States of the saver's clock, in this order.
#[derive(Debug, Clone, Copy)]
pub enum SaverState {
    /// Nothing to write yet.
    Idle,
    /// In a transaction.
    Busy,
}

/// The crawl is stopping: what cannot be done at once is left to the resumed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping;

/// The pipeline's shared parts.
pub struct CrawlContext {
    /// Number of the crawl in its database.
    pub crawl: CrawlId,
    /// The settings the run began with; the dials in force are the control task's.
    pub settings: Settings,
    /// When this run began.
    pub start: Instant,
    /// The database; written by the saver alone, read by the producer.
    pub store: Arc<dyn StoreWriter>,
    /// The names by which sites may speak to us.
    pub names: Arc<RobotsAgents>,
    /// Fetches URLs.
    pub fetcher: Fetcher,
    /// Which links are followed; widened by the control task when a seed is added.
    pub scope: RwLock<Arc<Scope>>,
    /// What redirects led to, of late.
    pub landings: Mutex<HashMap<UrlHash, Arc<PreviousPage>>>,
    /// Pages asked for by way of a redirect at this moment, and the URLs that lead there too and
    /// wait for what comes of it.
    #[expect(clippy::vec_box, reason = "as they come and go, without being copied")]
    pub hops: Mutex<HashMap<UrlHash, Vec<Box<UrlTask>>>>,
    /// Prunings, newest first; written by the control task and their own tasks.
    pub exclusions: Mutex<Vec<ExclusionProgress>>,
    /// Held by whoever reads rows of the frontier from disk, until what follows from it is
    /// committed: two readers would both act on one row.
    pub disk: tokio::sync::Mutex<()>,
    /// Times that no file could be opened for a connection.
    pub shortages: AtomicU64,
    /// How often a URL is tried.
    pub retry: RetryPolicy,
    /// Every URL not done, and the books.
    pub frontier: Frontier,
    /// Producer → workers.
    pub queue: Queue<Box<UrlTask>>,
    /// Permits; resized by the control task.
    pub gate: Arc<Gate>,
    /// Whole-crawl rate; changed by the control task.
    pub rate: Rate,
    /// Threads for heavy parsing; resized by the control task.
    pub parse_gate: Arc<Gate>,
    /// Workers; resized by the control task.
    pub pool: Pool,
    /// KiB that may still wait for the saver; given back by the saver.
    pub budget: Budget,
    /// Faults in force; written by the control task.
    pub faults: watch::Sender<Faults>,
    /// Whether the crawl is paused; written by the control task.
    pub paused: watch::Sender<bool>,
    /// Whether the seen-set is complete; written once by the loader.
    pub seen_ready: watch::Sender<bool>,
    /// Cancelled by a stop at once.
    pub abort: CancellationToken,
    /// Cancelled by any stop that was asked for: what the database refuses is not tried for long then.
    pub hurry: CancellationToken,
    /// The producer's clock.
    pub producer_clock: StageClock<5>,
    /// The saver's clock.
    pub saver_clock: StageClock<2>,
    /// What the saver tells.
    pub saver: SaverGauge,
    /// How long the event loop was blocked.
    pub stall: Arc<LoopDelayGauge>,
    /// Producer, workers, loader: all tasks but the saver, which must outlive them.
    pub crew: TaskTracker,
}

impl CrawlContext {
    /// Which links are followed.
    #[must_use]
    pub fn scope(&self) -> Arc<Scope> {
        Arc::clone(&self.scope.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads from the database, however often it takes.
    ///
    /// # Errors
    /// When the crawl is stopping.
    pub async fn read<T, F>(&self, what: &str, reading: impl Fn() -> F) -> Result<T, Stopping>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            let read = tokio::select! {
                read = reading() => read,
                () = self.queue.closed() => return Err(Stopping),
            };
            match read {
                Ok(read) => {
                    self.saver.could_read();
                    return Ok(read);
                }
                Err(error) => {
                    self.saver.cannot_read(what, &error, self.at_s());
                    tokio::select! {
                        () = tokio::time::sleep(READ_AGAIN) => {}
                        () = self.queue.closed() => return Err(Stopping),
                    }
                }
            }
        }
    }

    /// Seconds since the start of this run.
    #[must_use]
    pub fn at_s(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
