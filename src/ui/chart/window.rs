//! Which seconds a chart shows, and what was measured in each of its columns.

use crate::crawl::protocol::snapshot::{HistoryPoint, Snapshot};

/// Shortest span, in seconds.
const SHORTEST_S: f64 = 1.0;

/// How much of the past charts show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zoom {
    /// A minute.
    Minute,
    /// Five minutes.
    #[default]
    FiveMinutes,
    /// A quarter of an hour.
    Quarter,
    /// The whole run.
    Run,
}

impl Zoom {
    /// The next wider one; after the whole run the narrowest.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Minute => Self::FiveMinutes,
            Self::FiveMinutes => Self::Quarter,
            Self::Quarter => Self::Run,
            Self::Run => Self::Minute,
        }
    }

    /// The word shown for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
            Self::Quarter => "15 min",
            Self::Run => "whole run",
        }
    }

    /// Its longest span in seconds.
    const fn seconds(self) -> f64 {
        match self {
            Self::Minute => 60.0,
            Self::FiveMinutes => 300.0,
            Self::Quarter => 900.0,
            Self::Run => f64::INFINITY,
        }
    }
}

/// A span of time in columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartWindow {
    /// Its left edge, in seconds since the start of this run.
    pub start_s: f64,
    /// Its length, in seconds.
    pub span_s: f64,
    /// Seconds of it that are over; the rest is empty.
    until_s: f64,
    /// Columns.
    pub columns: usize,
    whole_run: bool,
}

impl ChartWindow {
    /// The window of so many columns: it grows with the run, the first page at its left edge, up to
    /// the zoom.
    #[must_use]
    pub fn new(snapshot: &Snapshot, zoom: Zoom, columns: u16) -> Self {
        let columns = usize::from(columns.max(1));
        let history = if zoom == Zoom::Run { &snapshot.run_history } else { &snapshot.history };
        let first = history.iter().position(|point| point.pages_per_s > 0.0).unwrap_or(0);
        // A point is the end of its time.
        let begin = first.checked_sub(1).map_or(0.0, |before| history[before].at_s);
        let now = history.last().map_or(snapshot.at_s, |point| point.at_s);
        let elapsed = (now - begin).max(SHORTEST_S);
        if elapsed <= zoom.seconds() {
            return Self {
                start_s: begin,
                span_s: elapsed,
                until_s: now,
                columns,
                whole_run: zoom == Zoom::Run,
            };
        }
        // Edges at multiples of a column keep points in their columns, so that a chart moves in steps
        // and does not shimmer.
        let span_s = zoom.seconds();
        let column = span_s / columns as f64;
        let end = (now / column).ceil() * column;
        Self { start_s: end - span_s, span_s, until_s: now, columns, whole_run: false }
    }

    /// The history that it shows.
    fn history<'a>(&self, snapshot: &'a Snapshot) -> &'a [HistoryPoint] {
        if self.whole_run { &snapshot.run_history } else { &snapshot.history }
    }

    /// The column of a moment; `None` outside.
    #[must_use]
    pub fn column(&self, at_s: f64) -> Option<usize> {
        let at = (at_s - self.start_s) / self.span_s * self.columns as f64;
        (at >= 0.0 && at < self.columns as f64).then_some(at as usize)
    }

    /// The mean of a value in each column; `None` where nothing was measured, and nothing for a value
    /// that is not finite. Where the history is coarser than the columns, a point fills those it spans.
    pub fn means(
        &self,
        snapshot: &Snapshot,
        value: impl Fn(&HistoryPoint) -> f32,
    ) -> Vec<Option<f32>> {
        let mut sums = vec![(0.0_f32, 0.0_f32); self.columns];
        self.each(snapshot, |columns, point| {
            let v = value(point);
            if v.is_finite() {
                for (column, weight) in columns {
                    sums[column].0 += v * weight;
                    sums[column].1 += weight;
                }
            }
        });
        sums.into_iter().map(|(sum, n)| (n > 0.0).then(|| sum / n)).collect()
    }

    /// A value along the columns as a line: between two points of which each spans several columns it runs
    /// straight from the middle of the one to the middle of the other.
    pub fn line(
        &self,
        snapshot: &Snapshot,
        value: impl Fn(&HistoryPoint) -> f32,
    ) -> Vec<Option<f32>> {
        let mut line = self.means(snapshot, &value);
        let column = self.span_s / self.columns as f64;
        let history = self.history(snapshot);
        for pair in history.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            let (from, to) = (value(a), value(b));
            let long = b.at_s - a.at_s;
            if !(from.is_finite() && to.is_finite())
                || long < 2.0 * column
                || long > 2.5 && !self.whole_run
            {
                continue;
            }
            let middle = |end: f64| (end - long / 2.0 - self.start_s) / column;
            let (left, right) = (middle(a.at_s), middle(b.at_s));
            let first = left.ceil().max(0.0) as usize;
            for (i, place) in line.iter_mut().enumerate().skip(first) {
                let at = i as f64 + 0.5;
                if at > right {
                    break;
                }
                let share = ((at - left) / (right - left)).clamp(0.0, 1.0) as f32;
                *place = Some((to - from).mul_add(share, from));
            }
        }
        line
    }

    /// Hands over each point with the columns that it spans, and how much of it lies in each.
    pub fn each(
        &self,
        snapshot: &Snapshot,
        mut take: impl FnMut(&mut dyn Iterator<Item = (usize, f32)>, &HistoryPoint),
    ) {
        let column = self.span_s / self.columns as f64;
        let mut before: Option<f64> = None;
        for point in self.history(snapshot) {
            // A hole stays a hole: a point is of the second before it, or of as long as those before.
            let begin = before.unwrap_or(point.at_s - 1.0);
            let begin = if self.whole_run { begin } else { begin.max(point.at_s - 1.5) };
            before = Some(point.at_s);
            let place = |at: f64| (at - self.start_s) / column;
            let (from, to) = (place(begin).max(0.0), place(point.at_s).min(self.columns as f64));
            if to <= from {
                continue;
            }
            let mut columns = (from as usize..to.ceil() as usize).filter_map(|i| {
                let share = to.min(i as f64 + 1.0) - from.max(i as f64);
                (share > 1e-6 && i < self.columns).then_some((i, share as f32))
            });
            take(&mut columns, point);
        }
    }

    /// Twice as many columns: those of dots in braille.
    #[must_use]
    pub const fn in_dots(self) -> Self {
        Self { columns: self.columns * 2, ..self }
    }

    /// Its left edge in words: `−14 s`, `−3 min`, `−1 h 20 min`.
    #[must_use]
    pub fn name(&self) -> String {
        // Rounded before it is split: 299.6 s are 5 minutes, not 4:60.
        let past = (self.until_s - self.start_s).max(0.0).round();
        match past {
            _ if past < 120.0 => format!("−{past:.0} s"),
            _ if past < 600.0 => {
                let (minutes, seconds) = ((past / 60.0).floor(), past % 60.0);
                if seconds < 1.0 {
                    format!("−{minutes:.0} min")
                } else {
                    format!("−{minutes:.0}:{seconds:02.0} min")
                }
            }
            _ if past < 5400.0 => format!("−{:.0} min", past / 60.0),
            _ => format!("−{:.1} h", past / 3600.0),
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "whole seconds are exact")]
mod tests {
    use super::*;

