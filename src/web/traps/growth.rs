//! URLs that grow link by link: `/a/` leads to `/a/b/`, that to `/a/b/c/`, and there is no end.
//!
//! Sites have long URLs as well, and one links to longer ones; but most of their deepest pages are
//! ends. Where hardly any is, there is none.

use xxhash_rust::xxh3::xxh3_64;

use crate::web::traps::memory::BoundedMap;

/// URLs and hosts remembered, each per generation.
const URLS: usize = 7 << 13;
const HOSTS: usize = 7 << 8;
/// So many pages must have grown before a host is judged.
const LEAST: u32 = 64;

/// A URL that is longer than the one it was found on.
#[derive(Debug, Default)]
struct Grown {
    /// How many times in a row.
    run: u16,
    /// Whether it led to a longer one itself.
    led_on: bool,
}

/// The pages of one host whose URLs have grown for at least half of what is allowed.
#[derive(Debug, Default)]
struct HostGrowth {
    fetched: u32,
    led_on: u32,
}

/// Which URLs grew.
#[derive(Debug)]
pub(super) struct Growth {
    urls: BoundedMap<Grown>,
    hosts: BoundedMap<HostGrowth>,
}

impl Growth {
    pub(super) fn new() -> Self {
        Self { urls: BoundedMap::new(URLS), hosts: BoundedMap::new(HOSTS) }
    }

    /// Notes a page that was fetched.
    pub(super) fn fetched(&mut self, url: &str, host: &str, limit: u32) {
        let deep = self.urls.get(xxh3_64(url.as_bytes())).is_some_and(|page| is_deep(page, limit));
        if deep {
            let host = self.hosts.entry(xxh3_64(host.as_bytes()));
            host.fetched = host.fetched.saturating_add(1);
        }
    }

    /// Whether a new URL, found on `from`, is one of a growth without end.
    pub(super) fn endless(&mut self, url: &str, host: &str, from: &str, limit: u32) -> bool {
        if url.len() <= from.len() {
            return false;
        }
        let key = xxh3_64(host.as_bytes());
        let mut run = 1;
        if let Some(page) = self.urls.get(xxh3_64(from.as_bytes())) {
            run = page.run.saturating_add(1);
            if is_deep(page, limit) && !page.led_on {
                page.led_on = true;
                self.hosts.entry(key).led_on += 1;
            }
        }
        self.urls.entry(xxh3_64(url.as_bytes())).run = run;
        if u32::from(run) <= limit {
            return false;
        }
        // Ten of eleven led on, those included whose links are being looked at.
        let host = self.hosts.entry(key);
        host.led_on >= LEAST && u64::from(host.led_on) * 11 >= u64::from(host.fetched) * 10
    }
}

fn is_deep(page: &Grown, limit: u32) -> bool {
    u32::from(page.run) * 2 >= limit
}
