//! When a request has actually started, as the frontier and the gaps of hosts count it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::UrlTask;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::lock::Lock;
use crate::web::http::{Phase, PhaseSink};

/// Least and most time after which a request that is on its way counts as arrived.
const ON_ITS_WAY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));

/// How long a request may be on its way to a host with this gap before it counts as arrived: a
/// tenth of the gap, within [`ON_ITS_WAY`].
#[must_use]
pub fn on_its_way(gap: Duration) -> Duration {
    (gap / 10).clamp(ON_ITS_WAY.0, ON_ITS_WAY.1)
}

/// Reports to the frontier when a request has started.
///
/// For a host with a gap that is when the server has surely seen it, for the gap is what the
/// server sees: when the response head is here, or, from a slow server, a little while
/// after the request was handed to its connection. For another host it is when it is sent.
pub struct RequestStart {
    frontier: Arc<Frontier>,
    slot: Arc<WorkerSlot>,
    url: Arc<str>,
    gap: Duration,
    state: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    sent: Option<Instant>,
    began: Option<Instant>,
    reported: bool,
}

impl RequestStart {
    /// For a request to `url`, whose host has this gap.
    #[must_use]
    pub fn new(
        frontier: &Arc<Frontier>,
        slot: &Arc<WorkerSlot>,
        url: &Arc<str>,
        gap: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            frontier: Arc::clone(frontier),
            slot: Arc::clone(slot),
            url: Arc::clone(url),
            gap,
            state: Mutex::default(),
        })
    }

    /// Asks the frontier whether the request may still start; if so it counts as begun from here on, though
    /// nothing is known of the connection yet.
    #[must_use]
    pub fn begin(&self, task: &UrlTask) -> bool {
        if !self.frontier.start(task, &self.url) {
            return false;
        }
        let mut state = self.state.locked();
        state.began = Some(Instant::now());
        state.reported = self.gap.is_zero();
        true
    }

    fn report(&self) {
        if !std::mem::replace(&mut self.state.locked().reported, true) {
            self.frontier.started(&self.url, !self.gap.is_zero());
        }
    }

    /// When the request was handed to its connection, once it was.
    pub fn sent(&self) -> Option<Instant> {
        self.state.locked().sent
    }

    /// The request is over, however it went: makes sure that the frontier knows of its start.
    /// Returns when it began; `None` when it never did.
    pub fn finish(&self) -> Option<Instant> {
        let began = self.state.locked().began;
        if began.is_some() {
            self.report();
        }
        began
    }

    /// Tells the frontier once the request has been on its way long enough; never ends before.
    pub async fn until_arrival(&self) {
        if self.gap.is_zero() {
            return std::future::pending().await;
        }
        let grace = on_its_way(self.gap);
        loop {
            let sent = self.state.locked().sent;
            let due = sent.map_or_else(|| Instant::now() + grace, |sent| sent + grace);
            if sent.is_some() && due <= Instant::now() {
                return self.report();
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
            Phase::Body if !self.gap.is_zero() => self.report(),
            Phase::Body => {}
        }
        self.slot.phase(phase);
    }
}
