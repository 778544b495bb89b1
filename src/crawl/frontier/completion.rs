//! How URLs end, with and without a request.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::link::{FoundLink, FoundUrl};
use crate::crawl::frontier::page_view::page_view;
use crate::crawl::frontier::sitemaps::sitemap_row;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::{FetchPurpose, GiveUp, RequestCounts, UrlTask, host_of};
use crate::crawl::protocol::snapshot::{PageView, RecentFailure};
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::store::{LinkRow, PageChange, PageRow};
use crate::web::robots::RobotsPolicy;
use crate::web::traps::{FetchedPage, TrapHit};

/// A page in its final state, with all that follows from it.
#[derive(Debug)]
pub struct Finished {
    /// Its row.
    pub row: PageRow,
    /// What its row in the frontier said of the requests for it; see [`UrlTask::saved`].
    pub saved_requests: RequestCounts,
    /// The same for viewers.
    pub view: Arc<PageView>,
    /// Links found on it, distinct.
    pub links: Vec<FoundLink>,
    /// Redirects followed.
    pub redirects: u32,
    /// How long the last request took, when it was answered.
    pub latency: Option<Duration>,
    /// KiB of the byte budget taken for it.
    pub kib: u32,
    /// The entry for the list of recent failures, when it failed.
    pub failure: Option<Arc<RecentFailure>>,
    /// Whether the queue was empty when it ended: then the saver need not wait to fill the batch.
    pub queue_empty: bool,
    /// Where a redirect led: that page is linked to, if it is known.
    pub redirect_target: Option<UrlHash>,
    /// Whether its body was not sent, because it is as it was in the earlier crawl.
    pub unmodified: bool,
    /// Hash of its content, where another page with the same content would hint at a trap.
    pub content_hash: Option<u64>,
    /// Whether it is a page of its own whose fetch succeeded.
    pub is_page: bool,
}

impl Frontier {
    /// Hands in a page in its final state.
    pub fn finish(&self, page: Finished) {
        let (view, failure) = (Arc::clone(&page.view), page.failure.clone());
        let mut state = self.lock();
        let first = state.batch.is_empty();
        let before = state.totals.discovered;
        state.take_in(page);
        if let Some(failure) = failure {
            state.recent.failure(failure);
        }
        let evicted = state.recent.page(view);
        let new = state.totals.discovered != before;
        let wake_saver = first || state.batch.is_due();
        drop(state);
        drop(evicted);
        if new {
            self.wake_producer();
        }
        if wake_saver {
            self.wake_saver();
        }
    }

    /// Ends a URL whose worker panicked twice: it failed, and nothing else is done about it.
    pub fn end_panicked(&self, task: &UrlTask, reason: String) {
        let give_up = GiveUp { reason: reason.into(), state: PageState::Failed, by_user: false };
        let mut state = self.lock();
        state.end_abandoned(task, &give_up, Instant::now());
        drop(state);
        self.wake_producer();
        self.wake_saver();
    }
}

impl FrontierState {
    /// Puts a URL into its final state that is not (or no longer) fetched.
    pub(super) fn end_unfetched(&mut self, task: &UrlTask, state: PageState, reason: String) {
        self.totals.pages += 1;
        self.totals.depth_mut(task.depth).done += 1;
        if state == PageState::Failed {
            self.totals.failed += 1;
            self.totals.no_answer += 1;
        } else {
            self.totals.skipped += 1;
        }
        self.unsaved += 1;
        let requests = task.requests();
        self.count_ended(task.saved, requests);
        self.recent.not_fetched(&reason);
        let host = host_of(&task.url).into();
        let chain = task.chain.as_deref().filter(|chain| !chain.hops().is_empty());
        let row = PageRow {
            id: task.id,
            url: Arc::clone(&task.url),
            url_hash: task.hash,
            host,
            state,
            status: None,
            content_length: 0,
            content_type: None,
            title: None,
            depth: task.depth,
            elapsed_ms: 0,
            attempts: requests.attempts,
            resent: requests.resent,
            final_url: chain.map(|chain| chain.url().to_string()),
            redirects: chain.and_then(|chain| serde_json::to_string(chain.hops()).ok()),
            error: Some(reason),
            found_on: task.found_on,
            links_found: 0,
            created_at_ms: jiff::Timestamp::now().as_millisecond(),
            content: None,
            lastmod_ms: task.lastmod_ms,
            change: None,
        };
        if state == PageState::Failed {
            self.show_failed(&row, task.found_on_url.clone());
        }
        self.batch.page(row, 0);
    }

