//! All that the view keeps of the database, and all that it wants of it. Pure.

use super::links::StoredDetail;
use super::list::StoredList;
use super::parents::ParentUrls;
use super::wanted::{StoredAnswer, Wanted};
use crate::crawl::protocol::snapshot::{PageView, Snapshot};
use crate::store::PageFilter;
use crate::ui::tables::TableState;

/// What the view keeps of the database.
#[derive(Debug, Default)]
pub struct StoredView {
    /// Whether the Pages tab shows all stored pages, instead of the last of this run.
    pub on: bool,
    /// The table of stored pages.
    pub table: TableState,
    /// Stored pages.
    pub list: StoredList,
    /// What there is about the open page.
    pub detail: StoredDetail,
    /// Where failures were found.
    pub parents: ParentUrls,
    /// Whether there is a database to read: none in the pictures of tests, and where the task is gone.
    pub readable: bool,
    /// Whether the crawl stores links.
    pub links: bool,
    /// The number of the last question.
    number: u64,
}

impl StoredView {
    /// Brings the questions up to date with what is shown, and returns them.
    pub fn wanted(
        &mut self,
        filter: &str,
        open: Option<&PageView>,
        failures: Option<&Snapshot>,
    ) -> Wanted {
        if !self.readable {
            return Wanted::default();
        }
        let filter = PageFilter::new(filter);
        if self.on && self.list.is_outdated(&filter) {
            self.begin(filter);
        }
        let next = self.number + 1;
        let asks = self.detail.follow(open, next);
        self.number += u64::from(asks);
        let next = self.number + 1;
        let asks = failures.is_some_and(|snapshot| self.parents.follow(snapshot, next));
        self.number += u64::from(asks);
        Wanted {
            list: self.list.question().filter(|_| self.on).cloned(),
            detail: self.detail.question(),
            parents: self.parents.question().cloned(),
        }
    }

    /// Reads the list from its beginning.
    pub fn begin(&mut self, filter: PageFilter) {
        self.number += 1;
        self.list.begin(filter, self.number);
        self.table.selected = None;
    }

    /// Asks for the next page of the list when the last row shown is near its end.
    pub fn list_shown_to(&mut self, row: usize) {
        if row + self.table.visible >= self.list.rows().len() {
            self.number += 1;
            self.list.more(self.number);
        }
    }

    /// Asks for more links to the open page when the last one shown is near their end.
    pub fn links_shown_to(&mut self, row: usize, rows: usize) {
        if row + rows >= self.detail.links().len() {
            self.number += 1;
            self.detail.more(self.number);
        }
    }

    /// Takes an answer in.
    pub fn receive(&mut self, answer: StoredAnswer) {
        match answer {
            StoredAnswer::List(number, part) => self.list.receive(number, part),
            StoredAnswer::Detail(number, part) => self.detail.receive(number, part),
            StoredAnswer::Parents(number, urls) => self.parents.receive(number, urls),
        }
    }
}
