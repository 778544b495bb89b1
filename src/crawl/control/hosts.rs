//! Commands about single hosts and exclusions, and the undoing of commands.

use std::sync::Arc;

use crate::crawl::control::control_task::Control;
use crate::crawl::frontier::excluded_reason;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::{HostCommand, MAX_PER_HOST, Origin};
use crate::settings::HostRule;

impl Control {
    /// Turns a change back.
    pub(super) fn undo(&mut self, seq: u64, what: ChangeAction, origin: Origin) {
        match what {
            ChangeAction::Set { old, .. } => self.turn(old, origin, Some(seq)),
            ChangeAction::SetBoth { old, .. } => self.turn_both(old, origin, Some(seq)),
            ChangeAction::HostLimit { host, old, .. } => {
                self.limit_host(&host, old, origin, Some(seq));
            }
            ChangeAction::HostHeld { host, held } => {
                self.hold_host(&host, !held, origin, Some(seq));
            }
            ChangeAction::HostSkipped { host, .. } => {
                self.skip_host(&host, false, origin, Some(seq));
            }
            ChangeAction::Excluded { pattern, .. } => {
                let what =
                    ChangeAction::Excluded { pattern: Arc::clone(&pattern), excluded: false };
                let restoration =
                    self.log_with(what, origin, Some(seq), |edit| edit.undo_exclusion(&pattern));
                self.exclusions.restore(restoration);
            }
            ChangeAction::Seed { url, undo: Some(undo), .. } => {
                self.undo_seed(url, &undo, origin, seq);
            }
            ChangeAction::Faults { old, .. } => self.log_faults(*old, origin, Some(seq)),
            ChangeAction::Scene { old, .. } => self.put_setup(&old, origin, Some(seq)),
            ChangeAction::Slow { old, .. } => self.set_slow(old, origin, Some(seq)),
            _ => self.refuse("that cannot be undone"),
        }
    }

    pub(super) fn host(&mut self, host: &Arc<str>, command: HostCommand, origin: Origin) {
        let known = self.context.frontier.host(host);
        let Some(known) = known else {
            return self.refuse(format!("no host {host} is known now"));
        };
        match command {
            HostCommand::NudgeLimit(by) => {
                // Not the one in force: after a 429 a host is in slow start for a while.
                let own = self.rule_of(host).per_host.or(self.settings.per_host);
                let from = own.unwrap_or(known.in_flight.max(1));
                let to = (i64::from(from) + i64::from(by)).clamp(1, i64::from(MAX_PER_HOST)) as u32;
                // Up from "no limit" there is nowhere to go.
                let to = if own.is_none() && by > 0 { None } else { Some(to) };
                self.limit_host(host, to, origin, None);
            }
            HostCommand::SetLimit(to) => {
                let to = to.map(|limit| limit.clamp(1, MAX_PER_HOST));
                self.limit_host(host, to, origin, None);
            }
            HostCommand::ToggleHold => self.hold_host(host, !known.held, origin, None),
            HostCommand::SkipRemaining => self.skip_host(host, true, origin, None),
            HostCommand::ResetBreaker => {
                let what = ChangeAction::BreakerReset { host: Arc::clone(host) };
                self.log_with(what, origin, None, |edit| edit.reset_host(host));
            }
        }
    }

    /// What is said about a host.
    fn rule_of(&self, host: &Arc<str>) -> HostRule {
        self.context.frontier.host_rule(host)
    }

    pub(super) fn limit_host(
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
        let what = ChangeAction::HostLimit { host: Arc::clone(host), old, new };
        self.log_with(what, origin, undoes, |edit| edit.limit_host(host, new));
    }

    pub(super) fn hold_host(
        &mut self,
        host: &Arc<str>,
        held: bool,
        origin: Origin,
        undoes: Option<u64>,
    ) {
        let what = ChangeAction::HostHeld { host: Arc::clone(host), held };
        self.log_with(what, origin, undoes, |edit| edit.hold_host(host, held));
    }

    pub(super) fn skip_host(
        &mut self,
        host: &Arc<str>,
        skipped: bool,
        origin: Origin,
        undoes: Option<u64>,
    ) {
        let context = Arc::clone(&self.context);
        let queued = context.frontier.host(host).map_or(0, |host| host.queued);
        if self.rule_of(host).skipped == skipped {
            let state = if skipped { "skipped already" } else { "not skipped" };
            return self.refuse(format!("the remaining URLs of {host} are {state}"));
        }
        let what = ChangeAction::HostSkipped { host: Arc::clone(host), skipped };
        match self.log_with(what, origin, undoes, |edit| edit.skip_host(host, skipped)) {
            None => self.exclusions.skip(host, queued),
            Some(restoration) => self.exclusions.restore(restoration),
        }
    }

    pub(super) fn exclude(&mut self, pattern: &Arc<str>, origin: Origin) {
        let context = Arc::clone(&self.context);
        if let Err(error) = context.frontier.check_exclusion(pattern) {
            return self.refuse(error);
        }
        let what = ChangeAction::Excluded { pattern: Arc::clone(pattern), excluded: true };
        match self.log_with(what, origin, None, |edit| edit.exclude(pattern)) {
            Ok(_) => self.exclusions.exclude(&excluded_reason(pattern).into()),
            Err(error) => self.refuse(error),
        }
    }
}
