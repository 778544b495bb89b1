//! Throughput, latency and history: bounded, whatever the crawl's size.

use std::collections::VecDeque;
use std::time::Duration;

use crate::crawl::protocol::history::{
    AnswerRates, HISTORY_POINTS, HistoryPoint, LatencyCounts, ResourceLevels, RunHistory,
    latency_class,
};
use crate::crawl::protocol::snapshot::{Latency, Percentiles, Throughput, Totals};
use crate::histogram::Histogram;

/// Longest latency recorded, in µs: ten minutes.
const MAX_MICROS: u64 = 600_000_000;
/// Readings kept for the rates, ten a second.
const READINGS: usize = 101;
/// Seconds of the sliding latency window.
const SECONDS: usize = 10;

/// Latencies in µs, within 1 %.
pub type LatencyHistogram = Histogram;

/// Percentiles in ms; all zero when nothing was recorded.
fn percentiles(histogram: &LatencyHistogram) -> Percentiles {
    let at = |share| histogram.quantile(share).unwrap_or(0) as f64 / 1000.0;
    Percentiles { p50: at(0.50), p95: at(0.95), p99: at(0.99), count: histogram.count() }
}

/// Latencies of the running second and of the run, in µs; recorded at the end of a request.
#[derive(Debug, Default)]
pub struct Latencies {
    second: LatencyHistogram,
    run: LatencyHistogram,
}

impl Latencies {
    /// Records one request, from its start to the end of its body.
    pub fn record(&mut self, latency: Duration) {
        let micros = (latency.as_micros() as u64).clamp(1, MAX_MICROS);
        self.second.record(micros);
        self.run.record(micros);
    }

    /// Ends the running second: its histogram, and the percentiles of the whole run.
    pub fn roll(&mut self) -> (LatencyHistogram, Percentiles) {
        (std::mem::take(&mut self.second), self.of_run())
    }

    /// Percentiles of the whole run so far.
    #[must_use]
    pub fn of_run(&self) -> Percentiles {
        percentiles(&self.run)
    }
}

/// Levels at the end of a second.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecondLevels {
    /// Permits in use.
    pub in_flight: u32,
    /// URLs in the queue.
    pub queued: u32,
    /// The saver and this process.
    pub resources: ResourceLevels,
}

/// Turns readings into rates, percentiles and points of history.
#[derive(Debug)]
pub struct Meter {
    readings: VecDeque<(f64, u64)>,
    opened: VecDeque<(f64, u64)>,
    seconds: VecDeque<LatencyHistogram>,
    history: VecDeque<HistoryPoint>,
    run_history: RunHistory,
    latency: Latency,
    totals_at_last_point: Totals,
    last_point_s: f64,
}

impl Meter {
    /// A meter for a run that begins with these totals.
    #[must_use]
    pub fn new(totals: &Totals) -> Self {
        Self {
            readings: VecDeque::from([(0.0, totals.fetched())]),
            opened: VecDeque::new(),
            seconds: VecDeque::new(),
            history: VecDeque::new(),
            run_history: RunHistory::default(),
            latency: Latency::default(),
            totals_at_last_point: *totals,
            last_point_s: 0.0,
        }
    }

    /// Takes a reading: pages finished and URLs open at `at_s` (ten times a second).
    pub fn read(&mut self, at_s: f64, pages: u64, open: u64) {
        for (ring, value) in [(&mut self.readings, pages), (&mut self.opened, open)] {
            ring.push_back((at_s, value));
            while ring.len() > READINGS {
                ring.pop_front();
            }
        }
    }

    fn slope(ring: &VecDeque<(f64, u64)>, seconds: f64) -> f64 {
        let Some(&(now, last)) = ring.back() else { return 0.0 };
        let Some(&(then, first)) = ring.iter().find(|(t, _)| *t >= now - seconds - 0.05) else {
            return 0.0;
        };
        if now - then < 0.05 { 0.0 } else { (last as f64 - first as f64) / (now - then) }
    }

    /// Pages per second; `run` over `active_s` seconds since `first` pages.
    #[must_use]
    pub fn throughput(&self, active_s: f64, first: u64) -> Throughput {
        let pages = self.readings.back().map_or(first, |r| r.1);
        Throughput {
            last_1s: Self::slope(&self.readings, 1.0),
            last_10s: Self::slope(&self.readings, 10.0),
            run: if active_s > 0.0 { (pages - first) as f64 / active_s } else { 0.0 },
        }
    }

    /// Change of open URLs per second over ten seconds.
    #[must_use]
    pub fn growth(&self) -> f64 {
        Self::slope(&self.opened, 10.0)
    }

    /// Whether a second has passed since the last point of history.
    #[must_use]
    pub fn second_is_over(&self, at_s: f64) -> bool {
        at_s - self.last_point_s >= 0.999
    }

