//! Which sitemaps are to be read: each once, up to a maximum number and a maximum depth of index
//! files; and why others are not.
//!
//! It fetches and reads nothing.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use crate::crawl::hosts::UrlTask;
use crate::crawl::protocol::snapshot::SitemapsView;
use crate::model::page_state::PageState;
use crate::model::url_identity::{UrlHash, host_key};
use crate::settings::Settings;
use crate::settings::scope_kind::ScopeKind;
use crate::store::SitemapRow;
use crate::web::robots::RobotsPolicy;

/// Maximum number of index files above a sitemap: an index of indexes is one more than the protocol
/// has.
const MAX_DEPTH: u32 = 3;

/// Maximum number of sitemaps left out that get a row: a site can name as many as it likes.
const MAX_LEFT_OUT: usize = 10_000;

/// The sitemaps of a crawl.
#[derive(Debug, Default)]
pub struct Sitemaps {
    /// Hosts whose sitemaps are looked for, until they have been.
    hosts: HashSet<Box<str>>,
    seen: HashSet<UrlHash>,
    /// Those left out. One that is too deep may be met again where it is not.
    left_out: HashSet<UrlHash>,
    limit: u32,
    /// Those of seeds that were undone: they are read if their seed is added again.
    #[expect(clippy::vec_box, reason = "as they come from the host queues")]
    set_aside: Vec<Box<UrlTask>>,
    /// What viewers see.
    pub(super) view: SitemapsView,
}

/// Whether a sitemap that was found is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SitemapAdmission {
    /// It is to be read.
    Wanted,
    /// It is not, for this reason; returned once for each.
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
        Self { hosts, limit: settings.max_sitemaps, ..Self::default() }
    }

    /// Looks for the sitemaps of one more host.
    pub(super) fn add_host(&mut self, host: &str) {
        self.hosts.insert(host.into());
    }

    /// The sitemaps of a host whose robots.txt is known (`None`: it is ignored): those that it names, else
    /// the usual place.
    pub(super) fn of_host(
        &mut self,
        host: &str,
        https: bool,
        policy: Option<&RobotsPolicy>,
    ) -> Vec<Url> {
        if !self.hosts.remove(host) {
            return Vec::new();
        }
        let named =
            policy.and_then(RobotsPolicy::rules).map(crate::web::robots::RobotsTxt::sitemaps);
        let scheme = if https { "https" } else { "http" };
        let usual = Url::parse(&format!("{scheme}://{host}/sitemap.xml"));
        match (named, usual) {
            (Some(named), _) if !named.is_empty() => named.to_vec(),
            (_, Ok(usual)) => vec![usual],
            _ => Vec::new(),
        }
    }

    /// Sets a sitemap aside that was waiting.
    pub(super) fn set_aside(&mut self, mut task: Box<UrlTask>) {
        self.view.waiting = self.view.waiting.saturating_sub(1);
        (task.chain, task.robots, task.continues_attempt) = (None, None, false);
        self.set_aside.push(task);
    }

    /// Takes those back that `may_be_read`: they wait again.
    #[expect(clippy::vec_box, reason = "as they go into the host queues")]
    pub(super) fn resume(&mut self, may_be_read: impl Fn(&str) -> bool) -> Vec<Box<UrlTask>> {
        let back: Vec<_> = self.set_aside.extract_if(.., |task| may_be_read(&task.url)).collect();
        self.view.waiting += back.len() as u32;
        back
    }

    /// Takes in a sitemap with `depth` index files above it.
    pub(super) fn admit(&mut self, hash: UrlHash, depth: u32) -> SitemapAdmission {
        if self.seen.contains(&hash) {
            return SitemapAdmission::Known;
        }
        let why = if depth > MAX_DEPTH {
            format!("more than {MAX_DEPTH} sitemap indexes deep")
        } else if self.seen.len() >= self.limit as usize {
            format!("more than {} sitemaps", self.limit)
        } else {
            self.seen.insert(hash);
            self.view.waiting += 1;
            return SitemapAdmission::Wanted;
        };
        if self.left_out.len() >= MAX_LEFT_OUT || !self.left_out.insert(hash) {
            return SitemapAdmission::Known;
        }
        if self.left_out.len() == MAX_LEFT_OUT {
            tracing::warn!(MAX_LEFT_OUT, "further sitemaps that are not read get no row");
        }
        SitemapAdmission::LeftOut(why)
    }
}

/// The row of a sitemap that was not read to its end.
#[must_use]
pub fn sitemap_row(
    task: &UrlTask,
    depth: u32,
    state: PageState,
    error: Option<String>,
) -> SitemapRow {
    SitemapRow {
        url: Arc::clone(&task.url),
        url_hash: task.hash,
        state,
        status: None,
        urls: 0,
        sitemaps: 0,
        depth,
        error,
        created_at_ms: jiff::Timestamp::now().as_millisecond(),
    }
}
