//! The faults: their names, units, ranges and ladders.

use std::fmt;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::bytes_option;

/// Something that can be made worse, by a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Every page takes so long to answer, instead of its own latency.
    Latency,
    /// Up to so much longer, evenly spread.
    Spread,
    /// A share of the answers takes ten times as long, and at least a second.
    SlowTail,
    /// A share of the requests is answered with 500 or 502.
    ServerError,
    /// A share of the connections is closed instead of an answer.
    Reset,
    /// A share of the requests is never answered: the client times out.
    Hang,
    /// A share of the requests is answered with 429, and without `Retry-After`.
    TooMany,
    /// A share of the requests is answered with 429 and `Retry-After`.
    RetryAfter,
    /// Requests a second that the whole site answers; those beyond are answered with 429.
    RateLimit,
    /// Requests that the whole site serves at once; more wait in line there.
    Capacity,
    /// Bytes of bodies per second over the whole site.
    Bandwidth,
    /// Every transaction of the saver takes so much longer.
    Saver,
    /// Parsing takes a thread so much longer for every page.
    Parser,
    /// Maximum bytes of results that wait for the saver.
    Buffer,
    /// Maximum URLs in the bounded queue, whatever its dial says.
    Queue,
}

/// What a fault is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Time,
    /// A share of 0 to 1.
    Share,
    /// A whole number.
    Count,
    /// Bytes.
    Size,
    /// Bytes per second.
    Bytes,
    /// Requests per second.
    Rate,
}

/// Where a fault is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The site that is crawled.
    Site,
    /// The crawler's own pipeline.
    Pipeline,
}

/// How many faults there are.
pub(super) const COUNT: usize = Fault::ALL.len();

/// Rungs for times, in ms.
const TIMES: &[f64] = &[50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];
/// Rungs for the time that parsing a page takes, in ms.
const PARSE_TIMES: &[f64] = &[5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];
/// Rungs for shares.
const SHARES: &[f64] = &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
/// Rungs for counts, the mildest first.
const COUNTS: &[f64] = &[100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0];
/// Rungs for bytes, per second or not, the mildest first.
const BYTES: &[f64] =
    &[4_194_304.0, 2_097_152.0, 1_048_576.0, 524_288.0, 262_144.0, 131_072.0, 65_536.0];

impl Fault {
    /// All of them, in the order in which they are shown: the site's, then the pipeline's.
    pub const ALL: [Self; 15] = [
        Self::Latency,
        Self::Spread,
        Self::SlowTail,
        Self::ServerError,
        Self::Reset,
        Self::Hang,
        Self::TooMany,
        Self::RetryAfter,
        Self::RateLimit,
        Self::Capacity,
        Self::Bandwidth,
        Self::Saver,
        Self::Parser,
        Self::Buffer,
        Self::Queue,
    ];

