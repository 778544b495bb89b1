//! Commands: the dials, pause and stop, and the journal and settings that go with each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::control::control_task::Control;
use crate::crawl::control::measure::row_of;
use crate::crawl::fetch::worker;
use crate::crawl::frontier::FrontierEdit;
use crate::crawl::hosts::Pace;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::RunState;
use crate::settings::dials::{Dial, Dials, Setting, nudged};

/// A cooldown shorter than this need not outlive the process,
const MIN_STORED_COOLDOWN: Duration = Duration::from_secs(2);
/// and no more hosts than these are stored.
const MAX_STORED_COOLDOWNS: usize = 1_000;

impl Control {
    pub(super) fn apply(&mut self, command: Command, origin: Origin) {
        self.notice = None;
        let taken_over = self.yield_dials(&command, origin);
        match command {
            Command::Nudge(dial, by) => self.turn(nudged(&self.dials, dial, by), origin, None),
            Command::Set(setting) => self.turn(setting, origin, None),
            Command::Undo
            | Command::Redo
            | Command::Pin
            | Command::Host(..)
            | Command::Exclude(_)
            | Command::AddSeed(_)
            | Command::Scene(_)
            | Command::Stage(_)
                if self.ending || self.run.is_ending() =>
            {
                self.refuse("the crawl is stopping");
            }
            Command::Undo => match self.journal.last_undoable() {
                Some((seq, what)) => self.undo(seq, what, origin),
                None => self.refuse("nothing to undo"),
            },
            Command::NudgeFault(fault, by) => {
                self.inject(self.faults.nudged(fault, by), origin);
            }
            Command::Fault(setting) => self.inject(setting, origin),
            Command::ClearFaults => self.clear_faults(origin),
            Command::Scene(scene) => self.set_scene(scene, origin),
            Command::Stage(setup) => self.set_stage(&setup, origin),
            Command::Slow(slow) => self.set_slow(slow, origin, None),
            Command::Redo => self.redo(origin),
            Command::Pin => self.press_pin(origin),
            Command::NudgeBoth(by) => self.nudge_both(by, origin),
            Command::Autopilot(mode) => self.set_autopilot(mode, origin),
            Command::ToggleAutopilot => self.toggle_autopilot(origin),
            Command::TogglePause => self.toggle_pause(origin),
            Command::Stop => {
                if self.run == RunState::Stopping {
                    if origin != Origin::Terminal {
                        self.stop_at_once(origin);
                    }
                } else if !self.run.is_final() {
                    self.log(ChangeAction::Stop, origin, None);
                    self.begin_stopping();
                }
            }
            Command::StopNow => self.stop_at_once(origin),
            Command::Host(host, command) => self.host(&host, command, origin),
            Command::Exclude(pattern) => self.exclude(&pattern, origin),
            Command::AddSeed(url) => self.add_seed(url, origin),
        }
        if let Some(taken_over) = taken_over {
            let refused = self.notice.take().map(|why| format!("{why}; "));
            self.refuse(refused.unwrap_or_default() + taken_over);
        }
    }

    pub(super) fn turn(&mut self, new: Setting, origin: Origin, undoes: Option<u64>) {
        if self.run == RunState::Stopping {
            return self.refuse("the crawl is stopping: dials have no effect any more");
        }
        let old = self.dials.get(new.dial());
        if old == new && undoes.is_none() {
            return self.refuse(match new {
                Setting::Rate(None) => "there is no rate limit to raise".to_owned(),
                _ => format!("{old} already"),
            });
        }
        self.note_rate(new, origin);
        self.put(new);
        self.log(ChangeAction::Set { old, new }, origin, undoes);
    }

    /// Journals the options that differ from the dials of the run before.
    pub(super) fn log_overrides(&mut self, before: &Dials) {
        for dial in Dial::ALL {
            let (old, new) = (before.get(dial), self.dials.get(dial));
            if old != new {
                self.log(ChangeAction::Set { old, new }, Origin::Resume, None);
            }
        }
    }

    fn toggle_pause(&mut self, origin: Origin) {
        if self.run == RunState::Stopping {
            return self.refuse("the crawl is stopping");
        }
        self.paused_by_user = !self.paused_by_user;
        self.set_paused();
        let what = if self.paused_by_user { ChangeAction::Pause } else { ChangeAction::Resume };
        self.log(what, origin, None);
    }

    /// The user wants to stop at once.
    fn stop_at_once(&mut self, origin: Origin) {
        self.context.signals.request_stop_at_once();
        self.stop_now(origin);
    }

    /// Drops what is in flight, and saves what is done.
    pub(super) fn stop_now(&mut self, origin: Origin) {
        if !self.context.signals.abort.is_cancelled() {
            self.log(ChangeAction::StopNow, origin, None);
            self.context.signals.abort.cancel();
            self.begin_stopping();
        }
    }

