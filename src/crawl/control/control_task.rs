//! The control task: owns the dials, applies commands, is the only writer of snapshots, and
//! brings the pipeline to its end. Its methods by subject are in `commands`, `hosts`, `faults`, `scenes`
//! and `throttle`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::crawl::control::autopilot_driver::AutopilotDriver;
use crate::crawl::control::exclusion_task::ExclusionTasks;
use crate::crawl::control::fault_setup::FaultSetup;
use crate::crawl::control::journal::Journal;
use crate::crawl::control::measuring::Measuring;
use crate::crawl::control::overload::LoadShedder;
use crate::crawl::control::overload::load_shedder;
use crate::crawl::control::scene_state::Scenes;
use crate::crawl::control::snapshot_builder::{SnapshotBuilder, State};
use crate::crawl::control::tuning_gauge::TuningGauge;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::recrawl;
use crate::crawl::pipeline::{heartbeat, saver};
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::{Overload, PauseReason, RunState, Snapshot};
use crate::crawl::protocol::summary::Summary;
use crate::crawl::tuning::timeline_recorder::{RunCounters, TimelineRecorder};
use crate::panics::{self, Panic};
use crate::settings::Settings;
use crate::settings::dials::Dial;
use crate::settings::dials::Dials;
use crate::settings::faults::{Faults, FaultySite, PanicPoint};
use crate::settings::slow_motion::SlowMotion;
use crate::store::{CrawlState, TimelineRow};

/// Time between two snapshots.
pub const TICK: Duration = Duration::from_millis(100);
/// Seconds between two snapshots while nothing moves.
const QUIET_TICK_S: f64 = 1.0;
/// A crawl whose hosts are all down waits this many times as long as it would for one of them; then
/// it stops, resumable, and nothing is marked failed.
pub(super) const EVERYTHING_DOWN_PATIENCE: f64 = 6.0;

/// What the control task starts with.
pub struct Start {
    /// What the tasks share.
    pub context: Arc<CrawlContext>,
    /// Excluding and restoring.
    pub exclusions: Arc<ExclusionTasks>,
    /// Where commands come from.
    pub commands: mpsc::Receiver<(Command, Origin)>,
    /// Where snapshots go; it holds the first one.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// The dials to begin with.
    pub dials: Dials,
    /// Those of the run before; options may have turned some since.
    pub before: Dials,
    /// The journal so far.
    pub journal: Journal,
    /// Faults and scene to begin with.
    pub fault_setup: FaultSetup,
    /// What was measured in earlier runs, oldest first.
    pub timeline: Vec<TimelineRow>,
}

/// The control task.
pub(super) struct Control {
    pub(super) context: Arc<CrawlContext>,
    pub(super) exclusions: Arc<ExclusionTasks>,
    heartbeat: JoinHandle<()>,
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(super) dials: Dials,
    pub(super) journal: Journal,
    /// The site, where it takes faults.
    pub(super) site: Option<Arc<dyn FaultySite>>,
    pub(super) faults: Faults,
    pub(super) scenes: Scenes,
    pub(super) slow: Option<SlowMotion>,
    /// The settings in force, without seeds.
    pub(super) settings: Settings,
    pub(super) load_shedder: LoadShedder,
    pub(super) overloads: Vec<Overload>,
    /// Reasons of our own to start nothing new.
    pub(super) pauses: Vec<PauseReason>,
    /// Since when everything has been down.
    pub(super) down_since_s: Option<f64>,
    pub(super) disk_read_s: f64,
    pub(super) disk_free: Option<u64>,
    pub(super) max_memory: Option<u64>,
    pub(super) run: RunState,
    /// The pipeline is being brought to its end: what changes what is fetched comes too late.
    pub(super) ending: bool,
    pub(super) paused_by_user: bool,
    pub(super) paused_for: Duration,
    pub(super) paused_since: Option<Instant>,
    pub(super) notice: Option<Arc<str>>,
    pub(super) last_sent_s: f64,
    pub(super) snapshot_builder: SnapshotBuilder,
    pub(super) tuning_gauge: TuningGauge,
    pub(super) measuring: Measuring,
    pub(super) autopilot: AutopilotDriver,
    pub(super) timeline: TimelineRecorder,
}

