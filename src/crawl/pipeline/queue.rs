//! The bounded queue between producer and workers; its capacity changes while it is in use.
//!
//! Wake-ups are level-triggered: a task that wakes checks the state again.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::crawl::protocol::snapshot::QueueView;
use crate::lock::Lock;

#[derive(Debug)]
struct QueueState<T> {
    items: VecDeque<T>,
    pushed: u64,
    capacity: usize,
    closed: bool,
}

/// A bounded queue: one producer, many workers.
#[derive(Debug)]
pub struct Queue<T> {
    state: Mutex<QueueState<T>>,
    item: Notify,
    room: Notify,
    shut: Notify,
}

/// Why an item was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum PushError<T> {
    /// The queue is full; here is the item back.
    Full(T),
    /// The queue is closed; here is the item back.
    Closed(T),
}

impl<T> Queue<T> {
    /// A queue of at most `capacity` items.
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        Self {
            state: Mutex::new(QueueState {
                items: VecDeque::new(),
                pushed: 0,
                capacity: capacity as usize,
                closed: false,
            }),
            item: Notify::new(),
            room: Notify::new(),
            shut: Notify::new(),
        }
    }

    /// Puts an item in, if there is room.
    ///
    /// # Errors
    /// The item, when the queue is full or closed.
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        let mut state = self.state.locked();
        if state.closed {
            return Err(PushError::Closed(item));
        }
        if state.items.len() >= state.capacity {
            return Err(PushError::Full(item));
        }
        state.items.push_back(item);
        state.pushed += 1;
        drop(state);
        self.item.notify_one();
        Ok(())
    }

    /// Returns when there is room, or when the queue is closed. Only the producer waits here.
    pub async fn room(&self) {
        loop {
            let woken = self.room.notified();
            {
                let state = self.state.locked();
                if state.closed || state.items.len() < state.capacity {
                    return;
                }
            }
            woken.await;
        }
    }

    /// Takes an item if there is one.
    pub fn try_pop(&self) -> Option<T> {
        let mut state = self.state.locked();
        let item = state.items.pop_front()?;
        let room = state.items.len() < state.capacity;
        drop(state);
        if room {
            self.room.notify_one();
        }
        Some(item)
    }

    /// Waits for an item; `None` when the queue is closed. Dropping the future loses nothing.
    pub async fn pop(&self) -> Option<T> {
        loop {
            let mut woken = pin!(self.item.notified());
            // In line before looking: of two who look and find nothing, each gets a wake-up.
            woken.as_mut().enable();
            if self.state.locked().closed {
                return None;
            }
            if let Some(item) = self.try_pop() {
                return Some(item);
            }
            woken.await;
        }
    }

    /// Changes the capacity. What is in the queue beyond it stays until it is taken.
    pub fn resize(&self, capacity: u32) {
        self.state.locked().capacity = capacity as usize;
        self.room.notify_one();
    }

    /// Closes the queue for good; items still in it are dropped and waiters wake. The store
    /// knows those URLs, so a resumed crawl takes them up again.
    pub fn close(&self) {
        let mut state = self.state.locked();
        state.closed = true;
        state.items.clear();
        drop(state);
        self.item.notify_waiters();
        self.room.notify_waiters();
        self.room.notify_one();
        self.shut.notify_waiters();
    }

    /// Returns when the queue is closed.
    pub async fn closed(&self) {
        loop {
            let woken = self.shut.notified();
            if self.state.locked().closed {
                return;
            }
            woken.await;
        }
    }

    /// Items that came in, and those of them that were taken out.
    #[must_use]
    pub fn passed(&self) -> (u64, u64) {
        let state = self.state.locked();
        (state.pushed, state.pushed - state.items.len() as u64)
    }

    /// Level and capacity.
    #[must_use]
    pub fn view(&self) -> QueueView {
        let state = self.state.locked();
        QueueView { len: state.items.len() as u32, capacity: state.capacity as u32 }
    }

    /// Whether the queue is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.locked().closed
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.locked().items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn capacity_changes_while_the_producer_waits() {
        let queue = Arc::new(Queue::new(1));
        assert_eq!(queue.try_push(1), Ok(()));
        assert_eq!(queue.try_push(2), Err(PushError::Full(2)));
        let waiter = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        queue.resize(2);
        waiter.await.expect("the waiter wakes");
        assert_eq!(queue.try_push(2), Ok(()));
        queue.resize(1);
        assert_eq!(queue.view(), QueueView { len: 2, capacity: 1 });
        assert_eq!(queue.try_pop(), Some(1));
        assert_eq!(queue.try_push(3), Err(PushError::Full(3)));
        assert_eq!(queue.try_pop(), Some(2));
        assert_eq!(queue.try_push(3), Ok(()));
    }

    #[tokio::test]
    async fn closing_wakes_everyone_and_keeps_nothing() {
        let queue = Arc::new(Queue::new(4));
        let pop = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.pop().await }
        });
        tokio::task::yield_now().await;
        queue.close();
        assert_eq!(pop.await.expect("no panic"), None);
        assert_eq!(queue.try_push(1), Err(PushError::Closed(1)));
    }
}
