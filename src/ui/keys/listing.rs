//! The key table as people read it: lines of the help, hints on a panel's frame.

use std::mem::discriminant;

use super::binding::{Binding, KeyGroup};
use super::key_map::KeyMap;
use super::table::TYPED;
use crate::ui::action::Action;
use crate::ui::text;

/// Maximum columns for the keys of several rows on one line of the help, and for what they do.
const SHARED_LINE: (usize, usize) = (16, 38);

/// More rows than these on one line are not all named.
const MANY: usize = 7;

/// The names of all keys of a row.
#[must_use]
pub fn names(binding: &Binding) -> String {
    binding.keys.iter().map(|k| k.name()).collect::<Vec<_>>().join("  ")
}

/// Whether two rows belong together, so that they may be shown as one.
fn belong_together(one: &Binding, other: &Binding) -> bool {
    use Action as A;
    match (one.action, other.action) {
        (A::Turn(a, _), A::Turn(b, _)) => a == b,
        (A::HostLimit(_), A::HostLimit(_))
        | (A::TurnBoth(_), A::TurnBoth(_))
        | (A::Undo, A::Redo)
        | (A::Autopilot, A::Pin)
        | (A::Exclude, A::Seed)
        | (A::NextTab, A::PreviousTab)
        | (A::Up, A::Down)
        | (A::Left, A::Right)
        | (A::Show(_), A::Show(_))
        | (A::First, A::Last)
        | (A::Sort, A::Reverse)
        | (A::NextMatch, A::PreviousMatch)
        | (A::MarkColumn(_), A::MarkColumn(_))
        | (A::FaultSelect(_), A::FaultSelect(_))
        | (A::FaultLevel(_), A::FaultLevel(_))
        | (A::ScenePick(_), A::ScenePick(_))
        | (A::Zoom, A::Freeze)
        | (A::LargeType, A::Picture)
        | (A::Copy, A::OpenUrl)
        | (A::Redraw, A::Suspend)
        | (A::FaultOff, A::ClearFaults)
        | (A::LogMore, A::LogLess) => true,
        _ => false,
    }
}

/// How many rows from the first one on belong together.
fn run(rows: &[&Binding]) -> usize {
    rows.iter()
        .take_while(|row| row.action == rows[0].action || belong_together(rows[0], row))
        .count()
}

/// The rows as one line: their keys, and what they do, said once where it is the same.
fn joined(rows: &[&Binding]) -> (String, String) {
    let gap = if rows.len() > 2 { " " } else { "  " };
    let mut keys: Vec<_> = rows.iter().map(|row| names(row)).collect();
    if keys.len() > MANY {
        // A row of digits: the first, and the last two.
        keys.splice(1..keys.len() - 2, ["…".to_owned()]);
    }
    let mut what: Vec<_> = rows.iter().map(|row| row.help).collect();
    what.dedup();
    (keys.join(gap), what.join(", "))
}

impl KeyMap {
    /// The rows of a group.
    pub(super) fn rows_of(&self, group: KeyGroup) -> Vec<&Binding> {
        self.rows().iter().filter(|b| b.group == group).collect()
    }

    /// The lines of a group in the help: keys, and what they do. Rows that belong together share a
    /// line where it gets no longer than the others.
    #[must_use]
    pub fn help_lines(&self, group: KeyGroup) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        let all = self.rows_of(group);
        let mut rest = &all[..];
        while !rest.is_empty() {
            let fits = |n: &usize| {
                let (keys, what) = joined(&rest[..*n]);
                *n == 1 || text::width(&keys) <= SHARED_LINE.0 && what.len() <= SHARED_LINE.1
            };
            let n = (1..=run(rest)).rev().find(fits).unwrap_or(1);
            lines.push(joined(&rest[..n]));
            rest = &rest[n..];
        }
        if group == KeyGroup::Hosts {
            lines.push((self.typed(TYPED.0), TYPED.1.to_owned()));
        }
        lines
    }

    /// The keys of a group with their hints, for the frame of the panel that the group is about: the
    /// action of the first row, the keys, the words. Both directions of an action share one.
    #[must_use]
    pub fn panel_hints(&self, group: KeyGroup) -> Vec<(Action, String, String)> {
        let hint = |rows: &[&Binding]| {
            let keys: Vec<_> = rows.iter().map(|row| row.keys[0].name()).collect();
            let words: Vec<_> = rows.iter().map(|row| row.hint).filter(|h| !h.is_empty()).collect();
            (rows[0].action, keys.join(" "), words.join(", "))
        };
        self.rows_of(group)
            .chunk_by(|a, b| discriminant(&a.action) == discriminant(&b.action))
            .filter(|rows| !rows[0].hint.is_empty())
            .map(hint)
            .collect()
    }
}
