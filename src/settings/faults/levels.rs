//! Faults at a level, and the faults in force.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::settings::faults::fault::{COUNT, Fault, Place};

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

/// A site into which faults can be injected.
pub trait FaultySite: Send + Sync + fmt::Debug {
    /// Puts these faults in force, instead of those before; requests being answered feel it too.
    fn put(&self, faults: &Faults);

    /// From now on everything at the site takes so many times as long; 1 is its own time.
    fn stretch(&self, times: f64);
}
