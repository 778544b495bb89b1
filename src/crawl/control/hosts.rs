//! Commands that steer hosts and the frontier, and their undoing.

use std::sync::{Arc, PoisonError};

use url::Url;

use crate::crawl::control::Control;
use crate::crawl::control::exclusion_task;
use crate::crawl::frontier::Link;
use crate::crawl::frontier::exclusions::{excluded_reason, skipped_host_reason};
use crate::crawl::frontier::sitemaps;
use crate::crawl::protocol::change::What;
use crate::crawl::protocol::command::{HostCommand, MOST_PER_HOST, Origin};
use crate::model::url_identity::UrlHash;
use crate::settings::HostRule;

impl Control {
    /// Turns a change back.
    pub(super) fn undo(&mut self, seq: u64, what: What, origin: Origin) {
        match what {
            What::Set { old, .. } => self.turn(old, origin, Some(seq)),
            What::HostLimit { host, old, .. } => self.limit_host(&host, old, origin, Some(seq)),
            What::HostHeld { host, held } => self.hold_host(&host, !held, origin, Some(seq)),
            What::HostSkipped { host, .. } => self.skip_host(&host, false, origin, Some(seq)),
            What::Excluded { pattern, .. } => {
                let reason = excluded_reason(&pattern);
                let what = What::Excluded { pattern: Arc::clone(&pattern), excluded: false };
                let ticket = self.log_with(what, origin, Some(seq), |ledger| {
                    ledger.pruned.remove(&pattern);
                    ledger.pruned.revive(reason.clone())
                });
                exclusion_task::bring_back(&self.shared, reason, ticket);
            }
            What::Faults { old, .. } => self.log_faults(*old, origin, Some(seq)),
            What::Scene { old, .. } => self.put_setup(&old, origin, Some(seq)),
            _ => self.refuse("that cannot be undone"),
        }
    }

    pub(super) fn host(&mut self, host: &Arc<str>, command: HostCommand, origin: Origin) {
        let known = self.shared.frontier.with(|ledger| ledger.window.host(host));
        let Some(known) = known else {
            return self.refuse(format!("no host {host} is known now"));
        };
        match command {
            HostCommand::NudgeLimit(by) => {
                // Not the one in force: after a 429 a host is asked carefully for a while.
                let own = self.rule_of(host).per_host.or(self.settings.per_host);
                let from = own.unwrap_or(known.in_flight.max(1));
                let to =
                    (i64::from(from) + i64::from(by)).clamp(1, i64::from(MOST_PER_HOST)) as u32;
                // Up from "no limit" there is nowhere to go.
                let to = if own.is_none() && by > 0 { None } else { Some(to) };
                self.limit_host(host, to, origin, None);
            }
            HostCommand::SetLimit(to) => {
                let to = to.map(|limit| limit.clamp(1, MOST_PER_HOST));
                self.limit_host(host, to, origin, None);
            }
            HostCommand::ToggleHold => self.hold_host(host, !known.held, origin, None),
            HostCommand::SkipRest => self.skip_host(host, true, origin, None),
            HostCommand::ResetBreaker => {
                let what = What::BreakerReset { host: Arc::clone(host) };
                self.log_with(what, origin, None, |ledger| ledger.window.reset(host));
            }
        }
    }

    /// What is said about a host.
    fn rule_of(&self, host: &Arc<str>) -> HostRule {
        let rule = self.shared.frontier.with(|ledger| ledger.window.rules().get(host).cloned());
        rule.unwrap_or_default()
    }

    fn limit_host(
        &mut self,
        host: &Arc<str>,
        new: Option<u32>,
        origin: Origin,
        undoes: Option<u64>,
    ) {
        let old = self.rule_of(host).per_host;
        if old == new && undoes.is_none() {
            let text = new.map_or("no limit of its own".to_owned(), |n| format!("limit {n}"));
            return self.refuse(format!("{host} has {text} already"));
        }
        let what = What::HostLimit { host: Arc::clone(host), old, new };
        self.log_with(what, origin, undoes, |ledger| {
            ledger.window.rule(host, |rule| rule.per_host = new);
        });
    }

    fn hold_host(&mut self, host: &Arc<str>, held: bool, origin: Origin, undoes: Option<u64>) {
        let what = What::HostHeld { host: Arc::clone(host), held };
        self.log_with(what, origin, undoes, |ledger| {
            ledger.window.rule(host, |rule| rule.held = held);
        });
    }

    fn skip_host(&mut self, host: &Arc<str>, skipped: bool, origin: Origin, undoes: Option<u64>) {
        let shared = Arc::clone(&self.shared);
        let queued =
            shared.frontier.with(|ledger| ledger.window.host(host)).map_or(0, |h| h.queued);
        if self.rule_of(host).skipped == skipped {
            return self.refuse(format!("the rest of {host} is skipped already"));
        }
        let reason = skipped_host_reason(host);
        let what = What::HostSkipped { host: Arc::clone(host), skipped };
        let ticket = self.log_with(what, origin, undoes, |ledger| {
            ledger.window.rule(host, |rule| rule.skipped = skipped);
            if skipped {
                ledger.pruned.stop_reviving(&reason);
                None
            } else {
                Some(ledger.pruned.revive(reason.clone()))
            }
        });
        match ticket {
            None => exclusion_task::skip(&shared, host, queued),
            Some(ticket) => exclusion_task::bring_back(&shared, reason, ticket),
        }
    }

    pub(super) fn exclude(&mut self, pattern: &Arc<str>, origin: Origin) {
        let shared = Arc::clone(&self.shared);
        if shared.frontier.with(|ledger| ledger.pruned.holds(pattern)) {
            return self.refuse("excluded already");
        }
        if let Err(error) = shared.frontier.with(|ledger| ledger.pruned.with(pattern).map(drop)) {
            return self.refuse(error);
        }
        let what = What::Excluded { pattern: Arc::clone(pattern), excluded: true };
        match self.log_with(what, origin, None, |ledger| ledger.exclude(pattern)) {
            Ok(_) => exclusion_task::exclude(&shared, pattern),
            Err(error) => self.refuse(error),
        }
    }

    pub(super) fn add_seed(&mut self, mut url: Url, origin: Origin) {
        let shared = Arc::clone(&self.shared);
        crate::web::url::strip_user(&mut url);
        let hash = UrlHash::of(&url);
        if !*shared.seen_ready.borrow() {
            return self.refuse("the URLs known from before are still being read: try again");
        }
        let (known, excluded) = shared
            .frontier
            .with(|ledger| (ledger.known(&hash), ledger.pruned.excludes(url.as_str()).cloned()));
        if known.is_some() {
            return self.refuse("that URL is known already");
        }
        if let Some(pattern) = excluded {
            return self.refuse(format!("that URL is excluded: {pattern}"));
        }
        let wider = Arc::new(shared.scope().with_seed(&url));
        *shared.scope.write().unwrap_or_else(PoisonError::into_inner) = wider;
        shared.fetcher.add_seed(&url);
        self.settings.added_seeds.push(url.clone());
        let seed = Link::bare(url.as_str().into(), hash);
        let reads_sitemaps = sitemaps::are_read(&shared.settings);
        self.log_with(What::Seed { url: url.clone() }, origin, None, |ledger| {
            if reads_sitemaps {
                ledger.sitemaps_of_seed(&url, shared.settings.ignore_robots);
            }
            ledger.seed(seed);
            ledger.outbox.flush();
        });
    }
}
