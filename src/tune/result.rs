//! What came of a sweep: the measured table, the knee, and the flags to use.

use serde::Serialize;

use super::end::{ClimbEnd, SweepEnd};
use super::level::SweepLevel;
use super::sweep::Sweep;
use crate::crawl::protocol::tuning::CurvePoint;
use crate::settings::dials::{Setting, workers_for};

/// Share of the most pages per second that a setting to use gives at least.
const ENOUGH: f64 = 0.95;
/// An interval is taken for no wider than this share of the mean, where a setting is chosen.
const MOST_DOUBT: f64 = 0.2;
/// Permits for the rate that a server allows, as a multiple of what it keeps in flight.
const HEADROOM: f64 = 1.25;
/// Half the width of an interval as a share of the mean, beyond which a level says nothing.
const MOST_NOISE: f64 = 0.3;
/// What is said where the knee cannot be told.
const TOO_FEW: &str = "too few pages to tell";

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct TuneRow {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Workers.
    pub workers: u32,
    /// Rate limit in requests per second; null without one.
    pub rate: Option<f64>,
    /// Seconds that it was held and measured.
    pub held_s: f64,
    /// Pages that ended in that time.
    pub pages: u64,
    /// Pages per second.
    pub pages_per_s: f64,
    /// Half the width of their 95 % interval; null where too little was measured.
    pub ci: Option<f64>,
    /// Median latency in ms.
    pub p50_ms: f64,
    /// 95th percentile of the latency in ms.
    pub p95_ms: f64,
    /// Mean latency in ms.
    pub mean_ms: f64,
    /// Mean latency as a multiple of the lowest of the table.
    pub latency_ratio: f64,
    /// Mean of the requests in flight.
    pub in_flight: f64,
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
    /// Whether the server refused or failed more requests than it may.
    pub overloaded: bool,
    /// Whether it is the setting to use.
    pub best: bool,
}

/// The knee.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuneKnee {
    /// Permits beyond which requests only wait; null where that cannot be told.
    pub permits: Option<f64>,
    /// Half the width of its 95 % interval; null where that is not known.
    pub ci: Option<f64>,
    /// How it was found, or why it was not.
    pub how: String,
}

/// What came of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct TuneResult {
    /// What each setting gave, fewest permits first.
    pub table: Vec<TuneRow>,
    /// The knee.
    pub knee: TuneKnee,
    /// The flags to use: `--permits 32 --workers 72`; empty where nothing was measured.
    pub flags: String,
    /// Why the sweep climbed no further, in words.
    pub stopped_at: String,
    /// Whether it was stopped before its end.
    pub partial: bool,
    /// The setting to use, as dials.
    #[serde(skip)]
    pub settings: Vec<Setting>,
    /// The points of the curve.
    #[serde(skip)]
    pub points: Vec<CurvePoint>,
}

/// The setting to use.
struct Choice {
    permits: u32,
    workers: u32,
    rate: Option<f64>,
}

impl TuneResult {
    /// What came of `sweep`.
    #[must_use]
    pub fn of(sweep: &Sweep) -> Self {
        let levels = newest(sweep.levels());
        let knee = knee(sweep, &levels);
        let choice = choice(sweep, &levels, &knee);
        let low = sweep.low_latency_ms();
        let table: Vec<_> = levels
            .iter()
            .map(|level| {
                let chosen = choice.as_ref().is_some_and(|choice| {
                    (level.permits(), level.row.rate) == (choice.permits, choice.rate)
                });
                row(level, low, chosen)
            })
            .collect();
        let flags = choice.as_ref().map(Choice::flags).unwrap_or_default();
        let settings = choice.map_or_else(Vec::new, |choice| choice.settings());
        let (ended, climb_end) = (sweep.ended(), sweep.climb_end.as_ref());
        let stopped_at = match (climb_end, ended) {
            (Some(why), _) => why.to_string(),
            (None, Some(SweepEnd::Urls)) => "every URL of the site is done".into(),
            (None, Some(SweepEnd::Budget)) => {
                format!("the budget of {} is used up", sweep.limits.budget)
            }
            (None, Some(SweepEnd::TakenOver)) => "a dial was turned by hand".into(),
            (None, _) => "it was stopped".into(),
        };
        let points = levels.iter().filter(|level| level.counts()).map(point).collect();
        let partial = !matches!(ended, Some(SweepEnd::Done | SweepEnd::Budget | SweepEnd::Urls));
        Self { table, knee, flags, stopped_at, partial, settings, points }
    }
}

