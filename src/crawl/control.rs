//! The control task: owns the dials, applies commands, is the only writer of snapshots, and
//! brings the pipeline to its end.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use url::Url;

use super::command::{Command, Dial, HostCommand, MOST_PER_HOST, Origin, Setting};
use super::dials::{Journal, nudged};
use super::frontier::Link;
use super::journal::What;
use super::lock::Lock;
use super::observer::{Observer, State};
use super::prune;
use super::shared::{SAVER_BUDGET_KIB, Shared};
use super::snapshot::{Dials, PauseReason, RunState, Snapshot, Strain};
use super::strain::{Gauges, Governor};
use super::summary::Summary;
use super::workers::Pool;
use crate::config::{HostRule, Settings};
use crate::store::{ChangeRow, CrawlState};
use crate::web::url::UrlHash;

/// Time between two snapshots.
pub const TICK: Duration = Duration::from_millis(100);
/// Seconds between two snapshots while nothing moves.
const QUIET_TICK_S: f64 = 1.0;
/// A crawl whose hosts are all down waits this many times as long as it would for one of them; then
/// it stops, resumable, and nothing is marked failed.
const EVERYTHING_DOWN_PATIENCE: f64 = 6.0;

/// What the control task starts with.
pub struct Start {
    /// What the tasks share.
    pub shared: Arc<Shared>,
    /// The saver's task, which outlives the crew.
    pub saver: JoinHandle<()>,
    /// Where commands come from.
    pub commands: mpsc::Receiver<(Command, Origin)>,
    /// Where snapshots go; it holds the first one.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// The dials to begin with.
    pub dials: Dials,
    /// The journal so far.
    pub journal: Journal,
}

struct Control {
    shared: Arc<Shared>,
    saver: Option<JoinHandle<()>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    dials: Dials,
    journal: Journal,
    /// The settings in force, without seeds.
    settings: Settings,
    governor: Governor,
    strains: Vec<Strain>,
    /// Reasons of our own to start nothing new.
    pauses: Vec<PauseReason>,
    /// Since when everything has been down.
    down_since_s: Option<f64>,
    disk_read_s: f64,
    disk_free: Option<u64>,
    max_memory: Option<u64>,
    run: RunState,
    paused_by_user: bool,
    paused_for: Duration,
    paused_since: Option<Instant>,
    notice: Option<Arc<str>>,
    last_sent_s: f64,
    observer: Observer,
}

/// Runs the crawl to its end; returns its summary.
pub async fn run(start: Start) -> Summary {
    let Start { shared, saver, mut commands, snapshots, dials, journal } = start;
    let mut observer = Observer::new(Snapshot::clone(&snapshots.borrow()));
    observer.note_changes(journal.newest_first());
    let settings = shared.settings.clone();
    let mut control = Control {
        settings,
        governor: Governor::default(),
        strains: Vec::new(),
        pauses: Vec::new(),
        down_since_s: None,
        disk_read_s: f64::NEG_INFINITY,
        disk_free: None,
        max_memory: shared.settings.max_memory.or_else(super::process::most_memory),
        shared,
        saver: Some(saver),
        snapshots,
        dials,
        journal,
        run: RunState::Running,
        paused_by_user: false,
        paused_for: Duration::ZERO,
        paused_since: None,
        notice: None,
        last_sent_s: 0.0,
        observer,
    };
    let whole = control.crawl(&mut commands).await;
    control.finish(&mut commands, whole).await
}

impl Control {
    /// Serves commands and publishes until every URL is done (true) or a stop was asked for.
    async fn crawl(&mut self, commands: &mut mpsc::Receiver<(Command, Origin)>) -> bool {
        for setting in Dial::ALL.map(|dial| self.dials.get(dial)) {
            self.put(setting);
        }
        self.publish(false);
        let shared = Arc::clone(&self.shared);
        let mut tick = ticker();
        loop {
            // A notification may be older than what was discovered since: look again.
            if shared.frontier.is_drained() && *shared.seen_ready.borrow() {
                return true;
            }
            tokio::select! {
                Some((command, origin)) = commands.recv() => {
                    self.apply(command, origin);
                    self.publish(false);
                    if self.run == RunState::Stopping {
                        return false;
                    }
                }
                () = shared.frontier.drained.notified() => {}
                _ = tick.tick() => {
                    self.govern();
                    self.store_settings();
                    self.publish(true);
                    if self.run == RunState::Stopping {
                        return false;
                    }
                }
            }
        }
    }

