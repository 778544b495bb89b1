//! The tuning gauge: reads, ten times a second, what the autopilot and the measured table are fed with.

use std::time::Duration;

use tokio::runtime::Handle;

use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::protocol::snapshot::{OverloadKind, RunState, Snapshot, WorkerState};
use crate::crawl::tuning::finished_requests::FinishedRequests;
use crate::crawl::tuning::reading::{Pressure, TuningReading};
use crate::semaphore::SemaphoreView;

/// Share of the workers that wait for room in the saver's buffer from which on the saver cannot keep up.
const BLOCKED_WORKERS: f64 = 0.1;

/// Reads what requests ended with and what holds requests back.
#[derive(Debug, Default)]
pub(super) struct TuningGauge {
    finished: FinishedRequests,
    at_s: f64,
    busy: Duration,
}

/// Time that the threads of the event loop were busy, in sum, and how many there are.
fn loop_busy() -> (Duration, usize) {
    let metrics = Handle::current().metrics();
    let threads = metrics.num_workers();
    ((0..threads).map(|thread| metrics.worker_total_busy_duration(thread)).sum(), threads)
}

impl TuningGauge {
    pub(super) fn new() -> Self {
        Self { finished: FinishedRequests::with_room(), ..Self::default() }
    }

    /// Reads everything; `last` is the last snapshot, `loop_delay` the worst delay before it.
    pub(super) fn read(
        &mut self,
        context: &CrawlContext,
        last: &Snapshot,
        loop_delay: Duration,
    ) -> TuningReading<'_> {
        let flow = &context.flow;
        let at = context.signals.at_s();
        let (busy, threads) = loop_busy();
        let time = (at - self.at_s).max(1e-3) * threads.max(1) as f64;
        let loop_share = (busy.saturating_sub(self.busy).as_secs_f64() / time).min(1.0);
        (self.at_s, self.busy) = (at, busy);
        let (in_flight, in_flight_seconds) = flow.requests.take(&mut self.finished);
        let mut pressure = pressure(context, last);
        pressure.loop_delay = loop_delay.as_secs_f64();
        pressure.cpu = loop_share.max(cpu_share(last));
        TuningReading {
            at,
            in_flight,
            in_flight_seconds,
            finished: &self.finished,
            active_hosts: context.frontier.active_hosts(),
            pressure,
        }
    }
}

/// Share of the processor that this process used or waited for in the last second.
fn cpu_share(last: &Snapshot) -> f64 {
    let process = &last.process;
    let percent = f64::from(process.cpu_percent + process.cpu_wait_percent);
    (percent / 100.0 / f64::from(process.cores.max(1))).min(1.0)
}

/// What holds requests back other than permits.
fn pressure(context: &CrawlContext, last: &Snapshot) -> Pressure {
    let flow = &context.flow;
    let SemaphoreView { limit, in_use, waiting, .. } = flow.gate.view();
    let is_free = in_use < limit && waiting == 0;
    let workers = last.workers.len();
    let in_state = |state| last.workers.iter().filter(|worker| worker.state == state).count();
    let idle = in_state(WorkerState::Idle);
    let rate_limited = is_free && flow.rate.has_waiters();
    let has_urls = flow.queue.view().len > 0;
    let blocked = in_state(WorkerState::Blocked) as f64 > BLOCKED_WORKERS * workers as f64;
    let behind = last.overloads.iter().any(|overload| overload.what == OverloadKind::Saver);
    Pressure {
        starved: last.run == RunState::Paused || is_free && !rate_limited && !has_urls && idle > 0,
        rate_limited,
        workers_full: workers > 0 && idle == 0,
        saver_full: blocked || behind,
        throttled: limit < last.dials.permits,
        ..Pressure::default()
    }
}