/// Runs the crawl to its end; returns its summary.
pub async fn run(start: Start) -> Summary {
    let Start { context, exclusions, mut commands, snapshots, dials, before, journal, .. } = start;
    let (fault_setup, timeline) = (start.fault_setup, start.timeline);
    let mut snapshot_builder = SnapshotBuilder::new(Snapshot::clone(&snapshots.borrow()));
    snapshot_builder.note_changes(journal.newest_first());
    let first = RunCounters::of(&snapshot_builder.last().totals, 0.0, 0);
    let measuring = Measuring::new(&dials, first.pages, &timeline);
    let conditions = measuring.conditions();
    let recorder = TimelineRecorder::new(timeline.last(), first, dials, conditions);
    let settings = context.settings.clone();
    let (storage, signals) = (Arc::clone(&context.storage), Arc::clone(&context.signals));
    let mut control = Control {
        heartbeat: tokio::spawn(heartbeat::run(storage, signals)),
        load_shedder: load_shedder(fault_setup.site.is_some()),
        overloads: Vec::new(),
        pauses: Vec::new(),
        down_since_s: None,
        disk_read_s: f64::NEG_INFINITY,
        disk_free: None,
        max_memory: context
            .settings
            .max_memory
            .or_else(crate::crawl::measure::process::default_memory_limit),
        context,
        exclusions,
        snapshots,
        dials,
        journal,
        scenes: Scenes::of(&fault_setup),
        slow: None,
        site: fault_setup.site,
        faults: fault_setup.faults,
        run: RunState::Running,
        ending: false,
        paused_by_user: false,
        paused_for: Duration::ZERO,
        paused_since: None,
        notice: None,
        last_sent_s: 0.0,
        measuring,
        snapshot_builder,
        tuning_gauge: TuningGauge::new(),
        autopilot: AutopilotDriver::of(&settings),
        settings,
        timeline: recorder,
    };
    control.log_overrides(&before);
    let storage = Arc::clone(&control.context.storage);
    let panicked = |panic: &Panic| storage.saver.task_panicked("the control task", panic);
    let whole = panics::caught(control.crawl(&mut commands)).await;
    let whole = whole.inspect_err(panicked).unwrap_or(false);
    match panics::caught(control.finish(&mut commands, whole)).await {
        Ok(summary) => summary,
        Err(panic) => {
            panicked(&panic);
            control.finish_unseen().await
        }
    }
}

