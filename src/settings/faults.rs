//! Faults: what can be made slow, scarce or broken on purpose, one thing at a time.
//!
//! The crawl's control task owns the faults in force (see [`crate::crawl::protocol::command::Command`]); the
//! [`FaultySite`] that is crawled is told of its own. It knows neither crawl nor site.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    /// A share of the requests is answered with 429, and no word of when to come again.
    TooMany,
    /// A share of the requests is answered with 429 and `Retry-After`.
    RetryAfter,
    /// Requests answered at once over the whole site; the rest queue there.
    Capacity,
    /// Bytes of bodies per second over the whole site.
    Bandwidth,
    /// Every transaction of the saver takes so much longer.
    Saver,
    /// Parsing takes a thread so much longer for every page.
    Parser,
    /// So many bytes of results at most may wait for the saver.
    Buffer,
    /// The bounded queue holds so many URLs at most, whatever its dial says.
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
}

/// Where a fault is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The site that is crawled.
    Site,
    /// The crawler's own pipeline.
    Pipeline,
}

/// How many faults there are.
const COUNT: usize = Fault::ALL.len();

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
    pub const ALL: [Self; 14] = [
        Self::Latency,
        Self::Spread,
        Self::SlowTail,
        Self::ServerError,
        Self::Reset,
        Self::Hang,
        Self::TooMany,
        Self::RetryAfter,
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
            Self::Latency => "time every page takes to answer",
            Self::Spread => "up to so much longer, by chance",
            Self::SlowTail => "share that takes ten times as long",
            Self::ServerError => "share answered with 500 or 502",
            Self::Reset => "share of connections closed unanswered",
            Self::Hang => "share never answered: a time-out",
            Self::TooMany => "share answered with 429",
            Self::RetryAfter => "share answered with 429, come again in 1 to 2 s",
            Self::Capacity => "requests answered at once, the rest queue",
            Self::Bandwidth => "bytes a second over the whole site",
            Self::Saver => "time added to every transaction",
            Self::Parser => "time added to parsing every page",
            Self::Buffer => "most bytes that wait for the saver",
            Self::Queue => "most URLs in the bounded queue",
        }
    }

    /// Where it is at home.
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
            Unit::Count => (1.0, 100_000.0),
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
                Unit::Count => COUNTS,
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

    /// Whether level `a` is worse than `b`: less of what is scarce, more of the rest.
    fn is_worse(self, a: f64, b: f64) -> bool {
        match self.unit() {
            Unit::Count | Unit::Size | Unit::Bytes => a < b,
            Unit::Time | Unit::Share => a > b,
        }
    }

    /// The level one rung worse, or milder; below the mildest it is off.
    fn step(self, level: Option<f64>, worse: bool) -> Option<f64> {
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
            unit @ (Unit::Size | Unit::Bytes) => {
                const UNITS: [(&str, f64); 3] =
                    [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)];
                let whole = UNITS.iter().find(|(_, size)| level >= *size && level % size == 0.0);
                let pace = if unit == Unit::Bytes { "/s" } else { "" };
                match whole {
                    Some((unit, size)) => format!("{}{unit}{pace}", level / size),
                    None => format!("{level}B{pace}"),
                }
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

/// A fault with a level; `None` is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultSetting {
    /// Which.
    pub fault: Fault,
    /// How much of it, in its unit.
    pub level: Option<f64>,
}

impl FaultSetting {
    /// The level alone, as shown on screen: `200ms`, `10%`, `off`.
    #[must_use]
    pub fn level_text(self) -> String {
        self.level.map_or_else(|| "off".to_owned(), |level| self.fault.level_text(level))
    }
}

impl fmt::Display for FaultSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fault, self.level_text())
    }
}

impl FromStr for FaultSetting {
    type Err = String;

