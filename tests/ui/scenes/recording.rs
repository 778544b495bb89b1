//! A recording of the snapshots of a scene: the numbers that its steps measure, one line of JSON for each snapshot
//! (in older recordings for each quarter of a second), with what has changed since the line before.

use std::fmt::Write as _;

use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::{BreakerState, HostView, Snapshot, WaitReason};
use crawldeck::crawl::protocol::tuning::AutopilotView;
use crawldeck::crawl::protocol::verdict::Limit;
use crawldeck::settings::dials::Dials;
use crawldeck::settings::faults::Faults;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::fixtures;

/// Least seconds from one line to the next.
const EVERY_S: f64 = 0.05;
/// Hosts that are recorded.
const HOSTS: usize = 4;

fn short(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Of a host: its breaker, how often that opened, why the host waits and for how long.
type RecordedHost = (BreakerState, u32, Option<WaitReason>, Option<f64>);

fn whole(s: &Snapshot) -> Map<String, Value> {
    let hosts = s.hosts.iter().take(HOSTS).map(|host| {
        let wait = host.wait;
        json!([
            host.breaker,
            host.incidents,
            wait.map(|wait| wait.why),
            wait.and_then(|wait| wait.for_s).map(short)
        ])
    });
    let shares = [s.producer.blocked, s.worker_shares.fetch(), s.saver_shares.idle];
    let value = json!({
        "t": short(s.at_s),
        "scene": s.scene,
        "dials": s.dials,
        "gate": [s.gate.limit, s.gate.in_use],
        "queue": [s.queue.len, s.queue.capacity],
        "saver": [s.saver.backlog_bytes, s.saver.limit_bytes],
        "shares": shares.map(|share| short(share.into())),
        "faults": s.faults,
        "rate": [short(s.throughput.last_1s), short(s.throughput.last_10s)],
        "latency": [short(s.latency.last_10s.p50), s.latency.last_10s.count as f64],
        "put_back": [s.totals.retries, s.totals.resent],
        "hosts": hosts.collect::<Value>(),
        "limit": s.verdict.limit,
        "driving": s.tuning.autopilot.as_ref().is_some_and(|view| view.driving),
    });
    let Value::Object(map) = value else { unreachable!("it is an object") };
    map
}

/// A recording that is being made.
#[derive(Default)]
pub struct Recorder {
    before: Map<String, Value>,
    last_s: Option<f64>,
    pub lines: String,
}

impl Recorder {
    /// Adds a line, if one is due.
    pub fn add(&mut self, s: &Snapshot) {
        if self.last_s.is_none_or(|last_s| s.at_s - last_s >= EVERY_S) {
            self.add_now(s);
        }
    }

    fn add_now(&mut self, s: &Snapshot) {
        self.last_s = Some(s.at_s);
        let now = whole(s);
        let is_new = |(key, value): &(&String, &Value)| self.before.get(*key) != Some(*value);
        let changed: Map<_, _> =
            now.iter().filter(is_new).map(|(key, value)| (key.clone(), value.clone())).collect();
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

fn of<T: DeserializeOwned>(line: &Map<String, Value>, key: &str) -> T {
    serde_json::from_value(line[key].clone()).unwrap_or_else(|error| panic!("{key}: {error}"))
}

fn snapshot(line: &Map<String, Value>) -> Snapshot {
    let mut s = Snapshot { at_s: of(line, "t"), ..Snapshot::default() };
    s.active_s = s.at_s;
    s.scene = of::<Option<Scene>>(line, "scene");
    s.dials = of::<Dials>(line, "dials");
    (s.gate.limit, s.gate.in_use) = of(line, "gate");
    (s.queue.len, s.queue.capacity) = of(line, "queue");
    (s.saver.backlog_bytes, s.saver.limit_bytes) = of(line, "saver");
    (s.producer.blocked, s.worker_shares.first_byte, s.saver_shares.idle) = of(line, "shares");
    s.faults = of::<Faults>(line, "faults");
    (s.throughput.last_1s, s.throughput.last_10s) = of(line, "rate");
    let [p50, count]: [f64; 2] = of(line, "latency");
    (s.latency.last_10s.p50, s.latency.last_10s.count) = (p50, count as u64);
    (s.totals.retries, s.totals.resent) = of(line, "put_back");
    let hosts: Vec<RecordedHost> = of(line, "hosts");
    let hosts = hosts.into_iter().map(|(breaker, incidents, why, for_s)| {
        let host = why.map_or_else(
            || HostView { wait: None, ..fixtures::host("127.0.0.1") },
            |why| fixtures::waiting("127.0.0.1", why, for_s),
        );
        HostView { breaker, incidents, ..host }
    });
    s.hosts = hosts.collect();
    s.verdict.limit = of::<Limit>(line, "limit");
    let driving = of(line, "driving");
    let view = fixtures::tuned().tuning.autopilot;
    s.tuning.autopilot = view.map(|view| AutopilotView { driving, ..view });
    s
}
