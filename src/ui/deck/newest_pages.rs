//! Which of the newest pages are shown: a new one at most every quarter of a second, so that rows can be read.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::crawl::protocol::snapshot::{PageView, Snapshot};
use crate::model::page_state::PageState;

/// Seconds between two rows that are new.
const EVERY_S: f64 = 0.25;
/// Rows kept: those of the highest screen.
const KEPT: usize = 128;

/// The pages shown, newest first.
#[derive(Debug, Default)]
pub struct NewestPages {
    pages: VecDeque<Arc<PageView>>,
    last_at_s: f64,
}

impl NewestPages {
    /// Takes note of a snapshot.
    pub fn see(&mut self, s: &Snapshot) {
        if s.at_s - self.last_at_s < EVERY_S && !self.pages.is_empty() {
            return;
        }
        // All of them while they come slowly, else one of those that came since.
        let known = self.pages.front().map_or(0, |page| page.id);
        let fetched = s.recent.iter().filter(|page| page.state != PageState::Skipped);
        let new: Vec<_> = fetched.take_while(|page| page.id != known).take(KEPT).collect();
        let step = s.at_s - self.last_at_s;
        // In slow motion there is time to read all of them.
        let room = if self.pages.is_empty() || s.slow.is_some() {
            KEPT
        } else {
            ((step / EVERY_S) as usize).max(1)
        };
        for page in new.into_iter().take(room).rev() {
            self.pages.push_front(Arc::clone(page));
            self.last_at_s = s.at_s;
        }
        self.pages.truncate(KEPT);
    }

    /// The pages to show, newest first: those chosen, or where no snapshot was seen before, those of this one.
    #[must_use]
    pub fn shown<'a>(&'a self, s: &'a Snapshot) -> Vec<&'a PageView> {
        if self.pages.is_empty() {
            let fetched = s.recent.iter().filter(|page| page.state != PageState::Skipped);
            return fetched.map(|page| &**page).collect();
        }
        self.pages.iter().map(|page| &**page).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(at_s: f64, pages: i64) -> Snapshot {
        let page =
            |id| PageView { id, ..serde_json::from_str(PAGE).unwrap_or_else(|e| panic!("{e}")) };
        let recent: Vec<_> = (1..=pages).rev().map(|id| Arc::new(page(id))).collect();
        Snapshot { at_s, recent: recent.into(), ..Snapshot::default() }
    }

    const PAGE: &str = r#"{"id":0,"at_s":0.0,"created_at":"2026-01-01T00:00:00Z","url":"http://h/","state":"ok",
        "status":200,"content_length":0,"content_type":null,"title":null,"depth":0,"elapsed_ms":1,"attempts":1,
        "final_url":null,"redirects":[],"error":null,"not_parsed":null,"found_on":null,"links_found":0,"links":[]}"#;

    #[test]
    fn at_most_four_rows_a_second_are_new_and_none_is_lost_when_few_come() {
        let mut newest = NewestPages::default();
        let ids = |newest: &NewestPages| newest.pages.iter().map(|p| p.id).collect::<Vec<_>>();
        newest.see(&after(0.1, 2));
        assert_eq!(ids(&newest), [2, 1]);
        newest.see(&after(0.2, 9));
        assert_eq!(ids(&newest), [2, 1], "too soon");
        newest.see(&after(0.4, 20));
        assert_eq!(ids(&newest), [20, 2, 1]);
        newest.see(&after(1.4, 22));
        assert_eq!(ids(&newest), [22, 21, 20, 2, 1], "both that came");
    }
}
