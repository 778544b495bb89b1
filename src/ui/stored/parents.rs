//! URLs of pages of earlier runs, on which failures of this run were found. Pure.

use std::sync::Arc;

use hashbrown::HashMap;

use super::wanted::{MAX_PARENTS, PageUrls, ParentsQuestion};
use crate::crawl::protocol::snapshot::{RecentFailure, Snapshot};
use crate::model::ids::PageId;

/// Most URLs that are kept.
const MAX_KEPT: usize = 500;
/// Seconds after which a database that could not be read is asked again.
const AGAIN_S: f64 = 5.0;

/// The page on which something was found: its URL, or its id while that is not known.
pub type Parent = Result<Arc<str>, PageId>;

/// URLs of pages, as far as they were read.
#[derive(Debug, Clone, Default)]
pub struct ParentUrls {
    urls: HashMap<PageId, Option<Arc<str>>>,
    question: Option<ParentsQuestion>,
    waits: bool,
    failed: bool,
    /// When the database is asked again after it failed.
    again_s: f64,
    now_s: f64,
}

impl ParentUrls {
    /// Asks for what the failures of a snapshot need and nobody knows; `number` is that of the question. Returns
    /// whether it asks.
    pub fn follow(&mut self, snapshot: &Snapshot, number: u64) -> bool {
        self.now_s = snapshot.at_s;
        if self.waits || self.failed && self.now_s < self.again_s {
            return false;
        }
        let mut ids: Vec<PageId> = Vec::new();
        for id in snapshot.failures.iter().filter_map(|failure| unnamed(failure)) {
            if ids.len() < MAX_PARENTS && !self.urls.contains_key(&id) && !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return false;
        }
        self.question = Some(ParentsQuestion { number, ids });
        self.waits = true;
        true
    }

    /// What is to be answered.
    #[must_use]
    pub const fn question(&self) -> Option<&ParentsQuestion> {
        self.question.as_ref()
    }

    /// Takes an answer in.
    pub fn receive(&mut self, number: u64, urls: Result<PageUrls, String>) {
        if self.question.as_ref().is_none_or(|question| question.number != number) {
            return;
        }
        self.waits = false;
        self.failed = urls.is_err();
        self.again_s = self.now_s + AGAIN_S;
        let Ok(urls) = urls else { return };
        if self.urls.len() + urls.len() > MAX_KEPT {
            self.urls.clear();
        }
        self.urls.extend(urls);
    }

    /// The page on which a failure was found, if it was found on one.
    #[must_use]
    pub fn of(&self, failure: &RecentFailure) -> Option<Parent> {
        if let Some(url) = &failure.found_on {
            return Some(Ok(Arc::clone(url)));
        }
        let id = failure.found_on_id?;
        Some(self.urls.get(&id).cloned().flatten().ok_or(id))
    }
}

/// The page on which a failure was found, if its URL is not known.
fn unnamed(failure: &RecentFailure) -> Option<PageId> {
    failure.found_on_id.filter(|_| failure.found_on.is_none())
}
