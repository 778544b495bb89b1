//! A worker: takes one URL after another from the queue and fetches it. A panic is a failed page,
//! not a dead crawl.

use std::sync::Arc;

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::fetch_one;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::panics;
use crate::settings::faults::PanicPoint;

/// Times in a row that a worker may panic between two URLs before the crawl stops.
const PANICS_IN_A_ROW: u32 = 3;

/// Sets how many workers there should be: missing ones start at once, surplus ones leave
/// when their page is done.
pub fn resize(context: &Arc<CrawlContext>, workers: u32) {
    for slot in context.flow.workers.resize(workers) {
        let worker = occupy(Arc::clone(context), slot);
        context.tasks.spawn("a worker", context.loop_delay.watch(worker));
    }
}

/// Keeps a slot occupied: a worker that panics between two URLs is replaced.
async fn occupy(context: Arc<CrawlContext>, slot: Arc<WorkerSlot>) {
    let (mut panicked, mut pages) = (0, slot.pages_done());
    loop {
        let panic = match panics::caught(run(&context, &slot)).await {
            Ok(Leave::Surplus) => return,
            Ok(Leave::Closed) => break,
            Err(panic) => panic,
        };
        if slot.pages_done() > pages {
            (panicked, pages) = (0, slot.pages_done());
        }
        panicked += 1;
        if panicked >= PANICS_IN_A_ROW {
            context.storage.saver.task_panicked("a worker", &panic);
            break;
        }
        tracing::error!("a worker panicked and is replaced: {panic}");
    }
    context.flow.workers.leave(&slot);
}

/// Why a worker leaves.
enum Leave {
    /// There are too many; its slot is free already, and may have another by now.
    Surplus,
    /// The queue is closed.
    Closed,
}

async fn run(context: &Arc<CrawlContext>, slot: &Arc<WorkerSlot>) -> Leave {
    let flow = &context.flow;
    let mut target = flow.workers.target();
    let mut paused = context.signals.paused.subscribe();
    loop {
        context.signals.panic_points.pass(PanicPoint::WorkerLoop);
        if flow.workers.leave_if_surplus(slot) {
            return Leave::Surplus;
        }
        if *paused.borrow_and_update() {
            slot.enter(WorkerState::Paused);
            tokio::select! {
                _ = paused.changed() => {}
                _ = target.changed() => {}
                () = flow.queue.closed() => return Leave::Closed,
            }
            continue;
        }
        slot.enter(WorkerState::Idle);
        let task = tokio::select! {
            task = flow.queue.pop() => task,
            _ = target.changed() => continue,
            _ = paused.changed() => continue,
        };
        let Some(task) = task else { return Leave::Closed };
        fetch_one::run(context, slot, task).await;
        slot.page_done();
    }
}
