//! A semaphore whose limit changes while it is in use, exactly. It knows no room of the crate.
//!
//! `Semaphore::forget_permits` of tokio takes only units that are free now, so under load it takes
//! none. Here limit and debt stand under one small lock: a cut forgets what is free and owes
//! the rest; a unit given back pays debt first; a rise pays debt first and adds the rest.
//! Nobody polls, and waiters are served first come, first served. Those of [`ResizableSemaphore::acquire`]
//! sleep in tokio's queue. Those of [`ResizableSemaphore::take`] want several units: tokio would reserve free
//! units for the first of them, which the view would count as used, so they queue for a lock and
//! the first of them tries again at each change. One semaphore serves one of the two kinds.
//!
//! Invariant: `free + in_use - debt == limit`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

#[derive(Debug)]
struct UnitCounts {
    limit: u32,
    /// Units held beyond the limit: to be swallowed when they come back.
    debt: u32,
}

/// Limit, use, debt and waiters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemaphoreView {
    /// Units there should be.
    pub limit: u32,
    /// Units held.
    pub in_use: u32,
    /// Units held beyond the limit after a cut.
    pub draining: u32,
    /// Tasks that wait.
    pub waiting: u32,
}

/// A semaphore with a limit that can be changed.
#[derive(Debug)]
pub struct ResizableSemaphore {
    free: Semaphore,
    counts: Mutex<UnitCounts>,
    waiting: AtomicU32,
    /// Held by the first waiter of [`Self::take`]; the others queue for it.
    turn: tokio::sync::Mutex<()>,
    /// Units came back, or the limit changed.
    changed: Notify,
}

/// One unit; given back on drop.
#[derive(Debug)]
pub struct Permit {
    semaphore: Arc<ResizableSemaphore>,
}

