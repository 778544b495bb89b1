//! The producer: takes eligible URLs from the frontier and puts them into the bounded queue.
//!
//! Its wait for room in the queue *is* the backpressure that the dashboard shows. Politeness
//! towards hosts is kept here, so no stage downstream waits for it.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use crate::crawl::frontier::{Frontier, Next};
use crate::crawl::hosts::UrlTask;
use crate::crawl::pipeline::database_calls::DatabaseCall;
use crate::crawl::pipeline::flow::{Flow, ProducerState};
use crate::crawl::pipeline::queue::PushError;
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::{RETRY_READ_AFTER, Storage};
use crate::model::ids::{PageId, host_id};
use crate::settings::faults::PanicPoint;

/// What the producer works with.
#[derive(Clone)]
pub struct Producer {
    /// Where URLs come from.
    pub frontier: Arc<Frontier>,
    /// Where they go.
    pub flow: Arc<Flow>,
    /// Where hosts are refilled from.
    pub storage: Arc<Storage>,
    /// Pause and stop.
    pub signals: Arc<Signals>,
}

fn enter(flow: &Flow, state: ProducerState) {
    flow.producer_clock.enter(state as usize);
}

/// Runs until the queue is closed.
pub async fn run(producer: Producer) {
    let Producer { frontier, flow, storage: _, signals } = &producer;
    let mut paused = signals.paused.subscribe();
    loop {
        if *paused.borrow_and_update() {
            enter(flow, ProducerState::Paused);
            tokio::select! {
                _ = paused.changed() => {}
                () = signals.abort.cancelled() => return,
                () = flow.queue.closed() => return,
            }
            continue;
        }
        enter(flow, ProducerState::Busy);
        signals.panic_points.pass(PanicPoint::Producer);
        let changed = frontier.changed();
        match frontier.next(Instant::now()) {
            Next::UrlTask(task) => {
                if !hand_out(flow, task).await {
                    return;
                }
            }
            Next::Retry => tokio::task::yield_now().await,
            Next::Refill { host, after, limit, commits } => {
                refill(&producer, &host, after, limit, commits).await;
            }
            Next::Wait { throttled, due } => {
                let state = if throttled { ProducerState::Throttled } else { ProducerState::Idle };
                enter(flow, state);
                tokio::select! {
                    () = changed => {}
                    () = wait_until(due) => {}
                    _ = paused.changed() => {}
                    () = flow.queue.closed() => return,
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
async fn hand_out(flow: &Flow, task: Box<UrlTask>) -> bool {
    let mut task = task;
    loop {
        match flow.queue.try_push(task) {
            Ok(()) => return true,
            Err(PushError::Closed(_)) => return false,
            Err(PushError::Full(back)) => {
                task = back;
                enter(flow, ProducerState::Blocked);
                flow.queue.room().await;
                enter(flow, ProducerState::Busy);
            }
        }
    }
}

async fn refill(producer: &Producer, host: &str, after: PageId, limit: u32, commits: u64) {
    let Producer { frontier, flow, storage, signals } = producer;
    let _disk = tokio::select! {
        disk = storage.disk.lock() => disk,
        () = flow.queue.closed() => return,
    };
    let rows = storage.store.frontier_of_host(storage.crawl, host_id(host), after, limit);
    let read = tokio::select! {
        read = storage.call(DatabaseCall::read("the frontier"), rows) => read,
        () = flow.queue.closed() => return,
    };
    match read {
        Ok(rows) => {
            storage.saver.could_read();
            let now_ms = jiff::Timestamp::now().as_millisecond();
            frontier.refilled(host, rows, commits, Instant::now(), now_ms);
        }
        Err(error) => {
            storage.saver.cannot_read("the frontier", &error, signals.at_s());
            frontier.not_refilled(host);
            enter(flow, ProducerState::Throttled);
            tokio::select! {
                () = tokio::time::sleep(RETRY_READ_AFTER) => {}
                () = signals.abort.cancelled() => {}
                () = flow.queue.closed() => {}
            }
        }
    }
}
