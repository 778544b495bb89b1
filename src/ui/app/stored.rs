//! Part of `impl App`: pages from the database.

use super::state::App;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::store::PageFilter;
use crate::ui::action::Tab;
use crate::ui::stored::wanted::{StoredAnswer, Wanted};

impl App {
    /// Shows all stored pages on the Pages tab, or the last of this run again.
    pub(super) fn toggle_stored(&mut self, live: &Snapshot) {
        if self.tab != Tab::Pages {
            self.refuse("stored pages are shown on the Pages tab", live);
            return;
        }
        if !self.stored.readable {
            self.refuse("the database cannot be read here", live);
            return;
        }
        self.stored.on = !self.stored.on;
        self.detail = None;
        if self.stored.on {
            self.read_stored_anew();
        }
    }

    /// Whether the table shown is that of stored pages.
    pub(super) fn shows_stored(&self) -> bool {
        self.tab == Tab::Pages && self.stored.on
    }

    /// Reads the list of stored pages from its beginning.
    pub(super) fn read_stored_anew(&mut self) {
        self.stored.begin(PageFilter::new(&self.filter));
    }

    /// What is to be read from the database for what is shown now.
    pub fn wanted(&mut self, live: &Snapshot) -> Wanted {
        let frozen = self.frozen.clone();
        let shown = frozen.as_deref().unwrap_or(live);
        let open = self.detail.clone().filter(|_| self.tab == Tab::Pages);
        let failures = (self.tab == Tab::Deck).then_some(shown);
        self.stored.wanted(&self.filter, open.as_deref(), failures)
    }

    /// Takes in what was read.
    pub fn receive(&mut self, answer: StoredAnswer) {
        self.stored.receive(answer);
    }
}
