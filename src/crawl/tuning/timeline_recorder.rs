//! Rows of the timeline, made of what is read ten times a second.

use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::snapshot::Totals;
use crate::crawl::tuning::reading::TuningReading;
use crate::settings::dials::Dials;
use crate::store::TimelineRow;

/// A row is full after so many seconds.
const ROW_S: f64 = 10.0;
/// Seconds by which a row may miss that: ticks and seconds do not fit exactly.
const NEARLY_S: f64 = 0.05;
/// Pages are compared from one second to the next.
const SECOND_S: f64 = 1.0 - NEARLY_S;

/// Counters of the run so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RunCounters {
    /// Seconds since the start of the run.
    pub at_s: f64,
    /// The same moment in ms since 1970, UTC.
    pub at_ms: i64,
    /// Pages finished after at least one request.
    pub pages: u64,
    /// Bytes of all bodies, after decoding.
    pub bytes: u64,
}

impl RunCounters {
    /// Those of a moment: seconds since the start of the run, ms since 1970.
    #[must_use]
    pub fn of(totals: &Totals, at_s: f64, at_ms: i64) -> Self {
        Self { at_s, at_ms, pages: totals.fetched(), bytes: totals.bytes }
    }
}

/// What is read beside a tick.
#[derive(Debug, Clone, Copy, Default)]
pub struct TickLevels {
    /// Counters now.
    pub run: RunCounters,
    /// Dials in force.
    pub dials: Dials,
    /// Number of the conditions.
    pub conditions: u32,
    /// URLs in the queue.
    pub queued: u32,
    /// Bytes that wait for the saver.
    pub saver_backlog: u64,
    /// CPU of the process in per cent of one core.
    pub cpu_percent: f64,
    /// Bytes of resident memory.
    pub memory: u64,
    /// Whether all requests that are answered now were sent under the setting in force.
    pub settled: bool,
}

/// Makes rows of ticks. A row ends when it is full, when anything is turned, and when requests from before that
/// are answered.
#[derive(Debug)]
pub struct TimelineRecorder {
    /// The open row; its means are sums over seconds until it ends.
    row: TimelineRow,
    /// The setting under which it is measured, and the number of the conditions.
    setting: (Dials, u32),
    latencies: LatencyHistogram,
    /// When the open row began, and where the counters were.
    began: RunCounters,
    /// When the last tick was, and the integral of the requests in flight then.
    in_flight: (f64, f64),
    /// Seconds of the open row that its ticks covered.
    ticked_s: f64,
    settled: bool,
    /// Where the counters were when the running second began.
    second: RunCounters,
    /// Pages per second of the seconds of the row: how many, their sum, the sum of their squares.
    seconds: (u32, f64, f64),
}

impl TimelineRecorder {
    /// A recorder of the run that follows that of `last`, the newest row of earlier runs. `now` are the
    /// counters at its start, `dials` and `conditions` those that it begins with.
    #[must_use]
    pub fn new(
        last: Option<&TimelineRow>,
        now: RunCounters,
        dials: Dials,
        conditions: u32,
    ) -> Self {
        let row = TimelineRow {
            seq: last.map_or(1, |last| last.seq + 1),
            run: last.map_or(1, |last| last.run.saturating_add(1)),
            ..TimelineRow::default()
        };
        Self {
            row,
            setting: (dials, conditions),
            latencies: LatencyHistogram::default(),
            began: now,
            in_flight: (now.at_s, 0.0),
            ticked_s: 0.0,
            settled: false,
            second: now,
            seconds: (0, 0.0, 0.0),
        }
    }

    /// Adds a tick; the row, where one ended.
    pub fn tick(
        &mut self,
        reading: &TuningReading<'_>,
        levels: &TickLevels,
    ) -> Option<TimelineRow> {
        let turned = self.turn(levels.run, levels.dials, levels.conditions);
        let (at, in_flight) = self.in_flight;
        let seconds = (reading.at - at).max(0.0);
        let (row, finished) = (&mut self.row, reading.finished);
        row.requests += u64::from(finished.requests);
        row.retries += u64::from(finished.retries);
        row.errors += u64::from(finished.errors);
        row.refused += u64::from(finished.refusals);
        row.in_flight += reading.in_flight_seconds - in_flight;
        row.queued += f64::from(levels.queued) * seconds;
        row.loop_delay_ms += 1000.0 * reading.pressure.loop_delay * seconds;
        row.cpu_percent += levels.cpu_percent * seconds;
        row.saver_backlog = row.saver_backlog.max(levels.saver_backlog);
        row.memory = row.memory.max(levels.memory);
        self.in_flight = (reading.at, reading.in_flight_seconds);
        self.ticked_s += seconds;
        self.count_second(levels.run);
        let is_full = levels.run.at_s - self.began.at_s >= ROW_S - NEARLY_S;
        let ends = is_full || levels.settled != self.settled;
        let ended = if ends { self.end(levels.run) } else { None };
        self.settled = levels.settled;
        turned.or(ended)
    }

