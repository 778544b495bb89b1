//! What is asked for besides pages: robots.txt and sitemaps.

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::Ledger;
use crate::crawl::entry::{Entry, Errand};
use crate::crawl::sitemaps::Wanted;
use crate::crawl::window::host_of;
use crate::store::{RowState, SitemapRow};
use crate::web::robots::Fate;
use crate::web::url::host_key;

impl Ledger {
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

    /// Looks for the sitemaps of a seed that was added, now or when the robots.txt of its host is
    /// known.
    pub fn sitemaps_of_seed(&mut self, url: &Url, without_robots: bool) {
        let (host, https) = (host_key(url), url.scheme() == "https");
        self.sitemaps.add_host(host);
        let known = self.window.robots_of(host, https);
        if without_robots || known.is_some() {
            for wanted in self.sitemaps.of_host(host, https, known.as_deref()) {
                self.add_sitemap(wanted, 0);
            }
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
}