    /// Ends a second of history.
    pub fn roll(
        &mut self,
        at_s: f64,
        totals: &Totals,
        levels: SecondLevels,
        (second, run): (LatencyHistogram, Percentiles),
    ) {
        let span = (at_s - self.last_point_s).max(0.001);
        let of_second = percentiles(&second);
        let before = self.totals_at_last_point;
        let point = HistoryPoint {
            at_s,
            pages_per_s: rate(totals.fetched(), before.fetched(), span),
            p50_ms: of_second.p50 as f32,
            p95_ms: of_second.p95 as f32,
            in_flight: levels.in_flight,
            queued: levels.queued,
            answers: answers(totals, &before, span),
            latencies: latencies(&second),
            resources: levels.resources,
        };
        self.history.push_back(point);
        self.run_history.push(&point);
        while self.history.len() > HISTORY_POINTS {
            self.history.pop_front();
        }
        self.totals_at_last_point = *totals;
        self.last_point_s = at_s;
        self.seconds.push_back(second);
        while self.seconds.len() > SECONDS {
            self.seconds.pop_front();
        }
        let mut sum = LatencyHistogram::default();
        for second in &self.seconds {
            sum.merge(second);
        }
        self.latency = Latency { last_10s: percentiles(&sum), run };
    }

    /// The last full second: when it ended, in seconds since the start of this run, and its latencies in µs.
    #[must_use]
    pub fn last_second(&self) -> Option<(f64, &LatencyHistogram)> {
        Some((self.last_point_s, self.seconds.back()?))
    }

    /// Takes the last reading of a run, which need not end with a full second.
    pub fn end(&mut self, at_s: f64, pages: u64, open: u64, run: Percentiles) {
        self.read(at_s, pages, open);
        self.latency.run = run;
    }

    /// Latency over both windows, as of the last full second.
    #[must_use]
    pub const fn latency(&self) -> Latency {
        self.latency
    }

    /// The history so far, oldest first.
    #[must_use]
    pub fn history(&self) -> std::sync::Arc<[HistoryPoint]> {
        self.history.iter().copied().collect()
    }

    /// The history of the whole run, oldest first.
    #[must_use]
    pub fn run_history(&self) -> std::sync::Arc<[HistoryPoint]> {
        self.run_history.points().collect()
    }
}

fn rate(now: u64, before: u64, span: f64) -> f32 {
    (now.saturating_sub(before) as f64 / span) as f32
}

/// Answers per second between two totals, `span` seconds apart.
fn answers(now: &Totals, before: &Totals, span: f64) -> AnswerRates {
    let class = |class: usize| rate(now.by_class[class], before.by_class[class], span);
    AnswerRates {
        ok: class(0) + class(1),
        moved: class(2),
        client: class(3),
        server: class(4),
        none: rate(now.no_answer, before.no_answer, span),
        retries: rate(now.retries, before.retries, span),
    }
}

fn latencies(second: &LatencyHistogram) -> LatencyCounts {
    let mut classes = LatencyCounts::default();
    for (micros, count) in second.values() {
        let class = &mut classes.0[latency_class(micros as f64 / 1000.0)];
        *class = class.saturating_add(u16::try_from(count).unwrap_or(u16::MAX));
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates_of_known_input() {
        let mut latencies = Latencies::default();
        for ms in 1..=100 {
            latencies.record(Duration::from_millis(ms));
        }
        let totals = |ok| Totals { ok, ..Totals::default() };
        let mut meter = Meter::new(&totals(5));
        for tenth in 1..=20 {
            meter.read(f64::from(tenth) / 10.0, 5 + 3 * tenth as u64, 1000 - 10 * tenth as u64);
        }
        meter.roll(
            2.0,
            &Totals { by_class: [0, 40, 8, 12, 0], ..totals(65) },
            SecondLevels { in_flight: 4, queued: 7, ..SecondLevels::default() },
            latencies.roll(),
        );
        let p = meter.latency().last_10s;
        assert!((p.p50 - 50.0).abs() < 1.0 && (p.p95 - 95.0).abs() < 1.0, "{p:?}");
        let t = meter.throughput(2.0, 5);
        assert!((t.last_1s - 30.0).abs() < 0.1 && (t.run - 30.0).abs() < 0.1, "{t:?}");
        assert!((meter.growth() + 100.0).abs() < 0.1);
        let point = meter.history()[0];
        assert_eq!((point.in_flight, point.pages_per_s), (4, 30.0));
        let answers = point.answers;
        assert_eq!(
            (answers.ok, answers.moved, answers.client, answers.none),
            (20.0, 4.0, 6.0, 0.0)
        );
        assert_eq!(point.latencies.0.iter().map(|n| u32::from(*n)).sum::<u32>(), 100);
        assert_eq!(point.latencies.0[latency_class(99.0)], 10, "91 to 100 ms: {point:?}");
        assert_eq!(meter.run_history()[0], point);
    }

    #[test]
    fn history_is_bounded_and_an_empty_second_has_no_latency() {
        let mut latencies = Latencies::default();
        let mut meter = Meter::new(&Totals::default());
        for s in 1..=(HISTORY_POINTS as u32 + 50) {
            meter.read(f64::from(s), 0, 0);
            meter.roll(f64::from(s), &Totals::default(), SecondLevels::default(), latencies.roll());
        }
        assert_eq!(meter.history().len(), HISTORY_POINTS);
        assert_eq!(meter.latency(), Latency::default());
    }
}