    /// Ends the running second, if it is over.
    fn count_second(&mut self, now: RunCounters) {
        let span = now.at_s - self.second.at_s;
        if span >= SECOND_S {
            let rate = now.pages.saturating_sub(self.second.pages) as f64 / span;
            let (n, sum, squares) = &mut self.seconds;
            (*n, *sum, *squares) = (*n + 1, *sum + rate, rate.mul_add(rate, *squares));
            self.second = now;
        }
    }

    /// Adds the latencies of a second, in µs.
    pub fn add_latencies(&mut self, second: &LatencyHistogram) {
        self.latencies.merge(second);
    }

    /// These dials are in force from now on, under conditions of this number. Where that is something else
    /// than before, the open row ends.
    pub fn turn(&mut self, now: RunCounters, dials: Dials, conditions: u32) -> Option<TimelineRow> {
        if self.setting == (dials, conditions) {
            return None;
        }
        let ended = self.end(now);
        (self.setting, self.settled) = ((dials, conditions), false);
        ended
    }

    /// Ends the open row, if it has any length; the next one begins `now`.
    pub fn end(&mut self, now: RunCounters) -> Option<TimelineRow> {
        let span_s = now.at_s - self.began.at_s;
        if span_s <= 0.0 {
            return None;
        }
        let seq = self.row.seq + 1;
        let next = TimelineRow { seq, run: self.row.run, ..TimelineRow::default() };
        let mut row = std::mem::replace(&mut self.row, next);
        let latencies = std::mem::take(&mut self.latencies);
        let (n, sum, squares) = std::mem::take(&mut self.seconds);
        let (dials, conditions) = self.setting;
        (row.permits, row.workers, row.queue) = (dials.permits, dials.workers, dials.queue);
        (row.rate, row.conditions, row.at_ms) = (dials.rate, conditions, now.at_ms);
        row.span_ms = ((span_s * 1000.0).round() as u64).max(1);
        row.pages = now.pages.saturating_sub(self.began.pages);
        row.bytes = now.bytes.saturating_sub(self.began.bytes);
        row.pages_sd = (self.settled && n > 1).then(|| {
            let n = f64::from(n);
            rounded(((squares - sum * sum / n).max(0.0) / (n - 1.0)).sqrt())
        });
        let ticked_s = std::mem::take(&mut self.ticked_s).max(f64::MIN_POSITIVE);
        for mean in
            [&mut row.in_flight, &mut row.queued, &mut row.loop_delay_ms, &mut row.cpu_percent]
        {
            *mean = rounded(*mean / ticked_s);
        }
        let quantile = |share| latencies.quantile(share).map(|us| us as f64 / 1000.0);
        (row.p50_ms, row.p95_ms) = (quantile(0.5), quantile(0.95));
        row.mean_ms = latencies.moments().map(|(mean, _)| rounded(mean / 1000.0));
        (self.began, self.second) = (now, now);
        Some(row)
    }

    /// Leaves out the time until now, in which nothing was under way. What ended since belongs to the open row.
    pub fn leave_out(&mut self, now: RunCounters) {
        for since in [&mut self.began, &mut self.second] {
            (since.at_s, since.at_ms) = (now.at_s, now.at_ms);
        }
        self.in_flight.0 = now.at_s;
    }
}

