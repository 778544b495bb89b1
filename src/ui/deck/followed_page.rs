//! The page that is followed by name in slow motion, from its request to its row in the database. One at a time:
//! when it is saved, the next one is chosen.

use std::sync::Arc;

use crate::crawl::protocol::snapshot::{PageView, Snapshot, WorkerState};
use crate::ui::text;
use crate::ui::units;

/// Tracks that a followed page's dot is marked on: through the gate, to the saver, into the database.
const BEGUN: usize = 2;
const ANSWERED: usize = 3;
const SAVED: usize = 4;
/// Seconds for which a saved page stays named.
const LINGERS_S: f64 = 2.0;
/// Seconds after which a URL that no worker has any more is given up: it is tried again later.
const PATIENCE_S: f64 = 1.0;

/// A page under way.
#[derive(Debug, Clone)]
struct Followed {
    url: Arc<str>,
    since_s: f64,
    /// When a worker last had it.
    held_at_s: f64,
    /// Its row, once it has an answer, and how many pages had one then.
    answered: Option<(Arc<PageView>, u64)>,
    saved_at_s: Option<f64>,
}

/// The page that is followed, if slow motion is on.
#[derive(Debug, Clone, Default)]
pub struct FollowedPage {
    page: Option<Followed>,
    entered: Option<usize>,
}

impl FollowedPage {
    /// Takes note of a snapshot.
    pub fn see(&mut self, s: &Snapshot) {
        self.entered = None;
        if s.slow.is_none() || s.run.is_final() {
            self.page = None;
            return;
        }
        let Some(page) = &mut self.page else { return self.choose(s) };
        if page.answered.is_none() {
            let row = s.recent.iter().take_while(|row| row.at_s >= page.since_s);
            if let Some(row) = row.into_iter().find(|row| row.url == page.url) {
                page.answered = Some((Arc::clone(row), s.flow.passed[ANSWERED]));
                self.entered = Some(ANSWERED);
            } else if s.workers.iter().any(|worker| worker.url.as_ref() == Some(&page.url)) {
                page.held_at_s = s.at_s;
            } else if s.at_s - page.held_at_s > PATIENCE_S {
                self.choose(s);
            }
            return;
        }
        match (page.saved_at_s, &page.answered) {
            (None, Some((_, answered))) if s.flow.passed[SAVED] >= *answered => {
                page.saved_at_s = Some(s.at_s);
                self.entered = Some(SAVED);
            }
            (Some(saved_at_s), _) if s.at_s - saved_at_s >= LINGERS_S => self.choose(s),
            _ => {}
        }
    }

    /// Chooses the page whose request began last.
    fn choose(&mut self, s: &Snapshot) {
        let at_server = |state| matches!(state, WorkerState::Connect | WorkerState::FirstByte);
        let begun = s.workers.iter().filter(|worker| at_server(worker.state));
        let newest = begun.min_by_key(|worker| worker.for_ms);
        self.page = newest.and_then(|worker| worker.url.clone()).map(|url| Followed {
            url,
            since_s: s.at_s,
            held_at_s: s.at_s,
            answered: None,
            saved_at_s: None,
        });
        self.entered = self.page.as_ref().map(|_| BEGUN);
    }

    /// The track that it set out on with the last snapshot.
    #[must_use]
    pub const fn entered(&self) -> Option<usize> {
        self.entered
    }

    /// Whether this is it.
    #[must_use]
    pub fn is(&self, page: &PageView) -> bool {
        let row = self.page.as_ref().and_then(|followed| followed.answered.as_ref());
        row.is_some_and(|(row, _)| row.id == page.id)
    }

