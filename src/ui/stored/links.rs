//! What the database knows of the page whose detail is open: where it was found, and what links to it. Pure.

use std::sync::Arc;

use super::wanted::{DetailPart, DetailQuestion, ReadState, SearchProgress};
use crate::crawl::protocol::snapshot::PageView;
use crate::model::ids::PageId;
use crate::store::InboundLink;

/// Most links that are kept: a row of the detail is counted in 16 bits.
pub const MAX_LINKS: usize = 60_000;

/// The page on which a page was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetailParent {
    /// This one.
    Url(Arc<str>),
    /// No page: it is a seed, or was listed in a sitemap.
    None,
    /// It is being read.
    Reading,
    /// This one, whose row is not there.
    NotStored(PageId),
    /// This one, whose row cannot be read now.
    Unread(PageId),
}

/// What there is about the open page besides its row and the links to it.
#[derive(Debug, Clone)]
struct DetailHead {
    /// URL of the page on which it was found, where that was asked for and is stored.
    found_on: Option<Arc<str>>,
    /// Where it leads.
    links: Vec<Arc<str>>,
}

/// What is known of the open page besides its row.
#[derive(Debug, Clone, Default)]
pub struct StoredDetail {
    page: Option<PageId>,
    question: Option<DetailQuestion>,
    /// What there is besides the links to it, once that is read.
    head: Option<DetailHead>,
    links: Vec<InboundLink>,
    above: Option<PageId>,
    state: ReadState,
}

impl StoredDetail {
    /// Takes note of which page is open; asks for it when it is another one. `number` is that of the question.
    pub fn follow(&mut self, open: Option<&PageView>, number: u64) -> bool {
        if self.page == open.map(|page| page.id) {
            return false;
        }
        *self = Self::default();
        let Some(page) = open else { return false };
        let found_on = page.found_on_id.filter(|_| page.found_on.is_none());
        self.page = Some(page.id);
        self.question = Some(DetailQuestion { number, page: page.id, found_on, above: None });
        self.state = ReadState::Reading;
        true
    }

    /// Asks for more links, if there may be more and none are on their way.
    pub fn more(&mut self, number: u64) {
        if self.state == ReadState::More
            && self.links.len() < MAX_LINKS
            && let Some(question) = &mut self.question
        {
            (question.number, question.above) = (number, self.above);
            self.state = ReadState::Reading;
        }
    }

    /// What is to be answered.
    #[must_use]
    pub const fn question(&self) -> Option<DetailQuestion> {
        self.question
    }

    /// Takes an answer in, if it is one to the newest question.
    pub fn receive(&mut self, number: u64, part: Result<DetailPart, String>) {
        if self.question.is_none_or(|question| question.number != number) {
            return;
        }
        match part {
            Ok(DetailPart::Head { found_on, links }) => {
                self.head = Some(DetailHead { found_on, links });
            }
            Ok(DetailPart::Links { links, above, progress }) => {
                self.links.extend(links);
                self.above = Some(above);
                self.state = match progress {
                    SearchProgress::Searching => ReadState::Reading,
                    SearchProgress::Full => ReadState::More,
                    SearchProgress::End => ReadState::All,
                };
            }
            Err(why) => self.state = ReadState::Failed(why),
        }
    }

    /// Where a page was found.
    #[must_use]
    pub fn parent(&self, page: &PageView) -> DetailParent {
        if let Some(url) = &page.found_on {
            return DetailParent::Url(Arc::clone(url));
        }
        let Some(id) = page.found_on_id else { return DetailParent::None };
        match &self.head {
            _ if self.page != Some(page.id) => DetailParent::Unread(id),
            Some(head) => match &head.found_on {
                Some(url) => DetailParent::Url(Arc::clone(url)),
                None => DetailParent::NotStored(id),
            },
            None if self.state == ReadState::Reading => DetailParent::Reading,
            None => DetailParent::Unread(id),
        }
    }

    /// Where the page leads, as far as it was read.
    #[must_use]
    pub fn leads_to(&self) -> &[Arc<str>] {
        self.head.as_ref().map_or(&[], |head| &head.links)
    }

    /// Links to the page, as far as they were read.
    #[must_use]
    pub fn links(&self) -> &[InboundLink] {
        &self.links
    }

    /// Where reading of these stands.
    #[must_use]
    pub const fn state(&self) -> &ReadState {
        &self.state
    }
}
