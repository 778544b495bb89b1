//! Which sitemaps are to be read: each once, so many at most, from so deep an index at most.
//!
//! It fetches and reads nothing.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::snapshot::SitemapsView;
use crate::config::Settings;
use crate::web::robots::Fate;
use crate::web::scope::ScopeKind;
use crate::web::url::{UrlHash, host_key};

/// Index files above a sitemap at most: an index of indexes is one more than the protocol has.
pub const MAX_DEPTH: u32 = 3;

/// The sitemaps of a crawl.
#[derive(Debug, Default)]
pub struct Sitemaps {
    /// Hosts whose sitemaps are looked for, until they have been.
    hosts: HashSet<Box<str>>,
    seen: HashSet<UrlHash>,
    most: u32,
    /// What viewers see.
    pub view: SitemapsView,
}

/// A sitemap to be read.
pub type Wanted = (Arc<str>, UrlHash);

/// Whether sitemaps are looked for at all: where links are followed beyond the seeds.
#[must_use]
pub fn are_read(settings: &Settings) -> bool {
    settings.sitemaps
        && settings.follow
        && settings.depth != Some(0)
        && settings.scope != ScopeKind::Page
}

impl Sitemaps {
    /// Those of the hosts of `seeds`.
    #[must_use]
    pub fn of(settings: &Settings, seeds: &[Url]) -> Self {
        let hosts = if are_read(settings) {
            seeds.iter().map(|url| host_key(url).into()).collect()
        } else {
            HashSet::new()
        };
        Self { hosts, most: settings.max_sitemaps, ..Self::default() }
    }

    /// Looks for the sitemaps of one more host.
    pub fn add_host(&mut self, host: &str) {
        self.hosts.insert(host.into());
    }

    /// The sitemaps of a host whose robots.txt is known (`None`: is ignored): those it names, else
    /// the usual place.
    pub fn of_host(&mut self, host: &str, https: bool, fate: Option<&Fate>) -> Vec<Wanted> {
        if !self.hosts.remove(host) {
            return Vec::new();
        }
        let named = fate.and_then(Fate::rules).map(crate::web::robots::Robots::sitemaps);
        let scheme = if https { "https" } else { "http" };
        let usual = Url::parse(&format!("{scheme}://{host}/sitemap.xml"));
        let urls = match (named, &usual) {
            (Some(named), _) if !named.is_empty() => named,
            (_, Ok(usual)) => std::slice::from_ref(usual),
            _ => &[],
        };
        urls.iter().filter_map(|url| self.want(url, 0)).collect()
    }

    /// Takes in a sitemap; `None` when it is known, too deep or one too many.
    pub fn want(&mut self, url: &Url, depth: u32) -> Option<Wanted> {
        let hash = UrlHash::of(url);
        if depth > MAX_DEPTH || self.seen.len() >= self.most as usize || !self.seen.insert(hash) {
            return None;
        }
        self.view.waiting += 1;
        Some((url.as_str().into(), hash))
    }
}
