//! The pool of workers: it grows and shrinks while it runs.
//!
//! A surplus worker finishes its page and leaves at the loop's head; none is ever aborted by a
//! change of the dial. A panic in one worker is a failed page, not a dead crawl.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::crawl::fetch::fetch_one;
use crate::crawl::measure::stage_clock::{ABSENT, StageClock};
use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::protocol::snapshot::{WorkerState, WorkerView};
use crate::lock::Lock;
use crate::web::http::{Phase, PhaseSink};

/// One worker as others see it; written by that worker alone.
#[derive(Debug)]
pub struct Slot {
    id: u32,
    /// Its time by [`WorkerState`].
    pub clock: StageClock<9>,
    job: Mutex<Option<(Arc<str>, u32)>>,
    pages: AtomicU64,
}

impl Slot {
    fn new(id: u32) -> Self {
        Self { id, clock: StageClock::new(ABSENT), job: Mutex::new(None), pages: AtomicU64::new(0) }
    }

    /// Goes into a state.
    pub fn enter(&self, state: WorkerState) {
        self.clock.enter(state as usize);
    }

    /// Says what it works on: URL and attempt.
    pub fn work_on(&self, job: Option<(Arc<str>, u32)>) {
        *self.job.locked() = job;
    }
}

impl PhaseSink for Slot {
    fn phase(&self, phase: Phase) {
        let to = match phase {
            Phase::Connect => WorkerState::Connect,
            Phase::FirstByte => WorkerState::FirstByte,
            Phase::Body => WorkerState::Body,
        };
        // A connection that is opened in the background must not disturb a worker that has
        // moved on.
        let (now, _) = self.clock.state();
        let fetching = [WorkerState::Connect, WorkerState::FirstByte, WorkerState::Body];
        if now != to as usize && fetching.iter().any(|s| *s as usize == now) {
            self.clock.shift(now, to as usize);
        }
    }
}

#[derive(Debug, Default)]
struct Slots {
    all: Vec<(Arc<Slot>, bool)>,
}

/// The pool.
#[derive(Debug)]
pub struct Pool {
    slots: Mutex<Slots>,
    target: watch::Sender<u32>,
}

impl Default for Pool {
    fn default() -> Self {
        Self { slots: Mutex::default(), target: watch::Sender::new(0) }
    }
}

impl Pool {
    /// Sets how many workers there should be: missing ones start at once, surplus ones leave
    /// when their page is done.
    pub fn resize(shared: &Arc<CrawlContext>, workers: u32) {
        let pool = &shared.pool;
        let mut slots = pool.slots.locked();
        for id in 0..workers {
            if slots.all.len() <= id as usize {
                slots.all.push((Arc::new(Slot::new(id)), false));
            }
            let (slot, present) = &mut slots.all[id as usize];
            if !*present {
                *present = true;
                slot.enter(WorkerState::Idle);
                let worker = run(Arc::clone(shared), Arc::clone(slot));
                shared.crew.spawn(shared.stall.watch(worker));
            }
        }
        pool.target.send_replace(workers);
    }

    /// Whether this worker is surplus; if so it is struck off, and must leave.
    fn strike_off(&self, slot: &Slot) -> bool {
        let mut slots = self.slots.locked();
        let surplus = slot.id >= *self.target.borrow();
        if surplus {
            Self::absent(&mut slots, slot);
        }
        surplus
    }

    fn absent(slots: &mut Slots, slot: &Slot) {
        slot.work_on(None);
        slot.clock.enter(ABSENT);
        if let Some((_, present)) = slots.all.get_mut(slot.id as usize) {
            *present = false;
        }
    }

    /// Adds all workers' times by state to `sum`.
    pub fn add_times(&self, sum: &mut [u64; 9]) {
        for (slot, _) in &self.slots.locked().all {
            slot.clock.add_to(sum);
        }
    }

    /// Every worker present, by number.
    #[must_use]
    pub fn view(&self) -> Vec<WorkerView> {
        let target = *self.target.borrow();
        let slots = self.slots.locked();
        let present = slots.all.iter().filter(|(_, present)| *present);
        present
            .map(|(slot, _)| {
                let (state, micros) = slot.clock.state();
                let job = slot.job.locked().clone();
                WorkerView {
                    id: slot.id,
                    state: WorkerState::ALL.get(state).copied().unwrap_or_default(),
                    attempt: job.as_ref().map_or(0, |j| j.1),
                    url: job.map(|j| j.0),
                    for_ms: micros / 1000,
                    leaving: slot.id >= target,
                    pages: slot.pages.load(Relaxed),
                }
            })
            .collect()
    }
}

async fn run(shared: Arc<CrawlContext>, slot: Arc<Slot>) {
    let mut target = shared.pool.target.subscribe();
    let mut paused = shared.paused.subscribe();
    loop {
        if shared.pool.strike_off(&slot) {
            return;
        }
        if *paused.borrow_and_update() {
            slot.enter(WorkerState::Paused);
            tokio::select! {
                _ = paused.changed() => {}
                _ = target.changed() => {}
                () = shared.queue.closed() => break,
            }
            continue;
        }
        slot.enter(WorkerState::Idle);
        let entry = tokio::select! {
            entry = shared.queue.pop() => entry,
            _ = target.changed() => continue,
            _ = paused.changed() => continue,
        };
        let Some(entry) = entry else { break };
        fetch_one::run(&shared, &slot, entry).await;
        slot.work_on(None);
        slot.pages.fetch_add(1, Relaxed);
    }
    Pool::absent(&mut shared.pool.slots.locked(), &slot);
}
