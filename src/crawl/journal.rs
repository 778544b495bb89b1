//! The journal: every applied command, when, by whom, what, old → new.
//!
//! It is what undo reads, what the charts mark and what a resumed crawl shows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::command::{Origin, Setting};

/// What a command did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A dial was turned.
    Set {
        /// Before.
        old: Setting,
        /// After.
        new: Setting,
    },
    /// The user paused the crawl.
    Pause,
    /// The user let it go on.
    Resume,
    /// A graceful stop was asked for.
    Stop,
    /// A stop at once was asked for.
    StopNow,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { old, new } => {
                write!(f, "{} {} → {}", new.dial(), old.value_text(), new.value_text())
            }
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Stop => f.write_str("stop"),
            Self::StopNow => f.write_str("stop at once"),
        }
    }
}

/// One journal entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its number in this crawl, from 1.
    pub seq: u64,
    /// When, in seconds since the start of this run (negative for earlier runs).
    pub at_s: f64,
    /// When, UTC.
    pub at: jiff::Timestamp,
    /// By whom.
    pub by: Origin,
    /// What.
    pub what: What,
    /// The entry that this one turns back.
    pub undoes: Option<u64>,
    /// Whether a later entry turned this one back.
    pub undone: bool,
}
