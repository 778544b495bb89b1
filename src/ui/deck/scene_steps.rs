//! What is to be seen in each scene, step by step. It knows no drawing.
//!
//! A step is a sentence and a measurement. Only the measurement ticks it, and only when it holds for a second.

use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::{
    BreakerState, HostView, OverloadKind, Snapshot, WaitReason,
};
use crate::crawl::protocol::verdict::{Limit, Stage};
use crate::settings::faults::Fault;
use crate::ui::panels::verdict;
use crate::ui::units;

/// What a step measures now.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReading {
    /// How far it has come, 0..=1; at 1 it has happened.
    pub share: f64,
    /// The measurement in words: `127 of 128 KiB`.
    pub words: String,
}

/// What was when a scene began to be measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct SceneBaseline {
    /// Median latency in ms.
    pub p50_ms: f64,
    /// Pages per second.
    pub pages_per_s: f64,
    /// Attempts after the first that were made before it.
    pub retries: u64,
    /// Requests that were put back before it.
    pub resent: u64,
}

/// A step.
#[derive(Clone, Copy)]
pub struct SceneStep {
    /// What happens, actions in braces for their keys: `the queue fills`, `{pause} resumes`.
    pub sentence: &'static str,
    /// Where its number stands on the stages.
    pub stage: Option<Stage>,
    /// Whether it waits for the viewer.
    pub is_viewers: bool,
    /// What is measured.
    pub measure: fn(&Snapshot, &SceneBaseline) -> StepReading,
}

/// A step that happens by itself.
const fn step(
    sentence: &'static str,
    stage: Stage,
    measure: fn(&Snapshot, &SceneBaseline) -> StepReading,
) -> SceneStep {
    SceneStep { sentence, stage: Some(stage), is_viewers: false, measure }
}

/// A step that waits for the viewer.
const fn viewers(
    sentence: &'static str,
    measure: fn(&Snapshot, &SceneBaseline) -> StepReading,
) -> SceneStep {
    SceneStep { sentence, stage: None, is_viewers: true, measure }
}

pub(super) fn reading(value: f64, goal: f64, words: String) -> StepReading {
    let share = if goal > 0.0 { (value / goal).clamp(0.0, 1.0) } else { 0.0 };
    StepReading { share, words }
}

pub(super) fn yes(happened: bool, words: &str) -> StepReading {
    StepReading { share: f64::from(u8::from(happened)), words: words.to_owned() }
}

pub(super) fn queue_fills(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let (len, capacity) = (s.queue.len, s.queue.capacity);
    reading(len.into(), f64::from(capacity) * 0.95, format!("{len} of {capacity}"))
}

fn permits_taken(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let (used, limit) = (s.gate.in_use, s.gate.limit);
    reading(used.into(), f64::from(limit) * 0.95, format!("{used} of {limit} taken"))
}

pub(super) fn permits_taken_back(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let back = s.dials.permits.saturating_sub(s.gate.limit);
    let words = format!("{back} of {}", s.dials.permits);
    reading(back.into(), f64::from(s.dials.permits) / 4.0, words)
}

fn permits_idle(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let free = s.gate.limit.saturating_sub(s.gate.in_use);
    let words = format!("{free} of {} free", s.gate.limit);
    reading(free.into(), f64::from(s.gate.limit) / 2.0, words)
}

fn buffer_fills(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let (now, limit) = (s.saver.backlog_bytes, s.saver.limit_bytes);
    let words = format!("{} of {}", units::bytes(now), units::bytes(limit));
    // The crawl takes permits back at once, and then it stays below that level.
    let was_full = s.overloads.iter().any(|overload| overload.what == OverloadKind::Saver);
    if was_full { yes(true, &words) } else { reading(now as f64, limit as f64 * 0.75, words) }
}

fn percent(share: f32) -> String {
    format!("{} of the last second", units::percent(share).trim_start())
}

pub(super) fn producer_stops(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let share = s.producer.blocked;
    reading(share.into(), 0.95, format!("blocked {}", percent(share)))
}

fn workers_wait_for_server(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let share = s.worker_shares.fetch();
    reading(share.into(), 0.85, format!("fetching {}", percent(share)))
}

fn saver_idles(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let share = s.saver_shares.idle;
    reading(share.into(), 0.85, format!("idle {}", percent(share)))
}

fn is_on(s: &Snapshot, fault: Fault) -> bool {
    s.faults.get(fault).is_some()
}

pub(super) fn database_given_back(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let drained = s.saver.backlog_bytes * 4 < s.saver.limit_bytes;
    yes(!is_on(s, Fault::Saver) && drained, "yours to press, when you have seen enough")
}

fn more_workers(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let workers = s.dials.workers;
    reading(
        workers.into(),
        10.0,
        format!("{workers} workers, {}/s", units::rate(s.throughput.last_1s)),
    )
}

