//! The dials of the pipeline: their ranges, their values, and the steps in which they turn.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A dial of the pipeline that can be turned while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dial {
    /// Maximum requests in flight.
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
    /// Maximum requests in flight.
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

/// The dials in force.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Dials {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Workers wanted.
    pub workers: u32,
    /// Capacity of the bounded queue, in URLs.
    pub queue: u32,
    /// Requests per second, `None` for no limit.
    pub rate: Option<f64>,
    /// Blocking threads for parsing.
    pub parse_threads: u32,
}

impl Dials {
    /// The value of one dial.
    #[must_use]
    pub const fn get(&self, dial: Dial) -> Setting {
        match dial {
            Dial::Permits => Setting::Permits(self.permits),
            Dial::Workers => Setting::Workers(self.workers),
            Dial::Queue => Setting::Queue(self.queue),
            Dial::Rate => Setting::Rate(self.rate),
            Dial::ParseThreads => Setting::ParseThreads(self.parse_threads),
        }
    }

    /// Puts one dial to a value.
    pub const fn set(&mut self, setting: Setting) {
        match setting {
            Setting::Permits(v) => self.permits = v,
            Setting::Workers(v) => self.workers = v,
            Setting::Queue(v) => self.queue = v,
            Setting::Rate(v) => self.rate = v,
            Setting::ParseThreads(v) => self.parse_threads = v,
        }
    }
}

/// The rungs of the rate within a decade.
const LADDER: [f64; 3] = [1.0, 2.0, 5.0];

/// The first step down from "no limit" should bite: requests per second.
const FIRST_LIMIT: f64 = 100.0;

/// All rates that nudging reaches, lowest first.
fn rungs() -> impl DoubleEndedIterator<Item = f64> {
    (-1..=5)
        .flat_map(|decade| LADDER.map(|step| step * 10_f64.powi(decade)))
        .map(|rate| (rate * 1e6).round() / 1e6)
        .filter(|rate| {
            let (low, high) = Dial::Rate.range();
            (low..=high).contains(rate)
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// One step up or down the ladder; above the top rung there is no limit.
fn step_rate(rate: Option<f64>, up: bool) -> Option<f64> {
    match (rate, up) {
        (None, true) => None,
        (None, false) => Some(FIRST_LIMIT),
        (Some(rate), true) => rungs().find(|rung| *rung > rate),
        (Some(rate), false) => rungs().rev().find(|rung| *rung < rate).or(rungs().next()),
    }
}

/// The setting `by` steps from the one in force.
#[must_use]
pub fn nudged(dials: &Dials, dial: Dial, by: i32) -> Setting {
    let (low, high) = dial.range();
    let count = |value: u32| (f64::from(value) + f64::from(by)).clamp(low, high) as u32;
    match dials.get(dial) {
        Setting::Permits(v) => Setting::Permits(count(v)),
        Setting::Workers(v) => Setting::Workers(count(v)),
        Setting::Queue(v) => Setting::Queue(count(v)),
        Setting::ParseThreads(v) => Setting::ParseThreads(count(v)),
        Setting::Rate(rate) => {
            let steps = by.unsigned_abs().min(rungs().count() as u32);
            Setting::Rate((0..steps).fold(rate, |rate, _| step_rate(rate, by > 0)))
        }
    }
}

/// Workers for so many permits, while nobody sets them apart: pages are parsed while others are fetched.
#[must_use]
pub fn workers_for(permits: u32) -> u32 {
    let (low, high) = Dial::Workers.range();
    f64::from(permits).mul_add(2.0, 8.0).clamp(low, high) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALS: Dials =
        Dials { permits: 10, workers: 16, queue: 100, rate: None, parse_threads: 2 };

    #[test]
    fn nudges_clamp() {
        assert_eq!(nudged(&DIALS, Dial::Permits, -100), Setting::Permits(1));
        assert_eq!(nudged(&DIALS, Dial::Workers, 1), Setting::Workers(17));
        assert_eq!(nudged(&DIALS, Dial::Permits, i32::MAX), Setting::Permits(4096));
    }

    #[test]
    fn the_rate_climbs_a_ladder_and_ends_in_no_limit() {
        let at = |rate| Dials { rate, ..DIALS };
        let step = |rate, by| match nudged(&at(rate), Dial::Rate, by) {
            Setting::Rate(rate) => rate,
            other => panic!("{other}"),
        };
        assert_eq!(step(None, 1), None);
        assert_eq!(step(None, -1), Some(100.0));
        assert_eq!(step(Some(100.0), -1), Some(50.0));
        assert_eq!(step(Some(0.1), -1), Some(0.1));
        assert_eq!(step(Some(3.0), 1), Some(5.0));
        assert_eq!(step(Some(3.0), -1), Some(2.0));
        assert_eq!(step(Some(100_000.0), 1), None);
        assert_eq!(step(Some(1.0), 3), Some(10.0));
    }
}
