//! Measuring of settings: feeds the measured table, the effects of changes, the comparison with a pinned setting
//! and Little's law with what a second gave, and puts what they say into snapshot and journal.

use std::sync::Arc;

use crate::crawl::control::control_task::Control;
use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::crawl::protocol::tuning::EffectSide;
use crate::crawl::tuning::curve::curve;
use crate::crawl::tuning::effect::{ChangeKind, EffectTracker, EffectUpdate};
use crate::crawl::tuning::littles_law::LittlesLawCheck;
use crate::crawl::tuning::measured_block::{MeasuredBlock, MeasuredSetting};
use crate::crawl::tuning::measured_table::{MeasuredTable, rows_of_timeline};
use crate::crawl::tuning::pin::{PinStep, PinnedSetting};
use crate::crawl::tuning::reading::TuningReading;
use crate::settings::dials::{Dial, Dials};
use crate::store::{ChangeRow, EffectColumns, TimelineRow};

/// Shortest and longest time that is left out after a change, in seconds: until requests sent before it are
/// answered.
const LEFT_OUT_S: (f64, f64) = (0.2, 10.0);

/// What is measured of settings, and what of the running second is known so far.
#[derive(Debug)]
pub(super) struct Measuring {
    table: MeasuredTable,
    /// Number of the conditions with which this run began.
    first_conditions: u32,
    effects: EffectTracker,
    pin: PinnedSetting,
    /// Who pressed the key of the comparison that turns dials.
    pin_by: Origin,
    /// The dials are turned by the comparison itself.
    pin_turns: bool,
    law: LittlesLawCheck,
    law_broken: bool,
    /// What ended since the last block began.
    sums: SecondSums,
    /// Blocks that begin before this are left out.
    settled_s: f64,
    block_began_s: f64,
    pages: u64,
    /// Whether a page ended in this run.
    has_pages: bool,
}

/// Sums over the ticks of a second.
#[derive(Debug, Clone, Copy, Default)]
struct SecondSums {
    ticks: f64,
    starved: f64,
    loop_delay_s: f64,
    requests: u64,
    errors: u64,
    refused: u64,
    retries: u64,
    /// Time and integral of the requests in flight at the first and the last tick.
    first: Option<(f64, f64)>,
    last: (f64, f64),
}

impl SecondSums {
    fn add(&mut self, reading: &TuningReading<'_>) {
        let finished = reading.finished;
        self.ticks += 1.0;
        self.starved += f64::from(u8::from(reading.pressure.starved));
        self.loop_delay_s += reading.pressure.loop_delay;
        self.requests += u64::from(finished.requests);
        self.errors += u64::from(finished.errors);
        self.refused += u64::from(finished.refusals);
        self.retries += u64::from(finished.retries);
        self.last = (reading.at, reading.in_flight_seconds);
        self.first.get_or_insert(self.last);
    }

    /// Begins the next second where this one ends.
    fn next(&mut self) -> Self {
        let first = (self.ticks > 0.0).then_some(self.last);
        std::mem::replace(self, Self { first, last: self.last, ..Self::default() })
    }

    fn block(&self, seconds: f64, pages: u64, latencies: &LatencyHistogram) -> MeasuredBlock {
        let ticks = self.ticks.max(1.0);
        let (since, before) = self.first.unwrap_or(self.last);
        let time = self.last.0 - since;
        MeasuredBlock {
            seconds,
            pages,
            latencies: latencies.clone(),
            requests: self.requests,
            errors: self.errors,
            refused: self.refused,
            retries: self.retries,
            in_flight: if time > 0.0 { (self.last.1 - before) / time } else { 0.0 },
            starved: self.starved / ticks,
            loop_delay_ms: 1000.0 * self.loop_delay_s / ticks,
            cpu_percent: 0.0,
        }
    }
}

impl Measuring {
    /// Nothing is measured yet but what earlier runs stored; `pages` ended in those.
    pub(super) fn new(dials: &Dials, pages: u64, timeline: &[TimelineRow]) -> Self {
        let table = MeasuredTable::new(MeasuredSetting::from(dials), rows_of_timeline(timeline));
        Self {
            first_conditions: table.conditions(),
            table,
            effects: EffectTracker::new(*dials),
            pin: PinnedSetting::default(),
            pin_by: Origin::Key,
            pin_turns: false,
            law: LittlesLawCheck::default(),
            law_broken: false,
            sums: SecondSums::default(),
            settled_s: 0.0,
            block_began_s: 0.0,
            pages,
            has_pages: false,
        }
    }

    /// Number of the present conditions in this run, from 0.
    pub(super) const fn conditions(&self) -> u32 {
        self.table.conditions() - self.first_conditions
    }

    /// Whether all requests that are answered at `at_s` were sent under the setting in force.
    pub(super) const fn is_settled(&self, at_s: f64) -> bool {
        at_s >= self.settled_s
    }

    /// Whether all that ends in the running second was sent under the setting in force.
    pub(super) const fn second_is_settled(&self) -> bool {
        self.is_settled(self.block_began_s)
    }

    /// Leaves out what follows until requests of now are answered.
    fn leave_out(&mut self, at_s: f64, last: &Snapshot) {
        let (least, most) = LEFT_OUT_S;
        let answered_s = (last.latency.last_10s.p95 / 1000.0).clamp(least, most);
        self.settled_s = self.settled_s.max(at_s + answered_s);
    }
}

impl Control {
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
            measuring.table.add(&block);
            step = measuring.pin.add(&block);
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
            ChangeKind::Dial(_) => measuring.table.begin_stay(setting),
            ChangeKind::Conditions => {
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
fn kind_of(what: &ChangeAction) -> Option<ChangeKind> {
    match what {
        ChangeAction::Set { new, .. } => Some(ChangeKind::Dial(new.dial())),
        ChangeAction::SetBoth { .. } => Some(ChangeKind::Dial(Dial::Permits)),
        ChangeAction::HostLimit { .. }
        | ChangeAction::HostHeld { .. }
        | ChangeAction::HostSkipped { .. }
        | ChangeAction::Faults { .. }
        | ChangeAction::Scene { .. } => Some(ChangeKind::Conditions),
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