fn forty_permits(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let permits = s.dials.permits;
    reading(permits.into(), 40.0, format!("{permits} permits"))
}

fn latency_fourfold(s: &Snapshot, before: &SceneBaseline) -> StepReading {
    let times = s.latency.last_10s.p50 / before.p50_ms.max(1.0);
    let words = format!("{:.0} ms, {times:.1} times what it was", s.latency.last_10s.p50);
    reading(times, 3.2, words)
}

fn pages_stay(s: &Snapshot, before: &SceneBaseline) -> StepReading {
    let more = s.throughput.last_10s / before.pages_per_s.max(0.1);
    let words = format!("{}/s, {more:.1} times what it was", units::rate(s.throughput.last_10s));
    yes(s.dials.permits >= 40 && (0.7..1.4).contains(&more), &words)
}

fn is_busy(s: &Snapshot, before: &SceneBaseline) -> StepReading {
    yes(
        before.p50_ms > 0.0,
        &format!("{:.0} ms, {}/s", s.latency.last_10s.p50, units::rate(s.throughput.last_10s)),
    )
}

fn too_many_requests(s: &Snapshot, before: &SceneBaseline) -> StepReading {
    let n = s.totals.resent.saturating_sub(before.resent);
    yes(n > 0, &format!("{} put back", units::count(n)))
}

pub(super) fn cools_down(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let waits = s.hosts.iter().find_map(|host| {
        let cools = |why| matches!(why, WaitReason::RetryAfter | WaitReason::Backoff);
        host.wait.filter(|wait| cools(wait.why)).map(|wait| wait.for_s.unwrap_or(0.0))
    });
    let words =
        waits.map_or("no host cools down".to_owned(), |s| format!("{} more", units::countdown(s)));
    yes(waits.is_some(), &words)
}

fn goes_on(s: &Snapshot, before: &SceneBaseline) -> StepReading {
    yes(
        s.totals.resent > before.resent && s.throughput.last_1s > 1.0,
        &format!("{}/s", units::rate(s.throughput.last_1s)),
    )
}

fn retries(s: &Snapshot, before: &SceneBaseline) -> StepReading {
    let n = s.totals.retries.saturating_sub(before.retries);
    reading(n as f64, 3.0, units::counted(n, "retry", "retries"))
}

fn breaker(s: &Snapshot, state: BreakerState) -> StepReading {
    let n = s.hosts.iter().filter(|host| host.breaker == state).count();
    yes(n > 0, &format!("{} {}", units::counted(n as u64, "host", "hosts"), state.name()))
}

/// A probe may take less than a second, but what follows from it stays: the breaker closes, or opens again.
fn probe_goes_out(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let probed = |host: &&HostView| match host.breaker {
        BreakerState::Open => host.incidents > 1,
        BreakerState::HalfOpen => true,
        BreakerState::Closed => host.incidents > 0,
    };
    let n = s.hosts.iter().filter(probed).count();
    yes(n > 0, &format!("{} probed", units::counted(n as u64, "host", "hosts")))
}

fn breaker_closes(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let n = s.hosts.iter().filter(|h| h.incidents > 0 && h.breaker == BreakerState::Closed).count();
    yes(n > 0, &format!("{} back", units::counted(n as u64, "host", "hosts")))
}

fn limited_by_saver(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    yes(s.verdict.limit == Limit::Saver, "the verdict says so")
}

fn faults_away(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let gone =
        [Fault::Latency, Fault::ServerError, Fault::Saver].into_iter().filter(|f| !is_on(s, *f));
    let gone = gone.count();
    reading(gone as f64, 3.0, format!("{gone} of 3 taken away"))
}

fn verdict_moves(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let told = !matches!(s.verdict.limit, Limit::Unknown | Limit::Saver);
    yes(s.faults.is_none() && told, &verdict::words(s))
}

fn driving(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    let view = s.tuning.autopilot.as_ref();
    let words = view.map_or_else(|| "off".to_owned(), |view| view.state.to_string());
    yes(view.is_some_and(|view| view.driving), &words)
}

fn climbs(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    reading(s.dials.permits.into(), 24.0, format!("{} permits", s.dials.permits))
}

fn comes_down(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    yes(s.dials.permits <= 22, &format!("{} permits", s.dials.permits))
}

fn capacity(s: &Snapshot) -> f64 {
    s.faults.get(Fault::Capacity).unwrap_or(0.0)
}

fn halved(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    yes((capacity(s) - 16.0).abs() < 0.5, &format!("{} requests at once", capacity(s)))
}

fn returned(s: &Snapshot, _: &SceneBaseline) -> StepReading {
    yes((capacity(s) - 32.0).abs() < 0.5, &format!("{} requests at once", capacity(s)))
}

