//! The gate: a semaphore of P permits whose limit changes while it is in use, exactly.
//!
//! `Semaphore::forget_permits` takes only permits that are free now, so under load it takes
//! none. Here limit and debt stand under one small lock: a cut forgets what is free and owes
//! the rest; a permit given back pays debt first; a rise pays debt first and adds the rest.
//! Nobody polls: waiters sleep in tokio's queue.
//!
//! Books: `free + in_use - debt == limit`, always.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use crate::crawl::protocol::snapshot::GateView;
use crate::lock::Lock;

#[derive(Debug)]
struct Books {
    limit: u32,
    /// Permits held beyond the limit: to be swallowed when they come back.
    debt: u32,
}

/// A resizable semaphore.
#[derive(Debug)]
pub struct Gate {
    free: Semaphore,
    books: Mutex<Books>,
    waiting: AtomicU32,
}

/// The right to one request in flight; given back on drop.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
}

/// Counts a waiter for as long as it waits, also when its future is dropped.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Gate {
    /// A gate of `limit` permits.
    #[must_use]
    pub fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            free: Semaphore::new(limit as usize),
            books: Mutex::new(Books { limit, debt: 0 }),
            waiting: AtomicU32::new(0),
        })
    }

    /// Takes a permit if one is free now.
    #[must_use]
    pub fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let permit = self.free.try_acquire().ok()?;
        permit.forget();
        self.settle()
    }

    /// Waits for a permit, first come, first served. Dropping the future leaves the queue.
    pub async fn acquire(self: &Arc<Self>) -> Permit {
        loop {
            if let Some(permit) = self.try_acquire() {
                return permit;
            }
            self.waiting.fetch_add(1, Relaxed);
            let waiting = Waiting(&self.waiting);
            let Ok(permit) = self.free.acquire().await else {
                // The semaphore is private and never closed.
                unreachable!("the gate's semaphore is never closed")
            };
            permit.forget();
            drop(waiting);
            if let Some(permit) = self.settle() {
                return permit;
            }
        }
    }

    /// A permit that tokio handed over before a cut must not start a request after it: it pays
    /// debt instead.
    fn settle(self: &Arc<Self>) -> Option<Permit> {
        let mut books = self.books.locked();
        if books.debt > 0 {
            books.debt -= 1;
            return None;
        }
        drop(books);
        Some(Permit { gate: Arc::clone(self) })
    }

    /// Changes the limit, at once for those who wait; permits already held run out.
    pub fn resize(&self, limit: u32) {
        let mut books = self.books.locked();
        if limit >= books.limit {
            let rise = limit - books.limit;
            let paid = rise.min(books.debt);
            books.debt -= paid;
            self.free.add_permits((rise - paid) as usize);
        } else {
            let cut = books.limit - limit;
            let taken = self.free.forget_permits(cut as usize) as u32;
            books.debt += cut - taken;
        }
        books.limit = limit;
    }

    fn give_back(&self) {
        let mut books = self.books.locked();
        if books.debt > 0 {
            books.debt -= 1;
        } else {
            self.free.add_permits(1);
        }
    }

    /// Limit, use, debt and waiters at one moment.
    #[must_use]
    pub fn view(&self) -> GateView {
        let books = self.books.locked();
        let free = self.free.available_permits() as u32;
        GateView {
            limit: books.limit,
            in_use: (books.limit + books.debt).saturating_sub(free),
            draining: books.debt,
            waiting: self.waiting.load(Relaxed),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shrink_while_full_then_regrow() {
        let gate = Gate::new(50);
        let mut held: Vec<_> = (0..50).filter_map(|_| gate.try_acquire()).collect();
        gate.resize(10);
        assert_eq!(gate.view(), GateView { limit: 10, in_use: 50, draining: 40, waiting: 0 });
        held.truncate(10);
        assert_eq!(gate.view(), GateView { limit: 10, in_use: 10, draining: 0, waiting: 0 });
        assert!(gate.try_acquire().is_none());
        gate.resize(50);
        assert_eq!((0..100).map_while(|_| gate.try_acquire()).map(|p| held.push(p)).count(), 40);
        assert_eq!(gate.view(), GateView { limit: 50, in_use: 50, draining: 0, waiting: 0 });
    }

    #[tokio::test]
    async fn a_rise_pays_debt_before_it_adds() {
        let gate = Gate::new(5);
        let held: Vec<_> = (0..5).filter_map(|_| gate.try_acquire()).collect();
        gate.resize(1);
        gate.resize(3);
        assert_eq!(gate.view().draining, 2);
        assert!(gate.try_acquire().is_none());
        drop(held);
        assert_eq!(gate.view(), GateView { limit: 3, in_use: 0, draining: 0, waiting: 0 });
    }
}
