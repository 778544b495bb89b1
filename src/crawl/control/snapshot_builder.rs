//! The snapshot builder: reads every gauge of the pipeline and makes the next snapshot of them.
//!
//! It changes nothing; the control task alone calls it, so there is one writer of snapshots.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::crawl::control::exclusion_task::ExclusionTasks;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::frontier::{Frontier, ReadingsCursor, ReadingsRequest};
use crate::crawl::measure::flow_meter::FlowMeter;
use crate::crawl::measure::loop_delay::LoopDelayMeter;
use crate::crawl::measure::meter::{LatencyHistogram, Meter, SecondLevels};
use crate::crawl::measure::process::ProcessMeter;
use crate::crawl::measure::stage_clock::Shares;
use crate::crawl::measure::verdict::VerdictJudge;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::storage::Storage;
use crate::crawl::protocol::change::Change;
use crate::crawl::protocol::history::ResourceLevels;
use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::{
    Eta, GateView, HOSTS_SHOWN, Overload, ParsePoolView, PauseReason, ProducerShares, RunState,
    SaverShares, SaverView, Snapshot, Totals, TrapView, WORKER_STATES, WorkerShares,
};
use crate::crawl::protocol::tuning::{AutopilotView, TuningView};
use crate::semaphore::SemaphoreView;
use crate::settings::dials::Dials;
use crate::settings::faults::Faults;
use crate::settings::slow_motion::SlowMotion;
use crate::web::traps;

/// What only the control task knows.
#[derive(Debug)]
pub struct State {
    /// Where the crawl is in its life.
    pub run: RunState,
    /// Why no new requests start.
    pub pause_reasons: Vec<PauseReason>,
    /// Local resources under pressure.
    pub overloads: Vec<Overload>,
    /// Seconds of this run not paused.
    pub active_s: f64,
    /// The dials in force.
    pub dials: Dials,
    /// The faults in force.
    pub faults: Faults,
    /// The scene that is on.
    pub scene: Option<Scene>,
    /// Slow motion.
    pub slow: Option<SlowMotion>,
    /// Why the last command was refused.
    pub notice: Option<Arc<str>>,
    /// The autopilot.
    pub autopilot: Option<AutopilotView>,
}

/// Gauges read over time, and the last snapshot.
#[derive(Debug)]
pub struct SnapshotBuilder {
    first_pages: u64,
    last: Snapshot,
    cursor: ReadingsCursor,
    last_hosts: usize,
    meter: Meter,
    rows: Meter,
    flow: FlowMeter,
    loop_delay: LoopDelayMeter,
    process: ProcessMeter,
    producer: Shares<5>,
    workers: Shares<WORKER_STATES>,
    saver: Shares<2>,
    judge: VerdictJudge,
}

impl SnapshotBuilder {
    /// A builder whose snapshots continue from `first`.
    #[must_use]
    pub fn new(first: Snapshot) -> Self {
        Self {
            first_pages: first.totals.fetched(),
            meter: Meter::new(&first.totals),
            flow: FlowMeter::default(),
            rows: Meter::new(&Totals::default()),
            last: first,
            cursor: ReadingsCursor::default(),
            last_hosts: 0,
            loop_delay: LoopDelayMeter::default(),
            process: ProcessMeter::default(),
            producer: Shares::default(),
            workers: Shares::default(),
            saver: Shares::default(),
            judge: VerdictJudge::default(),
        }
    }

    /// The last snapshot.
    #[must_use]
    pub const fn last(&self) -> &Snapshot {
        &self.last
    }

    /// The worst delay of the event loop between the last two snapshots.
    #[must_use]
    pub const fn last_loop_delay(&self) -> Duration {
        self.loop_delay.last()
    }

    /// The last full second: when it ended, in seconds since the start of this run, and its latencies in µs.
    #[must_use]
    pub fn last_second(&self) -> Option<(f64, &LatencyHistogram)> {
        self.meter.last_second()
    }

    /// What the next snapshot says of settings.
    pub const fn tuning(&mut self) -> &mut TuningView {
        &mut self.last.tuning
    }

    /// Whether nothing was in flight or unsaved in the last snapshot.
    #[must_use]
    pub const fn is_still(&self) -> bool {
        self.last.gate.in_use == 0 && self.last.saver.backlog_pages == 0
    }

