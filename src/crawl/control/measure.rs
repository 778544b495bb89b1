//! Measuring of settings: feeds the measured table, the effects of changes, the comparison with a pinned setting
//! and Little's law with what a second gave, and puts what they say into snapshot and journal.

use std::sync::Arc;

use crate::crawl::control::control_task::Control;
use crate::crawl::control::measuring::Measuring;
use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::RunState;
use crate::crawl::protocol::tuning::EffectSide;
use crate::crawl::tuning::autopilot::ComparedPermits;
use crate::crawl::tuning::curve::curve;
use crate::crawl::tuning::measured_block::MeasuredSetting;
use crate::crawl::tuning::open_change::{EffectCause, EffectUpdate};
use crate::crawl::tuning::pin::PinStep;
use crate::crawl::tuning::reading::TuningReading;
use crate::settings::dials::Dial;
use crate::store::{ChangeRow, EffectColumns};

impl Control {
    /// Reads what ended and what holds requests back, once per tick, for all who tune.
    pub(super) fn tune(&mut self) {
        let mut gauge = std::mem::take(&mut self.tuning_gauge);
        let loop_delay = self.snapshot_builder.last_loop_delay();
        let reading = gauge.read(&self.context, self.snapshot_builder.last(), loop_delay);
        self.measure_tick(&reading);
        self.record_tick(&reading);
        self.fly(&reading);
        self.tuning_gauge = gauge;
    }

    /// Takes the reading of a tick.
    pub(super) fn measure_tick(&mut self, reading: &TuningReading<'_>) {
        let measuring = &mut self.measuring;
        measuring.sums.add(reading);
        measuring.law.read(reading);
        let last = self.snapshot_builder.last();
        let limit = self.context.flow.gate.view().limit;
        let setting = MeasuredSetting { permits: limit, ..MeasuredSetting::from(&self.dials) };
        if setting != measuring.table.setting() {
            // The dials are those of the last change; permits are fewer while a local resource runs short.
            measuring.table.begin_stay(setting);
            measuring.leave_out(reading.at, last);
        }
        let running =
            self.run == RunState::Running && !self.paused_by_user && self.pauses.is_empty();
        measuring.has_pages |= last.totals.fetched() > measuring.pages;
        if !running || !measuring.has_pages {
            measuring.leave_out(reading.at, last);
        }
        let broken = measuring.law.lasting_mismatch().filter(|_| !measuring.law_broken);
        if let Some(share) = broken {
            measuring.law_broken = true;
            let law = measuring.law.view();
            tracing::error!(
                ?law,
                share,
                "Little's law does not hold: requests are counted wrongly"
            );
            debug_assert!(false, "Little's law does not hold by {share}: {law:?}");
        }
    }

    /// Takes the second that ended with the last snapshot, if one did.
    pub(super) fn measure_second(&mut self) {
        let (at_s, latencies) = match self.snapshot_builder.last_second() {
            Some((at_s, latencies)) if at_s > self.measuring.block_began_s => (at_s, latencies),
            _ => return,
        };
        self.timeline.add_latencies(latencies);
        let last = self.snapshot_builder.last();
        let measuring = &mut self.measuring;
        let (began_s, pages) = (measuring.block_began_s, last.totals.fetched());
        let mut block = measuring.sums.next().block(
            at_s - began_s,
            pages.saturating_sub(measuring.pages),
            latencies,
        );
        block.cpu_percent = f64::from(last.process.cpu_percent);
        (measuring.block_began_s, measuring.pages) = (at_s, pages);
        let mut updates = Vec::new();
        let mut step = PinStep::None;
        if measuring.is_settled(began_s) && !self.ending && self.run == RunState::Running {
            // A second in which nothing was in flight, since all hosts cool down, measures no setting.
            if !block.is_idle() {
                measuring.table.add(&block);
                step = measuring.pin.add(&block);
            }
            updates = measuring.effects.add(block);
        }
        self.note_effects(updates);
        let by = self.measuring.pin_by;
        self.do_pin_step(step, by);
        self.show_measured();
    }

    /// Puts what was measured into the next snapshot.
    fn show_measured(&mut self) {
        let measuring = &self.measuring;
        let (rows, levels) = (measuring.table.rows(), measuring.table.levels());
        let (law, pinned) = (measuring.law.view(), measuring.pin.view());
        let view = self.snapshot_builder.tuning();
        view.rows = rows;
        view.curve = Arc::new(curve(&levels));
        view.littles_law = law;
        view.pinned = pinned;
    }

