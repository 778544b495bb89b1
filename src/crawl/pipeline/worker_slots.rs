//! The places of the workers: which there are, and what each does. They know nothing of fetching.
//!
//! A surplus worker finishes its page and leaves before it takes the next one; none is ever aborted
//! by a change of the dial.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::crawl::measure::stage_clock::{ABSENT, StageClock};
use crate::crawl::protocol::snapshot::{WORKER_STATES, WorkerState, WorkerView};
use crate::lock::Lock;
use crate::web::http::{Phase, PhaseSink};

/// One worker as others see it; written by that worker alone.
#[derive(Debug)]
pub struct WorkerSlot {
    id: u32,
    /// Its time by [`WorkerState`].
    pub clock: StageClock<WORKER_STATES>,
    task: Mutex<Option<(Arc<str>, u32)>>,
    pages: AtomicU64,
}

impl WorkerSlot {
    fn new(id: u32) -> Self {
        Self {
            id,
            clock: StageClock::new(ABSENT),
            task: Mutex::new(None),
            pages: AtomicU64::new(0),
        }
    }

    /// A page is done.
    pub fn page_done(&self) {
        self.work_on(None);
        self.pages.fetch_add(1, Relaxed);
    }

    /// Goes into a state.
    pub fn enter(&self, state: WorkerState) {
        self.clock.enter(state as usize);
    }

    /// Shows what it works on: URL and attempt.
    pub fn work_on(&self, task: Option<(Arc<str>, u32)>) {
        *self.task.locked() = task;
    }
}

impl PhaseSink for WorkerSlot {
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
struct SlotList {
    all: Vec<(Arc<WorkerSlot>, bool)>,
}

/// The slots of all workers.
#[derive(Debug)]
pub struct WorkerSlots {
    slots: Mutex<SlotList>,
    target: watch::Sender<u32>,
}

impl Default for WorkerSlots {
    fn default() -> Self {
        Self { slots: Mutex::default(), target: watch::Sender::new(0) }
    }
}

impl WorkerSlots {
    /// Sets how many workers there should be, and returns the slots of those that are missing: the
    /// caller starts a worker for each. Surplus ones leave when their page is done.
    #[must_use]
    pub fn resize(&self, workers: u32) -> Vec<Arc<WorkerSlot>> {
        let mut missing = Vec::new();
        let mut slots = self.slots.locked();
        for id in 0..workers {
            if slots.all.len() <= id as usize {
                slots.all.push((Arc::new(WorkerSlot::new(id)), false));
            }
            let (slot, present) = &mut slots.all[id as usize];
            if !*present {
                *present = true;
                slot.enter(WorkerState::Idle);
                missing.push(Arc::clone(slot));
            }
        }
        self.target.send_replace(workers);
        missing
    }

    /// Changes of the number of workers there should be.
    #[must_use]
    pub fn target(&self) -> watch::Receiver<u32> {
        self.target.subscribe()
    }

    /// A worker leaves.
    pub fn leave(&self, slot: &WorkerSlot) {
        Self::absent(&mut self.slots.locked(), slot);
    }

    /// Whether this worker is surplus; if so its slot is free now, and it must leave.
    pub fn leave_if_surplus(&self, slot: &WorkerSlot) -> bool {
        let mut slots = self.slots.locked();
        let surplus = slot.id >= *self.target.borrow();
        if surplus {
            Self::absent(&mut slots, slot);
        }
        surplus
    }

    fn absent(slots: &mut SlotList, slot: &WorkerSlot) {
        slot.work_on(None);
        slot.clock.enter(ABSENT);
        if let Some((_, present)) = slots.all.get_mut(slot.id as usize) {
            *present = false;
        }
    }

    /// Adds all workers' times by state to `sum`.
    pub fn add_times(&self, sum: &mut [u64; WORKER_STATES]) {
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
                let task = slot.task.locked().clone();
                WorkerView {
                    id: slot.id,
                    state: WorkerState::ALL.get(state).copied().unwrap_or_default(),
                    attempt: task.as_ref().map_or(0, |task| task.1),
                    url: task.map(|task| task.0),
                    for_ms: micros / 1000,
                    leaving: slot.id >= target,
                    pages: slot.pages.load(Relaxed),
                }
            })
            .collect()
    }
}
