//! What can be seen of each stage: levels, states, shares of time.
//!
//! Shares are fractions of 1 over the last second; durations are in ms unless a field says
//! otherwise.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Every URL known and not yet handed to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct FrontierView {
    /// URLs waiting, in memory and on disk, retries not counted.
    pub pending: u64,
    /// Of these, held in the window in memory.
    pub in_window: u64,
    /// Waiting for their next attempt.
    pub retrying: u64,
    /// URLs not yet in a final state: pending, retrying, queued, in flight, unsaved.
    pub open: u64,
    /// Change of `open` per second over the last ten seconds.
    pub growth_per_s: f64,
}

/// A level against its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueView {
    /// URLs in the queue.
    pub len: u32,
    /// URLs it may hold. After a cut `len` can be above it until workers have drained it.
    pub capacity: u32,
}

/// The gate of permits. `free + in_use - draining == limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GateView {
    /// Permits there should be.
    pub limit: u32,
    /// Permits held.
    pub in_use: u32,
    /// Permits held beyond the limit after a cut; each goes when it is given back.
    pub draining: u32,
    /// Workers waiting for a permit.
    pub waiting: u32,
}

/// Requests that were answered in this run, by how many were in flight when they began, their own
/// included: a class from one power of two to below the next.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct StartLevel {
    /// The least in flight of the class: 1, 2, 4, 8 …
    pub in_flight: u32,
    /// Requests that began so.
    pub requests: u64,
    /// Sum of the natural logarithms of their latencies in ms.
    pub log_ms: f64,
    /// Sum of the squares of these logarithms.
    pub log_ms_squared: f64,
}

/// Where the producer's time went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ProducerShares {
    /// The frontier had nothing to take.
    pub idle: f32,
    /// All due hosts were at their limit or gap, or only retries were left to wait for.
    pub throttled: f32,
    /// Choosing.
    pub busy: f32,
    /// The queue was full.
    pub blocked: f32,
    /// Paused.
    pub paused: f32,
}

/// Where the workers' time went, all workers together.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct WorkerShares {
    /// The queue was empty.
    pub idle: f32,
    /// Waited for a permit.
    pub permit: f32,
    /// Waited for the whole-crawl rate.
    pub rate: f32,
    /// Opened a connection (name lookup and TLS included).
    pub connect: f32,
    /// Waited for the first byte of the answer.
    pub first_byte: f32,
    /// Read the body.
    pub body: f32,
    /// Parsed, or waited for a parse thread.
    pub parse: f32,
    /// Waited for rows of the database: an earlier crawl, the target of a redirect, or what an
    /// earlier run has seen.
    #[serde(default)]
    pub database: f32,
    /// The saver's buffer was full.
    pub blocked: f32,
    /// Paused.
    pub paused: f32,
}

impl WorkerShares {
    /// Connect, first byte and body together.
    #[must_use]
    pub fn fetch(&self) -> f32 {
        self.connect + self.first_byte + self.body
    }
}

/// Where the saver's time went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SaverShares {
    /// Nothing to write, or a batch still filling.
    pub idle: f32,
    /// In a transaction.
    pub busy: f32,
}

/// How many states a worker can be in.
pub const WORKER_STATES: usize = 10;

/// What a worker does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Waits for a URL: the queue is empty.
    #[default]
    Idle,
    /// Waits for a permit.
    Permit,
    /// Waits for the whole-crawl rate.
    Rate,
    /// Opens a connection.
    Connect,
    /// Waits for the first byte.
    FirstByte,
    /// Reads the body.
    Body,
    /// Parses, or waits for a parse thread.
    Parse,
    /// Waits for rows of the database.
    Database,
    /// Waits for room in the saver's buffer.
    Blocked,
    /// Holds still because the crawl is paused.
    Paused,
}

impl WorkerState {
    /// All states, in the order of a page's way through a worker.
    pub const ALL: [Self; WORKER_STATES] = [
        Self::Idle,
        Self::Permit,
        Self::Rate,
        Self::Connect,
        Self::FirstByte,
        Self::Body,
        Self::Parse,
        Self::Database,
        Self::Blocked,
        Self::Paused,
    ];

    /// The word shown for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Permit => "permit",
            Self::Rate => "rate",
            Self::Connect => "connect",
            Self::FirstByte => "first byte",
            Self::Body => "body",
            Self::Parse => "parse",
            Self::Database => "database",
            Self::Blocked => "blocked",
            Self::Paused => "paused",
        }
    }
}

/// One worker, now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerView {
    /// Its number, from 0.
    pub id: u32,
    /// What it does.
    pub state: WorkerState,
    /// The URL it works on.
    pub url: Option<Arc<str>>,
    /// Which attempt at that URL this is, from 1; 0 without a URL.
    pub attempt: u32,
    /// How long it has been in this state, in ms.
    pub for_ms: u64,
    /// Whether it leaves once its page is done (the dial was turned down).
    pub leaving: bool,
    /// Pages it has finished.
    pub pages: u64,
}

/// The saver and its buffer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SaverView {
    /// Bytes waiting to be written.
    pub backlog_bytes: u64,
    /// Bytes that may wait; at this level workers block.
    pub limit_bytes: u64,
    /// Pages waiting to be written.
    pub backlog_pages: u64,
    /// Rows (pages, links, new URLs) written per second over the last second.
    pub rows_per_s: f64,
    /// Rows written in this run.
    pub rows: u64,
    /// Page rows in the database.
    pub pages: u64,
    /// Page rows in the last transaction.
    pub last_batch_pages: u32,
    /// Length of the last transaction, in ms.
    pub last_transaction_ms: f64,
    /// Longest transaction of this run, in ms.
    pub worst_transaction_ms: f64,
}

/// The bounded pool of blocking threads for parsing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParsePoolView {
    /// Threads there should be.
    pub threads: u32,
    /// Threads at work.
    pub busy: u32,
    /// Bodies waiting for a thread.
    pub waiting: u32,
}

/// How long the event loop was blocked, in ms: the lateness of a timer or the longest poll of a
/// task, whichever is worse.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LoopDelay {
    /// Worst of the last ten seconds.
    pub worst_10s_ms: f64,
    /// Worst of this run.
    pub worst_run_ms: f64,
}

/// This process.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ProcessView {
    /// Resident memory, in bytes.
    pub rss_bytes: u64,
    /// Its peak, in bytes.
    pub rss_peak_bytes: u64,
    /// CPU over the last second, in percent of one core.
    pub cpu_percent: f32,
    /// Cores that it may use.
    pub cores: u16,
    /// Time over the last second that its threads were ready to run and had no core, in percent of that
    /// second, all threads together; 0 where the system does not report it.
    #[serde(default)]
    pub cpu_wait_percent: f32,
}
