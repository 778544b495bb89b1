//! The control task: owns the dials, applies commands, is the only writer of snapshots, and
//! brings the pipeline to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::command::{Command, Dial, Origin, Setting};
use super::dials::{Journal, nudged};
use super::journal::What;
use super::observer::{Observer, State};
use super::shared::Shared;
use super::snapshot::{Dials, RunState, Snapshot};
use super::summary::Summary;
use super::workers::Pool;
use crate::store::{ChangeRow, CrawlState};

/// Time between two snapshots.
pub const TICK: Duration = Duration::from_millis(100);
/// Seconds between two snapshots while nothing moves.
const QUIET_TICK_S: f64 = 1.0;

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
    let mut control = Control {
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
                _ = tick.tick() => self.publish(true),
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
        if let Err(error) = shared.store.set_state(shared.crawl, state).await {
            tracing::error!(%error, "the crawl's end could not be recorded");
        }
        shared.store.close().await;
        self.run = run;
        self.observer.end(&shared);
        self.publish(false);
        Summary::of(self.observer.last(), shared.saver.lost.load(Relaxed))
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
            Setting::Permits(n) => shared.gate.resize(n),
            Setting::Workers(n) => Pool::resize(shared, n),
            Setting::Queue(n) => shared.queue.resize(n),
            Setting::Rate(rate) => shared.rate.set(rate),
            Setting::ParseThreads(n) => shared.parse_gate.resize(n),
        }
        self.dials.set(setting);
    }

    fn apply(&mut self, command: Command, origin: Origin) {
        self.notice = None;
        match command {
            Command::Nudge(dial, by) => self.turn(nudged(&self.dials, dial, by), origin, None),
            Command::Set(setting) => self.turn(setting, origin, None),
            Command::Undo => match self.journal.last_undoable() {
                Some((seq, old)) => self.turn(old, origin, Some(seq)),
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
            Command::Host(..) | Command::Exclude(_) | Command::AddSeed(_) => {
                self.refuse("not while the frontier is being rebuilt");
            }
        }
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
        self.unpause();
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
        if self.paused_by_user {
            self.unpause();
            self.log(What::Resume, origin, None);
        } else {
            self.paused_by_user = true;
            self.paused_since = Some(Instant::now());
            self.run = RunState::Paused;
            self.shared.paused.send_replace(true);
            self.log(What::Pause, origin, None);
        }
    }

    fn unpause(&mut self) {
        if std::mem::take(&mut self.paused_by_user) {
            self.run = RunState::Running;
        }
        if let Some(since) = self.paused_since.take() {
            self.paused_for += since.elapsed();
        }
        self.shared.paused.send_replace(false);
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
        let mut settings = self.shared.settings.clone();
        settings.set_dials(&self.dials);
        let settings = settings.without_seeds();
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
            paused_by_user: self.paused_by_user,
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
