//! What can be seen of a crawl: one immutable picture of the whole pipeline.
//!
//! Plain data, bounded in size whatever the crawl's size. The control task is its only writer;
//! viewers clone the `Arc`, drop the borrow, then draw. Times since the start of this run are
//! in seconds (`f64`), durations in milliseconds unless a field says otherwise, shares are
//! fractions of 1 over the last second.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::crawl::protocol::change::Change;
use crate::crawl::protocol::flow::FlowView;
pub use crate::crawl::protocol::history::{AnswerRates, HISTORY_POINTS, HistoryPoint};
pub use crate::crawl::protocol::host_view::{BreakerState, HostView, HostWait, WaitReason};
pub use crate::crawl::protocol::overload::{DatabaseOutage, Overload, OverloadKind, PauseReason};
pub use crate::crawl::protocol::page_view::{PAGE_LINKS, PageView, RecentFailure};
use crate::crawl::protocol::scene::Scene;
pub use crate::crawl::protocol::stages::{
    FrontierView, GateView, LoopDelay, ParsePoolView, ProcessView, ProducerShares, QueueView,
    SaverShares, SaverView, StartLevel, WORKER_STATES, WorkerShares, WorkerState, WorkerView,
};
use crate::crawl::protocol::tuning::TuningView;
use crate::crawl::protocol::verdict::Verdict;
pub use crate::model::page_state::PageState;
pub use crate::model::redirect_hop::RedirectHop;
use crate::settings::dials::Dials;
use crate::settings::faults::Faults;
use crate::settings::slow_motion::SlowMotion;

/// Maximum recent pages kept for viewers.
pub const RECENT_PAGES: usize = 500;
/// Maximum recent retries and failures kept for viewers.
pub const RECENT_FAILURES: usize = 50;
/// Maximum journal entries kept for viewers.
pub const RECENT_CHANGES: usize = 100;
/// Maximum hosts in a snapshot.
pub const HOSTS_SHOWN: usize = 200;

/// Where a crawl is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Opening the store, loading what is known.
    #[default]
    Starting,
    /// Crawling.
    Running,
    /// No new requests start; see [`Snapshot::pause_reasons`].
    Paused,
    /// Stopping: what is in flight finishes and is saved.
    Stopping,
    /// Every URL is in a final state. Final.
    Complete,
    /// Stopped before the end; can be resumed. Final.
    Stopped,
    /// Could not run. Final.
    Failed,
}

impl RunState {
    /// Whether nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Stopped | Self::Failed)
    }

    /// Whether the crawl ends or has ended: no dial can be turned any more.
    #[must_use]
    pub const fn is_ending(self) -> bool {
        self.is_final() || matches!(self, Self::Stopping)
    }
}

/// Options that viewers should know of: shown as long as the crawl runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flags {
    /// robots.txt is ignored.
    pub ignore_robots: bool,
    /// Certificates are not verified.
    pub insecure: bool,
    /// Private addresses may be requested.
    pub allow_private: bool,
}

/// A pattern that caught URLs, and how many were skipped because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrapView {
    /// `calendar`, `repeated segments`, `session id` …
    pub kind: Cow<'static, str>,
    /// The pattern: `127.0.0.1:80/cal/#/#`.
    pub pattern: Arc<str>,
    /// URLs skipped.
    pub skipped: u64,
    /// One of them.
    pub example: Arc<str>,
}

/// The progress of an exclusion, or of its undoing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionProgress {
    /// What: `exclude ^http://a/cal/`, `skip all URLs of a:81`.
    pub what: Arc<str>,
    /// Whether URLs are restored.
    pub undoing: bool,
    /// URLs skipped or restored so far.
    pub urls: u64,
    /// Whether it still runs.
    pub running: bool,
}

/// Sitemaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SitemapsView {
    /// Waiting or being read.
    pub waiting: u32,
    /// Read.
    pub read: u32,
    /// Not readable.
    pub failed: u32,
    /// URLs in them that were new.
    pub found: u64,
}

/// Depths that are counted one by one; the last has all that are deeper.
pub const DEPTHS: usize = 16;

/// URLs of a depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DepthCounts {
    /// Known, in whatever state.
    pub known: u64,
    /// Of these, in a final state.
    pub done: u64,
}

/// Counts since the crawl began, resumed runs included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// URLs known, in whatever state.
    pub discovered: u64,
    /// Of these, taken in to be fetched.
    pub admitted: u64,
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
    pub resent: u64,
    /// Body bytes after decoding.
    pub bytes: u64,
    /// Link rows found.
    pub links: u64,
    /// Redirect hops followed.
    pub redirects: u64,
    /// Pages by class of final status, 1xx to 5xx.
    pub by_class: [u64; 5],
    /// Pages with no answer at all.
    pub no_answer: u64,
    /// URLs by links from a seed. A crawl that an earlier version began has none of that time.
    pub by_depth: [DepthCounts; DEPTHS],
    /// Of a recrawl: pages that were not there.
    pub new: u64,
    /// Pages with another content.
    pub changed: u64,
    /// Pages as they were.
    pub same: u64,
    /// Pages that succeeded before and are not there any more: 404 or 410.
    pub gone: u64,
    /// Pages that succeeded before and could not be compared: out of scope or limits by now, skipped, or
    /// without an answer that says how they are. Known at the end.
    pub unchecked: u64,
}

impl Totals {
    /// The counts of a depth.
    pub const fn depth_mut(&mut self, depth: u32) -> &mut DepthCounts {
        let at = depth as usize;
        &mut self.by_depth[if at < DEPTHS { at } else { DEPTHS - 1 }]
    }