    /// Shows a page that failed without a request of its own: why stands nowhere else while the crawl runs.
    fn show_failed(&mut self, row: &PageRow, found_on: Option<Arc<str>>) {
        let at_s = self.start.elapsed().as_secs_f64();
        let view =
            page_view(row, (at_s, jiff::Timestamp::now()), Vec::new(), found_on.clone(), &[]);
        let failure = RecentFailure {
            at_s,
            url: Arc::clone(&row.url),
            what: row.error.clone().unwrap_or_default(),
            attempt: row.attempts,
            attempts: row.attempts,
            next_at_s: None,
            found_on,
            found_on_id: row.found_on,
        };
        self.recent.failed_unfetched(view, failure);
    }

    /// Ends what waited for a host that is given up.
    pub(super) fn end_abandoned(&mut self, task: &UrlTask, give_up: &GiveUp, now: Instant) {
        match task.purpose {
            FetchPurpose::Page if give_up.by_user => {
                self.withdraw(task, give_up.reason.to_string());
            }
            FetchPurpose::Page => {
                self.end_unfetched(task, give_up.state, give_up.reason.to_string());
            }
            FetchPurpose::Robots { https } => {
                let policy = RobotsPolicy::Shut(give_up.reason.to_string());
                self.robots_fetched(&task.url, https, policy, now);
            }
            FetchPurpose::Sitemap { depth } => {
                let row = sitemap_row(task, depth, give_up.state, Some(give_up.reason.to_string()));
                self.sitemap_ended(row);
            }
        }
    }

    /// Takes in a page in its final state, its links and its counts.
    fn take_in(&mut self, page: Finished) {
        let Finished { row, saved_requests, links, redirects, latency, kib, .. } = page;
        let Finished { queue_empty, redirect_target, unmodified, content_hash, is_page, .. } = page;
        if row.status.is_some() {
            self.traps.fetched(&row.url, &host_of(&row.url));
        }
        let copy = is_page.then(|| self.copy_trap(&row, content_hash)).flatten();
        let redirect_target = redirect_target
            .filter(|to| *to != row.url_hash && links.iter().all(|link| link.hash != *to));
        for FoundLink { url, hash, anchor } in links {
            let found = FoundUrl {
                url,
                hash,
                depth: row.depth + 1,
                on: Some((row.id, Arc::clone(&row.url))),
                lastmod_ms: None,
            };
            let to = self.discover(found, copy.as_ref());
            self.link(LinkRow { from: row.id, to, anchor });
        }
        if let Some(to) = redirect_target.and_then(|hash| self.known(&hash)) {
            self.link(LinkRow { from: row.id, to, anchor: None });
        }
        let requests = RequestCounts { attempts: row.attempts, resent: row.resent };
        self.count_ended(saved_requests, requests);
        self.count(&row, unmodified);
        self.totals.redirects += u64::from(redirects);
        if let Some(latency) = latency {
            self.latencies.record(latency);
        }
        self.unsaved += 1;
        self.batch.page(row, kib);
        // The queue has run dry: nothing will fill the batch soon.
        if queue_empty && self.hosts.is_empty() && self.hosts.on_disk() == 0 {
            self.batch.flush();
        }
    }

    fn link(&mut self, link: LinkRow) {
        if self.store_links {
            self.batch.link(link);
            self.totals.links += 1;
        }
    }

    /// The trap that a page belongs to, when it is one copy too many.
    fn copy_trap(&mut self, row: &PageRow, body: Option<u64>) -> Option<TrapHit> {
        let canonical = row.content.as_ref().and_then(|content| content.canonical.as_deref());
        let page = FetchedPage {
            url: &row.url,
            body,
            canonical,
            title: row.title.as_deref(),
            length: row.content_length,
            links: row.links_found,
        };
        let copy = self.traps.page(&page, &host_of(&row.url))?;
        tracing::debug!(url = %row.url, first = copy.pattern, "links of a copy are not followed");
        Some(copy)
    }

    fn count(&mut self, row: &PageRow, unmodified: bool) {
        let totals = &mut self.totals;
        totals.pages += 1;
        totals.depth_mut(row.depth).done += 1;
        match row.state {
            PageState::Ok => totals.ok += 1,
            PageState::Failed => totals.failed += 1,
            PageState::Skipped => totals.skipped += 1,
        }
        totals.bytes += if unmodified { 0 } else { row.content_length };
        match row.status {
            Some(status @ 100..=599) => {
                totals.by_class[usize::from(status / 100) - 1] += 1;
            }
            None if row.state == PageState::Failed => totals.no_answer += 1,
            // Skipped, or an answer of no class: some servers say 999.
            _ => {}
        }
        match row.change {
            Some(PageChange::New) => totals.new += 1,
            Some(PageChange::Changed) => totals.changed += 1,
            Some(PageChange::Same) => totals.same += 1,
            Some(PageChange::Gone) => totals.gone += 1,
            None => {}
        }
    }
}
