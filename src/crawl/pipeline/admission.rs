//! Admission: what a request waits for before it starts: the rate, then a permit.

use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::crawl::tuning::request_meter::MeteredRequest;
use crate::semaphore::Permit;

/// A permit in use: the request is in flight until this is dropped.
#[derive(Debug)]
pub struct AdmittedRequest<'a> {
    // Dropped in this order: it is in flight no longer when another one gets its permit.
    _metered: MeteredRequest<'a>,
    _permit: Permit,
}

/// Waits for a permit and for the rate; while the crawl is paused nothing starts, and nothing
/// any more (`None`) once it is stopping.
pub async fn admission<'a>(
    flow: &'a Flow,
    signals: &Signals,
    slot: &WorkerSlot,
) -> Option<AdmittedRequest<'a>> {
    let permit = tokio::select! {
        permit = permit(flow, signals, slot) => permit,
        () = flow.queue.closed() => return None,
    };
    let admitted = || AdmittedRequest { _metered: flow.requests.begin(), _permit: permit };
    (!flow.queue.is_closed()).then(admitted)
}

async fn permit(flow: &Flow, signals: &Signals, slot: &WorkerSlot) -> Permit {
    let mut paused = signals.paused.subscribe();
    loop {
        if *paused.borrow_and_update() {
            slot.enter(WorkerState::Paused);
            // The sender lives as long as `signals`, so this ends with a change.
            let _ = paused.changed().await;
            continue;
        }
        tokio::select! {
            permit = start(flow, slot) => {
                if !*paused.borrow() {
                    return permit;
                }
            }
            _ = paused.changed() => {}
        }
    }
}

/// Waits for the turn in the line of the rate, then for a permit, so that no worker holds a permit
/// before it may start.
async fn start(flow: &Flow, slot: &WorkerSlot) -> Permit {
    loop {
        let turn = if flow.rate.limited() {
            slot.enter(WorkerState::Rate);
            flow.rate.turn().await
        } else {
            None
        };
        let permit = if let Some(permit) = flow.gate.try_acquire() {
            permit
        } else {
            slot.enter(WorkerState::Permit);
            flow.gate.acquire().await
        };
        match turn {
            Some(turn) => turn.take(),
            // A rate was set while this one waited for its permit.
            None if flow.rate.limited() => continue,
            None => {}
        }
        return permit;
    }
}