impl Control {
    /// Serves commands and publishes until every URL is done (true) or a stop was requested.
    async fn crawl(&mut self, commands: &mut mpsc::Receiver<(Command, Origin)>) -> bool {
        for setting in Dial::ALL.map(|dial| self.dials.get(dial)) {
            self.put(setting);
        }
        self.put_faults(self.faults);
        self.start_autopilot();
        self.publish(false);
        let context = Arc::clone(&self.context);
        let mut tick = ticker();
        let mut requested_the_rest = false;
        loop {
            // A notification may be older than what was discovered since: look again.
            if context.frontier.is_drained() && *context.signals.seen_ready.borrow() {
                match context.settings.recrawl_of {
                    Some(crawl) if !requested_the_rest => {
                        recrawl::request_unlinked(&context, crawl);
                    }
                    _ => return true,
                }
                requested_the_rest = true;
            }
            tokio::select! {
                Some((command, origin)) = commands.recv() => {
                    self.apply(command, origin);
                    self.publish(false);
                    if self.run == RunState::Stopping {
                        return false;
                    }
                }
                () = context.frontier.drained() => {}
                () = context.storage.saver.failed.cancelled() => {
                    self.stop_now(Origin::Start);
                    self.publish(false);
                    return false;
                }
                _ = tick.tick() => {
                    self.shed_load();
                    self.play_scene();
                    self.exclusions.recount();
                    self.store_settings();
                    self.tune();
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
        let context = Arc::clone(&self.context);
        self.ending = true;
        self.end_measuring();
        context.frontier.stop();
        context.flow.queue.close();
        self.serve_until(commands, context.tasks.all_over()).await;
        self.store_settings();
        self.end_timeline();
        // No task is left that hands anything in: the saver writes what there is and ends.
        context.frontier.close();
        self.serve_until(commands, context.storage.saver.ended.cancelled()).await;
        // A heartbeat after the lease was given back would find that no process owns it.
        self.heartbeat.abort();
        let _ = (&mut self.heartbeat).await;
        let drained = context.frontier.is_drained();
        let saver = &context.storage.saver;
        let totals = context.frontier.totals();
        let (mut run, state) = if saver.failed.is_cancelled() || !(whole || drained) {
            (RunState::Stopped, CrawlState::Stopped)
        } else if totals.no_answer > 0 && totals.by_class == [0; 5] {
            // No request was ever answered.
            (RunState::Failed, CrawlState::Failed)
        } else {
            (RunState::Complete, CrawlState::Complete)
        };
        if state == CrawlState::Complete {
            self.count_unchecked().await;
        }
        // Otherwise the process that took the crawl over records its end.
        if !saver.gone.load(Relaxed) {
            let recorded = saver::record_end(&context.storage, &context.signals, state);
            let recorded = self.serve_until(commands, recorded).await;
            if let Err(error) = recorded {
                tracing::error!(%error, "the crawl's end could not be recorded");
                if run == RunState::Complete {
                    // Nothing is lost, and a resumed crawl is over at once; the database does not know.
                    let why =
                        format!("the crawl is complete, which could not be recorded: {error}");
                    let _ = context.storage.saver.fatal_error.set(why);
                    run = RunState::Stopped;
                }
            }
        }
        self.serve_until(commands, context.storage.close(&context.signals)).await;
        self.run = run;
        self.snapshot_builder.end(&context.frontier, context.signals.at_s());
        self.publish(false);
        let summary = Summary::of(self.snapshot_builder.last(), context.frontier.unsaved());
        let nothing = run == RunState::Failed || totals.pages == totals.skipped;
        let reason = context.frontier.last_error().filter(|_| nothing);
        let ended_by = context.storage.saver.fatal_error.get().cloned();
        Summary { ended_by, reason, ..summary }
    }

    /// Ends the crawl without another snapshot of the pipeline, after this task panicked while it ended
    /// the crawl: what is done is saved.
    async fn finish_unseen(&mut self) -> Summary {
        let context = Arc::clone(&self.context);
        context.signals.request_stop();
        context.signals.abort.cancel();
        context.frontier.stop();
        context.flow.queue.close();
        context.tasks.all_over().await;
        context.frontier.close();
        context.storage.saver.ended.cancelled().await;
        self.heartbeat.abort();
        if !context.storage.saver.gone.load(Relaxed) {
            let stopped = CrawlState::Stopped;
            let recorded = saver::record_end(&context.storage, &context.signals, stopped).await;
            if let Err(error) = recorded {
                tracing::error!(%error, "the crawl's end could not be recorded");
            }
        }
        context.storage.close(&context.signals).await;
        let ended_by = context.storage.saver.fatal_error.get().cloned();
        let last = Snapshot {
            run: RunState::Stopped,
            totals: context.frontier.totals(),
            ended_by: ended_by.as_deref().map(Into::into),
            ..self.snapshot_builder.last().clone()
        };
        let summary = Summary::of(&last, context.frontier.unsaved());
        self.snapshots.send_replace(Arc::new(last));
        Summary { ended_by, ..summary }
    }

    /// Serves commands and publishes until `end`.
    async fn serve_until<F: Future>(
        &mut self,
        commands: &mut mpsc::Receiver<(Command, Origin)>,
        end: F,
    ) -> F::Output {
        let mut tick = ticker();
        let context = Arc::clone(&self.context);
        tokio::pin!(end);
        loop {
            tokio::select! {
                ended = &mut end => return ended,
                Some((command, origin)) = commands.recv() => {
                    self.apply(command, origin);
                    self.publish(false);
                }
                () = context.storage.saver.failed.cancelled(), if !context.signals.abort.is_cancelled() => {
                    self.stop_now(Origin::Start);
                }
                _ = tick.tick() => self.publish(true),
            }
        }
    }

    /// Sends a snapshot, unless nothing moves; `tick` tells that a tenth of a second has passed.
    fn publish(&mut self, tick: bool) {
        self.context.signals.panic_points.pass(PanicPoint::Control);
        let at_s = self.context.signals.at_s();
        let quiet = tick && self.run == RunState::Paused && self.snapshot_builder.is_still();
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
            overloads: self.overloads.clone(),
            active_s: (at_s - paused.as_secs_f64()).max(0.0),
            dials: self.dials,
            faults: self.faults,
            scene: self.scenes.on,
            slow: self.slow,
            notice: self.notice.clone(),
            autopilot: self.autopilot_view(),
        };
        self.snapshots.send_replace(self.snapshot_builder.build(
            &self.context,
            &self.exclusions,
            at_s,
            state,
            tick,
        ));
        self.measure_second();
    }
}

fn ticker() -> tokio::time::Interval {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}
