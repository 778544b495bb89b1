//! The frontier's books: all that its one lock guards, and every change to it.
//!
//! Nothing here waits or wakes anybody: [`crate::crawl::frontier::Frontier`] does that with what these
//! functions return.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::exclusions::{Exclusions, excluded_reason};
use crate::crawl::frontier::seen::Seen;
use crate::crawl::frontier::sitemaps::Sitemaps;
use crate::crawl::frontier::write_batch::{BatchCost, PendingBatch};
use crate::crawl::frontier::{Admission, FrontierStart, MOST_RETRIES, MOST_UNSAVED, Next};
use crate::crawl::hosts::host::{After, Outcome};
use crate::crawl::hosts::url_task::{Delayed, FetchPurpose, UrlTask};
use crate::crawl::hosts::{HostQueues, Taken};
use crate::crawl::measure::meter::Latencies;
use crate::crawl::measure::recent_pages::RecentPages;
use crate::crawl::protocol::snapshot::{FrontierView, RecentFailure, Totals};
use crate::model::ids::{CrawlId, PageId, page_id, seq_of};
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::store::SitemapRow;
use crate::web::traps::Traps;

/// A URL found.
#[derive(Debug, Clone)]
pub struct Found {
    /// As found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub hash: UrlHash,
    /// Links from a seed.
    pub depth: u32,
    /// The page on which it was found, and its URL.
    pub on: Option<(PageId, Arc<str>)>,
    /// What a sitemap says of its last change: ms since 1970, UTC.
    pub lastmod_ms: Option<i64>,
}

/// All that the frontier's lock guards.
#[derive(Debug)]
pub struct FrontierState {
    pub(super) crawl: CrawlId,
    pub(super) admission: Admission,
    pub(super) seen: Seen,
    pub(super) next_seq: u32,
    /// Hosts, and the URLs in memory.
    pub window: HostQueues,
    pub(super) retries: BinaryHeap<Reverse<Delayed>>,
    /// Batches committed, so that a refill can tell whether one came in between.
    pub(super) commits: u64,
    /// A batch is in the saver's hands.
    pub(super) in_transit: bool,
    pub(super) open: u64,
    /// What must be over before the crawl is, besides open URLs: sitemaps, prunings.
    pub(super) aside: u64,
    /// URLs in the outbox and in the saver's hands.
    pub(super) unsaved: u64,
    pub(super) saved: u64,
    pub(super) stopping: bool,
    /// What was excluded while the crawl runs.
    pub pruned: Exclusions,
    /// What looks like a trap.
    pub traps: Traps,
    /// Sitemaps.
    pub sitemaps: Sitemaps,
    /// Counts.
    pub totals: Totals,
    /// What waits to be saved.
    pub outbox: PendingBatch,
    /// Request latencies.
    pub latencies: Latencies,
    /// Pages and troubles for viewers.
    pub recent: RecentPages,
}

impl FrontierState {
    /// The books of a new or resumed crawl.
    #[must_use]
    pub fn new(begin: FrontierStart) -> Self {
        let mut window = HostQueues::new(begin.pace, begin.rules);
        window.restore(&begin.hosts, page_id(begin.crawl, 0));
        Self {
            crawl: begin.crawl,
            admission: begin.admission,
            seen: Seen::default(),
            next_seq: begin.next_seq,
            window,
            retries: BinaryHeap::new(),
            commits: 0,
            in_transit: false,
            open: begin.open,
            aside: 0,
            unsaved: 0,
            saved: begin.totals.pages,
            stopping: false,
            pruned: begin.pruned,
            traps: begin.traps,
            sitemaps: begin.sitemaps,
            totals: begin.totals,
            outbox: PendingBatch::default(),
            latencies: Latencies::default(),
            recent: RecentPages::default(),
        }
    }

    /// A host is to be left alone until then, because an earlier run was told so.
    pub fn goes_on_resting(&mut self, host: &str, until: Instant) {
        let newest = self.newest();
        self.window.goes_on_resting(host, until, newest);
    }

    /// Marks URLs as seen that an earlier run knew.
    pub fn remember(&mut self, known: &[(UrlHash, PageId)]) {
        for (hash, id) in known {
            self.seen.insert(hash, seq_of(*id));
        }
    }

    /// The id of a URL that is known.
    #[must_use]
    pub fn known(&self, hash: &UrlHash) -> Option<PageId> {
        self.seen.get(hash).map(|seq| page_id(self.crawl, seq))
    }

    /// The highest id given out.
    pub(super) const fn newest(&self) -> PageId {
        page_id(self.crawl, self.next_seq - 1)
    }

