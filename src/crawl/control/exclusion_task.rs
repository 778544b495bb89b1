//! Excluding URLs from the frontier while the crawl runs, and undoing it.
//!
//! What is in memory goes at once, under the frontier's lock; what is on disk is read piece by
//! piece. Undone, the skipped rows are restored as there is room for them. The crawl is not over
//! while one of these tasks runs.
//!
//! A task that reads rows from disk and acts on them does so in a [`DiskTurn`]: from the read until
//! what follows from it is committed, no other task does. The hosts continue meanwhile with what is
//! in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::MutexGuard;

use crate::crawl::frontier::{Frontier, Restoration, excluded_reason, undone_seed_reason};
use crate::crawl::hosts::{skipped_host_of, skipped_host_reason};
use crate::crawl::pipeline::crawl_tasks::CrawlTasks;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::signals::{Signals, Stopping};
use crate::crawl::pipeline::storage::Storage;
use crate::crawl::protocol::snapshot::ExclusionProgress;
use crate::lock::Lock;
use crate::model::ids::page_id;
use crate::settings::faults::PanicPoint;
use crate::store::{FrontierRow, StoreError};

/// Rows read at a time.
const ROWS_PER_READ: u32 = 2_000;
/// Maximum number of exclusions shown.
const MAX_SHOWN: usize = 10;

/// The tasks that exclude and restore URLs, and what viewers see of them.
pub struct ExclusionTasks {
    frontier: Arc<Frontier>,
    storage: Arc<Storage>,
    flow: Arc<Flow>,
    signals: Arc<Signals>,
    tasks: CrawlTasks,
    /// Newest first, each with the reason of the rows it is about.
    shown: Mutex<Vec<(Arc<str>, ExclusionProgress)>>,
}

/// An exclusion that is shown: the reason of its rows, and whether it is undone.
type ShownExclusion = (Arc<str>, bool);

impl ExclusionTasks {
    /// Tasks of a run, tracked by `tasks`.
    pub fn new(
        frontier: Arc<Frontier>,
        storage: Arc<Storage>,
        flow: Arc<Flow>,
        signals: Arc<Signals>,
        tasks: CrawlTasks,
    ) -> Arc<Self> {
        Arc::new(Self { frontier, storage, flow, signals, tasks, shown: Mutex::default() })
    }

    /// Skips what the exclusion with this reason keeps out, which is in force already: memory is done, rows
    /// on disk follow.
    pub fn exclude(self: &Arc<Self>, reason: &Arc<str>) {
        let shown = self.show(reason, false, 0);
        self.recount();
        let (this, reason) = (Arc::clone(self), Arc::clone(reason));
        self.frontier.begin_background();
        self.tasks.spawn("the task that excludes URLs", async move {
            this.signals.panic_points.pass(PanicPoint::Exclude);
            this.exclude_on_disk(&reason).await;
            this.end(&shown);
        });
    }

    /// Restores the rows that were skipped for a reason.
    pub fn restore(self: &Arc<Self>, restoration: Restoration) {
        let Restoration { reason, ticket } = restoration;
        let shown = self.show(&reason.as_str().into(), true, 0);
        let this = Arc::clone(self);
        self.frontier.begin_background();
        self.tasks.spawn("the task that restores URLs", async move {
            this.signals.panic_points.pass(PanicPoint::Restore);
            if this.restore_rows(&reason, ticket, &shown).await.is_some() {
                this.frontier.end_restoring(ticket);
            }
            this.end(&shown);
        });
    }

    /// Continues what an earlier run was restoring.
    pub fn continue_restoring(self: &Arc<Self>) {
        for restoration in self.frontier.restorations() {
            self.restore(restoration);
        }
    }

    /// The remaining URLs of a host are skipped by the host queues; this shows it.
    pub fn skip(&self, host: &str, queued: u64) {
        let shown = self.show(&skipped_host_reason(host).into(), false, queued);
        self.change(&shown, |progress| progress.running = false);
    }

    /// Brings what is shown up to date: exclusions skip URLs wherever these are met.
    pub fn recount(&self) {
        let mut shown = self.shown.locked();
        for (reason, progress) in shown.iter_mut().filter(|(_, progress)| !progress.undoing) {
            if let Some(urls) = self.frontier.excluded_count(reason) {
                progress.urls = urls;
            }
        }
    }

    /// What viewers see, newest first.
    pub fn view(&self) -> Arc<[ExclusionProgress]> {
        self.shown.locked().iter().map(|(_, progress)| progress.clone()).collect()
    }

