//! The producer: takes eligible URLs from the frontier and puts them into the bounded queue.
//!
//! Its wait for room in the queue *is* the backpressure that the dashboard shows. Politeness
//! towards hosts is kept here, so nobody downstream waits for it.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use crate::crawl::frontier::Next;
use crate::crawl::hosts::UrlTask;
use crate::crawl::pipeline::context::{CrawlContext, ProducerState, READ_AGAIN};
use crate::crawl::pipeline::queue::PushError;
use crate::model::ids::{PageId, host_id};

fn enter(shared: &CrawlContext, state: ProducerState) {
    shared.producer_clock.enter(state as usize);
}

/// Runs until the queue is closed.
pub async fn run(shared: Arc<CrawlContext>) {
    let mut paused = shared.paused.subscribe();
    loop {
        if *paused.borrow_and_update() {
            enter(&shared, ProducerState::Paused);
            tokio::select! {
                _ = paused.changed() => {}
                () = shared.abort.cancelled() => return,
                () = shared.queue.closed() => return,
            }
            continue;
        }
        enter(&shared, ProducerState::Busy);
        let changed = shared.frontier.changed();
        match shared.frontier.next(Instant::now()) {
            Next::UrlTask(entry) => {
                if !hand_out(&shared, entry).await {
                    return;
                }
            }
            Next::Retry => tokio::task::yield_now().await,
            Next::Refill { host, after, limit, commits } => {
                refill(&shared, &host, after, limit, commits).await;
            }
            Next::Wait { throttled, due } => {
                let state = if throttled { ProducerState::Throttled } else { ProducerState::Idle };
                enter(&shared, state);
                tokio::select! {
                    () = changed => {}
                    () = wait_until(due) => {}
                    _ = paused.changed() => {}
                    () = shared.queue.closed() => return,
                }
            }
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Waits for room and puts the URL in; false when the queue is closed.
async fn hand_out(shared: &CrawlContext, entry: Box<UrlTask>) -> bool {
    let mut entry = entry;
    loop {
        match shared.queue.try_push(entry) {
            Ok(()) => return true,
            Err(PushError::Closed(_)) => return false,
            Err(PushError::Full(back)) => {
                entry = back;
                enter(shared, ProducerState::Blocked);
                shared.queue.room().await;
                enter(shared, ProducerState::Busy);
            }
        }
    }
}

async fn refill(shared: &CrawlContext, host: &str, after: PageId, limit: u32, commits: u64) {
    let _disk = tokio::select! {
        disk = shared.disk.lock() => disk,
        () = shared.queue.closed() => return,
    };
    match shared.store.frontier_of_host(shared.crawl, host_id(host), after, limit).await {
        Ok(rows) => {
            shared.saver.could_read();
            let now_ms = jiff::Timestamp::now().as_millisecond();
            shared.frontier.refilled(host, rows, commits, Instant::now(), now_ms);
        }
        Err(error) => {
            shared.saver.cannot_read("the frontier", &error, shared.at_s());
            shared.frontier.not_refilled(host);
            enter(shared, ProducerState::Throttled);
            tokio::select! {
                () = tokio::time::sleep(READ_AGAIN) => {}
                () = shared.abort.cancelled() => {}
                () = shared.queue.closed() => {}
            }
        }
    }
}
