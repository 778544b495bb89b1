//! Scenes: a stage set so that one thing shows, and the line that says what to watch.
//!
//! A scene is dials, faults and the autopilot on or off: from then on every key does what it always does.
//! In one of them a fault changes by itself as time passes ([`Scene::fault_at`]), until it is turned by hand.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::Dials;
use crate::settings::faults::{Fault, FaultSetting, Faults};
use crate::settings::scope_kind::ScopeKind;

/// A scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// All that may be in flight is, and waits for the site.
    SlowServer,
    /// Transactions take long: everything before the saver fills up and waits.
    SlowDatabase,
    /// Permits lie idle and the queue is full.
    TooFewWorkers,
    /// The server handles a fixed number of requests at once: further permits add latency only.
    TooManyPermits,
    /// The site says "too many requests", and when to retry.
    RateLimitedHost,
    /// The site fails so often that its hosts count as down, are probed and come back.
    FlakyHost,
    /// Three faults at once, to be taken away.
    Recovery,
    /// The server handles a fixed number of requests at once, and the autopilot looks for it.
    Autopilot,
    /// The server's capacity halves and returns, and the autopilot follows.
    MovingTarget,
}

/// Dials, faults and autopilot, and the scene that they are of.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Setup {
    /// The scene, if one is on.
    pub scene: Option<Scene>,
    /// The dials.
    pub dials: Dials,
    /// The faults.
    pub faults: Faults,
    /// What the autopilot aims at, if it turns the dials.
    #[serde(default)]
    pub autopilot: Option<AutopilotMode>,
}

/// Pages of the lab that last for a while on one of its hosts.
pub const PAGES: u32 = 300_000;
/// Requests that the site of [`Scene::TooManyPermits`] answers at once.
const FEW_AT_ONCE: f64 = 10.0;
/// Requests that the sites of [`Scene::Autopilot`] and [`Scene::MovingTarget`] answer at once,
const KNEE: f64 = 32.0;
/// and that of the latter while its capacity is halved.
const HALF_KNEE: f64 = 16.0;
/// Time between two changes of its capacity, in seconds.
const MOVES_EVERY_S: f64 = 60.0;

/// The settings of a crawl of the lab that somebody watches.
#[must_use]
pub fn settings() -> Settings {
    // Without its sitemap: that would fill the frontier at once, and nobody would see it grow.
    let mut settings = Settings { scope: ScopeKind::Any, sitemaps: false, ..Settings::default() };
    // Long cooldowns are polite; in a demonstration somebody watches.
    settings.breaker.cooldown = Duration::from_millis(1_500);
    settings.breaker.max_cooldown = settings.breaker.cooldown;
    settings
}

