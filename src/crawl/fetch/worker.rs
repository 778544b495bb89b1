//! A worker: takes one URL after another from the queue and fetches it. A panic is a failed page,
//! not a dead crawl.

use std::sync::Arc;

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::fetch_one;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::settings::faults::PanicPoint;

/// Sets how many workers there should be: missing ones start at once, surplus ones leave
/// when their page is done.
pub fn resize(context: &Arc<CrawlContext>, workers: u32) {
    for slot in context.flow.workers.resize(workers) {
        let worker = run(Arc::clone(context), slot);
        context.tasks.spawn("a worker", context.loop_delay.watch(worker));
    }
}

async fn run(context: Arc<CrawlContext>, slot: Arc<WorkerSlot>) {
    let flow = &context.flow;
    let _present = Present { flow, slot: &slot };
    let mut target = flow.workers.target();
    let mut paused = context.signals.paused.subscribe();
    loop {
        context.signals.panic_points.pass(PanicPoint::WorkerLoop);
        if flow.workers.leave_if_surplus(&slot) {
            return;
        }
        if *paused.borrow_and_update() {
            slot.enter(WorkerState::Paused);
            tokio::select! {
                _ = paused.changed() => {}
                _ = target.changed() => {}
                () = flow.queue.closed() => break,
            }
            continue;
        }
        slot.enter(WorkerState::Idle);
        let task = tokio::select! {
            task = flow.queue.pop() => task,
            _ = target.changed() => continue,
            _ = paused.changed() => continue,
        };
        let Some(task) = task else { break };
        fetch_one::run(&context, &slot, task).await;
        slot.page_done();
    }
}

/// Gives the slot of a worker back, however it ends.
struct Present<'a> {
    flow: &'a Flow,
    slot: &'a WorkerSlot,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.flow.workers.leave(self.slot);
    }
}
