//! What can be changed while a crawl runs: dials, pause, undo, stop.
//!
//! Commands are relative ([`Command::Nudge`]) except for typed values ([`Command::Set`]):
//! two quick key presses computed from one snapshot would lose one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::scene::Scene;
use crate::fault::{Fault, FaultSetting};

/// A dial of the pipeline that can be turned while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dial {
    /// Requests in flight at most.
    Permits,
    /// Workers.
    Workers,
    /// Capacity of the bounded queue, in URLs.
    Queue,
    /// Whole-crawl rate limit, in requests per second.
    Rate,
    /// Blocking threads for parsing large bodies.
    ParseThreads,
}

impl Dial {
    /// All dials, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::Permits, Self::Workers, Self::Queue, Self::Rate, Self::ParseThreads];

    /// The dial's one name: in code, on screen, in `:name value` and in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permits => "permits",
            Self::Workers => "workers",
            Self::Queue => "queue",
            Self::Rate => "rate",
            Self::ParseThreads => "parse-threads",
        }
    }

    /// The dial with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// Smallest and largest value a dial takes (requests per second for the rate).
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Permits | Self::Workers => (1.0, 4096.0),
            Self::Queue => (1.0, 100_000.0),
            Self::Rate => (0.1, 100_000.0),
            Self::ParseThreads => (1.0, 64.0),
        }
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A dial with a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "dial", content = "value", rename_all = "snake_case")]
pub enum Setting {
    /// Requests in flight at most.
    Permits(u32),
    /// Workers.
    Workers(u32),
    /// Capacity of the bounded queue, in URLs.
    Queue(u32),
    /// Requests per second; `None` is no limit.
    Rate(Option<f64>),
    /// Blocking threads for parsing.
    ParseThreads(u32),
}

impl Setting {
    /// Which dial this is a value of.
    #[must_use]
    pub const fn dial(self) -> Dial {
        match self {
            Self::Permits(_) => Dial::Permits,
            Self::Workers(_) => Dial::Workers,
            Self::Queue(_) => Dial::Queue,
            Self::Rate(_) => Dial::Rate,
            Self::ParseThreads(_) => Dial::ParseThreads,
        }
    }

    /// Reads a typed value: a whole number, for the rate also a fraction or `off`.
    ///
    /// # Errors
    /// What is wrong with the text, in a line fit for the user.
    pub fn parse(dial: Dial, text: &str) -> Result<Self, String> {
        let (low, high) = dial.range();
        let bounded = |v: f64| {
            if v >= low && v <= high {
                Ok(v)
            } else {
                Err(format!("{dial} takes {low} to {high}, not {text}"))
            }
        };
        if dial == Dial::Rate {
            if matches!(text, "off" | "none" | "0") {
                return Ok(Self::Rate(None));
            }
            let v: f64 =
                text.parse().map_err(|_| format!("rate takes a number or 'off', not '{text}'"))?;
            return bounded(v).map(|v| Self::Rate(Some(v)));
        }
        let v: u32 =
            text.parse().map_err(|_| format!("{dial} takes a whole number, not '{text}'"))?;
        let v = bounded(f64::from(v))? as u32;
        Ok(match dial {
            Dial::Permits => Self::Permits(v),
            Dial::Workers => Self::Workers(v),
            Dial::Queue => Self::Queue(v),
            Dial::ParseThreads | Dial::Rate => Self::ParseThreads(v),
        })
    }

    /// The value alone, as shown on screen: `16`, `2.5/s`, `off`.
    #[must_use]
    pub fn value_text(self) -> String {
        match self {
            Self::Permits(v) | Self::Workers(v) | Self::Queue(v) | Self::ParseThreads(v) => {
                v.to_string()
            }
            Self::Rate(None) => "off".into(),
            Self::Rate(Some(v)) => format!("{v}/s"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dial(), self.value_text())
    }
}

/// What can be done to one host while a crawl runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCommand {
    /// Requests in flight to it, by so many; from "no limit" down to what is in flight now.
    NudgeLimit(i32),
    /// Requests in flight to it; `None` for no limit but the permits.
    SetLimit(Option<u32>),
    /// Nothing of it is fetched until the same again.
    ToggleHold,
    /// All of it that is not done is skipped, and what is found of it from now on.
    SkipRest,
    /// Its breaker closes and its rest ends: it is asked again at once.
    ResetBreaker,
}

/// Most requests in flight that a host's own limit takes.
pub const MOST_PER_HOST: u32 = 4096;

/// Everything that can be changed while a crawl runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Something about one host, named with its port as in URLs: `127.0.0.1:8700`.
    Host(Arc<str>, HostCommand),
    /// Excludes all URLs that match this regular expression: those queued are skipped at once,
    /// those found later as well. Can be undone.
    Exclude(Arc<str>),
    /// Adds a URL to begin with; its host joins the scope.
    AddSeed(Url),
    /// Turns a dial by so many steps: units for counts, rungs of a 1-2-5 ladder for the rate.
    /// The result is clamped to the dial's range.
    Nudge(Dial, i32),
    /// Sets a dial to a typed value.
    Set(Setting),
    /// Makes a fault so many rungs of its ladder worse, or milder where negative.
    NudgeFault(Fault, i32),
    /// Puts a fault to a typed level, or off.
    Fault(FaultSetting),
    /// Turns all faults off.
    ClearFaults,
    /// Sets the stage for a scene: its dials and faults. `None` puts back what was before the first.
    Scene(Option<Scene>),
    /// Adds the user's reason to pause, or takes it away.
    TogglePause,
    /// Turns the last change that is not yet undone back.
    Undo,
    /// Stops gracefully: what is in flight finishes and is saved.
    Stop,
    /// Stops at once: requests in flight are given up; what was handed to the saver is saved.
    StopNow,
}

/// Who gave a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The settings a crawl starts or goes on with.
    Start,
    /// A key or a typed command on the dashboard.
    User,
    /// A signal from the operating system.
    Signal,
    /// Another program through the library.
    Api,
}

impl Origin {
    /// The word stored in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::User => "user",
            Self::Signal => "signal",
            Self::Api => "api",
        }
    }
}