    /// A request has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        self.window.started(url, now);
    }

    /// A URL that was handed out may not be asked now: it goes back to the head of its queue.
    pub fn put_back(&mut self, entry: Box<UrlTask>, now: Instant) {
        self.window.ended(entry.target(), None, None, now);
        let newest = self.newest();
        self.window.push(entry, true, newest);
    }

    /// A URL taken is no longer in flight; see [`HostQueues::ended`].
    pub fn ended(
        &mut self,
        url: &str,
        began: Option<Instant>,
        outcome: Option<Outcome>,
        now: Instant,
    ) -> After {
        self.window.ended(url, began, outcome, now)
    }

    /// Puts a URL back for another attempt.
    pub fn postpone(
        &mut self,
        entry: Box<UrlTask>,
        pause: Duration,
        latency: Option<Duration>,
        trouble: Option<Arc<RecentFailure>>,
        now_ms: i64,
    ) {
        if entry.errand == FetchPurpose::Page {
            self.totals.retries += 1;
            let not_before = now_ms.saturating_add(pause.as_millis() as i64);
            self.outbox.postponed(entry.id, entry.earlier + entry.attempts, not_before);
        }
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        if let Some(trouble) = trouble {
            self.recent.trouble(trouble);
        }
        self.wait(entry, Instant::now() + pause);
    }

    pub(super) fn wait(&mut self, entry: Box<UrlTask>, due: Instant) {
        self.window.retrying(entry.target(), true, self.newest());
        self.retries.push(Reverse(Delayed(due, entry)));
    }

    /// Puts the next hop of a redirect into the queue of its host.
    pub fn redirected(&mut self, entry: Box<UrlTask>, latency: Option<Duration>) {
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        let newest = self.newest();
        self.window.push(entry, true, newest);
    }

    /// A batch is in the database; returns whether somebody waited for that.
    pub fn committed(&mut self, weight: BatchCost) -> bool {
        let pages = u64::from(weight.pages);
        self.in_transit = false;
        self.open = self.open.saturating_sub(pages);
        self.unsaved = self.unsaved.saturating_sub(pages);
        self.saved = (self.saved + pages).saturating_sub(u64::from(weight.revived));
        self.commits += 1;
        let full = self.outbox.pages() >= MOST_UNSAVED;
        self.window.committed() | full
    }

    /// A batch leaves for the saver.
    pub const fn departed(&mut self) {
        self.in_transit = true;
    }

    /// Whether every known URL is in a final state and saved, and nothing else goes on.
    #[must_use]
    pub const fn is_drained(&self) -> bool {
        self.open == 0 && self.aside == 0
    }

    /// Something goes on that must be over before the crawl is; ends with [`Self::let_go`].
    pub const fn hold(&mut self) {
        self.aside += 1;
    }

    /// See [`Self::hold`].
    pub const fn let_go(&mut self) {
        self.aside = self.aside.saturating_sub(1);
    }

    /// No URL goes out any more.
    pub const fn stop(&mut self) {
        self.stopping = true;
    }

    /// How many batches were committed, and how many will be when all that was handed in is.
    #[must_use]
    pub fn commits(&self) -> (u64, u64) {
        let to_come = u64::from(!self.outbox.is_empty()) + u64::from(self.in_transit);
        (self.commits, self.commits + to_come)
    }

    /// What the producer should do now.
    pub fn next(&mut self, now: Instant) -> Next {
        const NOTHING: Next = Next::Wait { throttled: false, due: None };
        if self.stopping {
            return NOTHING;
        }
        self.wake_retries(now);
        let next_retry = self.retries.peek().map(|Reverse(Delayed(due, _))| *due);
        if self.retries.len() >= MOST_RETRIES {
            return Next::Wait { throttled: true, due: next_retry };
        }
        if self.outbox.pages() >= MOST_UNSAVED {
            return Next::Wait { throttled: true, due: None };
        }
        match self.window.take(now) {
            Taken::UrlTask(entry) => {
                if let Some(pattern) = self.excludes(&entry).cloned() {
                    let reason = excluded_reason(&pattern);
                    self.pruned.count(&pattern, 1);
                    self.window.ended(entry.target(), None, None, now);
                    self.withdraw(&entry, reason);
                    return Next::Again;
                }
                if let Some(reason) = self.recalls(&entry) {
                    self.window.ended(entry.target(), None, None, now);
                    self.end_unfetched(&entry, PageState::Skipped, reason);
                    return Next::Again;
                }
                Next::UrlTask(entry)
            }
            Taken::Refill { host, after, limit } => {
                Next::Refill { host, after, limit, commits: self.commits }
            }
            Taken::Doomed(gone) => {
                for (entry, doom) in gone {
                    self.end_doomed(&entry, &doom, now);
                }
                Next::Again
            }
            Taken::Throttled(due) => {
                Next::Wait { throttled: true, due: due.into_iter().chain(next_retry).min() }
            }
            Taken::Empty if next_retry.is_some() => Next::Wait { throttled: true, due: next_retry },
            Taken::Empty => NOTHING,
        }
    }

    pub(super) fn wake_retries(&mut self, now: Instant) {
        while let Some(Reverse(Delayed(due, _))) = self.retries.peek() {
            if *due > now {
                break;
            }
            if let Some(Reverse(Delayed(_, entry))) = self.retries.pop() {
                let newest = self.newest();
                self.window.retrying(entry.target(), false, newest);
                // What failed as its host's probe lets another one try.
                let first = entry.excused == 0;
                self.window.push(entry, first, newest);
            }
        }
    }

    /// Levels for viewers.
    #[must_use]
    pub fn view(&self) -> FrontierView {
        FrontierView {
            pending: self.window.len() as u64 + self.window.on_disk(),
            in_window: self.window.len() as u64,
            retrying: self.retries.len() as u64,
            open: self.open,
            growth_per_s: 0.0,
        }
    }

    /// Pages finished and not yet committed, and pages committed.
    #[must_use]
    pub const fn saving(&self) -> (u64, u64) {
        (self.unsaved, self.saved)
    }
}

/// The row of a sitemap that was not read (to its end).
#[must_use]
pub fn sitemap_row(
    entry: &UrlTask,
    depth: u32,
    state: PageState,
    error: Option<String>,
) -> SitemapRow {
    SitemapRow {
        url: Arc::clone(&entry.url),
        url_hash: entry.hash,
        state,
        status: None,
        urls: 0,
        sitemaps: 0,
        depth,
        error,
        created_at_ms: jiff::Timestamp::now().as_millisecond(),
    }
}
