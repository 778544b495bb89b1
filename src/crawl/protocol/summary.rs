//! The summary of a run: what `--json` prints.

use serde::{Deserialize, Serialize};

use crate::crawl::protocol::snapshot::{RunState, Snapshot};

/// Latency percentiles of the run, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// The dials in force at the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SettingsSummary {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Workers.
    pub workers: u32,
    /// Capacity of the bounded queue.
    pub queue: u32,
    /// Requests per second; null without a limit.
    pub rate: Option<f64>,
}

/// How the pages of a recrawl compare with those of the earlier crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecrawlSummary {
    /// That crawl's number.
    pub previous: i64,
    /// Pages that were not there, or failed before.
    pub new: u64,
    /// Pages with another content.
    pub changed: u64,
    /// Pages as they were.
    pub same: u64,
    /// Pages that succeeded before and are not there any more: 404 or 410.
    pub gone: u64,
    /// Pages that succeeded before and could not be compared: out of scope or limits by now, skipped, or
    /// without an answer that says how they are; null before the crawl is complete.
    pub unchecked: Option<u64>,
}

/// One run in numbers. Counts are of the whole crawl, times of this run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The crawl's number in its database.
    pub crawl_id: i64,
    /// `complete`, `stopped` or `failed`.
    pub state: RunState,
    /// URLs in a final state: `ok + failed + skipped`.
    pub pages: u64,
    /// Answered 2xx.
    pub ok: u64,
    /// Answered otherwise, or not at all after the last attempt.
    pub failed: u64,
    /// Known but not fetched, for a stated reason.
    pub skipped: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Requests that do not count as attempts: the server never processed them, or the host refused
    /// them (429, 503) or was down.
    #[serde(default)]
    pub resent: u64,
    /// Link rows.
    pub links: u64,
    /// Body bytes after decoding.
    pub bytes: u64,
    /// Length of this run, in seconds.
    pub elapsed_s: f64,
    /// Pages of this run per second not paused.
    pub pages_per_s: f64,
    /// Request latency.
    pub latency_ms: LatencySummary,
    /// Longest the event loop was blocked, in ms.
    pub stall_ms: f64,
    /// Peak of resident memory, in bytes.
    pub rss_peak_bytes: u64,
    /// URLs known and not in a final state.
    pub open: u64,
    /// Pages finished that could not be saved; a resumed crawl fetches them again.
    pub unsaved: u64,
    /// Why nothing could be saved any more, when that ended it.
    pub ended_by: Option<String>,
    /// Why no page was fetched: the error of the newest requested one; null when a page was.
    #[serde(default)]
    pub reason: Option<String>,
    /// The database, without secrets.
    pub db: String,
    /// The dials in force at the end.
    pub settings: SettingsSummary,
    /// How it compares with the earlier crawl; null in a first crawl.
    pub recrawl: Option<RecrawlSummary>,
}

impl Summary {
    /// The summary of a run's last snapshot.
    #[must_use]
    pub fn of(s: &Snapshot, unsaved: u64) -> Self {
        let p = s.latency.run;
        Self {
            crawl_id: s.crawl_id,
            state: s.run,
            pages: s.totals.pages,
            ok: s.totals.ok,
            failed: s.totals.failed,
            skipped: s.totals.skipped,
            retries: s.totals.retries,
            resent: s.totals.resent,
            links: s.totals.links,
            bytes: s.totals.bytes,
            elapsed_s: s.at_s,
            pages_per_s: s.throughput.run,
            latency_ms: LatencySummary { p50: p.p50, p95: p.p95, p99: p.p99 },
            stall_ms: s.loop_delay.worst_run_ms,
            rss_peak_bytes: s.process.rss_peak_bytes,
            open: s.frontier.open,
            unsaved,
            ended_by: None,
            reason: None,
            db: s.db.to_string(),
            settings: SettingsSummary {
                permits: s.dials.permits,
                workers: s.dials.workers,
                queue: s.dials.queue,
                rate: s.dials.rate,
            },
            recrawl: s.recrawl_of.map(|previous| RecrawlSummary {
                previous,
                new: s.totals.new,
                changed: s.totals.changed,
                same: s.totals.same,
                gone: s.totals.gone,
                unchecked: (s.run == RunState::Complete).then_some(s.totals.unchecked),
            }),
        }
    }
}
