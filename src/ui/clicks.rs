//! What can be clicked: the places of the last frame, and what each means. It knows no terminal.

use ratatui::layout::{Position, Rect};

use super::action::{Action, Tab};

/// What a click on a place asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClickTarget {
    /// Show a tab.
    Tab(Tab),
    /// Select the row with this id of the table that is shown; once selected: open it.
    Row(i64),
    /// Sort the table that is shown by this column; once sorted by it: the other way round.
    Column(usize),
    /// Do this.
    Do(Action),
    /// Nothing: something lies over what is below.
    Nothing,
}

/// The places of one frame. What was added last lies on top.
#[derive(Debug, Default)]
pub struct ClickMap(Vec<(Rect, ClickTarget)>);

impl ClickMap {
    /// A click within `place` means `target`.
    pub fn add(&mut self, place: Rect, target: ClickTarget) {
        self.0.push((place, target));
    }

    /// What a click on a cell means.
    #[must_use]
    pub fn at(&self, column: u16, row: u16) -> Option<ClickTarget> {
        let hit = |(place, _): &&(Rect, ClickTarget)| place.contains(Position::new(column, row));
        self.0.iter().rev().find(hit).map(|(_, target)| *target)
    }
}
