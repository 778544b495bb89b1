//! The frontier: every URL known and not yet done, and the books about all of them.
//!
//! It is a store, not a channel: putting a URL in never waits. A bounded [`Window`] of it is in
//! memory; what does not fit stays in the database and is read back in order of discovery.
//! One short lock guards seen-set, window, retries, outbox and counters together, so "mark seen"
//! is one step with "insert", and completion (`open == 0`) is decided under that lock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::lock::Lock;
use super::meter::Latencies;
use super::outbox::{Due, Outbox, Weight};
use super::recent::Recent;
use super::seen::Seen;
use super::snapshot::{FrontierView, PageView, Totals, Trouble};
use super::window::{Entry, Pace, Taken, Window, host_of};
use crate::store::{CrawlId, FrontierRow, PageId, PageRow, RowState, page_id, seq_of};
use crate::web::url::UrlHash;

/// URLs in memory at most (those found when it is full stay on disk).
pub const WINDOW: usize = 10_000;
/// Below this many, more are read back from disk.
pub const REFILL_BELOW: usize = 5_000;
/// URLs waiting for a retry at most, before no fresh URL is started.
pub const MOST_RETRIES: usize = 10_000;

/// A link found on a page: URL text and identity.
pub type Link = (Arc<str>, UrlHash);

/// What bounds the URLs that are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admission {
    /// Links from a seed at most.
    pub depth: Option<u32>,
    /// URLs fetched at most.
    pub max_pages: Option<u64>,
}

/// What the producer should do now.
#[derive(Debug)]
pub enum Next {
    /// Hand this out.
    Entry(Box<Entry>),
    /// Read at most `limit` rows above `after` from the store and give them to
    /// [`Frontier::refilled`].
    Refill {
        /// Last id already read.
        after: PageId,
        /// Rows wanted.
        limit: u32,
    },
    /// URLs wait, but none may go before then (or before something changes).
    Throttled(Option<Instant>),
    /// Nothing to hand out.
    Empty,
}