    /// Reads `NAME LEVEL`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let Some(fault) = Fault::from_name(name) else {
            let names = Fault::ALL.map(Fault::name).join(", ");
            return Err(format!("no fault is called '{name}': there are {names}"));
        };
        let level = words.collect::<String>();
        if level.is_empty() {
            return Err(format!("{fault} takes a level or 'off': {}", fault.what()));
        }
        Ok(Self { fault, level: fault.parse_level(&level)? })
    }
}

impl Serialize for FaultSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FaultSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The faults in force.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults([Option<f64>; COUNT]);

impl Faults {
    /// Nothing is wrong.
    pub const NONE: Self = Self([None; COUNT]);

    /// The level of one, in its unit; `None` when it is off.
    #[must_use]
    pub const fn get(&self, fault: Fault) -> Option<f64> {
        self.0[fault as usize]
    }

    /// The level of one that is a share; 0 when it is off.
    #[must_use]
    pub fn share(&self, fault: Fault) -> f64 {
        self.get(fault).unwrap_or(0.0)
    }

    /// The level of one that is a time.
    #[must_use]
    pub fn time(&self, fault: Fault) -> Option<Duration> {
        self.get(fault).map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1_000.0))
    }

    /// The level of one that is a count.
    #[must_use]
    pub fn count(&self, fault: Fault) -> Option<u32> {
        self.get(fault).map(|count| count as u32)
    }

    /// Puts one to a level.
    pub const fn set(&mut self, setting: FaultSetting) {
        self.0[setting.fault as usize] = setting.level;
    }

    /// These, and one more at a level in its unit.
    #[must_use]
    pub const fn with(mut self, fault: Fault, level: f64) -> Self {
        self.0[fault as usize] = Some(level);
        self
    }

    /// One `by` rungs worse (milder where negative) than it is now.
    #[must_use]
    pub fn nudged(&self, fault: Fault, by: i32) -> FaultSetting {
        let steps = by.unsigned_abs().min(fault.ladder().len() as u32 + 1);
        let level = (0..steps).fold(self.get(fault), |level, _| fault.step(level, by > 0));
        FaultSetting { fault, level }
    }

    /// Those that are on, in the order in which they are shown.
    pub fn on(&self) -> impl Iterator<Item = FaultSetting> + '_ {
        let all = Fault::ALL.into_iter();
        all.map(|fault| FaultSetting { fault, level: self.get(fault) })
            .filter(|setting| setting.level.is_some())
    }

    /// Those that are on at this place.
    pub fn at(&self, place: Place) -> impl Iterator<Item = FaultSetting> + '_ {
        self.on().filter(move |setting| setting.fault.place() == place)
    }

    /// What is different in them: `latency off → 200ms, 5xx 1% → 2%`.
    #[must_use]
    pub fn change_from(&self, old: &Self) -> String {
        let setting = |faults: &Self, fault| FaultSetting { fault, level: faults.get(fault) };
        let changed = Fault::ALL.into_iter().filter(|fault| self.get(*fault) != old.get(*fault));
        let texts = changed.map(|fault| {
            let (old, new) = (setting(old, fault), setting(self, fault));
            format!("{fault} {} → {}", old.level_text(), new.level_text())
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    /// Whether none is on.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.on().next().is_none()
    }
}

impl fmt::Display for Faults {
    /// `latency 200ms, 5xx 10%`, or `no faults`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on: Vec<_> = self.on().map(|setting| setting.to_string()).collect();
        if on.is_empty() { f.write_str("no faults") } else { f.write_str(&on.join(", ")) }
    }
}

impl FromIterator<FaultSetting> for Faults {
    fn from_iter<I: IntoIterator<Item = FaultSetting>>(settings: I) -> Self {
        let mut faults = Self::default();
        settings.into_iter().for_each(|setting| faults.set(setting));
        faults
    }
}

impl Serialize for Faults {
    /// As a map from name to level in the fault's unit.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for setting in self.on() {
            map.serialize_entry(setting.fault.name(), &setting.level)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Faults {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Fault, f64>::deserialize(deserializer)?;
        let mut faults = Self::default();
        for (fault, level) in map {
            faults.set(FaultSetting { fault, level: Some(level) });
        }
        Ok(faults)
    }
}

