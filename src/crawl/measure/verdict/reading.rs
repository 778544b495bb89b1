//! The last seconds of a crawl, as the judgement reads them.

use std::collections::VecDeque;

use crate::crawl::protocol::snapshot::{HostView, RunState, Snapshot, WaitReason, WorkerState};
use crate::settings::dials::Dials;

/// Seconds that a judgement is the mean of.
const SECONDS: usize = 5;
/// A request hangs when it waits for so long, in ms,
const HANGS_MS: f64 = 3_000.0;
/// and for so many times the median latency.
const HANGS_TIMES: f64 = 5.0;

/// The numbers of one second, or the mean of several. Shares are fractions of 1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// Of the workers' time: without a URL.
    pub idle: f64,
    /// Waiting for a permit.
    pub permit: f64,
    /// Waiting for the rate.
    pub rate: f64,
    /// Connecting, waiting for the first byte, reading the body.
    pub fetch: f64,
    /// Reading the body.
    pub body: f64,
    /// Parsing.
    pub parse: f64,
    /// Waiting for rows of the database.
    pub database: f64,
    /// Waiting for room in the saver's buffer.
    pub blocked: f64,
    /// Of the producer's time: nothing may be requested yet.
    pub throttled: f64,
    /// The queue is full.
    pub queue_full: f64,
    /// Of the saver's time: in a transaction.
    pub saving: f64,
    /// Of the processor: used by this process.
    pub own_cpu: f64,
    /// Likewise, with what this process would have used more if it had been given to it.
    pub wanted_cpu: f64,
    /// Permits in use.
    pub in_use: f64,
    /// Workers that wait for a permit.
    pub waiting: f64,
    /// Bodies that wait for a parse thread.
    pub unparsed: f64,
    /// URLs in the queue.
    pub queued: f64,
    /// Of the hosts with URLs: those whose limit was lowered because they refuse more.
    pub refusing: f64,
    /// Of the requests in flight: without an answer for much longer than others take.
    pub hanging: f64,
}

impl Reading {
    fn of(s: &Snapshot) -> Self {
        let (w, p) = (&s.worker_shares, &s.process);
        let of_cores = |percent: f32| f64::from(percent) / 100.0 / f64::from(p.cores.max(1));
        Self {
            idle: w.idle.into(),
            permit: w.permit.into(),
            rate: w.rate.into(),
            fetch: w.fetch().into(),
            body: w.body.into(),
            parse: w.parse.into(),
            database: w.database.into(),
            blocked: w.blocked.into(),
            throttled: s.producer.throttled.into(),
            queue_full: s.producer.blocked.into(),
            saving: s.saver_shares.busy.into(),
            own_cpu: of_cores(p.cpu_percent),
            wanted_cpu: of_cores(p.cpu_percent + p.cpu_wait_percent),
            in_use: s.gate.in_use.into(),
            waiting: s.gate.waiting.into(),
            unparsed: s.parse_pool.waiting.into(),
            queued: s.queue.len.into(),
            refusing: refusing(s),
            hanging: hanging(s),
        }
    }

    fn fields(&mut self) -> [&mut f64; 19] {
        [
            &mut self.idle,
            &mut self.permit,
            &mut self.rate,
            &mut self.fetch,
            &mut self.body,
            &mut self.parse,
            &mut self.database,
            &mut self.blocked,
            &mut self.throttled,
            &mut self.queue_full,
            &mut self.saving,
            &mut self.own_cpu,
            &mut self.wanted_cpu,
            &mut self.in_use,
            &mut self.waiting,
            &mut self.unparsed,
            &mut self.queued,
            &mut self.refusing,
            &mut self.hanging,
        ]
    }
}

/// The most that can be in flight.
pub(super) fn most_in_flight(s: &Snapshot) -> u32 {
    s.gate.limit.min(s.dials.workers)
}

/// How long a request may wait before it hangs, in ms.
pub(super) fn hangs_after_ms(s: &Snapshot) -> f64 {
    HANGS_MS.max(HANGS_TIMES * s.latency.last_10s.p50)
}

/// Of the requests in flight, the share that hangs.
fn hanging(s: &Snapshot) -> f64 {
    let fetching = [WorkerState::Connect, WorkerState::FirstByte, WorkerState::Body];
    let after_ms = hangs_after_ms(s);
    let hang = s
        .workers
        .iter()
        .filter(|worker| fetching.contains(&worker.state) && worker.for_ms as f64 >= after_ms);
    hang.count() as f64 / f64::from(s.gate.in_use.max(1))
}

/// Whether a host refuses more than so many requests at once, and is not left alone for another reason.
pub(super) fn refuses(host: &HostView) -> bool {
    let cools_down = host.wait.is_some_and(|wait| {
        use WaitReason as W;
        matches!(wait.why, W::Breaker | W::Probe | W::RetryAfter | W::Backoff)
    });
    host.refused_at.is_some() && host.lowered_limit.is_some() && !cools_down
}

/// Of the hosts with URLs, the share that refuses more than so many requests at once.
fn refusing(s: &Snapshot) -> f64 {
    let waiting = || s.hosts.iter().filter(|host| host.queued > 0);
    waiting().filter(|host| refuses(host)).count() as f64 / waiting().count().max(1) as f64
}

/// The last seconds since anything was changed by command.
#[derive(Debug, Default)]
pub(super) struct RecentSeconds {
    seconds: VecDeque<Reading>,
    /// End of the last second read.
    last_s: f64,
    /// Seconds read since the last change.
    since_change: usize,
    /// Whether there was a change at all.
    changed: bool,
    /// The newest entry of the journal, and the dials.
    before: (u64, Dials),
}

impl RecentSeconds {
    /// Reads a snapshot; whether it ends a second that is to be judged.
    pub(super) fn note(&mut self, s: &Snapshot) -> bool {
        let now = (s.changes.first().map_or(0, |change| change.seq), s.dials);
        let moves = matches!(s.run, RunState::Starting | RunState::Running);
        let is_first = self.seconds.is_empty() && !self.changed;
        if !moves || self.before != now && !is_first {
            // What is measured in this second is of before and after.
            self.seconds.clear();
            (self.since_change, self.changed) = (0, true);
        }
        self.before = now;
        let end_s = s.history.last().map_or(0.0, |point| point.at_s);
        if !moves || end_s <= self.last_s {
            return false;
        }
        self.last_s = end_s;
        self.since_change += 1;
        if self.changed && self.since_change == 1 {
            return false;
        }
        self.seconds.push_back(Reading::of(s));
        if self.seconds.len() > SECONDS {
            self.seconds.pop_front();
        }
        true
    }

    /// How many seconds there are to judge.
    pub(super) fn len(&self) -> usize {
        self.seconds.len()
    }

    /// Whether something was changed not long ago.
    pub(super) fn is_fresh(&self) -> bool {
        self.changed && self.since_change <= 2 * SECONDS
    }

    /// The mean of the last `count` seconds.
    pub(super) fn mean(&self, count: usize) -> Reading {
        let mut mean = Reading::default();
        let last = self.seconds.iter().rev().take(count);
        let n = last.len().max(1) as f64;
        for second in last {
            let mut second = *second;
            for (sum, one) in mean.fields().into_iter().zip(second.fields()) {
                *sum += *one / n;
            }
        }
        mean
    }
}
