//! A URL on its way through the pipeline.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::resends::Resends;
use crate::model::ids::PageId;
use crate::model::url_identity::UrlHash;
use crate::web::http::RedirectChain;
use crate::web::robots::RobotsPolicy;

/// What a URL is fetched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FetchPurpose {
    /// To be a row.
    #[default]
    Page,
    /// The robots.txt of its host: nothing else of the host goes out before.
    Robots {
        /// For its https URLs.
        https: bool,
    },
    /// A sitemap.
    Sitemap {
        /// Index files above it.
        depth: u32,
    },
}

/// Requests made for a URL, redirects not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCounts {
    /// Those that count as attempts.
    pub attempts: u32,
    /// Those that do not.
    pub resent: u32,
}

/// A URL on its way through the pipeline.
#[derive(Debug, Clone)]
pub struct UrlTask {
    /// Its id in the database; 0 for what is no page.
    pub id: PageId,
    /// URL as found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub hash: UrlHash,
    /// Links from a seed.
    pub depth: u32,
    /// Requests made for it in this run that count as attempts: a resumed crawl gives a URL all its
    /// attempts again, because the answer to the last one may be what was lost.
    pub attempts: u32,
    /// Likewise in earlier runs.
    pub earlier_attempts: u32,
    /// Requests made for it in this run that do not count as attempts: the server never processed
    /// them, or its host refused them (429, 503) or was down.
    pub resent: u32,
    /// Likewise in earlier runs.
    pub earlier_resent: u32,
    /// What its row in the frontier says; the totals count these.
    pub saved: RequestCounts,
    /// Failures that were its host's fault and do not count as attempts.
    pub uncounted_failures: u32,
    /// Requests in this run that were sent again at once.
    pub resends: Resends,
    /// The page on which it was first found.
    pub found_on: Option<PageId>,
    /// That page's URL, where it is still known.
    pub found_on_url: Option<Arc<str>>,
    /// What a sitemap says of its last change: ms since 1970, UTC.
    pub lastmod_ms: Option<i64>,
    /// What it is fetched for.
    pub purpose: FetchPurpose,
    /// The redirects so far, and where they lead: that is requested next, by the rules of its host.
    pub chain: Option<Box<RedirectChain>>,
    /// Time spent on the redirects so far, in ms.
    pub spent_ms: u64,
    /// Whether it continues with a redirect, in the same attempt.
    pub continues_attempt: bool,
    /// The gap of the host that is requested next; put in when it is handed out.
    pub gap: Duration,
    /// The robots.txt of the host that is requested next; put in when it is handed out.
    pub robots: Option<Arc<RobotsPolicy>>,
    /// Whether the connection is closed after its response; put in when it is handed out.
    pub closes_connection: bool,
}

impl UrlTask {
    /// A URL without anything but its purpose, for what is no page.
    #[must_use]
    pub fn auxiliary(url: Arc<str>, hash: UrlHash, purpose: FetchPurpose) -> Self {
        Self {
            id: 0,
            url,
            hash,
            depth: 0,
            attempts: 0,
            earlier_attempts: 0,
            resent: 0,
            earlier_resent: 0,
            saved: RequestCounts::default(),
            uncounted_failures: 0,
            resends: Resends::default(),
            found_on: None,
            found_on_url: None,
            lastmod_ms: None,
            purpose,
            chain: None,
            spent_ms: 0,
            continues_attempt: false,
            gap: Duration::ZERO,
            robots: None,
            closes_connection: false,
        }
    }

    /// Requests made for it in all runs.
    #[must_use]
    pub const fn requests(&self) -> RequestCounts {
        RequestCounts {
            attempts: self.earlier_attempts + self.attempts,
            resent: self.earlier_resent + self.resent,
        }
    }

    /// The URL that is requested next.
    #[must_use]
    pub fn target(&self) -> &str {
        self.chain.as_ref().map_or(&self.url, |chain| chain.url().as_str())
    }
}

/// A URL waiting for its next attempt, and until when. It is ordered by that.
#[derive(Debug)]
pub struct DelayedTask(pub Instant, pub Box<UrlTask>);

impl PartialEq for DelayedTask {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1.id) == (other.0, other.1.id)
    }
}
impl Eq for DelayedTask {}
impl PartialOrd for DelayedTask {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for DelayedTask {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1.id).cmp(&(other.0, other.1.id))
    }
}
