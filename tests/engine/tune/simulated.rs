//! A crawl of a simulated server, in virtual time: what a sweep sees of it.

use std::sync::Arc;

use crawldeck::crawl::measure::meter::LatencyHistogram;
use crawldeck::crawl::protocol::command::Command;
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::crawl::tuning::curve::curve;
use crawldeck::crawl::tuning::measured_block::{MeasuredBlock, MeasuredSetting};
use crawldeck::crawl::tuning::measured_table::MeasuredTable;
use crawldeck::settings::dials::{Dials, Setting, workers_for};
use crawldeck::tune::end::SweepEnd;
use crawldeck::tune::result::TuneResult;
use crawldeck::tune::sweep::{FIRST_PERMITS, Sweep};

/// Time between two snapshots, and length of a measured block, in seconds.
const TICK_S: f64 = 0.1;
const BLOCK_TICKS: u32 = 10;

/// What a server gives to so many requests in flight.
#[derive(Clone, Copy, Default)]
pub struct Given {
    /// Answers per second, refused and failed ones included.
    pub per_s: f64,
    /// Mean latency in seconds.
    pub latency_s: f64,
    /// Shares of 429 and 5xx.
    pub refused: f64,
    pub failed: f64,
}

impl Given {
    /// So many good answers per second to `n` requests in flight.
    pub fn good(n: f64, per_s: f64) -> Self {
        Self { per_s, latency_s: n / per_s, ..Self::default() }
    }
}

pub struct SimulatedCrawl {
    /// What the server gives to so many in flight at most, where so many requests per second may start.
    server: fn(f64, Option<f64>) -> Given,
    /// URLs that are found per second, and those known at the beginning; `None` for enough.
    urls_per_s: Option<f64>,
    urls: f64,
    /// URLs in all.
    site: f64,
    rng: fastrand::Rng,
    table: MeasuredTable,
    block: MeasuredBlock,
    ticks: u32,
    /// Ticks until what was measured before the last change is over.
    settling: u32,
    /// Answers of the block, good ones and all, and both since the beginning.
    answers: (f64, f64),
    all: (f64, f64),
    s: Snapshot,
    pub most_permits: u32,
}

impl SimulatedCrawl {
    pub fn new(server: fn(f64, Option<f64>) -> Given, seed: u64) -> Self {
        let dials = Dials { permits: FIRST_PERMITS, workers: 16, queue: 100, ..Dials::default() };
        let mut s = Snapshot { run: RunState::Running, dials, ..Snapshot::default() };
        s.gate.limit = FIRST_PERMITS;
        Self {
            server,
            urls_per_s: None,
            urls: 1e9,
            site: 1e9,
            rng: fastrand::Rng::with_seed(seed),
            table: MeasuredTable::new(MeasuredSetting::from(&dials), Vec::new()),
            block: MeasuredBlock::default(),
            ticks: 0,
            settling: 0,
            answers: (0.0, 0.0),
            all: (0.0, 0.0),
            s,
            most_permits: 0,
        }
    }

    /// Of a site of so many URLs.
    pub fn of_urls(mut self, site: f64) -> Self {
        (self.site, self.urls) = (site, site);
        self
    }

