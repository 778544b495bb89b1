//! The result of a comparison: the JSON of `--json`, and the content of the table.

use serde::Serialize;

use super::progress::{ComparisonProgress, Lane, LaneState};
use super::strategy::Strategy;

/// The figures of one strategy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrategyResult {
    /// The strategy.
    pub name: Strategy,
    /// From the first request to the last byte, or until everything was saved; in seconds.
    pub wall_s: f64,
    /// The lower bound for the workload in its order, in seconds; null if it is not known.
    pub bound_s: Option<f64>,
    /// The lower bound by arithmetic, for any order.
    pub arithmetic_s: Option<f64>,
    /// `wall_s` by `bound_s`; null unless every response was 2xx: failures take less time, or more.
    pub ratio: Option<f64>,
    /// Peak of resident memory, in bytes.
    pub rss_peak_bytes: u64,
    /// URLs with a response 2xx.
    pub ok: u64,
    /// URLs with another response, or none.
    pub failed: u64,
    /// Rows in the database after it was closed; the last count reported by a strategy that crashed.
    pub saved: u64,
    /// Expected rows: one for each URL of the workload, 0 without a database.
    pub expected: u64,
    /// Longest the event loop was blocked, in ms.
    pub stall_ms: f64,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What delays were multiplied by.
    pub scale: f64,
    /// Maximum requests in flight, for strategies with a limit.
    pub permits: u32,
    /// Whether something is missing or failed.
    pub partial: bool,
    /// What is missing or failed, one line each.
    pub reasons: Vec<String>,
    /// The article's strategies that were started.
    pub strategies: Vec<StrategyResult>,
    /// The lesson on threads, if it was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Vec<StrategyResult>>,
}

impl Comparison {
    /// The result of `progress`; `left_out` are the lines of a list that are not URLs.
    #[must_use]
    pub fn of(progress: &ComparisonProgress, left_out: &[String]) -> Self {
        let started = || progress.lanes.iter().filter(|lane| lane.state != LaneState::Waiting);
        let is_cpu = |lane: &Lane| Strategy::CPU.contains(&lane.strategy);
        let mut reasons = left_out.to_vec();
        reasons.extend(progress.lanes.iter().filter_map(reason));
        Self {
            scale: progress.scale,
            permits: progress.permits,
            partial: !reasons.is_empty(),
            reasons,
            strategies: started().filter(|lane| !is_cpu(lane)).map(row).collect(),
            cpu: progress
                .lanes
                .iter()
                .any(is_cpu)
                .then(|| started().filter(|lane| is_cpu(lane)).map(row).collect()),
        }
    }
}

/// What is missing or failed in a strategy, as one line.
fn reason(lane: &Lane) -> Option<String> {
    let name = lane.strategy;
    let done = lane.done();
    let why = lane.why.as_deref();
    if lane.state == LaneState::Waiting {
        return Some(format!("{name}: not begun"));
    }
    if done < lane.total || lane.end.is_none() {
        let why = why.unwrap_or("ended early");
        return Some(format!("{name}: {why} after {done} of {} URLs", lane.total));
    }
    let first = lane.end.as_ref().and_then(|end| end.first_failure.as_deref());
    if lane.progress.failed > 0 {
        let failed = lane.progress.failed;
        let first = first.map(|first| format!(", the first {first}")).unwrap_or_default();
        return Some(format!("{name}: {failed} of {} URLs failed{first}", lane.total));
    }
    let row = row(lane);
    if row.saved != row.expected {
        return Some(format!("{name}: {} of {} rows are in the database", row.saved, row.expected));
    }
    why.or_else(|| first.filter(|_| Strategy::CPU.contains(&name)))
        .map(|why| format!("{name}: {why}"))
}

fn row(lane: &Lane) -> StrategyResult {
    let figures = &lane.progress;
    let bound_s = lane.lower_bound.map(|bound| bound.bound_s);
    let whole = figures.ok == lane.total;
    StrategyResult {
        name: lane.strategy,
        wall_s: figures.elapsed_s,
        bound_s,
        arithmetic_s: lane.lower_bound.map(|bound| bound.arithmetic_s),
        ratio: bound_s.filter(|s| whole && *s > 0.0).map(|s| figures.elapsed_s / s),
        rss_peak_bytes: figures.rss_peak_bytes,
        ok: figures.ok,
        failed: figures.failed,
        saved: figures.saved,
        expected: if lane.strategy == Strategy::Full { lane.total } else { 0 },
        stall_ms: figures.stall_ms,
    }
}
