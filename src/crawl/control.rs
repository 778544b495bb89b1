//! The control task: owns the dials, applies commands, is the only writer of snapshots, and
//! brings the pipeline to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::clock::Shares;
use super::command::{Command, Origin, Setting};
use super::dials::{Journal, nudged};
use super::journal::What;
use super::lock::Lock;
use super::meter::Meter;
use super::process::ProcessMeter;
use super::shared::{SAVER_BUDGET_KIB, Shared};
use super::snapshot::{
    Dials, Eta, PauseReason, ProducerShares, RunState, SaverShares, SaverView, Snapshot,
    WorkerShares,
};
use super::stall::StallMeter;
use super::summary::Summary;
use super::verdict::judge;
use super::workers::Pool;
use crate::store::{ChangeRow, CrawlState};

/// Time between two snapshots.
pub const TICK: Duration = Duration::from_millis(100);
/// Time between two snapshots while nothing moves.
const QUIET_TICK: f64 = 1.0;

/// What the control task starts with.
pub struct Start {
    /// What the tasks share.
    pub shared: Arc<Shared>,
    /// The saver's task, which outlives the crew.
    pub saver: JoinHandle<()>,
    /// Where commands come from.
    pub commands: mpsc::Receiver<(Command, Origin)>,
    /// Where snapshots go.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// The dials to begin with.
    pub dials: Dials,
    /// The journal so far.
    pub journal: Journal,
    /// Pages in a final state when this run began.
    pub first_pages: u64,
    /// What is crawled, in a few words.
    pub target: Arc<str>,
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
    first_pages: u64,
    last: Snapshot,
    last_sent_s: f64,
    recent_seq: (u64, u64),
    meter: Meter,
    rows: Meter,
    stall: StallMeter,
    process: ProcessMeter,
    producer_shares: Shares<5>,
    worker_shares: Shares<9>,
    saver_shares: Shares<2>,
}

/// Runs the crawl to its end; returns its summary.
pub async fn run(start: Start) -> Summary {
    let Start { shared, saver, mut commands, snapshots, dials, journal, first_pages, target } =
        start;
    let last = Snapshot {
        crawl_id: shared.crawl,
        target,
        db: shared.store.describe().into(),
        dials,
        ..Snapshot::default()
    };
    let mut control = Control {
        meter: Meter::new(first_pages),
        rows: Meter::new(0),
        snapshots,
        dials,
        journal,
        run: RunState::Running,
        paused_by_user: false,
        paused_for: Duration::ZERO,
        paused_since: None,
        notice: None,
        first_pages,
        last,
        last_sent_s: 0.0,
        recent_seq: (0, 0),
        stall: StallMeter::default(),
        process: ProcessMeter::default(),
        producer_shares: Shares::default(),
        worker_shares: Shares::default(),
        saver_shares: Shares::default(),
        saver: Some(saver),
        shared,
    };
    control.last.changes = control.journal.newest_first();
    let whole = control.crawl(&mut commands).await;
    control.finish(&mut commands, whole).await
}

