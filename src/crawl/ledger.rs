//! The frontier's books: all that its one lock guards, and every change to it.
//!
//! Nothing here waits or wakes anybody: [`super::frontier::Frontier`] does that with what these
//! functions return.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::frontier::{Admission, Beginning, Finished, MOST_RETRIES, Next, REFILL_BELOW, WINDOW};
use super::meter::Latencies;
use super::outbox::{Outbox, Weight};
use super::recent::Recent;
use super::seen::Seen;
use super::snapshot::{FrontierView, PageView, Totals, Trouble};
use super::window::{Entry, Taken, Window, host_of};
use crate::store::{CrawlId, FrontierRow, PageId, PageRow, RowState, page_id, seq_of};
use crate::web::url::UrlHash;

#[derive(Debug)]
struct Delayed(Instant, Entry);

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1.id) == (other.0, other.1.id)
    }
}
impl Eq for Delayed {}
impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1.id).cmp(&(other.0, other.1.id))
    }
}

/// All that the frontier's lock guards.
#[derive(Debug)]
pub struct Ledger {
    crawl: CrawlId,
    admission: Admission,
    seen: Seen,
    next_seq: u32,
    window: Window,
    retries: BinaryHeap<Reverse<Delayed>>,
    /// Rows with an id above this are on disk only.
    cursor: PageId,
    on_disk: u64,
    /// A refill found none of the rows that are to be on disk: they are not committed yet.
    refill_waits: bool,
    /// Batches committed, so that a refill can tell whether one came in between.
    commits: u64,
    open: u64,
    /// URLs in the outbox and in the saver's hands.
    unsaved: u64,
    saved: u64,
    stopping: bool,
    /// Counts.
    pub totals: Totals,
    /// What waits to be saved.
    pub outbox: Outbox,
    /// Request latencies.
    pub latencies: Latencies,
    /// Pages and troubles for viewers.
    pub recent: Recent,
}

impl Ledger {
    /// The books of a new or resumed crawl.
    #[must_use]
    pub fn new(begin: &Beginning) -> Self {
        Self {
            crawl: begin.crawl,
            admission: begin.admission,
            seen: Seen::default(),
            next_seq: begin.next_seq,
            window: Window::new(begin.pace),
            retries: BinaryHeap::new(),
            cursor: page_id(begin.crawl, 0),
            on_disk: begin.open,
            refill_waits: false,
            commits: 0,
            open: begin.open,
            unsaved: 0,
            saved: begin.totals.pages,
            stopping: false,
            totals: begin.totals,
            outbox: Outbox::default(),
            latencies: Latencies::default(),
            recent: Recent::default(),
        }
    }

    /// Marks URLs as seen that an earlier run knew.
    pub fn remember(&mut self, known: &[(UrlHash, PageId)]) {
        for (hash, id) in known {
            self.seen.insert(hash, seq_of(*id));
        }
    }