    fn after(seconds: u32) -> Snapshot {
        let history: Vec<_> = (1..=seconds)
            .map(|s| HistoryPoint {
                at_s: s.into(),
                pages_per_s: s as f32,
                ..HistoryPoint::default()
            })
            .collect();
        let history: std::sync::Arc<[_]> = history.into();
        Snapshot {
            at_s: seconds.into(),
            run_history: history.clone(),
            history,
            ..Snapshot::default()
        }
    }

    fn means(seconds: u32, zoom: Zoom, columns: u16) -> Vec<Option<f32>> {
        let snapshot = after(seconds);
        ChartWindow::new(&snapshot, zoom, columns).means(&snapshot, |p| p.pages_per_s)
    }

    #[test]
    fn the_window_grows_with_the_run() {
        let window = |seconds, zoom| ChartWindow::new(&after(seconds), zoom, 60);
        let names = [3, 14, 161, 300, 500].map(|s| window(s, Zoom::FiveMinutes).name());
        assert_eq!(names, ["−3 s", "−14 s", "−2:41 min", "−5 min", "−5 min"]);
        assert_eq!(window(500, Zoom::Minute).span_s, 60.0);
        assert_eq!((window(500, Zoom::Run).start_s, window(500, Zoom::Run).span_s), (0.0, 500.0));
        assert_eq!(window(500, Zoom::Run).name(), "−8:20 min");
        let odd = ChartWindow { start_s: 0.0, until_s: 299.6, ..window(500, Zoom::Run) };
        assert_eq!(odd.name(), "−5 min", "not −4:60");
        assert_eq!(window(8000, Zoom::Run).name(), "−2.2 h");
    }

    #[test]
    fn columns_hold_means_and_every_point_counts_once() {
        let out = means(60, Zoom::Minute, 30);
        assert_eq!((out[0], out[29], out.len()), (Some(1.5), Some(59.5), 30));
        let early = means(10, Zoom::Minute, 60);
        assert_eq!(early.iter().flatten().count(), 60, "it fills from the first second");
        assert_eq!((early[0], early[59]), (Some(1.0), Some(10.0)));
        for columns in [7, 31, 60, 100, 211] {
            let out = means(300, Zoom::FiveMinutes, columns);
            let sum: f32 = out.iter().flatten().sum();
            let mean = sum / f32::from(columns);
            assert!((mean - 150.5).abs() < 0.5, "{columns}: {mean}");
        }
    }

    #[test]
    fn a_hole_stays_a_hole() {
        let mut snapshot = after(60);
        snapshot.history =
            snapshot.history.iter().filter(|p| !(20.0..=40.0).contains(&p.at_s)).copied().collect();
        let out = ChartWindow::new(&snapshot, Zoom::Minute, 60).means(&snapshot, |p| p.pages_per_s);
        assert_eq!((out[18], out[30], out[50]), (Some(19.0), None, Some(51.0)));
    }

    #[test]
    fn a_moment_has_its_column() {
        let window = ChartWindow::new(&after(60), Zoom::Minute, 60);
        assert_eq!(
            [0.0, 30.5, 59.9, 60.0, -1.0].map(|at| window.column(at)),
            [Some(0), Some(30), Some(59), None, None]
        );
    }
}
