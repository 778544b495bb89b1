//! Changes by the user: what a command changes goes into one batch with the journal entries and the
//! settings that record it, so that a crash leaves nothing half done.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::crawl::frontier::exclusion::excluded_reason;
use crate::crawl::frontier::exclusions::Restoration;
use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::link::FoundLink;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::skipped_host_reason;
use crate::settings::HostRule;
use crate::settings::seed_reach::UndoneSeed;
use crate::store::ChangeRow;
use crate::web::scope::Scope;

/// What the user has changed in the frontier, as the settings store it.
#[derive(Debug)]
pub struct UserRules {
    /// Rules for single hosts.
    pub hosts: BTreeMap<String, HostRule>,
    /// Patterns excluded.
    pub exclusions: Vec<String>,
    /// Seeds undone.
    pub undone_seeds: Vec<UndoneSeed>,
    /// Reasons of rows that are being restored.
    pub restoring: Vec<String>,
}

/// The frontier while its lock is held for one change by the user.
#[derive(Debug)]
pub struct FrontierEdit<'a> {
    state: &'a mut FrontierState,
}

impl Frontier {
    /// Makes a change under one lock: all of it goes into the same batch.
    pub fn edit<T>(&self, change: impl FnOnce(&mut FrontierEdit<'_>) -> T) -> T {
        let result = change(&mut FrontierEdit { state: &mut self.lock() });
        self.wake_both();
        result
    }
}

impl FrontierEdit<'_> {
    /// Records a journal entry.
    pub fn record_change(&mut self, row: ChangeRow) {
        self.state.batch.change(row);
    }

    /// Stores the settings now in force; see [`Batch::settings`](crate::store::Batch::settings).
    pub fn store_settings(&mut self, patch: String) {
        self.state.batch.settings(patch);
    }

    /// What the user has changed so far.
    #[must_use]
    pub fn rules(&self) -> UserRules {
        let rules = self.state.hosts.rules().iter();
        let restorations = self.state.exclusions.restorations().iter();
        UserRules {
            hosts: rules.map(|(host, rule)| (host.to_string(), rule.clone())).collect(),
            exclusions: self.state.exclusions.patterns(),
            undone_seeds: self.state.exclusions.undone_seeds(),
            restoring: restorations.map(|restoration| restoration.reason.clone()).collect(),
        }
    }

    /// Limits the requests in flight to a host; `None`: as for every host.
    pub fn limit_host(&mut self, host: &str, limit: Option<u32>) {
        self.state.hosts.change_rule(host, |rule| rule.per_host = limit);
    }

    /// Holds a host, or lets it continue.
    pub fn hold_host(&mut self, host: &str, held: bool) {
        self.state.hosts.change_rule(host, |rule| rule.held = held);
    }

    /// Skips the remaining URLs of a host, or takes that back: then those skipped so far are to be
    /// restored.
    pub fn skip_host(&mut self, host: &str, skipped: bool) -> Option<Restoration> {
        self.state.hosts.change_rule(host, |rule| rule.skipped = skipped);
        let reason = skipped_host_reason(host);
        if skipped {
            self.state.exclusions.cancel_restoring(&reason);
            return None;
        }
        Some(self.state.exclusions.begin_restoring(reason))
    }

    /// Closes a host's breaker and ends its cooldown.
    pub fn reset_host(&mut self, host: &str) {
        self.state.hosts.reset(host);
    }

    /// Excludes what matches `pattern` from all that waits in memory; returns how many URLs. Rows
    /// on disk are skipped by [`Frontier::exclude_rows`].
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn exclude(&mut self, pattern: &str) -> Result<u64, String> {
        self.state.exclude(pattern)
    }

    /// Takes an exclusion back; the rows skipped for it are to be restored.
    pub fn undo_exclusion(&mut self, pattern: &str) -> Restoration {
        self.state.exclusions.remove(pattern);
        self.state.exclusions.begin_restoring(excluded_reason(pattern))
    }

    /// Takes in a seed, which widened the scope to `scope`. What seeds that were undone kept out and is in
    /// scope again is to be restored.
    pub fn add_seed(&mut self, url: &Url, seed: FoundLink, scope: &Arc<Scope>) -> Vec<Restoration> {
        let restorations = self.state.exclusions.seed_added(url, scope);
        self.state.seed(seed);
        self.state.resume_sitemaps();
        self.state.batch.flush();
        restorations
    }

    /// Skips what was in scope because of a seed alone and waits in memory; `scope` is without it. Rows on
    /// disk are skipped by [`Frontier::exclude_rows`]. Returns the reason, and how many URLs.
    pub fn undo_seed(&mut self, seed: UndoneSeed, scope: &Arc<Scope>) -> (Arc<str>, u64) {
        let reason = self.state.exclusions.undo_seed(seed, scope);
        let skipped = self.state.exclude_in_memory(&reason);
        (reason, skipped)
    }

    /// Looks for the sitemaps of a seed, now or when the robots.txt of its host is known.
    pub fn sitemaps_of_seed(&mut self, url: &Url, without_robots: bool) {
        self.state.sitemaps_of_seed(url, without_robots);
    }
}