impl Scene {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::SlowServer,
        Self::SlowDatabase,
        Self::TooFewWorkers,
        Self::TooManyPermits,
        Self::RateLimitedHost,
        Self::FlakyHost,
        Self::Recovery,
        Self::Autopilot,
        Self::MovingTarget,
    ];

    /// Its one name: on the command line, in `:scene NAME` and in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlowServer => "slow-server",
            Self::SlowDatabase => "slow-database",
            Self::TooFewWorkers => "too-few-workers",
            Self::TooManyPermits => "too-many-permits",
            Self::RateLimitedHost => "rate-limited-host",
            Self::FlakyHost => "flaky-host",
            Self::Recovery => "recovery",
            Self::Autopilot => "autopilot",
            Self::MovingTarget => "moving-target",
        }
    }

    /// The scene with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scene| scene.name() == name)
    }

    /// Its name in words.
    #[must_use]
    pub fn title(self) -> String {
        self.name().replace('-', " ")
    }

    /// What to watch, in one line.
    #[must_use]
    pub const fn watch(self) -> &'static str {
        match self {
            Self::SlowServer => {
                "every permit waits for the site, the queue is full, our own side idles"
            }
            Self::SlowDatabase => {
                "the buffer fills, permits are taken back, the queue fills, the producer stops"
            }
            Self::TooFewWorkers => {
                "the queue is full, permits lie idle: each worker more is more pages/s"
            }
            Self::TooManyPermits => {
                "go from 10 permits to 40: pages/s stays, latency grows fourfold"
            }
            Self::RateLimitedHost => {
                "429: the host cools down as long as it demands; workers wait, permits are free"
            }
            Self::FlakyHost => {
                "the breaker opens, lets a probe through after a cooldown, closes when it succeeds"
            }
            Self::Recovery => {
                "take the three faults away, one by one or all at once: the verdict moves on"
            }
            Self::Autopilot => {
                "the autopilot climbs from 4 permits and settles where more would only wait, near 32"
            }
            Self::MovingTarget => {
                "the site's capacity halves after a minute, returns after another: the autopilot follows"
            }
        }
    }

    /// The fault that changes by itself in this scene, at its level so many seconds after the scene began.
    #[must_use]
    pub fn fault_at(self, seconds: f64) -> Option<FaultSetting> {
        if self != Self::MovingTarget {
            return None;
        }
        let halved = (seconds / MOVES_EVERY_S).floor() % 2.0 >= 1.0;
        let level = if halved { HALF_KNEE } else { KNEE };
        Some(FaultSetting { fault: Fault::Capacity, level: Some(level) })
    }

    /// What the autopilot aims at in this scene, if it turns the dials.
    #[must_use]
    pub const fn autopilot(self) -> Option<AutopilotMode> {
        match self {
            Self::Autopilot | Self::MovingTarget => Some(AutopilotMode::Balanced),
            _ => None,
        }
    }

    /// Makes the settings of the lab's crawl those of a crawl that begins with the scene, and gives
    /// its faults. It stays on the seed's host: hosts that share a queue would blur what is to be
    /// seen.
    #[must_use]
    pub fn stage(self, settings: &mut Settings) -> Faults {
        let setup = self.setup(settings.dials());
        settings.set_dials(&setup.dials);
        settings.autopilot = setup.autopilot;
        settings.scope = ScopeKind::Host;
        setup.faults
    }

    /// The dials, faults and autopilot of the scene; dials that it does not set keep their values.
    #[must_use]
    pub const fn setup(self, dials: Dials) -> Setup {
        let none = Faults::NONE;
        let dials = Dials { rate: None, queue: 100, ..dials };
        let (permits, workers, faults) = match self {
            Self::SlowServer => (16, 16, none.with(Fault::Latency, 1_000.0)),
            Self::SlowDatabase => (
                16,
                24,
                none.with(Fault::Latency, 20.0)
                    .with(Fault::Saver, 500.0)
                    .with(Fault::Buffer, 131_072.0),
            ),
            Self::TooFewWorkers => (20, 2, none.with(Fault::Latency, 200.0)),
            Self::TooManyPermits => {
                (10, 60, none.with(Fault::Latency, 100.0).with(Fault::Capacity, FEW_AT_ONCE))
            }
            Self::RateLimitedHost => {
                (10, 16, none.with(Fault::Latency, 50.0).with(Fault::RetryAfter, 0.2))
            }
            Self::FlakyHost => {
                // Fewer requests at once than the breaker looks at: closed, it stays so for two rounds of them,
                // and each of its states is there long enough to be seen.
                (6, 16, none.with(Fault::Latency, 600.0).with(Fault::ServerError, 0.5))
            }
            Self::Recovery => (
                16,
                24,
                none.with(Fault::Latency, 500.0)
                    .with(Fault::ServerError, 0.05)
                    .with(Fault::Saver, 1_000.0)
                    .with(Fault::Buffer, 65_536.0),
            ),
            Self::Autopilot | Self::MovingTarget => {
                (4, 16, none.with(Fault::Latency, 250.0).with(Fault::Capacity, KNEE))
            }
        };
        let dials = Dials { permits, workers, ..dials };
        Setup { scene: Some(self), dials, faults, autopilot: self.autopilot() }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_moving_target_moves_and_it_begins_as_it_is_set_up() {
        let level = |seconds| Scene::MovingTarget.fault_at(seconds).and_then(|fault| fault.level);
        let begins = Scene::MovingTarget.setup(Dials::default()).faults;
        assert_eq!(level(0.0), begins.get(Fault::Capacity));
        let levels = [59.9, 60.0, 119.9, 120.0, 180.0]
            .map(|seconds| level(seconds).unwrap_or_default() as u32);
        assert_eq!(levels, [KNEE, HALF_KNEE, HALF_KNEE, KNEE, HALF_KNEE].map(|level| level as u32));
        for scene in Scene::ALL.into_iter().filter(|scene| *scene != Scene::MovingTarget) {
            assert_eq!(scene.fault_at(60.0), None, "{scene}");
        }
    }
}
