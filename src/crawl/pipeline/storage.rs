//! The database of a run: its lease on the crawl, the bytes that wait for the saver, calls and how long
//! they are waited for, and reads that are repeated until they succeed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::crawl::measure::stage_clock::StageClock;
use crate::crawl::pipeline::database_calls::{
    DatabaseCall, DatabaseCalls, LAST_STEP, LongCall, NAMED_AFTER, PATIENCE, PatienceOver,
    SAVE_AFTER_STOP_AT_ONCE,
};
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::saver_gauge::SaverGauge;
use crate::crawl::pipeline::signals::{Signals, Stopping};
use crate::crawl::protocol::snapshot::DatabaseOutage;
use crate::model::ids::CrawlId;
use crate::panics;
use crate::semaphore::ResizableSemaphore;
use crate::settings::faults::{PanicPoint, PanicPoints};
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
    /// Calls of it that are under way.
    pub calls: DatabaseCalls,
    /// KiB that may still wait for the saver; given back by the saver.
    pub budget: Arc<ResizableSemaphore>,
    /// What the saver reports.
    pub saver: SaverGauge,
    /// The saver's clock.
    pub saver_clock: StageClock<2>,
    /// Held by a task that reads rows of the frontier from disk, until what follows from it is
    /// committed: two readers would both act on one row.
    pub disk: tokio::sync::Mutex<()>,
    panic_points: Arc<PanicPoints>,
}

impl Storage {
    /// The database of a run of `crawl`; `panic_points` are those of a test.
    #[must_use]
    pub fn new(
        crawl: CrawlId,
        store: Arc<dyn StoreWriter>,
        panic_points: Arc<PanicPoints>,
    ) -> Self {
        Self {
            crawl,
            store,
            calls: DatabaseCalls::default(),
            budget: ResizableSemaphore::new(SAVER_BUDGET_KIB),
            saver: SaverGauge::default(),
            saver_clock: StageClock::new(SaverState::Idle as usize),
            disk: tokio::sync::Mutex::default(),
            panic_points,
        }
    }

    /// Waits for a call of the database. A panic in it stops the crawl.
    ///
    /// # Errors
    /// What the database said.
    pub async fn call<T>(
        &self,
        call: DatabaseCall,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let work = async {
            self.panic_points.pass(PanicPoint::Database);
            work.await
        };
        match panics::caught(self.calls.watch(call, work)).await {
            Ok(done) => done,
            Err(panic) => {
                self.saver.task_panicked(&call.to_string(), &panic);
                let why = format!("{call} panicked: {panic}");
                Err(StoreError::Internal { db: self.store.describe(), why })
            }
        }
    }

    /// Waits for a call of the database, but no longer than it is waited for after a stop.
    ///
    /// # Errors
    /// Why it was given up; inside it, what the database said.
    pub async fn patient_call<T>(
        &self,
        signals: &Signals,
        call: DatabaseCall,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Result<T, StoreError>, PatienceOver> {
        tokio::select! {
            done = self.call(call, work) => Ok(done),
            why = self.patience_over(signals) => Err(why),
        }
    }

    /// Waits until the database need not be waited for any longer: after a stop it was silent for
    /// [`PATIENCE`], or a stop at once was requested [`SAVE_AFTER_STOP_AT_ONCE`] ago. Returns why.
    pub async fn patience_over(&self, signals: &Signals) -> PatienceOver {
        signals.stop_requested.cancelled().await;
        let begin = Instant::now();
        let stopped = *signals.stopped_at.get_or_init(|| begin);
        let silence_ends = || {
            let silent = self.calls.silent_since().unwrap_or_else(Instant::now);
            silent.max(stopped) + PATIENCE
        };
        let silence = async {
            loop {
                let ends = silence_ends();
                if Instant::now() >= ends {
                    break;
                }
                sleep_until(ends).await;
            }
            let since = self.calls.unanswered_since().unwrap_or(stopped).min(stopped);
            PatienceOver::Silent(since.elapsed().as_secs())
        };
        let stopped_at_once = async {
            signals.at_once.cancelled().await;
            let since = *signals.at_once_since.get_or_init(Instant::now);
            sleep_until(since + SAVE_AFTER_STOP_AT_ONCE).await;
            PatienceOver::StopAtOnce
        };
        tokio::select! {
            why = silence => why,
            why = stopped_at_once => why,
        }
    }

    /// Closes the database. After a stop it is not waited for longer than it may be silent.
    pub async fn close(&self, signals: &Signals) {
        let close = async {
            self.store.close().await;
            Ok::<(), StoreError>(())
        };
        let over = async {
            let _ = self.patience_over(signals).await;
            tokio::time::sleep(LAST_STEP).await;
        };
        tokio::select! {
            _ = self.call(DatabaseCall::write("the rest"), close) => {}
            () = over => {}
        }
    }

    /// Since when no call of the database has succeeded, in seconds since the start of the run; now, when
    /// none is waited for.
    pub fn failing_since_s(&self, signals: &Signals) -> f64 {
        let since = self.calls.unanswered_since();
        signals.at_s() - since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }

    /// What is wrong with the database: an error, or a call that has been open for long.
    pub fn outage(&self, signals: &Signals) -> Option<DatabaseOutage> {
        let now = Instant::now();
        let long = self.calls.long(now);
        let named = |long: LongCall| {
            let for_s = now.saturating_duration_since(long.since).as_secs_f64();
            DatabaseOutage { text: long.text().into(), since_s: signals.at_s() - for_s }
        };
        let mut outage = self.saver.outage().or_else(|| long.map(named))?;
        if let Some(stopped) = signals.stopped_at.get() {
            // The silence so far counts; a slow one has been heard just now.
            let silent = self.calls.silent_since().unwrap_or(now);
            let left = (silent.max(*stopped) + PATIENCE).saturating_duration_since(now);
            let until = if now.saturating_duration_since(silent) >= NAMED_AFTER {
                format!("given up in {} s", left.as_secs())
            } else {
                "waited for while it answers".to_owned()
            };
            outage.text = format!("{}; {until}", outage.text).into();
        }
        Some(outage)
    }

    /// Reads from the database, and repeats it until it succeeds. `what` is named to the user: `the
    /// frontier`.
    ///
    /// # Errors
    /// When the crawl is stopping.
    pub async fn read<T, F>(
        &self,
        flow: &Flow,
        signals: &Signals,
        what: &'static str,
        reading: impl Fn() -> F,
    ) -> Result<T, Stopping>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            let read = tokio::select! {
                read = self.call(DatabaseCall::read(what), reading()) => read,
                () = flow.queue.closed() => return Err(Stopping),
            };
            match read {
                Ok(read) => {
                    self.saver.could_read();
                    return Ok(read);
                }
                Err(error) => {
                    self.saver.cannot_read(what, &error, self.failing_since_s(signals));
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_READ_AFTER) => {}
                        () = flow.queue.closed() => return Err(Stopping),
                    }
                }
            }
        }
    }
}
