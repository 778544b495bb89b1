//! The measured table: what each setting gave.
//!
//! A stay is the time from one change to the next. Stays at one setting become one row, unless their intervals
//! of pages per second do not overlap: then the server was another one by then, and the newer stay is a row of
//! its own. Rows of different conditions are never joined.

use std::sync::Arc;

use crate::crawl::protocol::tuning::{MEASURED_ROWS, MeasuredRow};
use crate::crawl::tuning::curve_level::CurveLevel;
use crate::crawl::tuning::measured_block::{MeasuredBlock, MeasuredSetting};
use crate::crawl::tuning::row_marks::{best_of, mark};
use crate::crawl::tuning::row_sums::RowSums;
use crate::store::TimelineRow;

/// The rows, and the stay that goes on.
#[derive(Debug, Clone, Default)]
pub struct MeasuredTable {
    /// Rows of earlier runs.
    earlier: Vec<MeasuredRow>,
    /// Ended stays, oldest first.
    rows: Vec<RowSums>,
    present: RowSums,
}

impl MeasuredTable {
    /// A table that begins at this setting; `earlier` are the rows of earlier runs.
    #[must_use]
    pub fn new(setting: MeasuredSetting, mut earlier: Vec<MeasuredRow>) -> Self {
        let conditions = earlier.iter().map(|row| row.conditions + 1).max().unwrap_or(0);
        for row in &mut earlier {
            (row.earlier_run, row.present, row.best) = (true, false, false);
        }
        let present = RowSums::new(setting, conditions);
        let mut table = Self { earlier, rows: Vec::new(), present };
        table.trim();
        table
    }

    /// Number of the present conditions.
    #[must_use]
    pub const fn conditions(&self) -> u32 {
        self.present.conditions
    }

    /// Something was turned: a stay ends, and one at `setting` begins.
    pub fn begin_stay(&mut self, setting: MeasuredSetting) {
        let next = RowSums::new(setting, self.present.conditions);
        let ended = std::mem::replace(&mut self.present, next);
        self.end_stay(ended);
    }

    /// A fault, a scene or a host's limit changed: a stay ends, and one under new conditions begins.
    pub fn begin_conditions(&mut self) {
        let next = RowSums::new(self.present.setting, self.present.conditions + 1);
        let ended = std::mem::replace(&mut self.present, next);
        self.end_stay(ended);
    }

    /// The setting in force.
    #[must_use]
    pub const fn setting(&self) -> MeasuredSetting {
        self.present.setting
    }

    fn end_stay(&mut self, ended: RowSums) {
        if ended.is_empty() {
            return;
        }
        match self.row_of(&ended) {
            Some(at) if self.rows[at].agrees_with(&ended) => self.rows[at].append(&ended),
            _ => self.rows.push(ended),
        }
        self.trim();
    }

    /// The newest row of the stay's setting and conditions.
    fn row_of(&self, stay: &RowSums) -> Option<usize> {
        let alike =
            |row: &RowSums| row.setting == stay.setting && row.conditions == stay.conditions;
        self.rows.iter().rposition(alike)
    }

    /// Drops what is of least interest: oldest conditions first, of these what was held shortest.
    fn trim(&mut self) {
        while self.earlier.len() + self.rows.len() >= MEASURED_ROWS {
            let least = |a: (u32, f64), b: (u32, f64)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
            let keys = self.earlier.iter().map(|row| (row.conditions, row.held_s));
            if let Some((at, _)) = keys.enumerate().min_by(|a, b| least(a.1, b.1)) {
                self.earlier.remove(at);
                continue;
            }
            let keys = self.rows.iter().map(|row| (row.conditions, row.seconds()));
            let Some((at, _)) = keys.enumerate().min_by(|a, b| least(a.1, b.1)) else { return };
            self.rows.remove(at);
        }
    }

    /// Adds a block to the present stay.
    pub fn add(&mut self, block: &MeasuredBlock) {
        self.present.add(block);
    }

    /// All rows with the present stay in its row; the flag tells which one that is.
    fn joined(&self) -> Vec<(RowSums, bool)> {
        let mut rows: Vec<_> = self.rows.iter().map(|row| (row.clone(), false)).collect();
        match self.row_of(&self.present) {
            Some(at) if self.present.is_empty() || rows[at].0.agrees_with(&self.present) => {
                rows[at].0.append(&self.present);
                rows[at].1 = true;
            }
            _ => rows.push((self.present.clone(), true)),
        }
        rows
    }

    /// The rows that are shown: those held long enough, and the present one as soon as anything is measured.
    #[must_use]
    pub fn rows(&self) -> Arc<[MeasuredRow]> {
        let mut rows = self.earlier.clone();
        for (sums, present) in self.joined() {
            if sums.is_shown() || (present && !sums.is_empty()) {
                rows.push(MeasuredRow { present, ..sums.row() });
            }
        }
        rows.sort_by(|a, b| {
            a.conditions.cmp(&b.conditions).then_with(|| setting_of(a).order(&setting_of(b)))
        });
        mark(&mut rows, self.present.conditions);
        rows.into()
    }