impl Control {
    /// Serves commands and publishes until every URL is done (true) or a stop was asked for.
    async fn crawl(&mut self, commands: &mut mpsc::Receiver<(Command, Origin)>) -> bool {
        for setting in super::command::Dial::ALL.map(|dial| self.dials.get(dial)) {
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
        let (totals, open, latency) = shared
            .frontier
            .with(|inner| (inner.totals, inner.view().open, inner.latencies.of_run()));
        let (run, state) = if !(whole || drained) {
            (RunState::Stopped, CrawlState::Stopped)
        } else if totals.pages > 0 && totals.no_answer == totals.pages {
            (RunState::Failed, CrawlState::Failed)
        } else {
            (RunState::Complete, CrawlState::Complete)
        };
        if let Err(error) = shared.store.set_state(shared.crawl, state).await {
            tracing::error!(%error, "the crawl's end could not be recorded");
        }
        shared.store.close().await;
        self.run = run;
        self.process.read();
        self.meter.end(shared.at_s(), totals.pages, open, latency);
        self.publish(false);
        Summary::of(&self.last, shared.saver.lost.load(Relaxed))
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
            let (low, high) = new.dial().range();
            return self.refuse(format!("{old} stays: it takes {low} to {high}"));
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
        let mut settings = self.shared.settings.clone();
        settings.set_dials(&self.dials);
        let settings = serde_json::to_string(&settings).ok();
        self.shared.frontier.with(|inner| {
            for entry in undone.iter().chain([&entry]) {
                let row = ChangeRow {
                    seq: entry.seq,
                    at_ms: entry.at.as_millisecond(),
                    by: entry.by.name(),
                    what: entry.what.to_string(),
                    entry: serde_json::to_string(entry).unwrap_or_default(),
                };
                inner.outbox.change(row, settings.clone());
            }
        });
        self.shared.frontier.outbox_changed.notify_one();
        self.last.changes = self.journal.newest_first();
    }

    /// Builds a snapshot and sends it, unless nothing moves; `tick` tells that a tenth of a
    /// second has passed.
    fn publish(&mut self, tick: bool) {
        let at_s = self.shared.at_s();
        let quiet = tick
            && self.run == RunState::Paused
            && self.last.gate.in_use == 0
            && self.last.saver.backlog_pages == 0;
        if quiet && at_s - self.last_sent_s < QUIET_TICK {
            return;
        }
        self.last_sent_s = at_s;
        self.build(at_s, tick);
        self.snapshots.send_replace(Arc::new(self.last.clone()));
    }

    fn build(&mut self, at_s: f64, tick: bool) {
        let shared = &self.shared;
        let paused = self.paused_for + self.paused_since.map_or(Duration::ZERO, |s| s.elapsed());
        let second_over = self.meter.second_is_over(at_s);
        let recent_seq = &mut self.recent_seq;
        let (totals, frontier, saving, recent, troubles, second) = shared.frontier.with(|inner| {
            (
                inner.totals,
                inner.view(),
                inner.saving(),
                inner.recent.pages_since(&mut recent_seq.0),
                inner.recent.troubles_since(&mut recent_seq.1),
                second_over.then(|| inner.latencies.roll()),
            )
        });
        let s = &mut self.last;
        s.seq += 1;
        s.at_s = at_s;
        s.active_s = (at_s - paused.as_secs_f64()).max(0.0);
        s.run = self.run;
        s.pause_reasons = if self.paused_by_user { vec![PauseReason::User] } else { Vec::new() };
        s.dials = self.dials;
        s.totals = totals;
        s.queue = shared.queue.view();
        s.gate = shared.gate.view();
        s.recent = recent.unwrap_or_else(|| Arc::clone(&s.recent));
        s.troubles = troubles.unwrap_or_else(|| Arc::clone(&s.troubles));

        if tick {
            self.meter.read(at_s, totals.pages, frontier.open);
            self.rows.read(at_s, shared.saver.rows.load(Relaxed), 0);
        }
        if let Some(second) = second {
            self.meter.roll(at_s, totals.pages, (s.gate.in_use, s.queue.len), second);
            s.history = self.meter.history();
            self.process.read();
        }
        s.process = self.process.last();
        s.loop_delay = self.stall.read(&shared.stall, second_over);
        s.throughput = self.meter.throughput(s.active_s, self.first_pages);
        s.latency = self.meter.latency();
        s.frontier = frontier;
        s.frontier.growth_per_s = self.meter.growth();

        let mut sum = [0; 9];
        shared.pool.add_times(&mut sum);
        let [idle, permit, rate, connect, first_byte, body, parse, blocked, paused] =
            self.worker_shares.read(sum, tick);
        s.worker_shares =
            WorkerShares { idle, permit, rate, connect, first_byte, body, parse, blocked, paused };
        s.workers = shared.pool.view();
        let mut sum = [0; 5];
        shared.producer_clock.add_to(&mut sum);
        let [idle, throttled, busy, blocked, paused] = self.producer_shares.read(sum, tick);
        s.producer = ProducerShares { idle, throttled, busy, blocked, paused };
        let mut sum = [0; 2];
        shared.saver_clock.add_to(&mut sum);
        let [idle, busy] = self.saver_shares.read(sum, tick);
        s.saver_shares = SaverShares { idle, busy };

        let free = shared.budget.available_permits() as u64;
        let gauge = &shared.saver;
        s.saver = SaverView {
            backlog_bytes: u64::from(SAVER_BUDGET_KIB).saturating_sub(free) << 10,
            limit_bytes: u64::from(SAVER_BUDGET_KIB) << 10,
            backlog_pages: saving.0,
            rows_per_s: self.rows.throughput(at_s, 0).last_1s,
            rows: gauge.rows.load(Relaxed),
            pages: saving.1,
            last_batch_pages: gauge.last_pages.load(Relaxed) as u32,
            last_transaction_ms: gauge.last_us.load(Relaxed) as f64 / 1000.0,
            worst_transaction_ms: gauge.worst_us.load(Relaxed) as f64 / 1000.0,
        };
        s.saver_trouble.clone_from(&gauge.trouble.locked());
        let parse = shared.parse_gate.view();
        s.parse_pool = super::snapshot::ParsePoolView {
            threads: parse.limit,
            busy: parse.in_use,
            waiting: parse.waiting,
        };
        s.notice.clone_from(&self.notice);
        s.eta = eta(s);
        s.verdict = judge(s);
    }
}

fn ticker() -> tokio::time::Interval {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

/// How long it may take: honest while the frontier still grows.
fn eta(s: &Snapshot) -> Eta {
    if s.run.is_final() {
        return Eta::Done;
    }
    let rate = s.throughput.last_10s;
    if rate <= 0.0 || s.active_s < 2.0 {
        return Eta::Unknown;
    }
    let seconds = s.frontier.open as f64 / rate;
    if s.frontier.growth_per_s > 0.0 { Eta::AtLeast(seconds) } else { Eta::About(seconds) }
}