    /// The queue closes before a pause ends: no paused worker may start a request now.
    pub(super) fn begin_stopping(&mut self) {
        self.context.signals.request_stop();
        self.context.frontier.stop();
        self.context.flow.queue.close();
        self.paused_by_user = false;
        self.pauses.clear();
        self.set_paused();
        self.run = RunState::Stopping;
    }

    pub(super) fn refuse(&mut self, why: impl Into<Arc<str>>) {
        self.notice = Some(why.into());
    }

    /// Writes a journal entry: into the snapshot, and with the next batch into the database.
    pub(super) fn log(&mut self, what: ChangeAction, origin: Origin, undoes: Option<u64>) {
        self.log_with(what, origin, undoes, |_| ());
    }

    /// Likewise, together with what is changed in the frontier: the entry, the settings then
    /// in force and what follows go into one batch, so that a crash leaves nothing half done.
    pub(super) fn log_with<T>(
        &mut self,
        what: ChangeAction,
        origin: Origin,
        undoes: Option<u64>,
        change: impl FnOnce(&mut FrontierEdit<'_>) -> T,
    ) -> T {
        tracing::info!(by = origin.name(), "{what}");
        let (entry, undone) = self.journal.add(what, origin, self.context.signals.at_s(), undoes);
        let rows: Vec<_> = undone.iter().chain([&entry]).map(row_of).collect();
        let changed = self.change_settings(|edit| {
            for row in rows {
                edit.record_change(row);
            }
            change(edit)
        });
        self.snapshot_builder.note_changes(self.journal.newest_first());
        self.measure_change(&entry);
        self.turn_timeline();
        changed
    }

    /// Changes the frontier; the settings then in force go into the same batch.
    fn change_settings<T>(&mut self, change: impl FnOnce(&mut FrontierEdit<'_>) -> T) -> T {
        let settings = &mut self.settings;
        settings.set_dials(&self.dials);
        self.context.frontier.edit(|edit| {
            let changed = change(edit);
            let rules = edit.rules();
            settings.hosts = rules.hosts;
            settings.live_exclusions = rules.exclusions;
            settings.undone_seeds = rules.undone_seeds;
            settings.restoring = rules.restoring;
            edit.store_settings(settings.without_seeds());
            changed
        })
    }

    /// Stores the settings when something else than a command changed them.
    pub(super) fn store_settings(&mut self) {
        let seed_names =
            self.context.fetch.fetcher.seed_names(self.settings.fetch.seed_names.len());
        let resolved = seed_names.is_some();
        if let Some(seed_names) = seed_names {
            self.settings.fetch.seed_names = seed_names;
        }
        let known = &self.settings.restoring;
        let restorations = self.context.frontier.restorations();
        let changed = !restorations.iter().map(|restoration| &restoration.reason).eq(known);
        let cooled_down = self.note_cooldowns();
        let learnt = self.ending && self.settings.autopilot.is_some();
        if changed || resolved || cooled_down || learnt {
            self.change_settings(|_| ());
        }
    }

    /// Notes which hosts cool down, for a crawl resumed before they may be requested again; true when
    /// that is more than was noted.
    fn note_cooldowns(&mut self) -> bool {
        let (now, now_ms) = (Instant::now(), jiff::Timestamp::now().as_millisecond());
        let cooling_down = self.context.frontier.cooling_down(MIN_STORED_COOLDOWN, now);
        let ms = |until: Instant| now_ms + until.duration_since(now).as_millis() as i64;
        let cooling_down = cooling_down.into_iter().take(MAX_STORED_COOLDOWNS);
        let cooling_down: BTreeMap<_, _> =
            cooling_down.map(|(host, until)| (host.to_string(), ms(until))).collect();
        let noted = &self.settings.cooling_down;
        // The two clocks may differ by a little from one look to the next, and by much when one was put
        // back.
        let longest_ms = Pace::of(&self.settings).longest_cooldown().as_millis();
        let differs = |noted: i64, until: i64| {
            noted + 1_000 < until || u128::from(noted.abs_diff(until)) > longest_ms
        };
        let more = cooling_down
            .iter()
            .any(|(host, until)| noted.get(host).is_none_or(|noted| differs(*noted, *until)));
        if more {
            self.settings.cooling_down = cooling_down;
        }
        more
    }

    /// Puts a dial to a value, for tasks that work and those that wait.
    pub(super) fn put(&mut self, setting: Setting) {
        let context = &self.context;
        let flow = &context.flow;
        match setting {
            Setting::Permits(n) => flow.gate.resize(self.load_shedder.ceiling(n)),
            Setting::Workers(n) => worker::resize(context, n),
            Setting::Queue(n) => flow.queue.resize(self.queue_in_force(n)),
            Setting::Rate(rate) => flow.rate.set(rate),
            Setting::ParseThreads(n) => flow.parse_gate.resize(n),
        }
        self.dials.set(setting);
        // Twice over, so that it is the queue that holds the producer, not the sharing out.
        let queue = self.queue_in_force(self.dials.queue);
        let pipeline = 2 * (queue + self.dials.workers);
        let permits = self.dials.permits;
        self.context.frontier.set_capacity(pipeline, permits);
    }
}
