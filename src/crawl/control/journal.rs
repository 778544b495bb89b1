//! The journal of a crawl: what was changed while it ran, which makes undo possible.

use std::sync::Arc;

use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::RECENT_CHANGES;
use crate::crawl::protocol::tuning::{ChangeEffect, EffectVerdict};

/// The journal of a crawl: the newest entries, and the numbering.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Vec<Change>,
    next: u64,
    /// Number of the first entry of this run.
    own: u64,
    /// The entry that the next one applies once more.
    redoing: Option<u64>,
    /// The reason of the next entry.
    reason: Option<Arc<str>>,
}

impl Journal {
    /// The journal of a crawl resumed at `now`, oldest entry first. Times before that are negative.
    #[must_use]
    pub fn of(mut entries: Vec<Change>, now: jiff::Timestamp) -> Self {
        for entry in &mut entries {
            entry.at_s = entry.at.duration_since(now).as_secs_f64().min(0.0);
        }
        let next = entries.iter().map(|entry| entry.seq + 1).max().unwrap_or(1);
        let mut journal = Self { entries, next, own: next, redoing: None, reason: None };
        journal.trim();
        journal
    }

    fn trim(&mut self) {
        let surplus = self.entries.len().saturating_sub(RECENT_CHANGES);
        self.entries.drain(..surplus);
    }

    /// The next entry is made for this reason.
    pub fn explain(&mut self, reason: &str) {
        self.reason = Some(reason.into());
    }

