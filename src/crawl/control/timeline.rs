//! The timeline: what is measured goes to the saver, a row for about ten seconds.

use crate::crawl::control::control_task::Control;
use crate::crawl::protocol::snapshot::RunState;
use crate::crawl::tuning::reading::TuningReading;
use crate::crawl::tuning::timeline_recorder::{RunCounters, TickLevels};
use crate::settings::dials::Dials;
use crate::store::TimelineRow;

impl Control {
    /// Adds a tick. While the crawl is paused and nothing is under way, time is left out.
    pub(super) fn record_tick(&mut self, reading: &TuningReading<'_>) {
        let now = self.run_counters();
        if self.run == RunState::Paused && self.snapshot_builder.is_still() {
            self.end_timeline_row();
            self.timeline.leave_out(now);
            return;
        }
        let last = self.snapshot_builder.last();
        let levels = TickLevels {
            run: now,
            dials: self.dials_in_force(),
            conditions: self.measuring.conditions(),
            queued: last.queue.len,
            saver_backlog: last.saver.backlog_bytes,
            cpu_percent: f64::from(last.process.cpu_percent),
            memory: last.process.rss_bytes,
            settled: self.measuring.second_is_settled(),
        };
        let row = self.timeline.tick(reading, &levels);
        self.note_row(row);
    }

    /// Something was turned: the row of the timeline ends, so that none mixes two settings.
    pub(super) fn turn_timeline(&mut self) {
        let (dials, conditions) = (self.dials_in_force(), self.measuring.conditions());
        let row = self.timeline.turn(self.run_counters(), dials, conditions);
        self.note_row(row);
    }

    /// Ends the timeline, once all requests have ended.
    pub(super) fn end_timeline(&mut self) {
        let mut gauge = std::mem::take(&mut self.tuning_gauge);
        let loop_delay = self.snapshot_builder.last_loop_delay();
        let reading = gauge.read(&self.context, self.snapshot_builder.last(), loop_delay);
        self.record_tick(&reading);
        self.tuning_gauge = gauge;
        self.end_timeline_row();
    }

    /// Ends the row of the timeline.
    fn end_timeline_row(&mut self) {
        let row = self.timeline.end(self.run_counters());
        self.note_row(row);
    }

    fn note_row(&self, row: Option<TimelineRow>) {
        if let Some(row) = row {
            self.context.frontier.note_measured(row);
        }
    }

    /// The dials, with the permits that there are while a local resource runs short.
    fn dials_in_force(&self) -> Dials {
        Dials { permits: self.context.flow.gate.view().limit, ..self.dials }
    }

    fn run_counters(&self) -> RunCounters {
        let totals = self.context.frontier.totals();
        let now_ms = jiff::Timestamp::now().as_millisecond();
        RunCounters::of(&totals, self.context.signals.at_s(), now_ms)
    }
}