/// To three digits after the point: more would be digits of chance.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use crate::crawl::tuning::finished_requests::FinishedRequests;
    use crate::crawl::tuning::reading::Pressure;

    /// A crawl that is measured, a tick at a time.
    struct Ticked {
        recorder: TimelineRecorder,
        now: RunCounters,
        in_flight_seconds: f64,
        rows: Vec<TimelineRow>,
    }

    impl Ticked {
        fn new(last: Option<&TimelineRow>) -> Self {
            let now = RunCounters { pages: 7, bytes: 500, ..RunCounters::default() };
            let recorder = TimelineRecorder::new(last, now, Dials::default(), 3);
            Self { recorder, now, in_flight_seconds: 0.0, rows: Vec::new() }
        }

        /// A tick in which so many pages ended.
        fn tick(&mut self, pages: u32, dials: Dials, settled: bool) {
            self.now.at_s += 0.1;
            self.now.at_ms += 100;
            self.now.pages += u64::from(pages);
            self.now.bytes += 10 * u64::from(pages);
            self.in_flight_seconds += 1.5;
            let finished = FinishedRequests { requests: pages, errors: 1, ..Default::default() };
            let reading = TuningReading {
                at: self.now.at_s,
                in_flight: 15,
                in_flight_seconds: self.in_flight_seconds,
                finished: &finished,
                active_hosts: 1,
                pressure: Pressure { loop_delay: 0.002, ..Pressure::default() },
            };
            let levels = TickLevels {
                run: self.now,
                dials,
                conditions: 3,
                queued: 4,
                saver_backlog: u64::from(pages),
                cpu_percent: 50.0,
                memory: self.now.at_ms as u64,
                settled,
            };
            self.rows.extend(self.recorder.tick(&reading, &levels));
        }

        fn end(mut self) -> Vec<TimelineRow> {
            self.rows.extend(self.recorder.end(self.now));
            self.rows
        }
    }

    #[test]
    fn ten_seconds_make_a_row() {
        let dials = Dials { permits: 16, workers: 40, rate: Some(7.5), ..Dials::default() };
        let mut crawl = Ticked::new(None);
        assert_eq!(crawl.recorder.turn(crawl.now, dials, 3), None);
        // Requests from before are answered in the first second.
        (0..10).for_each(|_| crawl.tick(9, dials, false));
        for second in 0..10 {
            let mut latencies = LatencyHistogram::default();
            for n in 1..=10 {
                latencies.record(10_000 * n);
            }
            crawl.recorder.add_latencies(&latencies);
            (0..10).for_each(|_| crawl.tick(u32::from(second != 9), dials, true));
        }
        let rows = crawl.end();
        assert_eq!(rows.len(), 2, "{rows:#?}");
        assert_eq!((rows[0].seq, rows[0].run, rows[0].pages, rows[0].pages_sd), (1, 1, 91, None));
        // The tick after the first second ends the first row.
        let row = &rows[1];
        assert_eq!((row.seq, row.at_ms, row.span_ms, row.pages), (2, 11_000, 9_900, 89));
        assert_eq!((row.permits, row.workers, row.rate), (16, 40, Some(7.5)));
        assert_eq!((row.conditions, row.requests, row.errors, row.bytes), (3, 89, 99, 890));
        assert_eq!((row.in_flight, row.cpu_percent, row.queued), (15.0, 50.0, 4.0));
        assert_eq!((row.saver_backlog, row.memory, row.loop_delay_ms), (1, 11_000, 2.0));
        // Eight whole seconds of 10 pages, one of 9.
        assert_eq!(row.pages_sd, Some(0.333));
        assert!((row.p50_ms.unwrap() - 50.0).abs() < 1.0, "{row:?}");
        assert!((row.p95_ms.unwrap() - 100.0).abs() < 2.0, "{row:?}");
        assert!((row.mean_ms.unwrap() - 55.0).abs() < 1.0, "{row:?}");
    }

    #[test]
    fn no_row_mixes_two_settings_and_nothing_is_lost() {
        let mut rng = fastrand::Rng::with_seed(15);
        let earlier = TimelineRow { seq: 41, run: 2, ..TimelineRow::default() };
        let mut crawl = Ticked::new(Some(&earlier));
        let mut dials = Dials::default();
        let mut settles_at = 0;
        // Pages by permits.
        let mut pages = [0; 9];
        for tick in 0..5000 {
            if rng.u8(0..40) == 0 {
                dials.permits = rng.u32(1..9);
                let ended = crawl.recorder.turn(crawl.now, dials, 3);
                crawl.rows.extend(ended);
                settles_at = tick + rng.u32(2..30);
            }
            let n = rng.u32(0..5);
            crawl.tick(n, dials, tick >= settles_at);
            pages[dials.permits.min(8) as usize] += u64::from(n);
        }
        let (began, now) = (RunCounters { pages: 7, bytes: 500, ..Default::default() }, crawl.now);
        let rows = crawl.end();
        for permits in 1..9 {
            let of_setting = rows.iter().filter(|row| row.permits == permits);
            let sum: u64 = of_setting.map(|row| row.pages).sum();
            assert!(permits == 8 || sum == pages[permits as usize], "{permits}: {sum} {pages:?}");
        }
        assert_eq!(rows.iter().map(|row| row.pages).sum::<u64>(), now.pages - began.pages);
        assert_eq!(rows.iter().map(|row| row.bytes).sum::<u64>(), now.bytes - began.bytes);
        assert_eq!(rows.iter().map(|row| row.errors).sum::<u64>(), 5000);
        let covered = rows.iter().map(|row| row.span_ms).sum::<u64>() as f64;
        assert!((covered - now.at_ms as f64).abs() < rows.len() as f64);
        assert!(rows.iter().all(|row| row.run == 3 && row.span_ms <= 10_000));
        let seqs: Vec<_> = rows.iter().map(|row| row.seq).collect();
        assert_eq!(seqs, (42..42 + rows.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_pause_takes_no_time_and_an_empty_row_has_no_latency() {
        let mut crawl = Ticked::new(None);
        assert_eq!(crawl.recorder.end(crawl.now), None);
        (0..3).for_each(|_| crawl.tick(0, Dials::default(), false));
        let row = crawl.recorder.end(crawl.now).unwrap();
        assert_eq!((row.span_ms, row.pages, row.pages_sd), (300, 0, None));
        assert_eq!((row.p50_ms, row.p95_ms, row.mean_ms), (None, None, None));
        for _ in 0..600 {
            crawl.now.at_s += 1.0;
            crawl.recorder.leave_out(crawl.now);
        }
        crawl.tick(1, Dials::default(), false);
        let rows = crawl.end();
        assert_eq!(rows.iter().map(|row| row.span_ms).collect::<Vec<_>>(), [100]);
        assert_eq!((rows[0].in_flight, rows[0].pages), (15.0, 1));
    }
}
