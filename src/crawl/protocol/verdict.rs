//! The verdict: what limits the crawl now, and which dial would help.

use serde::{Deserialize, Serialize};

use crate::settings::dials::Dial;

/// What limits the crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Not enough measured yet.
    #[default]
    Unknown,
    /// It is paused.
    Paused,
    /// It is stopping or over.
    Over,
    /// Workers wait for permits.
    Permits,
    /// All workers are busy and the queue stays full, with permits to spare.
    Workers,
    /// The whole-crawl rate.
    Rate,
    /// Host limits and gaps.
    HostPace,
    /// The server: every request that may be in flight is, and waits for it.
    Server,
    /// The processor: its cores are busy.
    Cpu,
    /// Parsing.
    Parsing,
    /// The saver.
    Saver,
    /// There is nothing to do: the frontier is empty, workers wait for URLs.
    Frontier,
}

/// The part of the drawing that a limit is marked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Frontier and producer.
    Frontier,
    /// The bounded queue.
    Queue,
    /// The workers.
    Workers,
    /// The gate of permits (and the rate).
    Gate,
    /// The saver and the database.
    Saver,
}

/// What would help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Nothing to press.
    #[default]
    None,
    /// Turn this dial up.
    Raise(Dial),
    /// Turn this dial down: it costs and brings nothing.
    Lower(Dial),
    /// Resume the crawl.
    Resume,
}

/// The verdict line, in parts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// What limits.
    pub limit: Limit,
    /// Where to mark it; `None` for nothing to mark.
    pub stage: Option<Stage>,
    /// The line: `limited by permits: workers spend 46 % of their time waiting for one`.
    pub text: String,
    /// What would help.
    pub advice: Advice,
}

impl Verdict {
    /// A verdict of its parts.
    #[must_use]
    pub const fn new(limit: Limit, stage: Option<Stage>, advice: Advice, text: String) -> Self {
        Self { limit, stage, text, advice }
    }
}