const SLOW_SERVER: [SceneStep; 4] = [
    step("every permit is taken", Stage::Gate, permits_taken),
    step("the queue fills", Stage::Queue, queue_fills),
    step("workers wait for the server", Stage::Workers, workers_wait_for_server),
    step("the saver has little to do", Stage::Saver, saver_idles),
];
const SLOW_DATABASE: [SceneStep; 5] = [
    step("the saver's buffer fills", Stage::Saver, buffer_fills),
    step("permits are taken back", Stage::Gate, permits_taken_back),
    step("the queue fills", Stage::Queue, queue_fills),
    step("the producer stops", Stage::Frontier, producer_stops),
    viewers("{faults} {faults-off} gives the database back: watch it drain", database_given_back),
];
const TOO_FEW_WORKERS: [SceneStep; 3] = [
    step("the queue fills", Stage::Queue, queue_fills),
    step("permits lie idle", Stage::Gate, permits_idle),
    viewers("{workers-up} adds workers, to ten: each one is more pages/s", more_workers),
];
const TOO_MANY_PERMITS: [SceneStep; 4] = [
    step("the server answers ten at once", Stage::Gate, is_busy),
    viewers("{permits-up} raises permits to 40, Alt + by ten", forty_permits),
    step("latency grows fourfold", Stage::Workers, latency_fourfold),
    step("pages/s stays", Stage::Saver, pages_stay),
];
const RATE_LIMITED_HOST: [SceneStep; 4] = [
    step("the host answers 429: put back", Stage::Workers, too_many_requests),
    step("the host cools down as long as it demands", Stage::Frontier, cools_down),
    step("permits lie idle meanwhile", Stage::Gate, permits_idle),
    step("it goes on by itself", Stage::Workers, goes_on),
];
const FLAKY_HOST: [SceneStep; 4] = [
    step("requests fail and are retried", Stage::Workers, retries),
    step("the breaker opens", Stage::Frontier, |s, _| breaker(s, BreakerState::Open)),
    step("a probe goes out", Stage::Gate, probe_goes_out),
    step("the probe succeeds: it closes", Stage::Frontier, breaker_closes),
];
const RECOVERY: [SceneStep; 3] = [
    step("the saver limits, as the slowest of three", Stage::Saver, limited_by_saver),
    viewers("{faults} and {faults-off} take the three faults away", faults_away),
    step("the verdict moves on", Stage::Gate, verdict_moves),
];
const AUTOPILOT: [SceneStep; 3] = [
    step("the autopilot has the dials", Stage::Gate, driving),
    step("it climbs while more permits bring more", Stage::Gate, climbs),
    step("permits come near 32, the knee", Stage::Gate, |s, _| {
        yes((24..=44).contains(&s.dials.permits), &format!("{} permits", s.dials.permits))
    }),
];
const MOVING_TARGET: [SceneStep; 5] = [
    step("the autopilot climbs to the knee", Stage::Gate, climbs),
    step("after a minute the capacity halves", Stage::Workers, halved),
    step("the autopilot comes down", Stage::Gate, comes_down),
    step("after another it returns", Stage::Workers, returned),
    step("the autopilot climbs again", Stage::Gate, climbs),
];

/// The steps of a scene, in the order in which they happen.
#[must_use]
pub const fn steps(scene: Scene) -> &'static [SceneStep] {
    match scene {
        Scene::SlowServer => &SLOW_SERVER,
        Scene::SlowDatabase => &SLOW_DATABASE,
        Scene::TooFewWorkers => &TOO_FEW_WORKERS,
        Scene::TooManyPermits => &TOO_MANY_PERMITS,
        Scene::RateLimitedHost => &RATE_LIMITED_HOST,
        Scene::FlakyHost => &FLAKY_HOST,
        Scene::Recovery => &RECOVERY,
        Scene::Autopilot => &AUTOPILOT,
        Scene::MovingTarget => &MOVING_TARGET,
    }
}

/// One sentence on what to watch while it happens.
#[must_use]
pub const fn look(scene: Scene) -> &'static str {
    match scene {
        Scene::SlowServer => "everything before the gate is dense, everything behind it sparse",
        Scene::SlowDatabase => {
            "the jam walks upstream, from the saver to the frontier; nothing is lost, everyone waits"
        }
        Scene::TooFewWorkers => {
            "the queue is dense, the gate has room: the workers between them limit"
        }
        Scene::TooManyPermits => "more permits than the server answers at once only wait there",
        Scene::RateLimitedHost => "no permit is held while a host cools down",
        Scene::FlakyHost => "a host that is down costs one request at a time",
        Scene::Recovery => "each fault that goes shows the next limit",
        Scene::Autopilot => "each probe is measured before the next one",
        Scene::MovingTarget => "it notices by latency first, then by pages per second",
    }
}
