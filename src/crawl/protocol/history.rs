//! What charts are drawn from: one point a second, and coarser ones of the whole run.

use serde::{Deserialize, Serialize};

/// Maximum points of history kept for charts, one a second.
pub const HISTORY_POINTS: usize = 900;
/// Maximum points kept of the whole run, each of the same whole number of seconds.
pub const RUN_POINTS: usize = 600;
/// Classes of latency, four an octave from 1 ms on; the last has all that is longer.
pub const LATENCY_CLASSES: usize = 64;
/// Classes an octave.
const PER_OCTAVE: f64 = 4.0;

/// Answers that ended pages, per second, by class of the final status.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerRates {
    /// 1xx and 2xx.
    pub ok: f32,
    /// 3xx.
    pub moved: f32,
    /// 4xx.
    pub client: f32,
    /// 5xx.
    pub server: f32,
    /// No answer at all.
    pub none: f32,
    /// Attempts after the first.
    pub retries: f32,
}

impl AnswerRates {
    fn values(&mut self) -> [&mut f32; 6] {
        let Self { ok, moved, client, server, none, retries } = self;
        [ok, moved, client, server, none, retries]
    }
}

/// Requests by class of latency, see [`latency_class`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u16>", into = "Vec<u16>")]
pub struct LatencyCounts(pub [u16; LATENCY_CLASSES]);

impl Default for LatencyCounts {
    fn default() -> Self {
        Self([0; LATENCY_CLASSES])
    }
}

impl From<Vec<u16>> for LatencyCounts {
    fn from(counts: Vec<u16>) -> Self {
        let mut all = Self::default();
        for (to, count) in all.0.iter_mut().zip(counts) {
            *to = count;
        }
        all
    }
}

impl From<LatencyCounts> for Vec<u16> {
    fn from(counts: LatencyCounts) -> Self {
        counts.0.to_vec()
    }
}

/// The saver and this process at the end of a second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceLevels {
    /// Rows written per second.
    pub rows_per_s: f32,
    /// Pages in the last transaction.
    pub batch_pages: f32,
    /// Length of the last transaction, in ms.
    pub transaction_ms: f32,
    /// KiB that wait for the saver.
    pub backlog_kib: f32,
    /// CPU, in percent of one core.
    pub cpu_percent: f32,
    /// Resident memory, in MiB.
    pub rss_mib: f32,
    /// The worst delay of the event loop in the last ten seconds, in ms.
    pub loop_late_ms: f32,
}

impl ResourceLevels {
    fn values(&mut self) -> [&mut f32; 7] {
        let Self {
            rows_per_s,
            batch_pages,
            transaction_ms,
            backlog_kib,
            cpu_percent,
            rss_mib,
            loop_late_ms,
        } = self;
        [rows_per_s, batch_pages, transaction_ms, backlog_kib, cpu_percent, rss_mib, loop_late_ms]
    }
}

/// One second of history, or several of the run's.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// Its end, in seconds since the start of this run.
    pub at_s: f64,
    /// Pages finished in it, per second.
    pub pages_per_s: f32,
    /// Median latency of requests that ended in it, in ms; 0 when none did.
    pub p50_ms: f32,
    /// 95th percentile, likewise.
    pub p95_ms: f32,
    /// Permits in use at its end.
    pub in_flight: u32,
    /// URLs in the queue at its end.
    pub queued: u32,
    /// Pages by class of answer.
    #[serde(default)]
    pub answers: AnswerRates,
    /// Requests by class of latency.
    #[serde(default)]
    pub latencies: LatencyCounts,
    /// The saver and this process.
    #[serde(default)]
    pub resources: ResourceLevels,
}

/// The class of a latency in ms.
#[must_use]
pub fn latency_class(ms: f64) -> usize {
    ((ms.max(1.0).log2() * PER_OCTAVE) as usize).min(LATENCY_CLASSES - 1)
}

/// The least latency of a class, in ms.
#[must_use]
pub fn latency_of_class(class: usize) -> f64 {
    2_f64.powf(class as f64 / PER_OCTAVE)
}

/// Points that are being put together to one of several seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Merged {
    sum: HistoryPoint,
    points: u32,
    measured: u32,
}