    /// Lets the pipeline run out and records how the crawl ended.
    async fn finish(
        &mut self,
        commands: &mut mpsc::Receiver<(Command, Origin)>,
        whole: bool,
    ) -> Summary {
        let shared = Arc::clone(&self.shared);
        shared.frontier.stop();
        shared.queue.close();
        shared.crew.close();
        let crew = shared.crew.wait();
        self.serve_until(commands, crew).await;
        self.store_settings();
        // Nobody is left to hand anything in: the saver writes what there is and ends.
        shared.frontier.close();
        if let Some(saver) = self.saver.take() {
            self.serve_until(commands, saver).await;
        }
        let drained = shared.frontier.is_drained();
        let totals = shared.frontier.with(|ledger| ledger.totals);
        let (run, state) = if !(whole || drained) {
            (RunState::Stopped, CrawlState::Stopped)
        } else if totals.no_answer > 0 && totals.by_class == [0; 5] {
            // Whatever was asked, nothing ever answered.
            (RunState::Failed, CrawlState::Failed)
        } else {
            (RunState::Complete, CrawlState::Complete)
        };
        if state == CrawlState::Complete {
            self.count_gone().await;
        }
        if let Err(error) = shared.store.set_state(shared.crawl, state).await {
            tracing::error!(%error, "the crawl's end could not be recorded");
        }
        shared.store.close().await;
        self.run = run;
        self.observer.end(&shared);
        self.publish(false);
        Summary::of(self.observer.last(), shared.saver.lost.load(Relaxed))
    }

    /// Of a crawl looked at again: what was well and is not any more, or was not found. Only a whole
    /// crawl can tell.
    async fn count_gone(&self) {
        let Some(previous) = self.shared.settings.again else { return };
        let shared = &self.shared;
        let totals = match shared.store.count_ok(previous).await {
            Ok(before) => shared.frontier.with(|ledger| {
                let totals = &mut ledger.totals;
                totals.gone = before.saturating_sub(totals.same + totals.changed);
                serde_json::to_string(totals).ok()
            }),
            Err(error) => {
                tracing::error!(%error, "what is gone cannot be counted");
                None
            }
        };
        let batch = crate::store::Batch { totals, ..Default::default() };
        if let Err(error) = shared.store.commit(shared.crawl, &batch).await {
            tracing::error!(%error, "what is gone could not be recorded");
        }
    }

    /// Serves commands and publishes until `end`.
    async fn serve_until<F: Future>(
        &mut self,
        commands: &mut mpsc::Receiver<(Command, Origin)>,
        end: F,
    ) {
        let mut tick = ticker();
        tokio::pin!(end);
        loop {
            tokio::select! {
                _ = &mut end => return,
                Some((command, origin)) = commands.recv() => {
                    self.apply(command, origin);
                    self.publish(false);
                }
                _ = tick.tick() => self.publish(true),
            }
        }
    }

    /// Puts a dial to a value, for those who are at work and those who wait.
    fn put(&mut self, setting: Setting) {
        let shared = &self.shared;
        match setting {
            Setting::Permits(n) => shared.gate.resize(self.governor.ceiling(n)),
            Setting::Workers(n) => Pool::resize(shared, n),
            Setting::Queue(n) => shared.queue.resize(n),
            Setting::Rate(rate) => shared.rate.set(rate),
            Setting::ParseThreads(n) => shared.parse_gate.resize(n),
        }
        self.dials.set(setting);
        // Twice over, so that it is the queue that holds the producer, not the sharing out.
        let pipeline = 2 * (self.dials.queue + self.dials.workers);
        let permits = self.dials.permits;
        self.shared.frontier.with(|ledger| ledger.window.set_room(pipeline, permits));
        self.shared.frontier.changed.notify_one();
    }

