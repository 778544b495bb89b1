//! Runs the strategies, each in a process of its own: one after the other, or all at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Barrier, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::Strategy;
use super::board::{Board, Lane, LaneState};
use super::child::Child;
use super::list::List;
use super::order::{Event, Order};

/// How long the events of a child that was told to end are waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause before the second attempt at full scale, as the article has it.
const BACKOFF: Duration = Duration::from_secs(1);

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The program whose `strategy NAME` is run.
    pub program: PathBuf,
    /// What is fetched.
    pub list: List,
    /// What delays are multiplied by; above 0.
    pub scale: f64,
    /// Requests in flight at most, for those that have a limit.
    pub permits: u32,
    /// The pages of the lesson on threads, if it is given.
    pub cpu: Option<Vec<Url>>,
    /// Whether the article's four start together; the lesson on threads is always one at a time.
    pub together: bool,
}

impl Plan {
    /// The board before anything has begun.
    #[must_use]
    pub fn board(&self) -> Board {
        let four = Strategy::FOUR.iter().map(|&s| Lane::new(s, self.list.urls.len()));
        let pages = self.cpu.iter().flat_map(|pages| {
            Strategy::CPU.iter().map(|&strategy| Lane::new(strategy, pages.len()))
        });
        let mut board = Board {
            scale: self.scale,
            permits: self.permits,
            own_list: self.list.each_s.is_none(),
            lanes: four.chain(pages).collect(),
            ..Board::default()
        };
        if let Some(each_s) = &self.list.each_s {
            board.bounds(each_s);
        }
        board
    }

    fn order(&self, strategy: Strategy) -> Order {
        let pages = || self.cpu.clone().unwrap_or_default();
        let urls = match strategy {
            Strategy::Inline | Strategy::Pool => pages(),
            _ => self.list.urls.clone(),
        };
        let backoff_ms = BACKOFF.mul_f64(self.scale.min(1.0)).as_millis() as u64;
        Order { urls, permits: self.permits, backoff_ms }
    }
}

/// Runs all strategies of `plan`, `board` being the picture of it, until they are through or `stop`
/// is cancelled. Nothing of it is left running after that.
pub async fn run(plan: &Plan, board: &watch::Sender<Arc<Board>>, stop: &CancellationToken) {
    tokio::select! {
        biased;
        () = all(plan, board, stop) => {}
        () = told_to_stop(board, stop) => {}
    }
    change(board, |board| board.over = true);
}

/// Notes on the board that it was told to stop; never ends.
async fn told_to_stop(board: &watch::Sender<Arc<Board>>, stop: &CancellationToken) {
    stop.cancelled().await;
    change(board, |board| board.stopping = true);
    std::future::pending::<()>().await;
}

async fn all(plan: &Plan, board: &watch::Sender<Arc<Board>>, stop: &CancellationToken) {
    let alone = Barrier::new(1);
    if plan.together {
        // They begin at the same moment: setting up costs time on its own, and not each as much.
        let line = Barrier::new(Strategy::FOUR.len());
        let [a, b, c, d] = Strategy::FOUR.map(|strategy| lane(plan, strategy, board, stop, &line));
        tokio::join!(a, b, c, d);
    } else {
        for strategy in Strategy::FOUR {
            lane(plan, strategy, board, stop, &alone).await;
        }
    }
    if plan.cpu.is_some() {
        for strategy in Strategy::CPU {
            lane(plan, strategy, board, stop, &alone).await;
        }
    }
}

fn change(board: &watch::Sender<Arc<Board>>, how: impl FnOnce(&mut Board)) {
    board.send_modify(|shared| how(Arc::make_mut(shared)));
}

fn change_lane(board: &watch::Sender<Arc<Board>>, strategy: Strategy, how: impl FnOnce(&mut Lane)) {
    change(board, |board| {
        if let Some(lane) = board.lanes.iter_mut().find(|lane| lane.strategy == strategy) {
            how(lane);
        }
    });
}

/// One strategy, from its start to its end. It begins when all are at the `line`; one that dies
/// before that keeps nobody waiting.
async fn lane(
    plan: &Plan,
    strategy: Strategy,
    board: &watch::Sender<Arc<Board>>,
    stop: &CancellationToken,
    line: &Barrier,
) {
    if stop.is_cancelled() {
        line.wait().await;
        return;
    }
    change_lane(board, strategy, |lane| lane.state = LaneState::Running);
    let why = match Child::start(&plan.program, strategy) {
        Ok(child) => follow(child, plan, strategy, board, stop, line).await,
        Err(error) => {
            line.wait().await;
            Some(format!("could not be started: {error}"))
        }
    };
    change_lane(board, strategy, |lane| {
        let whole = lane.end.is_some() && lane.done() >= lane.total;
        lane.state = if whole { LaneState::Finished } else { LaneState::Failed };
        let error = lane.end.as_mut().and_then(|end| end.error.take());
        let interrupted = || (!whole && stop.is_cancelled()).then(|| "interrupted".into());
        lane.why = error.or_else(interrupted).or(why);
    });
    // Only measuring tells what the URLs of one's own list take.
    if strategy == Strategy::Sequential && plan.list.each_s.is_none() {
        change(board, |board| {
            let lane = board.lane(strategy);
            // Where nothing answers, nothing was measured.
            let lane = lane.filter(|l| l.state == LaneState::Finished && l.progress.ok > 0);
            let each_s = lane.and_then(|lane| lane.end.as_ref()?.each_s.clone());
            if let Some(each_s) = each_s {
                board.bounds(&each_s);
            }
        });
    }
}

/// Passes on what the child says. Returns why, if it died.
async fn follow(
    mut child: Child,
    plan: &Plan,
    strategy: Strategy,
    board: &watch::Sender<Arc<Board>>,
    stop: &CancellationToken,
    line: &Barrier,
) -> Option<String> {
    // One that is dead already says why below.
    let _ = child.tell(&plan.order(strategy)).await;
    let mut ready = false;
    let mut let_go = false;
    let patience = tokio::time::sleep(Duration::ZERO);
    tokio::pin!(patience);
    loop {
        let event = tokio::select! {
            event = child.next() => event,
            () = stop.cancelled(), if !let_go => {
                let_go = true;
                child.let_go();
                patience.as_mut().reset(tokio::time::Instant::now() + PATIENCE);
                continue;
            }
            () = &mut patience, if let_go => None,
        };
        if !ready && matches!(event, Some(Event::Ready | Event::End(_)) | None) {
            ready = true;
            line.wait().await;
            let _ = child.go().await;
        }
        match event {
            Some(Event::Ready) => {}
            Some(Event::Progress(progress)) => {
                change_lane(board, strategy, |lane| lane.advance(progress));
            }
            Some(Event::End(end)) => change_lane(board, strategy, |lane| {
                lane.advance(end.progress);
                lane.end = Some(end);
            }),
            None => return child.end().await,
        }
    }
}
