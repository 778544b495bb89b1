//! What was measured in about ten seconds of a run: a row of `timeline`.

/// A row of `timeline`: what was measured under one setting.
///
/// `None` where nothing was answered, where there is no limit, or where one second cannot tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimelineRow {
    /// Its number in the crawl, from 1; counts up through all runs.
    pub seq: u64,
    /// Number of the run: 1 for the first, one more for each time the crawl was resumed.
    pub run: u32,
    /// End of the span: ms since 1970, UTC.
    pub at_ms: i64,
    /// Time covered in ms, pauses left out.
    pub span_ms: u64,
    /// Number of the conditions: counts up in a run when a fault, a scene or a host's limit changes.
    pub conditions: u32,
    /// Maximum requests in flight.
    pub permits: u32,
    /// Workers.
    pub workers: u32,
    /// Length of the bounded queue.
    pub queue: u32,
    /// Rate limit in requests per second.
    pub rate: Option<f64>,
    /// Pages finished after at least one request.
    pub pages: u64,
    /// Standard deviation of the pages from second to second. `None` where two seconds were not covered, and
    /// while requests that were sent before a change were still answered: such a row says nothing certain of
    /// its setting.
    pub pages_sd: Option<f64>,
    /// Bytes of their bodies after decoding.
    pub bytes: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Of the requests, those that failed on the side of the server: 5xx, timed out, broken.
    pub errors: u64,
    /// Of the requests, those answered 429.
    pub refused: u64,
    /// Median latency in ms.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the latency in ms.
    pub p95_ms: Option<f64>,
    /// Mean latency in ms.
    pub mean_ms: Option<f64>,
    /// Requests in flight, mean.
    pub in_flight: f64,
    /// URLs in the queue, mean.
    pub queued: f64,
    /// Most bytes that waited for the saver.
    pub saver_backlog: u64,
    /// Delay of the event loop in ms, mean.
    pub loop_delay_ms: f64,
    /// CPU of the process in per cent of one core, mean.
    pub cpu_percent: f64,
    /// Most bytes of resident memory.
    pub memory: u64,
}

impl TimelineRow {
    /// Time covered in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.span_ms as f64 / 1000.0
    }

    /// Whether it says something certain of its setting: see [`Self::pages_sd`].
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.pages_sd.is_some()
    }

    /// Whether both were measured in the same run, under the same conditions and the same setting, and both
    /// or none of them while requests from before were still answered.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        let setting = |row: &Self| {
            (row.run, row.conditions, row.permits, row.workers, row.queue, row.is_settled())
        };
        setting(self) == setting(other) && self.rate == other.rate
    }

    /// Adds the row that follows it. Counts, means and the standard deviation are those of both spans;
    /// percentiles are means weighted by requests, for what they were taken from is not kept.
    pub fn add(&mut self, later: &Self) {
        let seconds = (self.seconds(), later.seconds());
        let requests = (self.requests as f64, later.requests as f64);
        self.pages_sd = self.sd_with(later);
        for (mine, other) in [
            (&mut self.in_flight, later.in_flight),
            (&mut self.queued, later.queued),
            (&mut self.loop_delay_ms, later.loop_delay_ms),
            (&mut self.cpu_percent, later.cpu_percent),
        ] {
            *mine = weighted((*mine, other), seconds);
        }
        for (mine, other) in [
            (&mut self.p50_ms, later.p50_ms),
            (&mut self.p95_ms, later.p95_ms),
            (&mut self.mean_ms, later.mean_ms),
        ] {
            *mine = match (*mine, other) {
                (Some(a), Some(b)) => Some(weighted((a, b), requests)),
                (a, b) => a.or(b),
            };
        }
        for (mine, other) in [
            (&mut self.span_ms, later.span_ms),
            (&mut self.pages, later.pages),
            (&mut self.bytes, later.bytes),
            (&mut self.requests, later.requests),
            (&mut self.retries, later.retries),
            (&mut self.errors, later.errors),
            (&mut self.refused, later.refused),
        ] {
            *mine += other;
        }
        self.at_ms = later.at_ms;
        self.saver_backlog = self.saver_backlog.max(later.saver_backlog);
        self.memory = self.memory.max(later.memory);
    }

    /// The standard deviation over both spans: that within each, and what their means differ by.
    fn sd_with(&self, later: &Self) -> Option<f64> {
        let (n, m) = (self.seconds(), later.seconds());
        if n + m < 2.0 {
            return None;
        }
        let of = |row: &Self| row.pages as f64 / row.seconds().max(0.001);
        let mean = (self.pages + later.pages) as f64 / (n + m);
        let squares = |row: &Self, n: f64| {
            let within = row.pages_sd.map_or(0.0, |sd| sd * sd * (n - 1.0).max(0.0));
            within + n * (of(row) - mean).powi(2)
        };
        Some(((squares(self, n) + squares(later, m)) / (n + m - 1.0)).sqrt())
    }
}

