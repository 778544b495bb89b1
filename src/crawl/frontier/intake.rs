//! How URLs come in: seeds, links, sitemaps, and what earlier runs and crawls knew.

use std::sync::Arc;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::link::{FoundLink, FoundUrl};
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::{FetchPurpose, UrlTask, host_of};
use crate::model::ids::{PageId, host_id, page_id, seq_of};
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::store::FrontierRow;
use crate::web::traps::TrapHit;
use crate::web::url::MAX_URL_LEN;

/// Why a URL is skipped when as many are fetched as the user wants.
pub(super) const BEYOND_PAGES: &str = "beyond the page limit";

/// Seeds taken in under one lock.
const SEEDS_PER_LOCK: usize = 1_000;

impl Frontier {
    /// Marks URLs as seen that an earlier run knew.
    pub fn remember(&self, known: &[(UrlHash, PageId)]) {
        let mut state = self.lock();
        for (hash, id) in known {
            state.seen.insert(hash, seq_of(*id));
        }
    }

    /// The id of a URL that is known.
    #[must_use]
    pub fn known(&self, hash: &UrlHash) -> Option<PageId> {
        self.lock().known(hash)
    }

    /// Takes in seeds.
    pub fn seed(&self, seeds: impl IntoIterator<Item = FoundLink>) {
        let mut seeds = seeds.into_iter();
        loop {
            let piece: Vec<FoundLink> = seeds.by_ref().take(SEEDS_PER_LOCK).collect();
            let last = piece.len() < SEEDS_PER_LOCK;
            let mut state = self.lock();
            for seed in piece {
                state.seed(seed);
            }
            state.batch.flush();
            drop(state);
            self.wake_both();
            if last {
                return;
            }
        }
    }

    /// Takes in URLs found in a sitemap; `kib` of the byte budget were taken for them.
    pub fn discover_in_sitemap(&self, pages: Vec<FoundUrl>, kib: u32) {
        let mut state = self.lock();
        let before = state.totals.discovered;
        for page in pages {
            state.discover(page, None);
        }
        let new = state.totals.discovered - before;
        state.sitemaps.view.found += new;
        state.batch.add_cost(kib);
        drop(state);
        self.wake_both();
    }

    /// Takes in URLs that an earlier crawl knew; false when the page limit is reached.
    pub fn discover_in_earlier_crawl(&self, pages: Vec<FoundUrl>) -> bool {
        let mut state = self.lock();
        for page in pages {
            if state.known(&page.hash).is_none() && !state.is_full() {
                state.discover(page, None);
            }
        }
        let room = !state.is_full();
        drop(state);
        self.wake_both();
        room
    }
}

impl FrontierState {
    pub(super) fn seed(&mut self, seed: FoundLink) {
        let FoundLink { url, hash, .. } = seed;
        self.discover(FoundUrl { url, hash, depth: 0, on: None, lastmod_ms: None }, None);
    }

    /// The id of a URL: its own if it was seen, a new one otherwise. `copy` is the trap that the
    /// page belongs to on which it was found.
    pub(super) fn discover(&mut self, found: FoundUrl, copy: Option<&TrapHit>) -> PageId {
        if let Some(id) = self.known(&found.hash) {
            return id;
        }
        let before = self.newest();
        let seq = self.next_seq;
        self.next_seq += 1;
        self.seen.insert(&found.hash, seq);
        let id = page_id(self.crawl, seq);
        self.totals.discovered += 1;
        self.totals.depth_mut(found.depth).known += 1;
        self.open += 1;
        if let Some(reason) = self.skip_reason(&found, copy) {
            self.end_unfetched(&new_task(id, found), PageState::Skipped, reason);
            return id;
        }
        self.totals.admitted += 1;
        self.batch.discovered(FrontierRow {
            id,
            url: Arc::clone(&found.url),
            url_hash: found.hash,
            depth: found.depth,
            attempts: 0,
            resent: 0,
            not_before_ms: 0,
            found_on: found.on.as_ref().map(|on| on.0),
            host_id: host_id(&host_of(&found.url)),
            lastmod_ms: found.lastmod_ms,
        });
        self.hosts.add(Box::new(new_task(id, found)), before);
        id
    }

    /// Why a new URL is not fetched.
    fn skip_reason(&mut self, found: &FoundUrl, copy: Option<&TrapHit>) -> Option<String> {
        let limits = self.admission;
        if found.url.len() > MAX_URL_LEN {
            return Some(format!("url longer than {} KiB", MAX_URL_LEN >> 10));
        }
        if limits.depth.is_some_and(|limit| found.depth > limit) {
            return Some("beyond the depth limit".to_owned());
        }
        if let Some(reason) = self.exclusions.excludes(&found.url).cloned() {
            self.exclusions.count(&reason, 1);
            return Some(reason.to_string());
        }
        if let Some(copy) = copy {
            return Some(self.traps.on_copy(&found.url, copy).reason());
        }
        let from = found.on.as_ref().map(|on| &*on.1);
        // Seeds are the user's own choice.
        if found.depth > 0
            && let Some(hit) = self.traps.judge_on(&found.url, &host_of(&found.url), from)
        {
            return Some(hit.reason());
        }
        self.is_full().then(|| BEYOND_PAGES.to_owned())
    }

    /// Whether as many URLs are fetched as the user wants.
    pub(super) fn is_full(&self) -> bool {
        self.admission.max_pages.is_some_and(|limit| self.totals.admitted >= limit)
    }
}

fn new_task(id: PageId, found: FoundUrl) -> UrlTask {
    let (found_on, found_on_url) = found.on.map_or((None, None), |on| (Some(on.0), Some(on.1)));
    UrlTask {
        id,
        depth: found.depth,
        found_on,
        found_on_url,
        lastmod_ms: found.lastmod_ms,
        ..UrlTask::auxiliary(found.url, found.hash, FetchPurpose::Page)
    }
}