impl Merged {
    fn add(&mut self, point: &HistoryPoint) {
        let sum = &mut self.sum;
        self.points += 1;
        sum.at_s = point.at_s;
        sum.pages_per_s += point.pages_per_s;
        (sum.in_flight, sum.queued) = (point.in_flight, point.queued);
        let mut added = point.answers;
        for (sum, value) in sum.answers.values().into_iter().zip(added.values()) {
            *sum += *value;
        }
        for (sum, value) in sum.latencies.0.iter_mut().zip(point.latencies.0) {
            *sum = sum.saturating_add(value);
        }
        let mut levels = point.resources;
        for (sum, value) in sum.resources.values().into_iter().zip(levels.values()) {
            *sum += *value;
        }
        if point.p50_ms > 0.0 {
            self.measured += 1;
            sum.p50_ms += point.p50_ms;
            sum.p95_ms += point.p95_ms;
        }
    }

    /// Means of rates, percentiles and resources; permits and queue of the last point.
    fn point(&self) -> HistoryPoint {
        let mut mean = self.sum;
        let points = self.points.max(1) as f32;
        mean.pages_per_s /= points;
        for value in mean.answers.values().into_iter().chain(mean.resources.values()) {
            *value /= points;
        }
        let measured = self.measured.max(1) as f32;
        mean.p50_ms /= measured;
        mean.p95_ms /= measured;
        mean
    }
}

/// The history of the whole run in at most [`RUN_POINTS`]: when there are more, two become one.
#[derive(Debug, Default)]
pub struct RunHistory {
    points: Vec<HistoryPoint>,
    /// Seconds a point, as a power of two.
    doublings: u32,
    newest: Merged,
}

impl RunHistory {
    /// Takes a point of one second.
    pub fn push(&mut self, point: &HistoryPoint) {
        self.newest.add(point);
        if self.newest.points < 1 << self.doublings {
            return;
        }
        self.points.push(self.newest.point());
        self.newest = Merged::default();
        if self.points.len() < RUN_POINTS {
            return;
        }
        self.doublings += 1;
        self.points = self
            .points
            .chunks(2)
            .map(|two| {
                let mut merged = Merged::default();
                for point in two {
                    merged.add(point);
                }
                merged.point()
            })
            .collect();
    }

    /// The points, oldest first, the newest of fewer seconds.
    pub fn points(&self) -> impl Iterator<Item = HistoryPoint> {
        let newest = (self.newest.points > 0).then(|| self.newest.point());
        self.points.iter().copied().chain(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_latency_are_four_an_octave() {
        assert_eq!([0.2, 1.0, 1.5, 2.0, 1024.0, 1e9].map(latency_class), [0, 0, 2, 4, 40, 63]);
        for class in 0..LATENCY_CLASSES {
            assert_eq!(latency_class(latency_of_class(class) * 1.01), class);
        }
    }

    #[test]
    fn a_long_run_keeps_its_mean_in_few_points() {
        let mut history = RunHistory::default();
        let (mut sum, seconds) = (0.0_f64, 100_000_u32);
        for s in 1..=seconds {
            let pages = (s % 100) as f32;
            sum += f64::from(pages);
            history.push(&HistoryPoint {
                at_s: s.into(),
                pages_per_s: pages,
                answers: AnswerRates { ok: pages, ..AnswerRates::default() },
                p50_ms: if s % 2 == 0 { 10.0 } else { 0.0 },
                ..HistoryPoint::default()
            });
        }
        let points: Vec<_> = history.points().collect();
        assert!((RUN_POINTS / 2..=RUN_POINTS).contains(&points.len()), "{}", points.len());
        assert!((points[points.len() - 1].at_s - f64::from(seconds)).abs() < 0.1);
        let mut last = 0.0;
        let mut area = 0.0;
        for point in &points {
            area += f64::from(point.pages_per_s) * (point.at_s - last);
            last = point.at_s;
            assert!((point.p50_ms - 10.0).abs() < 0.01, "seconds without an answer count not");
            assert!((point.answers.ok - point.pages_per_s).abs() < 0.01);
        }
        assert!((area / sum - 1.0).abs() < 0.01, "{area} is not {sum}");
    }
}
