//! What the view wants to know of the database, and the answers to it. Plain data.

use std::sync::Arc;

use crate::crawl::protocol::snapshot::PageView;
use crate::model::ids::PageId;
use crate::store::{InboundLink, PageFilter};

/// Rows of one page of a list.
pub const PAGE_ROWS: usize = 200;

/// Most pages whose URLs are asked for at a time.
pub const MAX_PARENTS: usize = 20;

/// All that the view wants now. Each question has a number, which grows: an answer to an earlier one is late.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// Of the list of pages.
    pub list: Option<ListQuestion>,
    /// Of the page whose detail is open.
    pub detail: Option<DetailQuestion>,
    /// Where failures were found.
    pub parents: Option<ParentsQuestion>,
}

/// The next page of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuestion {
    /// Number of the question.
    pub number: u64,
    /// What passes.
    pub filter: PageFilter,
    /// Only pages with an id below this one; `None` begins with the newest.
    pub below: Option<PageId>,
}

/// What is to be known of a page besides its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetailQuestion {
    /// Number of the question.
    pub number: u64,
    /// The page.
    pub page: PageId,
    /// The page on which it was found, if its URL is not known.
    pub found_on: Option<PageId>,
    /// Links from pages with an id above this one; `None` begins with the first, and asks for what else there is.
    pub above: Option<PageId>,
}

/// The URLs of pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentsQuestion {
    /// Number of the question.
    pub number: u64,
    /// At most [`MAX_PARENTS`] pages.
    pub ids: Vec<PageId>,
}

/// Pages with their URLs, `None` where they are not stored.
pub type PageUrls = Vec<(PageId, Option<Arc<str>>)>;

/// Whether there is more to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchProgress {
    /// The search goes on: another part follows.
    Searching,
    /// A page of rows is full: the next question continues.
    Full,
    /// All was looked at.
    End,
}

/// Where reading stands, for the view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReadState {
    /// Nothing was asked yet.
    #[default]
    Nothing,
    /// An answer is on its way.
    Reading,
    /// There may be more rows, for which nobody has asked.
    More,
    /// All that there is.
    All,
    /// The database cannot be read, for this reason.
    Failed(String),
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPart {
    /// Rows that follow those of the parts before.
    pub rows: Vec<Arc<PageView>>,
    /// Pages with an id below this one were not looked at yet.
    pub below: PageId,
    /// Whether there is more.
    pub progress: SearchProgress,
}

/// A part of what is to be known of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum DetailPart {
    /// What there is besides the links to it.
    Head {
        /// URL of the page on which it was found; `None` where that page is not stored, or was not asked for.
        found_on: Option<Arc<str>>,
        /// Where it leads.
        links: Vec<Arc<str>>,
    },
    /// Links to it.
    Links {
        /// Those that follow the ones of the parts before.
        links: Vec<InboundLink>,
        /// Pages with an id above this one were not looked at yet.
        above: PageId,
        /// Whether there is more.
        progress: SearchProgress,
    },
}

/// An answer, or a part of one, with the number of its question.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredAnswer {
    /// To a [`ListQuestion`].
    List(u64, Result<ListPart, String>),
    /// To a [`DetailQuestion`].
    Detail(u64, Result<DetailPart, String>),
    /// To a [`ParentsQuestion`]: each page with its URL, `None` where it is not stored.
    Parents(u64, Result<PageUrls, String>),
}
