//! The task that reads from the database what the view wants.
//!
//! It answers in parts: each step looks through a window of ids that takes about a tenth of a second, whatever
//! the database holds, and what it found is shown at once. Between two steps it takes note of what is wanted
//! now. It must not know how anything is drawn.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::wanted::{
    DetailPart, DetailQuestion, ListPart, ListQuestion, PAGE_ROWS, PageUrls, ParentsQuestion,
    SearchProgress, StoredAnswer, Wanted,
};
use crate::crawl::protocol::snapshot::{PAGE_LINKS, PageView};
use crate::model::ids::{PageId, crawl_of, id_range};
use crate::store::{
    Between, LINK_BLOCK, MAX_LINK_BLOCKS, PageFilter, StoreError, StoredPage, StoredPages,
};

/// How long a step should take.
const STEP: Duration = Duration::from_millis(100);
/// Ids that the first step looks through, for pages and for links.
const FIRST_WINDOW: i64 = 8 * LINK_BLOCK;
/// Least ids of a step.
const LEAST_WINDOW: i64 = LINK_BLOCK / 4;
/// Answers that may wait for the view.
const ANSWERS: usize = 4;
/// How long to wait for the database when the view is gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pages of a crawl, for the dashboard.
#[derive(Clone)]
pub struct StoredSource {
    /// Reads them.
    pub pages: Arc<dyn StoredPages>,
    /// Whether the crawl stores links.
    pub links: bool,
}

impl std::fmt::Debug for StoredSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSource").field("links", &self.links).finish_non_exhaustive()
    }
}

/// The view's end of the way to the task.
#[derive(Debug)]
pub struct StoredLink {
    wanted: watch::Sender<Wanted>,
    answers: mpsc::Receiver<StoredAnswer>,
}

impl StoredLink {
    /// Tells the task what is wanted now.
    pub fn want(&self, wanted: Wanted) {
        self.wanted.send_if_modified(|now| {
            let changed = *now != wanted;
            *now = wanted;
            changed
        });
    }

    /// The next answer; `None` when the task is gone.
    pub async fn answer(&mut self) -> Option<StoredAnswer> {
        self.answers.recv().await
    }
}

/// The task, until it is over.
#[derive(Debug)]
pub struct ReadingTask(JoinHandle<()>);

impl ReadingTask {
    /// Waits until it has closed its connection, but no longer than a second: nobody sees its answers any more.
    pub async fn ended(mut self) {
        if tokio::time::timeout(PATIENCE, &mut self.0).await.is_err() {
            self.0.abort();
        }
    }
}

/// Starts the task on the runtime of the caller.
#[must_use]
pub fn start(pages: Arc<dyn StoredPages>) -> (StoredLink, ReadingTask) {
    let (wanted, wanted_now) = watch::channel(Wanted::default());
    let (sender, answers) = mpsc::channel(ANSWERS);
    let task = tokio::spawn(serve(pages, wanted_now, sender));
    (StoredLink { wanted, answers }, ReadingTask(task))
}

/// Answers until the view is gone.
async fn serve(
    pages: Arc<dyn StoredPages>,
    mut wanted: watch::Receiver<Wanted>,
    answers: mpsc::Sender<StoredAnswer>,
) {
    let mut reader = Reader::new(pages);
    loop {
        if wanted.has_changed().is_err() {
            break;
        }
        let now = wanted.borrow_and_update().clone();
        let Some(answer) = reader.step(&now).await else {
            if wanted.changed().await.is_err() {
                break;
            }
            continue;
        };
        if answers.send(answer).await.is_err() {
            break;
        }
    }
    reader.pages.close().await;
}

/// A window of ids that grows and shrinks with the time that a step takes.
#[derive(Debug, Clone, Copy)]
struct IdWindow(i64);

impl IdWindow {
    /// Takes note of how long a step took.
    fn learn(&mut self, took: Duration) {
        let factor = (STEP.as_secs_f64() / took.as_secs_f64().max(1e-6)).clamp(0.25, 2.0);
        let most = MAX_LINK_BLOCKS * LINK_BLOCK;
        self.0 = ((self.0 as f64 * factor) as i64).clamp(LEAST_WINDOW, most);
    }
}

/// A question that is being answered, and how far that has come.
#[derive(Debug)]
struct Search {
    number: u64,
    /// Rows found so far.
    rows: usize,
    /// Where it continues; `None` at its beginning.
    at: Option<PageId>,
    /// The newest page there is, once it is known.
    newest: Option<PageId>,
    over: bool,
}

impl Search {
    const fn new(number: u64, at: Option<PageId>) -> Self {
        Self { number, rows: 0, at, newest: None, over: false }
    }

    /// How many rows are wanted yet.
    const fn left(&self) -> usize {
        PAGE_ROWS.saturating_sub(self.rows)
    }
}

/// Reads step by step.
struct Reader {
    pages: Arc<dyn StoredPages>,
    list: Search,
    list_window: IdWindow,
    detail: Search,
    detail_window: IdWindow,
    /// Whether the head of the detail has been told.
    head: bool,
    /// Number of the last question of parents that was answered.
    parents: u64,
}

impl Reader {
    const fn new(pages: Arc<dyn StoredPages>) -> Self {
        // Questions have numbers from 1.
        Self {
            pages,
            list: Search::new(0, None),
            list_window: IdWindow(FIRST_WINDOW),
            detail: Search::new(0, None),
            detail_window: IdWindow(FIRST_WINDOW),
            head: false,
            parents: 0,
        }
    }

