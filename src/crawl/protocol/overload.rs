//! Why a crawl slows down or pauses by itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why no new requests start. Several can hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The user paused the crawl.
    User,
    /// The database's disk is nearly full.
    Disk,
    /// Memory is nearly used up.
    Memory,
    /// No more files or connections can be opened.
    Files,
}

/// A local resource under pressure, so that the crawl slows down by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overload {
    /// What.
    pub what: OverloadKind,
    /// Why and what is done, in a line: `saver behind: 6.1 of 8 MiB wait; 5 of 10 permits used`.
    pub text: String,
    /// Since when, in seconds since the start of this run.
    pub since_s: f64,
}

/// The resource under pressure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverloadKind {
    /// The saver.
    Saver,
    /// Space on the database's disk.
    Disk,
    /// Memory.
    Memory,
    /// Open files.
    Files,
    /// Local ports for connections.
    Ports,
    /// Threads.
    Threads,
    /// Every host that has URLs to fetch is down: they are probed, nothing is given up.
    EverythingDown,
}

/// The database refuses reads or writes: they are retried, and nothing is lost meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatabaseOutage {
    /// What is wrong, in words: `no room left to write crawl.db`.
    pub text: Arc<str>,
    /// Since when, in seconds since the start of this run.
    pub since_s: f64,
}
