//! Admission: what a request waits for before it starts, and when it actually has.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::crawl::hosts::UrlTask;
use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::pipeline::gate::Permit;
use crate::crawl::pipeline::workers::Slot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::lock::Lock;
use crate::web::http::{Phase, PhaseSink};

/// Waits for a permit and for the rate; while the crawl is paused nothing starts, and nothing
/// any more (`None`) once it is stopping.
pub async fn admission(shared: &CrawlContext, slot: &Slot) -> Option<Permit> {
    tokio::select! {
        permit = permit(shared, slot) => (!shared.queue.is_closed()).then_some(permit),
        () = shared.queue.closed() => None,
    }
}

async fn permit(shared: &CrawlContext, slot: &Slot) -> Permit {
    let mut paused = shared.paused.subscribe();
    loop {
        if *paused.borrow_and_update() {
            slot.enter(WorkerState::Paused);
            // The sender lives as long as `shared`, so this ends with a change.
            let _ = paused.changed().await;
            continue;
        }
        tokio::select! {
            permit = start(shared, slot) => {
                if !*paused.borrow() {
                    return permit;
                }
            }
            _ = paused.changed() => {}
        }
    }
}

/// Waits for the turn in the line of the rate, then for a permit, so that nobody holds a permit
/// who may not start yet.
async fn start(shared: &CrawlContext, slot: &Slot) -> Permit {
    loop {
        let turn = if shared.rate.limited() {
            slot.enter(WorkerState::Rate);
            shared.rate.turn().await
        } else {
            None
        };
        let permit = if let Some(permit) = shared.gate.try_acquire() {
            permit
        } else {
            slot.enter(WorkerState::Permit);
            shared.gate.acquire().await
        };
        match turn {
            Some(turn) => turn.take(),
            // A rate was set while this one waited for its permit.
            None if shared.rate.limited() => continue,
            None => {}
        }
        return permit;
    }
}

/// Least and most time after which a request that is on its way counts as arrived.
const ON_ITS_WAY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));

/// How long a request may be on its way to a host with this gap before it counts as arrived: a
/// tenth of the gap, within [`ON_ITS_WAY`].
#[must_use]
pub fn on_its_way(gap: Duration) -> Duration {
    (gap / 10).clamp(ON_ITS_WAY.0, ON_ITS_WAY.1)
}

/// Tells the frontier when a request has started.
///
/// For a host with a gap that is when the server has surely seen it, for the gap is what the
/// server sees: when the head of the answer is here, or, from a slow server, a little while
/// after the request was handed to its connection. For another host it is when it is sent.
pub struct RequestStart {
    shared: Arc<CrawlContext>,
    slot: Arc<Slot>,
    host: Arc<str>,
    gap: Duration,
    state: Mutex<Mark>,
}

#[derive(Debug, Default)]
struct Mark {
    sent: Option<Instant>,
    began: Option<Instant>,
    told: bool,
}

impl RequestStart {
    /// For a request to `url`, whose host has this gap.
    #[must_use]
    pub fn new(
        shared: &Arc<CrawlContext>,
        slot: &Arc<Slot>,
        url: &Arc<str>,
        gap: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            slot: Arc::clone(slot),
            host: Arc::clone(url),
            gap,
            state: Mutex::default(),
        })
    }

    /// Asks the frontier whether it still may start; if so it counts as begun from here on, though
    /// nothing is known of the connection yet.
    #[must_use]
    pub fn begin(&self, entry: &UrlTask) -> bool {
        if !self.shared.frontier.start(entry, &self.host) {
            return false;
        }
        let mut state = self.state.locked();
        state.began = Some(Instant::now());
        state.told = self.gap.is_zero();
        true
    }

    fn tell(&self) {
        if !std::mem::replace(&mut self.state.locked().told, true) {
            self.shared.frontier.started(&self.host, !self.gap.is_zero());
        }
    }

    /// The request is over, however it went: makes sure that the frontier knows of its start.
    /// Returns when it began; `None` when it never did.
    pub fn settle(&self) -> Option<Instant> {
        let began = self.state.locked().began;
        if began.is_some() {
            self.tell();
        }
        began
    }

    /// Tells the frontier once the request has been on its way long enough; never ends before.
    pub async fn arrives(&self) {
        if self.gap.is_zero() {
            return std::future::pending().await;
        }
        let grace = on_its_way(self.gap);
        loop {
            let sent = self.state.locked().sent;
            let due = sent.map_or_else(|| Instant::now() + grace, |sent| sent + grace);
            if sent.is_some() && due <= Instant::now() {
                return self.tell();
            }
            sleep_until(due).await;
        }
    }
}

impl PhaseSink for RequestStart {
    fn phase(&self, phase: Phase) {
        match phase {
            Phase::Connect => self.state.locked().sent = None,
            Phase::FirstByte => self.state.locked().sent = Some(Instant::now()),
            Phase::Body if !self.gap.is_zero() => self.tell(),
            Phase::Body => {}
        }
        self.slot.phase(phase);
    }
}
