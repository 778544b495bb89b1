//! The budget: how much may wait for the saver, in KiB; its limit changes while it is in use.
//!
//! First come, first served. What is heavier than the limit takes all of it: it waits until nothing
//! else is left, and goes.

use std::sync::Mutex;

use tokio::sync::Notify;

use crate::lock::Lock;

#[derive(Debug)]
struct Books {
    limit: u32,
    used: u32,
}

/// Room in the saver's buffer.
#[derive(Debug)]
pub struct Budget {
    books: Mutex<Books>,
    /// Held by the first who waits; the others queue for it.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

impl Budget {
    /// Room for `limit` KiB.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            books: Mutex::new(Books { limit, used: 0 }),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Takes room now, if there is some and nobody waits for it; how much was taken.
    #[must_use]
    pub fn try_take(&self, kib: u32) -> Option<u32> {
        let _turn = self.turn.try_lock().ok()?;
        self.books.locked().take(kib)
    }

    /// Takes room, waiting for it; how much was taken. Dropping the future takes nothing.
    pub async fn take(&self, kib: u32) -> u32 {
        let _turn = self.turn.lock().await;
        loop {
            if let Some(taken) = self.books.locked().take(kib) {
                return taken;
            }
            // One waits at a time, and a change before it waits is not lost.
            self.changed.notified().await;
        }
    }

    /// Gives back what was taken.
    pub fn give_back(&self, kib: u32) {
        let mut books = self.books.locked();
        books.used = books.used.saturating_sub(kib);
        drop(books);
        self.changed.notify_one();
    }

    /// Changes the limit; what is taken stays taken.
    pub fn resize(&self, limit: u32) {
        self.books.locked().limit = limit;
        self.changed.notify_one();
    }

    /// Taken, and at most, in KiB.
    #[must_use]
    pub fn view(&self) -> (u32, u32) {
        let books = self.books.locked();
        (books.used, books.limit)
    }
}

impl Books {
    fn take(&mut self, kib: u32) -> Option<u32> {
        let kib = kib.min(self.limit);
        let fits = self.used.saturating_add(kib) <= self.limit;
        if fits {
            self.used += kib;
        }
        fits.then_some(kib)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn what_is_heavier_than_the_limit_goes_alone() {
        let budget = Arc::new(Budget::new(8));
        assert_eq!(budget.try_take(3), Some(3));
        assert_eq!(budget.try_take(100), None);
        let heavy = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(100).await }
        });
        tokio::task::yield_now().await;
        // Nobody overtakes who waits.
        assert_eq!(budget.try_take(1), None);
        budget.give_back(3);
        assert_eq!(heavy.await.expect("taken"), 8);
        assert_eq!(budget.view(), (8, 8));
    }

    #[tokio::test]
    async fn a_limit_that_is_cut_holds_those_who_come_and_those_who_wait_fit_into_it() {
        let budget = Arc::new(Budget::new(100));
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
}
