//! Detects URLs that grow with each link without end: `/a/` links to `/a/b/`, that to `/a/b/c/`, …
//!
//! Ordinary sites also have long URLs that link to longer ones, but most of their deepest pages do not.
//! A host where nearly all deep pages link to longer URLs is a trap.

use xxhash_rust::xxh3::xxh3_64;

use crate::web::bounded_map::BoundedMap;

/// Numbers of URLs and hosts remembered, each per generation.
const URLS: usize = 7 << 13;
const HOSTS: usize = 7 << 8;
/// Minimum number of deep pages with longer links before a host is judged.
const MIN_DEEP_PAGES: u32 = 64;

/// A URL that is longer than that of the page it was found on.
#[derive(Debug, Default)]
struct Grown {
    /// Number of consecutive links with a longer URL that lead to it.
    run: u16,
    /// Whether its page links to a longer URL.
    links_longer: bool,
}

/// Counts of the deep pages of one host: those whose run is at least half of the limit.
#[derive(Debug, Default)]
struct HostGrowth {
    fetched: u32,
    links_longer: u32,
}

/// Tracks growing URLs.
#[derive(Debug)]
pub(super) struct Growth {
    urls: BoundedMap<Grown>,
    hosts: BoundedMap<HostGrowth>,
}

impl Growth {
    pub(super) fn new() -> Self {
        Self { urls: BoundedMap::new(URLS), hosts: BoundedMap::new(HOSTS) }
    }

    /// Records a fetched page.
    pub(super) fn fetched(&mut self, url: &str, host: &str, limit: u32) {
        let deep = self.urls.get(xxh3_64(url.as_bytes())).is_some_and(|page| is_deep(page, limit));
        if deep {
            let host = self.hosts.entry(xxh3_64(host.as_bytes()));
            host.fetched = host.fetched.saturating_add(1);
        }
    }

    /// Whether a new URL, found on `from`, belongs to an endless growth.
    pub(super) fn is_endless(&mut self, url: &str, host: &str, from: &str, limit: u32) -> bool {
        if url.len() <= from.len() {
            return false;
        }
        let key = xxh3_64(host.as_bytes());
        let mut run = 1;
        if let Some(page) = self.urls.get(xxh3_64(from.as_bytes())) {
            run = page.run.saturating_add(1);
            if is_deep(page, limit) && !page.links_longer {
                page.links_longer = true;
                self.hosts.entry(key).links_longer += 1;
            }
        }
        self.urls.entry(xxh3_64(url.as_bytes())).run = run;
        if u32::from(run) <= limit {
            return false;
        }
        // Ten of eleven deep pages link to longer URLs; pages being parsed are counted too.
        let host = self.hosts.entry(key);
        host.links_longer >= MIN_DEEP_PAGES
            && u64::from(host.links_longer) * 11 >= u64::from(host.fetched) * 10
    }
}

fn is_deep(page: &Grown, limit: u32) -> bool {
    u32::from(page.run) * 2 >= limit
}
