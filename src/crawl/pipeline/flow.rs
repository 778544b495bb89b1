//! What URLs flow through on their way to a request: the bounded queue, the rate, the gate of
//! permits, the workers and the parse threads.

use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::hosts::UrlTask;
use crate::crawl::measure::stage_clock::StageClock;
use crate::crawl::measure::start_levels::StartLevels;
use crate::crawl::pipeline::queue::Queue;
use crate::crawl::pipeline::rate::Rate;
use crate::crawl::pipeline::worker_slots::WorkerSlots;
use crate::crawl::tuning::request_meter::RequestMeter;
use crate::semaphore::ResizableSemaphore;
use crate::settings::dials::Dials;

/// States of the producer's clock, in this order.
#[derive(Debug, Clone, Copy)]
pub enum ProducerState {
    /// The frontier has nothing to take.
    Idle,
    /// All that waits must wait longer.
    Throttled,
    /// Choosing.
    Busy,
    /// The queue is full.
    Blocked,
    /// Paused.
    Paused,
}

/// The part of the pipeline from the producer to the request; the control task resizes it.
#[derive(Debug)]
pub struct Flow {
    /// Producer → workers.
    pub queue: Queue<Box<UrlTask>>,
    /// Permits: requests in flight.
    pub gate: Arc<ResizableSemaphore>,
    /// What is in flight, and what ended.
    pub requests: RequestMeter,
    /// Latencies by how many requests were in flight.
    pub start_levels: StartLevels,
    /// Whole-crawl rate.
    pub rate: Rate,
    /// Threads for parsing large bodies.
    pub parse_gate: Arc<ResizableSemaphore>,
    /// Workers.
    pub workers: WorkerSlots,
    /// The producer's clock.
    pub producer_clock: StageClock<5>,
}

impl Flow {
    /// A pipeline with these dials, still without workers, of a run that began at `start`.
    #[must_use]
    pub fn new(dials: &Dials, start: Instant) -> Self {
        Self {
            queue: Queue::new(dials.queue),
            gate: ResizableSemaphore::new(dials.permits),
            requests: RequestMeter::new(start),
            start_levels: StartLevels::default(),
            rate: Rate::new(dials.rate),
            parse_gate: ResizableSemaphore::new(dials.parse_threads),
            workers: WorkerSlots::default(),
            producer_clock: StageClock::new(ProducerState::Idle as usize),
        }
    }
}
