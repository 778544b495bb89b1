//! How URLs come in: found, or read back from disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::Link;
use crate::crawl::frontier::exclusions::excluded_reason;
use crate::crawl::frontier::state::{Found, FrontierState};
use crate::crawl::hosts::host_of;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::model::ids::{PageId, host_id, page_id};
use crate::model::page_state::PageState;
use crate::store::FrontierRow;
use crate::web::traps::TrapHit;
use crate::web::url::MAX_URL_LEN;

/// Why a URL is skipped when as many are fetched as the user wants.
pub(super) const BEYOND_PAGES: &str = "beyond the page limit";

impl FrontierState {
    /// Takes in a seed.
    pub fn seed(&mut self, seed: Link) {
        let Link { url, hash, .. } = seed;
        self.discover(Found { url, hash, depth: 0, on: None, lastmod_ms: None });
    }

    /// The id of a URL: its own if it was seen, a new one otherwise.
    pub fn discover(&mut self, found: Found) -> PageId {
        self.discover_on(found, None)
    }

    /// Likewise, of a URL found on a page that may be one copy too many.
    pub(super) fn discover_on(&mut self, found: Found, copy: Option<&TrapHit>) -> PageId {
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
        if let Some(reason) = self.refuses(&found, copy) {
            self.end_unfetched(&Self::entry(id, found), PageState::Skipped, reason);
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
            host_id: host_id(&host_of(&found.url)),
            lastmod_ms: found.lastmod_ms,
        });
        self.window.add(Box::new(Self::entry(id, found)), before);
        id
    }

    pub(super) fn entry(id: PageId, found: Found) -> UrlTask {
        let (found_on, found_on_url) = found.on.map_or((None, None), |on| (Some(on.0), Some(on.1)));
        UrlTask {
            id,
            depth: found.depth,
            found_on,
            found_on_url,
            lastmod_ms: found.lastmod_ms,
            ..UrlTask::aside(found.url, found.hash, FetchPurpose::Page)
        }
    }

    /// Why a new URL is not fetched.
    pub(super) fn refuses(&mut self, found: &Found, copy: Option<&TrapHit>) -> Option<String> {
        let limits = self.admission;
        if found.url.len() > MAX_URL_LEN {
            return Some(format!("url longer than {} KiB", MAX_URL_LEN >> 10));
        }
        if limits.depth.is_some_and(|limit| found.depth > limit) {
            return Some("beyond the depth limit".to_owned());
        }
        if let Some(pattern) = self.pruned.excludes(&found.url).cloned() {
            self.pruned.count(&pattern, 1);
            return Some(excluded_reason(&pattern));
        }
        if let Some(copy) = copy {
            return Some(self.traps.on_copy(&found.url, copy).reason());
        }
        let from = found.on.as_ref().map(|on| &*on.1);
        // Seeds are the user's own choice.
        if found.depth > 0
            && let Some(caught) = self.traps.judge_on(&found.url, &host_of(&found.url), from)
        {
            return Some(caught.reason());
        }
        self.is_full().then(|| BEYOND_PAGES.to_owned())
    }

    /// Whether as many URLs are fetched as the user wants.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.admission.max_pages.is_some_and(|limit| self.totals.admitted >= limit)
    }

    /// Takes in rows of a host read back from disk, in order of id. Rows that are not on disk only
    /// any more, because the place where reading began was overtaken, are left alone.
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
            let nothing_to_come = self.commits().1 == commits;
            if nothing_to_come {
                let lost = self.window.nothing_on_disk(host);
                if lost > 0 {
                    self.open = self.open.saturating_sub(lost);
                    tracing::error!(host, lost, "URLs that should be in the database are not");
                }
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
            if !self.window.is_on_disk(host, row.id) {
                continue;
            }
            let wait = row.not_before_ms - now_ms;
            let entry = Box::new(UrlTask {
                id: row.id,
                depth: row.depth,
                earlier: row.attempts,
                found_on: row.found_on,
                lastmod_ms: row.lastmod_ms,
                ..UrlTask::aside(row.url, row.url_hash, FetchPurpose::Page)
            });
            if wait > 0 {
                self.wait(entry, now + Duration::from_millis(wait as u64));
                aside += 1;
            } else {
                ready.push(entry);
            }
        }
        if ready.is_empty() {
            self.window.not_refilled(host);
        } else {
            self.window.refilled(host, ready);
        }
        self.window.passed_over(host, last, aside);
    }
}