    /// Notes an entry of the journal: what it gave is measured from now on.
    pub(super) fn measure_change(&mut self, entry: &Change) {
        let Some(kind) = kind_of(&entry.what) else { return };
        if matches!(entry.by, Origin::Start | Origin::Resume) {
            return;
        }
        let measuring = &mut self.measuring;
        let limit = self.context.flow.gate.view().limit;
        let setting = MeasuredSetting { permits: limit, ..MeasuredSetting::from(&self.dials) };
        match kind {
            EffectCause::Dial(_) => measuring.table.begin_stay(setting),
            EffectCause::Conditions => {
                measuring.table.begin_conditions();
                measuring.table.begin_stay(setting);
                measuring.pin.conditions_changed();
            }
        }
        if !measuring.pin_turns {
            measuring.pin.turned(self.dials);
        }
        measuring.leave_out(entry.at_s, self.snapshot_builder.last());
        let updates = measuring.effects.changed(entry.seq, kind, self.dials, entry.at_s);
        self.note_effects(updates);
        self.show_measured();
    }

    /// Nothing more is measured: the crawl ends.
    pub(super) fn end_measuring(&mut self) {
        let updates = self.measuring.effects.stopped(self.context.signals.at_s());
        self.note_effects(updates);
    }

    /// What the autopilot measured of a turn counts where the next one came too soon for more.
    pub(super) fn note_compared(&mut self, compared: &ComparedPermits) {
        if let Some(seq) = self.journal.undecided(compared.permits) {
            self.note_effects(vec![EffectUpdate { seq, effect: compared.into(), last: true }]);
        }
    }

    /// Puts effects into the journal, and those that change no more into the database.
    fn note_effects(&mut self, updates: Vec<EffectUpdate>) {
        if updates.is_empty() {
            return;
        }
        let mut rows = Vec::new();
        for update in updates {
            if let Some(entry) = self.journal.set_effect(update.seq, update.effect)
                && update.last
            {
                rows.push(row_of(entry));
            }
        }
        if !rows.is_empty() {
            self.context
                .frontier
                .edit(|edit| rows.into_iter().for_each(|row| edit.record_change(row)));
        }
        self.snapshot_builder.note_changes(self.journal.newest_first());
    }

    /// The key of the comparison with a pinned setting was pressed.
    pub(super) fn press_pin(&mut self, origin: Origin) {
        let Measuring { pin, effects, .. } = &mut self.measuring;
        let step = pin.pressed(self.dials, effects.present());
        self.measuring.pin_by = origin;
        self.do_pin_step(step, origin);
        self.show_measured();
    }

    fn do_pin_step(&mut self, step: PinStep, origin: Origin) {
        match step {
            PinStep::None => {}
            PinStep::Refuse(why) => self.refuse(why),
            PinStep::Turn(dials) => {
                self.take_dials(origin);
                self.measuring.pin_turns = true;
                for dial in Dial::ALL {
                    if self.dials.get(dial) != dials.get(dial) {
                        self.turn(dials.get(dial), origin, None);
                    }
                }
                self.measuring.pin_turns = false;
            }
        }
    }
}

/// What a change is to the measuring; `None` for what no throughput follows from.
fn kind_of(what: &ChangeAction) -> Option<EffectCause> {
    match what {
        ChangeAction::Set { new, .. } => Some(EffectCause::Dial(new.dial())),
        ChangeAction::SetBoth { .. } => Some(EffectCause::Dial(Dial::Permits)),
        ChangeAction::HostLimit { .. }
        | ChangeAction::HostHeld { .. }
        | ChangeAction::HostSkipped { .. }
        | ChangeAction::Faults { .. }
        | ChangeAction::Scene { .. }
        | ChangeAction::Slow { .. } => Some(EffectCause::Conditions),
        _ => None,
    }
}

/// The row of an entry in the database.
pub(super) fn row_of(entry: &Change) -> ChangeRow {
    ChangeRow {
        seq: entry.seq,
        at_ms: entry.at.as_millisecond(),
        by: entry.by.name(),
        what: entry.what.to_string(),
        entry: serde_json::to_string(entry).unwrap_or_default(),
        effect: entry.effect.as_ref().and_then(|effect| {
            let (before, after) = (&effect.before, &effect.after);
            let p95 = |side: &EffectSide| (side.p95_ms > 0.0).then_some(side.p95_ms);
            let measured = before.seconds > 0.0 && after.seconds > 0.0;
            measured.then(|| EffectColumns {
                pages_per_s_before: before.pages_per_s.value,
                pages_per_s_after: after.pages_per_s.value,
                p95_ms_before: p95(before),
                p95_ms_after: p95(after),
                word: effect.verdict.word(),
            })
        }),
    }
}