    /// The next part of an answer; `None` when all is answered. What is open comes first.
    async fn step(&mut self, wanted: &Wanted) -> Option<StoredAnswer> {
        if let Some(question) = &wanted.detail {
            if self.detail.number != question.number {
                self.detail = Search::new(question.number, question.above);
                self.head = question.above.is_some();
                self.detail_window = IdWindow(FIRST_WINDOW);
            }
            if !self.detail.over {
                let part = self.detail_step(question).await;
                self.detail.over |= part.is_err();
                let part = part.map_err(|error| error.to_string());
                return Some(StoredAnswer::Detail(question.number, part));
            }
        }
        if let Some(question) = &wanted.list {
            if self.list.number != question.number {
                self.list = Search::new(question.number, question.below);
                if question.below.is_none() {
                    // Another filter may take longer for as many pages.
                    self.list_window = IdWindow(FIRST_WINDOW);
                }
            }
            if !self.list.over {
                let part = self.list_step(question).await;
                self.list.over |= part.is_err();
                let part = part.map_err(|error| error.to_string());
                return Some(StoredAnswer::List(question.number, part));
            }
        }
        let question = wanted.parents.as_ref().filter(|asked| asked.number != self.parents)?;
        self.parents = question.number;
        let urls = self.urls(question).await.map_err(|error| error.to_string());
        Some(StoredAnswer::Parents(question.number, urls))
    }

    /// Looks through the next window of pages, from the newest down.
    async fn list_step(&mut self, question: &ListQuestion) -> Result<ListPart, StoreError> {
        let newest = match self.list.at {
            None => self.pages.newest().await?,
            Some(below) => Some(below - 1),
        };
        let Some(below) = newest.map(|newest| newest + 1) else {
            self.list.over = true;
            return Ok(ListPart { rows: Vec::new(), below: 0, progress: SearchProgress::End });
        };
        let (first, _) = id_range(crawl_of(below - 1));
        let above = (below - 1 - self.list_window.0).max(first - 1);
        let since = Instant::now();
        let limit = self.list.left() as u32;
        let ids = Between { above, below };
        let read = self.pages.pages(ids, &question.filter, limit).await?;
        if read.ended_at.is_none() {
            // Otherwise it did not look through all of it.
            self.list_window.learn(since.elapsed());
        }
        let below = read.ended_at.unwrap_or(above + 1);
        self.list.at = Some(below);
        self.list.rows += read.pages.len();
        let progress = match below {
            _ if self.list.left() == 0 => SearchProgress::Full,
            below if below <= first => SearchProgress::End,
            _ => SearchProgress::Searching,
        };
        self.list.over = progress != SearchProgress::Searching;
        let rows = read.pages.into_iter().map(|page| Arc::new(page_view(page))).collect();
        Ok(ListPart { rows, below, progress })
    }

    /// Tells what there is besides links to a page, then looks through the next window of links to it.
    async fn detail_step(&mut self, question: &DetailQuestion) -> Result<DetailPart, StoreError> {
        if !self.head {
            self.head = true;
            let found_on = match question.found_on {
                Some(id) => self.url(id).await?,
                None => None,
            };
            let links = self.pages.links_from(question.page, PAGE_LINKS as u32).await?;
            let links = links.into_iter().map(|link| link.url).collect();
            return Ok(DetailPart::Head { found_on, links });
        }
        let newest = match self.detail.newest {
            Some(newest) => newest,
            None => self.pages.newest().await?.unwrap_or(0),
        };
        self.detail.newest = Some(newest);
        // Links lead from pages of this crawl alone.
        let (first, _) = id_range(crawl_of(newest));
        let above = self.detail.at.unwrap_or(first - 1);
        let below = (above + 1 + self.detail_window.0).min(newest + 1);
        let since = Instant::now();
        let limit = self.detail.left();
        let ids = Between { above, below };
        let links = self.pages.links_to(question.page, ids, limit as u32).await?;
        self.detail.rows += links.len();
        let full = links.len() >= limit;
        if !full {
            self.detail_window.learn(since.elapsed());
        }
        let above = if full { links.last().map_or(above, |link| link.from) } else { below - 1 };
        self.detail.at = Some(above);
        let progress = match above {
            above if above >= newest => SearchProgress::End,
            _ if full => SearchProgress::Full,
            _ => SearchProgress::Searching,
        };
        self.detail.over = progress != SearchProgress::Searching;
        Ok(DetailPart::Links { links, above, progress })
    }

    async fn urls(&self, question: &ParentsQuestion) -> Result<PageUrls, StoreError> {
        let mut urls = Vec::with_capacity(question.ids.len());
        for &id in &question.ids {
            urls.push((id, self.url(id).await?));
        }
        Ok(urls)
    }

    /// The URL of a page, if that is stored.
    async fn url(&self, id: PageId) -> Result<Option<Arc<str>>, StoreError> {
        let ids = Between { above: id - 1, below: id + 1 };
        let read = self.pages.pages(ids, &PageFilter::default(), 1).await?;
        Ok(read.pages.into_iter().next().map(|page| page.url))
    }
}

/// A stored page, as viewers see pages.
fn page_view(page: StoredPage) -> PageView {
    let redirects = page.redirects.as_deref().and_then(|hops| serde_json::from_str(hops).ok());
    PageView {
        id: page.id,
        at_s: -1.0,
        created_at: jiff::Timestamp::from_millisecond(page.created_at_ms).unwrap_or_default(),
        url: page.url,
        state: page.state,
        status: page.status,
        content_length: page.content_length,
        content_type: page.content_type,
        title: page.title,
        depth: page.depth,
        elapsed_ms: page.elapsed_ms,
        attempts: page.attempts,
        final_url: page.final_url,
        redirects: redirects.unwrap_or_default(),
        error: page.error,
        not_parsed: page.not_parsed,
        found_on: None,
        found_on_id: page.found_on,
        links_found: page.links_found,
        links: Vec::new(),
    }
}