    /// Its one name: in code, on screen, as a flag, in `:fault NAME LEVEL` and in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Spread => "spread",
            Self::SlowTail => "slow-tail",
            Self::ServerError => "5xx",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::TooMany => "429",
            Self::RetryAfter => "retry-after",
            Self::RateLimit => "rate-limit",
            Self::Capacity => "capacity",
            Self::Bandwidth => "bandwidth",
            Self::Saver => "saver",
            Self::Parser => "parser",
            Self::Buffer => "buffer",
            Self::Queue => "queue",
        }
    }

    /// The fault with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// What it does, in a few words.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Latency => "time until a page responds",
            Self::Spread => "random extra time, up to this",
            Self::SlowTail => "share that takes ten times as long",
            Self::ServerError => "share answered with 500 or 502",
            Self::Reset => "share of connections closed without a response",
            Self::Hang => "share without a response: a timeout",
            Self::TooMany => "share answered with 429",
            Self::RetryAfter => "share answered with 429, retry after 1 to 2 s",
            Self::RateLimit => "requests answered a second, 429 beyond",
            Self::Capacity => "requests served at once, more wait in line",
            Self::Bandwidth => "bytes a second over the whole site",
            Self::Saver => "time added to every transaction",
            Self::Parser => "time added to parsing every page",
            Self::Buffer => "maximum bytes that wait for the saver",
            Self::Queue => "maximum URLs in the bounded queue",
        }
    }

    /// Where it is injected.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::Saver | Self::Parser | Self::Buffer | Self::Queue => Place::Pipeline,
            _ => Place::Site,
        }
    }

    /// What its levels are measured in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Latency | Self::Spread | Self::Saver | Self::Parser => Unit::Time,
            Self::SlowTail
            | Self::ServerError
            | Self::Reset
            | Self::Hang
            | Self::TooMany
            | Self::RetryAfter => Unit::Share,
            Self::RateLimit => Unit::Rate,
            Self::Capacity | Self::Queue => Unit::Count,
            Self::Buffer => Unit::Size,
            Self::Bandwidth => Unit::Bytes,
        }
    }

    /// Smallest and largest level. A latency of 0 is a level too: pages then answer at once.
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        match self.unit() {
            Unit::Time => (0.0, 60_000.0),
            Unit::Share => (0.0, 1.0),
            Unit::Count | Unit::Rate => (1.0, 100_000.0),
            Unit::Size | Unit::Bytes => (1_024.0, 1_073_741_824.0),
        }
    }

    /// The levels that nudging reaches, the mildest first.
    #[must_use]
    pub const fn ladder(self) -> &'static [f64] {
        match self {
            Self::Parser => PARSE_TIMES,
            _ => match self.unit() {
                Unit::Time => TIMES,
                Unit::Share => SHARES,
                Unit::Count | Unit::Rate => COUNTS,
                Unit::Size | Unit::Bytes => BYTES,
            },
        }
    }

    /// How bad a level is, from 0 (off) to 1 (the last rung or beyond).
    #[must_use]
    pub fn severity(self, level: Option<f64>) -> f64 {
        let Some(level) = level else { return 0.0 };
        let ladder = self.ladder();
        let reached = ladder.iter().filter(|rung| !self.is_worse(**rung, level)).count();
        reached.max(1) as f64 / ladder.len() as f64
    }

    /// Whether level `a` is worse than `b`: less of a capacity, more of a delay or an error.
    fn is_worse(self, a: f64, b: f64) -> bool {
        match self.unit() {
            Unit::Count | Unit::Rate | Unit::Size | Unit::Bytes => a < b,
            Unit::Time | Unit::Share => a > b,
        }
    }

    /// The level one rung worse, or milder; below the mildest it is off.
    pub(super) fn step(self, level: Option<f64>, worse: bool) -> Option<f64> {
        let ladder = self.ladder();
        match (level, worse) {
            (None, true) => ladder.first().copied(),
            (None, false) => None,
            (Some(level), true) => {
                Some(ladder.iter().copied().find(|r| self.is_worse(*r, level)).unwrap_or(level))
            }
            (Some(level), false) => {
                ladder.iter().copied().rev().find(|rung| self.is_worse(level, *rung))
            }
        }
    }

    /// Reads a level: `200ms`, `10%`, `10`, `1MiB/s`, or `off`.
    ///
    /// # Errors
    /// What is wrong with the text, in a line fit for the user.
    pub fn parse_level(self, text: &str) -> Result<Option<f64>, String> {
        if matches!(text, "off" | "none") {
            return Ok(None);
        }
        let takes = || {
            let (low, high) = self.range();
            let (low, high) = (self.level_text(low), self.level_text(high));
            format!("{self} takes {low} to {high}, or 'off', not '{text}'")
        };
        let read = match self.unit() {
            Unit::Time => humantime::parse_duration(text)
                .ok()
                .or_else(|| (text == "0").then_some(Duration::ZERO))
                .map(|time| time.as_secs_f64() * 1_000.0),
            Unit::Share => match text.strip_suffix('%') {
                Some(number) => number.trim().parse().ok().map(|percent: f64| percent / 100.0),
                None => text.parse().ok(),
            },
            Unit::Count => text.parse().ok().map(|count: u32| f64::from(count)),
            Unit::Rate => text.strip_suffix("/s").unwrap_or(text).parse().ok(),
            Unit::Size | Unit::Bytes => {
                let size = text.strip_suffix("/s").unwrap_or(text);
                size.parse::<bytesize::ByteSize>().ok().map(|size| size.as_u64() as f64)
            }
        };
        let level = read.ok_or_else(takes)?;
        let (low, high) = self.range();
        if !(low..=high).contains(&level) {
            return Err(takes());
        }
        // A share of nothing is no fault, and no time to add is none either.
        let nothing = level == 0.0 && self != Self::Latency;
        Ok((!nothing).then_some(level))
    }

    /// A level as it is shown and read: `200ms`, `10%`, `10`, `1MiB/s`.
    #[must_use]
    pub fn level_text(self, level: f64) -> String {
        match self.unit() {
            Unit::Time if level >= 1_000.0 && level % 100.0 == 0.0 => {
                format!("{}s", level / 1_000.0)
            }
            Unit::Time => format!("{level}ms"),
            // 0.07 * 100 is not 7.
            Unit::Share => format!("{}%", (level * 1e6).round() / 1e4),
            Unit::Count => format!("{level}"),
            Unit::Rate => format!("{level}/s"),
            unit @ (Unit::Size | Unit::Bytes) => {
                let per_second = if unit == Unit::Bytes { "/s" } else { "" };
                format!("{}{per_second}", bytes_option(level as u64))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name)
            .ok_or_else(|| D::Error::custom(format!("no fault is called '{name}'")))
    }
}
