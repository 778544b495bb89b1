//! How URLs end, with and without a request.

use std::sync::Arc;

use tokio::time::Instant;

use crate::crawl::frontier::state::{Found, FrontierState, sitemap_row};
use crate::crawl::frontier::{Finished, Link};
use crate::crawl::hosts::host::GiveUp;
use crate::crawl::hosts::host_of;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::crawl::protocol::snapshot::PageView;
use crate::model::page_state::PageState;
use crate::store::{LinkRow, PageRow};
use crate::web::robots::RobotsPolicy;
use crate::web::traps::{Page, TrapHit};

impl FrontierState {
    /// Puts a URL into its final state that is not (or no longer) fetched.
    pub fn end_unfetched(&mut self, entry: &UrlTask, state: PageState, reason: String) {
        self.totals.pages += 1;
        if state == PageState::Failed {
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

    pub(super) fn end_doomed(&mut self, entry: &UrlTask, doom: &GiveUp, now: Instant) {
        match entry.errand {
            FetchPurpose::Page if doom.by_user => self.withdraw(entry, doom.reason.to_string()),
            FetchPurpose::Page => self.end_unfetched(entry, doom.state, doom.reason.to_string()),
            FetchPurpose::Robots { https } => {
                let fate = RobotsPolicy::Shut(doom.reason.to_string());
                self.robots(&entry.url, https, fate, now);
            }
            FetchPurpose::Sitemap { depth } => {
                let row = sitemap_row(entry, depth, doom.state, Some(doom.reason.to_string()));
                self.sitemap_ended(row);
            }
        }
    }

    /// Takes in a page in its final state. Returns whether there are new URLs, whether the saver
    /// should look, and what fell out of the ring of recent pages.
    pub fn finish(&mut self, page: Finished) -> (bool, bool, Option<Arc<PageView>>) {
        let Finished { row, view, links, redirects, latency, kib, trouble, .. } = page;
        let Finished { queue_empty, led_to, unmodified, same_as, is_page, .. } = page;
        if row.status.is_some() {
            self.traps.fetched(&row.url, &host_of(&row.url));
        }
        let copy = is_page.then(|| self.is_copy(&row, same_as)).flatten();
        let before = self.totals.discovered;
        let first = self.outbox.is_empty();
        let led_to = led_to.filter(|to| *to != row.url_hash && links.iter().all(|l| l.hash != *to));
        for Link { url, hash, anchor } in links {
            let found = Found {
                url,
                hash,
                depth: row.depth + 1,
                on: Some((row.id, Arc::clone(&row.url))),
                lastmod_ms: None,
            };
            let to = self.discover_on(found, copy.as_ref());
            self.outbox.link(LinkRow { from: row.id, to, anchor });
            self.totals.links += 1;
        }
        if let Some(target) = led_to.and_then(|hash| self.known(&hash)) {
            self.outbox.link(LinkRow { from: row.id, to: target, anchor: None });
            self.totals.links += 1;
        }
        let new = self.totals.discovered != before;
        self.count(&row, unmodified);
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

    /// The trap that a page is one copy too many for.
    fn is_copy(&mut self, row: &PageRow, body: Option<u64>) -> Option<TrapHit> {
        let canonical = row.content.as_ref().and_then(|content| content.canonical.as_deref());
        let page = Page {
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
        use crate::store::PageChange;
        let totals = &mut self.totals;
        totals.pages += 1;
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
