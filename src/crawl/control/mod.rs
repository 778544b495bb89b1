//! The control task: owns the dials, applies commands, is the only writer of snapshots, and
//! brings the pipeline to its end.

mod commands;
pub mod exclusion_task;
mod faults;
mod hosts;
pub mod journal;
pub mod overload;
pub mod snapshot_builder;
mod throttle;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::crawl::FaultSetup;
use crate::crawl::control::journal::Journal;
use crate::crawl::control::overload::LoadShedder;
use crate::crawl::control::snapshot_builder::{SnapshotBuilder, State};
use crate::crawl::fetch::recrawl;
use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::pipeline::{heartbeat, saver};
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::scene::{Scene, Setup};
use crate::crawl::protocol::snapshot::{Overload, PauseReason, RunState, Snapshot};
use crate::crawl::protocol::summary::Summary;
use crate::settings::Settings;
use crate::settings::dials::Dial;
use crate::settings::dials::Dials;
use crate::settings::faults::{Faults, FaultySite};
use crate::store::CrawlState;

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
    pub shared: Arc<CrawlContext>,
    /// The saver's task, which outlives the crew.
    pub saver: JoinHandle<()>,
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
    /// The stage.
    pub staging: FaultSetup,
}

struct Control {
    shared: Arc<CrawlContext>,
    saver: Option<JoinHandle<()>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    dials: Dials,
    journal: Journal,
    /// The site, where it takes faults.
    site: Option<Arc<dyn FaultySite>>,
    faults: Faults,
    scene: Option<Scene>,
    /// What was before the first scene.
    before_scenes: Option<Setup>,
    /// The settings in force, without seeds.
    settings: Settings,
    governor: LoadShedder,
    overloads: Vec<Overload>,
    /// Reasons of our own to start nothing new.
    pauses: Vec<PauseReason>,
    /// Since when everything has been down.
    down_since_s: Option<f64>,
    disk_read_s: f64,
    disk_free: Option<u64>,
    max_memory: Option<u64>,
    run: RunState,
    /// The pipeline is being brought to its end: what changes what is fetched comes too late.
    ending: bool,
    paused_by_user: bool,
    paused_for: Duration,
    paused_since: Option<Instant>,
    notice: Option<Arc<str>>,
    last_sent_s: f64,
    observer: SnapshotBuilder,
}

/// Runs the crawl to its end; returns its summary.
pub async fn run(start: Start) -> Summary {
    let Start { shared, saver, mut commands, snapshots, dials, before, journal, staging } = start;
    let mut observer = SnapshotBuilder::new(Snapshot::clone(&snapshots.borrow()));
    observer.note_changes(journal.newest_first());
    let settings = shared.settings.clone();
    let mut control = Control {
        settings,
        governor: LoadShedder::default(),
        overloads: Vec::new(),
        pauses: Vec::new(),
        down_since_s: None,
        disk_read_s: f64::NEG_INFINITY,
        disk_free: None,
        max_memory: shared.settings.max_memory.or_else(crate::crawl::measure::process::most_memory),
        shared,
        saver: Some(saver),
        snapshots,
        dials,
        journal,
        site: staging.site,
        faults: staging.faults,
        scene: staging.scene,
        before_scenes: None,
        run: RunState::Running,
        ending: false,
        paused_by_user: false,
        paused_for: Duration::ZERO,
        paused_since: None,
        notice: None,
        last_sent_s: 0.0,
        observer,
    };
    let beat = tokio::spawn(heartbeat::run(Arc::clone(&control.shared)));
    for dial in Dial::ALL {
        let (old, new) = (before.get(dial), dials.get(dial));
        if old != new {
            control.log(ChangeAction::Set { old, new }, Origin::Start, None);
        }
    }
    let whole = control.crawl(&mut commands).await;
    control.finish(&mut commands, whole, beat).await
}

