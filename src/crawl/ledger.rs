//! The frontier's books: all that its one lock guards, and every change to it.
//!
//! Nothing here waits or wakes anybody: [`super::frontier::Frontier`] does that with what these
//! functions return.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::entry::{Delayed, Entry, Errand};
use super::frontier::{Admission, Beginning, Finished, Link, MOST_RETRIES, MOST_UNSAVED, Next};
use super::host::{After, Doom, Outcome};
use super::meter::Latencies;
use super::outbox::{Outbox, Weight};
use super::pruned::{Pruned, excluded_reason};
use super::recent::Recent;
use super::seen::Seen;
use super::sitemaps::{Sitemaps, Wanted};
use super::snapshot::{FrontierView, PageView, Totals, Trouble};
use super::window::{Taken, Window, host_of};
use crate::store::{
    CrawlId, FrontierRow, LinkRow, PageId, PageRow, RowState, SitemapRow, host_id, page_id, seq_of,
};
use crate::web::robots::Fate;
use crate::web::traps::Traps;
use crate::web::url::{MAX_URL_LEN, UrlHash};

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
pub struct Ledger {
    crawl: CrawlId,
    admission: Admission,
    seen: Seen,
    next_seq: u32,
    /// Hosts, and the URLs in memory.
    pub window: Window,
    retries: BinaryHeap<Reverse<Delayed>>,
    /// Batches committed, so that a refill can tell whether one came in between.
    commits: u64,
    /// A batch is in the saver's hands.
    in_transit: bool,
    open: u64,
    /// What must be over before the crawl is, besides open URLs: sitemaps, prunings.
    aside: u64,
    /// URLs in the outbox and in the saver's hands.
    unsaved: u64,
    saved: u64,
    stopping: bool,
    /// What was excluded while the crawl runs.
    pub pruned: Pruned,
    /// What looks like a trap.
    pub traps: Traps,
    /// Sitemaps.
    pub sitemaps: Sitemaps,
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
    pub fn new(begin: Beginning) -> Self {
        let mut window = Window::new(begin.pace, begin.rules);
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

    /// The id of a URL that is known.
    #[must_use]
    pub fn known(&self, hash: &UrlHash) -> Option<PageId> {
        self.seen.get(hash).map(|seq| page_id(self.crawl, seq))
    }

    /// The highest id given out.
    const fn newest(&self) -> PageId {
        page_id(self.crawl, self.next_seq - 1)
    }

    /// A request has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        self.window.started(url, now);
    }

    /// A URL that was handed out may not be asked now: it goes back to the head of its queue.
    pub fn put_back(&mut self, entry: Box<Entry>, now: Instant) {
        self.window.ended(entry.target(), None, None, now);
        let newest = self.newest();
        self.window.push(entry, true, newest);
    }