    fn show(&self, reason: &Arc<str>, undoing: bool, urls: u64) -> ShownExclusion {
        let mut shown = self.shown.locked();
        shown.retain(|(old, _)| old != reason);
        let what = what_left(reason).into();
        let progress = ExclusionProgress { what, undoing, urls, running: true };
        shown.insert(0, (Arc::clone(reason), progress));
        shown.truncate(MAX_SHOWN);
        (Arc::clone(reason), undoing)
    }

    fn change(
        &self,
        (reason, undoing): &ShownExclusion,
        change: impl FnOnce(&mut ExclusionProgress),
    ) {
        let mut shown = self.shown.locked();
        let found = shown.iter_mut().find(|(old, p)| old == reason && p.undoing == *undoing);
        if let Some((_, progress)) = found {
            change(progress);
        }
    }

    fn end(&self, shown: &ShownExclusion) {
        self.recount();
        self.change(shown, |progress| {
            progress.running = false;
            let done = if progress.undoing { "restored" } else { "skipped" };
            tracing::info!(urls = progress.urls, "{}: {done}", progress.what);
        });
        self.frontier.end_background();
    }

    async fn read<T, F>(&self, what: &'static str, reading: impl Fn() -> F) -> Result<T, Stopping>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.storage.read(&self.flow, &self.signals, what, reading).await
    }

    /// `None` when the crawl is stopping, or the exclusion is no longer in force.
    async fn exclude_on_disk(&self, reason: &str) -> Option<()> {
        let Storage { crawl, store, .. } = &*self.storage;
        let mut after = page_id(*crawl, 0);
        loop {
            let turn = DiskTurn::take(self).await?;
            let read = || store.frontier_after(*crawl, after, ROWS_PER_READ);
            let rows = self.read("the frontier", read).await.ok()?;
            // As it is in this turn: a seed that is added may let a part of it in again.
            let exclusion = self.frontier.exclusion(reason)?;
            let hits: Vec<&FrontierRow> =
                rows.iter().filter(|row| exclusion.holds(&row.url)).collect();
            let gone = self.frontier.exclude_rows(reason, &hits)?;
            if gone > 0 {
                turn.flushed().await?;
            }
            after = rows.last()?.id;
        }
    }

    /// `None` when the crawl is stopping, or the rows shall be skipped after all.
    async fn restore_rows(&self, reason: &str, ticket: u64, shown: &ShownExclusion) -> Option<()> {
        let Storage { crawl, store, .. } = &*self.storage;
        let mut after = page_id(*crawl, 0);
        loop {
            self.wait_for_room().await?;
            let turn = DiskTurn::take(self).await?;
            let read = || store.skipped_because(*crawl, reason, after, ROWS_PER_READ);
            let rows = self.read("what was skipped", read).await.ok()?;
            let Some(last) = rows.last() else { return Some(()) };
            after = last.id;
            let count = self.frontier.restore_rows(ticket, rows)?;
            self.change(shown, |progress| progress.urls += count);
            turn.flushed().await?;
        }
    }

    /// Waits until the host queues have room for restored URLs; `None` when the crawl is stopping.
    async fn wait_for_room(&self) -> Option<()> {
        while !self.frontier.has_room_to_restore() {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
                () = self.flow.queue.closed() => return None,
            }
        }
        Some(())
    }
}

/// What was done that left rows with `reason`.
fn what_left(reason: &str) -> String {
    if let Some(pattern) = reason.strip_prefix(&excluded_reason("")) {
        format!("exclude {pattern}")
    } else if let Some(url) = reason.strip_prefix(&undone_seed_reason("")) {
        format!("no longer seed {url}")
    } else if let Some(host) = skipped_host_of(reason) {
        format!("skip all URLs of {host}")
    } else {
        reason.to_owned()
    }
}

/// Exclusive use of the rows on disk, as they are after all that was handed in before.
struct DiskTurn<'a> {
    frontier: &'a Frontier,
    flow: &'a Flow,
    _disk: MutexGuard<'a, ()>,
}

impl<'a> DiskTurn<'a> {
    /// Waits for it; `None` when the crawl is stopping.
    async fn take(tasks: &'a ExclusionTasks) -> Option<Self> {
        let (frontier, flow) = (&*tasks.frontier, &*tasks.flow);
        let disk = tokio::select! {
            disk = tasks.storage.disk.lock() => disk,
            () = flow.queue.closed() => return None,
        };
        frontier.pause_refills();
        let turn = Self { frontier, flow, _disk: disk };
        turn.flushed().await?;
        Some(turn)
    }

    /// Waits until all that was handed in is committed; `None` when the crawl is stopping.
    async fn flushed(&self) -> Option<()> {
        tokio::select! {
            () = self.frontier.flushed() => Some(()),
            () = self.flow.queue.closed() => None,
        }
    }
}

impl Drop for DiskTurn<'_> {
    fn drop(&mut self) {
        self.frontier.resume_refills();
    }
}