    /// Adds an entry and returns it, with the entry it marks as undone, if any.
    pub fn add(
        &mut self,
        what: ChangeAction,
        by: Origin,
        at_s: f64,
        undoes: Option<u64>,
    ) -> (Change, Option<Change>) {
        let seq = self.next.max(1);
        self.next = seq + 1;
        let entry = Change {
            seq,
            at_s,
            at: jiff::Timestamp::now(),
            by,
            what,
            undoes,
            undone: false,
            redoes: self.redoing.take(),
            reason: self.reason.take(),
            effect: None,
        };
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
    pub fn last_undoable(&self) -> Option<(u64, ChangeAction)> {
        let open = |entry: &&Change| {
            let gone = entry.what.is_staged() && entry.seq < self.own;
            !entry.undone && entry.undoes.is_none() && entry.what.is_undoable() && !gone
        };
        self.entries.iter().rev().find(open).map(|entry| (entry.seq, entry.what.clone()))
    }

    /// The change that was turned back last and not applied since; `None` when another change came after that.
    #[must_use]
    pub fn last_redoable(&self) -> Option<(u64, ChangeAction)> {
        // Undone entries that a later entry applied once more.
        let mut redone = Vec::new();
        for entry in self.entries.iter().rev() {
            if let Some(seq) = entry.redoes {
                redone.push(seq);
            } else if let Some(seq) = entry.undoes {
                if let Some(at) = redone.iter().position(|again| *again == seq) {
                    redone.swap_remove(at);
                    continue;
                }
                let target = self.entries.iter().find(|target| target.seq == seq)?;
                let gone = target.what.is_staged() && seq < self.own;
                return (!gone).then(|| (seq, target.what.clone()));
            } else if entry.what.is_undoable() {
                return None;
            }
        }
        None
    }

    /// The next entry applies the entry `seq` once more,
    pub const fn begin_redo(&mut self, seq: u64) {
        self.redoing = Some(seq);
    }

    /// unless it was refused.
    pub const fn end_redo(&mut self) {
        self.redoing = None;
    }

    /// Notes what the entry `seq` gave; returns the entry, if it is kept still.
    pub fn set_effect(&mut self, seq: u64, effect: ChangeEffect) -> Option<&Change> {
        let entry = self.entries.iter_mut().rev().find(|entry| entry.seq == seq)?;
        entry.effect = Some(effect);
        Some(entry)
    }

    /// The newest turn of the autopilot between these permits whose effect could not be told.
    #[must_use]
    pub fn undecided(&self, permits: (u32, u32)) -> Option<u64> {
        let is_it = |entry: &&Change| match &entry.what {
            ChangeAction::SetBoth { old, new } => {
                entry.by == Origin::Autopilot && (old.0, new.0) == permits
            }
            _ => false,
        };
        let entry = self.entries.iter().rev().find(is_it)?;
        let open = entry.effect.as_ref().is_none_or(|effect| {
            matches!(effect.verdict, EffectVerdict::Measuring | EffectVerdict::Void)
        });
        open.then_some(entry.seq)
    }

    /// Entries, newest first.
    #[must_use]
    pub fn newest_first(&self) -> Arc<[Change]> {
        self.entries.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::dials::Setting;

    #[test]
    fn undo_goes_back_entry_by_entry() {
        let mut journal = Journal::default();
        let turn =
            |old, new| ChangeAction::Set { old: Setting::Permits(old), new: Setting::Permits(new) };
        journal.add(turn(10, 11), Origin::Key, 1.0, None);
        journal.add(turn(11, 12), Origin::Key, 2.0, None);
        journal.add(ChangeAction::Pause, Origin::Key, 2.5, None);
        assert_eq!(journal.last_undoable(), Some((2, turn(11, 12))));
        let (_, undone) = journal.add(turn(12, 11), Origin::Key, 3.0, Some(2));
        assert!(undone.expect("marked").undone);
        assert_eq!(journal.last_undoable(), Some((1, turn(10, 11))));
        journal.add(turn(11, 10), Origin::Key, 4.0, Some(1));
        assert_eq!(journal.last_undoable(), None);
        assert_eq!(journal.newest_first().len(), 5);
    }

    /// Turns permits.
    fn turn(old: u32, new: u32) -> ChangeAction {
        ChangeAction::Set { old: Setting::Permits(old), new: Setting::Permits(new) }
    }

    /// Does what the control task does for undo and redo.
    fn undo(journal: &mut Journal) -> u64 {
        let (seq, what) = journal.last_undoable().expect("undoable");
        journal.add(what, Origin::Key, 1.0, Some(seq)).0.seq
    }

    fn redo(journal: &mut Journal) -> u64 {
        let (seq, what) = journal.last_redoable().expect("redoable");
        journal.begin_redo(seq);
        let entry = journal.add(what, Origin::Key, 1.0, None).0;
        assert_eq!(entry.redoes, Some(seq));
        seq
    }

    #[test]
    fn redo_goes_forward_again_entry_by_entry() {
        let mut journal = Journal::default();
        assert_eq!(journal.last_redoable(), None);
        journal.add(turn(10, 11), Origin::Key, 1.0, None);
        journal.add(turn(11, 12), Origin::Key, 2.0, None);
        assert_eq!(journal.last_redoable(), None);
        undo(&mut journal);
        undo(&mut journal);
        journal.add(ChangeAction::Pause, Origin::Key, 2.5, None);
        assert_eq!((redo(&mut journal), redo(&mut journal)), (1, 2));
        assert_eq!(journal.last_redoable(), None);
        // What was applied once more can be turned back, and applied a third time.
        undo(&mut journal);
        assert_eq!(journal.last_redoable().expect("redoable").1, turn(11, 12));
        redo(&mut journal);
        undo(&mut journal);
        undo(&mut journal);
        redo(&mut journal);
        journal.add(turn(11, 20), Origin::Key, 9.0, None);
        assert_eq!(journal.last_redoable(), None, "another change came since");
    }

    #[test]
    fn no_fault_of_an_earlier_run_is_applied_again() {
        let faults = ChangeAction::Faults { old: Box::default(), new: Box::default() };
        let mut journal = Journal::default();
        journal.add(faults, Origin::Key, 1.0, None);
        undo(&mut journal);
        assert!(journal.last_redoable().is_some());
        let entries = journal.newest_first().iter().rev().cloned().collect();
        assert_eq!(Journal::of(entries, jiff::Timestamp::now()).last_redoable(), None);
    }
}