    /// A URL taken is no longer in flight; see [`Window::ended`].
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
        entry: Box<Entry>,
        pause: Duration,
        latency: Option<Duration>,
        trouble: Option<Arc<Trouble>>,
        now_ms: i64,
    ) {
        if entry.errand == Errand::Page {
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

    fn wait(&mut self, entry: Box<Entry>, due: Instant) {
        self.window.retrying(entry.target(), true, self.newest());
        self.retries.push(Reverse(Delayed(due, entry)));
    }

    /// Puts the next hop of a redirect into the queue of its host.
    pub fn redirected(&mut self, entry: Box<Entry>, latency: Option<Duration>) {
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        let newest = self.newest();
        self.window.push(entry, true, newest);
    }

    /// A batch is in the database; returns whether somebody waited for that.
    pub fn committed(&mut self, weight: Weight) -> bool {
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

    /// How many batches were committed, and whether all that was handed in is.
    #[must_use]
    pub fn commits(&self) -> (u64, bool) {
        (self.commits, self.outbox.is_empty() && !self.in_transit)
    }

    /// The id of a URL: its own if it was seen, a new one otherwise.
    pub fn discover(&mut self, found: Found) -> PageId {
        if let Some(seq) = self.seen.get(&found.hash) {
            return page_id(self.crawl, seq);
        }
        let before = self.newest();
        let seq = self.next_seq;
        self.next_seq += 1;
        self.seen.insert(&found.hash, seq);
        let id = page_id(self.crawl, seq);
        self.totals.discovered += 1;
        self.open += 1;
        if let Some(reason) = self.refuses(&found) {
            self.end_unfetched(&Self::entry(id, found), RowState::Skipped, reason);
            return id;
        }
        self.totals.admitted += 1;
        self.outbox.discovered(FrontierRow {
            id,
            url: Arc::clone(&found.url),
            url_hash: found.hash,
            depth: found.depth,
            attempts: 0,
            not_before_ms: 0,
            found_on: found.on.as_ref().map(|on| on.0),
            host_id: host_id(host_of(&found.url)),
            lastmod_ms: found.lastmod_ms,
        });
        self.window.add(Box::new(Self::entry(id, found)), before);
        id
    }

    fn entry(id: PageId, found: Found) -> Entry {
        let (found_on, found_on_url) = found.on.map_or((None, None), |on| (Some(on.0), Some(on.1)));
        Entry {
            id,
            depth: found.depth,
            found_on,
            found_on_url,
            lastmod_ms: found.lastmod_ms,
            ..Entry::aside(found.url, found.hash, Errand::Page)
        }
    }

    /// Why a new URL is not fetched.
    fn refuses(&mut self, found: &Found) -> Option<String> {
        let limits = self.admission;
        if found.url.len() > MAX_URL_LEN {
            return Some(format!("url longer than {} KiB", MAX_URL_LEN >> 10));
        }
        if limits.depth.is_some_and(|limit| found.depth > limit) {
            return Some("beyond the depth limit".to_owned());
        }
        if let Some(pattern) = self.pruned.excludes(&found.url) {
            return Some(excluded_reason(pattern));
        }
        // Seeds are the user's own choice.
        if found.depth > 0
            && let Some(caught) = self.traps.judge(&found.url, host_of(&found.url))
        {
            return Some(caught.reason());
        }
        let full = limits.max_pages.is_some_and(|limit| self.totals.admitted >= limit);
        full.then(|| "beyond the page limit".to_owned())
    }

    /// Why a URL that is handed out is not to be fetched any more.
    fn recalls(&mut self, entry: &Entry) -> Option<String> {
        if entry.errand != Errand::Page {
            return None;
        }
        if let Some(pattern) = self.pruned.excludes(entry.target()) {
            return Some(excluded_reason(pattern));
        }
        if entry.depth == 0 || entry.attempts > 0 {
            return None;
        }
        self.traps.recall(&entry.url, host_of(&entry.url)).map(|caught| caught.reason())
    }

    /// Puts a URL into its final state that is not (or no longer) fetched.
    pub fn end_unfetched(&mut self, entry: &Entry, state: RowState, reason: String) {
        self.totals.pages += 1;
        if state == RowState::Failed {
            self.totals.failed += 1;
            self.totals.no_answer += 1;
        } else {
            self.totals.skipped += 1;
        }
        self.unsaved += 1;
        let host = host_of(&entry.url).into();
        let chain = entry.chain.as_deref().filter(|chain| !chain.hops().is_empty());
        self.outbox.page(
            PageRow {
                id: entry.id,
                url: Arc::clone(&entry.url),
                url_hash: entry.hash,
                host,
                state,
                status: None,
                content_length: 0,
                content_type: None,
                title: None,
                depth: entry.depth,
                elapsed_ms: 0,
                attempts: entry.earlier + entry.attempts,
                final_url: chain.map(|chain| chain.url().to_string()),
                redirects: chain.and_then(|chain| serde_json::to_string(chain.hops()).ok()),
                error: Some(reason),
                found_on: entry.found_on,
                links_found: 0,
                created_at_ms: jiff::Timestamp::now().as_millisecond(),
                content: None,
                lastmod_ms: entry.lastmod_ms,
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
        self.wake_retries(now);
        let next_retry = self.retries.peek().map(|Reverse(Delayed(due, _))| *due);
        if self.retries.len() >= MOST_RETRIES {
            return Next::Wait { throttled: true, due: next_retry };
        }
        if self.outbox.pages() >= MOST_UNSAVED {
            return Next::Wait { throttled: true, due: None };
        }
        match self.window.take(now) {
            Taken::Entry(entry) => {
                if let Some(reason) = self.recalls(&entry) {
                    self.window.ended(entry.target(), None, None, now);
                    self.end_unfetched(&entry, RowState::Skipped, reason);
                    return Next::Again;
                }
                Next::Entry(entry)
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

    fn wake_retries(&mut self, now: Instant) {
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

    fn end_doomed(&mut self, entry: &Entry, doom: &Doom, now: Instant) {
        match entry.errand {
            Errand::Page => self.end_unfetched(entry, doom.state, doom.reason.to_string()),
            Errand::Robots { https } => {
                let fate = Fate::Shut(doom.reason.to_string());
                self.robots(&entry.url, https, fate, now);
            }
            Errand::Sitemap { depth } => {
                let row =
                    sitemap_row(entry, depth, RowState::Failed, Some(doom.reason.to_string()));
                self.sitemap_ended(row);
            }
        }
    }

    /// A host was found to be down.
    pub fn incident(&mut self, host: &str) {
        let incidents = self.window.incidents(host);
        self.outbox.host(host, None, incidents);
    }

    /// What came of asking for a robots.txt, whose URL was `url`.
    pub fn robots(&mut self, url: &str, https: bool, fate: Fate, now: Instant) {
        let host = host_of(url);
        if !fate.asks_again() {
            for wanted in self.sitemaps.of_host(host, https, Some(&fate)) {
                self.add_sitemap(wanted, 0);
            }
        }
        self.outbox.host(host, Some(fate.to_string()), 0);
        self.window.robots(host, https, Arc::new(fate), now);
    }

    /// Looks for the sitemaps of a host whose robots.txt is ignored.
    pub fn sitemaps_without_robots(&mut self, url: &str) {
        for wanted in self.sitemaps.of_host(host_of(url), url.starts_with("https:"), None) {
            self.add_sitemap(wanted, 0);
        }
    }

    /// Puts a sitemap into the queue of its host.
    pub fn add_sitemap(&mut self, (url, hash): Wanted, depth: u32) {
        let newest = self.newest();
        self.hold();
        let entry = Entry::aside(url, hash, Errand::Sitemap { depth });
        self.window.push(Box::new(entry), true, newest);
    }

    /// A sitemap was read, or could not be.
    pub fn sitemap_ended(&mut self, row: SitemapRow) {
        let view = &mut self.sitemaps.view;
        view.waiting = view.waiting.saturating_sub(1);
        if row.state == RowState::Ok {
            view.read += 1;
        } else {
            view.failed += 1;
        }
        self.outbox.sitemap(row);
        self.let_go();
    }

    /// Takes in rows of a host read back from disk, in order of id.
    pub fn refilled(
        &mut self,
        host: &str,
        rows: Vec<FrontierRow>,
        commits: u64,
        now: Instant,
        now_ms: i64,
    ) {
        let Some(last) = rows.last().map(|row| row.id) else {
            // Known, but not committed when they were read: ask for that and wait for it, unless
            // it has happened since.
            let nothing_to_come = self.commits == commits && self.commits().1;
            if nothing_to_come {
                let lost = self.window.nothing_on_disk(host);
                self.open = self.open.saturating_sub(lost);
                tracing::error!(host, lost, "URLs that should be in the database are not");
                return;
            }
            self.window.refilled(host, Vec::new());
            if self.commits != commits {
                self.window.committed();
            }
            self.outbox.flush();
            return;
        };
        let mut ready = Vec::with_capacity(rows.len());
        let mut aside = 0;
        for row in rows {
            let wait = row.not_before_ms - now_ms;
            let entry = Box::new(Entry {
                id: row.id,
                depth: row.depth,
                earlier: row.attempts,
                found_on: row.found_on,
                lastmod_ms: row.lastmod_ms,
                ..Entry::aside(row.url, row.url_hash, Errand::Page)
            });
            if wait > 0 {
                self.wait(entry, now + Duration::from_millis(wait as u64));
                aside += 1;
            } else {
                ready.push(entry);
            }
        }
        if !ready.is_empty() {
            self.window.refilled(host, ready);
        }
        self.window.passed_over(host, last, aside);
    }

    /// Excludes what matches `pattern` from all that waits in memory; returns how many URLs. Rows
    /// on disk are another matter: see [`Self::prune_row`].
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn exclude(&mut self, pattern: &str) -> Result<u64, String> {
        self.pruned.add(pattern)?;
        let pruned = &self.pruned;
        let hit = |entry: &Entry| pruned.excludes(&entry.url).is_some_and(|p| &**p == pattern);
        let mut gone = self.window.prune(hit);
        let mut kept = Vec::with_capacity(self.retries.len());
        for Reverse(Delayed(due, entry)) in std::mem::take(&mut self.retries) {
            if entry.errand == Errand::Page && hit(&entry) {
                self.window.retrying(entry.target(), false, page_id(self.crawl, self.next_seq - 1));
                gone.push(entry);
            } else {
                kept.push(Reverse(Delayed(due, entry)));
            }
        }
        self.retries = kept.into();
        let reason = excluded_reason(pattern);
        for entry in &gone {
            self.end_unfetched(entry, RowState::Skipped, reason.clone());
        }
        Ok(gone.len() as u64)
    }

    /// Ends a row read from disk for `reason`, if it is there only; false when it is in memory or
    /// on its way, where it is met before it is asked.
    pub fn prune_row(&mut self, row: &FrontierRow, reason: &str) -> bool {
        let host = host_of(&row.url);
        if !self.window.is_on_disk(host, row.id) {
            return false;
        }
        self.window.pruned_on_disk(host);
        let entry = Entry {
            id: row.id,
            depth: row.depth,
            earlier: row.attempts,
            found_on: row.found_on,
            lastmod_ms: row.lastmod_ms,
            ..Entry::aside(Arc::clone(&row.url), row.url_hash, Errand::Page)
        };
        self.end_unfetched(&entry, RowState::Skipped, reason.to_owned());
        true
    }

    /// Opens a URL again that was skipped.
    pub fn revive(&mut self, row: FrontierRow) {
        self.totals.pages = self.totals.pages.saturating_sub(1);
        self.totals.skipped = self.totals.skipped.saturating_sub(1);
        self.open += 1;
        let newest = self.newest();
        let entry = Entry {
            id: row.id,
            depth: row.depth,
            earlier: row.attempts,
            found_on: row.found_on,
            lastmod_ms: row.lastmod_ms,
            ..Entry::aside(Arc::clone(&row.url), row.url_hash, Errand::Page)
        };
        self.outbox.revived(row);
        self.window.push(Box::new(entry), false, newest);
    }

    /// Takes in a page in its final state. Returns whether there are new URLs, whether the saver
    /// should look, and what fell out of the ring of recent pages.
    pub fn finish(&mut self, page: Finished) -> (bool, bool, Option<Arc<PageView>>) {
        let Finished { row, view, links, redirects, latency, kib, trouble, .. } = page;
        let Finished { queue_empty, led_to, same_as, .. } = page;
        let before = self.totals.discovered;
        let first = self.outbox.is_empty();
        let led_to = led_to.filter(|to| *to != row.url_hash && links.iter().all(|l| l.hash != *to));
        for Link { url, hash, anchor } in links {
            let to = self.discover(Found {
                url,
                hash,
                depth: row.depth + 1,
                on: Some((row.id, Arc::clone(&row.url))),
                lastmod_ms: None,
            });
            self.outbox.link(LinkRow { from: row.id, to, anchor });
            self.totals.links += 1;
        }
        if let Some(target) = led_to.and_then(|hash| self.known(&hash)) {
            self.outbox.link(LinkRow { from: row.id, to: target, anchor: None });
            self.totals.links += 1;
        }
        if let Some(hash) = same_as
            && let Some(caught) = self.traps.content(&row.url, host_of(&row.url), hash)
        {
            tracing::warn!(pattern = caught.pattern, "the same content under many URLs");
        }
        let new = self.totals.discovered != before;
        self.count(&row);
        self.totals.redirects += u64::from(redirects);
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        self.unsaved += 1;
        self.outbox.page(row, kib);
        // The queue has run dry: nothing will fill the batch soon.
        if queue_empty && self.window.is_empty() && self.window.on_disk() == 0 {
            self.outbox.flush();
        }
        if let Some(trouble) = trouble {
            self.recent.trouble(trouble);
        }
        let evicted = self.recent.page(view);
        (new, first || self.outbox.is_due(), evicted)
    }

    fn count(&mut self, row: &PageRow) {
        use crate::store::PageChange;
        let totals = &mut self.totals;
        totals.pages += 1;
        match row.state {
            RowState::Ok => totals.ok += 1,
            RowState::Failed => totals.failed += 1,
            RowState::Skipped => totals.skipped += 1,
        }
        totals.bytes += row.content_length;
        match row.status {
            Some(status @ 100..=599) => {
                totals.by_class[usize::from(status / 100) - 1] += 1;
            }
            None if row.state == RowState::Failed => totals.no_answer += 1,
            // Skipped, or an answer of no class: some servers say 999.
            _ => {}
        }
        match row.change {
            Some(PageChange::New) => totals.new += 1,
            Some(PageChange::Changed) => totals.changed += 1,
            Some(PageChange::Same) => totals.same += 1,
            // Those no longer found are gone as well: all are counted at the end.
            Some(PageChange::Gone) | None => {}
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
    entry: &Entry,
    depth: u32,
    state: RowState,
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
