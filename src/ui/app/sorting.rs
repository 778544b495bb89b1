//! Part of `impl App`: the order of a table, and the choice of the column that it is sorted by.

use super::state::App;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::tables::{HOST_COLUMNS, PAGE_COLUMNS, TableState, WORKER_COLUMNS};

impl App {
    /// The names of the columns by which the table shown can be sorted, in the order of its titles; none on a
    /// tab without such a table.
    #[must_use]
    pub const fn sortable_columns(&self) -> &'static [&'static str] {
        match self.tab {
            Tab::Workers => &WORKER_COLUMNS,
            Tab::Hosts => &HOST_COLUMNS,
            Tab::Pages => &PAGE_COLUMNS,
            Tab::Deck | Tab::Tuning | Tab::Log => &[],
        }
    }

    /// Sorts the table shown by the column of this number; by the one sorted by already, the other way round. A
    /// click on a title does this.
    pub fn sort_by(&mut self, column: usize, live: &Snapshot) {
        if column < self.sortable_columns().len()
            && let Some(table) = self.sortable(live)
        {
            table.sort_by(column);
        }
    }

    /// Whether the column to sort by is being chosen.
    #[must_use]
    pub fn chooses_column(&self) -> bool {
        self.marked_column().is_some()
    }

    /// The column marked in the table shown.
    fn marked_column(&self) -> Option<usize> {
        match self.tab {
            Tab::Workers => self.workers.marked,
            Tab::Hosts => self.hosts.marked,
            Tab::Pages => self.pages.marked,
            Tab::Deck | Tab::Tuning | Tab::Log => None,
        }
    }

    /// Ends the choice of a column; whether there was one.
    pub(super) fn leave_columns(&mut self) -> bool {
        let tables = [&mut self.workers, &mut self.hosts, &mut self.pages];
        let marks = tables.map(|table| table.marked.take());
        marks.iter().any(Option::is_some)
    }

    /// What the keys for sorting do.
    pub(super) fn sort(&mut self, action: Action, live: &Snapshot) {
        if action == Action::Sort && self.leave_columns() {
            return;
        }
        let columns = self.sortable_columns();
        let Some(table) = self.sortable(live) else { return };
        let (sort, marked) = (table.sort, table.marked);
        match action {
            Action::Reverse => self.sort_by(sort, live),
            Action::SortByMarked => self.sort_by(marked.unwrap_or(sort), live),
            Action::MarkColumn(steps) => {
                let count = columns.len().cast_signed();
                let at = table.marked.unwrap_or(table.sort).cast_signed();
                table.marked = Some((at + steps).rem_euclid(count).cast_unsigned());
            }
            _ => table.marked = Some(table.sort.min(columns.len() - 1)),
        }
        self.say_column(live);
    }

    /// Names the marked column, also where the screen is too narrow for it.
    fn say_column(&mut self, live: &Snapshot) {
        let Some(marked) = self.marked_column() else { return };
        let columns = self.sortable_columns();
        let (sort, reverse) = self.table().map_or((0, false), |table| (table.sort, table.reverse));
        let key = self.keys.name_of(Action::SortByMarked);
        let order = if reverse { "▲" } else { "▼" };
        let words = if marked == sort {
            format!("sorted by {} {order}: {key} turns it round", columns[marked])
        } else {
            format!("{key} sorts by {}", columns[marked])
        };
        self.say(words, live);
    }

    /// The table shown, if it can be sorted; says where there are such.
    fn sortable(&mut self, live: &Snapshot) -> Option<&mut TableState> {
        if self.shows_stored() {
            self.refuse("stored pages stand in one order: found last, shown first", live);
            return None;
        }
        if self.sortable_columns().is_empty() {
            self.refuse("sorting works on the Workers, Hosts and Pages tabs", live);
            return None;
        }
        self.table()
    }
}
