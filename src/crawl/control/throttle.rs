//! What slows the crawl down by itself, and pauses it.

use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::control::control_task::{Control, EVERYTHING_DOWN_PATIENCE};
use crate::crawl::control::overload::Gauges;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::RunState;

impl Control {
    /// Slows the crawl down when a local resource is under pressure; stops a crawl whose hosts have all
    /// been down for long.
    pub(super) fn shed_load(&mut self) {
        let context = Arc::clone(&self.context);
        let (storage, flow) = (&context.storage, &context.flow);
        let at_s = context.signals.at_s();
        if at_s - self.disk_read_s >= 1.0 {
            self.disk_read_s = at_s;
            self.disk_free = storage.store.free_space();
        }
        let (everything_down, backlog) = {
            let budget = storage.budget.view();
            let now = Instant::now();
            let down = context.frontier.everything_is_down(now);
            (down, f64::from(budget.in_use) / f64::from(budget.limit))
        };
        let gauges = Gauges {
            at_s,
            permits: self.dials.permits,
            backlog,
            disk_free: self.disk_free,
            min_disk: context.settings.min_disk,
            rss: self.snapshot_builder.last().process.rss_bytes,
            max_memory: self.max_memory,
            shortages: context.fetch.shortages.read(),
            everything_down,
        };
        let throttle = self.load_shedder.update(&gauges);
        for overload in &throttle.overloads {
            if !self.overloads.iter().any(|old| old.what == overload.what) {
                tracing::warn!("slowing down: {}", overload.text);
            }
        }
        flow.gate.resize(throttle.permits);
        self.overloads = throttle.overloads;
        if self.pauses != throttle.pauses {
            self.pauses = throttle.pauses;
            self.set_paused();
        }
        self.down_since_s = everything_down.then(|| self.down_since_s.unwrap_or(at_s));
        let patience = context.settings.host_give_up_after.as_secs_f64() * EVERYTHING_DOWN_PATIENCE;
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
        self.context.signals.paused.send_replace(paused);
    }
}
