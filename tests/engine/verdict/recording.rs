//! A recording of the snapshots of a crawl: those numbers that the judgement reads, one line of JSON for each
//! second, with what has changed since the line before.

use std::fmt::Write as _;
use std::sync::Arc;

use crawldeck::crawl::protocol::change::Change;
use crawldeck::crawl::protocol::snapshot::{
    DatabaseOutage, GateView, HistoryPoint, HostView, Overload, PauseReason, ProducerShares,
    RunState, Snapshot, StartLevel, WaitReason, WorkerShares, WorkerState, WorkerView,
};
use crawldeck::settings::dials::Dials;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::fixtures;

/// States of workers that hold a request, as numbers in a recording.
const FETCHING: [WorkerState; 3] =
    [WorkerState::Connect, WorkerState::FirstByte, WorkerState::Body];
/// Waits shorter than this, in ms, are not recorded.
const LONG_MS: u64 = 2_000;

/// A number, rounded: a small one to a hundredth, others to a tenth.
fn short(value: f64) -> Value {
    let digits = if value.abs() < 10.0 { 100.0 } else { 10.0 };
    let number = (value * digits).round() / digits;
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

fn shorts(values: impl IntoIterator<Item = f64>) -> Value {
    values.into_iter().map(short).collect()
}

/// Of a host: URLs queued, its lowered limit, why it waits, and at how many requests it refused.
type RecordedHost = (u64, Option<u32>, Option<WaitReason>, Option<u32>);

/// What the judgement reads of a snapshot.
fn whole(s: &Snapshot) -> Map<String, Value> {
    let (workers, producer) = (&s.worker_shares, &s.producer);
    let (gate, process) = (&s.gate, &s.process);
    let shares = [
        workers.idle,
        workers.permit,
        workers.rate,
        workers.connect,
        workers.first_byte,
        workers.body,
        workers.parse,
        workers.blocked,
        workers.database,
    ];
    let producer = [producer.idle, producer.throttled, producer.busy, producer.blocked];
    let long = s.workers.iter().filter_map(|worker| {
        let state = FETCHING.iter().position(|state| *state == worker.state)?;
        (worker.for_ms >= LONG_MS).then(|| json!([state, worker.for_ms / 100]))
    });
    let hosts = s.hosts.iter().filter(|host| host.queued > 0).take(3);
    let hosts = hosts.map(|host| {
        json!([host.queued, host.lowered_limit, host.wait.map(|wait| wait.why), host.refused_at])
    });
    let point = s.history.last().copied().unwrap_or_default();
    let levels = s.start_levels.iter().map(|level| {
        json!([level.in_flight, level.requests, short(level.log_ms), short(level.log_ms_squared)])
    });
    let value = json!({
        "t": (s.at_s * 100.0).round() / 100.0,
        "run": s.run,
        "dials": s.dials,
        "gate": [gate.limit, gate.in_use, gate.draining, gate.waiting],
        "queue": s.queue.len,
        "open": [s.frontier.pending, s.frontier.retrying],
        "w": shorts(shares.map(f64::from)),
        "p": shorts(producer.map(f64::from)),
        "saving": short(f64::from(s.saver_shares.busy)),
        "parse": [s.parse_pool.threads, s.parse_pool.busy, s.parse_pool.waiting],
        "cpu": shorts([f64::from(process.cpu_percent), f64::from(process.cores), f64::from(process.cpu_wait_percent)]),
        "p50": short(s.latency.last_10s.p50),
        "second": shorts([point.at_s, point.pages_per_s.into(), point.p50_ms.into(), point.in_flight.into()]),
        "levels": levels.collect::<Value>(),
        "long": long.collect::<Value>(),
        "hosts": hosts.collect::<Value>(),
        "overloads": s.overloads,
        "pauses": s.pause_reasons,
        "outage": s.database_outage,
        "lab": s.site_takes_faults,
        "changes": s.changes.iter().take(3).collect::<Vec<_>>(),
    });
    let Value::Object(map) = value else { unreachable!("it is an object") };
    map
}

/// A recording that is being made.
#[derive(Default)]
pub struct Recorder {
    before: Map<String, Value>,
    pub lines: String,
}

impl Recorder {
    /// Adds a line.
    pub fn add(&mut self, s: &Snapshot) {
        let now = whole(s);
        let changed: Map<_, _> = now
            .iter()
            .filter(|(key, value)| self.before.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        writeln!(self.lines, "{}", Value::Object(changed)).unwrap();
        self.before = now;
    }
}

/// Reads the snapshots of a recording.
pub fn snapshots(recording: &str) -> Vec<Snapshot> {
    let mut now = Map::new();
    let read = |line: &str| {
        let Value::Object(changed) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        now.extend(changed);
        snapshot(&now)
    };
    recording.lines().map(read).collect()
}

fn snapshot(line: &Map<String, Value>) -> Snapshot {
    fn of<T: DeserializeOwned>(line: &Map<String, Value>, key: &str) -> T {
        serde_json::from_value(line[key].clone()).unwrap_or_else(|error| panic!("{key}: {error}"))
    }
    let at_s: f64 = of(line, "t");
    let w: Vec<f32> = of(line, "w");
    let p: [f32; 4] = of(line, "p");
    let [limit, in_use, draining, waiting]: [u32; 4] = of(line, "gate");
    let [cpu, cores, wait]: [f32; 3] = of(line, "cpu");
    let [end_s, pages_per_s, p50_ms, in_flight]: [f64; 4] = of(line, "second");
    let dials: Dials = of(line, "dials");
    let run: RunState = of(line, "run");
    let mut s = Snapshot { at_s, active_s: at_s, run, dials, ..Snapshot::default() };
    s.gate = GateView { limit, in_use, draining, waiting };
    (s.queue.len, s.queue.capacity) = (of(line, "queue"), dials.queue);
    (s.frontier.pending, s.frontier.retrying) = of(line, "open");
    let [idle, permit, rate, connect, first_byte, body, parse, blocked, database] = w[..] else {
        panic!("nine shares of the workers' time: {w:?}")
    };
    s.worker_shares = WorkerShares {
        idle,
        permit,
        rate,
        connect,
        first_byte,
        body,
        parse,
        database,
        blocked,
        paused: 0.0,
    };
    let [idle, throttled, busy, blocked] = p;
    s.producer = ProducerShares { idle, throttled, busy, blocked, paused: 0.0 };
    s.saver_shares.busy = of(line, "saving");
    (s.parse_pool.threads, s.parse_pool.busy, s.parse_pool.waiting) = of(line, "parse");
    (s.process.cpu_percent, s.process.cores, s.process.cpu_wait_percent) =
        (cpu, cores as u16, wait);
    s.latency.last_10s.p50 = of(line, "p50");
    s.history = [HistoryPoint {
        at_s: end_s,
        pages_per_s: pages_per_s as f32,
        p50_ms: p50_ms as f32,
        p95_ms: 0.0,
        in_flight: in_flight as u32,
        queued: s.queue.len,
        ..HistoryPoint::default()
    }]
    .into();
    let levels: Vec<(u32, u64, f64, f64)> = of(line, "levels");
    s.start_levels = levels
        .into_iter()
        .map(|(in_flight, requests, log_ms, log_ms_squared)| StartLevel {
            in_flight,
            requests,
            log_ms,
            log_ms_squared,
        })
        .collect();
    let long: Vec<(usize, u64)> = of(line, "long");
    s.workers = long
        .into_iter()
        .map(|(state, tenths)| WorkerView {
            id: 0,
            state: FETCHING[state],
            url: None,
            attempt: 1,
            for_ms: tenths * 100,
            leaving: false,
            pages: 0,
        })
        .collect();
    let hosts: Vec<RecordedHost> = of(line, "hosts");
    let hosts = hosts.into_iter().map(|(queued, lowered_limit, why, refused_at)| {
        let host = why.map_or_else(
            || fixtures::host("127.0.0.1"),
            |why| fixtures::waiting("127.0.0.1", why, None),
        );
        HostView { queued, lowered_limit, refused_at, ..host }
    });
    s.hosts = hosts.collect();
    s.overloads = of::<Vec<Overload>>(line, "overloads");
    s.pause_reasons = of::<Vec<PauseReason>>(line, "pauses");
    s.database_outage = of::<Option<DatabaseOutage>>(line, "outage");
    s.site_takes_faults = of(line, "lab");
    s.changes = Arc::from(of::<Vec<Change>>(line, "changes"));
    s
}
