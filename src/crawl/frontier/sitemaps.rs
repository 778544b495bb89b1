//! Which sitemaps are to be read: each once, so many at most, from so deep an index at most; and
//! why others are not.
//!
//! It fetches and reads nothing.

use std::collections::HashSet;

use url::Url;

use crate::crawl::protocol::snapshot::SitemapsView;
use crate::model::url_identity::{UrlHash, host_key};
use crate::settings::Settings;
use crate::settings::scope_kind::ScopeKind;
use crate::web::robots::RobotsPolicy;

/// Index files above a sitemap at most: an index of indexes is one more than the protocol has.
pub const MAX_DEPTH: u32 = 3;

/// Sitemaps left out of which there is a row at most: a site can name as many as it likes.
const MOST_LEFT_OUT: usize = 10_000;

/// The sitemaps of a crawl.
#[derive(Debug, Default)]
pub struct Sitemaps {
    /// Hosts whose sitemaps are looked for, until they have been.
    hosts: HashSet<Box<str>>,
    seen: HashSet<UrlHash>,
    /// Those left out. One that is too deep may be met again where it is not.
    left_out: HashSet<UrlHash>,
    most: u32,
    /// What viewers see.
    pub view: SitemapsView,
}

/// A sitemap that was met.
#[derive(Debug, PartialEq, Eq)]
pub enum Met {
    /// It is to be read.
    Wanted,
    /// It is not, and this is why; said once of each.
    LeftOut(String),
    /// It is known.
    Known,
}

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
    pub fn of_host(&mut self, host: &str, https: bool, fate: Option<&RobotsPolicy>) -> Vec<Url> {
        if !self.hosts.remove(host) {
            return Vec::new();
        }
        let named = fate.and_then(RobotsPolicy::rules).map(crate::web::robots::Robots::sitemaps);
        let scheme = if https { "https" } else { "http" };
        let usual = Url::parse(&format!("{scheme}://{host}/sitemap.xml"));
        match (named, usual) {
            (Some(named), _) if !named.is_empty() => named.to_vec(),
            (_, Ok(usual)) => vec![usual],
            _ => Vec::new(),
        }
    }

    /// Takes in a sitemap with so many index files above it.
    pub fn meet(&mut self, hash: UrlHash, depth: u32) -> Met {
        if self.seen.contains(&hash) {
            return Met::Known;
        }
        let why = if depth > MAX_DEPTH {
            format!("more than {MAX_DEPTH} sitemap indexes deep")
        } else if self.seen.len() >= self.most as usize {
            format!("more than {} sitemaps", self.most)
        } else {
            self.seen.insert(hash);
            self.view.waiting += 1;
            return Met::Wanted;
        };
        if self.left_out.len() >= MOST_LEFT_OUT || !self.left_out.insert(hash) {
            return Met::Known;
        }
        if self.left_out.len() == MOST_LEFT_OUT {
            tracing::warn!(MOST_LEFT_OUT, "further sitemaps that are not read get no row");
        }
        Met::LeftOut(why)
    }
}
