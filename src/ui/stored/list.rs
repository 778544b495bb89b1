//! The stored pages that the Pages tab shows: rows so far, and what to ask next. Pure.

use std::sync::Arc;

use super::wanted::{ListPart, ListQuestion, ReadState, SearchProgress};
use crate::crawl::protocol::snapshot::PageView;
use crate::model::ids::{PageId, seq_of};
use crate::store::PageFilter;

/// Most rows that are kept.
pub const MAX_ROWS: usize = 20_000;

/// The list of stored pages.
#[derive(Debug, Clone, Default)]
pub struct StoredList {
    rows: Vec<Arc<PageView>>,
    state: ReadState,
    question: Option<ListQuestion>,
    /// The filter of the rows.
    filter: PageFilter,
    /// Pages below this one were not looked at.
    below: Option<PageId>,
}

impl StoredList {
    /// The rows so far, newest first.
    #[must_use]
    pub fn rows(&self) -> &[Arc<PageView>] {
        &self.rows
    }

    /// Where reading stands.
    #[must_use]
    pub const fn state(&self) -> &ReadState {
        &self.state
    }

    /// How many of the pages, by their numbers, are still to be looked through; `None` before the first part.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        self.below.map(|below| seq_of(below).saturating_sub(1))
    }

    /// Begins with the newest pages that pass the filter; `number` is that of the question.
    pub fn begin(&mut self, filter: PageFilter, number: u64) {
        let question = ListQuestion { number, filter: filter.clone(), below: None };
        *self =
            Self { question: Some(question), state: ReadState::Reading, filter, ..Self::default() };
    }

    /// Whether the rows are those of another filter.
    #[must_use]
    pub fn is_outdated(&self, filter: &PageFilter) -> bool {
        self.filter != *filter || self.state == ReadState::Nothing
    }

    /// Asks for the next page, if there may be one and none is on its way.
    pub fn more(&mut self, number: u64) {
        if self.state == ReadState::More && self.rows.len() < MAX_ROWS {
            let filter = self.filter.clone();
            self.question = Some(ListQuestion { number, filter, below: self.below });
            self.state = ReadState::Reading;
        }
    }

    /// What is to be answered.
    #[must_use]
    pub const fn question(&self) -> Option<&ListQuestion> {
        self.question.as_ref()
    }

    /// Takes an answer in, if it is one to the newest question.
    pub fn receive(&mut self, number: u64, part: Result<ListPart, String>) {
        if self.question.as_ref().is_none_or(|question| question.number != number) {
            return;
        }
        match part {
            Ok(part) => {
                self.rows.extend(part.rows);
                self.below = Some(part.below);
                self.state = match part.progress {
                    SearchProgress::Searching => ReadState::Reading,
                    SearchProgress::Full => ReadState::More,
                    SearchProgress::End => ReadState::All,
                };
            }
            Err(why) => self.state = ReadState::Failed(why),
        }
    }
}