/// The mean of two values with their weights; the first where neither has any.
fn weighted(values: (f64, f64), weights: (f64, f64)) -> f64 {
    let sum = weights.0 + weights.1;
    if sum > 0.0 { (values.0 * weights.0 + values.1 * weights.1) / sum } else { values.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    /// A row of seconds in each of which as many pages ended.
    fn of(pages: &[u64]) -> TimelineRow {
        let (n, sum) = (pages.len() as f64, pages.iter().sum::<u64>());
        let mean = sum as f64 / n;
        let squares: f64 = pages.iter().map(|p| (*p as f64 - mean).powi(2)).sum();
        TimelineRow {
            span_ms: 1000 * pages.len() as u64,
            pages: sum,
            pages_sd: (pages.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
            ..TimelineRow::default()
        }
    }

    #[test]
    fn rows_added_are_the_row_of_all_their_seconds() {
        let whole = [3, 9, 4, 4, 12, 0, 7];
        for cut in 1..whole.len() {
            let mut row = of(&whole[..cut]);
            row.add(&of(&whole[cut..]));
            let all = of(&whole);
            assert_eq!((row.span_ms, row.pages), (all.span_ms, all.pages));
            assert!((row.pages_sd.unwrap() - all.pages_sd.unwrap()).abs() < 1e-9, "{cut}");
        }
    }

    #[test]
    fn means_are_weighted_and_what_was_most_stays() {
        let mut row = TimelineRow {
            span_ms: 9000,
            requests: 10,
            mean_ms: Some(100.0),
            in_flight: 4.0,
            memory: 7,
            ..TimelineRow::default()
        };
        row.add(&TimelineRow {
            at_ms: 5,
            span_ms: 1000,
            requests: 30,
            p95_ms: Some(300.0),
            mean_ms: Some(200.0),
            in_flight: 14.0,
            memory: 6,
            ..TimelineRow::default()
        });
        assert_eq!((row.at_ms, row.span_ms, row.requests, row.memory), (5, 10_000, 40, 7));
        assert_eq!((row.mean_ms, row.p95_ms, row.p50_ms), (Some(175.0), Some(300.0), None));
        assert!((row.in_flight - 5.0).abs() < 1e-9);
    }

    #[test]
    fn rows_of_two_settings_are_not_alike() {
        let row = of(&[1, 1]);
        assert!(row.is_alike(&of(&[5, 5, 5])));
        for other in [
            TimelineRow { run: 1, ..row.clone() },
            TimelineRow { conditions: 1, ..row.clone() },
            TimelineRow { permits: 1, ..row.clone() },
            TimelineRow { workers: 1, ..row.clone() },
            TimelineRow { queue: 1, ..row.clone() },
            TimelineRow { rate: Some(1.0), ..row.clone() },
            TimelineRow { pages_sd: None, ..row.clone() },
        ] {
            assert!(!row.is_alike(&other), "{other:?}");
        }
    }
}
