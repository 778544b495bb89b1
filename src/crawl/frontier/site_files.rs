//! What is requested besides pages: robots.txt and sitemaps.

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::sitemaps::{SitemapAdmission, sitemap_row};
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::{FetchPurpose, UrlTask, host_of};
use crate::model::page_state::PageState;
use crate::model::url_identity::{UrlHash, host_key};
use crate::store::SitemapRow;
use crate::web::robots::RobotsPolicy;

impl Frontier {
    /// The robots.txt at `url` is known, or could not be had.
    pub fn robots_fetched(&self, url: &str, https: bool, policy: RobotsPolicy) {
        self.lock().robots_fetched(url, https, policy, Instant::now());
        self.wake_both();
    }

    /// Puts a sitemap that was found into the queue of its host, or records why it is not read.
    pub fn add_sitemap(&self, url: &Url, depth: u32) {
        self.lock().add_sitemap(url, depth);
        self.wake_both();
    }

    /// Looks for the sitemaps of seeds whose robots.txt is ignored.
    pub fn sitemaps_without_robots(&self, seeds: &[Url]) {
        let mut state = self.lock();
        for seed in seeds {
            let host = host_of(seed.as_str());
            let found = state.sitemaps.of_host(&host, seed.scheme() == "https", None);
            state.add_sitemaps(&found);
        }
        drop(state);
        // The seeds may be done by now: nothing else notifies the producer, or the saver.
        self.wake_both();
    }

    /// A sitemap was read, or could not be.
    pub fn sitemap_ended(&self, row: SitemapRow) {
        let mut state = self.lock();
        state.sitemap_ended(row);
        let drained = state.is_drained();
        drop(state);
        self.wake_both();
        if drained {
            self.signal_drained();
        }
    }
}

impl FrontierState {
    pub(super) fn robots_fetched(
        &mut self,
        url: &str,
        https: bool,
        policy: RobotsPolicy,
        now: Instant,
    ) {
        let host = &*host_of(url);
        if !policy.asks_again() {
            let found = self.sitemaps.of_host(host, https, Some(&policy));
            self.add_sitemaps(&found);
        }
        self.batch.host(host, Some(policy.to_string()), 0);
        self.hosts.robots_fetched(host, https, Arc::new(policy), now);
    }

    /// Looks for the sitemaps of a seed that was added, now or when the robots.txt of its host is
    /// known.
    pub(super) fn sitemaps_of_seed(&mut self, url: &Url, without_robots: bool) {
        let (host, https) = (&*host_key(url), url.scheme() == "https");
        self.sitemaps.add_host(host);
        let known = self.hosts.robots_of(host, https);
        if without_robots || known.is_some() {
            let found = self.sitemaps.of_host(host, https, known.as_deref());
            self.add_sitemaps(&found);
        }
    }

    fn add_sitemaps(&mut self, urls: &[Url]) {
        for url in urls {
            self.add_sitemap(url, 0);
        }
    }

    fn add_sitemap(&mut self, url: &Url, depth: u32) {
        let hash = UrlHash::of(url);
        let admission = self.sitemaps.admit(hash, depth);
        if admission == SitemapAdmission::Known {
            return;
        }
        let purpose = FetchPurpose::Sitemap { depth };
        let task = UrlTask::auxiliary(url.as_str().into(), hash, purpose);
        if let SitemapAdmission::LeftOut(why) = admission {
            return self.batch.sitemap(sitemap_row(&task, depth, PageState::Skipped, Some(why)));
        }
        if self.excluded_by(&task).is_some() {
            return self.sitemaps.set_aside(Box::new(task));
        }
        self.push_sitemap(Box::new(task));
    }

    fn push_sitemap(&mut self, task: Box<UrlTask>) {
        let newest = self.newest();
        self.begin_background();
        self.hosts.push(task, true, newest);
    }

    /// A sitemap that was waiting is not to be read, because the seed was undone that led to it.
    pub(super) fn set_aside_sitemap(&mut self, task: Box<UrlTask>) {
        self.sitemaps.set_aside(task);
        self.end_background();
    }

    /// Continues with the sitemaps whose seeds were added again.
    pub(super) fn resume_sitemaps(&mut self) {
        let exclusions = &self.exclusions;
        for task in self.sitemaps.resume(|url| exclusions.left_by_seed(url).is_none()) {
            self.push_sitemap(task);
        }
    }

    pub(super) fn sitemap_ended(&mut self, row: SitemapRow) {
        let view = &mut self.sitemaps.view;
        view.waiting = view.waiting.saturating_sub(1);
        if row.state == PageState::Ok {
            view.read += 1;
        } else {
            view.failed += 1;
        }
        self.batch.sitemap(row);
        self.end_background();
    }
}