    /// Stores the settings when something else than a command changed them.
    fn store_settings(&mut self) {
        let reviving = self.shared.reviving.locked().clone();
        if self.settings.reviving != reviving {
            self.settings.reviving = reviving;
            let settings = self.settings.without_seeds();
            self.shared.frontier.with(|ledger| ledger.outbox.settings(settings));
            self.shared.frontier.outbox_changed.notify_one();
        }
    }

    /// Looks after what of our own cannot keep up; ends a crawl that has been cut off for long.
    fn govern(&mut self) {
        let shared = Arc::clone(&self.shared);
        let at_s = shared.at_s();
        if at_s - self.disk_read_s >= 1.0 {
            self.disk_read_s = at_s;
            self.disk_free = shared.store.free_space();
        }
        let (everything_down, backlog) = {
            let free = shared.budget.available_permits() as f64 / f64::from(SAVER_BUDGET_KIB);
            let now = Instant::now();
            (shared.frontier.with(|ledger| ledger.window.everything_is_down(now)), 1.0 - free)
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
        for strain in &relief.strains {
            if !self.strains.iter().any(|old| old.what == strain.what) {
                tracing::warn!("slowing down: {}", strain.text);
            }
        }
        shared.gate.resize(relief.permits);
        self.strains = relief.strains;
        if self.pauses != relief.pauses {
            self.pauses = relief.pauses;
            self.set_paused();
        }
        self.down_since_s = everything_down.then(|| self.down_since_s.unwrap_or(at_s));
        let patience = shared.settings.give_up.as_secs_f64() * EVERYTHING_DOWN_PATIENCE;
        if self.run == RunState::Running && self.down_since_s.is_some_and(|s| at_s - s >= patience)
        {
            tracing::error!("everything is down: the crawl stops, to be resumed");
            self.log(What::Stop, Origin::Start, None);
            self.begin_stopping();
        }
    }

    /// Pauses while there is a reason, the user's or our own.
    fn set_paused(&mut self) {
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

    fn apply(&mut self, command: Command, origin: Origin) {
        self.notice = None;
        match command {
            Command::Nudge(dial, by) => self.turn(nudged(&self.dials, dial, by), origin, None),
            Command::Set(setting) => self.turn(setting, origin, None),
            Command::Undo => match self.journal.last_undoable() {
                Some((seq, what)) => self.undo(seq, what, origin),
                None => self.refuse("nothing to undo"),
            },
            Command::TogglePause => self.toggle_pause(origin),
            Command::Stop => {
                if self.run == RunState::Stopping {
                    self.stop_now(origin);
                } else if !self.run.is_final() {
                    self.log(What::Stop, origin, None);
                    self.begin_stopping();
                }
            }
            Command::StopNow => self.stop_now(origin),
            Command::Host(..) | Command::Exclude(_) | Command::AddSeed(_)
                if self.run == RunState::Stopping || self.run.is_final() =>
            {
                self.refuse("the crawl is stopping");
            }
            Command::Host(host, command) => self.host(&host, command, origin),
            Command::Exclude(pattern) => self.exclude(&pattern, origin),
            Command::AddSeed(url) => self.add_seed(url, origin),
        }
    }

    /// Turns a change back.
    fn undo(&mut self, seq: u64, what: What, origin: Origin) {
        match what {
            What::Set { old, .. } => self.turn(old, origin, Some(seq)),
            What::HostLimit { host, old, .. } => self.limit_host(&host, old, origin, Some(seq)),
            What::HostHeld { host, held } => self.hold_host(&host, !held, origin, Some(seq)),
            What::HostSkipped { host, .. } => self.skip_host(&host, false, origin, Some(seq)),
            What::Excluded { pattern, .. } => {
                let shared = Arc::clone(&self.shared);
                shared.frontier.with(|ledger| ledger.pruned.remove(&pattern));
                // First, so that the settings stored with the entry tell what is to come back.
                prune::include(&shared, &pattern);
                self.log(What::Excluded { pattern, excluded: false }, origin, Some(seq));
            }
            _ => self.refuse("that cannot be undone"),
        }
    }

    fn host(&mut self, host: &Arc<str>, command: HostCommand, origin: Origin) {
        let known = self.shared.frontier.with(|ledger| ledger.window.host(host));
        let Some(known) = known else {
            return self.refuse(format!("no host {host} is known now"));
        };
        match command {
            HostCommand::NudgeLimit(by) => {
                let from = known.limit.unwrap_or(known.in_flight.max(1));
                let to =
                    (i64::from(from) + i64::from(by)).clamp(1, i64::from(MOST_PER_HOST)) as u32;
                // Up from "no limit" there is nowhere to go.
                let to = if known.limit.is_none() && by > 0 { None } else { Some(to) };
                self.limit_host(host, to, origin, None);
            }
            HostCommand::SetLimit(to) => {
                let to = to.map(|limit| limit.clamp(1, MOST_PER_HOST));
                self.limit_host(host, to, origin, None);
            }
            HostCommand::ToggleHold => self.hold_host(host, !known.held, origin, None),
            HostCommand::SkipRest => self.skip_host(host, true, origin, None),
            HostCommand::ResetBreaker => {
                self.shared.frontier.with(|ledger| ledger.window.reset(host));
                self.shared.frontier.changed.notify_one();
                self.log(What::BreakerReset { host: Arc::clone(host) }, origin, None);
            }
        }
    }

    /// Changes what is said about a host; returns what was said before.
    fn rule(&mut self, host: &Arc<str>, change: impl FnOnce(&mut HostRule)) -> HostRule {
        let (before, rules) = self.shared.frontier.with(|ledger| {
            let before = ledger.window.rule(host, change);
            let rules = ledger.window.rules().iter();
            (before, rules.map(|(host, rule)| (host.to_string(), rule.clone())).collect())
        });
        self.settings.hosts = rules;
        self.shared.frontier.changed.notify_one();
        before
    }

    fn limit_host(
        &mut self,
        host: &Arc<str>,
        new: Option<u32>,
        origin: Origin,
        undoes: Option<u64>,
    ) {
        let old = self.rule(host, |rule| rule.per_host = new).per_host;
        if old == new && undoes.is_none() {
            let text = new.map_or("no limit of its own".to_owned(), |n| format!("limit {n}"));
            return self.refuse(format!("{host} has {text} already"));
        }
        self.log(What::HostLimit { host: Arc::clone(host), old, new }, origin, undoes);
    }

    fn hold_host(&mut self, host: &Arc<str>, held: bool, origin: Origin, undoes: Option<u64>) {
        self.rule(host, |rule| rule.held = held);
        self.log(What::HostHeld { host: Arc::clone(host), held }, origin, undoes);
    }

    fn skip_host(&mut self, host: &Arc<str>, skipped: bool, origin: Origin, undoes: Option<u64>) {
        let shared = Arc::clone(&self.shared);
        let queued =
            shared.frontier.with(|ledger| ledger.window.host(host)).map_or(0, |h| h.queued);
        if self.rule(host, |rule| rule.skipped = skipped).skipped == skipped {
            return self.refuse(format!("the rest of {host} is skipped already"));
        }
        if skipped {
            prune::skip(&shared, host, queued);
        } else {
            prune::release(&shared, host);
        }
        self.log(What::HostSkipped { host: Arc::clone(host), skipped }, origin, undoes);
    }

    fn exclude(&mut self, pattern: &Arc<str>, origin: Origin) {
        let shared = Arc::clone(&self.shared);
        if shared.frontier.with(|ledger| ledger.pruned.holds(pattern)) {
            return self.refuse("excluded already");
        }
        match shared.frontier.with(|ledger| ledger.exclude(pattern)) {
            Ok(gone) => {
                self.log(
                    What::Excluded { pattern: Arc::clone(pattern), excluded: true },
                    origin,
                    None,
                );
                prune::exclude(&shared, pattern, gone);
            }
            Err(error) => self.refuse(error),
        }
    }

    fn add_seed(&mut self, mut url: Url, origin: Origin) {
        let shared = Arc::clone(&self.shared);
        crate::web::url::strip_user(&mut url);
        let hash = UrlHash::of(&url);
        if shared.frontier.with(|ledger| ledger.known(&hash)).is_some() {
            return self.refuse("that URL is known already");
        }
        let wider = Arc::new(shared.scope().with_seed(&url));
        *shared.scope.write().unwrap_or_else(PoisonError::into_inner) = wider;
        shared.fetcher.add_seed(&url);
        self.settings.added_seeds.push(url.clone());
        shared.frontier.seed([Link::bare(url.as_str().into(), hash)]);
        self.log(What::Seed { url }, origin, None);
    }

    fn stop_now(&mut self, origin: Origin) {
        if !self.shared.abort.is_cancelled() {
            self.log(What::StopNow, origin, None);
            self.shared.abort.cancel();
            self.begin_stopping();
        }
    }

    /// The queue closes before a pause ends: no paused worker may start a request now.
    fn begin_stopping(&mut self) {
        self.shared.frontier.stop();
        self.shared.queue.close();
        self.paused_by_user = false;
        self.pauses.clear();
        self.set_paused();
        self.run = RunState::Stopping;
    }

    fn refuse(&mut self, why: impl Into<Arc<str>>) {
        self.notice = Some(why.into());
    }

    fn turn(&mut self, new: Setting, origin: Origin, undoes: Option<u64>) {
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
        self.put(new);
        self.log(What::Set { old, new }, origin, undoes);
    }

    fn toggle_pause(&mut self, origin: Origin) {
        if self.run == RunState::Stopping {
            return self.refuse("the crawl is stopping");
        }
        self.paused_by_user = !self.paused_by_user;
        self.set_paused();
        let what = if self.paused_by_user { What::Pause } else { What::Resume };
        self.log(what, origin, None);
    }

    /// Writes a journal entry: into the snapshot, and with the next batch into the database.
    fn log(&mut self, what: What, origin: Origin, undoes: Option<u64>) {
        tracing::info!(by = origin.name(), "{what}");
        let (entry, undone) = self.journal.add(what, origin, self.shared.at_s(), undoes);
        let rows = undone.iter().chain([&entry]).map(|entry| ChangeRow {
            seq: entry.seq,
            at_ms: entry.at.as_millisecond(),
            by: entry.by.name(),
            what: entry.what.to_string(),
            entry: serde_json::to_string(entry).unwrap_or_default(),
        });
        let rows: Vec<_> = rows.collect();
        self.settings.reviving.clone_from(&self.shared.reviving.locked());
        self.settings.set_dials(&self.dials);
        self.settings.pruned = self.shared.frontier.with(|ledger| ledger.pruned.patterns());
        let settings = self.settings.without_seeds();
        self.shared.frontier.with(|ledger| {
            for row in rows {
                ledger.outbox.change(row);
            }
            ledger.outbox.settings(settings);
        });
        self.shared.frontier.outbox_changed.notify_one();
        self.observer.note_changes(self.journal.newest_first());
    }

    /// Sends a snapshot, unless nothing moves; `tick` tells that a tenth of a second has passed.
    fn publish(&mut self, tick: bool) {
        let at_s = self.shared.at_s();
        let quiet = tick && self.run == RunState::Paused && self.observer.is_still();
        if quiet && at_s - self.last_sent_s < QUIET_TICK_S {
            return;
        }
        self.last_sent_s = at_s;
        let paused = self.paused_for + self.paused_since.map_or(Duration::ZERO, |s| s.elapsed());
        let state = State {
            run: self.run,
            pause_reasons: self
                .paused_by_user
                .then_some(PauseReason::User)
                .into_iter()
                .chain(self.pauses.iter().copied())
                .collect(),
            strains: self.strains.clone(),
            active_s: (at_s - paused.as_secs_f64()).max(0.0),
            dials: self.dials,
            notice: self.notice.clone(),
        };
        self.snapshots.send_replace(self.observer.look(&self.shared, at_s, state, tick));
    }
}

fn ticker() -> tokio::time::Interval {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}