impl Control {
    /// Serves commands and publishes until every URL is done (true) or a stop was asked for.
    async fn crawl(&mut self, commands: &mut mpsc::Receiver<(Command, Origin)>) -> bool {
        for setting in Dial::ALL.map(|dial| self.dials.get(dial)) {
            self.put(setting);
        }
        self.put_faults(self.faults);
        self.publish(false);
        let shared = Arc::clone(&self.shared);
        let mut tick = ticker();
        let mut asked_for_the_rest = false;
        loop {
            // A notification may be older than what was discovered since: look again.
            if shared.frontier.is_drained() && *shared.seen_ready.borrow() {
                match shared.settings.recrawl_of {
                    Some(crawl) if !asked_for_the_rest => recrawl::ask_for_the_rest(&shared, crawl),
                    _ => return true,
                }
                asked_for_the_rest = true;
            }
            tokio::select! {
                Some((command, origin)) = commands.recv() => {
                    self.apply(command, origin);
                    self.publish(false);
                    if self.run == RunState::Stopping {
                        return false;
                    }
                }
                () = shared.frontier.drained() => {}
                () = shared.saver.over.cancelled() => {
                    self.stop_now(Origin::Start);
                    self.publish(false);
                    return false;
                }
                _ = tick.tick() => {
                    self.govern();
                    exclusion_task::recount(&self.shared);
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
        beat: JoinHandle<()>,
    ) -> Summary {
        let shared = Arc::clone(&self.shared);
        self.ending = true;
        shared.frontier.stop();
        shared.queue.close();
        shared.crew.close();
        let crew = shared.crew.wait();
        self.serve_until(commands, crew).await;
        self.store_settings();
        // Nobody is left to hand anything in: the saver writes what there is and ends.
        shared.frontier.close();
        if let Some(saver) = self.saver.take() {
            let _ = self.serve_until(commands, saver).await;
        }
        // A beat after the crawl was let go would find it held by nobody.
        beat.abort();
        let _ = beat.await;
        let drained = shared.frontier.is_drained();
        let lost = shared.saver.over.is_cancelled();
        let totals = shared.frontier.totals();
        let (mut run, state) = if lost || !(whole || drained) {
            (RunState::Stopped, CrawlState::Stopped)
        } else if totals.no_answer > 0 && totals.by_class == [0; 5] {
            // Whatever was asked, nothing ever answered.
            (RunState::Failed, CrawlState::Failed)
        } else {
            (RunState::Complete, CrawlState::Complete)
        };
        if state == CrawlState::Complete {
            self.count_unchecked().await;
        }
        // Somebody else says how it ends.
        if !lost {
            let recorded = saver::record_end(&shared, state);
            let recorded = self.serve_until(commands, recorded).await;
            if let Err(error) = recorded {
                tracing::error!(%error, "the crawl's end could not be recorded");
                if run == RunState::Complete {
                    // Nothing is lost, and a resumed crawl is over at once; the database does not know.
                    let why =
                        format!("the crawl is complete, which could not be recorded: {error}");
                    let _ = shared.saver.last_word.set(why);
                    run = RunState::Stopped;
                }
            }
        }
        shared.store.close().await;
        self.run = run;
        self.observer.end(&shared);
        self.publish(false);
        let summary = Summary::of(self.observer.last(), shared.saver.lost.load(Relaxed));
        Summary { ended_by: shared.saver.last_word.get().cloned(), ..summary }
    }

    /// Of a crawl looked at again: what was well and could not be compared. Only a whole
    /// crawl can tell.
    async fn count_unchecked(&self) {
        let Some(previous) = self.shared.settings.recrawl_of else { return };
        let shared = &self.shared;
        let totals = match shared.store.count_ok(previous).await {
            Ok(before) => serde_json::to_string(&shared.frontier.count_unchecked(before)).ok(),
            Err(error) => {
                tracing::error!(%error, "what was not compared cannot be counted");
                None
            }
        };
        let batch = crate::store::Batch { totals, ..Default::default() };
        if let Err(error) = shared.store.commit(shared.crawl, &batch).await {
            tracing::error!(%error, "what was not compared could not be recorded");
        }
    }

    /// Serves commands and publishes until `end`.
    async fn serve_until<F: Future>(
        &mut self,
        commands: &mut mpsc::Receiver<(Command, Origin)>,
        end: F,
    ) -> F::Output {
        let mut tick = ticker();
        let shared = Arc::clone(&self.shared);
        tokio::pin!(end);
        loop {
            tokio::select! {
                ended = &mut end => return ended,
                Some((command, origin)) = commands.recv() => {
                    self.apply(command, origin);
                    self.publish(false);
                }
                () = shared.saver.over.cancelled(), if !shared.abort.is_cancelled() => {
                    self.stop_now(Origin::Start);
                }
                _ = tick.tick() => self.publish(true),
            }
        }
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
            overloads: self.overloads.clone(),
            active_s: (at_s - paused.as_secs_f64()).max(0.0),
            dials: self.dials,
            faults: self.faults,
            scene: self.scene,
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
