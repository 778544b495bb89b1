//! Part of `impl App`: the filter of a table, and the search in the log.

use super::state::App;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::log_view::is_listening;
use crate::ui::prompt::{Asking, Prompt};

impl App {
    /// Opens the prompt of the filter, or on the Log tab that of the search.
    pub(super) fn open_filter(&mut self, live: &Snapshot) {
        match self.tab {
            Tab::Hosts | Tab::Pages => {
                let filter = self.filter_mut().clone();
                self.prompt = Some(Prompt::new(Asking::Filter, &filter));
            }
            Tab::Log => self.open_search(live),
            _ => self.refuse("filters work on the Hosts and Pages tabs", live),
        }
    }

    /// Opens the prompt of the search, with the text searched for last.
    fn open_search(&mut self, live: &Snapshot) {
        if !is_listening() {
            self.refuse("nothing is logged here in this run", live);
            return;
        }
        let text = self.log.search.as_ref().map_or("", |search| search.text()).to_owned();
        self.log.search_for(&text);
        self.prompt = Some(Prompt::new(Asking::Search, &text));
    }

    /// Goes to the next line that the search finds, an older one or a newer one.
    pub(super) fn step_search(&mut self, older: bool, live: &Snapshot) {
        if self.tab != Tab::Log {
            self.refuse("the log is searched on the Log tab", live);
            return;
        }
        let Some(search) = &mut self.log.search else {
            let key = self.keys.name_of(Action::Filter);
            self.refuse(format!("{key} takes a text to search for"), live);
            return;
        };
        search.step(older);
    }
}
