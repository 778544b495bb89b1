//! What each setting gave: the measured table, the curve, the effect of a change, a comparison with a
//! pinned setting, and the autopilot.
//!
//! Pages per second count pages that were requested, as [`Totals::fetched`] does. Every `ci` is half the
//! width of a 95 % confidence interval, in the unit of the value beside it; it is infinite where too little
//! was measured to tell.
//!
//! [`Totals::fetched`]: crate::crawl::protocol::snapshot::Totals::fetched

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::settings::autopilot_mode::AutopilotMode;

/// Maximum rows of the measured table in a snapshot.
pub const MEASURED_ROWS: usize = 64;

/// What stands on the Tuning tab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TuningView {
    /// The measured table: by conditions (newest last), permits, workers and rate; at most
    /// [`MEASURED_ROWS`].
    pub rows: Arc<[MeasuredRow]>,
    /// Pages per second and latency against permits.
    pub curve: Arc<Curve>,
    /// Little's law over the last ten seconds; `None` while nothing is in flight.
    pub littles_law: Option<LittlesLaw>,
    /// The comparison with a pinned setting.
    pub pinned: Option<PinnedComparison>,
    /// The autopilot; `None` until it was switched on.
    pub autopilot: Option<AutopilotView>,
}

/// A mean with half the width of its 95 % confidence interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Half the width; infinite (in JSON null) where too little was measured.
    #[serde(with = "infinite_as_null")]
    pub ci: f64,
}

/// JSON has no infinity: null stands for it.
mod infinite_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
    }
}

/// One setting and what it gave: a row of the measured table.
#[expect(clippy::struct_excessive_bools, reason = "each marks the row by itself")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredRow {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Workers.
    pub workers: u32,
    /// Rate limit in requests per second; `None` for no limit.
    pub rate: Option<f64>,
    /// Number of the conditions under which it was measured, from 0: a change of a fault, a scene or a host's
    /// limit begins new ones.
    pub conditions: u32,
    /// Whether an earlier run of this crawl measured it.
    pub earlier_run: bool,
    /// Seconds that it was held and measured.
    pub held_s: f64,
    /// Pages finished in that time.
    pub pages: u64,
    /// Pages per second.
    pub pages_per_s: Estimate,
    /// Median latency in ms; 0 where nothing was answered.
    pub p50_ms: f64,
    /// 95th percentile of the latency in ms.
    pub p95_ms: f64,
    /// Mean latency in ms.
    pub mean_ms: f64,
    /// Mean latency as a multiple of the lowest mean latency of these conditions.
    pub latency_ratio: f64,
    /// Share of answers 5xx, of time-outs and of broken connections among requests, 0 to 1.
    pub error_share: f64,
    /// Share of answers 429 among requests, 0 to 1.
    pub refused_share: f64,
    /// Attempts after the first.
    pub retries: u64,
    /// Mean delay of the event loop in ms.
    pub loop_delay_ms: f64,
    /// CPU of this process in per cent of one core.
    pub cpu_percent: f64,
    /// Whether it is the setting in force.
    pub present: bool,
    /// Whether it is the best of the present conditions: most pages per second at the lowest cost in latency.
    pub best: bool,
    /// Whether another row of the same conditions gives more pages per second with fewer permits.
    pub dominated: bool,
    /// Whether more requests fail than at the best row of the same conditions, by more than 2 % and by more than
    /// chance explains.
    #[serde(default)]
    pub failing: bool,
}

/// A point of the curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Pages per second.
    pub pages_per_s: Estimate,
    /// 95th percentile of the latency in ms.
    pub p95_ms: f64,
}

/// Pages per second and latency against permits, under the present conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What was measured, fewest permits first.
    pub points: Vec<CurvePoint>,
    /// The knee, where the points tell it.
    pub knee: Option<Knee>,
    /// The universal scalability law, where the data are retrograde and the fit is good.
    pub usl: Option<UslFit>,
    /// Why there is no knee, in words; `None` where there is one.
    pub missing: Option<Arc<str>>,
}

/// The knee: the number of requests in flight beyond which requests only wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// `most_pages_per_s` times `low_latency_s`, in requests in flight.
    pub permits: Estimate,
    /// Most pages per second that was measured.
    pub most_pages_per_s: Estimate,
    /// Mean latency where nothing waits, in seconds.
    pub low_latency_s: f64,
}