impl Choice {
    const fn of(level: &SweepLevel) -> Self {
        Self { permits: level.row.permits, workers: level.row.workers, rate: level.row.rate }
    }

    fn settings(&self) -> Vec<Setting> {
        let Self { permits, workers, rate } = *self;
        vec![Setting::Rate(rate), Setting::Workers(workers), Setting::Permits(permits)]
    }

    fn flags(&self) -> String {
        let Self { permits, workers, rate } = self;
        let rate = rate.map_or_else(String::new, |rate| format!(" --rate {rate}"));
        format!("--permits {permits} --workers {workers}{rate}")
    }
}

/// Of several levels at one setting the newest, sorted by permits and rate.
fn newest(levels: &[SweepLevel]) -> Vec<SweepLevel> {
    let mut out: Vec<SweepLevel> = Vec::new();
    for level in levels {
        let setting = |level: &SweepLevel| (level.permits(), level.row.rate.map(f64::to_bits));
        out.retain(|known| setting(known) != setting(level));
        out.push(level.clone());
    }
    let rate = |level: &SweepLevel| level.row.rate.unwrap_or(f64::INFINITY);
    out.sort_by(|a, b| a.permits().cmp(&b.permits()).then(rate(a).total_cmp(&rate(b))));
    out
}

fn point(level: &SweepLevel) -> CurvePoint {
    CurvePoint {
        permits: level.permits(),
        pages_per_s: level.row.pages_per_s,
        p95_ms: level.row.p95_ms,
    }
}

fn row(level: &SweepLevel, low_ms: f64, best: bool) -> TuneRow {
    let row = &level.row;
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    let ratio = if low_ms.is_finite() && low_ms > 0.0 { row.mean_ms / low_ms } else { 0.0 };
    TuneRow {
        permits: row.permits,
        workers: row.workers,
        rate: row.rate,
        held_s: round(row.held_s),
        pages: row.pages,
        pages_per_s: round(row.pages_per_s.value),
        ci: row.pages_per_s.ci.is_finite().then(|| round(row.pages_per_s.ci)),
        p50_ms: round(row.p50_ms),
        p95_ms: round(row.p95_ms),
        mean_ms: round(row.mean_ms),
        latency_ratio: round(ratio),
        in_flight: round(level.in_flight),
        error_share: round(row.error_share),
        refused_share: round(row.refused_share),
        retries: row.retries,
        loop_delay_ms: round(row.loop_delay_ms),
        cpu_percent: round(row.cpu_percent),
        overloaded: level.overloaded,
        best,
    }
}

/// The level with the fewest permits that gives nearly the most pages per second, as far as its interval tells.
fn best(levels: &[SweepLevel]) -> Option<&SweepLevel> {
    // An interval wider than the mean says nothing of it.
    let usable = || levels.iter().filter(|level| !level.overloaded && level.relative_ci() < 1.0);
    let most = usable().map(SweepLevel::pages_per_s).fold(0.0, f64::max);
    usable().find(|level| {
        let upper = level.pages_per_s() * (1.0 + level.relative_ci().min(MOST_DOUBT));
        upper >= ENOUGH * most
    })
}