/// A site that can be told of faults.
pub trait FaultySite: Send + Sync + fmt::Debug {
    /// Puts these faults in force, instead of those before; requests being answered feel it too.
    fn put(&self, faults: &Faults);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_in_its_place_and_is_read_as_it_is_shown() {
        for (at, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, at);
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
            for level in fault.ladder() {
                assert_eq!(fault.parse_level(&fault.level_text(*level)), Ok(Some(*level)));
            }
            assert_eq!(fault.parse_level("off"), Ok(None));
        }
    }

    #[test]
    fn a_ladder_gets_worse_rung_by_rung_and_ends() {
        for fault in Fault::ALL {
            let mut faults = Faults::default();
            let mut before = 0.0;
            for rung in fault.ladder() {
                faults.set(faults.nudged(fault, 1));
                assert_eq!(faults.get(fault), Some(*rung));
                assert!(fault.severity(faults.get(fault)) > before, "{fault} {rung}");
                before = fault.severity(faults.get(fault));
            }
            assert_eq!(faults.nudged(fault, 1).level, faults.get(fault));
            assert_eq!(faults.nudged(fault, i32::MIN).level, None);
            faults.set(FaultSetting { fault, level: Some(fault.ladder()[0]) });
            assert_eq!(faults.nudged(fault, -1).level, None);
        }
    }

    #[test]
    fn between_two_rungs_a_step_leads_to_the_next() {
        let faults = Faults::default().with(Fault::Latency, 300.0).with(Fault::Capacity, 15.0);
        assert_eq!(faults.nudged(Fault::Latency, 1).level, Some(500.0));
        assert_eq!(faults.nudged(Fault::Latency, -1).level, Some(200.0));
        assert_eq!(faults.nudged(Fault::Capacity, 1).level, Some(10.0));
        assert_eq!(faults.nudged(Fault::Capacity, -1).level, Some(20.0));
    }

    #[test]
    fn what_cannot_be_a_level_is_refused_with_what_can() {
        let refused = |text: &str| text.parse::<FaultSetting>().expect_err(text);
        assert_eq!(refused("5xx 110%"), "5xx takes 0% to 100%, or 'off', not '110%'");
        assert_eq!(refused("latency 2h"), "latency takes 0ms to 60s, or 'off', not '2h'");
        assert_eq!(refused("latency -1s"), "latency takes 0ms to 60s, or 'off', not '-1s'");
        assert_eq!(refused("capacity 0"), "capacity takes 1 to 100000, or 'off', not '0'");
        assert!(refused("5xx NaN").contains("not 'NaN'"));
        assert!(refused("bandwidth lots").contains("takes 1KiB/s to"));
        assert!(refused("flood 3").starts_with("no fault is called 'flood': there are latency,"));
        assert!(refused("5xx").starts_with("5xx takes a level"));
        let read = |text: &str| text.parse::<FaultSetting>().expect(text).level;
        assert_eq!(read("latency 1s 500ms"), Some(1_500.0));
        assert_eq!(read("latency 0"), Some(0.0));
        assert_eq!(read("5xx 0%"), None);
        assert_eq!(read("5xx 0.07"), Some(0.07));
        assert_eq!(read("bandwidth 1MiB/s"), Some(1_048_576.0));
    }

    #[test]
    fn stored_as_names_and_levels() {
        let faults = Faults::default().with(Fault::Latency, 200.0).with(Fault::TooMany, 0.1);
        let text = serde_json::to_string(&faults).expect("written");
        assert_eq!(text, r#"{"latency":200.0,"429":0.1}"#);
        assert_eq!(serde_json::from_str::<Faults>(&text).expect("read"), faults);
        assert_eq!(faults.to_string(), "latency 200ms, 429 10%");
        assert!(serde_json::from_str::<Faults>(r#"{"flood":1.0}"#).is_err());
    }
}