    /// Takes over the journal.
    pub fn note_changes(&mut self, changes: Arc<[Change]>) {
        self.last.changes = changes;
    }

    /// Measures what is otherwise measured once a second: the last one need not be full.
    pub fn end(&mut self, frontier: &Frontier, at_s: f64) {
        self.process.read();
        let (pages, open) = (frontier.totals().fetched(), frontier.view().open);
        self.meter.end(at_s, pages, open, frontier.latency_of_run());
    }

    /// Makes the next snapshot; `tick` tells that a tenth of a second has passed.
    pub fn build(
        &mut self,
        context: &CrawlContext,
        exclusions: &ExclusionTasks,
        at_s: f64,
        state: State,
        tick: bool,
    ) -> Arc<Snapshot> {
        let begin = Instant::now();
        let s = &mut self.last;
        s.seq += 1;
        s.at_s = at_s;
        s.active_s = state.active_s;
        s.run = state.run;
        s.pause_reasons = state.pause_reasons;
        s.overloads = state.overloads;
        s.dials = state.dials;
        s.faults = state.faults;
        s.scene = state.scene;
        s.slow = state.slow;
        s.notice = state.notice;
        s.tuning.autopilot = state.autopilot;
        self.read_counts(context, tick);
        let (flow, storage) = (&context.flow, &context.storage);
        self.read_shares(flow, storage, tick);
        let s = &mut self.last;
        s.exclusions = exclusions.view();
        s.workers = flow.workers.view();
        s.saver = saver_view(storage, s.saver);
        s.saver.rows_per_s = self.rows.throughput(at_s, 0).last_1s;
        let ended_by = storage.saver.fatal_error.get().filter(|_| s.ended_by.is_none());
        s.ended_by = ended_by.map(|why| why.as_str().into()).or(s.ended_by.take());
        s.database_outage = storage.outage(&context.signals);
        let parse = flow.parse_gate.view();
        s.parse_pool =
            ParsePoolView { threads: parse.limit, busy: parse.in_use, waiting: parse.waiting };
        s.eta = eta(s);
        s.verdict = self.judge.judge(s);
        let snapshot = Arc::new(s.clone());
        s.made_in_us = begin.elapsed().as_micros() as u64;
        snapshot
    }

    /// Counts, levels, rates, latencies, history.
    fn read_counts(&mut self, context: &CrawlContext, tick: bool) {
        let s = &mut self.last;
        let second_over = self.meter.second_is_over(s.at_s);
        // Among many hosts choosing those to show takes a while.
        let hosts_due = self.last_hosts < HOSTS_SHOWN || second_over;
        let wanted = ReadingsRequest {
            hosts: hosts_due.then_some(HOSTS_SHOWN),
            traps: second_over || s.run.is_final(),
            latencies: second_over,
        };
        let now = tokio::time::Instant::now();
        let readings = context.frontier.readings(wanted, &mut self.cursor, now);
        s.hosts_known = readings.hosts_known;
        s.sitemaps = readings.sitemaps;
        s.totals = readings.totals;
        s.frontier = readings.frontier;
        (s.saver.backlog_pages, s.saver.pages) = (readings.unsaved, readings.saved);
        if let Some(hosts) = readings.hosts {
            s.hosts = hosts.into();
        }
        if let Some(traps) = readings.traps {
            s.traps = traps.into_iter().map(trap_view).collect();
        }
        if let Some(pages) = readings.recent {
            s.recent = pages;
        }
        if let Some(failures) = readings.failures {
            s.failures = failures;
        }
        self.last_hosts = s.hosts_known as usize;
        s.queue = context.flow.queue.view();
        s.gate = gate_view(&context.flow);
        let (queued, taken) = context.flow.queue.passed();
        let finished = s.totals.fetched() - self.first_pages;
        let passed = [queued, taken, context.flow.requests.begun(), finished, s.saver.pages];
        s.flow = self.flow.read(s.at_s, passed, tick);
        if tick {
            self.meter.read(s.at_s, s.totals.fetched(), s.frontier.open);
            self.rows.read(s.at_s, context.storage.saver.rows.load(Relaxed), 0);
        }
        if let Some(second) = readings.latencies {
            self.process.read();
            s.process = self.process.last();
            self.meter.roll(s.at_s, &s.totals, second_levels(s), second);
            s.history = self.meter.history();
            s.run_history = self.meter.run_history();
            s.start_levels = context.flow.start_levels.view();
        }
        s.process = self.process.last();
        s.loop_delay = self.loop_delay.read(&context.loop_delay, second_over);
        s.throughput = self.meter.throughput(s.active_s, self.first_pages);
        s.latency = self.meter.latency();
        s.frontier.growth_per_s = self.meter.growth();
    }