    /// Pages that were requested, with whatever result. Throughput counts these and no skipped ones, which
    /// cost next to nothing.
    #[must_use]
    pub const fn fetched(&self) -> u64 {
        self.ok + self.failed
    }
}

/// Finished pages per second, those that were skipped left out.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Throughput {
    /// Over the last second.
    pub last_1s: f64,
    /// Over the last ten seconds.
    pub last_10s: f64,
    /// Over this run, time paused left out.
    pub run: f64,
}

/// Percentiles of request latency (start of the request to the end of its body), in ms.
/// All zero when nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// How many requests were measured.
    pub count: u64,
}

/// Latency over two windows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Over the last ten seconds.
    pub last_10s: Percentiles,
    /// Over this run.
    pub run: Percentiles,
}

/// How long it may still take.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eta {
    /// Not known yet.
    #[default]
    Unknown,
    /// New URLs come faster than pages end: at least this many seconds.
    AtLeast(f64),
    /// The frontier shrinks, more slowly than pages end: between so many seconds, if nothing new is found, and
    /// so many, if it goes on to shrink as now.
    Between(f64, f64),
    /// The frontier shrinks: about this many seconds.
    About(f64),
    /// Over.
    Done,
}

/// The picture. See the module's page for units.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Counts up by one with each snapshot.
    pub seq: u64,
    /// How long the one before took to make, in µs.
    pub made_in_us: u64,
    /// Seconds since the start of this run.
    pub at_s: f64,
    /// Seconds of it not paused.
    pub active_s: f64,
    /// The crawl's number in its database.
    pub crawl_id: i64,
    /// What is crawled, in a few words: the first seed.
    pub target: Arc<str>,
    /// The database, without secrets.
    pub db: Arc<str>,
    /// Where the crawl is in its life.
    pub run: RunState,
    /// Why no new requests start.
    pub pause_reasons: Vec<PauseReason>,
    /// The dials in force.
    pub dials: Dials,
    /// Counts.
    pub totals: Totals,
    /// Finished pages per second.
    pub throughput: Throughput,
    /// Request latency.
    pub latency: Latency,
    /// Request latency by how many were in flight, fewest first; at most eleven classes.
    #[serde(default)]
    pub start_levels: Arc<[StartLevel]>,
    /// URLs not done.
    pub frontier: FrontierView,
    /// The bounded queue.
    pub queue: QueueView,
    /// The gate of permits.
    pub gate: GateView,
    /// The producer's time.
    pub producer: ProducerShares,
    /// The workers' time.
    pub worker_shares: WorkerShares,
    /// The saver's time.
    pub saver_shares: SaverShares,
    /// Each worker, by number.
    pub workers: Vec<WorkerView>,
    /// The saver.
    pub saver: SaverView,
    /// Why the crawl stops by itself: nothing can be saved any more, or a task panicked.
    #[serde(default)]
    pub ended_by: Option<Arc<str>>,
    /// What is wrong with the database, while it is.
    #[serde(alias = "database_trouble")]
    pub database_outage: Option<DatabaseOutage>,
    /// The pool of parse threads.
    pub parse_pool: ParsePoolView,
    /// The event loop.
    pub loop_delay: LoopDelay,
    /// This process.
    pub process: ProcessView,
    /// What limits the crawl.
    pub verdict: Verdict,
    /// How long it may take.
    pub eta: Eta,
    /// Pages finished last, newest first, at most [`RECENT_PAGES`].
    pub recent: Arc<[Arc<PageView>]>,
    /// Hosts: those with URLs to fetch or failures first, at most [`HOSTS_SHOWN`].
    pub hosts: Arc<[HostView]>,
    /// Hosts known now; idle ones are forgotten after a while.
    pub hosts_known: u64,
    /// Patterns that caught URLs, most first, at most 50.
    pub traps: Arc<[TrapView]>,
    /// Sitemaps.
    pub sitemaps: SitemapsView,
    /// Exclusions, newest first, at most 10.
    pub exclusions: Arc<[ExclusionProgress]>,
    /// Local resources under pressure.
    pub overloads: Vec<Overload>,
    /// Faults in force.
    pub faults: Faults,
    /// Whether the site that is crawled takes faults; those of the pipeline are always taken.
    pub site_takes_faults: bool,
    /// The scene that is on.
    pub scene: Option<Scene>,
    /// Slow motion, while it is on.
    #[serde(default)]
    pub slow: Option<SlowMotion>,
    /// Settings and options that third parties should know of.
    pub flags: Flags,
    /// The crawl that this one recrawls.
    pub recrawl_of: Option<i64>,
    /// Retries and failures, newest first, at most [`RECENT_FAILURES`].
    pub failures: Arc<[Arc<RecentFailure>]>,
    /// Journal, newest first, at most [`RECENT_CHANGES`].
    pub changes: Arc<[Change]>,
    /// History, oldest first, at most [`HISTORY_POINTS`].
    pub history: Arc<[HistoryPoint]>,
    /// History of the whole run, oldest first, at most
    /// [`RUN_POINTS`](crate::crawl::protocol::history::RUN_POINTS).
    #[serde(default)]
    pub run_history: Arc<[HistoryPoint]>,
    /// Pages between the stages.
    #[serde(default)]
    pub flow: FlowView,
    /// What each setting gave, and the autopilot.
    #[serde(default)]
    pub tuning: TuningView,
    /// Why the last command was refused or did nothing, until the next command.
    pub notice: Option<Arc<str>>,
}
