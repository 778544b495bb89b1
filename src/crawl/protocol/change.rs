//! The journal: every applied command, when, by whom, what, old → new.
//!
//! It is what undo reads, what the charts mark and what a resumed crawl shows.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::scene::Setup;
use crate::crawl::protocol::tuning::ChangeEffect;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::Setting;
use crate::settings::faults::Faults;
use crate::settings::seed_reach::SeedGain;
use crate::settings::slow_motion::SlowMotion;

/// What undoing a seed takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedUndo {
    /// What the seed brought into the scope.
    pub gain: SeedGain,
    /// Whether no seed before it had its host.
    pub new_host: bool,
}

/// Entries of versions before seeds could be undone have seeds that were added.
const fn yes() -> bool {
    true
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// A dial was turned.
    Set {
        /// Before.
        old: Setting,
        /// After.
        new: Setting,
    },
    /// Permits and workers were turned together.
    SetBoth {
        /// Permits and workers before.
        old: (u32, u32),
        /// After.
        new: (u32, u32),
    },
    /// A host's own limit of requests in flight.
    HostLimit {
        /// The host.
        host: Arc<str>,
        /// Before; `None` is no limit of its own.
        old: Option<u32>,
        /// After.
        new: Option<u32>,
    },
    /// A host was held (true) or released.
    HostHeld {
        /// The host.
        host: Arc<str>,
        /// Whether it is held now.
        held: bool,
    },
    /// The remaining URLs of a host are skipped (true), or are not any more.
    HostSkipped {
        /// The host.
        host: Arc<str>,
        /// Whether it is skipped now.
        skipped: bool,
    },
    /// A host's breaker was closed by hand.
    BreakerReset {
        /// The host.
        host: Arc<str>,
    },
    /// URLs that match a pattern are excluded (true), or are not any more.
    Excluded {
        /// The regular expression.
        pattern: Arc<str>,
        /// Whether they are excluded now.
        excluded: bool,
    },
    /// A seed was added (true), or was undone.
    Seed {
        /// It.
        url: Url,
        /// Whether it is a seed now.
        #[serde(default = "yes")]
        added: bool,
        /// What undoing it takes; `None` for an entry of an earlier version, which cannot be undone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<Box<SeedUndo>>,
    },
    /// Faults were made worse, milder or turned off.
    Faults {
        /// Before.
        old: Box<Faults>,
        /// After.
        new: Box<Faults>,
    },
    /// The stage was set for a scene, or put back.
    Scene {
        /// Before.
        old: Box<Setup>,
        /// After.
        new: Box<Setup>,
    },
    /// Slow motion began, changed or ended.
    Slow {
        /// Before.
        old: Option<SlowMotion>,
        /// After.
        new: Option<SlowMotion>,
    },
    /// The autopilot got the dials, or gave them back.
    Autopilot {
        /// What it aimed at before; `None` when the user had the dials.
        old: Option<AutopilotMode>,
        /// What it aims at now.
        new: Option<AutopilotMode>,
    },
    /// The user paused the crawl.
    Pause,
    /// The user resumed the crawl.
    Resume,
    /// A graceful stop was requested.
    Stop,
    /// A stop at once was requested.
    StopNow,
}

impl ChangeAction {
    /// Whether it can be turned back. A pause is no change of a setting; a breaker that was closed opens by
    /// itself.
    #[must_use]
    pub const fn is_undoable(&self) -> bool {
        matches!(
            self,
            Self::Set { .. }
                | Self::SetBoth { .. }
                | Self::HostLimit { .. }
                | Self::HostHeld { .. }
                | Self::HostSkipped { skipped: true, .. }
                | Self::Excluded { excluded: true, .. }
                | Self::Seed { added: true, undo: Some(_), .. }
                | Self::Faults { .. }
                | Self::Scene { .. }
                | Self::Slow { .. }
        )
    }

    /// Whether it is of this run alone: no fault outlives the process that it was made in.
    #[must_use]
    pub const fn is_staged(&self) -> bool {
        matches!(self, Self::Faults { .. } | Self::Scene { .. } | Self::Slow { .. })
    }
}

impl fmt::Display for ChangeAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { old, new } => {
                write!(f, "{} {} → {}", new.dial(), old.value_text(), new.value_text())
            }
            Self::SetBoth { old, new } => {
                write!(f, "permits {} → {}, workers {} → {}", old.0, new.0, old.1, new.1)
            }
            Self::HostLimit { host, old, new } => {
                let text = |limit: &Option<u32>| limit.map_or("off".into(), |n| n.to_string());
                write!(f, "{host} limit {} → {}", text(old), text(new))
            }
            Self::HostHeld { host, held: true } => write!(f, "hold {host}"),
            Self::HostHeld { host, held: false } => write!(f, "release {host}"),
            Self::HostSkipped { host, skipped: true } => write!(f, "skip all URLs of {host}"),
            Self::HostSkipped { host, skipped: false } => write!(f, "no longer skip {host}"),
            Self::BreakerReset { host } => write!(f, "reset the breaker of {host}"),
            Self::Excluded { pattern, excluded: true } => write!(f, "exclude {pattern}"),
            Self::Excluded { pattern, excluded: false } => write!(f, "no longer exclude {pattern}"),
            Self::Seed { url, added: true, .. } => write!(f, "seed {url}"),
            Self::Seed { url, added: false, .. } => write!(f, "no longer seed {url}"),
            Self::Faults { old, new } if new.is_none() => write!(f, "faults off: {old}"),
            Self::Faults { old, new } => write!(f, "fault {}", new.change_from(old)),
            Self::Scene { old, new } => match (new.scene, old.scene) {
                (Some(scene), _) => write!(f, "scene {scene}"),
                (None, Some(_)) => f.write_str("scene off"),
                (None, None) => {
                    let dials = &new.dials;
                    write!(
                        f,
                        "stage: permits {}, workers {}, {}",
                        dials.permits, dials.workers, new.faults
                    )
                }
            },
            Self::Slow { new: Some(slow), .. } => write!(f, "slow motion {slow}"),
            Self::Slow { new: None, .. } => f.write_str("slow motion off"),
            Self::Autopilot { new: Some(mode), .. } => write!(f, "autopilot {mode}"),
            Self::Autopilot { new: None, .. } => f.write_str("autopilot off"),
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
    pub what: ChangeAction,
    /// The entry that this one turns back.
    pub undoes: Option<u64>,
    /// Whether a later entry turned this one back.
    pub undone: bool,
    /// The entry that this one applies once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redoes: Option<u64>,
    /// Why, in one line, where the autopilot made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// What it gave; `None` for what no throughput follows from, and until something was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<ChangeEffect>,
}