/// Counts a waiter for as long as it waits, also when its future is dropped.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl ResizableSemaphore {
    /// A semaphore of `limit` units.
    #[must_use]
    pub fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            free: Semaphore::new(limit as usize),
            counts: Mutex::new(UnitCounts { limit, debt: 0 }),
            waiting: AtomicU32::new(0),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        })
    }

    fn counts(&self) -> MutexGuard<'_, UnitCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit if one is free now.
    #[must_use]
    pub fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        self.try_take_exactly(1).then(|| Permit { semaphore: Arc::clone(self) })
    }

    /// Waits for a permit, first come, first served. Dropping the future leaves the queue.
    pub async fn acquire(self: &Arc<Self>) -> Permit {
        while !self.try_take_exactly(1) {
            if self.wait().await {
                break;
            }
        }
        Permit { semaphore: Arc::clone(self) }
    }

    /// Takes `wanted` units, or all there are if the limit is smaller; `None` when they are not free
    /// now or another task waits. What it returns must be given back by [`Self::give_back`].
    #[must_use]
    pub fn try_take(&self, wanted: u32) -> Option<u32> {
        let _turn = self.turn.try_lock().ok()?;
        let units = self.up_to_limit(wanted);
        self.try_take_exactly(units).then_some(units)
    }

    /// Waits for `wanted` units, or for all there are if the limit is or becomes smaller; returns
    /// how many were taken. Dropping the future takes nothing.
    pub async fn take(&self, wanted: u32) -> u32 {
        let _turn = self.turn.lock().await;
        loop {
            let units = self.up_to_limit(wanted);
            if self.try_take_exactly(units) {
                return units;
            }
            // One task waits at a time, and a change before it waits is not lost.
            self.changed.notified().await;
        }
    }

    fn up_to_limit(&self, wanted: u32) -> u32 {
        wanted.min(self.counts().limit.max(1))
    }

    fn try_take_exactly(&self, units: u32) -> bool {
        let Ok(permit) = self.free.try_acquire_many(units) else { return false };
        permit.forget();
        self.settle(units)
    }

    /// Waits in line for one unit; false when it paid debt instead.
    async fn wait(&self) -> bool {
        self.waiting.fetch_add(1, Relaxed);
        let waiting = Waiting(&self.waiting);
        let Ok(permit) = self.free.acquire().await else {
            // The semaphore is private and never closed.
            unreachable!("the semaphore is never closed")
        };
        permit.forget();
        drop(waiting);
        self.settle(1)
    }

    /// Units that tokio handed over before a cut must not be used after it: they pay debt instead,
    /// and those that are left are free.
    fn settle(&self, units: u32) -> bool {
        let mut counts = self.counts();
        if counts.debt == 0 {
            return true;
        }
        self.return_units(&mut counts, units);
        false
    }

    fn return_units(&self, counts: &mut UnitCounts, units: u32) {
        let paid = units.min(counts.debt);
        counts.debt -= paid;
        if units > paid {
            self.free.add_permits((units - paid) as usize);
        }
    }

    /// Gives back units that were taken.
    pub fn give_back(&self, units: u32) {
        self.return_units(&mut self.counts(), units);
        self.changed.notify_one();
    }

    /// Changes the limit, at once for waiters; units already held stay held until they are given back.
    pub fn resize(&self, limit: u32) {
        let mut counts = self.counts();
        if limit < counts.limit {
            let cut = counts.limit - limit;
            let taken = self.free.forget_permits(cut as usize) as u32;
            counts.debt += cut - taken;
        } else {
            let rise = limit - counts.limit;
            let paid = rise.min(counts.debt);
            counts.debt -= paid;
            self.free.add_permits((rise - paid) as usize);
        }
        counts.limit = limit;
        drop(counts);
        self.changed.notify_one();
    }

    /// Limit, use, debt and waiters at one moment.
    #[must_use]
    pub fn view(&self) -> SemaphoreView {
        let counts = self.counts();
        let free = self.free.available_permits() as u32;
        SemaphoreView {
            limit: counts.limit,
            in_use: (counts.limit + counts.debt).saturating_sub(free),
            draining: counts.debt,
            waiting: self.waiting.load(Relaxed),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.give_back(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(limit: u32, in_use: u32, draining: u32) -> SemaphoreView {
        SemaphoreView { limit, in_use, draining, waiting: 0 }
    }

    #[tokio::test]
    async fn shrink_while_full_then_regrow() {
        let gate = ResizableSemaphore::new(50);
        let mut held: Vec<_> = (0..50).filter_map(|_| gate.try_acquire()).collect();
        gate.resize(10);
        assert_eq!(gate.view(), view(10, 50, 40));
        held.truncate(10);
        assert_eq!(gate.view(), view(10, 10, 0));
        assert!(gate.try_acquire().is_none());
        gate.resize(50);
        assert_eq!((0..100).map_while(|_| gate.try_acquire()).map(|p| held.push(p)).count(), 40);
        assert_eq!(gate.view(), view(50, 50, 0));
    }

    #[tokio::test]
    async fn a_rise_pays_debt_before_it_adds() {
        let gate = ResizableSemaphore::new(5);
        let held: Vec<_> = (0..5).filter_map(|_| gate.try_acquire()).collect();
        gate.resize(1);
        gate.resize(3);
        assert_eq!(gate.view().draining, 2);
        assert!(gate.try_acquire().is_none());
        drop(held);
        assert_eq!(gate.view(), view(3, 0, 0));
    }

    #[tokio::test]
    async fn what_is_heavier_than_the_limit_goes_alone() {
        let budget = ResizableSemaphore::new(8);
        assert_eq!(budget.try_take(3), Some(3));
        assert_eq!(budget.try_take(100), None);
        let heavy = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(100).await }
        });
        tokio::task::yield_now().await;
        // A waiter is never overtaken.
        assert_eq!(budget.try_take(1), None);
        budget.give_back(3);
        assert_eq!(heavy.await.expect("taken"), 8);
        assert_eq!(budget.view(), view(8, 8, 0));
    }

    #[tokio::test]
    async fn a_limit_that_is_cut_holds_those_who_come_and_those_who_wait_fit_into_it() {
        let budget = ResizableSemaphore::new(100);
        assert_eq!(budget.try_take(60), Some(60));
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(50).await }
        });
        tokio::task::yield_now().await;
        budget.resize(10);
        budget.give_back(55);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        budget.give_back(5);
        assert_eq!(waiting.await.expect("taken"), 10);
        budget.resize(100);
        assert_eq!(budget.try_take(90), Some(90));
    }

    #[tokio::test]
    async fn a_waiter_for_several_units_counts_nothing_as_used_and_sees_a_raised_limit() {
        let budget = ResizableSemaphore::new(64);
        assert_eq!(budget.try_take(30), Some(30));
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(100).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(budget.view(), view(64, 30, 0));
        budget.resize(200);
        assert_eq!(waiting.await.expect("taken"), 100);
        assert_eq!(budget.view(), view(200, 130, 0));
    }
}
