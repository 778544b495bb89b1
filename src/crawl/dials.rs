//! Turning dials: clamps, the rate's ladder, and the journal that makes undo possible.

use super::command::{Dial, Origin, Setting};
use super::journal::{Change, What};
use super::snapshot::{Dials, RECENT_CHANGES};

/// The rungs of the rate within a decade.
const LADDER: [f64; 3] = [1.0, 2.0, 5.0];

/// The first step down from "no limit" should bite: requests per second.
const FIRST_LIMIT: f64 = 100.0;

/// All rates that nudging reaches, lowest first.
fn rungs() -> impl DoubleEndedIterator<Item = f64> {
    (-1..=5)
        .flat_map(|decade| LADDER.map(|step| step * 10_f64.powi(decade)))
        .map(|rate| (rate * 1e6).round() / 1e6)
        .filter(|rate| {
            let (low, high) = Dial::Rate.range();
            (low..=high).contains(rate)
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// One step up or down the ladder; above the top rung there is no limit.
fn step_rate(rate: Option<f64>, up: bool) -> Option<f64> {
    match (rate, up) {
        (None, true) => None,
        (None, false) => Some(FIRST_LIMIT),
        (Some(rate), true) => rungs().find(|rung| *rung > rate),
        (Some(rate), false) => rungs().rev().find(|rung| *rung < rate).or(rungs().next()),
    }
}

/// The setting `by` steps from the one in force.
#[must_use]
pub fn nudged(dials: &Dials, dial: Dial, by: i32) -> Setting {
    let (low, high) = dial.range();
    let count = |value: u32| (f64::from(value) + f64::from(by)).clamp(low, high) as u32;
    match dials.get(dial) {
        Setting::Permits(v) => Setting::Permits(count(v)),
        Setting::Workers(v) => Setting::Workers(count(v)),
        Setting::Queue(v) => Setting::Queue(count(v)),
        Setting::ParseThreads(v) => Setting::ParseThreads(count(v)),
        Setting::Rate(rate) => {
            let steps = by.unsigned_abs().min(rungs().count() as u32);
            Setting::Rate((0..steps).fold(rate, |rate, _| step_rate(rate, by > 0)))
        }
    }
}

/// The journal of a crawl: the newest entries, and the numbering.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Vec<Change>,
    next: u64,
    /// Number of the first entry of this run.
    own: u64,
}

impl Journal {
    /// The journal of a crawl resumed at `now`, oldest entry first. Times before that are negative.
    #[must_use]
    pub fn of(mut entries: Vec<Change>, now: jiff::Timestamp) -> Self {
        for entry in &mut entries {
            entry.at_s = entry.at.duration_since(now).as_secs_f64().min(0.0);
        }
        let next = entries.iter().map(|entry| entry.seq + 1).max().unwrap_or(1);
        let mut journal = Self { entries, next, own: next };
        journal.trim();
        journal
    }

    fn trim(&mut self) {
        let surplus = self.entries.len().saturating_sub(RECENT_CHANGES);
        self.entries.drain(..surplus);
    }

    /// Adds an entry and returns it, with the entry it marks as undone, if any.
    pub fn add(
        &mut self,
        what: What,
        by: Origin,
        at_s: f64,
        undoes: Option<u64>,
    ) -> (Change, Option<Change>) {
        let seq = self.next.max(1);
        self.next = seq + 1;
        let entry =
            Change { seq, at_s, at: jiff::Timestamp::now(), by, what, undoes, undone: false };
        let undone = undoes.and_then(|wanted| {
            let old = self.entries.iter_mut().find(|entry| entry.seq == wanted)?;
            old.undone = true;
            Some(old.clone())
        });
        self.entries.push(entry.clone());
        self.trim();
        (entry, undone)
    }

    /// The last change that can be turned back and is neither undone nor itself an undo.
    #[must_use]
    pub fn last_undoable(&self) -> Option<(u64, What)> {
        let open = |entry: &&Change| {
            let gone = entry.what.is_staged() && entry.seq < self.own;
            !entry.undone && entry.undoes.is_none() && entry.what.is_undoable() && !gone
        };
        self.entries.iter().rev().find(open).map(|entry| (entry.seq, entry.what.clone()))
    }

    /// Entries, newest first.
    #[must_use]
    pub fn newest_first(&self) -> std::sync::Arc<[Change]> {
        self.entries.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALS: Dials =
        Dials { permits: 10, workers: 16, queue: 100, rate: None, parse_threads: 2 };

    #[test]
    fn nudges_clamp() {
        assert_eq!(nudged(&DIALS, Dial::Permits, -100), Setting::Permits(1));
        assert_eq!(nudged(&DIALS, Dial::Workers, 1), Setting::Workers(17));
        assert_eq!(nudged(&DIALS, Dial::Permits, i32::MAX), Setting::Permits(4096));
    }

    #[test]
    fn the_rate_climbs_a_ladder_and_ends_in_no_limit() {
        let at = |rate| Dials { rate, ..DIALS };
        let step = |rate, by| match nudged(&at(rate), Dial::Rate, by) {
            Setting::Rate(rate) => rate,
            other => panic!("{other}"),
        };
        assert_eq!(step(None, 1), None);
        assert_eq!(step(None, -1), Some(100.0));
        assert_eq!(step(Some(100.0), -1), Some(50.0));
        assert_eq!(step(Some(0.1), -1), Some(0.1));
        assert_eq!(step(Some(3.0), 1), Some(5.0));
        assert_eq!(step(Some(3.0), -1), Some(2.0));
        assert_eq!(step(Some(100_000.0), 1), None);
        assert_eq!(step(Some(1.0), 3), Some(10.0));
    }

    #[test]
    fn undo_goes_back_entry_by_entry() {
        let mut journal = Journal::default();
        let turn = |old, new| What::Set { old: Setting::Permits(old), new: Setting::Permits(new) };
        journal.add(turn(10, 11), Origin::User, 1.0, None);
        journal.add(turn(11, 12), Origin::User, 2.0, None);
        journal.add(What::Pause, Origin::User, 2.5, None);
        assert_eq!(journal.last_undoable(), Some((2, turn(11, 12))));
        let (_, undone) = journal.add(turn(12, 11), Origin::User, 3.0, Some(2));
        assert!(undone.expect("marked").undone);
        assert_eq!(journal.last_undoable(), Some((1, turn(10, 11))));
        journal.add(turn(11, 10), Origin::User, 4.0, Some(1));
        assert_eq!(journal.last_undoable(), None);
        assert_eq!(journal.newest_first().len(), 5);
    }
}