    /// Its URL, and where it is.
    #[must_use]
    pub fn words(&self, s: &Snapshot) -> Option<(&str, String)> {
        let page = self.page.as_ref()?;
        let words = match (&page.answered, page.saved_at_s) {
            (None, _) => {
                let worker = s.workers.iter().find(|w| w.url.as_ref() == Some(&page.url));
                let held = worker.map(|worker| {
                    let time = units::duration(worker.for_ms as f64);
                    format!("worker {} {} {}", worker.id + 1, worker.state.name(), time.trim())
                });
                held.unwrap_or_else(|| "put back for a retry".to_owned())
            }
            (Some((row, _)), saved) => {
                let status = row.status.map_or("no answer".to_owned(), |n| n.to_string());
                let time = units::duration(row.elapsed_ms as f64);
                let place = if saved.is_some() { "saved" } else { "waits for the saver" };
                let title = text::clean(row.title.as_deref().unwrap_or_default());
                let links = units::counted(u64::from(row.links_found), "link", "links");
                format!("{place}: {status} after {}, {links}  {title}", time.trim())
            }
        };
        Some((&page.url, words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::protocol::snapshot::WorkerView;
    use crate::settings::slow_motion::SlowMotion;

    fn fetching(url: &str, for_ms: u64) -> WorkerView {
        let url = Some(url.into());
        let state = WorkerState::FirstByte;
        WorkerView { id: 0, state, url, attempt: 1, for_ms, leaving: false, pages: 0 }
    }

    fn row(id: i64, url: &str) -> Arc<PageView> {
        let text = format!(
            r#"{{"id":{id},"at_s":3.0,"created_at":"2026-01-01T00:00:00Z","url":"{url}","state":"ok","status":200,
            "content_length":0,"content_type":null,"title":"T","depth":0,"elapsed_ms":400,"attempts":1,
            "final_url":null,"redirects":[],"error":null,"not_parsed":null,"found_on":null,"links_found":3,"links":[]}}"#
        );
        Arc::new(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}")))
    }

    #[test]
    fn a_page_is_followed_from_its_request_to_its_row() {
        let mut s = Snapshot { at_s: 1.0, slow: SlowMotion::new(0.1), ..Snapshot::default() };
        let mut followed = FollowedPage::default();
        followed.see(&s);
        assert_eq!((followed.entered(), followed.words(&s)), (None, None), "no request yet");
        s.workers = vec![fetching("http://h/a", 900), fetching("http://h/b", 10)];
        followed.see(&s);
        assert_eq!(followed.entered(), Some(BEGUN), "the newest request");
        assert_eq!(followed.words(&s).map(|(url, _)| url), Some("http://h/b"));
        s.at_s = 3.0;
        s.workers = vec![fetching("http://h/c", 10)];
        s.recent = [row(7, "http://h/b"), row(6, "http://h/a")].into();
        s.flow.passed = [9, 9, 9, 5, 3];
        followed.see(&s);
        assert_eq!(followed.entered(), Some(ANSWERED));
        assert!(followed.is(&row(7, "")) && !followed.is(&row(6, "")));
        assert!(
            followed
                .words(&s)
                .is_some_and(|(_, words)| words.starts_with("waits for the saver: 200"))
        );
        s.at_s = 4.0;
        s.flow.passed[SAVED] = 4;
        followed.see(&s);
        assert_eq!(followed.entered(), None, "those before it are saved first");
        s.flow.passed[SAVED] = 5;
        followed.see(&s);
        assert_eq!(followed.entered(), Some(SAVED));
        s.at_s = 7.0;
        followed.see(&s);
        assert_eq!(followed.words(&s).map(|(url, _)| url), Some("http://h/c"), "the next one");
        s.slow = None;
        followed.see(&s);
        assert_eq!(followed.words(&s), None);
    }

    #[test]
    fn a_url_that_is_put_back_is_not_waited_for() {
        let mut s = Snapshot { at_s: 1.0, slow: SlowMotion::new(0.1), ..Snapshot::default() };
        s.workers = vec![fetching("http://h/a", 0)];
        let mut followed = FollowedPage::default();
        followed.see(&s);
        s.workers = vec![fetching("http://h/b", 0)];
        s.at_s = 1.5;
        followed.see(&s);
        assert!(followed.words(&s).is_some_and(|(_, words)| words.contains("put back")));
        s.at_s = 2.6;
        followed.see(&s);
        assert_eq!(followed.words(&s).map(|(url, _)| url), Some("http://h/b"));
    }
}
