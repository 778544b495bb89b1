//! What slows the crawl down by itself, and pauses.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::Instant;

use crate::crawl::control::overload::Gauges;
use crate::crawl::control::{Control, EVERYTHING_DOWN_PATIENCE};
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::RunState;

impl Control {
    /// Looks after what of our own cannot keep up; ends a crawl that has been cut off for long.
    pub(super) fn govern(&mut self) {
        let shared = Arc::clone(&self.shared);
        let at_s = shared.at_s();
        if at_s - self.disk_read_s >= 1.0 {
            self.disk_read_s = at_s;
            self.disk_free = shared.store.free_space();
        }
        let (everything_down, backlog) = {
            let (used, limit) = shared.budget.view();
            let now = Instant::now();
            let down = shared.frontier.everything_is_down(now);
            (down, f64::from(used) / f64::from(limit))
        };
        let gauges = Gauges {
            at_s,
            permits: self.dials.permits,
            backlog,
            disk_free: self.disk_free,
            min_disk: shared.settings.min_disk,
            rss: self.observer.last().process.rss_bytes,
            max_memory: self.max_memory,
            shortages: shared.shortages.load(Relaxed),
            everything_down,
        };
        let relief = self.governor.look(&gauges);
        for overload in &relief.overloads {
            if !self.overloads.iter().any(|old| old.what == overload.what) {
                tracing::warn!("slowing down: {}", overload.text);
            }
        }
        shared.gate.resize(relief.permits);
        self.overloads = relief.overloads;
        if self.pauses != relief.pauses {
            self.pauses = relief.pauses;
            self.set_paused();
        }
        self.down_since_s = everything_down.then(|| self.down_since_s.unwrap_or(at_s));
        let patience = shared.settings.host_give_up_after.as_secs_f64() * EVERYTHING_DOWN_PATIENCE;
        if self.run == RunState::Running && self.down_since_s.is_some_and(|s| at_s - s >= patience)
        {
            tracing::error!("everything is down: the crawl stops, to be resumed");
            self.log(ChangeAction::Stop, Origin::Start, None);
            self.begin_stopping();
        }
    }

    /// Pauses while there is a reason, the user's or our own.
    pub(super) fn set_paused(&mut self) {
        let paused = self.paused_by_user || !self.pauses.is_empty();
        match (paused, self.paused_since) {
            (true, None) => self.paused_since = Some(Instant::now()),
            (false, Some(since)) => {
                self.paused_for += since.elapsed();
                self.paused_since = None;
            }
            _ => {}
        }
        if matches!(self.run, RunState::Running | RunState::Paused) {
            self.run = if paused { RunState::Paused } else { RunState::Running };
        }
        self.shared.paused.send_replace(paused);
    }
}
