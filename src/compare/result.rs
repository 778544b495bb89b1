//! What a comparison came to: what `--json` prints, and what the table is made of.

use serde::Serialize;

use super::Strategy;
use super::board::{Board, Lane, LaneState};

/// One strategy in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which.
    pub name: Strategy,
    /// From the first request to the last byte, or until everything was saved; in seconds.
    pub wall_s: f64,
    /// The best that the list allows in its order, in seconds; null when that is not known.
    pub bound_s: Option<f64>,
    /// The same by arithmetic, whatever the order.
    pub arithmetic_s: Option<f64>,
    /// `wall_s` by `bound_s`; null unless every URL answered 2xx, for the rest was less work, or more.
    pub ratio: Option<f64>,
    /// Peak of resident memory, in bytes.
    pub rss_peak_bytes: u64,
    /// Answered 2xx.
    pub ok: u64,
    /// Answered otherwise, or not at all.
    pub failed: u64,
    /// Rows in the database after it was closed; the last that was heard of one that died.
    pub saved: u64,
    /// Rows that there should be: one for each URL of the list, 0 without a database.
    pub expected: u64,
    /// Longest the event loop was blocked, in ms.
    pub stall_ms: f64,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What delays were multiplied by.
    pub scale: f64,
    /// Requests in flight at most, for those that have a limit.
    pub permits: u32,
    /// Whether something is missing, or went wrong.
    pub partial: bool,
    /// What, a line each.
    pub reasons: Vec<String>,
    /// The article's strategies, as far as they were begun.
    pub strategies: Vec<Row>,
    /// The lesson on threads, if it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Vec<Row>>,
}

impl Comparison {
    /// What `board` came to; `left_out` are the lines of a list that were no URLs.
    #[must_use]
    pub fn of(board: &Board, left_out: &[String]) -> Self {
        let begun = || board.lanes.iter().filter(|lane| lane.state != LaneState::Waiting);
        let is_cpu = |lane: &Lane| Strategy::CPU.contains(&lane.strategy);
        let mut reasons = left_out.to_vec();
        reasons.extend(board.lanes.iter().filter_map(reason));
        Self {
            scale: board.scale,
            permits: board.permits,
            partial: !reasons.is_empty(),
            reasons,
            strategies: begun().filter(|lane| !is_cpu(lane)).map(row).collect(),
            cpu: board
                .lanes
                .iter()
                .any(is_cpu)
                .then(|| begun().filter(|lane| is_cpu(lane)).map(row).collect()),
        }
    }
}

/// What is missing of a strategy, in a line.
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

fn row(lane: &Lane) -> Row {
    let now = &lane.progress;
    let bound_s = lane.bound.map(|bound| bound.bound_s);
    let whole = now.ok == lane.total;
    Row {
        name: lane.strategy,
        wall_s: now.elapsed_s,
        bound_s,
        arithmetic_s: lane.bound.map(|bound| bound.arithmetic_s),
        ratio: bound_s.filter(|s| whole && *s > 0.0).map(|s| now.elapsed_s / s),
        rss_peak_bytes: now.rss_peak_bytes,
        ok: now.ok,
        failed: now.failed,
        saved: now.saved,
        expected: if lane.strategy == Strategy::Full { lane.total } else { 0 },
        stall_ms: now.stall_ms,
    }
}