    /// What the curve is drawn of: the rows of the present conditions with the rate limit in force.
    #[must_use]
    pub fn levels(&self) -> Vec<CurveLevel> {
        let rows = self.joined().into_iter().map(|(sums, _)| sums);
        let alike = |sums: &RowSums| {
            sums.conditions == self.present.conditions
                && sums.setting.rate == self.present.setting.rate
                && sums.is_shown()
        };
        let mut levels: Vec<(CurveLevel, f64)> = Vec::new();
        for sums in rows.filter(alike) {
            let held = sums.seconds();
            let Some(level) = CurveLevel::of(&sums) else { continue };
            match levels.iter_mut().find(|(known, _)| known.permits == level.permits) {
                // Of two rows that one is drawn whose permits were in use, else that held longer.
                Some(known) if (level.full, held) > (known.0.full, known.1) => {
                    *known = (level, held);
                }
                Some(_) => {}
                None => levels.push((level, held)),
            }
        }
        levels.sort_by_key(|(level, _)| level.permits);
        levels.into_iter().map(|(level, _)| level).collect()
    }
}

/// The rows of what was stored of earlier runs, by the same rules: each run has conditions of its own. What was
/// measured right after a change does not count. Those that are best are marked for all conditions.
#[must_use]
pub fn rows_of_timeline(timeline: &[TimelineRow]) -> Vec<MeasuredRow> {
    let settled = || timeline.iter().filter(|row| row.is_settled());
    let Some(first) = settled().next() else { return Vec::new() };
    let mut table = MeasuredTable::new(MeasuredSetting::from(first), Vec::new());
    let mut before = first;
    for row in settled() {
        if (row.run, row.conditions) != (before.run, before.conditions) {
            table.begin_conditions();
        }
        if !row.is_alike(before) {
            table.begin_stay(MeasuredSetting::from(row));
        }
        table.present.add_stored(row);
        before = row;
    }
    table.begin_stay(table.setting());
    let mut rows = table.rows().to_vec();
    for conditions in 0..=table.conditions() {
        if let Some(best) = best_of(&rows, conditions) {
            rows[best].best = true;
        }
    }
    for row in &mut rows {
        row.present = false;
    }
    rows
}