/// A fit of the universal scalability law: pages/s = gamma·n / (1 + alpha·(n − 1) + beta·n·(n − 1)).
/// Source: N. Gunther, "A General Theory of Computational Scalability Based on Rational Functions", 2008.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct UslFit {
    /// Pages per second of one request in flight.
    pub gamma: f64,
    /// Contention.
    pub alpha: f64,
    /// Coherency.
    pub beta: f64,
    /// Share of the variance that the fit explains, 0 to 1.
    pub r_squared: f64,
    /// Requests in flight at the peak.
    pub peak: f64,
}

/// Little's law as a check: requests in flight = requests per second × mean latency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LittlesLaw {
    /// Mean of the requests in flight, as the gate counted them.
    pub in_flight: f64,
    /// Requests that ended per second.
    pub requests_per_s: f64,
    /// Their mean latency in seconds, from permit to permit given back.
    pub mean_latency_s: f64,
    /// Whether both sides agree within what chance explains.
    pub agrees: bool,
}

impl LittlesLaw {
    /// Requests per second times mean latency.
    #[must_use]
    pub fn product(&self) -> f64 {
        self.requests_per_s * self.mean_latency_s
    }
}

/// What a comparison of two settings says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectVerdict {
    /// Too early to tell.
    #[default]
    Measuring,
    /// More pages per second, or as many with a lower latency.
    Better,
    /// Fewer pages per second, or as many with a higher latency.
    Worse,
    /// Neither.
    NoDifference,
    /// It cannot be told: see the note.
    Void,
}

impl EffectVerdict {
    /// The word on screen, in the database and in exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Measuring => "too early to tell",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifference => "no difference",
            Self::Void => "cannot be told",
        }
    }
}

impl fmt::Display for EffectVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What was measured on one side of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EffectSide {
    /// Pages per second.
    pub pages_per_s: Estimate,
    /// 95th percentile of the latency in ms; 0 where nothing was answered.
    pub p95_ms: f64,
    /// Seconds measured.
    pub seconds: f64,
}

/// What a change gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeEffect {
    /// Before the change.
    pub before: EffectSide,
    /// After it.
    pub after: EffectSide,
    /// Change of the pages per second in per cent; its interval likewise.
    pub pages_percent: Estimate,
    /// Change of the 95th percentile of the latency in per cent.
    pub p95_percent: f64,
    /// Seconds that must be measured after the change before anything is said.
    pub needs_s: f64,
    /// Better or worse.
    pub verdict: EffectVerdict,
    /// What explains it, in a few words: `2.1 % answered 429`, `turned again after 2 s`.
    pub note: Option<Arc<str>>,
    /// The change that was measured, where it was made in several turns: `permits 16 → 24`. The entry itself is
    /// the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Arc<str>>,
}

/// Where a comparison with a pinned setting is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinPhase {
    /// A setting is pinned; nothing was turned since.
    #[default]
    Pinned,
    /// Something else than the pinned setting is in force.
    Turned,
    /// The pinned setting is measured again, to see whether the server drifted.
    Checking,
    /// Over; the other setting is in force.
    Done,
}

/// A comparison of a pinned setting with another: pinned, other, pinned again (A-B-A).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PinnedComparison {
    /// Where it is.
    pub phase: PinPhase,
    /// The pinned setting, in words: `permits 16, workers 40`.
    pub pinned: Arc<str>,
    /// The other one, once there is one.
    pub other: Option<Arc<str>>,
    /// Seconds measured of the present phase,
    pub measured_s: f64,
    /// and how many it needs.
    pub needs_s: f64,
    /// The pinned setting as `before`, the other one as `after`.
    pub effect: Option<ChangeEffect>,
}

/// What the autopilot does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AutopilotView {
    /// What it aims at.
    pub mode: AutopilotMode,
    /// Whether it has the dials; otherwise the user took over.
    pub driving: bool,
    /// In a word or two: `climbing`, `probing up`, `off`.
    pub state: Arc<str>,
    /// When this state began, in seconds since the start of this run.
    pub state_since_s: f64,
    /// Why permits are not raised: `the frontier gives 20/s`.
    pub held_by: Option<Arc<str>>,
    /// Seconds until the next probe.
    pub next_probe_s: Option<f64>,
    /// Seconds from one probe to the next.
    pub probe_every_s: f64,
    /// While it probes: permits before and during the probe.
    pub probe: Option<(u32, u32)>,
    /// Its newest step, in one line.
    pub reason: Arc<str>,
    /// The knee as it measured it, in permits.
    pub knee: Option<f64>,
    /// The rate that it holds because of answers 429, in requests per second.
    pub rate: Option<f64>,
    /// Whether the latency that was asked for cannot be had.
    pub out_of_reach: bool,
}
