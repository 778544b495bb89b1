//! What is asked for besides pages: robots.txt and sitemaps.

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use crate::crawl::frontier::sitemaps::Met;
use crate::crawl::frontier::state::{FrontierState, sitemap_row};
use crate::crawl::hosts::host_of;
use crate::crawl::hosts::url_task::{FetchPurpose, UrlTask};
use crate::model::page_state::PageState;
use crate::model::url_identity::{UrlHash, host_key};
use crate::store::SitemapRow;
use crate::web::robots::RobotsPolicy;

impl FrontierState {
    /// A host was found to be down.
    pub fn incident(&mut self, host: &str) {
        let incidents = self.window.incidents(host);
        self.outbox.host(host, None, incidents);
    }

    /// What came of asking for a robots.txt, whose URL was `url`.
    pub fn robots(&mut self, url: &str, https: bool, fate: RobotsPolicy, now: Instant) {
        let host = &*host_of(url);
        if !fate.asks_again() {
            for sitemap in self.sitemaps.of_host(host, https, Some(&fate)) {
                self.add_sitemap(&sitemap, 0);
            }
        }
        self.outbox.host(host, Some(fate.to_string()), 0);
        self.window.robots(host, https, Arc::new(fate), now);
    }

    /// Looks for the sitemaps of a host whose robots.txt is ignored.
    pub fn sitemaps_without_robots(&mut self, url: &str) {
        for sitemap in self.sitemaps.of_host(&host_of(url), url.starts_with("https:"), None) {
            self.add_sitemap(&sitemap, 0);
        }
    }

    /// Looks for the sitemaps of a seed that was added, now or when the robots.txt of its host is
    /// known.
    pub fn sitemaps_of_seed(&mut self, url: &Url, without_robots: bool) {
        let (host, https) = (&*host_key(url), url.scheme() == "https");
        self.sitemaps.add_host(host);
        let known = self.window.robots_of(host, https);
        if without_robots || known.is_some() {
            for sitemap in self.sitemaps.of_host(host, https, known.as_deref()) {
                self.add_sitemap(&sitemap, 0);
            }
        }
    }

    /// Puts a sitemap into the queue of its host, or says why it is not read.
    pub fn add_sitemap(&mut self, url: &Url, depth: u32) {
        let hash = UrlHash::of(url);
        let met = self.sitemaps.meet(hash, depth);
        if met == Met::Known {
            return;
        }
        let entry = UrlTask::aside(url.as_str().into(), hash, FetchPurpose::Sitemap { depth });
        if let Met::LeftOut(why) = met {
            return self.outbox.sitemap(sitemap_row(&entry, depth, PageState::Skipped, Some(why)));
        }
        let newest = self.newest();
        self.hold();
        self.window.push(Box::new(entry), true, newest);
    }

    /// A sitemap was read, or could not be.
    pub fn sitemap_ended(&mut self, row: SitemapRow) {
        let view = &mut self.sitemaps.view;
        view.waiting = view.waiting.saturating_sub(1);
        if row.state == PageState::Ok {
            view.read += 1;
        } else {
            view.failed += 1;
        }
        self.outbox.sitemap(row);
        self.let_go();
    }
}