/// A page in its final state, with all that follows from it.
#[derive(Debug)]
pub struct Finished {
    /// Its row.
    pub row: PageRow,
    /// The same for viewers.
    pub view: Arc<PageView>,
    /// Links found on it, distinct.
    pub links: Vec<Link>,
    /// Redirects followed.
    pub redirects: u32,
    /// How long the last request took, when it was answered.
    pub latency: Option<Duration>,
    /// KiB of the byte budget taken for it.
    pub kib: u32,
    /// A line for the troubles, when it failed.
    pub trouble: Option<Arc<Trouble>>,
    /// Whether the queue was empty when it ended: then the saver need not wait for company.
    pub queue_empty: bool,
}

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
pub struct Inner {
    crawl: CrawlId,
    admission: Admission,
    seen: Seen,
    next_seq: u32,
    window: Window,
    retries: BinaryHeap<Reverse<Delayed>>,
    /// Rows with an id above this are on disk only.
    cursor: PageId,
    on_disk: u64,
    /// A refill found fewer rows than are known to be on disk: they are not committed yet.
    refill_waits: bool,
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

/// The frontier. See the module's page.
#[derive(Debug)]
pub struct Frontier {
    inner: Mutex<Inner>,
    /// Something changed that the producer may wait for.
    pub changed: Notify,
    /// Something changed that the saver may wait for.
    pub outbox_changed: Notify,
    /// The last open URL was saved.
    pub drained: Notify,
}

/// What a frontier begins with.
#[derive(Debug)]
pub struct Beginning {
    /// Number of the crawl.
    pub crawl: CrawlId,
    /// Bounds on what is taken in.
    pub admission: Admission,
    /// Politeness.
    pub pace: Pace,
    /// The next URL number to give out, from 1.
    pub next_seq: u32,
    /// Rows on disk that are open.
    pub open: u64,
    /// Counts so far.
    pub totals: Totals,
}

impl Frontier {
    /// The frontier of a new or resumed crawl.
    #[must_use]
    pub fn new(begin: Beginning) -> Self {
        Self {
            inner: Mutex::new(Inner {
                crawl: begin.crawl,
                admission: begin.admission,
                seen: Seen::default(),
                next_seq: begin.next_seq,
                window: Window::new(begin.pace),
                retries: BinaryHeap::new(),
                cursor: page_id(begin.crawl, 0),
                on_disk: begin.open,
                refill_waits: false,
                open: begin.open,
                unsaved: 0,
                saved: begin.totals.pages,
                stopping: false,
                totals: begin.totals,
                outbox: Outbox::default(),
                latencies: Latencies::default(),
                recent: Recent::default(),
            }),
            changed: Notify::new(),
            outbox_changed: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// Runs `look` under the lock. Keep it short.
    pub fn with<R>(&self, look: impl FnOnce(&mut Inner) -> R) -> R {
        look(&mut self.inner.locked())
    }

    /// Takes in URLs that an earlier run has seen.
    pub fn remember(&self, known: &[(UrlHash, PageId)]) {
        self.with(|inner| {
            for (hash, id) in known {
                inner.seen.insert(hash, seq_of(*id));
            }
        });
    }

    /// Takes in seeds.
    pub fn seed(&self, seeds: impl IntoIterator<Item = Link>) {
        self.with(|inner| {
            for (url, hash) in seeds {
                inner.discover(url, &hash, 0, None, None);
            }
            inner.outbox.flush();
        });
        self.changed.notify_one();
        self.outbox_changed.notify_one();
    }

    /// What the producer should do now.
    pub fn next(&self, now: Instant) -> Next {
        self.with(|inner| inner.next(now))
    }

    /// Takes in rows read back from disk, in order of id.
    pub fn refilled(&self, rows: Vec<FrontierRow>, now: Instant, now_ms: i64) {
        self.with(|inner| inner.refilled(rows, now, now_ms));
        // What is on disk but not yet committed should be.
        self.outbox_changed.notify_one();
    }

    /// A request has actually started.
    pub fn started(&self, url: &str) {
        self.with(|inner| inner.window.started(url, Instant::now()));
        self.changed.notify_one();
    }

    /// A URL taken is no longer in flight; `started` tells whether its request ever began.
    pub fn left(&self, url: &str, started: bool) {
        self.with(|inner| inner.window.finished(url, started, Instant::now()));
        self.changed.notify_one();
    }

    /// Hands in a page in its final state.
    pub fn finish(&self, page: Finished) {
        let (new, wake, evicted) = self.with(|inner| inner.finish(page));
        drop(evicted);
        if new {
            self.changed.notify_one();
        }
        if wake {
            self.outbox_changed.notify_one();
        }
    }

    /// Puts a URL back for another attempt after `pause`.
    pub fn postpone(
        &self,
        entry: Entry,
        pause: Duration,
        latency: Option<Duration>,
        trouble: Arc<Trouble>,
        now_ms: i64,
    ) {
        self.with(|inner| {
            inner.totals.retries += 1;
            if let Some(latency) = latency {
                inner.latencies.record(latency);
            }
            inner.recent.trouble(trouble);
            let not_before = now_ms.saturating_add(pause.as_millis() as i64);
            inner.outbox.postponed(entry.id, entry.attempts, not_before);
            inner.retries.push(Reverse(Delayed(Instant::now() + pause, entry)));
        });
        self.changed.notify_one();
        self.outbox_changed.notify_one();
    }

    /// Waits for the next batch; `None` when the outbox is closed and empty. The counters that
    /// go with the batch are in it.
    pub async fn next_batch(&self) -> Option<(Box<crate::store::Batch>, Weight)> {
        loop {
            let changed = self.outbox_changed.notified();
            let due = self.with(|inner| {
                let due = inner.outbox.take(Instant::now());
                if let Due::Batch(mut batch, weight) = due {
                    batch.totals = serde_json::to_string(&inner.totals).ok();
                    return Due::Batch(batch, weight);
                }
                due
            });
            match due {
                Due::Batch(batch, weight) => return Some((batch, weight)),
                Due::Closed => return None,
                Due::Nothing => changed.await,
                Due::At(due) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }

    /// A batch is in the database.
    pub fn committed(&self, weight: Weight) {
        let (drained, waits) = self.with(|inner| {
            inner.open -= u64::from(weight.pages).min(inner.open);
            inner.unsaved -= u64::from(weight.pages).min(inner.unsaved);
            inner.saved += u64::from(weight.pages);
            (inner.open == 0, std::mem::take(&mut inner.refill_waits))
        });
        if waits {
            self.changed.notify_one();
        }
        if drained {
            self.drained.notify_one();
        }
    }

    /// Whether every known URL is in a final state and saved.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.with(|inner| inner.open == 0)
    }

    /// No URL goes out any more.
    pub fn stop(&self) {
        self.with(|inner| inner.stopping = true);
        self.changed.notify_one();
    }

    /// Nothing will be handed in any more: the saver writes what there is and ends.
    pub fn close(&self) {
        self.with(|inner| inner.outbox.close());
        self.outbox_changed.notify_one();
    }
}

impl Inner {
    /// The id of a URL: its own if it was seen, a new one otherwise.
    fn discover(
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
        });
        if self.on_disk == 0 && self.window.len() < WINDOW {
            self.cursor = id;
            let entry = Entry { id, url, hash: *hash, depth, attempts: 0, found_on, found_on_url };
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
            },
            0,
        );
    }

    fn next(&mut self, now: Instant) -> Next {
        if self.stopping {
            return Next::Empty;
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
            return Next::Refill { after: self.cursor, limit };
        }
        if self.retries.len() >= MOST_RETRIES {
            return Next::Throttled(next_retry);
        }
        match self.window.take(now) {
            Taken::Entry(entry) => Next::Entry(Box::new(entry)),
            Taken::Throttled(due) => Next::Throttled(due.into_iter().chain(next_retry).min()),
            Taken::Empty if next_retry.is_some() => Next::Throttled(next_retry),
            Taken::Empty => Next::Empty,
        }
    }

    fn refilled(&mut self, rows: Vec<FrontierRow>, now: Instant, now_ms: i64) {
        if rows.is_empty() {
            // Known, but not committed: ask for it and wait for the commit.
            self.refill_waits = true;
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
                attempts: row.attempts,
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

    fn finish(&mut self, page: Finished) -> (bool, bool, Option<Arc<PageView>>) {
        let Finished { row, view, links, redirects, latency, kib, trouble, queue_empty } = page;
        let before = self.totals.discovered;
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
            // Some servers answer 999: strange, but an answer.
            Some(_) => {}
            None if row.state == RowState::Failed => self.totals.no_answer += 1,
            None => {}
        }
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        self.unsaved += 1;
        let first = self.outbox.is_empty();
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