    /// Of a frontier that gets so many URLs per second.
    pub fn with_frontier(mut self, per_s: f64) -> Self {
        (self.urls_per_s, self.urls) = (Some(per_s), 0.0);
        self
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.rng.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.rng.f64()).cos()
    }

    /// A count with this mean, whose noise is that of latencies with a coefficient of variation of 0.4.
    fn count(&mut self, mean: f64) -> f64 {
        (mean + 0.4 * mean.sqrt() * self.normal()).max(0.0)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Set(setting) => self.s.dials.set(setting),
            Command::NudgeBoth(by) => {
                let permits = (self.s.dials.permits as i32 + by) as u32;
                self.s.dials.set(Setting::Permits(permits));
                self.s.dials.set(Setting::Workers(workers_for(permits)));
            }
            other => panic!("{other:?}"),
        }
        self.s.gate.limit = self.s.dials.permits;
        self.table.begin_stay(MeasuredSetting::from(&self.s.dials));
        (self.block, self.ticks, self.answers) = (MeasuredBlock::default(), 0, (0.0, 0.0));
        let permits = f64::from(self.s.dials.permits);
        let latency = (self.server)(permits, self.s.dials.rate).latency_s;
        self.settling = (latency.clamp(0.2, 10.0) / TICK_S).ceil() as u32;
    }

    fn tick(&mut self) {
        self.s.active_s += TICK_S;
        let permits = f64::from(self.s.dials.permits);
        self.most_permits = self.most_permits.max(self.s.dials.permits);
        let mut given = (self.server)(permits, self.s.dials.rate);
        let mut in_flight = given.per_s * given.latency_s;
        if let Some(per_s) = self.urls_per_s {
            self.urls += per_s * TICK_S;
        }
        let few = self.urls < given.per_s * TICK_S;
        let starved = few && self.urls_per_s.is_some_and(|per_s| per_s < given.per_s);
        if starved {
            given.per_s = self.urls_per_s.unwrap_or(0.0);
            in_flight = given.per_s * given.latency_s;
        }
        let answered = self.count(given.per_s * TICK_S).min(self.urls.max(0.0));
        let good = answered * (1.0 - given.refused - given.failed);
        self.urls -= good;
        self.answers = (self.answers.0 + good, self.answers.1 + answered);
        self.all = (self.all.0 + good, self.all.1 + answered);
        self.snapshot(in_flight, starved);
        if self.settling > 0 {
            (self.settling, self.answers) = (self.settling - 1, (0.0, 0.0));
            return;
        }
        self.ticks += 1;
        if self.ticks == BLOCK_TICKS {
            self.end_block(given, in_flight);
        }
    }

    fn snapshot(&mut self, in_flight: f64, starved: bool) {
        let s = &mut self.s;
        s.totals.ok = self.all.0 as u64;
        s.totals.resent = (self.all.1 - self.all.0).max(0.0) as u64;
        s.throughput.last_10s = self.all.0 / s.active_s.max(0.1);
        s.frontier.pending = self.urls.max(0.0) as u64;
        s.frontier.open = s.frontier.pending;
        s.gate.in_use = (in_flight.round() as u32).min(s.dials.permits);
        s.queue.len = if starved { 0 } else { 10 };
        s.producer.idle = if starved { 1.0 } else { 0.0 };
        if self.all.0 >= self.site - 1.0 {
            s.run = RunState::Complete;
        }
    }

    fn end_block(&mut self, given: Given, in_flight: f64) {
        let (good, answered) = std::mem::take(&mut self.answers);
        let mut latencies = LatencyHistogram::default();
        for _ in 0..answered.round() as u64 {
            let spread = (0.4 * self.normal() - 0.08).exp();
            latencies.record((1e6 * given.latency_s * spread) as u64);
        }
        let block = MeasuredBlock {
            seconds: f64::from(BLOCK_TICKS) * TICK_S,
            pages: good.round() as u64,
            latencies,
            requests: answered.round() as u64,
            errors: (given.failed * answered).round() as u64,
            refused: (given.refused * answered).round() as u64,
            in_flight,
            ..MeasuredBlock::default()
        };
        self.ticks = 0;
        self.table.add(&block);
        self.s.tuning.rows = self.table.rows();
        self.s.tuning.curve = Arc::new(curve(&self.table.levels()));
    }

    /// Runs a sweep to its end; what came of it, why it ended, and what it told.
    pub fn sweep(&mut self, mut sweep: Sweep) -> (TuneResult, SweepEnd, Vec<String>) {
        let mut told = Vec::new();
        loop {
            self.tick();
            let step = sweep.see(&self.s);
            told.extend(step.told);
            step.commands.into_iter().for_each(|command| self.obey(command));
            if let Some(end) = sweep.ended() {
                return (TuneResult::of(&sweep), end, told);
            }
            assert!(self.s.active_s < 1000.0, "it does not end: {told:#?}");
        }
    }
}
