//! When pages ended and how long they took, kept in bounded memory while rows stream by.
//!
//! Rows may come in any order: what is kept depends on the rows alone. Nothing here knows a database
//! or a drawing.

use std::collections::HashMap;

use super::latency::MillisHistogram;

/// Widths that slots may have, in ms. Each divides the next one.
const SLOTS: [i64; 14] = [
    10,
    50,
    100,
    500,
    1000,
    5000,
    10_000,
    60_000,
    300_000,
    3_600_000,
    21_600_000,
    86_400_000,
    864_000_000,
    8_640_000_000,
];

/// Maximum slots kept.
const MAX_SLOTS: usize = 4096;

/// Widths of the columns of a chart, in ms.
const COLUMNS: [i64; 26] = [
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
    5000,
    10_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    864_000_000,
    8_640_000_000,
];

/// Maximum columns of a chart, without sessions that are shorter than one.
const MAX_COLUMNS: i64 = 180;

/// Minimum, whatever the number of pages.
const MIN_COLUMNS: i64 = 30;

/// Pages that a column should hold on average, so that chance shows little.
const PAGES_A_COLUMN: u64 = 20;

/// A silence shorter than this, in ms, never parts two sessions.
const MIN_BREAK_MS: i64 = 20_000;

/// A silence parts two sessions only if it is at least this many times as long as the usual gap.
const UNUSUAL: i64 = 20;

/// Nor does one that takes less than this share of the time without silences: it is shown.
const BREAK_SHARE: f64 = 0.3;

/// Maximum sessions shown apart.
const MAX_SESSIONS: usize = 12;

/// Pages that ended in one span of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeSlot {
    /// Responded 2xx.
    pub ok: u64,
    /// Responded otherwise, or not at all.
    pub failed: u64,
    /// Times that they took.
    pub latencies: MillisHistogram,
}

impl TimeSlot {
    fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.latencies.merge(&other.latencies);
    }

    /// Pages of either kind.
    #[must_use]
    pub const fn pages(&self) -> u64 {
        self.ok + self.failed
    }
}

/// Collects pages by the time at which they ended.
#[derive(Debug, Default)]
pub struct Collector {
    level: usize,
    slots: HashMap<i64, TimeSlot>,
}

impl Collector {
    /// A page ended at `at_ms` (since 1970, UTC) after `elapsed_ms`.
    pub fn page(&mut self, at_ms: i64, ok: bool, elapsed_ms: u64) {
        let slot = self.slots.entry(at_ms.div_euclid(SLOTS[self.level])).or_default();
        if ok {
            slot.ok += 1;
        } else {
            slot.failed += 1;
        }
        slot.latencies.record(elapsed_ms);
        while self.slots.len() > MAX_SLOTS && self.level + 1 < SLOTS.len() {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let times = SLOTS[self.level + 1] / SLOTS[self.level];
        self.level += 1;
        let fine = std::mem::take(&mut self.slots);
        for (at, slot) in fine {
            self.slots.entry(at.div_euclid(times)).or_default().add(&slot);
        }
    }

    /// What a chart shows. `began_ms`: when the crawl was started.
    #[must_use]
    pub fn finish(self, began_ms: i64) -> Timeline {
        let width = SLOTS[self.level];
        let mut slots: Vec<(i64, TimeSlot)> =
            self.slots.into_iter().map(|(at, slot)| (at * width, slot)).collect();
        slots.sort_unstable_by_key(|(at, _)| *at);
        let sessions = part(&slots, width, began_ms);
        let active = sessions.iter().map(|(from, to)| to - from).sum::<i64>();
        let pages = slots.iter().map(|(_, slot)| slot.pages()).sum();
        let column_ms = column_width(active, width, pages);
        let sessions =
            sessions.into_iter().map(|span| columns(span, column_ms, width, &slots)).collect();
        Timeline { column_ms, sessions }
    }
}

/// Spans in which pages ended, parted where nothing did for long.
fn part(slots: &[(i64, TimeSlot)], width: i64, began_ms: i64) -> Vec<(i64, i64)> {
    let (Some((first, _)), Some((last, _))) = (slots.first(), slots.last()) else {
        return Vec::new();
    };
    // The time until the first answer belongs to the crawl, if it was not long.
    let whole = last + width - first;
    let before = first - began_ms;
    let near = before > 0 && (before < MIN_BREAK_MS || (before as f64) < whole as f64 * 0.2);
    let start = if near { began_ms.div_euclid(width) * width } else { *first };
    let mut gaps: Vec<(i64, i64)> =
        slots.windows(2).map(|pair| (pair[0].0 + width, pair[1].0)).collect();
    gaps.sort_unstable_by_key(|(from, to)| (from - to, *from));
    let usual = gaps.get(gaps.len() / 2).map_or(0, |(from, to)| to - from);
    let silence = MIN_BREAK_MS.max(usual.saturating_mul(UNUSUAL));
    gaps.retain(|(from, to)| to - from >= silence);
    let silent = gaps.iter().map(|(from, to)| to - from).sum::<i64>();
    let min_silence = BREAK_SHARE * (last + width - start - silent) as f64;
    let mut breaks: Vec<(i64, i64)> = gaps.into_iter().take(MAX_SESSIONS - 1).collect();
    breaks.retain(|(from, to)| (to - from) as f64 >= min_silence);
    breaks.sort_unstable();
    let mut from = start;
    let mut spans = Vec::with_capacity(breaks.len() + 1);
    for (end, next) in breaks {
        spans.push((from, end));
        from = next;
    }
    spans.push((from, last + width));
    spans
}

/// The narrowest width that is a multiple of the slots' and gives few enough columns.
fn column_width(active_ms: i64, slot_ms: i64, pages: u64) -> i64 {
    let most = ((pages / PAGES_A_COLUMN) as i64).clamp(MIN_COLUMNS, MAX_COLUMNS);
    COLUMNS
        .into_iter()
        .filter(|column| column % slot_ms == 0)
        .find(|column| active_ms / column <= most)
        .unwrap_or(SLOTS[SLOTS.len() - 1])
}

/// The columns of a session: all of one width, but for the last, which takes what is left over.
fn columns(
    (from, to): (i64, i64),
    column_ms: i64,
    slot_ms: i64,
    slots: &[(i64, TimeSlot)],
) -> Session {
    let whole = (to - from) / column_ms;
    // Too short a column would show a rate by chance.
    let left = (to - from) % column_ms;
    let count = (whole + i64::from(left * 2 >= column_ms)).max(1);
    let edge = |n: i64| if n == count { to } else { from + n * column_ms };
    let mut columns: Vec<TimelineColumn> = (0..count)
        .map(|n| TimelineColumn { from_ms: edge(n), to_ms: edge(n + 1), slot: TimeSlot::default() })
        .collect();
    let first = slots.partition_point(|(at, _)| *at + slot_ms <= from);
    for (at, slot) in slots[first..].iter().take_while(|(at, _)| *at < to) {
        let n = ((at - from).max(0) / column_ms).min(count - 1);
        if let Some(column) = columns.get_mut(n as usize) {
            column.slot.add(slot);
        }
    }
    Session { from_ms: from, to_ms: to, columns }
}

/// A crawl's course, as sessions of columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Width of a column, in ms.
    pub column_ms: i64,
    /// Oldest first.
    pub sessions: Vec<Session>,
}

