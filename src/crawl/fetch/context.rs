//! What the tasks of a run share, room by room. Functions take the parts that they need; few take
//! all of it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::crawl::fetch::redirects::Redirects;
use crate::crawl::fetch::retry::RetryPolicy;
use crate::crawl::frontier::Frontier;
use crate::crawl::measure::loop_delay::LoopDelayGauge;
use crate::crawl::measure::shortages::Shortages;
use crate::crawl::pipeline::crawl_tasks::CrawlTasks;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::producer::Producer;
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::Storage;
use crate::settings::Settings;
use crate::web::http::Fetcher;
use crate::web::robots::RobotsAgents;
use crate::web::scope::{Scope, ScopedUrl};

/// What is needed to fetch URLs and to read pages.
pub struct FetchParts {
    /// Fetches URLs.
    pub fetcher: Fetcher,
    /// The names that robots.txt and robots tags may address.
    pub robots_agents: Arc<RobotsAgents>,
    /// Which links are followed; widened by the control task when a seed is added.
    scope: RwLock<Arc<Scope>>,
    /// How often a URL is tried.
    pub retry: RetryPolicy,
    /// Where redirects lead, those in flight and the recent ones.
    pub redirects: Redirects,
    /// Requests that failed because this machine is short of something.
    pub shortages: Shortages,
}

impl FetchParts {
    /// The parts for a run with these settings.
    #[must_use]
    pub fn new(settings: &Settings, fetcher: Fetcher, scope: Arc<Scope>) -> Self {
        Self {
            fetcher,
            robots_agents: Arc::new(RobotsAgents::of(&settings.fetch.user_agent)),
            scope: RwLock::new(scope),
            retry: RetryPolicy {
                attempts: settings.attempts,
                backoff: settings.backoff,
                longest_retry_after: settings.max_host_backoff,
            },
            redirects: Redirects::default(),
            shortages: Shortages::default(),
        }
    }

    /// Which links are followed.
    #[must_use]
    pub fn scope(&self) -> Arc<Scope> {
        Arc::clone(&self.scope.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which links are followed of what was requested under the scope `begun`.
    #[must_use]
    pub fn followed(&self, begun: Option<&Arc<Scope>>) -> FollowedScope {
        FollowedScope { now: self.scope(), begun: begun.cloned() }
    }

    /// Follows other links from now on.
    pub fn set_scope(&self, scope: Arc<Scope>) {
        *self.scope.write().unwrap_or_else(PoisonError::into_inner) = scope;
    }
}

/// Which links are followed: those in scope now, and those that were when the request began. The frontier
/// skips the latter where a seed was undone meanwhile, and has them if it is added again.
pub struct FollowedScope {
    now: Arc<Scope>,
    /// `None` without a request.
    begun: Option<Arc<Scope>>,
}

impl FollowedScope {
    /// Why `url` is not followed; `None` when it is.
    #[must_use]
    pub fn refuses(&self, url: &impl ScopedUrl) -> Option<&'static str> {
        let reason = self.now.refuses(url)?;
        match &self.begun {
            Some(begun) if !Arc::ptr_eq(begun, &self.now) => begun.refuses(url).and(Some(reason)),
            _ => Some(reason),
        }
    }
}

/// What the tasks of a run share.
pub struct CrawlContext {
    /// The settings the run began with; the dials in force are the control task's.
    pub settings: Settings,
    /// Every URL that is known.
    pub frontier: Arc<Frontier>,
    /// The database.
    pub storage: Arc<Storage>,
    /// Queue, gate, rate and workers.
    pub flow: Arc<Flow>,
    /// Pause, stop and faults.
    pub signals: Arc<Signals>,
    /// What fetching needs.
    pub fetch: FetchParts,
    /// How long the event loop was blocked.
    pub loop_delay: Arc<LoopDelayGauge>,
    /// Producer, workers, loader: all tasks but the saver, which must outlive them.
    pub tasks: CrawlTasks,
}

impl CrawlContext {
    /// What the producer works with.
    #[must_use]
    pub fn producer(&self) -> Producer {
        Producer {
            frontier: Arc::clone(&self.frontier),
            flow: Arc::clone(&self.flow),
            storage: Arc::clone(&self.storage),
            signals: Arc::clone(&self.signals),
        }
    }
}