    /// Where the time of producer, workers and saver went.
    fn read_shares(&mut self, flow: &Flow, storage: &Storage, tick: bool) {
        let s = &mut self.last;
        let mut sum = [0; WORKER_STATES];
        flow.workers.add_times(&mut sum);
        let shares = self.workers.read(sum, tick);
        let [idle, permit, rate, connect, first_byte, body, parse, database, blocked, paused] =
            shares;
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
            paused,
        };
        let mut sum = [0; 5];
        flow.producer_clock.add_to(&mut sum);
        let [idle, throttled, busy, blocked, paused] = self.producer.read(sum, tick);
        s.producer = ProducerShares { idle, throttled, busy, blocked, paused };
        let mut sum = [0; 2];
        storage.saver_clock.add_to(&mut sum);
        let [idle, busy] = self.saver.read(sum, tick);
        s.saver_shares = SaverShares { idle, busy };
    }
}

/// Levels for the history. The saver's are those of the snapshot before.
fn second_levels(s: &Snapshot) -> SecondLevels {
    let resources = ResourceLevels {
        rows_per_s: s.saver.rows_per_s as f32,
        batch_pages: s.saver.last_batch_pages as f32,
        transaction_ms: s.saver.last_transaction_ms as f32,
        backlog_kib: (s.saver.backlog_bytes >> 10) as f32,
        cpu_percent: s.process.cpu_percent,
        rss_mib: (s.process.rss_bytes >> 10) as f32 / 1024.0,
        loop_late_ms: s.loop_delay.worst_10s_ms as f32,
    };
    SecondLevels { in_flight: s.gate.in_use, queued: s.queue.len, resources }
}

fn trap_view(trap: traps::TrapStatus) -> TrapView {
    TrapView {
        kind: trap.kind.word().into(),
        pattern: trap.pattern.into(),
        skipped: trap.count,
        example: trap.example.into(),
    }
}

/// The gate of permits.
fn gate_view(flow: &Flow) -> GateView {
    let SemaphoreView { limit, in_use, draining, waiting } = flow.gate.view();
    GateView { limit, in_use, draining, waiting }
}

/// What the saver reports; counts of pages stay as they are in `before`.
fn saver_view(storage: &Storage, before: SaverView) -> SaverView {
    let budget = storage.budget.view();
    let gauge = &storage.saver;
    SaverView {
        backlog_bytes: u64::from(budget.in_use) << 10,
        limit_bytes: u64::from(budget.limit) << 10,
        rows: gauge.rows.load(Relaxed),
        last_batch_pages: gauge.last_pages.load(Relaxed) as u32,
        last_transaction_ms: gauge.last_us.load(Relaxed) as f64 / 1000.0,
        worst_transaction_ms: gauge.worst_us.load(Relaxed) as f64 / 1000.0,
        ..before
    }
}

/// How long it may take. While URLs are found as fast as pages end, nobody can know: what is open
/// now takes at least so long. Once the frontier shrinks, it is over when it has shrunk to nothing.
fn eta(s: &Snapshot) -> Eta {
    if s.run.is_final() {
        return Eta::Done;
    }
    let rate = s.throughput.last_10s;
    if rate <= 0.0 || s.active_s < 2.0 || s.run == RunState::Paused {
        return Eta::Unknown;
    }
    let open = s.frontier.open as f64;
    let shrinks = -s.frontier.growth_per_s;
    // Slower than a tenth of the pages done, shrinking may be chance.
    if shrinks <= rate / 10.0 {
        Eta::AtLeast(open / rate)
    } else if shrinks < rate * 0.7 {
        Eta::Between(open / rate, open / shrinks)
    } else {
        Eta::About(open / shrinks)
    }
}