fn knee(sweep: &Sweep, levels: &[SweepLevel]) -> TuneKnee {
    let without = |how: String| TuneKnee { permits: None, ci: None, how };
    if let Some(search) = sweep.rate_range {
        let rate = search.allowed;
        let how = if search.is_known {
            format!(
                "the server allows about {rate} requests a second: the rate limits, not permits"
            )
        } else {
            format!("{TOO_FEW}: 429 at every rate that was tried")
        };
        return without(how);
    }
    let Some(why) = &sweep.climb_end else { return without(TOO_FEW.into()) };
    match why {
        ClimbEnd::MostPermits(_) | ClimbEnd::HostPace(_) | ClimbEnd::Frontier(_) => {
            return without(why.to_string());
        }
        _ => {}
    }
    let (curve, round) = (&sweep.curve, |value: f64| (value * 10.0).round() / 10.0);
    let usable = levels.iter().filter(|level| level.counts());
    let most = usable.max_by(|a, b| a.pages_per_s().total_cmp(&b.pages_per_s()));
    if most.is_none_or(|most| most.relative_ci() > MOST_NOISE) {
        let percent = 100.0 * MOST_NOISE;
        return without(format!(
            "too noisy to tell: an interval is wider than ±{percent:.0} %; is this machine busy with something else?"
        ));
    }
    let is_own = matches!(why, ClimbEnd::OwnLimit(_));
    if let Some(usl) = curve.usl.filter(|_| !is_own) {
        let how = format!(
            "peak of the universal scalability law (contention {:.3}, coherency {:.5})",
            usl.alpha, usl.beta
        );
        return TuneKnee { permits: Some(round(usl.peak)), ci: None, how };
    }
    if let Some(knee) = curve.knee.filter(|_| !is_own) {
        let how = format!(
            "most pages/s × lowest latency: {:.1} × {:.3} s",
            knee.most_pages_per_s.value, knee.low_latency_s
        );
        let ci = knee.permits.ci.is_finite().then(|| round(knee.permits.ci));
        return TuneKnee { permits: Some(round(knee.permits.value)), ci, how };
    }
    let Some(level) = best(levels) else { return without(TOO_FEW.into()) };
    let how = match &curve.missing {
        _ if is_own => {
            "; this machine may be the limit, and the server's knee be higher".to_owned()
        }
        Some(why) => format!(" ({why})"),
        None => String::new(),
    };
    let how = format!("fewest permits with {:.0} % of the most pages/s{how}", 100.0 * ENOUGH);
    TuneKnee { permits: Some(f64::from(level.permits())), ci: None, how }
}

/// The setting to use: the knee, where pages per second there are nearly the most; else the level that gives
/// them with the fewest permits.
fn choice(sweep: &Sweep, levels: &[SweepLevel], knee: &TuneKnee) -> Option<Choice> {
    let best = best(levels)?;
    if let Some(search) = sweep.rate_range.filter(|search| search.is_known) {
        let held = levels.iter().find(|level| {
            level.row.rate == Some(search.allowed) && !level.overloaded && level.row.mean_ms > 0.0
        });
        let latency_ms = held.map_or_else(|| sweep.low_latency_ms(), |level| level.row.mean_ms);
        let in_flight = search.allowed * latency_ms / 1000.0;
        let permits = (HEADROOM * in_flight).ceil().max(1.0) as u32;
        let permits = permits.min(sweep.limits.max_permits);
        return Some(Choice { permits, workers: workers_for(permits), rate: Some(search.allowed) });
    }
    let Some(permits) = knee.permits else { return Some(Choice::of(best)) };
    let permits = (permits.round().max(1.0) as u32).min(sweep.limits.max_permits);
    let nearest = levels
        .iter()
        .filter(|level| level.counts() && level.permits() <= permits)
        .max_by_key(|level| level.permits());
    let most = levels.iter().filter(|level| level.counts()).map(SweepLevel::pages_per_s);
    let most = most.fold(0.0, f64::max);
    match nearest {
        Some(level) if level.pages_per_s() >= ENOUGH * most && best.permits() <= permits => {
            Some(Choice { permits, workers: workers_for(permits), rate: level.row.rate })
        }
        _ => Some(Choice::of(best)),
    }
}