    /// A request has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        self.window.started(url, now);
    }

    /// A URL taken is no longer in flight.
    pub fn left(&mut self, url: &str, started: bool, now: Instant) {
        self.window.finished(url, started, now);
    }

    /// Puts a URL back for another attempt.
    pub fn postpone(
        &mut self,
        entry: Entry,
        pause: Duration,
        latency: Option<Duration>,
        trouble: Arc<Trouble>,
        now_ms: i64,
    ) {
        self.totals.retries += 1;
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        self.recent.trouble(trouble);
        let not_before = now_ms.saturating_add(pause.as_millis() as i64);
        self.outbox.postponed(entry.id, entry.earlier + entry.attempts, not_before);
        self.retries.push(Reverse(Delayed(Instant::now() + pause, entry)));
    }

    /// A batch is in the database; returns whether a refill waited for that.
    pub fn committed(&mut self, weight: Weight) -> bool {
        let pages = u64::from(weight.pages);
        self.open = self.open.saturating_sub(pages);
        self.unsaved = self.unsaved.saturating_sub(pages);
        self.saved += pages;
        self.commits += 1;
        std::mem::take(&mut self.refill_waits)
    }

    /// Whether every known URL is in a final state and saved.
    #[must_use]
    pub const fn is_drained(&self) -> bool {
        self.open == 0
    }

    /// No URL goes out any more.
    pub const fn stop(&mut self) {
        self.stopping = true;
    }

    /// The id of a URL: its own if it was seen, a new one otherwise.
    pub fn discover(
        &mut self,
        url: Arc<str>,
        hash: &UrlHash,
        depth: u32,
        found_on: Option<PageId>,
        found_on_url: Option<Arc<str>>,
    ) -> PageId {
        if let Some(seq) = self.seen.get(hash) {
            return page_id(self.crawl, seq);
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        self.seen.insert(hash, seq);
        let id = page_id(self.crawl, seq);
        self.totals.discovered += 1;
        self.open += 1;
        let refused = if url.len() > crate::web::url::MAX_URL_LEN {
            Some(format!("url longer than {} KiB", crate::web::url::MAX_URL_LEN >> 10))
        } else if self.admission.depth.is_some_and(|limit| depth > limit) {
            Some("beyond the depth limit".to_owned())
        } else if self.admission.max_pages.is_some_and(|limit| self.totals.admitted >= limit) {
            Some("beyond the page limit".to_owned())
        } else {
            None
        };
        if let Some(reason) = refused {
            self.skip(id, url, hash, depth, found_on, reason);
            return id;
        }
        self.totals.admitted += 1;
        self.outbox.discovered(FrontierRow {
            id,
            url: Arc::clone(&url),
            url_hash: *hash,
            depth,
            attempts: 0,
            not_before_ms: 0,
            found_on,
            host_id: crate::store::host_id(host_of(&url)),
            lastmod_ms: None,
        });
        if self.on_disk == 0 && self.window.len() < WINDOW {
            self.cursor = id;
            let entry = Entry {
                id,
                url,
                hash: *hash,
                depth,
                attempts: 0,
                earlier: 0,
                found_on,
                found_on_url,
            };
            self.window.push(entry, false);
        } else {
            self.on_disk += 1;
        }
        id
    }

    fn skip(
        &mut self,
        id: PageId,
        url: Arc<str>,
        hash: &UrlHash,
        depth: u32,
        found_on: Option<PageId>,
        reason: String,
    ) {
        self.totals.pages += 1;
        self.totals.skipped += 1;
        self.unsaved += 1;
        let host = host_of(&url).into();
        self.outbox.page(
            PageRow {
                id,
                url,
                url_hash: *hash,
                host,
                state: RowState::Skipped,
                status: None,
                content_length: 0,
                content_type: None,
                title: None,
                depth,
                elapsed_ms: 0,
                attempts: 0,
                final_url: None,
                redirects: None,
                error: Some(reason),
                found_on,
                links_found: 0,
                created_at_ms: jiff::Timestamp::now().as_millisecond(),
                content: None,
                lastmod_ms: None,
                change: None,
            },
            0,
        );
    }

    /// What the producer should do now.
    pub fn next(&mut self, now: Instant) -> Next {
        const NOTHING: Next = Next::Wait { throttled: false, due: None };
        if self.stopping {
            return NOTHING;
        }
        while let Some(Reverse(Delayed(due, _))) = self.retries.peek() {
            if *due > now {
                break;
            }
            if let Some(Reverse(Delayed(_, entry))) = self.retries.pop() {
                self.window.push(entry, true);
            }
        }
        let next_retry = self.retries.peek().map(|Reverse(Delayed(due, _))| *due);
        if self.on_disk > 0 && self.window.len() < REFILL_BELOW && !self.refill_waits {
            let limit = (WINDOW - self.window.len()).min(REFILL_BELOW) as u32;
            return Next::Refill { after: self.cursor, limit, commits: self.commits };
        }
        if self.retries.len() >= MOST_RETRIES {
            return Next::Wait { throttled: true, due: next_retry };
        }
        match self.window.take(now) {
            Taken::Entry(entry) => Next::Entry(Box::new(entry)),
            Taken::Throttled(due) => {
                Next::Wait { throttled: true, due: due.into_iter().chain(next_retry).min() }
            }
            Taken::Empty if next_retry.is_some() => Next::Wait { throttled: true, due: next_retry },
            Taken::Empty => NOTHING,
        }
    }

    /// Takes in rows read back from disk, in order of id.
    pub fn refilled(&mut self, rows: Vec<FrontierRow>, commits: u64, now: Instant, now_ms: i64) {
        if rows.is_empty() {
            // Known, but not committed when they were read: ask for that and wait for it, unless
            // it has happened since.
            self.refill_waits = self.commits == commits;
            self.outbox.flush();
            return;
        }
        for row in rows {
            self.cursor = row.id;
            self.on_disk = self.on_disk.saturating_sub(1);
            let entry = Entry {
                id: row.id,
                url: row.url,
                hash: row.url_hash,
                depth: row.depth,
                attempts: 0,
                earlier: row.attempts,
                found_on: row.found_on,
                found_on_url: None,
            };
            let wait = row.not_before_ms - now_ms;
            if wait > 0 {
                let due = now + Duration::from_millis(wait as u64);
                self.retries.push(Reverse(Delayed(due, entry)));
            } else {
                self.window.push(entry, false);
            }
        }
    }

    /// Takes in a page in its final state. Returns whether there are new URLs, whether the saver
    /// should look, and what fell out of the ring of recent pages.
    pub fn finish(&mut self, page: Finished) -> (bool, bool, Option<Arc<PageView>>) {
        let Finished { row, view, links, redirects, latency, kib, trouble, queue_empty } = page;
        let before = self.totals.discovered;
        let first = self.outbox.is_empty();
        for (url, hash) in links {
            let to =
                self.discover(url, &hash, row.depth + 1, Some(row.id), Some(Arc::clone(&row.url)));
            self.outbox.link(row.id, to);
            self.totals.links += 1;
        }
        let new = self.totals.discovered != before;
        self.totals.pages += 1;
        match row.state {
            RowState::Ok => self.totals.ok += 1,
            RowState::Failed => self.totals.failed += 1,
            RowState::Skipped => self.totals.skipped += 1,
        }
        self.totals.bytes += row.content_length;
        self.totals.redirects += u64::from(redirects);
        match row.status {
            Some(status @ 100..=599) => {
                self.totals.by_class[usize::from(status / 100) - 1] += 1;
            }
            None if row.state == RowState::Failed => self.totals.no_answer += 1,
            // Skipped, or an answer of no class: some servers say 999.
            _ => {}
        }
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        self.unsaved += 1;
        self.outbox.page(row, kib);
        // The queue has run dry: nothing will fill the batch soon.
        if queue_empty && self.window.is_empty() && self.on_disk == 0 {
            self.outbox.flush();
        }
        if let Some(trouble) = trouble {
            self.recent.trouble(trouble);
        }
        let evicted = self.recent.page(view);
        (new, first || self.outbox.is_due(), evicted)
    }

    /// Levels for viewers.
    #[must_use]
    pub fn view(&self) -> FrontierView {
        FrontierView {
            pending: self.window.len() as u64 + self.on_disk,
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