impl Timeline {
    /// Time in which it ran, in ms.
    #[must_use]
    pub fn active_ms(&self) -> i64 {
        self.sessions.iter().map(|session| session.to_ms - session.from_ms).sum()
    }
}

/// A span in which pages ended without a long silence.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its beginning, ms since 1970, UTC.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
    /// What it is made of, without gaps.
    pub columns: Vec<TimelineColumn>,
}

/// One column of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineColumn {
    /// Its beginning, ms since 1970, UTC.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
    /// What ended in it.
    pub slot: TimeSlot,
}

impl TimelineColumn {
    /// So many, per second.
    #[must_use]
    pub fn rate(&self, count: u64) -> f64 {
        count as f64 * 1000.0 / (self.to_ms - self.from_ms).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_790_000_000_000;

    fn timeline(ends: impl IntoIterator<Item = i64>) -> Timeline {
        let mut collector = Collector::default();
        for at in ends {
            collector.page(START + at, true, 10);
        }
        collector.finish(START)
    }

    fn pages(timeline: &Timeline) -> u64 {
        let columns = timeline.sessions.iter().flat_map(|session| &session.columns);
        columns.map(|column| column.slot.pages()).sum()
    }

    #[test]
    fn widths_divide() {
        assert!(SLOTS.windows(2).all(|pair| pair[1] % pair[0] == 0));
        for slot in SLOTS {
            assert!(COLUMNS.iter().any(|column| column % slot == 0), "{slot}");
        }
    }

    #[test]
    fn columns_are_few_and_hold_every_page() {
        // Ten pages, ten minutes, and a year at three an hour.
        for (count, apart, most) in [(10, 100, 180), (6000, 100, 181), (26_280, 1_200_000, 181)] {
            let timeline = timeline((0..count).map(|n| n * apart));
            assert_eq!(timeline.sessions.len(), 1, "{apart}");
            let columns = &timeline.sessions[0].columns;
            assert!(columns.len() >= 10 && columns.len() <= most, "{}", columns.len());
            assert_eq!(pages(&timeline), count as u64);
            assert!(columns.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms));
            let steady = (count - 1) as f64 * 1000.0 / ((count - 1) * apart) as f64;
            for column in &columns[1..columns.len() - 1] {
                let off = (column.rate(column.slot.pages()) - steady).abs();
                let one = 1000.0 / (column.to_ms - column.from_ms) as f64;
                assert!(off <= one + 1e-9, "{column:?}");
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let ends: Vec<i64> = (0..20_000).map(|n| n * 37 % 90_001 * 10).collect();
        let mut sorted = ends.clone();
        sorted.sort_unstable();
        assert_eq!(timeline(ends), timeline(sorted));
    }

    #[test]
    fn days_of_silence_part_sessions_and_take_no_room() {
        let day = 86_400_000;
        let run = |from: i64| (0..600).map(move |n| from + n * 100);
        let timeline = timeline(run(0).chain(run(3 * day)).chain(run(3 * day + 150_000)));
        let lengths: Vec<i64> = timeline.sessions.iter().map(|s| s.to_ms - s.from_ms).collect();
        assert_eq!(lengths.len(), 3, "{lengths:?}");
        assert!(lengths.iter().all(|length| (59_000..61_000).contains(length)), "{lengths:?}");
        assert_eq!(timeline.column_ms, 2000);
        assert_eq!(pages(&timeline), 1800);
    }

    #[test]
    fn a_slow_crawl_is_one_session() {
        let timeline = timeline((0..200).map(|n| n * 60_000));
        assert_eq!(timeline.sessions.len(), 1);
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(timeline([]).sessions, []);
        let one = timeline([5000]);
        assert_eq!((one.sessions.len(), pages(&one)), (1, 1));
        assert_eq!(one.sessions[0].from_ms, START, "the wait for the first answer is shown");
    }
}