/// The setting of a row.
const fn setting_of(row: &MeasuredRow) -> MeasuredSetting {
    MeasuredSetting { permits: row.permits, workers: row.workers, rate: row.rate }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    const fn setting(permits: u32) -> MeasuredSetting {
        MeasuredSetting { permits, workers: 2 * permits + 8, rate: None }
    }

    /// A second with so many pages and this mean latency in ms.
    fn block(pages: u64, ms: u64) -> MeasuredBlock {
        let mut block = MeasuredBlock {
            seconds: 1.0,
            pages,
            requests: pages,
            in_flight: 1e3,
            ..MeasuredBlock::default()
        };
        for n in 0..pages {
            block.latencies.record(1000 * (ms - 10 + n % 21));
        }
        block
    }

    /// Holds a setting for so many seconds.
    fn hold(table: &mut MeasuredTable, permits: u32, seconds: u64, pages: u64, ms: u64) {
        table.begin_stay(setting(permits));
        (0..seconds).for_each(|second| table.add(&block(pages + second % 3, ms)));
    }

    fn permits(rows: &[MeasuredRow]) -> Vec<u32> {
        rows.iter().map(|row| row.permits).collect()
    }

    #[test]
    fn rows_are_marked_as_they_compare() {
        let mut table = MeasuredTable::new(setting(8), Vec::new());
        for (permits, pages, ms) in
            [(4, 24, 170), (8, 47, 170), (64, 219, 288), (96, 211, 449), (48, 214, 221)]
        {
            hold(&mut table, permits, 12, pages, ms);
        }
        let rows = table.rows();
        assert_eq!(permits(&rows), [4, 8, 48, 64, 96]);
        let marked = |of: fn(&MeasuredRow) -> bool| {
            permits(&rows.iter().filter(|row| of(row)).cloned().collect::<Vec<_>>())
        };
        assert_eq!(marked(|row| row.best), [48]);
        assert_eq!(marked(|row| row.present), [48]);
        assert_eq!(marked(|row| row.dominated), [96]);
        assert!((rows[3].latency_ratio - 288.0 / 170.0).abs() < 0.05, "{:?}", rows[3]);
        let row = &rows[0];
        assert_eq!((row.held_s, row.pages), (12.0, 300), "{row:?}");
        assert!((row.pages_per_s.value - 25.0).abs() < 1e-9 && row.pages_per_s.ci < 5.0);
        assert!((row.p50_ms - 170.0).abs() < 3.0 && (row.mean_ms - 170.0).abs() < 3.0);
        assert_eq!(table.levels().len(), 5);
    }

    #[test]
    fn a_setting_held_too_briefly_is_not_shown_but_adds_up() {
        let mut table = MeasuredTable::new(setting(4), Vec::new());
        hold(&mut table, 4, 2, 50, 100);
        hold(&mut table, 8, 9, 2, 100);
        hold(&mut table, 16, 1, 200, 100);
        // The present setting is shown from its first block on.
        assert_eq!(permits(&table.rows()), [8, 16]);
        hold(&mut table, 4, 2, 50, 100);
        assert_eq!(permits(&table.rows()), [4, 8]);
        assert_eq!(table.rows()[0].pages, 202);
    }

    #[test]
    fn stays_are_joined_only_if_their_intervals_overlap() {
        let mut table = MeasuredTable::new(setting(8), Vec::new());
        hold(&mut table, 8, 10, 100, 100);
        hold(&mut table, 16, 10, 150, 100);
        hold(&mut table, 8, 10, 102, 100);
        assert_eq!(permits(&table.rows()), [8, 16]);
        assert_eq!(table.rows()[0].pages, 2038);
        // The server became slower: a row of its own, which later stays join.
        hold(&mut table, 16, 10, 150, 100);
        hold(&mut table, 8, 10, 60, 200);
        assert_eq!(permits(&table.rows()), [8, 8, 16]);
        hold(&mut table, 16, 10, 150, 100);
        hold(&mut table, 8, 10, 61, 200);
        let rows = table.rows();
        assert_eq!(permits(&rows), [8, 8, 16]);
        assert_eq!(rows[..2].iter().map(|row| row.present).collect::<Vec<_>>(), [false, true]);
    }

    /// Ten stored seconds.
    fn stored(run: u32, conditions: u32, permits: u32, pages: u64, ms: f64) -> TimelineRow {
        TimelineRow {
            run,
            conditions,
            permits,
            workers: 2 * permits + 8,
            span_ms: 10_000,
            pages,
            pages_sd: Some((pages as f64 / 10.0).sqrt()),
            requests: pages,
            p50_ms: Some(ms),
            p95_ms: Some(2.0 * ms),
            mean_ms: Some(ms),
            ..TimelineRow::default()
        }
    }

    #[test]
    fn rows_of_earlier_runs_come_from_what_was_stored() {
        let mut timeline = vec![stored(1, 0, 8, 400, 100.0); 3];
        timeline.extend(vec![stored(1, 0, 16, 800, 100.0); 2]);
        timeline.push(stored(1, 0, 8, 410, 200.0));
        timeline.push(stored(1, 1, 8, 100, 900.0));
        timeline.push(stored(2, 0, 8, 400, 100.0));
        let rows = rows_of_timeline(&timeline);
        let seen: Vec<_> = rows.iter().map(|r| (r.conditions, r.permits, r.held_s)).collect();
        assert_eq!(seen, [(0, 8, 40.0), (0, 16, 20.0), (1, 8, 10.0), (2, 8, 10.0)]);
        assert_eq!(
            rows.iter().map(|row| row.best).collect::<Vec<_>>(),
            [false, true, false, false]
        );
        let row = &rows[0];
        assert!((row.p50_ms - 125.5).abs() < 0.1 && (row.p95_ms - 250.9).abs() < 0.1, "{row:?}");
        assert!((row.pages_per_s.value - 40.25).abs() < 1e-9, "{row:?}");
        // Poisson noise of 1610 pages: 2.5 %, so the interval is about twice that.
        assert!(row.pages_per_s.ci > 1.0 && row.pages_per_s.ci < 4.0, "{row:?}");
        let table = MeasuredTable::new(setting(8), rows);
        assert_eq!(table.conditions(), 3);
        assert!(table.rows().iter().all(|row| row.earlier_run && !row.best && !row.present));
        assert!(rows_of_timeline(&[]).is_empty());
        let after_a_change = TimelineRow { pages_sd: None, ..stored(1, 0, 8, 400, 100.0) };
        assert!(rows_of_timeline(&[after_a_change]).is_empty());
    }

    #[test]
    fn conditions_are_never_mixed_and_old_ones_are_dropped_first() {
        let earlier = MeasuredRow { permits: 3, conditions: 4, ..MeasuredRow::default() };
        let mut table = MeasuredTable::new(setting(8), vec![earlier]);
        assert_eq!(table.conditions(), 5);
        hold(&mut table, 8, 5, 100, 100);
        table.begin_conditions();
        (0..5).for_each(|_| table.add(&block(100, 100)));
        let rows = table.rows();
        assert_eq!(rows.iter().map(|row| row.conditions).collect::<Vec<_>>(), [4, 5, 6]);
        assert_eq!(
            rows.iter().map(|row| row.earlier_run).collect::<Vec<_>>(),
            [true, false, false]
        );
        assert_eq!(table.levels().len(), 1);
        for n in 0..200 {
            hold(&mut table, 10 + n, 3 + u64::from(n % 5), 50, 100);
        }
        let rows = table.rows();
        assert!(rows.len() <= MEASURED_ROWS && rows.len() > MEASURED_ROWS / 2, "{}", rows.len());
        assert!(rows.iter().all(|row| row.conditions == 6), "older conditions went first");
        let shortest = rows.iter().filter(|row| !row.present).map(|row| row.held_s);
        assert!(shortest.fold(f64::INFINITY, f64::min) > 5.0, "what was held longest stays");
    }
}
