//! Runs the strategies, each in a process of its own: one after the other, or all at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Barrier, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::child::Child;
use super::ipc::{StrategyEvent, StrategyJob};
use super::progress::{ComparisonProgress, Lane, LaneState};
use super::strategy::Strategy;
use super::workload::Workload;

/// Publishes the progress.
type Publisher = watch::Sender<Arc<ComparisonProgress>>;

/// How long the parent waits for events of a child after a stop request.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause before the second attempt at full scale, as in the article.
const BACKOFF: Duration = Duration::from_secs(1);

/// The configuration of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonPlan {
    /// The program whose `strategy NAME` is run.
    pub program: PathBuf,
    /// The URLs to fetch.
    pub workload: Workload,
    /// What delays are multiplied by; above 0.
    pub scale: f64,
    /// Maximum requests in flight, for strategies with a limit.
    pub permits: u32,
    /// The pages of the lesson on threads, if it was requested.
    pub cpu: Option<Vec<Url>>,
    /// Whether the article's four run at the same time; the lesson on threads always runs one by one.
    pub concurrent: bool,
}

impl ComparisonPlan {
    /// The progress before anything has started.
    #[must_use]
    pub fn initial_progress(&self) -> ComparisonProgress {
        let four = Strategy::FOUR.iter().map(|&s| Lane::new(s, self.workload.urls.len()));
        let pages = self.cpu.iter().flat_map(|pages| {
            Strategy::CPU.iter().map(|&strategy| Lane::new(strategy, pages.len()))
        });
        let mut progress = ComparisonProgress {
            scale: self.scale,
            permits: self.permits,
            is_user_list: self.workload.each_s.is_none(),
            lanes: four.chain(pages).collect(),
            ..ComparisonProgress::default()
        };
        if let Some(each_s) = &self.workload.each_s {
            progress.set_lower_bounds(each_s);
        }
        progress
    }

    fn job(&self, strategy: Strategy) -> StrategyJob {
        let pages = || self.cpu.clone().unwrap_or_default();
        let urls = match strategy {
            Strategy::Inline | Strategy::Pool => pages(),
            _ => self.workload.urls.clone(),
        };
        let backoff_ms = BACKOFF.mul_f64(self.scale.min(1.0)).as_millis() as u64;
        StrategyJob { urls, permits: self.permits, backoff_ms }
    }
}

/// Runs all strategies of `plan` and publishes their progress, until they have ended or `stop` is
/// cancelled. No process is left running after that.
pub async fn run(plan: &ComparisonPlan, publisher: &Publisher, stop: &CancellationToken) {
    tokio::select! {
        biased;
        () = run_all(plan, publisher, stop) => {}
        () = note_stop(publisher, stop) => {}
    }
    update(publisher, |progress| progress.finished = true);
}

/// Publishes the stop request; never ends.
async fn note_stop(publisher: &Publisher, stop: &CancellationToken) {
    stop.cancelled().await;
    update(publisher, |progress| progress.stopping = true);
    std::future::pending::<()>().await;
}

async fn run_all(plan: &ComparisonPlan, publisher: &Publisher, stop: &CancellationToken) {
    let alone = Barrier::new(1);
    if plan.concurrent {
        // All start their requests at the same moment: their set-up times differ.
        let start = Barrier::new(Strategy::FOUR.len());
        let [a, b, c, d] =
            Strategy::FOUR.map(|strategy| run_strategy(plan, strategy, publisher, stop, &start));
        tokio::join!(a, b, c, d);
    } else {
        for strategy in Strategy::FOUR {
            run_strategy(plan, strategy, publisher, stop, &alone).await;
        }
    }
    if plan.cpu.is_some() {
        for strategy in Strategy::CPU {
            run_strategy(plan, strategy, publisher, stop, &alone).await;
        }
    }
}

fn update(publisher: &Publisher, change: impl FnOnce(&mut ComparisonProgress)) {
    publisher.send_modify(|shared| change(Arc::make_mut(shared)));
}

fn update_lane(publisher: &Publisher, strategy: Strategy, change: impl FnOnce(&mut Lane)) {
    update(publisher, |progress| {
        if let Some(lane) = progress.lanes.iter_mut().find(|lane| lane.strategy == strategy) {
            change(lane);
        }
    });
}

/// Runs one strategy. Its requests begin when all processes are ready at the `start` barrier; one
/// that ends before that does not block the others.
async fn run_strategy(
    plan: &ComparisonPlan,
    strategy: Strategy,
    publisher: &Publisher,
    stop: &CancellationToken,
    start: &Barrier,
) {
    if stop.is_cancelled() {
        start.wait().await;
        return;
    }
    update_lane(publisher, strategy, |lane| lane.state = LaneState::Running);
    let why = match Child::start(&plan.program, strategy) {
        Ok(child) => follow(child, plan, strategy, publisher, stop, start).await,
        Err(error) => {
            start.wait().await;
            Some(format!("could not be started: {error}"))
        }
    };
    update_lane(publisher, strategy, |lane| {
        let whole = lane.end.is_some() && lane.done() >= lane.total;
        lane.state = if whole { LaneState::Finished } else { LaneState::Failed };
        let error = lane.end.as_mut().and_then(|end| end.error.take());
        let interrupted = || (!whole && stop.is_cancelled()).then(|| "interrupted".into());
        lane.why = error.or_else(interrupted).or(why);
    });
    // The times of the URLs of a user's list have to be measured.
    if strategy == Strategy::Sequential && plan.workload.each_s.is_none() {
        update(publisher, |progress| {
            let lane = progress.lane(strategy);
            // Without any response there is no measurement.
            let lane = lane.filter(|l| l.state == LaneState::Finished && l.progress.ok > 0);
            let each_s = lane.and_then(|lane| lane.end.as_ref()?.each_s.clone());
            if let Some(each_s) = each_s {
                progress.set_lower_bounds(&each_s);
            }
        });
    }
}

/// Publishes the events of the child. Returns the reason if it failed.
async fn follow(
    mut child: Child,
    plan: &ComparisonPlan,
    strategy: Strategy,
    publisher: &Publisher,
    stop: &CancellationToken,
    start: &Barrier,
) -> Option<String> {
    // A child that has ended already returns its reason below.
    let _ = child.send_job(&plan.job(strategy)).await;
    let mut ready = false;
    let mut stop_requested = false;
    let stop_timeout = tokio::time::sleep(Duration::ZERO);
    tokio::pin!(stop_timeout);
    loop {
        let event = tokio::select! {
            event = child.next() => event,
            () = stop.cancelled(), if !stop_requested => {
                stop_requested = true;
                child.request_stop();
                stop_timeout.as_mut().reset(tokio::time::Instant::now() + STOP_TIMEOUT);
                continue;
            }
            () = &mut stop_timeout, if stop_requested => None,
        };
        if !ready && matches!(event, Some(StrategyEvent::Ready | StrategyEvent::End(_)) | None) {
            ready = true;
            start.wait().await;
            let _ = child.start_requests().await;
        }
        match event {
            Some(StrategyEvent::Ready) => {}
            Some(StrategyEvent::Progress(progress)) => {
                update_lane(publisher, strategy, |lane| lane.advance(progress));
            }
            Some(StrategyEvent::End(end)) => update_lane(publisher, strategy, |lane| {
                lane.advance(end.progress);
                lane.end = Some(end);
            }),
            None => return child.wait().await,
        }
    }
}
